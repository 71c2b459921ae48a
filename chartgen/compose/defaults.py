"""The defaults of values: against their own schema, and what must not be a default."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..conventions import IMAGES, SERVERS
from ..problem import Problem
from ..reading import shape
from ..sources.fragment import Fragment
from ..sources.stack import Stack
from .schema import NESTED, NESTED_LISTS, NESTED_MAPS, Values, closed, default, defaults, values_schema

# Names of values that are secrets themselves, and not the name of a Secret or of a key in it.
SECRET = re.compile(
    r"(.*P|p)assword|(.*C|c)redentials?|(.*A|a)pi_?[kK]ey|token|secret|.*(api|access|auth|bearer|refresh|hub|hf)Token"
)

MOVES, VERSION = "the tag latest changes its image", "set a version, so that all pods run the same image"


def check(stack: Stack, values: Values, kubernetes: dict[str, Any]) -> Iterator[Problem]:
    """Defaults that their schema refuses, image tags that move, and values that would hold a secret."""
    document = values_schema(stack, values, kubernetes)
    samples = [*_samples(stack, document)]
    yield from samples
    # A default of a definition is one of every value that refers to it: it is reported once.
    if not any("definitions." in problem.key for problem in samples):
        yield from _misfits(stack, values, document)
    yield from _stack_tags(stack)
    for fragment in stack.fragments:
        for path, where, schema in _leaves(fragment):
            if len(path) > 1 and path[-1] == "tag" and path[0] == IMAGES and default(schema) == "latest":
                yield _moving(fragment, where)
            if path[0] == IMAGES and closed(schema) is False and _tag(schema) == "latest":
                yield _moving(fragment, where)
            if schema.get("type") == "string" and SECRET.fullmatch(path[-1]):
                message = "would hold a secret, which Helm stores with the values of the release"
                remedy = "declare existingSecret and key, and read them with secretKeyRef"
                yield fragment.problem("values.schema.yaml", where, message, remedy)


def _stack_tags(stack: Stack) -> Iterator[Problem]:
    """Tags that the stack sets."""
    for name, image in stack.values.get(IMAGES, {}).items():
        if isinstance(image, dict) and image.get("tag") == "latest":
            yield stack.problem(("values", IMAGES, name, "tag"), MOVES, VERSION)


def _moving(fragment: Fragment, where: tuple[str, ...]) -> Problem:
    return fragment.problem("values.schema.yaml", (*where, "default"), MOVES, VERSION)


def _tag(schema: dict[str, Any]) -> Any:
    found = default(schema)
    return found.get("tag") if isinstance(found, dict) else None


def _leaves(
    fragment: Fragment, shared: bool = False
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], dict[str, Any]]]:
    """Each value that a fragment declares: its path, its path in values.schema.yaml, and its schema.

    With `shared`, so is each object that has properties of a definition too, before its own.
    """
    waiting = [
        ((key,), (scope, key), schema)
        for scope in ("server", "release")
        for key, schema in getattr(fragment, scope).items()
    ]
    while waiting:
        path, where, schema = waiting.pop(0)
        if shared and "$ref" in schema and closed(schema):
            yield path, where, schema
        if closed(schema):
            waiting += [
                ((*path, key), (*where, "properties", key), inner) for key, inner in schema["properties"].items()
            ]
        else:
            yield path, where, schema


def _samples(stack: Stack, document: dict[str, Any]) -> Iterator[Problem]:
    """Examples that their own schema refuses, and defaults inside of items, which no file of values has."""
    found: list[tuple[Fragment, tuple, Any, Any]] = []
    for fragment in stack.fragments:
        for scope in ("server", "release", "definitions"):
            made = document["definitions" if scope == "definitions" else "properties"]
            for key, schema in getattr(fragment, scope).items():
                inside = scope == "definitions"
                found += ((fragment, *each) for each in _written(schema, made.get(key), (scope, key), inside))
    wanted = {str(n): schema for n, (_, _, schema, _) in enumerate(found)}
    whole = {"type": "object", "properties": wanted, "definitions": document["definitions"]}
    data = {str(n): sample for n, (*_, sample) in enumerate(found)}
    for problem in shape.check(data, {}, whole, ""):
        number, _, inner = problem.key.partition(".")
        fragment, where, _, _ = found[int(number.partition("[")[0])]
        place = fragment.problem("values.schema.yaml", where, "")
        key = f"{place.key}.{inner}" if inner else place.key
        yield Problem(place.path, place.line, key, problem.message, problem.remedy)


def _written(schema: Any, made: Any, where: tuple, inside: bool) -> Iterator[tuple[tuple, Any, Any]]:
    """(place, schema of the chart, sample) of each example below a schema; `inside` says that it is one of items."""
    if not isinstance(schema, dict) or not isinstance(made, dict):
        return
    for n, sample in enumerate(schema.get("examples", ())):
        yield (*where, "examples", n), made, sample
    if inside and "default" in schema:
        yield (*where, "default"), made, schema["default"]
    for word, inner in schema.items():
        there = made.get(word)
        if word in NESTED:
            yield from _written(inner, there, (*where, word), True)
        elif word in NESTED_MAPS and isinstance(there, dict):
            for key, each in inner.items():
                yield from _written(each, there.get(key), (*where, word, key), inside or word != "properties")
        elif word in NESTED_LISTS and isinstance(there, list):
            for n, (each, other) in enumerate(zip(inner, there, strict=False)):
                yield from _written(each, other, (*where, word, n), True)


def _misfits(stack: Stack, values: Values, document: dict[str, Any]) -> Iterator[Problem]:
    """Defaults that the chart's own schema refuses, where they are written."""
    data = defaults(values.server) | defaults(values.release)
    document["required"] = [key for key in document["required"] if key != SERVERS]
    for problem in shape.check(data, {}, document, ""):
        yield _placed(stack, problem)


def _placed(stack: Stack, problem: Problem) -> Problem:
    """A problem of the values at the line of the stack or of the fragment that sets the default."""
    path = tuple(part for part in re.split(r"\.|\[\d+\]", problem.key) if part)
    known: Any = stack.values
    for depth, key in enumerate(path):
        known = known.get(key) if isinstance(known, dict) else None
        if known is not None and (depth + 1 == len(path) or not isinstance(known, dict)):
            where = stack.problem(("values", *path), "")
            return Problem(where.path, where.line, f"values.{problem.key}", problem.message, problem.remedy)
    owner, where = _owner(stack, path)
    if not owner:
        return Problem(stack.file, 0, problem.key, problem.message, problem.remedy)
    place = owner.problem("values.schema.yaml", (*where, "default"), "")
    return Problem(place.path, place.line, problem.key, problem.message, problem.remedy or "correct the default")


def _owner(stack: Stack, path: tuple[str, ...]) -> tuple[Fragment | None, tuple[str, ...]]:
    """The fragment that declares the value at a path, or the object above it, and where."""
    found: tuple[Fragment | None, tuple[str, ...], int] = (None, (), 0)
    for fragment in stack.fragments:
        for leaf, where, _ in _leaves(fragment, shared=True):
            same = leaf == path[: len(leaf)]
            if same and len(leaf) > found[2]:
                found = fragment, where, len(leaf)
    return found[:2]
