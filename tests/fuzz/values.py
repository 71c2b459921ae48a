"""Makes values from a JSON Schema (draft-07), by a seed.

A library such as hypothesis-jsonschema makes complete documents from a schema alone, and a chart with rules across
values refuses nearly all of those. Here a file is an example or a case of the chart, or nothing, with a few values
changed, so that most of them render; and it takes no more than what re and jsonschema have.
"""

from __future__ import annotations

import copy
import random
import re
import string
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft7Validator

DEEPEST = 6
WORDS = ("a", "tiny", "team/tiny", "models", "x-1", "0", "true", "null", "1e3", "ä", "a b", "", "8080", "~", "{{ . }}")
AMOUNTS = ("1", "500m", "2Gi", "100Mi", "1.5", "0", "1e3", "10G")
PARSER = re._parser  # type: ignore[attr-defined]  # what re itself uses


class Maker:
    """Values by a schema; `chance` decides everything."""

    def __init__(self, schema: dict[str, Any], chance: random.Random) -> None:
        self.schema, self.chance = schema, chance

    def made(self, base: dict[str, Any], changes: int) -> dict[str, Any]:
        """`base` with values at so many places changed."""
        data = copy.deepcopy(base)
        for _ in range(changes):
            self._change(data, self.schema, 0)
        return data

    def _change(self, data: dict[str, Any], schema: dict[str, Any], depth: int) -> None:
        """Set one key, here or further in."""
        schema = self.resolved(schema)
        keys = list(schema.get("properties", {}))
        free = schema.get("additionalProperties")
        named = isinstance(free, dict)
        if named and (not keys or self.chance.random() < 0.3):
            key = self.chance.choice([*data, self._name(schema)])
            inner = free
        elif keys:
            key = self.chance.choice(keys)
            inner = schema["properties"][key]
        else:
            return
        here = self.resolved(inner)
        if here.get("type") == "object" and depth < DEEPEST and isinstance(data.get(key, {}), dict):
            data[key] = data.get(key, {})
            if self.chance.random() < 0.8:
                self._change(data[key], here, depth + 1)
                self._required(data[key], here, depth + 1)
                return
        data[key] = self.value(inner, depth + 1)

    def _required(self, data: dict[str, Any], schema: dict[str, Any], depth: int) -> None:
        for key in schema.get("required", ()):
            if key not in data and key in schema.get("properties", {}):
                data[key] = self.value(schema["properties"][key], depth)

    def value(self, schema: dict[str, Any], depth: int = 0) -> Any:
        """A value that the schema accepts, most of the time."""
        for _ in range(20):
            found = self._value(schema, depth)
            if Draft7Validator({**schema, "definitions": self.schema["definitions"]}).is_valid(found):
                return found
        return found

    def _value(self, schema: dict[str, Any], depth: int) -> Any:
        schema = self.resolved(schema)
        for word in ("anyOf", "oneOf"):
            if word in schema and "type" not in schema:
                return self._value(self.chance.choice(schema[word]), depth)
        if "enum" in schema:
            return self.chance.choice(schema["enum"])
        if "const" in schema:
            return schema["const"]
        shown = [*schema.get("examples", ()), *([schema["default"]] if "default" in schema else [])]
        if shown and self.chance.random() < 0.4:
            return copy.deepcopy(self.chance.choice(shown))
        kind = schema.get("type", "string")
        kind = self.chance.choice(kind) if isinstance(kind, list) else kind
        return getattr(self, f"_{kind}")(schema, depth)

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        """A schema with its references, and the parts of an allOf that have a type."""
        while "$ref" in schema:
            schema = self.schema["definitions"][schema["$ref"].rpartition("/")[2]]
        for part in schema.get("allOf", ()):
            if "$ref" in part or "type" in part:
                schema = self.resolved(part) | {key: value for key, value in schema.items() if key != "allOf"}
        return schema

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        keys = list(schema.get("properties", {}))
        data: dict[str, Any] = {}
        few = 0 if depth > DEEPEST else self.chance.choice((0, 1, 1, 2))
        for key in self.chance.sample(keys, min(few, len(keys))):
            data[key] = self.value(schema["properties"][key], depth + 1)
        free = schema.get("additionalProperties", True)
        if isinstance(free, dict) and depth <= DEEPEST:
            for _ in range(self.chance.choice((0, 1, 2))):
                data[self._name(schema)] = self.value(free, depth + 1)
        self._required(data, schema, depth + 1)
        return data

    def _name(self, schema: dict[str, Any]) -> str:
        return str(self.value({"type": "string", **schema.get("propertyNames", {"pattern": "^[a-z][a-z0-9-]{0,8}$"})}))

    def _array(self, schema: dict[str, Any], depth: int) -> list[Any]:
        least, most = schema.get("minItems", 0), schema.get("maxItems", 3)
        number = self.chance.randint(least, max(least, min(most, 0 if depth > DEEPEST else 2)))
        return [self.value(schema.get("items", {}), depth + 1) for _ in range(number)]

    def _string(self, schema: dict[str, Any], depth: int) -> str:
        if "pattern" in schema:
            pattern = schema["pattern"]
            if "KMGTPE" in pattern:
                return self.chance.choice(AMOUNTS)
            return "".join(self._text(PARSER.parse(pattern)))[: schema.get("maxLength", 200)]
        return self.chance.choice(WORDS) or "x" * schema.get("minLength", 0)

    def _text(self, parsed: Any) -> Iterator[str]:
        """Text that a regular expression matches."""
        for kind, what in parsed:
            name = str(kind)
            if name == "LITERAL":
                yield chr(what)
            elif name == "NOT_LITERAL":
                yield self.chance.choice([each for each in string.ascii_letters if ord(each) != what])
            elif name == "ANY":
                yield self.chance.choice("abcz09-_/ ")
            elif name == "IN":
                yield self._of_class(what)
            elif name == "BRANCH":
                yield from self._text(self.chance.choice(what[1]))
            elif name == "SUBPATTERN":
                yield from self._text(what[3])
            elif name in ("MAX_REPEAT", "MIN_REPEAT"):
                least, most, inner = what
                for _ in range(self.chance.randint(least, min(int(most), least + self.chance.choice((0, 1, 1, 8))))):
                    yield from self._text(inner)

    def _of_class(self, parts: Any) -> str:
        if str(parts[0][0]) == "NEGATE":
            wrong = "".join(self._of_class([part]) for part in parts[1:])
            return self.chance.choice([each for each in "abcxyz019.-_/" if each not in wrong])
        kind, what = self.chance.choice(parts)
        if str(kind) == "RANGE":
            return chr(self.chance.randint(what[0], min(what[1], what[0] + 25)))
        if str(kind) == "CATEGORY":
            return {"CATEGORY_DIGIT": "7", "CATEGORY_SPACE": " ", "CATEGORY_NOT_SPACE": "x"}.get(str(what), "w")
        return chr(what)

    def _integer(self, schema: dict[str, Any], depth: int) -> int:
        least, most = schema.get("minimum", -1), schema.get("maximum", schema.get("minimum", 0) + 100)
        return self.chance.choice((least, most, self.chance.randint(int(least), int(most)), int(least) + 1))

    def _number(self, schema: dict[str, Any], depth: int) -> float:
        return self._integer(schema, depth) if self.chance.random() < 0.5 else float(self._integer(schema, depth))

    def _boolean(self, schema: dict[str, Any], depth: int) -> bool:
        return self.chance.random() < 0.5

    def _null(self, schema: dict[str, Any], depth: int) -> None:
        return None


def spoilt(chance: random.Random, data: Any) -> Any:
    """Values with one of them of another type, or one key misspelt."""
    data = copy.deepcopy(data)
    places = list(_places(data))
    if not places:
        return data
    place, key = chance.choice(places)
    if isinstance(key, str) and chance.random() < 0.4:
        place[key + chance.choice("xs")] = place.pop(key)
    else:
        place[key] = chance.choice([None, True, -5, 1.5, "odd", [], [[1]], {}, {"a": 1}, "9" * 30, "\x07"])
    return data


def _places(data: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(data) if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ():
        yield data, key
        yield from _places(data[key])
