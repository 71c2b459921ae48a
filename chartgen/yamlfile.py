"""Reads YAML as Helm reads it, but strictly, and remembers on which line everything stands.

Helm reads values through sigs.k8s.io/yaml, which is go-yaml v2: YAML 1.1's words (`yes`, `on`, `y` are booleans),
Go's numbers (`0777` is 511, `1_000` is 1000), and no dates. tests/yaml/helm.yaml holds what Helm made of each form.
What Helm takes in silence and a person did not mean is a problem here: a key that stands twice, a key that is not
text (`80:`, `on:`), a key that a merge below it overwrites.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.composer import ComposerError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from .problem import Problem

TRUE = ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON")
FALSE = ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF")
NULL = ("", "~", "null", "Null", "NULL")
INFINITE = (".nan", ".NaN", ".NAN", *(sign + word for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")))
WORDS = dict.fromkeys(TRUE, True) | dict.fromkeys(FALSE, False) | dict.fromkeys(NULL) | dict.fromkeys(INFINITE, math.inf)
BASES = {"b": 2, "o": 8, "x": 16}
INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*|0(?:[bB][01]+|[oO]?[0-7]+|[xX][0-9a-fA-F]+))")
FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
POINT_FIRST = re.compile(r"\.[0-9](?:_?[0-9])*(?:[eE][-+]?[0-9](?:_?[0-9])*)?")
PLAIN, QUOTED, STANDARD = "plain", "quoted", "tag:yaml.org,2002:"
TAGS = {"int": (int,), "float": (int, float), "bool": (bool,), "null": (type(None),)}
# libyaml's composer recurses in C and dies of deep nesting. These two find every text that could be deeper than a few
# thousand levels; only such a text has its levels counted first.
MANY_BRACKETS, DEEP_INDENT, DEEPEST = 2000, re.compile(r"^[ ?:-]{1000}", re.M), 500

Path_ = tuple[str | int, ...]
Lines = dict[Path_, int]


@dataclass(frozen=True)
class Parsed:
    """One YAML document: its data, path -> line (from 1; the root is `()`), and what is wrong with it.

    `data` is made of dict, list, str, int, float, bool and None, and is None where the text is not YAML at all.
    """

    data: Any
    lines: Lines = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read(path: Path, shown: str | None = None) -> Parsed:
    """Parse the file at `path`, which problems call `shown`."""
    shown = shown or str(path)
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return Parsed(None, {}, [Problem(shown, line, "", "is not UTF-8 from here on", "save the file as UTF-8")])
    except FileNotFoundError:
        return Parsed(None, {}, [Problem(shown, 0, "", "no such file", "check the path")])
    except OSError as error:
        return Parsed(None, {}, [Problem(shown, 0, "", f"cannot be read: {error.strerror}", "check the path")])
    return parse(text, shown)


def parse(text: str, path: str) -> Parsed:
    """Parse a text of one document; an empty text is None. `path` is what problems call it."""
    first, *others = parse_all(text, path) or [Parsed(None)]
    others = [other for other in others if other.data is not None or other.problems]
    if not others:
        return first
    second = Problem(path, line_of(others[0], ()), "", "a second document begins here", "keep one to a file")
    return Parsed(first.data, first.lines, [*first.problems, *(others[0].problems or [second])])


def parse_all(text: str, path: str) -> list[Parsed]:
    """Parse every document of a text, lines counted through the text; what follows a syntax error is left out."""
    if _too_deep(text):
        return [Parsed(None, {}, [Problem(path, 1, "", f"is nested more than {DEEPEST} deep", "flatten it")])]
    found: list[Parsed] = []
    try:
        for node in _documents(text):
            found.append(_document(node, path, "*" in text))
    except yaml.YAMLError as error:
        found.append(Parsed(None, {}, [_syntax(error, text, path)]))
    except RecursionError:
        found.append(Parsed(None, {}, [Problem(path, 1, "", "is nested too deeply to be read", "flatten it")]))
    return found


def line_of(parsed: Parsed, path: Path_) -> int:
    """The line of `path`, else of its nearest ancestor that has one; 0 where nothing has."""
    return nearest_line(parsed.lines, path)


def nearest_line(lines: Lines, path: Path_) -> int:
    """As `line_of`, from the map of lines alone."""
    return next((lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in lines), 0)


def dotted(path: Path_) -> str:
    """A path as a person writes it: `servers.big.tolerations[0].key`; a key with a dot in it stands in quotes."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (f'"{part}"' if "." in part else part)
    return text


