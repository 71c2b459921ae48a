"""Reads YAML as Helm reads it, but strictly, and remembers on which line everything stands.

Helm reads values through sigs.k8s.io/yaml, which is go-yaml v2 (yamlscalar.py has its rules for scalars). What Helm
takes in silence and nobody means is a problem here: a key that stands twice, a key that is not text (`80:`, `on:`),
a key that a merge below it overwrites.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import yaml
from yaml.composer import ComposerError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from .. import files
from ..problem import Faults, Problem
from .document import Key, Lines, Parsed, dotted, line_of, nearest_line
from .yamlfault import explain
from .yamlscalar import MERGE, plain, tagged

__all__ = ["Key", "Lines", "Parsed", "dotted", "line_of", "nearest_line", "parse", "parse_all", "read", "tree"]

PLAIN, QUOTED = "plain", "quoted"
# libyaml's composer recurses in C and dies of deep nesting. These two find every text that could be deeper than a few
# thousand levels; only such a text has its levels counted first.
MANY_BRACKETS, DEEP_INDENT, DEEPEST = 2000, re.compile(r"^[ ?:-]{1000}", re.M), 500


def read(path: Path, shown: str | None = None) -> Parsed:
    """Parse the file at `path`, which problems call `shown`."""
    shown = shown or str(path)
    try:
        text = files.text(path, shown)
    except Faults as faults:
        return Parsed(None, {}, faults.problems)
    return parse(text, shown)


def parse(text: str, path: str) -> Parsed:
    """Parse a text of one document; an empty text is None. `path` is what problems call it."""
    first, *others = parse_all(text, path) or [Parsed(None)]
    others = [other for other in others if other.data is not None or other.problems]
    if not others:
        return first
    line, remedy = nearest_line(others[0].lines, ()), "keep one document in each file"
    second = Problem(path, line, "", "a second document begins here", remedy)
    return Parsed(first.data, first.lines, [*first.problems, *(others[0].problems or [second])])


def parse_all(text: str, path: str) -> list[Parsed]:
    """Parse every document of a text, lines counted through the text; what follows a syntax error is left out."""
    if _too_deep(text):
        return [Parsed(None, {}, [Problem(path, 1, "", f"has more than {DEEPEST} levels of nesting", "flatten it")])]
    found: list[Parsed] = []
    try:
        for node in _documents(text):
            found.append(_document(node, path, "*" in text and "&" in text))
    except yaml.YAMLError as error:
        found.append(Parsed(None, {}, [explain(error, text, path)]))
    except RecursionError:
        found.append(Parsed(None, {}, [Problem(path, 1, "", "has too many levels of nesting", "flatten it")]))
    return found


def tree(text: str) -> Node | None:
    """The nodes, with their places, of the first document of a text that parses; None where it has none."""
    return next(_documents(text), None)


class _Rules:
    """What a composer is told of a scalar: whether it stood in quotes. PyYAML's own rules are not asked."""

    def resolve(self, kind: type, value: str, implicit: Any) -> str:
        return PLAIN if implicit == (True, False) else QUOTED


# libyaml where PyYAML was built with it, as its wheels are; the Python one takes some ten times as long.
Nodes = type("Nodes", (_Rules, getattr(yaml, "CBaseLoader", yaml.BaseLoader)), {})


class _Again(_Rules, yaml.BaseLoader):
    """A composer for texts that define an anchor twice: the later one counts from there on, as go-yaml takes it."""

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        if not self.check_event(yaml.AliasEvent):
            self.anchors.pop(self.peek_event().anchor, None)
        return super().compose_node(parent, index)


def _documents(text: str) -> Iterator[Node]:
    found = 0
    try:
        for node in _composed(Nodes(text)):
            yield node
            found += 1
    except ComposerError as error:
        if "duplicate anchor" not in str(error):
            raise
        yield from islice(_composed(_Again(text)), found, None)


def _composed(loader: Any) -> Iterator[Node]:
    try:
        while loader.check_node():
            yield loader.get_node()
    finally:
        loader.dispose()


def _too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") < MANY_BRACKETS and not DEEP_INDENT.search(text):
        return False
    depth = 0
    try:
        for event in yaml.parse(text, Loader=Nodes):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                return True
    except yaml.YAMLError as error:
        # The parser has a limit of its own, since 6.0.4; of other faults the composer speaks, who gets no further.
        return "nesting depth" in str(error)
    return False


@dataclass(frozen=True)
class _Made:
    """What building a document collects besides its data; a fault is (line, path, message, remedy)."""

    lines: Lines
    faults: list[tuple[int, Key, str, str]]

    def fault(self, node: Node, path: Key, message: str, remedy: str) -> None:
        self.faults.append((node.start_mark.line + 1, path, message, remedy))


