"""The rules of facts: what a text, a number or a name must be, and what the names of a stack are.

A slot declares rules for its keys (`keys`), or one for all that a fill prints (`value`). A rule that refers to the
stack, such as to the images that it has, is resolved to the names that are there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ..conventions import IMAGES
from ..problem import nearest
from ..sources.fragment import Slot
from ..sources.stack import Stack
from .merge import at
from .schema import Values, closed

Rule = dict[str, Any]

# Format -> its pattern, which Go and Python read alike, and what it asks for. An empty text fits each.
FORMATS = {
    "text": (r"", "a text"),
    "line": (r"^[^\n]*$", "one line of text"),
    "path": (r"^/\S*$", "a path that begins with /"),
    "folder": (r"^[^/\s]\S*$", "a path that does not begin with /"),
    "quantity": (r"^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|Pi|Ei|m|k|M|G|T|P|E)?$", "a quantity such as 2Gi"),
    "name": (r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "a name of lowercase letters, digits, dots and dashes"),
    "key": (r"^[-._a-zA-Z0-9]+$", "a key of letters, digits, dots, dashes and underscores"),
    "kind": (r"^[A-Z][A-Za-z0-9]*$", "a kind such as Deployment"),
    "apiVersion": (r"^([a-z0-9.-]+/)?v[0-9]+((alpha|beta)[0-9]+)?$", "a version of an API such as apps/v1"),
    "url": (r"^[a-z][a-z0-9+.-]*://[^\s/]+(/\S*)?$", "a URL such as https://example.com"),
    "metric": (r"^[a-zA-Z_:][a-zA-Z0-9_:]*$", "the name of a metric"),
}
# What `names` refers to -> what it is called in a problem.
NAMES = {
    "image": f"a key of {IMAGES}",
    "value": "the dotted path of a value of this stack",
    "file": "a file of the chart",
    "component": "a component that a fragment of this stack states",
}
BOUNDS = ("minimum", "maximum")


class Among(NamedTuple):
    """The texts that a rule allows, and what they are."""

    known: frozenset[str]
    said: str


@dataclass(frozen=True)
class Names:
    """What the names of a stack are."""

    stack: Stack
    values: Values

    def among(self, rule: Rule) -> Among | None:
        """The names that a rule allows; None where it has none, or where the stack does not say which they are."""
        others = rule.get("or", [])
        if "valueOf" in rule:
            known = (at(self.values.server | self.values.release, rule["valueOf"]) or {}).get("enum", ())
            said = f"a value that {rule['valueOf']} can have"
        elif "names" in rule:
            known, said = self._names(rule["names"]), NAMES[rule["names"]]
        else:
            return None
        said = " or ".join([*others, said])
        return (
            Among(frozenset([*others, *(each for each in known if isinstance(each, str) and each)]), said)
            if known
            else None
        )

    def _names(self, kind: str) -> set[str]:
        if kind == "image":
            return {*(at(self.values.release, IMAGES) or {}).get("properties", {})}
        if kind == "value":
            return {*_paths(self.values.server | self.values.release)}
        if kind == "file":
            return {f"files/{each.id}/{file}" for each in self.stack.fragments for file in each.files}
        return {component for each in self.stack.fragments for component in each.components}


def _paths(properties: dict[str, Any], above: str = "") -> Iterator[str]:
    for key, schema in properties.items():
        yield f"{above}{key}"
        if closed(schema):
            yield from _paths(schema["properties"], f"{above}{key}.")


def resolved(stack: Stack, values: Values) -> dict[str, Slot]:
    """The slots that have rules, by name, each rule with the names that it allows in this stack under `among`."""
    names = Names(stack, values)
    return {
        slot.name: replace(slot, keys=_resolved(slot.keys, names), value=_rule(slot.value, names))
        for fragment in stack.fragments
        for slot in fragment.offers.values()
        if slot.keys or slot.value
    }


def _resolved(keys: dict[str, Rule], names: Names) -> dict[str, Rule]:
    return {key: _rule(rule, names) for key, rule in keys.items()}


def _rule(rule: Rule, names: Names) -> Rule:
    found = dict(rule)
    among = names.among(rule)
    if among:
        found["among"] = among
    for word in ("items", "each", "eachKey"):
        if word in rule:
            found[word] = _rule(rule[word], names)
    return found | ({"keys": _resolved(rule["keys"], names)} if "keys" in rule else {})


def misfit(value: Any, rule: Rule) -> tuple[str, str] | None:
    """What is wrong with a text or a number, and what to do; None where it fits. Its type is right."""
    among, pattern = rule.get("among"), FORMATS.get(rule.get("format", ""))
    if among and value not in among.known:
        known = sorted(among.known)
        close = nearest(str(value), known, "they") or f"use {among.said}"
        return f"{value} is not {among.said}", close
    if isinstance(value, str) and value and pattern and not re.search(pattern[0], value):
        return f"{value} is not {pattern[1]}", f"state {pattern[1]}"
    if not isinstance(value, str) and not _within(value, rule):
        return f"{value} is out of its range", f"state a number {range_of(rule)}"
    return None


def _within(value: Any, rule: Rule) -> bool:
    return rule.get("minimum", value) <= value <= rule.get("maximum", value)


def range_of(rule: Rule) -> str:
    """`from 1 to 65535`, `of at least 0`."""
    if "minimum" in rule and "maximum" in rule:
        return f"from {rule['minimum']} to {rule['maximum']}"
    return f"of at least {rule['minimum']}" if "minimum" in rule else f"of at most {rule['maximum']}"