def plain(text: str) -> Any:
    """What Helm makes of an unquoted scalar: a bool, a number, None, or the text as it stands."""
    if text in WORDS:
        return WORDS[text]
    return _number(text) if text[0] in "+-.0123456789" else text


def _number(text: str) -> int | float | str:
    """go-yaml v2's resolve(): underscores fall out, integers are Go's of 64 bits, larger ones are floats."""
    digits = text if text[0] == "." else text.replace("_", "")
    if INTEGER.fullmatch(digits):
        bare = digits.lstrip("+-")
        base = BASES.get(bare[1:2].lower(), 8 if bare[0] == "0" and bare != "0" else 10)
        value = int(digits, base)
        if -(2**63) <= value < (2**63 if bare != digits else 2**64):
            return value
    if (POINT_FIRST if text[0] == "." else FLOAT).fullmatch(digits) and math.isfinite(value := float(digits)):
        return value
    return text


class _Rules:
    """What a composer is told of a scalar: whether it stood in quotes. PyYAML's own rules are not asked."""

    def resolve(self, kind: type, value: str, implicit: Any) -> str:
        return PLAIN if implicit == (True, False) else QUOTED


# libyaml where PyYAML was built with it, as its wheels are; the Python one takes some ten times as long.
Nodes = type("Nodes", (_Rules, getattr(yaml, "CBaseLoader", yaml.BaseLoader)), {})


def _documents(text: str) -> Iterator[Node]:
    loader = Nodes(text)
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
    except yaml.YAMLError:
        pass  # said by the composer, which gets no further than this
    return False


@dataclass(frozen=True)
class _Made:
    """What building a document collects besides its data. A fault is (line, path, message, remedy)."""

    lines: Lines
    faults: list[tuple[int, Path_, str, str]]


def _document(node: Node, path: str, has_aliases: bool) -> Parsed:
    made = _Made({(): node.start_mark.line + 1}, [])
    if has_aliases:
        _refuse_explosion(node)
    data = _build(node, (), made)
    # A fault below an anchor is met once for each of its aliases.
    problems = {(line, key[-1:], text): Problem(path, line, dotted(key), text, remedy) for line, key, text, remedy
                in reversed(made.faults)}
    return Parsed(data, made.lines, sorted(problems.values()))


def _build(node: Node, path: Path_, made: _Made) -> Any:
    if node.__class__ is ScalarNode:
        return _scalar(node, path, made)
    if node.__class__ is MappingNode:
        return _map(node, path, made)
    items = []
    for n, item in enumerate(node.value):
        made.lines[(*path, n)] = item.start_mark.line + 1
        items.append(_build(item, (*path, n), made))
    return items


def _map(node: MappingNode, path: Path_, made: _Made) -> dict[str, Any]:
    data: dict[str, Any] = {}
    own: dict[str, int] = {}
    for key_node, value_node in node.value:
        if key_node.value == "<<" and key_node.tag in (PLAIN, STANDARD + "merge"):
            _merge(key_node, value_node, data, own, path, made)
            continue
        line = key_node.start_mark.line + 1
        key = _key(key_node, path, made)
        inner = (*path, key)
        if key in own:
            text = f"stands twice, first on line {own[key]}"
            made.faults.append((line, inner, text, "keep one of the two; Helm would take the last"))
        own[key] = made.lines[inner] = line
        data[key] = _build(value_node, inner, made)
    return data


