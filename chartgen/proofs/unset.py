"""Values and choices that no case sets, and objects that none renders: nothing shows that they work."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..compose.schema import closed
from ..conventions import SERVERS
from ..problem import Problem
from ..reading import yamlfile
from ..sources.fragment import Fragment
from ..sources.stack import Stack

Key = tuple[str, ...]
KIND = re.compile(r"^kind:", re.M)
REMEDY = "set it in a file in cases/"


def check(
    stack: Stack, fragments: Iterable[Fragment], cases: Iterable[dict[str, Any]], defaults: dict[str, Any]
) -> list[Problem]:
    """Each value that these fragments declare and no case sets, and each `choice` of theirs that no case makes.

    A key of the data file that `x-keys-of` names is such a choice.

    A choice that the `defaults` make is in every case that does not make another.

    `cases` are the values of the cases that were read. Where they do not set everything, those of the other fragments
    of the stack are read as well: a value can be set in the case of any fragment.
    """
    found = _Set(cases)
    found.texts |= _Set([defaults]).texts
    left = [*_left(fragments, found)]
    if left:
        for fragment in stack.own_fragments:
            for file in sorted((Path(fragment.folder) / "cases").glob("*.yaml")):
                found.add(yamlfile.read(file).data)
        left = [*_left(fragments, found)]
    return left


def unrendered(fragments: Iterable[Fragment], rendered: set[str], alone: bool) -> list[Problem]:
    """Each template that never rendered an object; `rendered` are the templates of the chart that did.

    `alone` says that the cases of other fragments, which can render it as well, did not run.
    """
    message = f"no case{' of this fragment' if alone else ''} renders this object"
    remedy = "add a file in cases/ whose values render it"
    return [
        Problem(f"{fragment.folder}/templates/{file}", 0, "", message, remedy)
        for fragment in fragments
        for file, text in fragment.templates.items()
        if not Path(file).name.startswith("_")
        and KIND.search(text)  # one without a kind only runs checks
        and f"templates/{fragment.id}/{file}" not in rendered
    ]


class _Set:
    """What cases set: the path of each value and of what holds it, and the text at each path."""

    def __init__(self, cases: Iterable[dict[str, Any]]) -> None:
        self.paths: set[Key] = set()
        self.texts: set[tuple[Key, str]] = set()
        for case in cases:
            self.add(case)

    def add(self, case: Any) -> None:
        case = case if isinstance(case, dict) else {}
        servers = case.get(SERVERS)
        for values in (case, *(servers.values() if isinstance(servers, dict) else ())):
            self._walk(values, ())

    def _walk(self, value: Any, path: Key) -> None:
        self.paths.add(path)
        if isinstance(value, str):
            self.texts.add((path, value))
        for key, inner in value.items() if isinstance(value, dict) else ():
            self._walk(inner, (*path, str(key)))


def _left(fragments: Iterable[Fragment], found: _Set) -> Iterator[Problem]:
    for fragment in fragments:
        for dotted, value in fragment.choice.items():
            if (tuple(dotted.split(".")), value) not in found.texts:
                message = f"no case sets {dotted}: {value}"
                yield fragment.problem("fragment.yaml", ("choice", dotted), message, REMEDY)
        for scope in ("server", "release"):
            for path, place, schema in _values(getattr(fragment, scope)):
                if path not in found.paths:
                    message = f"no case sets {'.'.join(path)}"
                    yield fragment.problem("values.schema.yaml", (scope, *place), message, REMEDY)
                file = schema.get("x-keys-of", "")
                for key in fragment.tables.get(file.removeprefix("files/")) or () if file else ():
                    if (path, key) not in found.texts:
                        yield fragment.problem(file, (key,), f"no case sets {'.'.join(path)}: {key}", REMEDY)


def _values(properties: dict[str, Any], path: Key = (), place: Key = ()) -> Iterator[tuple[Key, Key, dict[str, Any]]]:
    """(path, place in the schema, its schema) of each value that is not an object of ours, nor chosen by `choice`."""
    for key, schema in properties.items():
        if closed(schema):
            yield from _values(schema["properties"], (*path, key), (*place, key, "properties"))
        elif not schema.get("x-choice"):
            yield (*path, key), (*place, key), schema
