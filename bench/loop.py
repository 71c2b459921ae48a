"""The plain loop that `chartgen validate` is measured against: helm, and kubeconform, once for each render."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from chartgen.chart import valuesfile
from chartgen.chart.loaded import LoadedChart
from chartgen.chart.valuesfile import Example
from chartgen.problem import Collected
from chartgen.proofs import runs
from chartgen.proofs.run import Run
from chartgen.sources import stack as stacks


def given(chart: LoadedChart) -> list[Example]:
    """The chart's defaults, its examples, and what chart-testing installs."""
    files = [file for folder in ("examples", "ci") for file in sorted((chart.folder / folder).glob("*.yaml"))]
    return [chart.defaults, *(valuesfile.read(file.stem, [file]) for file in files)]


def wanted(chart: LoadedChart, versions: list[str], place: Path) -> list[Run]:
    """Every run of helm that validation asks for; values that are moved into an entry are written to `place`."""
    servers = set((chart.schema or {})["definitions"]["overlay"]["properties"])
    fragments = stacks.read(stacks.find(None)).fragments
    collected = Collected()
    return [
        *runs.matrix(given(chart), versions, shipped=True),
        *runs.renamed(given(chart), versions),
        *runs.cases(fragments, versions, collected),
        *runs.rejections(fragments, versions, servers, place, collected),
    ]


def template(run: Run, chart: Path, helm: Path, apis: tuple[str, ...] = ()) -> list[str]:
    """The command that renders a run, as validation gives it."""
    command = [str(helm), "template", run.release, str(chart), "--namespace=default"]
    command += [f"--values={file}" for file in run.example.files]
    return [*command, f"--kube-version={run.version}", *(f"--api-versions={api}" for api in apis)]


def script(wanted: list[Run], chart: Path, locations: list[str], helm: Path, kubeconform: Path) -> str:
    """The loop, for bash: what must render goes through kubeconform, what must be refused is rendered alone.

    It ends with 1 where a render fails, is not valid, or is not refused.
    """
    apis = runs.apis(locations)
    lines = ["set -o pipefail", "failed=0"]
    for run in wanted:
        render = shlex.join(template(run, chart, helm, apis))
        if run.refusal:
            lines.append(f"{render} >/dev/null 2>&1 && {{ echo 'not refused'; failed=1; }}")
        else:
            check = [str(kubeconform), "-strict", "-summary", f"-kubernetes-version={run.version}"]
            check += [f"-schema-location={location}" for location in locations]
            lines.append(f"{render} | {shlex.join(check)} || failed=1")
    return "\n".join([*lines, "exit $failed", ""])


def valid(output: str) -> int:
    """How many documents the loop's kubeconforms called valid."""
    return sum(map(int, re.findall(r"\bValid: (\d+)", output)))
