"""Every run of helm that validation asks for: what is rendered, for which Kubernetes, and what has to be refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import conventions
from ..chart.blame import sentence
from ..chart.valuesfile import Example, read
from ..problem import Collected, Problem, Say
from ..programs.helm import Rendered, Request, documents, render
from ..programs.prover import Prover
from ..sources.fragment import Fragment
from . import templates
from .run import RELEASE, Run

# Two that are called as a part of the chart, and two as long as Helm lets them be (53) that differ at the end.
OTHER = (
    "ollama",
    "open-webui",
    "a-release-whose-name-is-as-long-as-helm-lets-it-be-ab",
    "a-release-whose-name-is-as-long-as-helm-lets-it-be-ac",
)

# What a line begins with in which Helm says where values do not fit the schema.
SCHEMA = re.compile("- at '")


def matrix(examples: list[Example], versions: list[str], shipped: bool) -> list[Run]:
    """Every example for every Kubernetes version that it is for."""
    return [
        Run(example, version, shipped=shipped) for example in examples for version in example.header.versions(versions)
    ]


def renamed(examples: list[Example], versions: list[str]) -> list[Run]:
    """Every example under other release names, for the newest version that it is for."""
    newest = [(example, version) for example in examples for version in example.header.versions(versions)[-1:]]
    return [Run(example, version, release, shipped=True) for example, version in newest for release in OTHER]


def cases(fragments: Iterable[Fragment], versions: list[str], collected: Collected) -> list[Run]:
    """The values of cases/, for the newest version that each is for."""
    runs = []
    for name, file in _files(fragments, "cases"):
        example = collected.attempt(read, name, [file])
        collected.problems += _unsaid(file, "write on the first line what the case shows")
        if example:
            collected.problems += unfit(example, versions)
            runs += [Run(example, version) for version in example.header.versions(versions)[-1:]]
    return runs


def rejections(
    fragments: Iterable[Fragment], versions: list[str], servers: set[str], place: Path, collected: Collected
) -> list[Run]:
    """The values of rejected/, as they stand; where all keys are those of a server (`servers`), as an entry as well.

    Values that are moved into an entry are written into the folder `place`.
    """
    runs: list[Run] = []
    for name, file in _files(fragments, "rejected"):
        example = collected.attempt(read, name, [file], first=2)
        collected.problems += _unsaid(file, "write a part of the expected error message on the first line")
        if not example or _unsaid(file, ""):
            continue
        collected.problems += unfit(example, versions)
        sentence = file.read_text(encoding="utf-8").partition("\n")[0].removeprefix("#").strip()
        forms = [example]
        if example.data and example.data.keys() <= servers:
            forms.append(_moved(example, place / f"{len(runs)}.json"))
        runs += [
            Run(form, version, refusal=sentence) for form in forms for version in example.header.versions(versions)[-1:]
        ]
    return runs


def unfit(example: Example, versions: list[str]) -> list[Problem]:
    """An example that no version is for would be green for nothing."""
    if example.header.versions(versions):
        return []
    remedy = f"there are schemas of {versions[0]} to {versions[-1]}"
    return [Problem(example.shown, 1, "kubernetes", "excludes every version that there are schemas of", remedy)]


def go(
    runs: list[Run],
    chart: Path,
    helm: Path,
    apis: tuple[str, ...],
    say: Say,
    prover: Prover | None = None,
    alike: Callable[[Run, Rendered], bool] = lambda run, rendered: False,
    accepted: Callable[[Run], bool] = lambda run: False,
    recalled: Callable[[set[str]], dict[str, Any]] = lambda texts: {},
) -> list[tuple[Run, Rendered]]:
    """Do the runs, several at a time; the first alone where a template does not parse, since none of them renders.

    The documents of those that are `alike`, as they were proved before, are not read. The values of those that are
    `accepted` are not checked: the chart's schema is as it was when it accepted them. `recalled` is as for documents.
    """
    requests = [
        Request(chart, run.example.files, run.version, run.release, api_versions=apis, fixed=True, known=accepted(run))
        for run in runs
    ]
    of = {id(request): run for request, run in zip(requests, runs, strict=True)}

    def read(rendered: Rendered) -> None:
        if not alike(of[id(rendered.request)], rendered):
            documents(rendered.text, recalled)

    results = list(zip(runs, render(requests[:1], helm, say, prover, read), strict=False))
    if not any(templates.unparsed(rendered.error) for _, rendered in results):
        results += zip(runs[1:], render(requests[1:], helm, say, prover, read), strict=True)
    return results


def faults(
    results: list[tuple[Run, Rendered]],
    sources: dict[str, str] | None = None,
    judged: Callable[[Example], list[Problem]] = lambda example: [],
) -> list[Problem]:
    """What was refused and should not have been, and what was not refused as its first line says.

    `sources` are the templates' files on disk by their paths in the chart: what is wrong with a template is reported
    there, once. Without them, as for a user's own values, it is reported for each values file. `judged` says what is
    wrong with values by the chart's schema; where it finds something, that is reported in place of Helm's sentence.
    """
    problems: list[Problem] = []
    if sources is not None:
        problems, results = templates.faults(results, sources)
    refused: dict[tuple[str, str, str], list[Run]] = {}
    for run, rendered in results:
        if run.refusal:
            problems += _refusal(run, rendered)
            continue
        for line in dict.fromkeys(rendered.error.split("\n")):
            if line.strip():
                refused.setdefault((run.example.shown, run.release, line), []).append(run)
    releases: dict[str, str] = {}  # of each example the one whose refusals are told
    for shown, release, _ in refused:
        if release == RELEASE or shown not in releases:
            releases[shown] = release
    for (shown, release, line), runs in refused.items():
        if release == releases[shown]:
            own = judged(runs[0].example) if SCHEMA.match(line) else []
            problems += own or [sentence(runs[0].example, line, _where(results, runs))]
    return problems


def fine(run: Run, rendered: Rendered) -> bool:
    """Whether a run rendered, or was refused as its first line says."""
    return not _refusal(run, rendered) if run.refusal else not rendered.error


def _refusal(run: Run, rendered: Rendered) -> list[Problem]:
    entry = " as an entry of servers" if run.example.shown != str(run.example.files[0]) else ""
    if not rendered.error:
        remedy = "add a check or a schema that rejects it"
        message = f"renders{entry}, but must be rejected with: {run.refusal}"
        return [Problem(run.example.shown, 1, "", message, remedy)]
    if _squeezed(run.refusal) in _squeezed(rendered.error):
        return []
    message = f"is rejected{entry} with another message: {_squeezed(rendered.error)}"
    return [Problem(run.example.shown, 1, "", message, "correct the first line, or the check")]


def _where(results: list[tuple[Run, Rendered]], runs: list[Run]) -> str:
    """On which Kubernetes versions, where not on all of the example's; under which release, where not the usual."""
    first = runs[0]
    if first.release != RELEASE:
        return f" (as release {first.release})"
    tried = [run.version for run, _ in results if run.example is first.example and run.release == RELEASE]
    return "" if len(runs) == len(tried) else f" (Kubernetes {', '.join(run.version for run in runs)})"


