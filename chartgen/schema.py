"""Fragments' values.schema.yaml -> one set of values -> the chart's values.schema.json.

What an author writes is JSON Schema with six words of our own, none of which reaches the chart but the last:

- `x-choice: true` on a text: its values are those that the stack's fragments add with `choice`.
- `x-keys-of: files/NAME.yaml` on a text: its values are the keys of that data file.
- `x-merge: true` on a free-form map: an entry of `servers` adds to it, where other free-form maps and all lists are
  replaced whole.
- `x-block: true` on an object with properties: one of Kubernetes' blocks, which an entry replaces whole.
- `x-kubernetes: io.k8s.api.…` in place of a type: Kubernetes' own definition.
- `x-message: text` beside a pattern: what it asks for, in words.

Objects with `properties` are closed, and each property with a default is required, so that `--set gpu=null` gets a
sentence from Helm instead of a template's error.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import yamlfile
from .fragment import Fragment
from .problem import Problem
from .stack import Stack

OURS = ("x-choice", "x-keys-of", "x-merge", "x-block", "x-kubernetes")
# Keywords that hold a schema, or a map or a list of schemas: where to look for more of them.
NESTED = ("items", "additionalProperties", "propertyNames", "not", "if", "then", "else")
NESTED_MAPS = ("properties", "patternProperties", "definitions")
NESTED_LISTS = ("allOf", "anyOf", "oneOf")


@dataclass(frozen=True)
class Values:
    """All values of a stack: key -> schema, each scope in the stack's order, with defaults as the stack sets them."""

    server: dict[str, Any]
    release: dict[str, Any]
    definitions: dict[str, Any]


def gather(stack: Stack) -> tuple[Values, list[Problem]]:
    """Join what the stack's fragments declare, add their choices, lay the stack's defaults over."""
    problems: list[Problem] = []
    values = Values({}, {}, {})
    for fragment in stack.fragments:
        values.definitions.update(copy.deepcopy(fragment.definitions))
    for fragment in stack.fragments:
        for name in fragment.definitions:
            where = ("definitions", name)
            own = values.definitions[name]
            values.definitions[name] = _resolve(fragment, own, values.definitions, where, problems)
    for fragment in stack.fragments:
        for scope in ("server", "release"):
            for key, declared in getattr(fragment, scope).items():
                own = _resolve(fragment, copy.deepcopy(declared), values.definitions, (scope, key), problems)
                _join(fragment, getattr(values, scope), key, own, (scope, key), problems)
    for key in values.server.keys() & values.release.keys():
        problems.append(Problem(stack.file, 0, key, "is declared for every server and for the release", "rename one"))
    _choices(stack, values, problems)
    _defaults(stack, values, problems)
    return values, problems


def children(schema: Any) -> Iterator[dict[str, Any]]:
    """The schemas directly inside `schema`."""
    if not isinstance(schema, dict):
        return
    yield from (schema[word] for word in NESTED if isinstance(schema.get(word), dict))
    for word in NESTED_MAPS:
        yield from schema.get(word, {}).values()
    for word in NESTED_LISTS:
        yield from schema.get(word, [])


def closed(schema: dict[str, Any]) -> bool:
    """Whether it is an object of ours: known properties, merged key by key."""
    return "properties" in schema and not schema.get("x-block")


def default(schema: dict[str, Any]) -> Any:
    """The default of a property: its own, or that of its properties; None where it has none."""
    if "default" in schema:
        return copy.deepcopy(schema["default"])
    return defaults(schema["properties"]) if closed(schema) else None


def defaults(properties: dict[str, Any]) -> dict[str, Any]:
    """The values that stand in values.yaml for these properties."""
    found = {key: default(schema) for key, schema in properties.items()}
    return {key: value for key, value in found.items() if value is not None}


def replaced(properties: dict[str, Any], path: tuple[str, ...] = ()) -> list[str]:
    """The dotted paths that an entry of `servers` replaces whole."""
    found = []
    for key, schema in properties.items():
        if closed(schema):
            found += replaced(schema["properties"], (*path, key))
        elif not schema.get("x-merge"):
            found.append(".".join((*path, key)))
    return found


