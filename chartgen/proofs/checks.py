"""What was rendered, held against YAML, the house's rules, Kubernetes' schemas, and itself; what is alike, once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..chart.valuesfile import name_of
from ..kubernetes import rules, served
from ..problem import Problem, Say
from ..programs import kubeconform
from ..programs.helm import Document, Rendered, documents
from ..programs.prover import Prover
from . import policy, together, wiring
from .manifests import Fault, Render, holders, render_of, shown, texts, title
from .run import RELEASE, Run

# What kubeconform says of a broken rule.
RULE = re.compile("'(not|anyOf)' failed|does not match pattern|invalid propertyName|(min|max)[A-Z]?[a-z]+: got")

# What Go's printf writes where a verb does not fit its value, or there are more or fewer of one than of the other.
MISPRINT = re.compile(r"%!(?:[A-Za-z]|(?=\((?:EXTRA|NOVERB|BAD)))\([^()\n]*\)?")


@dataclass(frozen=True)
class Found:
    """A fault in a document, and the run of helm that made it. `advice` is a rule of the policy, not an error."""

    run: Run
    document: Document
    key: str
    message: str
    remedy: str
    advice: bool = False


@dataclass(frozen=True)
class Manifests:
    """The documents of every run; texts that are alike were parsed once.

    `proved` are those that were left out: their text and the Kubernetes version.
    """

    made: tuple[tuple[Run, list[Document]], ...]
    proved: frozenset[tuple[str, str]] = frozenset()

    @property
    def count(self) -> int:
        """All documents, each as often as it was rendered."""
        return sum(len(found) for _, found in self.made)

    def without(self, proved: Callable[[Run, Document], bool]) -> Manifests:
        """The same without the documents that are proved."""
        known = [(run, found, [proved(run, each) for each in found]) for run, found in self.made]
        return Manifests(
            tuple(
                (run, [each for each, out in zip(found, left, strict=True) if not out]) for run, found, left in known
            ),
            frozenset(
                (each.text, run.version)
                for run, found, left in known
                for each, out in zip(found, left, strict=True)
                if out
            ),
        )

    def distinct(self) -> dict[str, tuple[Run, Document]]:
        """Text -> the first run that made it, and the document."""
        found: dict[str, tuple[Run, Document]] = {}
        for run, each in self.made:
            for document in each:
                found.setdefault(document.text, (run, document))
        return found


def read(results: list[tuple[Run, Rendered]]) -> Manifests:
    """The documents of what had to render, and did."""
    parsed: dict[str, list[Document]] = {}
    made = []
    for run, rendered in results:
        if rendered.error or run.refusal:
            continue
        if rendered.text not in parsed:
            parsed[rendered.text] = documents(rendered.text)
        made.append((run, parsed[rendered.text]))
    return Manifests(tuple(made))


def objects(
    manifests: Manifests, locations: list[str], binary: Path, say: Say, prover: Prover | None = None
) -> Iterator[Found]:
    """What is wrong with single documents. While kubeconform runs, Python looks at the rest."""
    ruled = list(_rules(manifests, prover))
    with ThreadPoolExecutor(1) as pool:
        schemas = pool.submit(_schemas, manifests, locations, binary, say, prover)
        yield from _strict(manifests)
        yield from _nameless(manifests)
        yield from _together(manifests)
        yield from ruled
        yield from _misprinted(manifests)
        found = schemas.result()
    yield from found
    if prover:
        yield from _served(manifests, {each.document.text for each in found}, prover)


def unserved(manifests: Manifests) -> list[str]:
    """The kinds of custom resources whose rules only the prover runs, `HTTPRoute`."""
    found = (document.data for _, document in manifests.distinct().values())
    return sorted({data["kind"] for data in found if served.schema_of(data)})


def wired(manifests: Manifests, own: bool = False) -> Iterator[Found]:
    """What is wrong between the documents of a render, and between releases of one example; `own` is a user's."""
    seen: dict[Any, Render] = {}
    releases: dict[str, dict[str, tuple[Run, Render]]] = {}
    for run, found in manifests.made:
        given = frozenset() if run.shipped else frozenset(texts(run.example.data))
        known = (id(found), run.example.header.needs, given)
        if known not in seen:
            seen[known] = render_of(found, *known[1:], own=own)
            yield from (_found(run, fault) for fault in wiring.check(seen[known]))
        releases.setdefault(run.example.name, {}).setdefault(run.release, (run, seen[known]))
    for each in releases.values():
        for release, fault in wiring.clashes({release: render for release, (_, render) in each.items()}):
            if not owned(each[release][0], fault.document):
                yield _found(each[release][0], fault)


