"""The texts that values can hold: where they are, by the schema, and what hostile or odd ones do to a render."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

Path_ = tuple[str | int, ...]
Schema = dict[str, Any]

ODD = [
    *("123", "12345e6", "1e3", "007", "0x1f", "0o17", "1_000", "1.0", ".5", "-1", "0", "1:30", "2026-01-01"),
    *("on", "no", "y", "null", "~", "true", "NaN", ".inf", "<<", "=", "NULL"),
    *("a.b", "-", "- a", "-a", "--- a", "a: b", "a:", ": b", "a #b", "#b", "? a", "! a", "!!int 1", "&a b", "*a", "@a"),
    *(
        "`a",
        "%a",
        "|",
        ">",
        "| a",
        "[a",
        "]",
        "{a",
        "}",
        "{{ .Values }}",
        "[a, b]",
        "{a: b}",
        "a, b",
        "a;b",
        "$(A)",
        "$A",
    ),
    *(
        "'",
        '"',
        "a'b",
        'a"b',
        "'a'",
        '"a"',
        "\\",
        "a\\nb",
        "\\x41",
        "a\tb",
        " a",
        "a ",
        "a  b",
        "é",
        "模型",
        "\U0001f600",
    ),
    *("a\nb", "a\n- b", "a\nb: c", "a\n\nb", "a\n", "\na", "a\r\nb", "a\u2028b", "a\u2029b", "a\u0085b", "a\u00a0b"),
    *("a\ufeffb", "\ufeffa", "a\x07b", "a\x7fb", "a\x00b"),
    *("../a", "/", "/a/../b", "a" * 300, "a" * 4000),
]
MARK = "qzmarkqz"
# What a text is put into where the schema wants a certain form: the first that fits MARK.
FRAMES = ["{}", "/{}", "http://{}", "https://example.com/{}", "redis://{}", "{}{}", "{}=1"]
HASH = re.compile(r"(?<![0-9a-f])(?:[0-9a-f]{8}|[0-9a-f]{16}|[0-9a-f]{64})(?![0-9a-f])")


@dataclass(frozen=True)
class Place:
    """A text in a values file. `path` leads to it; `of_key`: it is the key there; `general` has * for names."""

    file: Path
    path: Path_
    of_key: bool
    general: str


class Texts:
    """The texts of values, by a chart's schema."""

    def __init__(self, schema: Schema) -> None:
        self.root = _as_go_reads(schema)
        self._validator = jsonschema.Draft7Validator(self.root)

    def alternatives(self, schema: Any) -> Iterator[Schema]:
        """A schema with its references followed, and all that it allows instead."""
        if not isinstance(schema, dict):
            return
        if "$ref" in schema:
            name = schema["$ref"].removeprefix("#/definitions/")
            yield from self.alternatives(self.root["definitions"][name])
            return
        yield schema
        for word in ("anyOf", "oneOf", "allOf"):
            for each in schema.get(word, ()):
                yield from self.alternatives(each)

    def below(self, schemas: list[Schema], key: str | int) -> list[Schema]:
        """The schemas of what is under a key or in a list."""
        found = []
        for schema in schemas:
            if isinstance(key, int):
                inner = schema.get("items")
            else:
                inner = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
            found += list(self.alternatives(inner))
        return found

    def places(self, file: Path, data: Any) -> Iterator[Place]:
        """Every text in a values file that the schema does not choose from a list, and every name of a map."""
        yield from self._walk(file, data, list(self.alternatives(self.root)), (), ())

    def _walk(
        self, file: Path, node: Any, schemas: list[Schema], path: Path_, general: tuple[str, ...]
    ) -> Iterator[Place]:
        if isinstance(node, str) and not any("enum" in each or "const" in each for each in schemas):
            yield Place(file, path, False, ".".join(general))
        if isinstance(node, list):
            for n, item in enumerate(node):
                yield from self._walk(file, item, self.below(schemas, n), (*path, n), (*general, "*"))
        if isinstance(node, dict):
            named = [key for schema in schemas for key in schema.get("properties", {})]
            for key, value in node.items():
                free = key not in named
                if free:
                    yield Place(file, (*path, key), True, ".".join((*general, "*")) + "!")
                yield from self._walk(
                    file, value, self.below(schemas, key), (*path, key), (*general, "*" if free else key)
                )

    def accepts(self, place: Place, text: str) -> bool:
        """Whether the schema allows this text in a place."""
        schemas = list(self.alternatives(self.root))
        for key in place.path[:-1] if place.of_key else place.path:
            schemas = self.below(schemas, key)
        if place.of_key:
            schemas = [each.get("propertyNames", {}) for each in schemas]
        return any(self._validator.evolve(schema=each).is_valid(text) for each in schemas)

    def frame(self, place: Place) -> str:
        """What texts are put into in this place, empty if nothing here fits."""
        return next((each for each in FRAMES if self.accepts(place, each.replace("{}", MARK))), "")

    def declared(self) -> set[str]:
        """The general paths of all texts that the chart's own values declare at the top level."""
        return set(self._declared(self.root, ()))

    def _declared(self, schema: Any, path: tuple[str, ...]) -> Iterator[str]:
        name = schema.get("$ref", "") if isinstance(schema, dict) else ""
        if ".k8s." in name or path[:1] == ("servers",):
            return
        for each in self.alternatives(schema):
            kinds = each.get("type", ())
            if "string" in ([kinds] if isinstance(kinds, str) else kinds) and "enum" not in each:
                yield ".".join(path)
            for key, inner in each.get("properties", {}).items():
                yield from self._declared(inner, (*path, key))
            for word in ("items", "additionalProperties"):
                if isinstance(each.get(word), dict):
                    yield from self._declared(each[word], (*path, "*"))


