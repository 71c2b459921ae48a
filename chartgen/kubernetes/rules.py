"""What the API server refuses although the published schemas allow it: rules.yaml, laid over the definitions.

A rule is a JSON Schema that is added to a definition, or to one of its properties.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from ..reading.sentences import secret, shown

FILE = Path(__file__).with_name("rules.yaml")
META, API = "io.k8s.apimachinery.pkg.apis.", "io.k8s.api."
INT32 = ("int32", "int-or-string")  # formats of numbers of 32 bits
# A map with a key that is not null.
SOMETHING = {"not": {"type": "object", "additionalProperties": {"type": "null"}}}
SUBSCHEMAS = ("items", "additionalProperties")
CHOICES = ("const", "enum", "required")  # words that hold values, not schemas

Path_ = tuple[str | int, ...]


@cache
def rules() -> dict[str, dict[str, Any]]:
    """Definition -> property, or an empty text for the definition itself -> what is added to its schema."""
    import yaml

    found: dict[str, dict[str, Any]] = {}
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for name, schema in yaml.load(FILE.read_text(encoding="utf-8"), loader).items():
        group, version, kind, *property = name.split(".")
        full = f"{META if group == 'meta' else API}{group}.{version}.{kind}"
        found.setdefault(full, {})["".join(property)] = _optional(schema)
    return found


def _optional(rule: Any) -> Any:
    """A rule with x-optional also allows the empty text."""
    if isinstance(rule, list):
        return [_optional(each) for each in rule]
    if not isinstance(rule, dict):
        return rule
    made = {word: each if word in CHOICES else _optional(each) for word, each in rule.items() if word != "x-optional"}
    if rule.get("x-optional") and "enum" in made:
        made["enum"] = [*made["enum"], ""]
    if rule.get("x-optional") and "pattern" in made:
        made["pattern"] = f"^$|{made['pattern']}"
    return made


def _nulls(rule: Any) -> Any:
    """A rule for which a key with null is not there, as for the API server, which leaves such a key out."""
    if isinstance(rule, list):
        return [_nulls(each) for each in rule]
    if not isinstance(rule, dict):
        return rule
    made = {word: each if word in CHOICES else _nulls(each) for word, each in rule.items()}
    if "const" in made:
        made["enum"] = [made.pop("const")]
    if "enum" in made and None not in made["enum"]:
        made["enum"] = [*made["enum"], None]
    keys = rule.get("required")
    if isinstance(keys, list):
        given = {"properties": {key: {"not": {"type": "null"}, "x-message": "a value"} for key in keys}}
        made["allOf"] = [*made.get("allOf", []), given]
    if made.get("minProperties") == 1:
        del made["minProperties"]
        made["allOf"] = [*made.get("allOf", []), SOMETHING | {"x-message": made.get("x-message", "at least one key")}]
    # `required` says nothing of what is not a map, and `pattern` of what is not text, such as a null.
    if isinstance(inner := made.get("not"), dict):
        kind = "object" if _of_maps(inner) else "string" if "pattern" in inner else ""
        made["not"] = ({"type": kind} if kind else {}) | inner
    return made


def _of_maps(rule: dict[str, Any]) -> bool:
    """Whether a rule says which keys a map has."""
    parts = [each for word in ("allOf", "anyOf", "oneOf") for each in rule.get(word, ())]
    return isinstance(rule.get("required"), list) or any(map(_of_maps, parts))


def stricter(known: dict[str, Any], nullable: bool = False) -> dict[str, Any]:
    """The definitions with the rules added; what this version of Kubernetes does not have is left out.

    `nullable` are definitions that allow null, as those of manifests do.
    """
    made = {name: added for name, added in rules().items() if name in known}
    if nullable:
        made = {name: _nulls(added) for name, added in made.items()}
        known = {name: _given(_scalar(_bounded(schema))) for name, schema in known.items()}
    return known | {name: _ruled(known[name], added) for name, added in made.items()}


def _bounded(schema: Any) -> Any:
    """A schema whose numbers of 32 bits are in their range, at every depth: validation ignores formats."""
    if isinstance(schema, list):
        return [_bounded(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {word: _bounded(inner) for word, inner in schema.items()}
    return made | ({"minimum": -(2**31), "maximum": 2**31 - 1} if schema.get("format") in INT32 else {})


def _scalar(definition: dict[str, Any]) -> dict[str, Any]:
    """A definition of a text or a number, such as a quantity, that allows null, as those of maps do."""
    types = definition.get("type")
    return definition | ({"type": [*types, "null"]} if isinstance(types, list) and "null" not in types else {})


def _given(definition: dict[str, Any]) -> dict[str, Any]:
    """A definition in which the maps that it requires are not null, which the API server reads as maps without keys."""
    properties = definition.get("properties", {})
    maps = [key for key in definition.get("required", ()) if "$ref" in properties.get(key, {})]
    own = {key: {"allOf": [properties[key], {"not": {"type": "null"}, "x-message": "a value"}]} for key in maps}
    return definition | ({"properties": properties | own} if own else {})


def _ruled(definition: dict[str, Any], added: dict[str, Any]) -> dict[str, Any]:
    made = _joined(definition, added.get("", {}))
    properties = made.get("properties", {})
    own = {key: _joined(properties[key], schema) for key, schema in added.items() if key in properties}
    return made | ({"properties": properties | own} if own else {})


def _joined(schema: dict[str, Any], rule: dict[str, Any]) -> dict[str, Any]:
    """A schema and a rule in one; what is beside a `$ref` is ignored in draft-07, so that such a schema is wrapped."""
    if not rule:
        return schema
    if "$ref" in schema:
        return {"allOf": [schema, rule]}
    made = schema | rule
    for word in SUBSCHEMAS:
        if isinstance(schema.get(word), dict) and word in rule:
            made[word] = _joined(schema[word], rule[word])
    if "enum" in rule and None not in rule["enum"] and "null" in schema.get("type", ()):
        made["enum"] = [*rule["enum"], None]
    if "required" in schema and "required" in rule:
        made["required"] = sorted({*schema["required"], *rule["required"]})
    return made


def broken(schema: dict[str, Any], data: Any) -> dict[Path_, list[tuple[str, str]]]:
    """Path -> (what is wrong, what to do) of each rule with an x-message that an object breaks.

    `schema` is that of its kind.
    """
    from referencing import Registry

    found: dict[Path_, list[tuple[str, str]]] = {}
    for error in _validator()(schema, registry=Registry()).iter_errors(data):
        said, path, value = error.schema.get("x-message"), tuple(error.absolute_path), error.instance
        given = "the value" if secret(path, data) else shown(value)
        message = "the API server refuses it" if isinstance(value, dict | list) else f"{given} is not valid here"
        if "propertyNames" in error.absolute_schema_path:
            path, message = (*path, value), "is not valid as a key"
        if said:
            found.setdefault(path, []).append((message, f"expected {said}"))
    return found


@cache
def _validator() -> Any:
    """A validator for schemas of anybody, whose patterns may be Go's, `^(?i)(abort|warn)?$`, which Python refuses."""
    from jsonschema import Draft7Validator, validators

    words = ("pattern", "patternProperties")
    return validators.extend(Draft7Validator, {word: _lenient(Draft7Validator.VALIDATORS[word]) for word in words})


def _lenient(check: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    def checked(*arguments: Any) -> Iterator[Any]:
        try:
            yield from check(*arguments)
        except re.error:
            return  # our own rules have Python's patterns, and kubeconform has checked the others

    return checked


def inputs() -> str:
    """The text of the rules, which schemas are made from."""
    return json.dumps([rules(), _nulls(rules())], sort_keys=True)
