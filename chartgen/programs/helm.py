"""Charts and values to manifests, by Helm itself, several at a time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..problem import Problem, Say, ToolError
from ..reading.document import Parsed
from . import prover as provers
from .limits import cores
from .prover import Prover
from .run import MEMORY, NO_MEMORY, Endless, hermetic, run

TIMEOUT = 120  # seconds for one render
QUIET = 2.0  # seconds without a line of progress
# The templates of a chart of chartgen's that fragments include: base's, and those that join fragments.
COMMON = re.compile(r"/templates/(?:base/|_slots\.tpl:)")
FLAGS = ("set", "set-string", "set-json", "set-file")  # those that the prover reads


@dataclass(frozen=True)
class Request:
    """One run of `helm template`: values files in order, then `sets` (`key=value`, as for --set).

    `flags` are more flags of Helm's for values (`--set-string=key=value`). With `fixed`, the prover renders the same
    again where a template asks for random letters and digits: what is proved of a render holds for the next. With
    `known`, it does not check the values: the chart's schema accepted them before.
    """

    chart: Path
    values: tuple[Path, ...] = ()
    kube_version: str = ""
    release: str = "llm"
    namespace: str = "default"
    api_versions: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    fixed: bool = False
    known: bool = False


@dataclass(frozen=True)
class Rendered:
    """What Helm made of a request: the manifests' text, or what it says is wrong (empty where nothing is).

    `ran` are the templates that it depends on, None where that is not known.
    """

    request: Request
    text: str
    error: str
    ran: tuple[str, ...] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Document:
    """One document of rendered text.

    `source` is the template below the chart (`templates/server/service.yaml`, a subchart's with `charts/NAME/` before
    it), `line` the line of the rendered text that `text` begins on, `data` the object, None for comments alone;
    `problems` (a key that stands twice) count within `text`.
    """

    source: str
    line: int
    data: Any
    text: str
    problems: tuple[Problem, ...] = ()


def render(
    requests: Iterable[Request],
    helm: Path,
    say: Say | None = None,
    prover: Prover | None = None,
    read: Callable[[Rendered], object] = lambda rendered: None,
) -> list[Rendered]:
    """Render every request, in their order. What Helm refuses is a Rendered with an error; ToolError if it cannot run.

    Test pods and hooks are rendered too. `say` hears every few seconds how many are done. Where there is a prover, the
    command runs only for what it does not answer. `read` gets what the prover renders as it comes: while others are
    rendered, reading it costs no time.
    """
    wanted = list(requests)
    found = {}
    for number, rendered in _proved(wanted, prover, say) if prover else ():
        found[number] = rendered
        read(rendered)
    rest = [number for number in range(len(wanted)) if number not in found]
    found.update(zip(rest, _commands([wanted[number] for number in rest], helm, say), strict=True) if rest else ())
    return [found[number] for number in range(len(wanted))]


def _proved(wanted: list[Request], prover: Prover, say: Say | None) -> Iterator[tuple[int, Rendered]]:
    """(number, result) of the requests that the prover answers."""
    import time

    covered = [(number, data) for number, request in enumerate(wanted) if (data := _data(request, prover.version))]
    # Those that differ in the version alone are not rendered at the same time: the prover may then need one of them.
    before: Counter[tuple[Any, ...]] = Counter()
    turns = {}
    for number, _ in covered:
        alike = (wanted[number].values, wanted[number].release, wanted[number].sets, wanted[number].flags)
        turns[number] = before[alike]
        before[alike] += 1
    covered.sort(key=lambda each: turns[each[0]])
    said = time.monotonic()
    for done, (place, answer) in enumerate(prover.answers([{"render": data} for _, data in covered]), 1):
        number = covered[place][0]
        yield number, _rendered(wanted[number], answer)
        if say and time.monotonic() - said >= QUIET:
            said = time.monotonic()
            say(f"helm: {done} of {len(wanted)} rendered")


def _rendered(request: Request, answer: provers.Answer) -> Rendered:
    ran = None if answer.ran is None else tuple(answer.ran)
    if answer.error is None:
        return Rendered(request, answer.text, "", ran)
    error = sentence(f"Error: {answer.error}\n")
    return Rendered(request, "", error or "helm failed without an error message", ran)


def _data(request: Request, version: str) -> dict[str, Any] | None:
    """A request as the prover reads it; None where it has a flag that is not one of FLAGS, or a file that is none."""
    if not provers.files(request.values):
        return None
    given: dict[str, list[str]] = {flag: [] for flag in FLAGS}
    given["set"] += request.sets
    for flag in request.flags:
        name, _, value = flag.removeprefix("--").partition("=")
        if name not in given:
            return None
        given[name].append(value)
    return {
        **given,
        "chart": str(request.chart),
        "values": [str(file) for file in request.values],
        "kube_version": request.kube_version,
        "api_versions": [name for api in request.api_versions for name in api.split(",")],
        "release": request.release,
        "namespace": request.namespace,
        "helm_version": version,
        "fixed": request.fixed,
        "known": request.known,
    }


def _commands(wanted: list[Request], helm: Path, say: Say | None) -> list[Rendered]:
    """Render every request by the command, several at a time."""
    import tempfile
    import time
    from concurrent.futures import ThreadPoolExecutor

    results: list[Rendered] = []
    with tempfile.TemporaryDirectory(prefix="chartgen-helm-") as home, ThreadPoolExecutor(cores()) as pool:
        # A run is over before it has to tidy its memory: a fifth less work for 20 MB more.
        environment = hermetic(Path(home)) | {"GOGC": "off"}
        said = time.monotonic()
        try:
            for result in pool.map(lambda request: _one(request, helm, environment), wanted):
                results.append(result)
                if say and time.monotonic() - said >= QUIET:
                    said = time.monotonic()
                    say(f"helm: {len(results)} of {len(wanted)} rendered")
        finally:
            pool.shutdown(cancel_futures=True)
    return results


def values(
    files: Iterable[Path], flags: Iterable[str], helm: Path, prover: Prover | None = None
) -> tuple[dict[str, Any], str]:
    """What Helm makes of values files and flags together, nulls included; and what it says where it cannot."""
    import json
    import tempfile

    with tempfile.TemporaryDirectory(prefix="chartgen-values-") as place:
        chart = Path(place)
        (chart / "templates").mkdir()
        (chart / "Chart.yaml").write_text("apiVersion: v2\nname: values\nversion: 1.0.0\n", encoding="utf-8")
        (chart / "templates/values.json").write_text("{{ toJson .Values }}", encoding="utf-8")
        (made,) = render([Request(chart, tuple(files), flags=tuple(flags))], helm, prover=prover)
    if made.error:
        return {}, made.error
    try:
        return json.loads(made.text.partition("templates/values.json\n")[2]), ""
    except RecursionError:
        return {}, "the values are nested too deeply"


def documents(text: str, recalled: Callable[[set[str]], dict[str, Any]] = lambda texts: {}) -> list[Document]:
    """The documents of what `helm template` printed, parsed strictly; for a List its items, as Helm installs it.

    `recalled` has the data of documents that were parsed before without a problem, by their texts.
    """
    from ..reading import yamlfile

    found: list[Document] = []
    parts = list(_split(text))
    before = recalled({body for source, _, body in parts if (source, body) not in _parsed})
    for source, line, body in parts:
        # Most documents of a chart are the same in every render.
        if (source, body) not in _parsed:
            known = body in before
            _parsed[source, body] = Parsed(before[body]) if known else yamlfile.parse(body, source)
        parsed = _parsed[source, body]
        found += _items(Document(source, line, parsed.data, body, tuple(parsed.problems)))
    return found


def listed(data: Any) -> list[Any]:
    """The objects that data is: the items of a List or of a list of one kind, down to the last; else data itself.

    The items of a ConfigMapList need not say that they are ConfigMaps.
    """
    kind, items = (data.get(key) if isinstance(data, dict) else None for key in ("kind", "items"))
    if not isinstance(kind, str) or not kind.lower().endswith("list") or not isinstance(items, list) or not items:
        return [data]
    own = {"apiVersion": data.get("apiVersion"), "kind": kind[:-4]} if len(kind) > 4 else {}
    return [one for item in items for one in listed(own | item if isinstance(item, dict) else item)]


def _items(document: Document) -> list[Document]:
    """A document, or one for each object in the list that it is; what is wrong with its text is told of the first."""
    import json

    found = listed(document.data)
    if len(found) == 1 and found[0] is document.data:
        return [document]
    made = [replace(document, data=each, text=f"{json.dumps(each)}\n", problems=()) for each in found]
    return [replace(made[0], problems=document.problems), *made[1:]]


_parsed: dict[tuple[str, str], Parsed] = {}


def _split(text: str) -> Iterator[tuple[str, int, str]]:
    """(template, line, text) of each document; Helm writes `---` and `# Source: CHART/TEMPLATE` before each."""
    line = 1
    for part in _parts(text):
        head = re.match(r"\s*# Source: [^/\n]+/(.*)\n", part)
        body = part[head.end() :] if head else part.lstrip()
        if body.strip():
            yield (head[1] if head else ""), line + part.count("\n") - body.count("\n"), body
        line += part.count("\n")


def _parts(text: str) -> list[str]:
    """What is between the lines that begin with `---` and white space; a pattern takes five times as long."""
    first, *pieces = f"\n{text}".split("\n---")
    found = [first]
    for number, piece in enumerate(pieces, 1):
        if piece[:1].isspace() or (not piece and number < len(pieces)):
            found[-1] += "\n"
            found.append(piece)
        else:
            found[-1] += f"\n---{piece}"
    return [found[0][1:], *found[1:]]


def sentence(stderr: str) -> str:
    """What matters in the error text of Helm 3 or 4.

    The schema's complaints, a line each, sorted (Helm's order changes from run to run); the message of `fail` and
    `required` alone; of another error in a template the innermost place, expression and cause; else what Helm says.
    """
    said = re.sub(r"\A.*?^Error: ", "", stderr, count=1, flags=re.M | re.S)
    said = said.strip().removesuffix("Use --debug flag to render out invalid YAML").strip()
    if "meet the specifications of the schema" in said:
        return _of_schema(said)
    failed = re.search(r"(?:\Aexecution error at \([^()]*\)|error calling fail): (.*)\Z", said, re.S)
    return failed[1].strip() if failed else _innermost(said)


def _of_schema(said: str) -> str:
    """The innermost line of each branch; the charts' names stay where more than one complains."""
    charts: list[tuple[str, list[str]]] = []
    for line, after in pairwise([*said.splitlines()[1:], ""]):
        if not line.lstrip().startswith("- "):
            charts.append((line, []))
        elif _indent(after) <= _indent(line):
            charts[-1][1].append(steady(line.strip()))
    named = [[chart, *sorted(complaints)] for chart, complaints in sorted(charts)]
    return "\n".join(line for chart in named for line in (chart if len(named) > 1 else chart[1:]))