def _document(node: Node, path: str, has_aliases: bool) -> Parsed:
    if has_aliases:
        _refuse_explosion(node)
    made = _Made({(): node.start_mark.line + 1}, [])
    data = _build(node, (), made)
    # What is wrong inside an anchor is met again at each of its aliases, under another path: the first one stays.
    once = {(line, key[-1:], message): (key, remedy) for line, key, message, remedy in reversed(made.faults)}
    problems = [Problem(path, line, dotted(key), message, remedy) for (line, _, message), (key, remedy) in once.items()]
    return Parsed(data, made.lines, sorted(problems))


def _build(node: Node, path: Key, made: _Made) -> Any:
    if node.__class__ is ScalarNode:
        return node.value if node.tag == QUOTED else _scalar(node, path, made)
    if node.__class__ is MappingNode:
        return _map(node, path, made)
    items = []
    for n, item in enumerate(node.value):
        inner = (*path, n)
        made.lines[inner] = item.start_mark.line + 1
        items.append(_build(item, inner, made))
    return items


def _scalar(node: ScalarNode, path: Key, made: _Made) -> Any:
    value, fits = (plain(node.value), True) if node.tag == PLAIN else tagged(node.tag, node.value)
    if not fits:
        made.fault(node, path, f"{node.value} is not a !!{node.tag.rpartition(':')[2]}", "remove the tag")
    elif value is math.inf:
        message = f"{node.value} is a number that JSON cannot represent, so Helm rejects it"
        made.fault(node, path, message, "put it in quotes, or write a finite number")
        return node.value
    return value


def _map(node: MappingNode, path: Key, made: _Made) -> dict[str, Any]:
    data: dict[str, Any] = {}
    own: dict[str, Node] = {}
    for key_node, value_node in node.value:
        if key_node.value == "<<" and key_node.tag in (PLAIN, MERGE):
            _merge(key_node, value_node, data, own, path, made)
            continue
        key = _key(key_node, path, made)
        inner = (*path, key)
        if key in own:
            message = f"duplicate key, first defined on line {own[key].start_mark.line + 1}"
            made.fault(key_node, inner, message, "keep one of the two; Helm would use the last")
        own[key] = key_node
        made.lines[inner] = key_node.start_mark.line + 1
        data[key] = _build(value_node, inner, made)
    return data


def _key(node: Node, path: Key, made: _Made) -> str:
    """The key as text; one that is anything else to Helm is a fault."""
    if node.__class__ is not ScalarNode:
        message = "a map or a list is used as a key"
        made.fault(node, path, message, "put a value that begins with '{' or '[' in quotes, such as a Go template")
        return "?"
    if node.tag == QUOTED:
        return node.value
    value = _scalar(node, (*path, node.value), made)
    if not isinstance(value, str):
        kinds = {bool: "true or false", int: "a number", float: "a number"}
        word = kinds.get(type(value), "null")
        message = f"YAML reads the unquoted key {node.value or '(empty)'} as {word}, not as text"
        made.fault(node, (*path, node.value), message, f'put it in quotes: "{node.value}"')
    return node.value


def _merge(key: Node, node: Node, data: dict[str, Any], own: dict[str, Node], path: Key, made: _Made) -> None:
    """Lay what `<<` names over `data`, as go-yaml v2 does: over the keys above it too; of a list the first wins."""
    maps = node.value if isinstance(node, SequenceNode) else [node]
    if not all(isinstance(each, MappingNode) for each in maps):
        remedy = "name the anchor of a map, or a list of such anchors"
        made.fault(key, (*path, "<<"), "merges a value that is not a map", remedy)
        return
    for each in reversed(maps):
        for name, value in _map(each, path, made).items():
            if name in own and data[name] != value:
                message = f"is overwritten by the merge on line {key.start_mark.line + 1}"
                made.fault(own[name], (*path, name), message, "put '<<' above the keys that it must not overwrite")
            data[name] = value


def _parts(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, SequenceNode) else []


def _weigh(node: Node, weights: dict[int, int]) -> int:
    """How many nodes this one is with each alias written out; in `weights`, by id, 0 while its inside is counted."""
    if id(node) not in weights:
        weights[id(node)] = 0
        parts = _parts(node)
        weights[id(node)] = 1 + sum(_weigh(part, weights) for part in parts)
        weights[0] += len(parts)  # an alias counts where it is written, as a node of its own
    if not weights[id(node)]:
        raise ComposerError(None, None, "an anchor contains itself", node.start_mark)
    return weights[id(node)]


def _refuse_explosion(root: Node) -> None:
    """Refuse aliases that blow a small text up, by go-yaml v2's own measure (allowedAliasRatio in its decode.go)."""
    weights = {0: 1}
    total = _weigh(root, weights)
    aliased = total - weights[0]
    allowed = 0.99 - 0.89 * min(1, max(0, total - 400_000) / 3_600_000)
    if aliased > 100 and total > 1000 and aliased / total > allowed:
        raise ComposerError(None, None, f"aliases make {total} values of {weights[0]}", root.start_mark)