def _files(fragments: Iterable[Fragment], kind: str) -> Iterator[tuple[str, Path]]:
    for fragment in fragments:
        for file in sorted((Path(fragment.folder) / kind).glob("*.yaml")):
            yield f"{fragment.id}/{kind}/{file.stem}", file


def _unsaid(file: Path, rule: str) -> list[Problem]:
    """A case whose first line is no comment."""
    first = b"# "
    if file.is_file():
        with file.open("rb") as text:
            first = text.read(2)
    return [] if first == b"# " else [Problem(str(file), 1, "", "does not begin with a comment", rule)]


def _moved(example: Example, file: Path) -> Example:
    """The values of a server as an entry of `servers`."""
    data: dict[str, Any] = {conventions.SERVERS: {"server": example.data}}
    file.write_text(json.dumps(data), encoding="utf-8")
    return replace(example, files=(file,), data=data)


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def apis(locations: list[str]) -> tuple[str, ...]:
    """The APIs of the custom resources that there are schemas of, `gateway.networking.k8s.io/v1`, as capabilities."""
    from ..kubernetes.definitions import CRD_TEMPLATE

    folders = [Path(place.removesuffix(CRD_TEMPLATE)) for place in locations if "/{{.Normal" not in place]
    files = (file for folder in folders for file in folder.glob("*/*_*.json"))
    return tuple(sorted({f"{file.parent.name}/{file.stem.rpartition('_')[2]}" for file in files}))
