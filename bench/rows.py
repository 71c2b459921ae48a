"""What is measured: each function gives a row of the report."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from chartgen import paths
from chartgen.chart.loaded import LoadedChart
from chartgen.problem import ToolError
from chartgen.programs.helm import documents
from chartgen.proofs import memory
from chartgen.proofs.run import Run
from chartgen.reading import yamlfile

from . import loop, pairs, secret
from .pairs import alternate, disturbance, once, ratio, seconds

Say = Callable[[str], None]
BUILD_PAIRS, VALIDATE_PAIRS, TEMPLATE_PAIRS = 21, 3, 15
BUILD_AIM, SECRET_AIM = 2.0, 250
# The loop by validation: from nothing, after a change of one template, and without one; and the seconds of one file.
COLD_AIM, CHANGED_AIM, SAME_AIM, FILE_AIM = 15.0, 100.0, 200.0, 0.5
OBJECT_AIM = 1.0  # an object beyond the start of Helm, by another chart
# The fragment that most renders run: what it prints is changed for a row of its own.
MOST = "engine/vllm"
ONE_ENGINE = "bench/one-engine.yaml"
EXAMPLE = "charts/llm-stack/examples/two-servers.yaml"


@dataclass(frozen=True)
class Row:
    """A line of the report. `aim` is empty where there is none, `met` None where nothing can be said of it; `more` are
    sentences on what else came out.
    """

    what: str
    measured: str
    aim: str = ""
    met: bool | None = None
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bench:
    """What all rows need: `chart` is made from its sources for this run, `top` is where the sources stand."""

    top: Path
    chart: LoadedChart
    place: Path
    helm: Path
    kubeconform: Path
    environment: dict[str, str]
    say: Say

    @property
    def chartgen(self) -> Path:
        """The command as it is installed beside this Python."""
        return Path(sys.executable).with_name("chartgen")


@dataclass(frozen=True)
class Change:
    """A line that a fragment prints, and another in its place; {} in that is a number."""

    fragment: str
    template: str
    line: str
    other: str

    @property
    def path(self) -> str:
        """The template, below the folder of the sources."""
        return f"chartgen/fragments/{self.fragment}/templates/{self.template}"

    def text(self, top: Path) -> str:
        """The template as it is."""
        return (top / self.path).read_text(encoding="utf-8")

    def changed(self, top: Path, number: int) -> str:
        """The template with the other line; ToolError where the line is not there."""
        text = self.text(top)
        if self.line not in text:
            raise ToolError(f"{self.path}: has no line {self.line.strip()!r}; name another in bench/changes.yaml")
        return text.replace(self.line, self.other.format(number), 1)


def changes() -> list[Change]:
    """Those of bench/changes.yaml."""
    data = yamlfile.read(Path(__file__).with_name("changes.yaml")).data
    return [Change(fragment, *change) for fragment, change in data.items()]


def build(bench: Bench) -> list[Row]:
    """`chartgen build --check`, and a build that composes, by the imports of the two packages that they need."""
    commands = (
        [bench.chartgen, "build", "--check", "-o", bench.chart.folder],
        [bench.chartgen, "build", "-o", bench.chart.folder],
        [sys.executable, "-c", "import yaml, click"],
    )
    once(commands[0], bench.environment, bench.top)
    checks, builds, imports = alternate(commands, BUILD_PAIRS, bench.environment, bench.top, bench.say)
    rows = []
    for name, runs, aim in (("chartgen build --check", checks, BUILD_AIM), ("chartgen build", builds, None)):
        found = ratio(seconds(runs), seconds(imports))
        medians = " and ".join(_ms(median(seconds(each))) for each in (runs, imports))
        more = (f"Medians: {medians}.", disturbance([checks, builds, imports]))
        what = f"`{name}`, divided by `python -c 'import yaml, click'`"
        met = None if aim is None else found.middle <= aim
        rows.append(Row(what, str(found), f"at most {aim}" if aim else "", met, more))
    return rows


def validate(bench: Bench) -> list[Row]:
    """The loop by `chartgen validate`, from nothing and after an earlier run: how many times as long it takes."""
    command = [bench.chartgen, "validate", bench.chart.folder, "--json"]
    report = json.loads(once(command, bench.environment, bench.top).output)
    wanted = loop.wanted(bench.chart, report["kubernetes_versions"], bench.place)
    _alike("renders", len(wanted), report)
    script = bench.place / "loop.sh"
    text = loop.script(wanted, bench.chart.folder, report["schema_locations"], bench.helm, bench.kubeconform)
    script.write_text(text, encoding="utf-8")
    fresh = ["bash", "-c", 'rm -rf "$0"; exec "$@"', memory.folder(), *command]
    runs = alternate((["bash", script], fresh), VALIDATE_PAIRS, bench.environment, bench.top, bench.say)
    for run in runs[0]:
        _alike("documents", loop.valid(run.output), report)
    more = (
        f"{len(wanted)} renders, {sum(bool(run.refusal) for run in wanted)} of which must be refused; "
        f"{report['documents']} documents; {len(report['kubernetes_versions'])} Kubernetes versions.",
        disturbance(runs),
    )
    what = "`helm template | kubeconform` in a loop, divided by `chartgen validate --json`"
    return [_by(what, runs[0], runs[1], COLD_AIM, more), *again(bench, what, runs[0])]


def again(bench: Bench, what: str, slow: list[pairs.Run]) -> list[Row]:
    """The rows of a checkout that was validated before, in a copy of this one."""
    top, rounds = bench.place / "checkout", range(len(slow))
    for folder in ("chartgen", "schemas", "charts"):
        shutil.copytree(bench.top / folder, top / folder, ignore=shutil.ignore_patterns("__pycache__"))
    environment = bench.environment | {"PYTHONPATH": str(top), "CHARTGEN_HOME": str(paths.home())}
    chartgen = [sys.executable, "-m", "chartgen"]

    def run(*arguments: str) -> pairs.Run:
        return once([*chartgen, *arguments], environment, top)

    make = ["build", "llm-stack"]
    for arguments in (make, ["validate", "--json"], ["validate", "-f", EXAMPLE, "--json"]):
        run(*arguments)
    same = [run("validate", "--json") for _ in rounds]
    ours = [run("validate", "-f", EXAMPLE, "--json") for _ in rounds]
    made = {change.fragment: change for change in changes()}

    def after(change: Change, text: str) -> pairs.Run:
        (top / change.path).write_text(text, encoding="utf-8")
        run(*make)
        return run("validate", "--json")

    # One kind of change after the other: what is kept of a render is the newest.
    most = made[MOST]
    commented = [after(most, f"{most.text(bench.top)}{{{{- /* {number} */}}}}\n") for number in rounds]
    changed = [after(most, most.changed(bench.top, number + 1)) for number in rounds]
    each = {name: after(change, change.changed(bench.top, len(slow) + 1)) for name, change in made.items()}
    file = median(seconds(ours))
    mine = Row(
        "`chartgen validate -f` of one example again", f"{file:.2f} s", f"at most {FILE_AIM} s", file <= FILE_AIM
    )
    said = f"{what}, after a change of {{}} and `chartgen build`"
    return [
        _each(said.format("a line that one fragment prints"), slow, each),
        _by(said.format(f"an argument in {Path(most.path).name}"), slow, changed, CHANGED_AIM),
        _by(said.format(f"a comment in {Path(most.path).name}"), slow, commented, CHANGED_AIM),
        _by(f"{what}, without a change", slow, same, SAME_AIM),
        mine,
    ]


def _each(what: str, slow: list[pairs.Run], ours: dict[str, pairs.Run]) -> Row:
    """The median over fragments, with each of them."""
    whole = median(seconds(slow))
    ratios = dict(sorted(((name, whole / run.seconds) for name, run in ours.items()), key=lambda item: item[1]))
    found = pairs.Ratio(median(ratios.values()), min(ratios.values()), max(ratios.values()), len(ratios))
    named = ", ".join(f"{name} {number:.0f}" for name, number in ratios.items())
    measured = str(found).replace("pairs", "fragments")
    return Row(what, measured, f"at least {CHANGED_AIM:g}", found.middle >= CHANGED_AIM, (f"By fragment: {named}.",))


def _by(what: str, slow: list[pairs.Run], ours: list[pairs.Run], aim: float, more: tuple[str, ...] = ()) -> Row:
    found, work = ratio(*map(seconds, (slow, ours))), ratio(*([run.cpu for run in each] for each in (slow, ours)))
    middles = [median(seconds(each)) for each in (slow, ours)]
    said = f"Medians: {middles[0]:.1f} s and {middles[1]:.2f} s. The ratio of CPU time is {work}."
    return Row(what, str(found), f"at least {aim:g}", found.middle >= aim, (said, *more))


def _alike(what: str, number: int, report: dict[str, Any]) -> None:
    """Only what has the same number of renders and of documents is compared."""
    if number != report[what]:
        raise ToolError(f"the loop has {number} {what}, but validation has {report[what]}; fix bench/loop.py")


def template(bench: Bench, largest: Run, peers: list[Path]) -> list[Row]:
    """`helm template` of the largest example by another chart's with its defaults, per object."""
    what = "`helm template` per object: {ours}, divided by {peer}"
    ours = f"`{largest.example.name}`"
    if not peers:
        return [Row(what.format(ours=ours, peer="another chart"), "not measured: set PEER to the folder of a chart")]
    rows = []
    for peer in peers:
        named = f"`{_named(peer)}`"
        try:
            rows += _templates(bench, largest, peer, what.format(ours=ours, peer=named))
        except ToolError as error:
            bench.say(str(error))
            rows.append(Row(what.format(ours=ours, peer=named), "not measured: helm cannot render that chart"))
    return rows


