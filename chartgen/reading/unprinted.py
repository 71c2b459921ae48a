"""Patterns in values.schema.json, in a form in which Helm does not print the value.

Where a text does not match a pattern, Helm prints the text, which can be a token or a URL with a password, and the
pattern, which few can read. Of a `const`, it prints what is wanted: `value must be 'the name of a Kubernetes object'`.
In a chart, `{"pattern": P, "x-message": M}` is therefore `{"if": {"pattern": P}, "else": {"const": M}}`. chartgen
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
NAMED = "under another name: "  # and what a name has to be
WORDLESS = "text that matches "  # and the pattern, where nobody has put it into words


def sealed(schema: Any) -> Any:
    """A schema whose patterns are written so that Helm does not print a value."""
    return _changed(schema, _sealed)


def opened(schema: Any) -> Any:
    """The schema from which `sealed` made this one."""
    return _changed(schema, _opened)


def _changed(schema: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    if not isinstance(schema, dict):
        return schema
    made = {}
    for word, value in schema.items():
        kind = HOLDS.get(word, "")
        if kind == "map" and isinstance(value, dict):
            made[word] = {key: _changed(inner, change) for key, inner in value.items()}
        elif kind == "list" and isinstance(value, list):
            made[word] = [_changed(inner, change) for inner in value]
        # Helm says nothing of what is in these two.
        elif kind == "one" and word not in ("not", "if"):
            made[word] = _changed(value, change)
        else:
            made[word] = value
    return change(made)


def _sealed(schema: dict[str, Any]) -> dict[str, Any]:
    schema = _names_sealed(schema)
    pattern = schema.get("pattern")
    if not isinstance(pattern, str) or not schema.keys().isdisjoint(("if", "then", "else")):
        return schema
    made: dict[str, Any] = {}
    for word, value in schema.items():
        if word == "pattern":
            made |= {"if": {word: value}, "else": {"const": schema.get("x-message", WORDLESS + pattern)}}
        elif word != "x-message":
            made[word] = value
    return made


def _names_sealed(schema: dict[str, Any]) -> dict[str, Any]:
    names, values = schema.get("propertyNames"), schema.get("additionalProperties", {})
    said = names.get("else") if isinstance(names, dict) else None
    plain = isinstance(values, dict) and schema.keys().isdisjoint(("properties", "patternProperties"))
    if not plain or not isinstance(said, dict):
        return schema
    made = {word: value for word, value in schema.items() if word not in ("propertyNames", "additionalProperties")}
    rest = {word: value for word, value in names.items() if word not in ("if", "else")}
    made |= {"propertyNames": rest} if rest else {}
    words = {"additionalProperties": {"const": NAMED + said["const"]}}
    return made | {"patternProperties": {names["if"]["pattern"]: values}} | words


def _names_opened(schema: dict[str, Any]) -> dict[str, Any]:
    other, named = schema.get("additionalProperties"), schema.get("patternProperties")
    said = other.get("const") if isinstance(other, dict) else None
    if not isinstance(said, str) or not said.startswith(NAMED) or not isinstance(named, dict) or len(named) != 1:
        return schema
    ((pattern, values),) = named.items()
    made = {word: value for word, value in schema.items() if word not in ("patternProperties", "additionalProperties")}
    message = said.removeprefix(NAMED)
    words = {} if message == WORDLESS + pattern else {"x-message": message}
    names = {"pattern": pattern, **words, **schema.get("propertyNames", {})}
    return made | {"propertyNames": names} | ({"additionalProperties": values} if values else {})


def _opened(schema: dict[str, Any]) -> dict[str, Any]:
    schema = _names_opened(schema)
    asked, wanted = schema.get("if"), schema.get("else")
    fits = isinstance(asked, dict) and asked.keys() == {"pattern"} and isinstance(asked["pattern"], str)
    if not fits or not isinstance(wanted, dict) or wanted.keys() != {"const"} or "then" in schema:
        return schema
    message = wanted["const"]
    words = {} if message == WORDLESS + asked["pattern"] else {"x-message": message}
    made: dict[str, Any] = {}
    for word, value in schema.items():
        if word == "if":
            made |= asked | words
        elif word != "else":
            made[word] = value
    return made