def problems(found: list[Found], sources: dict[str, str]) -> list[Problem]:
    """Each fault once, at the first example that has it; `sources` is where a template of the chart is written."""
    places: set[tuple[str, str]] = set()
    once: dict[tuple[str, ...], Problem] = {}
    for each in sorted(found, key=lambda each: each.run.release != RELEASE):
        place = (each.document.source, each.key)
        if each.run.release == RELEASE:
            places.add(place)
            once.setdefault((*place, title(each.document), each.message), _problem(each, sources))
        elif place not in places:
            once.setdefault(place, _problem(each, sources))
    return list(once.values())


def _problem(found: Found, sources: dict[str, str]) -> Problem:
    template = sources.get(found.document.source, found.document.source)
    key = f"{title(found.document)}: {found.key}" if found.key else title(found.document)
    message = found.message if found.remedy else f"{found.message} ({template})"
    return Problem(found.run.example.shown, 0, key, message, found.remedy and f"{found.remedy} ({template})")


def _found(run: Run, fault: Fault, advice: bool = False) -> Found:
    place = shown(fault.document.data, fault.path)
    return Found(run, fault.document, place, fault.message, fault.remedy, advice or fault.advice)


def _strict(manifests: Manifests) -> Iterator[Found]:
    for run, document in manifests.distinct().values():
        for problem in document.problems:
            yield Found(run, document, problem.key, problem.message, problem.remedy)


def _nameless(manifests: Manifests) -> Iterator[Found]:
    """Helm finds objects by their names: it installs none without one, or with one that Kubernetes generates."""
    for run, document in manifests.distinct().values():
        data = document.data
        if isinstance(data, dict) and "kind" in data and not name_of(data):
            remedy = (
                "write a name in place of generateName" if "generateName" in (data.get("metadata") or {}) else "add it"
            )
            yield Found(run, document, "metadata.name", "missing", remedy)


def _misprinted(manifests: Manifests) -> Iterator[Found]:
    """Texts in which Go's printf wrote that it could not print a value; a text of the values may say so itself."""
    for run, document in manifests.distinct().values():
        for path, found in _errors(document.data) if MISPRINT.search(document.text) else ():
            if not any(found in text for text in texts(run.example.data)):
                remedy = "correct the verb, or give it a value of its type"
                yield Found(
                    run, document, shown(document.data, path), f"printf could not print a value: {found}", remedy
                )


def _errors(data: Any) -> Iterator[tuple[tuple[Any, ...], str]]:
    """The paths of texts with an error of printf's, keys among them, and the errors."""
    for path, found, _ in holders(data):
        for key, inner in found:
            for text in (str(key), inner if isinstance(inner, str) else ""):
                yield from (((*path, key), match[0]) for match in MISPRINT.finditer(text))


def _together(manifests: Manifests) -> Iterator[Found]:
    """What the fields of an object say together, a user's own objects included."""
    for run, document in manifests.distinct().values():
        yield from (_found(run, fault) for fault in together.check(render_of([document], frozenset())))


def _rules(manifests: Manifests, prover: Prover | None) -> Iterator[Found]:
    """The rules of the house hold for what the chart makes, not for objects that a user wrote himself.

    Under another release name an object differs in names alone, so that its name alone is looked at.
    """
    wanted: dict[tuple[str, ...], dict[str, tuple[Run, Document]]] = {}
    for run, found in manifests.made:
        once = wanted.setdefault(policies(run), {})
        for document in found:
            if document.text not in once and isinstance(document.data, dict) and not owned(run, document):
                once[document.text] = (run, document)
    for names, once in wanted.items():
        given = [document for _, document in once.values()]
        for document in policy.unfit(given, names, prover) if prover else given:
            yield from (_found(once[document.text][0], fault, advice=True) for fault in policy.check(document, names))