def _templates(bench: Bench, largest: Run, peer: Path, what: str) -> list[Row]:
    bare = replace(largest, example=replace(largest.example, files=()))
    commands = (
        loop.template(largest, bench.chart.folder, bench.helm),
        loop.template(bare, peer, bench.helm),
        loop.template(bare, _empty(bench.place), bench.helm),
    )
    runs = alternate(commands, TEMPLATE_PAIRS, bench.environment, bench.top, bench.say)
    objects = [count(each[0].output) for each in runs[:2]]
    whole, other, start = (median(seconds(each)) for each in runs)
    found = ratio(*([run.seconds / number for run in each] for each, number in zip(runs, objects, strict=False)))
    medians = f"Medians: {_ms(whole)} for {objects[0]} objects and {_ms(other)} for {objects[1]}."
    beyond = [(middle - start) / number for middle, number in zip((whole, other), objects, strict=True)]
    more = (
        f"Helm needs {_ms(start)} of each to start, measured with a chart of one ConfigMap. Without that, an object "
        f"takes {_ms(beyond[0])} and {_ms(beyond[1])}.",
    )
    least = beyond[0] / beyond[1] if beyond[1] > 0 else float("inf")
    met = least <= OBJECT_AIM
    return [
        Row(what, str(found), more=(medians, disturbance(runs))),
        Row(f"{what}, without the start of Helm", f"{least:.2f}", f"at most {OBJECT_AIM}", met, more),
    ]


