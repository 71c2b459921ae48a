"""What is wrong with how validation treats a values file: a finding, with a signature by which it is known again."""

from __future__ import annotations

import copy
import json
import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from chartgen.chart import loaded, valuesfile
from chartgen.chart.valuesfile import Example
from chartgen.kubernetes import definitions, prepare
from chartgen.programs import prover, tools
from chartgen.proofs import checks, runs
from chartgen.proofs.manifests import title
from chartgen.proofs.run import Run
from tests.objects import inside

from .values import Maker, spoilt

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts/llm-stack"
# A refusal of the chart's own: the key, what is wrong, what to do.
SENTENCE = re.compile(r"(servers\.[a-z0-9-]+: )?[A-Za-z][\w.*/\[\]-]*(, [a-z][\w.]*| and [a-z][\w.]*)*: .*", re.S)
# What the values alone cannot show: `validate` refuses it in the objects that they make, and names the place.
SEEN_IN_OBJECTS = re.compile(
    "the pod has no volume|differs from the limit|is more than the limit|is not an integer|a thousandth of a byte"
    "|has huge pages without cpu and memory|the pod already has a volume of this name|is root, but runAsNonRoot is true"
    "|no Service '.*' exists for|expected ReadWriteOncePod alone|expected (hostUsers: false|privileged: true) for"
)
# The schema has the fields of the newest Kubernetes.
TOO_NEW = re.compile("additional properties '.*' not allowed")
KINDS = ("admitted", "refused by the schema", "refused by the chart")


@dataclass(frozen=True)
class Finding:
    """A values file that validation treats wrongly, and why."""

    what: str
    data: dict[str, Any]

    @property
    def signature(self) -> str:
        """The same for files with the same fault: without names, numbers and texts of the file."""
        return re.sub(r"'[^']*'|\"[^\"]*\"|\d+|/[\w-]+\b", "…", self.what)[:160]


@dataclass
class Bench:
    """Helm, kubeconform and the chart."""

    helm: Path
    kubeconform: Path
    process: Any
    chart: Any
    locations: list[str]
    versions: list[str]
    apis: tuple[str, ...]
    counts: Counter[str] = field(default_factory=Counter)
    admitted: list[tuple[dict[str, Any], str]] = field(default_factory=list)  # values and manifests without a problem
    seen: list[str] = field(default_factory=list)  # what was refused in objects
    bases: list[dict[str, Any]] = field(default_factory=list)

    def judged(self, files: list[dict[str, Any]], place: Path, version: str) -> list[str]:
        """For each values file what is wrong with how it is treated; empty where nothing is."""
        examples = [self._example(data, place / f"{n}.yaml") for n, data in enumerate(files)]
        wanted = [Run(example, version) for example in examples]
        results = runs.go(wanted, self.chart.folder, self.helm, self.apis, lambda text: None, self.process)
        said = {str(example.files[0]): "" for example in examples}
        for (_, rendered), example in zip(results, examples, strict=True):
            said[str(example.files[0])] = self._refusal(example, rendered.error)
        for example_shown, what in self._manifests([(run, made) for run, made in results if not made.error]):
            said[example_shown] = said[example_shown] or what
        return list(said.values())

    def _example(self, data: dict[str, Any], file: Path) -> Example:
        text = "".join(f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in data.items())
        file.write_text(text or "{}\n", encoding="utf-8")
        return valuesfile.read(file.stem, [file], strict=False)

    def _refusal(self, example: Example, error: str) -> str:
        problems = valuesfile.check(example, self.chart.defaults.data, self.chart.schema)
        if problems:
            self.counts[KINDS[1]] += 1
            nameless = [str(each) for each in problems if not each.key and example.data]
            if nameless:
                return f"refused by the schema without a key: {nameless[0]}"
            return "" if error else f"refused by chartgen, but not by Helm: {problems[0]}"
        self.counts[KINDS[2 if error else 0]] += 1
        if not error:
            return ""
        bad = [line for line in error.splitlines() if line.strip() and not SENTENCE.fullmatch(line)]
        return f"refused by the chart without a key: {bad[0]}" if bad else ""

    def _manifests(self, results: list[Any]) -> Iterator[tuple[str, str]]:
        """(values file, what validation says of what it renders), errors only."""
        made, seen = checks.read(results), set()
        found = [*checks.objects(made, self.locations, self.kubeconform, lambda text: None, self.process)]
        for each in [*found, *checks.wired(made)]:
            if each.advice:
                continue
            older = each.run.version != self.versions[-1] and TOO_NEW.search(each.message)
            if each.key and (older or SEEN_IN_OBJECTS.search(f"{each.message}; {each.remedy}")):
                seen.add(each.run.example.shown)
                self.seen.append(each.message)
                continue
            kind = title(each.document).partition("/")[0]
            yield str(each.run.example.files[0]), f"{kind}: {each.key}: {each.message}; {each.remedy}"
            seen.add(each.run.example.shown)
        self.counts["refused in objects"] += len(seen)
        self.admitted += [(run.example.data, made.text) for run, made in results if run.example.shown not in seen]


