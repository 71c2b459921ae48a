"""What the stack's fragments declare -> one set of values, with the stack's choices and defaults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..conventions import SERVERS
from ..problem import Collected, Problem, nearest
from ..sources.fragment import Fragment
from ..sources.stack import Stack
from .schema import NESTED, NESTED_LISTS, NESTED_MAPS, Values, closed, copied


def gather(stack: Stack) -> Values:
    """Join what the stack's fragments declare, add their choices, lay the stack's defaults over.

    Faults with every problem where they do not fit together.
    """
    problems: list[Problem] = []
    values = Values({}, {}, {})
    for fragment in stack.fragments:
        values.definitions.update(copied(fragment.definitions))
    for fragment in stack.fragments:
        for name in fragment.definitions:
            where = ("definitions", name)
            own = values.definitions[name]
            values.definitions[name] = _resolve(fragment, own, values.definitions, where, problems)
    for fragment in stack.fragments:
        for scope in ("server", "release"):
            for key, declared in getattr(fragment, scope).items():
                own = _resolve(fragment, copied(declared), values.definitions, (scope, key), problems)
                _join(stack, fragment, getattr(values, scope), key, own, (scope, key), problems)
                if key == SERVERS:
                    what, remedy = "is the chart's map of model servers", "choose another name"
                    problems.append(fragment.problem("values.schema.yaml", (scope, key), what, remedy))
    for key in values.server.keys() & values.release.keys():
        fragment = next(each for each in stack.fragments if key in each.release)
        other = next(each for each in stack.fragments if key in each.server)
        what = f"is declared under server: too, by {'this fragment' if other is fragment else other.id}"
        problems.append(fragment.problem("values.schema.yaml", ("release", key), what, "rename one of them"))
    _choices(stack, values, problems)
    _defaults(stack, values, problems)
    Collected(problems).end()
    return values


def _resolve(fragment: Fragment, schema: Any, definitions: dict[str, Any], path: tuple, problems: list[Problem]) -> Any:
    """Kubernetes' names into references, data files into enums, the objects that base defines into their place."""
    if not isinstance(schema, dict):
        return schema
    name = schema.get("$ref", "").removeprefix("#/definitions/")
    if name in definitions and closed(definitions[name]):
        # An object comes in two forms, with and without what is required: it stands where it is used.
        own = {key: value for key, value in schema.items() if key != "$ref"}
        whole = copied(definitions[name])
        schema = whole | own | {"properties": whole["properties"] | own.get("properties", {})}
        problems += _place_defaults(fragment, schema, path)
    elif name in definitions:
        said = {word: definitions[name][word] for word in ("description", "x-merge") if word in definitions[name]}
        schema = said | schema
    elif name:
        problems.append(
            fragment.problem(
                "values.schema.yaml",
                path,
                f"no fragment of the stack defines '{name}'",
                "correct the $ref, or add the fragment that has the definition",
            )
        )
    if "x-kubernetes" in schema:
        schema["$ref"] = f"#/definitions/{schema['x-kubernetes']}"
    if "x-keys-of" in schema:
        # Once: a definition is looked at again where it is used.
        schema["enum"] = schema.get("enum", []) + _keys(fragment, schema.pop("x-keys-of"), path, problems)
    for key, value in list(schema.items()):
        if key in NESTED:
            schema[key] = _resolve(fragment, value, definitions, (*path, key), problems)
        elif key in NESTED_MAPS:
            schema[key] = {k: _resolve(fragment, v, definitions, (*path, key, k), problems) for k, v in value.items()}
        elif key in NESTED_LISTS:
            schema[key] = [_resolve(fragment, v, definitions, (*path, key, n), problems) for n, v in enumerate(value)]
    return schema


def _place_defaults(fragment: Fragment, schema: dict[str, Any], path: tuple) -> list[Problem]:
    """`default` beside a reference to an object: each of its keys becomes its property's default."""
    given, known, where = schema.pop("default", {}), schema["properties"], (*path, "default")
    if not isinstance(given, dict):
        return [fragment.problem("values.schema.yaml", where, "is not a map", f"write one with {', '.join(known)}")]
    problems = []
    for key, value in given.items():
        if key in known:
            known[key]["default"] = value
        else:
            remedy = nearest(key, list(known), "its keys")
            problems.append(fragment.problem("values.schema.yaml", (*where, key), "no such key", remedy))
    return problems


def _keys(fragment: Fragment, file: str, path: tuple, problems: list[Problem]) -> list[str]:
    name = file.removeprefix("files/")
    if name not in fragment.tables:
        what, remedy = f"the fragment has no file '{file}'", "correct x-keys-of, or add the file"
        problems.append(fragment.problem("values.schema.yaml", path, what, remedy))
        return []
    return list(fragment.tables[name] or {})