def _key(node: Node, path: Path_, made: _Made) -> str:
    """The key as text; one that is anything else to Helm is a fault."""
    if node.__class__ is not ScalarNode:
        fault = ("a map or a list cannot be a key", "put a value that begins with '{' or '[' in quotes, a template too")
        made.faults.append((node.start_mark.line + 1, path, *fault))
        return "{"
    if node.tag == QUOTED:
        return node.value
    value = _scalar(node, (*path, node.value), made)
    if not isinstance(value, str):
        word = "empty, which is null" if not node.value else _kind(value) + " to YAML"
        fault = (f"this key is {word}", f'put it in quotes: "{node.value}"')
        made.faults.append((node.start_mark.line + 1, (*path, node.value), *fault))
        return node.value
    return value


def _kind(value: Any) -> str:
    return {bool: "a boolean", int: "a number", float: "a number"}.get(type(value), "null")


def _merge(key: Node, node: Node, data: dict[str, Any], own: dict[str, int], path: Path_, made: _Made) -> None:
    """Lay what `<<` names over `data`, as go-yaml v2 does: over the keys above it too, the first of a list wins."""
    maps = node.value if isinstance(node, SequenceNode) else [node]
    line = key.start_mark.line + 1
    if not all(isinstance(each, MappingNode) for each in maps):
        made.faults.append((line, (*path, "<<"), "merges what is not a map", "name the anchor of a map, or a list of them"))
        return
    for each in reversed(maps):
        for name, value in _map(each, path, made).items():
            if name in own and data[name] != value:
                text = f"Helm takes the value of the merge below it, on line {line}"
                made.faults.append((own[name], (*path, name), text, "put '<<' above the keys that it must not overwrite"))
            data[name] = value


def _scalar(node: ScalarNode, path: Path_, made: _Made) -> Any:
    if node.tag == QUOTED:
        return node.value
    value = plain(node.value) if node.tag == PLAIN else _tagged(node, path, made)
    if value is math.inf:
        text = f"{node.value} is a number that JSON has no form for, and Helm refuses"
        made.faults.append((node.start_mark.line + 1, path, text, "put it in quotes, or write a finite number"))
        return node.value
    return value


def _tagged(node: ScalarNode, path: Path_, made: _Made) -> Any:
    """A scalar with a tag, such as `!!int "1"`: Helm heeds these five, to it all others say text."""
    word = node.tag.removeprefix(STANDARD)
    if word == "binary":
        value, fits = _decoded(node.value)
    else:
        value = plain(node.value)
        fits = word not in TAGS or type(value) in TAGS[word]
    if not fits:
        made.faults.append((node.start_mark.line + 1, path, f"{node.value} is not a !!{word}", "remove the tag"))
    if word == "float" and fits:
        return float(value)
    return value if word in (*TAGS, "binary") else node.value


def _decoded(text: str) -> tuple[str, bool]:
    from base64 import b64decode

    try:
        return b64decode("".join(text.split()), validate=True).decode("utf-8", "replace"), True
    except ValueError:
        return text, False


def _weigh(node: Node, weights: dict[int, int]) -> int:
    """How many nodes this one is with each alias written out, in `weights` by id; 0 there while its inside is seen."""
    if id(node) not in weights:
        weights[id(node)] = 0
        inside = [] if isinstance(node, ScalarNode) else node.value
        parts = [part for pair in inside for part in pair] if isinstance(node, MappingNode) else inside
        weights[id(node)] = 1 + sum(_weigh(part, weights) for part in parts)
    if not weights[id(node)]:
        raise ComposerError(None, None, "an anchor contains itself", node.start_mark)
    return weights[id(node)]