def steady(said: str) -> str:
    """A complaint of the validator that Helm and kubeconform share, the names in it sorted: Go's maps have no order."""
    listed = re.search(r"properties ('[^']*'(?:, '[^']*')+)", said)
    return said.replace(listed[1], ", ".join(sorted(listed[1].split(", ")))) if listed else said


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _innermost(said: str) -> str:
    """Helm 3 writes a chain of templates on one line, Helm 4 on several.

    What fails in a template that all others include is most often what it was given: its caller is named first.
    """
    line = re.sub(r"\s*\n\s*", " ", said)
    chain = re.split(r"(?:template: )?(\S+:\d+:\d+):? executing \"[^\"]*\" at <(.*?)>: ", line)
    places = [pair for pair in zip(chain[1::3], chain[2::3], strict=True) if not pair[0].startswith("gotpl:")]
    if not places:
        return said
    place, cause = places[-1][0], chain[-1]
    callers = [pair for pair in places if not COMMON.search(pair[0])]
    if callers and COMMON.search(place):
        inner = place.partition("/")[2].rpartition(":")[0]
        return f"{callers[-1][0]}: {callers[-1][1]}: {cause}, in {inner}"
    return f"{place}: {chain[-2]}: {cause}"


def _one(request: Request, helm: Path, environment: dict[str, str]) -> Rendered:
    command = [str(helm), "template", request.release, str(request.chart), f"--namespace={request.namespace}"]
    command += ["--values=" + _quoted(file) for file in request.values]
    command += [f"--kube-version={request.kube_version}"] if request.kube_version else []
    command += [f"--api-versions={api}" for api in request.api_versions]
    command += [f"--set={pair}" for pair in request.sets]
    command += request.flags
    try:
        done = run(command, TIMEOUT, environment)
    except Endless as error:
        return Rendered(request, "", str(error))
    if done.code not in (0, 1) and NO_MEMORY.search(done.errors):
        return Rendered(request, "", f"helm needs more than {MEMORY >> 30} GiB of memory for these templates")
    if done.code not in (0, 1):
        first = done.errors.strip().partition("\n")[0]
        raise ToolError(f"{helm}: {request.chart}: helm failed with exit code {done.code}: {first}")
    if done.code:
        return Rendered(request, "", sentence(done.errors) or "helm failed without an error message")
    return Rendered(request, done.output, "")


def _quoted(file: Path) -> str:
    """Helm splits `--values` at commas, as a line of CSV."""
    return '"' + str(file).replace('"', '""') + '"'
