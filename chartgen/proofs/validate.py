"""Proves a chart, from the inside out: its sources, its values, what it renders, and how that hangs together.

Every layer tells all that it finds, and none is left out because another found something. Only a stack that does not
compose stops all others: the chart on disk is then not what its fragments say.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from .. import conventions
from ..chart import disk, loaded, valuesfile
from ..chart.asking import asking, defines
from ..chart.loaded import LoadedChart
from ..chart.valuesfile import Example
from ..compose import building, unchanged
from ..compose.building import Composed
from ..files import below, data, real
from ..kubernetes import definitions, prepare
from ..paths import show
from ..problem import Collected, Faults, Problem, Say, nearest
from ..programs import prover, tools
from ..programs.helm import Rendered, Request, documents, render
from ..programs.helm import values as merged
from ..programs.prover import Prover
from ..programs.tools import Tool
from ..reading import wellformed
from ..sources import stack
from ..sources.fragment import Fragment
from ..sources.stack import Stack
from . import checks, memory, runs, unset
from .run import Run

Results = list[tuple[Run, Rendered]]
KEPT = ("examples", "renders", "documents", "note", "proved", "access")  # of a report
SHOWN = 5  # so many stale files are named


@dataclass(frozen=True)
class Layer:
    """A layer: what it looked at, how many problems it found, and the seconds that it took."""

    name: str
    looked_at: str
    problems: int
    seconds: float


@dataclass(frozen=True)
class Programs:
    """What renders and checks: the commands, and the process that answers for them where there is one."""

    helm: Path
    kubeconform: Path
    prover: Prover | None
    lacking: str = ""  # why there is none


@dataclass(frozen=True)
class Wanted:
    """The runs of Helm that are wanted, what is wrong with their files, and warnings of what none of them tries."""

    runs: list[Run]
    problems: list[Problem]
    untried: list[Problem]


@dataclass
class Report:
    """What was proved. `renders` counts every run of helm, `documents` all that were rendered, each of them checked.

    `access` are sentences of the chart about the user's values: who can use what they deploy. `warnings` are what works
    in a user's own file, but breaks the policy or does nothing, and what was not checked. `layer_of` is the layer of
    each of them.
    """

    chart: str
    say: Say
    kubernetes_versions: list[str]
    schema_locations: list[str]
    remark: Say = lambda text: None  # what hears, before the renders, why they take long
    examples: int = 0
    renders: int = 0
    documents: int = 0
    problems: list[Problem] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    note: str = ""
    proved: str = ""
    access: list[str] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    layer_of: dict[Problem, str] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    lasting: bool = True  # every render would be the same again
    started: int = field(default_factory=time.time_ns)
    about: list[Path] = field(default_factory=list)  # files and folders of what is proved

    @property
    def settled(self) -> bool:
        """Whether nothing of what is proved has changed since it was read; otherwise nothing of it can be kept."""
        return not memory.touched(self.about, self.started)

    @property
    def seconds(self) -> float:
        """What all layers took."""
        return sum(layer.seconds for layer in self.layers)

    def done(self, name: str, looked_at: str, found: list[Problem], warnings: Sequence[Problem] = ()) -> None:
        """A layer is over."""
        self.layer_of |= dict.fromkeys((*found, *warnings), name)
        self.warnings += [each for each in warnings if each not in self.warnings]
        layer = Layer(name, looked_at, len(found), round(max(0.0, time.monotonic() - self.began - self.seconds), 3))
        self.layers.append(layer)
        self.problems += found
        self.say(f"{name}: {looked_at}, {count(len(found), 'problem')} in {layer.seconds:.1f} s")

    def keep(self, key: str) -> None:
        """Keep a report that has no problem, under a hash of all that it is about."""
        kept = {word: getattr(self, word) for word in KEPT}
        memory.keep("report", key, kept | {"layers": [(layer.name, layer.looked_at) for layer in self.layers]})

    def recalled(self, key: str) -> bool:
        """Take over the report that was kept under a key, where there is one."""
        kept = memory.recall("report", key)
        if kept is None:
            return False
        for word in KEPT:
            setattr(self, word, kept[word])
        for name, looked_at in kept["layers"]:
            self.done(name, looked_at, [])
        self.note = self.note or "nothing has changed since these checks ran last; their results are from then"
        return True

    def as_json(self) -> dict[str, Any]:
        """The report for `--json`; `schema_locations` are kubeconform's own arguments."""
        words = ("chart", "examples", "renders", "documents", "kubernetes_versions", "schema_locations")
        return {word: getattr(self, word) for word in words} | {
            "access": self.access,
            "problems": [problem.as_json() for problem in self.problems],
            "warnings": [problem.as_json() for problem in self.warnings],
            "layers": [vars(layer) for layer in self.layers],
            "seconds": round(self.seconds, 3),
        }

    def summary(self) -> str:
        """The report in a line."""
        versions = count(len(self.kubernetes_versions), "Kubernetes version")
        made = f"{count(self.renders, 'render')}, {count(self.documents, 'document')}"
        warnings = f", {count(len(self.warnings), 'warning')}" if self.warnings else ""
        problems = f"{count(len(self.problems), 'problem')}{warnings} in {self.seconds:.1f} s"
        proved = self.proved or f"{count(self.examples, 'example')} × {versions}"
        return f"{self.chart}: {proved}, {made}, {problems}"