def kept(bench: Bench) -> list[Row]:
    """The largest Secret that Helm would keep of any example, and that of the stack of one engine with its defaults."""
    made = bench.place / "one-engine"
    once([bench.chartgen, "build", bench.top / ONE_ENGINE, "-o", made], bench.environment, bench.top)
    examples = [(example.name, example.files) for example in loop.given(bench.chart)]
    what = "size of the release Secret of `{}`"
    return [
        _kept(bench, what, bench.chart.folder, examples),
        _kept(bench, f"{what}, a stack of one engine", made, [(made.name, ())]),
    ]


def _kept(bench: Bench, what: str, chart: Path, given: list[tuple[str, tuple[Path, ...]]]) -> Row:
    """The largest of the Secrets for values files of a chart."""
    sizes = {}
    for name, files in given:
        command = [bench.helm, "install", "llm", chart, "--dry-run=client", "--output=json"]
        command += [f"--values={file}" for file in files]
        release = json.loads(once(command, bench.environment, bench.top).output)
        sizes[name] = (secret.size(release), secret.parts(release))
    name, (size, parts) = max(sizes.items(), key=lambda item: item[1][0])
    share = ", ".join(f"{part} {_kib(number)}" for part, number in parts.items())
    met = size <= SECRET_AIM * 1024
    more = (f"Before compression: {share}.",)
    return Row(what.format(name), _kib(size), f"at most {SECRET_AIM} KiB", met, more)


def largest(bench: Bench) -> Run:
    """The example that renders the most objects, for the newest Kubernetes version that it is for."""
    from chartgen.kubernetes import definitions

    versions = definitions.versions()
    made = {}
    for example in loop.given(bench.chart):
        run = Run(example, example.header.versions(versions)[-1])
        command = loop.template(run, bench.chart.folder, bench.helm)
        made[count(once(command, bench.environment, bench.top).output)] = run
    return made[max(made)]


def count(output: str) -> int:
    """How many objects `helm template` printed."""
    return sum(isinstance(document.data, dict) for document in documents(output))


def _named(peer: Path) -> str:
    """The name and version of a chart; the folder's name where it holds none."""
    data = yamlfile.read(peer / "Chart.yaml").data
    return f"{data['name']} {data['version']}" if isinstance(data, dict) and "version" in data else peer.name


def _empty(place: Path) -> Path:
    """A chart of one ConfigMap and nothing else."""
    chart = place / "empty"
    (chart / "templates").mkdir(parents=True, exist_ok=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: empty\nversion: 1.0.0\n", encoding="utf-8")
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: empty\n"
    (chart / "templates/config.yaml").write_text(text, encoding="utf-8")
    return chart


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms"


def _kib(size: int) -> str:
    return f"{size / 1024:.0f} KiB"