def values_schema(stack: Stack, values: Values, kubernetes: dict[str, Any]) -> dict[str, Any]:
    """The chart's values.schema.json: draft-07, one self-contained document, closed at every depth.

    `kubernetes` are Kubernetes' definitions by name; those that are used come along.
    """
    entry = {"type": "object", "additionalProperties": False, "properties": {key: _overlay(schema) for key, schema in values.server.items()}}
    server_names = sorted(stack.values.get("servers", {"server": {}}))
    servers = {
        "type": "object",
        "description": "The model servers of this release: a name, and what differs from the defaults above.",
        "propertyNames": {
            "pattern": "^[a-z]([-a-z0-9]{0,28}[a-z0-9])?$",
            "x-message": "a name of at most 30 small letters, digits and dashes that begins with a letter",
        },
        "required": server_names,
        "additionalProperties": {"$ref": "#/definitions/overlay"},
    }
    properties = {key: _required(schema) for key, schema in values.server.items()}
    properties["servers"] = servers
    properties |= {key: _required(schema) for key, schema in values.release.items()}
    document = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$comment": "Made by chartgen from its fragments' values.schema.yaml; do not edit.",
        "title": f"Values of {stack.chart['name']}",
        "type": "object",
        "additionalProperties": False,
        "required": sorted(key for key, schema in properties.items() if key == "servers" or default(schema) is not None),
        "properties": properties,
        "definitions": {"overlay": entry} | {name: _strict(schema) for name, schema in values.definitions.items()},
    }
    document["definitions"] |= _reached(document, kubernetes)
    return _unreferenced_dropped(_without(document, OURS))


def _resolve(
    fragment: Fragment, schema: Any, definitions: dict[str, Any], path: tuple, problems: list[Problem]
) -> Any:
    """Kubernetes' names into references, data files into enums, the objects that base defines into their place."""
    if not isinstance(schema, dict):
        return schema
    name = schema.get("$ref", "").removeprefix("#/definitions/")
    if name in definitions and closed(definitions[name]):
        # An object comes in two forms, with and without what is required: it stands where it is used.
        own = {key: value for key, value in schema.items() if key != "$ref"}
        whole = copy.deepcopy(definitions[name])
        schema = whole | own | {"properties": whole["properties"] | own.get("properties", {})}
        _place_defaults(schema)
    elif name in definitions:
        said = {word: definitions[name][word] for word in ("description", "x-merge") if word in definitions[name]}
        schema = said | schema
    elif name:
        problems.append(
            fragment.problem("values.schema.yaml", path, f"$ref to '{name}', which no fragment of the stack defines")
        )
    if "x-kubernetes" in schema:
        schema["$ref"] = f"#/definitions/{schema['x-kubernetes']}"
    if "x-keys-of" in schema:
        schema["enum"] = schema.get("enum", []) + _keys(fragment, schema["x-keys-of"], path, problems)
    for key, value in list(schema.items()):
        if key in NESTED:
            schema[key] = _resolve(fragment, value, definitions, (*path, key), problems)
        elif key in NESTED_MAPS:
            schema[key] = {
                k: _resolve(fragment, v, definitions, (*path, key, k), problems) for k, v in value.items()
            }
        elif key in NESTED_LISTS:
            schema[key] = [_resolve(fragment, v, definitions, (*path, key, n), problems) for n, v in enumerate(value)]
    return schema


def _place_defaults(schema: dict[str, Any]) -> None:
    """`default` beside a reference to an object: each of its keys becomes its property's default."""
    for key, value in schema.pop("default", {}).items():
        schema["properties"][key]["default"] = value


def _keys(fragment: Fragment, file: str, path: tuple, problems: list[Problem]) -> list[str]:
    text = fragment.files.get(file.removeprefix("files/"))
    if text is None:
        problems.append(fragment.problem("values.schema.yaml", path, f"x-keys-of: no file '{file}' in the fragment"))
        return []
    return list(yamlfile.parse(text, f"{fragment.folder}/{file}").data or {})


def _join(
    fragment: Fragment, into: dict[str, Any], key: str, schema: Any, path: tuple, problems: list[Problem]
) -> None:
    """Add a property; an object that another fragment declared too gains the properties of both."""
    if key not in into:
        into[key] = schema
    elif closed(into[key]) and isinstance(schema, dict) and closed(schema):
        for name, inner in schema["properties"].items():
            _join(fragment, into[key]["properties"], name, inner, (*path, "properties", name), problems)
        into[key] |= {word: value for word, value in schema.items() if word not in into[key]}
    else:
        problems.append(
            fragment.problem("values.schema.yaml", path, "is declared by another fragment of the stack as well",
                             "declare it once; what both need belongs to the one that the other requires")
        )


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
                    fragment.problem("fragment.yaml", ("choice", path), "is not a value with x-choice in this stack")
                )
            elif value not in schema.setdefault("enum", []):
                schema["enum"].append(value)