def count(number: int, what: str) -> str:
    """`1 example`, `2 examples`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def validate(
    place: Path,
    files: list[Path],
    origin: Composed | Path | None,
    say: Say,
    flags: Sequence[str] = (),
    schemas: Sequence[str] = (),
    shown: str = "",
    advise: Callable[[list[Any], Example], list[Problem]] = lambda needs, example: [],
    remark: Say = lambda text: None,
) -> Report:
    """Prove the chart at `place` (a folder or a package), with its own examples or with a user's values.

    A user's values are files and Helm's flags for single values. `origin` is the stack that the chart was made from,
    composed or as a file, where it is not found by itself. `schemas` are more places of schemas, for kubeconform.
    `shown` is what problems call the chart, by default its place. `advise` makes warnings of what the servers of a
    user's values need, as the chart calculates it. `remark` hears at once why validation takes long, where it does.
    """
    import tempfile
    from concurrent.futures import ThreadPoolExecutor

    found_tools = tools.ensure(["helm", "kubeconform"], say)
    prepare.prepare(say)
    shown = shown or str(place)
    report = Report(shown, say, definitions.versions(), prepare.schema_locations(), remark)
    with loaded.unpacked(place) as folder, tempfile.TemporaryDirectory(prefix="chartgen-values-") as scratch:
        report.started, report.about = time.time_ns(), [folder, *files]
        collected = Collected()
        found = collected.attempt(loaded.load, folder, shown)
        if found is None:
            report.problems += collected.problems
            return report
        shipped = not files and not flags
        schemas = [*schemas, *_beside(origin or loaded.stack_of(found))]
        report.schema_locations += map(_location, schemas)
        world = memory.world(_programs(found_tools), report.schema_locations)
        origin = _read(origin or loaded.stack_of(found)) if shipped else None
        written = origin.stack if isinstance(origin, Composed) else origin
        report.about += memory.written(written) if isinstance(written, Stack) else []
        key = _whole(world, report.kubernetes_versions, found, origin, files, flags)
        key = "" if schemas else key  # what is there may change
        if key and report.recalled(key):
            return report
        with _started(found_tools, report) as programs, ThreadPoolExecutor(1) as beside:
            # The prover reads the chart while the sources and the values are looked at.
            remembered = beside.submit(
                memory.Proved if schemas or not world else partial(_remembered, world, found, programs)
            )
            merge = partial(merged, helm=programs.helm, prover=programs.prover)
            read = partial(valuesfile.given, files, list(flags), merge, Path(scratch))
            own, composes = _sources(report, found, origin) if shipped else (None, True)
            if not composes:
                return report
            given = _values(report, found, world, None if shipped else read)
            wanted = _wanted(report, found, given, own, shipped, Path(scratch))
            _proofs(report, found, own, programs, shipped, remembered.result(), wanted)
            if not shipped and not report.problems:
                report.access, needs = _said(found, given[0], programs, Path(scratch))
                report.warnings += advise(needs, given[0])
        if key and report.lasting and not report.problems and not report.warnings and report.settled:
            report.keep(key)
        return report


def _beside(origin: Composed | Path | None) -> list[str]:
    """The folder of schemas of custom resources next to a stack file, where there is one."""
    folder = origin.stack.folder if isinstance(origin, Composed) else origin.parent if origin else None
    return [str(folder / "schemas")] if folder and (folder / "schemas").is_dir() else []


def _location(place: str) -> str:
    """A `-schema-location` of kubeconform; a folder alone has the layout of schemas/crds."""
    return place if "{{" in place else f"{place.rstrip('/')}/{definitions.CRD_TEMPLATE}"


def _programs(found: dict[str, Tool]) -> list[Tool]:
    """All programs that renders and findings may be from."""
    process = tools.find("prover")
    return [*found.values(), *([process] if process else [])]


def _remembered(world: str, found: LoadedChart, programs: Programs) -> memory.Proved:
    described = programs.prover.chart(found.folder) if programs.prover else None
    return memory.Proved.recalled(world, described)


def _read(origin: Composed | Stack | Path | None) -> Composed | Stack | Path | None:
    """A stack file, read; as it was where that cannot be, for whoever reports why."""
    return (Collected().attempt(stack.read, origin) or origin) if isinstance(origin, Path) else origin


def _whole(
    world: str,
    versions: list[str],
    found: LoadedChart,
    origin: Composed | Stack | Path | None,
    files: list[Path],
    flags: Sequence[str],
) -> str:
    """A hash of all that a report is about; empty where the report cannot be kept, as it depends on other files."""
    own = origin.stack if isinstance(origin, Composed) else origin
    if not world or isinstance(own, Path) or any(flag.startswith("--set-file") for flag in flags):
        return ""
    folders = [found.folder, *(Path(fragment.folder) for fragment in (own.fragments if own else ()))]
    if any(map(memory.linked, folders)):
        return ""
    try:
        given = [data(file) for file in files]
        about = (world, versions, found.shown, memory.tree(found.folder), memory.stack(own), list(flags))
    except Faults:  # whoever needs the file says what is wrong with it
        return ""
    return memory.digest(*about, *given)


def _proofs(
    report: Report,
    found: LoadedChart,
    own: Stack | None,
    programs: Programs,
    shipped: bool,
    proved: memory.Proved,
    wanted: Wanted,
    only: list[Fragment] | None = None,
) -> None:
    """What is rendered, and all that is rendered. Where there is a problem, nothing counts as proved before.

    How a problem is worded depends on what else is proved: on which versions it is, in which of all values files.
    """
    before = list(report.problems), list(report.layers), list(report.warnings)
    results = _renders(report, found, own, programs, shipped, proved, wanted)
    between = list(report.problems), list(report.layers), list(report.warnings)
    faulty = _manifests(report, results, own, programs, proved, shipped, only)
    if report.settled:
        proved.keep([each for each in results if runs.fine(*each)], documents, faulty)
    nothing = memory.Proved()
    if proved.known and len(report.problems) > len(before[0]):
        report.problems, report.layers, report.warnings = before
        results = _renders(report, found, own, programs, shipped, nothing, wanted)
        _manifests(report, results, own, programs, nothing, shipped, only)
    elif proved.used and len(report.problems) > len(between[0]):
        report.problems, report.layers, report.warnings = between
        _manifests(report, results, own, programs, nothing, shipped, only)


@contextmanager
def _started(found: dict[str, Tool], report: Report) -> Iterator[Programs]:
    with prover.started(found) as (process, slower):
        if slower:
            report.remark(slower)
        lacking = "" if process else prover.lacks(tools.find("prover"), found)
        yield Programs(found["helm"].path, found["kubeconform"].path, process, lacking)


def only(ids: list[str], place: Path, say: Say, schemas: Sequence[str] = (), remark: Say = lambda text: None) -> Report:
    """Prove single fragments of the stack in the file `place`: cases and rejections, on the newest Kubernetes.

    The chart is composed in memory. A fragment is named by its id or its folder.
    """
    import tempfile

    versions = definitions.versions()[-1:]
    report = Report(", ".join(ids), say, versions, [], remark, proved="0 cases, 0 rejections")
    own, chart = _composed(report, place)
    report.about = memory.written(own) if own else []
    chosen = _chosen(own, ids) if own else []
    if not own or not chart:
        return report
    found_tools = tools.ensure(["helm", "kubeconform"], say)
    prepare.prepare(say)
    schemas = [*schemas, *_beside(place)]
    report.schema_locations = [*prepare.schema_locations(), *map(_location, schemas)]
    with tempfile.TemporaryDirectory(prefix="chartgen-only-") as folder, _started(found_tools, report) as programs:
        disk.write(chart, Path(folder) / chart.name)
        found = loaded.load(Path(folder) / chart.name, f"charts/{chart.name}")
        world = memory.world(_programs(found_tools), report.schema_locations)
        proved = memory.Proved() if schemas or not world else _remembered(world, found, programs)
        wanted = _wanted(report, found, [found.defaults], own, True, Path(folder), chosen)
        _proofs(report, found, own, programs, True, proved, wanted, chosen)
    if disk.difference(chart, Path("charts") / chart.name):
        report.note = f"charts/{chart.name} is not up to date with these sources; run 'chartgen build'"
    return report


def _said(found: LoadedChart, given: Example, programs: Programs, place: Path) -> tuple[list[str], list[Any]]:
    """What the chart says about a user's values: who can use what they deploy and which Secrets are generated, as
    sentences, and what each server needs.
    """
    names = [name for name in conventions.ACCESS if defines(found.folder, f"{found.name}.{name}")]
    question = "".join(f'---\nsaid: {{{{ include "CHART.{name}" . }}}}\n' for name in names)
    if defines(found.folder, f"{found.name}.{conventions.PLAN}"):
        question += conventions.ASK
    request = Request(asking(found.folder, found.name, question, place), given.files)
    (made,) = render([request], programs.helm, prover=programs.prover)
    answers = [document.data for document in documents(made.text) if document.data]
    said = [line for answer in answers for line in answer.get("said", [])]
    return said, [answer["plan"] for answer in answers if "plan" in answer]


def _composed(report: Report, origin: Composed | Stack | Path, against: LoadedChart | None = None) -> tuple[Any, Any]:
    """The stack and its chart, in memory, None where their files have problems; compared with a chart on disk."""
    collected = Collected()
    composed = origin if isinstance(origin, Composed) else None
    own = composed.stack if composed else origin if isinstance(origin, Stack) else collected.attempt(stack.read, origin)
    chart = composed.chart if composed else own and collected.attempt(building.chart_of, own)
    changes = disk.difference(chart, against.folder) if chart and against else []
    if changes:
        names = ", ".join(changes[:SHOWN]) + (f" and {len(changes) - SHOWN} more" if len(changes) > SHOWN else "")
        collected.problems.append(Problem(against.shown, 0, "", f"is out of date: {names}", "run 'chartgen build'"))
    looked_at = count(len(own.fragments), "fragment") if own else show(Path(str(origin)))
    report.done("sources", looked_at, sorted(set(collected.problems)))
    return own, chart


def _chosen(origin: Stack, ids: list[str]) -> list[Fragment]:
    """The fragments of a stack that ids or folders name; Faults for those that it does not have."""
    known = {one.id: one for one in origin.fragments}
    folders = {real(one.folder): one for one in origin.fragments}
    found = {id: known.get(id) or folders.get(real(id)) for id in ids}
    missing = []
    for id in (id for id in ids if found[id] is None):
        meant = nearest(id, list(known))
        if stack.folder_of(id, origin.roots) or Path(id, "fragment.yaml").is_file():
            remedy = "add it to the list"
        elif meant.startswith("did you mean"):
            remedy = meant
        else:
            remedy = "add it to the stack, or name one of its fragments"
        missing.append(origin.problem(("fragments",), f"'{id}' is not in the stack", remedy))
    if missing:
        raise Faults(missing)
    return list({one.id: one for one in found.values() if one}.values())


def _sources(report: Report, found: LoadedChart, origin: Composed | Stack | Path | None) -> tuple[Stack | None, bool]:
    """The stack and its fragments are well-formed, and the chart is what they make: the stack, whether it composes."""
    if origin is None:
        report.note = "the stack of this chart is not known, so fragments were not checked; name it with --stack"
        report.done("sources", "no fragments", [])
        return None, True
    if isinstance(origin, Stack) and unchanged.known(origin.folder / Path(origin.file).name, found.folder):
        report.done("sources", count(len(origin.fragments), "fragment"), [])
        return origin, True
    own, chart = _composed(report, origin, found)
    return own, chart is not None


def _values(report: Report, found: LoadedChart, world: str, read: Callable[[], Example] | None) -> list[Example]:
    """The chart's defaults and examples, or the user's values that `read` reads, fit its schema; those that do."""
    collected = Collected()
    if read:
        given = [collected.attempt(read)]
    else:
        given = [found.defaults]
        # ci/ holds what chart-testing installs.
        for file in (file for folder in ("examples", "ci") for file in sorted((found.folder / folder).glob("*.yaml"))):
            shown = str(Path(found.shown, file.relative_to(found.folder)))
            given.append(collected.attempt(loaded.example, file.stem, file, shown))
    given = [example for example in given if example]
    fit = []
    rules = json.dumps([found.schema, found.defaults.data])
    for example in given:
        # Whatever is checked by is a part of the world; a user's values are known as a whole.
        seal = wellformed.seal("values", world, rules, json.dumps(example.data)) if world and not read else ""
        known = bool(seal) and wellformed.passed(seal)
        faults = [] if known else valuesfile.check(example, found.defaults.data, found.schema)
        if seal and not known and not faults:
            wellformed.remember(seal)
        faults += runs.unfit(example, report.kubernetes_versions)
        collected.problems += faults
        fit += [] if faults else [example]
    report.examples = len(given)
    warnings = [
        each for example in given if read for each in valuesfile.overlooked(example, found.schema, found.defaults.data)
    ]
    looked_at = f"{count(len(given), 'example')} against values.schema.json"
    report.done("values", looked_at, sorted(set(collected.problems)), sorted(warnings))
    return fit


def _wanted(
    report: Report,
    found: LoadedChart,
    given: list[Example],
    origin: Stack | None,
    shipped: bool,
    place: Path,
    only: list[Fragment] | None = None,
) -> Wanted:
    """All runs of Helm, with values that are made for them in the folder `place`.

    `only` are the fragments whose cases and rejections are meant: all of the stack's otherwise.
    """
    versions = report.kubernetes_versions
    wanted, collected, untried = runs.matrix(given, versions, shipped), Collected(), []
    if shipped and only is None:
        wanted += runs.renamed(given, versions)
    if origin:
        fragments = origin.own_fragments if only is None else only
        servers, every = conventions.entry_keys(found.schema), definitions.versions()
        cases = runs.cases(fragments, every, collected)
        rejections = runs.rejections(fragments, every, servers, place, collected)
        wanted += cases + rejections
        if only is not None:
            collected.problems += _without_cases(only)
            refusing = {run.example.shown for run in rejections}  # one that is moved into an entry runs twice
            report.proved = f"{count(len(cases), 'case')}, {count(len(refusing), 'rejection')}"
        if not collected.problems:
            untried = unset.check(origin, fragments, [run.example.data for run in cases], found.defaults.data)
    return Wanted(wanted, collected.problems, untried)


def _renders(
    report: Report,
    found: LoadedChart,
    origin: Stack | None,
    programs: Programs,
    shipped: bool,
    proved: memory.Proved,
    wanted: Wanted,
) -> Results:
    """What must render does, and what must be refused is, with the sentence that it says."""
    apis = runs.apis(report.schema_locations)
    left = proved.left(wanted.runs, apis)
    rendered = runs.go(
        left,
        found.folder,
        programs.helm,
        apis,
        report.say,
        programs.prover,
        proved.alike,
        proved.accepted,
        proved.read_before,
    )
    report.renders = len(wanted.runs)
    refused = sum(bool(run.refusal) for run in wanted.runs)
    looked_at = f"{count(len(wanted.runs), 'run')} of helm, {count(refused, 'expected rejection')}"
    written = _templates(found, origin) if shipped else None
    judged = partial(valuesfile.check, defaults=found.defaults.data, schema=found.schema)
    report.lasting = all(each.ran is not None for _, each in rendered)
    results = proved.changed(rendered)
    refusals = [each for each in runs.faults(results, written, judged) if each not in report.problems]
    report.done("renders", looked_at, sorted({*wanted.problems, *refusals}), sorted(wanted.untried))
    return results


def _without_cases(fragments: list[Fragment]) -> list[Problem]:
    """A fragment without cases would be green for nothing."""
    remedy = "add a values file that must render, with a comment on its first line that says what it shows"
    return [
        Problem(f"{one.folder}/cases", 0, "", "the fragment has no cases", remedy)
        for one in fragments
        if not any((Path(one.folder) / "cases").glob("*.yaml"))
    ]


def _templates(found: LoadedChart, origin: Stack | None) -> dict[str, str]:
    """The chart's templates -> their files: the fragments' own where the stack is known, else those of the chart."""
    here = {f"templates/{file}": f"{found.shown}/templates/{file}" for file in below(found.folder / "templates")}
    return here | _sources_of(origin)


def _sources_of(origin: Stack | None) -> dict[str, str]:
    written = {
        f"templates/{fragment.id}/{file}": f"{fragment.folder}/templates/{file}"
        for fragment in (origin.fragments if origin else ())
        for file in fragment.templates
    }
    if origin and origin.notes:
        written["templates/NOTES.txt"] = show(origin.folder / "NOTES.txt")
    return written


def _unserved(report: Report, manifests: checks.Manifests, lacking: str) -> list[Problem]:
    """A warning where custom resources have rules that were not run."""
    kinds = checks.unserved(manifests)
    said = f"the API server's rules in CEL were not run for {', '.join(kinds)}, which only the faster program can"
    return [Problem(report.chart, 0, "", said, lacking)] if kinds else []


def _manifests(
    report: Report,
    results: Results,
    origin: Stack | None,
    programs: Programs,
    proved: memory.Proved,
    shipped: bool,
    only: list[Fragment] | None,
) -> set[str]:
    """Every document by itself, then how those of a render hang together; the texts of the documents with problems.

    The policy is for charts and what ships with them; in a user's own values it is advice.
    """
    sources = _sources_of(origin)
    manifests = checks.read(results)
    known = [each for each in proved.known.values() if each is not None]
    report.documents = manifests.count + sum(map(len, known))
    fresh = manifests.without(proved.fine)
    checked = checks.objects(fresh, report.schema_locations, programs.kubeconform, report.say, programs.prover)
    found = list(checked)
    distinct = {memory.hashed(document) for _, document in manifests.distinct().values()}.union(*known)
    looked_at = f"{count(report.documents, 'document')}, {len(distinct)} distinct"
    problems = checks.problems([each for each in found if shipped or not each.advice], sources)
    advice = checks.problems([each for each in found if each.advice and not shipped], sources)
    if programs.prover is None:
        advice += _unserved(report, manifests, programs.lacking)
    if origin and not report.problems and not problems:
        rendered = {each.source for _, made in manifests.made for each in made if each.data is not None}
        rendered.update(memory.source(each) for made in known for each in made)
        advice += unset.unrendered(origin.own_fragments if only is None else only, rendered, only is not None)
    if (manifests.made or known) and not report.documents:
        problems.append(Problem(report.chart, 0, "", "renders no objects", "check its templates"))
    report.done("manifests", looked_at, problems, advice)
    made = count(len(manifests.made) + len(known), "render")
    wired = list(checks.wired(manifests, own=not shipped))
    problems = checks.problems([each for each in wired if shipped or not each.advice], sources)
    advice = checks.problems([each for each in wired if each.advice and not shipped], sources)
    report.done("wiring", made, problems, advice)
    return {each.document.text for each in (*found, *wired)}