def _as_go_reads(node: Any) -> Any:
    """A schema whose patterns mean in Python what they mean in Go: classes of ASCII alone, and $ is the very end."""
    if isinstance(node, list):
        return [_as_go_reads(each) for each in node]
    if not isinstance(node, dict):
        return node
    found = {key: _as_go_reads(value) for key, value in node.items()}
    if isinstance(found.get("pattern"), str):
        found["pattern"] = "(?a)" + re.sub(r"(?<!\\)\$$", r"\\Z", found["pattern"])
    return found


def with_text(data: Any, place: Place, text: str) -> Any:
    """The values with another text in a place."""
    data = copy.deepcopy(data)
    node = data
    for key in place.path[:-1]:
        node = node[key]
    last = place.path[-1]
    if place.of_key:
        items = [(text if key == last else key, value) for key, value in node.items()]
        node.clear()
        node.update(items)
    else:
        node[last] = text
    return data


def dumped(values: Any) -> str:
    """Values as JSON that YAML reads: it does not know the pairs that JSON writes for characters above U+FFFF."""
    return json.dumps(values).replace("\\ud83d\\ude00", "\U0001f600")


def unlike(one: Any, other: Any, mark: str, text: str, path: str = "") -> Iterator[str]:
    """Where a render with a mark and one with a text differ in more than the text itself."""
    one, other = _named(one), _named(other)
    if isinstance(one, dict) and isinstance(other, dict):
        marked = [key for key in one if MARK in key]
        plain = {HASH.sub("#", key): key for key in one if MARK not in key}
        found = {HASH.sub("#", key): key for key in other}
        rest = [key for key in found if key not in plain]
        if not plain.keys() <= found.keys() or len(rest) != len(marked):
            yield f"{path}: keys {sorted(plain.keys() ^ found.keys())[:4]}"
            return
        pairs = {key: found[name] for name, key in plain.items()}
        pairs |= {key: _match(key, rest, mark, text) for key in marked}
        for key, name in pairs.items():
            if name not in other:
                yield f"{path}: {key!r} is {rest}"
            else:
                yield from unlike(one[key], other[name], mark, text, f"{path}.{key}"[:200])
    elif isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            yield f"{path}: {len(one)} items are {len(other)}"
            return
        for n, pair in enumerate(zip(one, other, strict=True)):
            yield from unlike(*pair, mark, text, f"{path}[{n}]")
    elif isinstance(one, str) and isinstance(other, str):
        # In the value of a variable, Kubernetes reads $$ as $.
        kept = {text, text.replace("$", "$$")} if ".env." in path else {text}
        if (one == mark and other not in kept) or (MARK not in one and HASH.sub("#", one) != HASH.sub("#", other)):
            yield f"{path}: {one[:80]!r} is {other[:80]!r}"
    elif one != other or type(one) is not type(other):
        yield f"{path}: {one!r} is {other!r}"


def _named(node: Any) -> Any:
    """A list of objects with names by their names: what a map's order decides is not compared."""
    if (
        isinstance(node, list)
        and node
        and all(isinstance(each, dict) and isinstance(each.get("name"), str) for each in node)
    ):
        found = {each["name"]: each for each in node}
        return found if len(found) == len(node) else node
    return node


def _match(key: str, rest: list[str], mark: str, text: str) -> str:
    """The key of the other render that a key with the mark became; the key itself if there is none."""
    wanted = key.replace(mark, text)
    return wanted if wanted in rest else next((each for each in rest if key != mark), key)