def _defaults(stack: Stack, values: Values, problems: list[Problem]) -> None:
    """Lay the stack's `values` over the defaults, then see that every choice's default can be chosen."""
    entries = stack.values.get("servers", {})
    for key, value in stack.values.items():
        if key != "servers":
            _set_default(stack, values.server if key in values.server else values.release, key, value, (key,), problems)
    for name, entry in entries.items():
        for key in entry:
            if key not in values.server:
                problems.append(stack.problem(("values", "servers", name, key), "no such key"))
    for path, schema in _leaves({**values.server, **values.release}):
        if "enum" in schema and "default" in schema and schema["default"] not in schema["enum"]:
            enum = ", ".join(map(json.dumps, schema["enum"])) or "nothing"
            problems.append(
                stack.problem(
                    ("values", *path.split(".")),
                    f"{json.dumps(schema['default'])} cannot be chosen in this stack: there is {enum}",
                    "set another default under values:, or add the fragment that brings it",
                )
            )


def _set_default(
    stack: Stack, properties: dict[str, Any], key: str, value: Any, path: tuple, problems: list[Problem]
) -> None:
    schema = properties.get(key)
    if schema is None:
        from .problem import nearest

        problems.append(stack.problem(("values", *path), "no such key", nearest(key, list(properties), "keys")))
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


def _required(schema: dict[str, Any]) -> dict[str, Any]:
    """The form of a property outside an entry: everything that has a default is required."""
    if not closed(schema):
        return _strict(schema)
    needed = schema.get("required", sorted(defaults(schema["properties"])))
    properties = {key: _required(inner) for key, inner in schema["properties"].items()}
    return _object(schema, properties) | ({"required": needed} if needed else {})


def _overlay(schema: dict[str, Any]) -> dict[str, Any]:
    """The form of a property in an entry of `servers`: nothing is required, nothing has a default."""
    kept = {word: value for word, value in schema.items() if word not in ("required", "default", "description", "examples")}
    if not closed(schema):
        return _strict({**kept, **({"required": schema["required"]} if "required" in schema else {})})
    return _object(kept, {key: _overlay(inner) for key, inner in schema["properties"].items()})


def _object(schema: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, **schema, "properties": properties}


def _strict(schema: Any) -> Any:
    """Objects inside free-form maps and lists: closed, what is required is what their author says."""
    if not isinstance(schema, dict):
        return schema
    strict = dict(schema)
    for word, value in schema.items():
        if word in NESTED:
            strict[word] = _strict(value)
        elif word in NESTED_MAPS:
            strict[word] = {key: _strict(inner) for key, inner in value.items()}
        elif word in NESTED_LISTS:
            strict[word] = [_strict(inner) for inner in value]
    return _object(strict, strict["properties"]) if "properties" in strict else strict


def _reached(document: dict[str, Any], kubernetes: dict[str, Any]) -> dict[str, Any]:
    """Those of Kubernetes' definitions that the document refers to, and what they refer to."""
    found: dict[str, Any] = {}
    waiting = _references(document)
    while waiting:
        name = waiting.pop()
        if name in kubernetes and name not in found:
            found[name] = kubernetes[name]
            waiting |= _references(kubernetes[name])
    return dict(sorted(found.items()))


def _references(schema: Any) -> set[str]:
    own = {schema["$ref"].removeprefix("#/definitions/")} if isinstance(schema, dict) and "$ref" in schema else set()
    return own.union(*map(_references, children(schema)))


def _without(value: Any, words: tuple[str, ...]) -> Any:
    """The schema without our own words; what stands beside a reference goes too, since draft-07 ignores it."""
    if isinstance(value, list):
        return [_without(item, words) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _without(inner, words) for key, inner in value.items() if key not in words}


def _unreferenced_dropped(document: dict[str, Any]) -> dict[str, Any]:
    """Definitions that nothing refers to any more (objects that were put in place) are left out."""
    used: set[str] = set()
    waiting = _references({**document, "definitions": {}})
    while waiting:
        name = waiting.pop()
        if name not in used and name in document["definitions"]:
            used.add(name)
            waiting |= _references(document["definitions"][name])
    document["definitions"] = {name: schema for name, schema in document["definitions"].items() if name in used}
    return document