@contextmanager
def bench() -> Iterator[Bench]:
    """Everything that a run needs, with the prover where it is built."""
    prepare.prepare(print)
    found = tools.ensure(["helm", "kubeconform"], print)
    locations = prepare.schema_locations()
    with prover.started(found) as (process, _):
        chart = loaded.load(CHART, "charts/llm-stack")
        paths = (found["helm"].path, found["kubeconform"].path)
        made = Bench(*paths, process, chart, locations, definitions.versions(), runs.apis(locations))
        made.bases = [data for data in map(_read, sorted(_known())) if data is not None]
        yield made


def _known() -> Iterator[Path]:
    yield from (CHART / "examples").glob("*.yaml")
    yield from (ROOT / "chartgen/fragments").rglob("cases/*.yaml")


def _read(file: Path) -> dict[str, Any] | None:
    """The values of an example that is for every Kubernetes."""
    text = file.read_text(encoding="utf-8")
    return None if "\n# kubernetes:" in f"\n{text}" else yaml.safe_load(text) or {}


def files(made: Bench, seed: int, count: int) -> Iterator[dict[str, Any]]:
    """So many values files, one in ten with a mistake put in."""
    for number in range(count):
        chance = random.Random(f"{seed}/{number}")
        base = chance.choice(made.bases) if chance.random() < 0.7 else {}
        data = Maker(made.chart.schema, chance).made(base, chance.choice((1, 1, 2, 3, 6)))
        yield spoilt(chance, data) if chance.random() < 0.1 else data


def run(made: Bench, seed: int, count: int, say: Callable[[str], None], size: int = 100) -> list[Finding]:
    """The findings of so many files, one for each signature."""
    found: dict[str, Finding] = {}
    every = files(made, seed, count)
    for start in range(0, count, size):
        batch = [data for _, data in zip(range(size), every, strict=False)]
        version = made.versions[-1 - (start // size) % len(made.versions)]
        with tempfile.TemporaryDirectory(prefix="chartgen-fuzz-") as place:
            for data, what in zip(batch, made.judged(batch, Path(place), version), strict=True):
                if what:
                    found.setdefault(Finding(what, data).signature, Finding(what, data))
                    made.counts["findings"] += 1
        say(f"{start + len(batch)} of {count}: {dict(made.counts)}, {len(found)} kinds of findings")
    return list(found.values())


def shrunk(made: Bench, finding: Finding) -> Finding:
    """The smallest file with the same signature that leaving out keys one by one leads to; `counts` are as before."""
    counts = Counter(made.counts)
    again = True
    while again:
        again = False
        for data in _smaller(finding.data):
            with tempfile.TemporaryDirectory(prefix="chartgen-fuzz-") as place:
                (what,) = made.judged([data], Path(place), made.versions[-1])
            if what and Finding(what, data).signature == finding.signature:
                finding, again = Finding(what, data), True
                break
    made.counts = counts
    return finding


def _smaller(data: Any, path: tuple[Any, ...] = (), whole: Any = None) -> Iterator[Any]:
    """The data without one of its parts, the largest parts first."""
    whole = data if whole is None else whole
    keys = list(data) if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    for key in keys:
        made = copy.deepcopy(whole)
        del inside(made, path)[key]
        yield made
    for key in keys:
        yield from _smaller(data[key], (*path, key), whole)
