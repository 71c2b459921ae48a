"""The order in which facts are laid: those that others read first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from ..problem import Problem, nearest
from ..sources.fragment import DEFINE, INCLUDE, Fragment

SUFFIX = ".facts"
LAYS = "fragment.servers"
READ = re.compile(r"\.Facts\.([a-z][A-Za-z]*)")
OPTIONAL = re.compile(r"\s*\|\s*default\b")  # what follows facts that a stack can be without


def order(fragments: tuple[Fragment, ...], scope: str) -> list[str]:
    """The names of a scope's facts (`engine` of the slot `engine.facts`), each after those that its fills read.

    Raises graphlib.CycleError where facts read each other.
    """
    names = [
        name.removesuffix(SUFFIX)
        for fragment in fragments
        for name, slot in fragment.offers.items()
        if name.endswith(SUFFIX) and slot.scope == scope
    ]
    bodies = _bodies(fragments)
    # Sorted: sets have another order in each process, and builds are the same to the byte.
    reads = {
        name: sorted(_read(_fills(fragments, name + SUFFIX), fragments, bodies).intersection(names)) for name in names
    }
    return list(TopologicalSorter(reads).static_order())


def check(fragments: tuple[Fragment, ...], own: tuple[Fragment, ...]) -> list[Problem]:
    """Facts that read each other, and facts that are read and are no fragment's. `own` are those of the stack's author,
    which are to blame for what others do not do without them. Others may read facts with a default, as another stack
    can leave out the fragment that offers them.
    """
    known = sorted(name.removesuffix(SUFFIX) for f in fragments for name in f.offers if name.endswith(SUFFIX))
    problems = [
        Problem(
            f"{fragment.folder}/templates/{file}",
            text.count("\n", 0, match.start()) + 1,
            f".Facts.{match[1]}",
            "no fragment of the stack offers these facts",
            nearest(match[1], known, "facts"),
        )
        for fragment in fragments
        for file, text in fragment.templates.items()
        for match in READ.finditer(text)
        if match[1] not in known and (fragment in own or not OPTIONAL.match(text, match.end()))
    ]
    problems += _unlaid(fragments)
    for scope in ("server", "release"):
        try:
            order(fragments, scope)
        except CycleError as error:
            problems += _circle(fragments, error.args[1], own)
    return problems


def _unlaid(fragments: tuple[Fragment, ...]) -> list[Problem]:
    """Templates of objects that read facts, themselves or by what they include, and do not have them laid."""
    bodies = _bodies(fragments)
    scopes = {name.removesuffix(SUFFIX): slot.scope for one in fragments for name, slot in one.offers.items()}
    return [
        Problem(
            f"{fragment.folder}/templates/{file}",
            1,
            ".Facts",
            "is read by this template, or by what it includes, before it is set",
            f'begin the template with {{{{- include "{LAYS}" . }}}}',
        )
        for fragment in fragments
        for file, text in fragment.templates.items()
        if not file.rpartition("/")[2].startswith("_") and f'"{LAYS}"' not in text
        # Facts of a server that the release reads are refused as those (factkeys.py).
        if ".Serv" in text or all(scopes.get(name) != "server" for name in READ.findall(text))
        if READ.search(text) or _read(INCLUDE.findall(text), fragments, bodies)
    ]


def _circle(fragments: tuple[Fragment, ...], circle: list[str], own: tuple[Fragment, ...]) -> list[Problem]:
    """The problems of facts that need each other; `circle` ends as it begins, and each needs the one before it.

    They are at the lines of the author's own fills that lead around, else at those of the first fill.
    """
    message = f"circular: {' needs '.join(name + SUFFIX for name in reversed(circle))}"
    remedy = "remove it, or read it where no facts are made"
    found = [
        (fragment, Problem(f"{fragment.folder}/templates/{file}", line, said, message, remedy))
        for needed, name in pairwise(circle)
        for fragment in fragments
        if (template := fragment.fills.get(name + SUFFIX))
        for file, line, said in _reading(fragment, template, needed, fragments)
    ]
    return [problem for fragment, problem in found if fragment in own] or [problem for _, problem in found[:1]]


def _reading(
    fragment: Fragment, template: str, needed: str, fragments: tuple[Fragment, ...]
) -> Iterator[tuple[str, int, str]]:
    """Where a fill reads facts, or includes what does: (file, line, what it reads or includes)."""
    bodies = _bodies(fragments)
    file, first = fragment.defines().get(template, ("", 0))
    for n, line in enumerate(bodies.get(template, "").split("\n")):
        reads, includes = _named(line)
        if needed in reads:
            yield file, first + n, f".Facts.{needed}"
        else:
            yield from ((file, first + n, each) for each in includes if needed in _read([each], fragments, bodies))


def _bodies(fragments: Iterable[Fragment]) -> dict[str, str]:
    """The text of each define."""
    found = {}
    for fragment in fragments:
        for text in fragment.templates.values():
            # Before the first, after that name and text by turns.
            parts = DEFINE.split(text)[1:]
            found |= dict(zip(parts[::2], parts[1::2], strict=True))
    return found


def _fills(fragments: Iterable[Fragment], slot: str) -> list[str]:
    return [fragment.fills[slot] for fragment in fragments if slot in fragment.fills]


def _read(templates: list[str], fragments: tuple[Fragment, ...], bodies: dict[str, str]) -> set[str]:
    """The facts that templates read, and the templates and slots that they include."""
    found, seen, left = set(), set(), [*templates]
    while left:
        name = left.pop()
        if name in seen or name == LAYS:
            continue  # what goes through all servers is refused as that (factkeys.py)
        seen.add(name)
        left += _fills(fragments, name.removeprefix("fragment.slot."))
        reads, includes = _named(bodies.get(name, ""))
        found |= reads
        left += includes
    return found


@cache
def _named(body: str) -> tuple[set[str], list[str]]:
    """The facts that a template reads, and what it includes."""
    return {*READ.findall(body)}, INCLUDE.findall(body)
