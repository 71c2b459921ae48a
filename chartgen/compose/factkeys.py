"""Facts: what fragments state of themselves, against the keys that a slot of facts declares.

What a template writes out is checked when the chart is built; what it works out, when the chart is rendered, by a
template that the builder adds to the checks (factchecks.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ..problem import Problem, nearest
from ..reading import gotemplate, yamlfile
from ..reading.gotemplate import Action, Branch, Call, Define, Node, Text
from ..sources.fragment import Slot
from ..sources.stack import Stack
from .reads import ANY, FACTS, Read, Source, Use
from .ways import way

SERVERS = "fragment.servers"
HOLE = "\0"  # where an action prints
KEY = re.compile(r"(?P<indent>\s*)(?P<dash>- +)?(?P<key>[A-Za-z]\w*):(?P<value>.*)")
KINDS = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict}

Keys = dict[str, Any]
Line = tuple[str, int, str]  # file, line, text
Defined = dict[str, tuple["Source", Define]]


def check(stack: Stack, sources: list[Source], uses: list[Use]) -> Iterator[Problem]:
    """What fragments state and read against what slots declare, and facts that go through all servers."""
    defined = {define.name: (source, define) for source in sources for define in source.template.defines}
    slots = {slot.name: slot for fragment in stack.fragments for slot in fragment.offers.values() if slot.keys}
    yield from _undeclared(stack)
    for fragment in stack.fragments:
        for name, template in fragment.fills.items():
            if name in slots and template in defined:
                yield from _stated(slots[name], template, defined)
    for use in uses:
        for read in sorted(use.found.reads):
            if read.path[0] == FACTS:
                yield from _misread(use.path, read, slots)
    yield from _circles(stack, sources, defined)


def _undeclared(stack: Stack) -> Iterator[Problem]:
    """Slots of facts that do not say which."""
    for fragment in stack.fragments:
        for name, slot in fragment.offers.items():
            if name.endswith(".facts") and not slot.keys:
                remedy = "add each key with its type and description"
                yield fragment.problem("fragment.yaml", ("offers", name, "keys"), "is missing", remedy)


# --- what a template reads -------------------------------------------------------------------------------------------


def _misread(path: str, read: Read, slots: dict[str, Slot]) -> Iterator[Problem]:
    """What is wrong with a read of facts: a key that is not declared, or facts of the other scope."""
    slot = slots.get(f"{read.path[1]}.facts") if len(read.path) > 1 else None
    if not slot:
        return
    if read.scope and read.scope != slot.scope:
        message = f"are facts of a {slot.scope}, but the template reads the {read.scope}'s"
        yield Problem(path, read.line, ".".join(read.path[:2]), message, f"read them in the context of a {slot.scope}")
    keys, rest = slot.keys, read.path[3:] if slot.kind == "list" else read.path[2:]
    for key in rest:
        if key == ANY or not keys:
            return
        if key not in keys:
            message = f"is not a key of {slot.name}"
            yield Problem(path, read.line, ".".join(read.path), message, nearest(key, list(keys), "its keys"))
            return
        keys = keys[key].get("keys", {})


# --- what a template writes out --------------------------------------------------------------------------------------


def _stated(slot: Slot, template: str, defined: Defined) -> Iterator[Problem]:
    """What is wrong with the facts that a template fills `slot` with, as far as its text says."""
    source, define = defined[template]
    maps, open_ended = _maps(_lines(source.path, define.body, defined, {template}), slot.kind == "list")
    for stated in maps:
        for path, line, key, value in stated:
            if key not in slot.keys:
                message = f"is not a key of {slot.name}"
                yield Problem(path, line, key, message, nearest(key, list(slot.keys), "its keys"))
            else:
                for inner, message, remedy in _wrong(value, slot.keys[key]):
                    yield Problem(path, line, f"{key}{inner}", message, remedy)
    yield from _twice(source.path, define, slot.kind == "list", defined)
    if not open_ended:
        yield from _missing(slot, source.path, define, maps, defined)


def _missing(
    slot: Slot, path: str, define: Define, maps: list[list[tuple[str, int, str, str]]], defined: Defined
) -> Iterator[Problem]:
    """Required keys that the template never states, or only with some values."""
    body = define.body if slot.required else _inner(define.body)
    always = None if slot.kind == "list" else _always(body, defined, {define.name})
    for key, rule in slot.keys.items():
        lines = [line for stated in maps for file, line, each, _ in stated if each == key and file == path]
        if rule.get("required") and not all(key in {each[2] for each in one} for one in maps):
            message = f"{slot.name} requires it, and the template never states it"
            yield Problem(path, define.line, key, message, f"add '{key}: …' to {define.name}")
        elif rule.get("required") and always is not None and key not in always:
            message = f"{slot.name} requires it, and the template states it only with some values"
            yield Problem(path, min(lines, default=define.line), key, message, "state it in every branch")


def _inner(body: tuple[Node, ...]) -> tuple[Node, ...]:
    """The body of the one branch that a template consists of: facts that need not be there may all be missing."""
    nodes = [node for node in body if not isinstance(node, Text) or node.text.strip()]
    whole = len(nodes) == 1 and isinstance(nodes[0], Branch) and nodes[0].kind != "range" and not nodes[0].other
    return _inner(nodes[0].body) if whole else body


def _always(body: tuple[Node, ...], defined: Defined, seen: set[str]) -> set[str]:
    """The keys that a template states whatever the values are: those of a branch if its other one has them too."""
    found: set[str] = set()
    for node in body:
        name = _included(node)
        if isinstance(node, Text):
            found |= {
                match["key"] for line in node.text.split("\n") if (match := KEY.match(line)) and not match["indent"]
            }
        elif isinstance(node, Branch) and node.kind != "range":
            found |= _always(node.body, defined, seen) & _always(node.other, defined, seen)
        elif name in defined and name not in seen:
            found |= _always(defined[name][1].body, defined, {*seen, name})
    return found


def _twice(path: str, define: Define, several: bool, defined: Defined) -> Iterator[Problem]:
    """Keys that a template states twice whatever the values are: YAML takes the last in silence."""
    always = tuple(node for node in define.body if not isinstance(node, Branch))
    for stated in _maps(_lines(path, always, defined, {define.name}), several)[0]:
        first: dict[str, int] = {}
        for file, line, key, _ in stated:
            if key in first and file == path:
                yield Problem(path, line, key, f"is stated twice, first on line {first[key]}", "keep one of the two")
            first.setdefault(key, line)


def _maps(lines: list[Line], several: bool) -> tuple[list[list[tuple[str, int, str, str]]], bool]:
    """The maps that a template writes, as (file, line, key, text of the value); whether it may print other keys."""
    maps: list[list[tuple[str, int, str, str]]] = [] if several else [[]]
    open_ended = False
    for path, line, text in lines:
        if text.startswith(HOLE):
            open_ended = True
        match = KEY.match(text)
        depth = len(match["indent"]) + len(match["dash"] or "") if match else 0
        if not match or depth != (2 if several else 0):
            continue
        if match["dash"]:
            maps.append([])
        if maps:
            maps[-1].append((path, line, match["key"], match["value"].strip()))
    return maps, open_ended


def _lines(path: str, body: tuple[Node, ...], defined: Defined, seen: set[str]) -> list[Line]:
    """The lines that a template may print, with HOLE where an action prints, of all its branches one after another.

    What a line includes as a whole is there in its place.
    """
    found: list[Line] = [(path, 0, "")]
    for node in gotemplate.nodes(body):
        file, line, text = found[-1]
        if isinstance(node, Text):
            first, *rest = node.text.split("\n")
            found[-1] = (path, line if text.strip() else node.line, text + first)
            found += [(path, node.line + n, more) for n, more in enumerate(rest, 1)]
        elif isinstance(node, Call) or (isinstance(node, Action) and not node.pipe.names):
            name = "" if text else _included(node)
            if name in defined and name not in seen:
                source, define = defined[name]
                found += [*_lines(source.path, define.body, defined, {*seen, name}), (path, node.line, "")]
            else:
                found[-1] = (file, line or node.line, text + HOLE)
        elif isinstance(node, Branch) and text.strip():
            found[-1] = (file, line, text + HOLE)
    return found


def _included(node: Node) -> str:
    """The name of the template that an action includes as it stands; empty where it does anything else."""
    if isinstance(node, Call):
        return node.name
    commands = node.pipe.commands if isinstance(node, Action) else ()
    first = commands[0] if len(commands) == 1 else ()
    return first[1].text if len(first) == 3 and first[0].text == "include" and first[1].kind == "text" else ""


def _wrong(text: str, rule: Keys) -> Iterator[tuple[str, str, str]]:
    """What is wrong with the text of a value: (key below it, message, remedy)."""
    if not text or (HOLE in text and not text.startswith(("{", "["))):
        return
    parsed = yamlfile.parse(text.replace(HOLE, "x-hole"), "")
    if not parsed.problems:
        yield from _misfit(parsed.data, rule, "")


def _misfit(value: Any, rule: Keys, at: str) -> Iterator[tuple[str, str, str]]:
    if value is None or (isinstance(value, str) and "x-hole" in value):
        return
    kind = rule["type"]
    if not isinstance(value, KINDS[kind]) or (isinstance(value, bool) and kind in ("integer", "number")):
        yield at, f"{json.dumps(value)} is not {_a(kind)}", f"state {_a(kind)}"
    elif "enum" in rule and value not in rule["enum"]:
        yield at, f"{value} is not one of its values", nearest(str(value), [str(each) for each in rule["enum"]], "they")
    elif kind == "array":
        for inner in value:
            yield from _misfit(inner, {"type": "string", **rule.get("items", {})}, at)
    elif "keys" in rule:
        for key, inner in value.items():
            if key not in rule["keys"]:
                yield f"{at}.{key}", "is not one of its keys", nearest(key, list(rule["keys"]), "its keys")
            else:
                yield from _misfit(inner, rule["keys"][key], f"{at}.{key}")


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aio" else f"a {kind}"


# --- what must not go through all servers ----------------------------------------------------------------------------


def _circles(stack: Stack, sources: list[Source], defined: Defined) -> Iterator[Problem]:
    """Facts of a server that need all servers laid out, which needs the facts of each: Helm would never end."""
    fills: dict[str, list[str]] = {}
    for fragment in stack.fragments:
        for name, template in fragment.fills.items():
            fills.setdefault(f"fragment.slot.{name}", []).append(template)
    graph = {name: _references(define.body) for name, (_, define) in defined.items()} | fills
    reached = _reached(graph, SERVERS)
    needed = {
        template
        for fragment in stack.fragments
        for slot in fragment.offers.values()
        if slot.scope == "server" and (slot.name.endswith(".facts") or f"fragment.slot.{slot.name}" in reached)
        for template in fills.get(f"fragment.slot.{slot.name}", [])
    }
    for template in sorted(needed & defined.keys()):
        found = way(template, SERVERS, lambda name: graph.get(name, ()))
        # What a way leads through that is needed too is reported separately.
        if found and not needed.intersection(found[1:]):
            source, define = defined[template]
            message = f"goes through all servers: {' includes '.join(found)}"
            remedy = "read the server's own context only; what concerns several servers belongs to release.checks"
            yield Problem(source.path, define.line, template, message, remedy)


def _references(body: tuple[Node, ...]) -> list[str]:
    """The named templates that a body may include: each text that could be a name."""
    found = []
    for node in gotemplate.nodes(body):
        if isinstance(node, Call):
            found.append(node.name)
        if isinstance(node, (Action, Branch, Call)) and node.pipe:
            for term in gotemplate.terms(node.pipe):
                if term.kind == "text" and term.text.startswith("fragment."):
                    found.append(term.text)
                if {"Servers", "Serving"} & set(term.fields) and term.kind != "pipe":
                    found.append(SERVERS)
    return found


def _reached(graph: dict[str, list[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(graph.get(start, ()))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += graph.get(name, ())
    return found