def policies(run: Run) -> tuple[str, ...]:
    """The rules of the policy for what a run makes."""
    shipped = ("shipped",) if run.shipped else ()
    return ("object", run.example.header.security, *shipped) if run.release == RELEASE else ("named",)


def owned(run: Run, document: Document) -> bool:
    """Whether the document is one of the user's own objects, word for word as his values have it.

    It is compared with those of its name alone.
    """
    return document.data in run.example.own_objects.get(name_of(document.data), ())


def _schemas(manifests: Manifests, locations: list[str], binary: Path, say: Say, prover: Prover | None) -> list[Found]:
    """kubeconform's findings; one that not every version has, with the versions that do."""
    distinct = {text: (str(n), *found) for n, (text, found) in enumerate(manifests.distinct().items())}
    batches: dict[str, dict[str, str]] = {}
    for run, made in manifests.made:
        texts = (document.text for document in made if not document.problems)
        batches.setdefault(run.version, {}).update({distinct[text][0]: text for text in texts})
    grouped: dict[tuple[Any, ...], list[str]] = {}
    found = kubeconform.check(batches, locations, binary, say, prover)
    for finding in _ruled(found, {name: document for name, _, document in distinct.values()}, locations):
        message = finding.message.replace(f" in Kubernetes {finding.version}", "")
        same = (finding.filename, finding.path, message, finding.remedy)
        grouped.setdefault(same, []).append(finding.version)
    named = {name: (run, document) for name, run, document in distinct.values()}
    result = []
    for (name, path, message, remedy), versions in grouped.items():
        run, document = named[name]
        tried = {version for version, texts in batches.items() if name in texts}
        tried.update(version for text, version in manifests.proved if text == document.text)
        where = "" if len(versions) == len(tried) else f" (Kubernetes {', '.join(versions)})"
        unknown = message.startswith("found no schema of") and owned(run, document)
        if unknown:
            message, remedy = f"is not checked: {message}", "add its schema with --schema-location"
        result.append(Found(run, document, shown(document.data, path), message + where, remedy, unknown))
    return result


def _ruled(
    findings: list[kubeconform.Finding], named: dict[str, Document], locations: list[str]
) -> Iterator[kubeconform.Finding]:
    """The findings, with the sentences of rules.yaml where a rule is broken, which kubeconform does not have."""
    said: dict[tuple[str, str], dict[Any, list[tuple[str, str]]]] = {}
    for finding in findings:
        known = (finding.version, finding.filename)
        if known not in said:
            data = named[finding.filename].data
            schema = kubeconform.schema(locations, finding.version, data) if finding.status == "Invalid" else None
            said[known] = rules.broken(schema, data) if schema else {}
        found = said[known].get(_at(finding, said[known]))
        if found and RULE.search(finding.message):
            path = _at(finding, said[known])
            message, remedy = found[0] if len(found) == 1 else found.pop(0)
            yield replace(finding, path=path, message=message, remedy=remedy)
        else:
            yield finding


def _at(finding: kubeconform.Finding, said: dict[Any, Any]) -> Any:
    """The path of a finding; kubeconform gives another one for the name of a key."""
    key = re.fullmatch("invalid propertyName '(.*)'", finding.message)
    return next((path for path in said if path[-1:] == (key[1],)), finding.path) if key else finding.path


def _served(manifests: Manifests, invalid: set[str], prover: Prover) -> Iterator[Found]:
    """What the API server refuses of custom resources; of `invalid` ones kubeconform said what their schemas say."""
    given = manifests.distinct().values()
    named = {str(n): (run, document) for n, (run, document) in enumerate(given) if not document.problems}
    schemas = {name: served.schema_of(document.data) for name, (_, document) in named.items()}
    wanted = {name: (schema, named[name][1].text) for name, schema in schemas.items() if schema}
    refusals, unanswered = served.check(wanted, prover)
    for each in refusals:
        run, document = named[each.name]
        if each.rule or document.text not in invalid:
            yield Found(
                run, document, shown(document.data, each.path), f"the API server refuses it: {each.message}", ""
            )
    for name in unanswered:
        yield Found(*named[name], "", "the API server's rules of its kind were not run", "run the command again")
