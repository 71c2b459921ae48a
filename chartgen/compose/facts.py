"""The order in which facts are laid: those that others read first."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from graphlib import CycleError, TopologicalSorter

from ..problem import Problem, nearest
from ..sources.fragment import DEFINE, INCLUDE, Fragment

SUFFIX = ".facts"
LAYS = "fragment.servers"
READ = re.compile(r"\.Facts\.([a-z][A-Za-z]*)")


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


def check(fragments: tuple[Fragment, ...]) -> list[Problem]:
    """Facts that read each other, and facts that are read and are no fragment's."""
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
        if match[1] not in known
    ]
    problems += _unlaid(fragments)
    for scope in ("server", "release"):
        try:
            order(fragments, scope)
        except CycleError as error:
            problems.append(_circle(fragments, error.args[1]))
    return problems


def _unlaid(fragments: tuple[Fragment, ...]) -> list[Problem]:
    """Templates of objects that read facts, themselves or by what they include, and do not have them laid."""
    bodies = _bodies(fragments)
    return [
        Problem(
            f"{fragment.folder}/templates/{file}",
            1,
            ".Facts",
            "is read here, or by what is included here, but may not be laid yet",
            f'begin the template with {{{{- include "{LAYS}" . }}}}',
        )
        for fragment in fragments
        for file, text in fragment.templates.items()
        if not file.rpartition("/")[2].startswith("_") and f'"{LAYS}"' not in text
        if READ.search(text) or _read(INCLUDE.findall(text), fragments, bodies)
    ]


def _circle(fragments: tuple[Fragment, ...], circle: list[str]) -> Problem:
    """The problem of facts that need each other; `circle` ends as it begins, and each needs the one before it."""
    slot = circle[0] + SUFFIX
    fragment = next(each for each in fragments if slot in each.fills)
    message = f"circular: {' needs '.join(name + SUFFIX for name in reversed(circle))}"
    return fragment.problem("fragment.yaml", ("fills", slot), message, "read one of them where no facts are made")


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
        if name in seen:
            continue
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