def _join(
    stack: Stack,
    fragment: Fragment,
    into: dict[str, Any],
    key: str,
    schema: Any,
    path: tuple[str, ...],
    problems: list[Problem],
) -> None:
    """Add a property; an object that another fragment declared too gains the properties of both."""
    if key not in into:
        into[key] = schema
    elif closed(into[key]) and isinstance(schema, dict) and closed(schema) and not _same(into[key], schema):
        for name, inner in schema["properties"].items():
            _join(stack, fragment, into[key]["properties"], name, inner, (*path, "properties", name), problems)
        into[key] |= {word: value for word, value in schema.items() if word not in into[key]}
    else:
        problems.append(
            fragment.problem(
                "values.schema.yaml",
                path,
                f"is also declared by {_declarer(stack, fragment, path).id}",
                "rename one of them, or declare it once, in the fragment that the other one requires",
            )
        )


def _declarer(stack: Stack, fragment: Fragment, path: tuple[str, ...]) -> Fragment:
    """The first fragment that declares the value at a path of values.schema.yaml, or an object of shared ones there."""
    for each in stack.fragments[: stack.fragments.index(fragment)]:
        schema: Any = {path[0]: getattr(each, path[0])}
        for key in path:
            schema = schema.get(key) if isinstance(schema, dict) else None
        if schema is not None:
            return each
    return next(each for each in stack.fragments if path[1] in getattr(each, path[0]))


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two objects have the same properties, none of them an object: they are one thing declared twice."""
    inner = [*one["properties"].values(), *other["properties"].values()]
    return one["properties"].keys() == other["properties"].keys() and not any(map(closed, inner)) and bool(inner)


def at(properties: dict[str, Any], path: str) -> dict[str, Any] | None:
    """The schema of the property at a dotted path."""
    first, *rest = path.split(".")
    schema = properties.get(first)
    for key in rest:
        schema = schema.get("properties", {}).get(key) if schema else None
    return schema


def _choices(stack: Stack, values: Values, problems: list[Problem]) -> None:
    for fragment in stack.fragments:
        for path, value in fragment.choice.items():
            schema = at(values.server, path) or at(values.release, path)
            if not schema or not schema.get("x-choice"):
                problems.append(
                    fragment.problem(
                        "fragment.yaml",
                        ("choice", path),
                        "is not a value with x-choice in this stack",
                        "correct the path, or add the fragment that declares the value",
                    )
                )
            elif value not in schema.setdefault("enum", []):
                schema["enum"].append(value)


def _defaults(stack: Stack, values: Values, problems: list[Problem]) -> None:
    """Lay the stack's `values` over the defaults, then see that every choice's default can be chosen."""
    entries = stack.values.get(SERVERS, {})
    for path, value in (
        (("values", SERVERS), entries),
        *((("values", SERVERS, name), entry) for name, entry in _items(entries)),
    ):
        if not isinstance(value, dict):
            problems.append(stack.problem(path, "is not a map", "write one, or {} for the defaults"))
    everything = values.server | values.release
    for key, value in stack.values.items():
        if key != SERVERS:
            _set_default(stack, everything, key, value, (key,), problems)
    for name, entry in _items(entries):
        for key, _ in _items(entry):
            if key not in values.server:
                remedy = nearest(key, list(values.server), "the keys") or "see values.yaml"
                problems.append(stack.problem(("values", SERVERS, name, key), "no such key", remedy))
    # What a fragment offers below a path that does not exist is reported there.
    misplaced = {
        value
        for fragment in stack.fragments
        for path, value in fragment.choice.items()
        if not (at(everything, path) or {}).get("x-choice")
    }
    for path, schema in _leaves(everything):
        if (
            schema.get("x-choice")
            and "enum" in schema
            and "default" in schema
            and schema["default"] not in {*schema["enum"], *misplaced}
        ):
            enum = ", ".join(map(json.dumps, schema["enum"])) or "none"
            problems.append(
                stack.problem(
                    ("values", *path.split(".")),
                    f"{json.dumps(schema['default'])} is not available in this stack, which has {enum}",
                    "set another default under values:, or add the fragment that provides it",
                )
            )


def _items(found: Any) -> Iterator[tuple[str, Any]]:
    """The entries of a map; none of anything else."""
    yield from found.items() if isinstance(found, dict) else ()


def _set_default(
    stack: Stack, properties: dict[str, Any], key: str, value: Any, path: tuple, problems: list[Problem]
) -> None:
    schema = properties.get(key)
    if schema is None:
        remedy = nearest(key, list(properties), "the keys") or "see values.yaml"
        problems.append(stack.problem(("values", *path), "no such key", remedy))
    elif value is None:
        remedy = "give it a value, or remove the line to use the default"
        problems.append(stack.problem(("values", *path), "null is not allowed here", remedy))
    elif closed(schema) and isinstance(value, dict):
        for name, inner in value.items():
            _set_default(stack, schema["properties"], name, inner, (*path, name), problems)
    else:
        schema["default"] = value


def _leaves(properties: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for key, schema in properties.items():
        if closed(schema):
            yield from _leaves(schema["properties"], f"{path}{key}.")
        else:
            yield f"{path}{key}", schema
