"""Many renders in one test, by the prover where it is built."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from conftest import CHART, ROOT

from chartgen.chart import loaded, valuesfile
from chartgen.conventions import entry_keys
from chartgen.kubernetes import definitions, prepare
from chartgen.problem import Collected
from chartgen.programs import helm, prover, tools
from chartgen.programs.helm import Rendered, Request
from chartgen.proofs import runs
from chartgen.sources import stack


def many(requests: Iterable[Request], label: str = "helm") -> dict[Request, Rendered]:
    """Each request, and what it renders to; with another Helm than the pinned one, always by the command."""
    wanted = list(dict.fromkeys(requests))
    found = tools.ensure(dict.fromkeys(["helm", "kubeconform", label]), print)
    with prover.started(found) as (process, _):
        done = helm.render(wanted, found[label].path, prover=process if label == "helm" else None)
    return {each.request: each for each in done}


def all_requests(place: Path) -> list[Request]:
    """Every render that the validation of llm-stack needs; some values are written below `place`."""
    found = loaded.load(CHART, "charts/llm-stack")
    versions, collected = definitions.versions(), Collected()
    files = [file for folder in ("examples", "ci") for file in sorted((CHART / folder).glob("*.yaml"))]
    examples = [found.defaults, *(valuesfile.read(file.stem, [file]) for file in files)]
    fragments = stack.read(ROOT / "chartgen/stacks/llm-stack/stack.yaml").fragments
    every = [
        *runs.matrix(examples, versions, True),
        *runs.renamed(examples, versions),
        *runs.cases(fragments, versions, collected),
        *runs.rejections(fragments, versions, entry_keys(found.schema), place, collected),
    ]
    collected.end()
    apis = runs.apis(prepare.schema_locations())
    return [Request(CHART, run.example.files, run.version, run.release, api_versions=apis) for run in every]
