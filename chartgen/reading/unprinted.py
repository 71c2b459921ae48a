"""Patterns in values.schema.json, in a form in which Helm does not print the value.

Where a text does not match a pattern, Helm prints the text, which can be a token or a URL with a password, and the
pattern, which few can read. Of a `const`, it prints what is wanted: `value must be 'the name of a Kubernetes object'`.
In a chart, `{"pattern": P, "x-message": M}` is therefore `{"if": {"pattern": P}, "else": {"const": M}}`. A `not` and an
`anyOf` beside an `x-message` are moved as well, because Helm says no more of them than that they failed. chartgen
itself reads it back, and says what is wrong in its own sentences.

Where a name does not match `propertyNames`, Helm prints it at a place of another value. In a chart, a map with such
names has its values under `patternProperties`, and every other name is refused by a `const`, at its own place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# Keywords that hold a schema, or a map or a list of schemas: where to look for more of them.
NESTED = ("items", "additionalProperties", "propertyNames", "not", "if", "then", "else")
NESTED_MAPS = ("properties", "patternProperties", "definitions")
NESTED_LISTS = ("allOf", "anyOf", "oneOf")
HOLDS = dict.fromkeys(NESTED, "one") | dict.fromkeys(NESTED_MAPS, "map") | dict.fromkeys(NESTED_LISTS, "list")
ASKED = ("pattern", "not", "anyOf")  # what an x-message says in words
NAMED = "under another name: "  # and what a name has to be
WORDLESS = "text that matches "  # and the pattern, where nobody has put it into words


def sealed(schema: Any) -> Any:
    """A schema whose patterns are written so that Helm does not print a value."""
    # Helm says nothing of what is in an `if`, so what is moved there first stays as it is.
    return _inside(_sealed(schema), sealed) if isinstance(schema, dict) else schema


def opened(schema: Any) -> Any:
    """The schema from which `sealed` made this one."""
    return _opened(_inside(schema, opened)) if isinstance(schema, dict) else schema


def _inside(schema: dict[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for word, value in schema.items():
        kind = HOLDS.get(word, "")
        if kind == "map" and isinstance(value, dict):
            made[word] = {key: change(inner) for key, inner in value.items()}
        elif kind == "list" and isinstance(value, list):
            made[word] = [change(inner) for inner in value]
        elif kind == "one" and word not in ("not", "if"):
            made[word] = change(value)
        else:
            made[word] = value
    return made


def _worded(schema: dict[str, Any]) -> str:
    """What a schema's pattern, not and anyOf ask for; empty if they stay as they are."""
    pattern = schema.get("pattern", "")
    if not isinstance(pattern, str) or not schema.keys().isdisjoint(("if", "then", "else")):
        return ""
    return schema.get("x-message", pattern and WORDLESS + pattern)


def _sealed(schema: dict[str, Any]) -> dict[str, Any]:
    schema = _names_sealed(schema)
    message = _worded(schema)
    moved = [word for word in schema if word in (ASKED if "x-message" in schema else ASKED[:1])]
    if not message or not moved:
        return schema
    made: dict[str, Any] = {}
    for word, value in schema.items():
        if word == moved[0]:
            made |= {"if": {each: schema[each] for each in moved}, "else": {"const": message}}
        elif word not in moved and word != "x-message":
            made[word] = value
    return made


def _names_sealed(schema: dict[str, Any]) -> dict[str, Any]:
    names, values = schema.get("propertyNames"), schema.get("additionalProperties", {})
    plain = isinstance(values, dict) and schema.keys().isdisjoint(("properties", "patternProperties"))
    if not plain or not isinstance(names, dict) or "pattern" not in names or not _worded(names):
        return schema
    refused = {"const": NAMED + _worded(names)}
    patterns, moved = {names["pattern"]: values}, ["pattern", "x-message"]
    but = names.get("not")
    # Names of the second pattern are refused, also if they match the first one.
    if isinstance(but, dict) and but.keys() == {"pattern"}:
        patterns[but["pattern"]] = refused
        moved.append("not")
    made = {word: value for word, value in schema.items() if word not in ("propertyNames", "additionalProperties")}
    rest = {word: value for word, value in names.items() if word not in moved}
    made |= {"propertyNames": rest} if rest else {}
    return made | {"patternProperties": patterns, "additionalProperties": refused}


def _names_opened(schema: dict[str, Any]) -> dict[str, Any]:
    other, named = schema.get("additionalProperties"), schema.get("patternProperties")
    said = other.get("const") if isinstance(other, dict) else None
    if not isinstance(said, str) or not said.startswith(NAMED) or not isinstance(named, dict):
        return schema
    (pattern, values), *excluded = named.items()
    but = {"not": {"pattern": excluded[0][0]}} if excluded else {}
    made = {word: value for word, value in schema.items() if word not in ("patternProperties", "additionalProperties")}
    message = said.removeprefix(NAMED)
    words = {} if message == WORDLESS + pattern else {"x-message": message}
    names = {"pattern": pattern, **but, **words, **schema.get("propertyNames", {})}
    return made | {"propertyNames": names} | ({"additionalProperties": values} if values else {})


def _opened(schema: dict[str, Any]) -> dict[str, Any]:
    schema = _names_opened(schema)
    asked, wanted = schema.get("if"), schema.get("else")
    fits = isinstance(asked, dict) and asked and asked.keys() <= set(ASKED) and "then" not in schema
    if not fits or not isinstance(wanted, dict) or not isinstance(wanted.get("const"), str) or len(wanted) != 1:
        return schema
    message = wanted["const"]
    words = {} if message == WORDLESS + asked.get("pattern", "") else {"x-message": message}
    made: dict[str, Any] = {}
    for word, value in schema.items():
        if word == "if":
            made |= asked | words
        elif word != "else":
            made[word] = value
    return made