def _refuse_explosion(root: Node) -> None:
    """Refuse aliases that blow a small text up, by go-yaml v2's own measure (allowedAliasRatio in its decode.go)."""
    weights: dict[int, int] = {}
    total = _weigh(root, weights)
    aliased = total - len(weights)
    allowed = 0.99 - 0.89 * min(1, max(0, total - 400_000) / 3_600_000)
    if aliased > 100 and total > 1000 and aliased / total > allowed:
        raise ComposerError(None, None, f"aliases make {total} values of {len(weights)}", root.start_mark)


# What the two parsers say -> what a person can act on. The first whose words are found is taken; "from" puts it at the
# line where the faulty thing began. {from} and {at} are lines, {char} is the character at which the parser stopped.
SENTENCES = (
    ("unexpected end of stream", "from", "this quote is never closed", "close it"),
    ("a tab character", "at", "a tab where spaces indent", "put spaces in place of the tab"),
    ("cannot start any token", "at", "a value cannot begin with {char}", "put it in quotes"),
    ("mapping values are not allowed", "at", "a second key where a value already stands",
     "indent the key as its neighbours are, or put a value that holds ': ' in quotes"),
    ("sequence entries are not allowed", "at", "a list begins on its key's own line", "begin it on the next line"),
    ("could not find expected ':'", "from", "neither a key nor a value: it has no ': '", "write 'key: value'"),
    ("',' or ']'", "from", "this '[' is not closed, as line {at} shows", "close it with ']'"),
    ("',' or '}'", "from", "this '{' is not closed, as line {at} shows", "close it with '}'"),
    ("parsing a block", "at", "does not fit into the block that begins on line {from}",
     "indent it as that block is; put a value that begins with a quote in quotes as a whole"),
    ("undefined alias", "at", "no anchor of this name stands above", "define it with '&' first, or put the '*' in quotes"),
    ("duplicate anchor", "at", "this anchor is there already, on line {from}", "give one of them another name"),
    ("unknown escape", "at", "a backslash that YAML does not know", "double it, or use single quotes"),
    ("scanning a block scalar", "at", "text behind '|' or '>'", "begin the text on the next line"),
    ("node content", "at", "a value is missing here", "write it, or put a text that begins with {char} in quotes"),
    ("undefined tag handle", "at", "an unknown tag", "put a text that begins with '!' in quotes"),
    ("contains itself", "at", "an anchor contains its own alias", "take the alias out"),
    ("aliases make", "at", "", "write out what the aliases repeat"),
    ("<document start>", "at", "a document begins here without '---'", "put '---' on a line of its own above it"),
)


def _syntax(error: yaml.YAMLError, text: str, path: str) -> Problem:
    if not isinstance(error, yaml.MarkedYAMLError):
        return _unprintable(text, path)
    said = ", ".join(filter(None, (error.context, error.problem)))
    at, begun = error.problem_mark, error.context_mark or error.problem_mark
    where = {"at": at.line + 1, "from": begun.line + 1}
    char = (text.splitlines()[at.line : at.line + 1] or [""])[0][at.column : at.column + 1]
    if char == "\t":
        return Problem(path, where["at"], "", "a tab where spaces indent", "put spaces in place of the tab")
    for words, place, message, remedy in SENTENCES:
        if words in said:
            for name, value in {**where, "char": f"'{char}'"}.items():
                message, remedy = message.replace(f"{{{name}}}", str(value)), remedy.replace(f"{{{name}}}", str(value))
            return Problem(path, where[place], "", message or said, remedy)
    return Problem(path, where["at"], "", said, "mend the YAML here")


def _unprintable(text: str, path: str) -> Problem:
    found = re.search(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    line = text.count("\n", 0, found.start()) + 1 if found else 1
    name = f"U+{ord(found[0]):04X}" if found else "that YAML refuses"
    return Problem(path, line, "", f"a character that does not print, {name}", "remove it, or write it as an escape in double quotes")
