"""Facts: what fragments state of themselves, against the keys that a slot of facts declares.

What a template writes out is checked when the chart is built; what it works out, when the chart is rendered, by a
template that the builder adds to the checks (factchecks.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterator
from dataclasses import replace
from difflib import get_close_matches
from itertools import islice, pairwise
from typing import Any

from ..conventions import SERVERS as ENTRIES
from ..problem import Problem, nearest
from ..reading import gotemplate, yamlfile
from ..reading.gotemplate import Action, Branch, Call, Define, Node, Term, Text
from ..sources.fragment import Slot
from ..sources.stack import Stack
from . import factrules, forms
from .reads import ANY, FACTS, NOTHING, Read, Source, Use, Value
from .schema import Values
from .ways import way

SERVERS = "fragment.servers"
EVERY = (".Servers", f".Values.{ENTRIES}")  # what all servers are read from
ALL = {"Servers", "Serving"}  # the contexts of all servers, and of those that serve
LOOKING = {"get", "index", "pluck", "dig", "pick", "hasKey"}  # functions that are given keys
HOLE = "\0"  # where an action prints what no text says
ONE_OF, OR = "\1", "\2"  # around the texts that an action may print, and between them
MOST = 8  # so many texts are tried
KEY = re.compile(r"(?P<indent>\s*)(?P<dash>- +)?(?P<key>[A-Za-z]\w*):(?P<value>.*)")
KINDS = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict}

Keys = dict[str, Any]
Line = tuple[str, int, str]  # file, line, text
Defined = dict[str, tuple["Source", Define]]
Printed = dict[str, dict[int, Value]]  # file -> where an action starts -> what it prints
Stated = tuple[str, int, str, str]  # file, line, key, text of the value, of several lines where it is a block


def check(
    stack: Stack, values: Values, sources: list[Source], uses: list[Use], refused: Container[str] = ()
) -> Iterator[Problem]:
    """What fragments state and read against what slots declare.

    In a file that is `refused` for something else, a fact is not missed: it may be what is wrong there.
    """
    defined = {define.name: (source, define) for source in sources for define in source.template.defines}
    ruled = factrules.resolved(stack, values)
    slots = {name: slot for name, slot in ruled.items() if slot.keys}
    # What another slot is filled with can be a map with keys of its own.
    slots |= {name: replace(slot, keys=slot.value["keys"]) for name, slot in ruled.items() if "keys" in slot.value}
    printed = {use.path: use.found.printed for use in uses}
    yield from _undeclared(stack)
    for fragment in stack.fragments:
        for name, template in fragment.fills.items():
            if name in slots and template in defined:
                wrong = [*_stated(slots[name], template, defined, printed)]
                yield from wrong
                if defined[template][0].path not in refused:
                    others = [problem.key for problem in wrong]
                    missing = _unstated(slots[name], template, defined, printed)
                    yield from (problem for problem in missing if not get_close_matches(problem.key, others))
    for use in uses:
        first: dict[str, Problem] = {}
        for read in sorted(use.found.reads, key=lambda read: read.line):
            if read.path[0] == FACTS:
                for problem in _misread(use.path, read, slots):
                    first.setdefault(problem.key, problem)
        yield from first.values()


def circles(stack: Stack, sources: list[Source], uses: list[Use]) -> Iterator[Problem]:
    """Facts that go through all servers."""
    defined = {define.name: (source, define) for source in sources for define in source.template.defines}
    yield from _circles(stack, defined, uses)


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
    keys, begin = slot.keys, 3 if slot.kind == "list" else 2
    for n, key in enumerate(read.path[begin:], begin + 1):
        if key == ANY or not keys:
            return
        if key not in keys:
            message = f"is not a key of {slot.name}"
            yield Problem(path, read.line, ".".join(read.path[:n]), message, nearest(key, list(keys), "its keys"))
            return
        keys = keys[key].get("keys", {})


# --- what a template writes out --------------------------------------------------------------------------------------


def _stated(slot: Slot, template: str, defined: Defined, printed: Printed) -> Iterator[Problem]:
    """What is wrong with the facts that a template fills `slot` with, as far as its text says."""
    source, define = defined[template]
    maps, open_ended = _maps(lines_of(source.path, define.body, defined, {template}, printed), slot.kind == "list")
    for stated in maps:
        names = {key: None if open_ended else _keys_of(stated, key) for key in slot.keys}
        for path, line, key, value in stated:
            if key not in slot.keys:
                message = f"is not a key of {slot.name}"
                yield Problem(path, line, key, message, nearest(key, list(slot.keys), "its keys"))
            elif not value:
                yield Problem(path, line, key, "has no value", "state one, or leave the key out")
            else:
                for inner, message, remedy in dict.fromkeys(_wrong(value, slot.keys[key], names)):
                    yield Problem(path, line, f"{key}{inner}", message, remedy)
    yield from _twice(source.path, define, slot.kind == "list", defined)


def _unstated(slot: Slot, template: str, defined: Defined, printed: Printed) -> Iterator[Problem]:
    """The required facts that a template does not state, as far as its text says."""
    source, define = defined[template]
    maps, open_ended = _maps(lines_of(source.path, define.body, defined, {template}, printed), slot.kind == "list")
    if not open_ended:
        yield from _missing(slot, source.path, define, maps, defined)


def _keys_of(stated: list[Stated], key: str) -> set[str] | None:
    """The keys of a map among the facts; None where its text does not say them."""
    found: set[str] = set()
    for value in (value for _, _, each, value in stated if each == key):
        parsed = yamlfile.parse(value.replace(HOLE, "x-hole"), "")
        if parsed.problems or not isinstance(parsed.data, dict) or ONE_OF in value or "x-hole" in str([*parsed.data]):
            return None
        found |= {str(name) for name in parsed.data}
    return found


def _missing(slot: Slot, path: str, define: Define, maps: list[list[Stated]], defined: Defined) -> Iterator[Problem]:
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
        name = included(node)
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
    for stated in _maps(lines_of(path, always, defined, {define.name}, {}), several)[0]:
        first: dict[str, int] = {}
        for file, line, key, _ in stated:
            if key in first and file == path:
                yield Problem(path, line, key, f"is stated twice, first on line {first[key]}", "keep one of the two")
            first.setdefault(key, line)


def _maps(lines: list[Line], several: bool) -> tuple[list[list[Stated]], bool]:
    """The maps that a template writes; whether it may print other keys."""
    maps: list[list[Stated]] = [] if several else [[]]
    open_ended = False
    own = 2 if several else 0
    for path, line, text in lines:
        match = KEY.match(text)
        depth = len(match["indent"]) + len(match["dash"] or "") if match else 0
        if text.startswith((HOLE, ONE_OF)):
            open_ended = True
        if match and depth == own:
            if match["dash"]:
                maps.append([])
            if maps:
                maps[-1].append((path, line, match["key"], match["value"].strip()))
        elif maps and maps[-1] and text.strip() and not text.lstrip().startswith("#"):
            maps[-1][-1] = _longer(maps[-1][-1], text)
    return maps, open_ended


def _longer(stated: Stated, text: str) -> Stated:
    """Facts with one more line of their last value."""
    path, line, key, value = stated
    if text.startswith((" ", "-")) or not value:
        value = f"{value}\n{text}" if value else text
    return path, line, key, value


def lines_of(path: str, body: tuple[Node, ...], defined: Defined, seen: set[str], printed: Printed) -> list[Line]:
    """The lines that a template may print, with HOLE where an action prints, of all its branches one after another.

    What a line includes as a whole is there in its place; what an action prints, where text says what it may be.
    """
    found: list[Line] = [(path, 0, "")]
    for node in gotemplate.nodes(body):
        file, line, text = found[-1]
        if isinstance(node, Text):
            first, *rest = _without_trimmed(node).split("\n")
            found[-1] = (path, line if text.strip() else node.line, text + first)
            found += [(path, node.line + n, more) for n, more in enumerate(rest, 1)]
        elif isinstance(node, Call) or (isinstance(node, Action) and not node.pipe.names):
            name = "" if text else included(node)
            if name in defined and name not in seen:
                source, define = defined[name]
                found += [*lines_of(source.path, define.body, defined, {*seen, name}, printed), (path, node.line, "")]
            else:
                hole = _texts(printed.get(path, {}).get(node.start, NOTHING))
                found[-1] = (file, line or node.line, text + hole)
        elif isinstance(node, Branch) and text.strip():
            found[-1] = (file, line, text + HOLE)
    return found


def _without_trimmed(node: Text) -> str:
    """The text of a node, its line breaks kept, without the indentation that `-}}` trims."""
    text = node.text.lstrip()
    trimmed = node.printed and not node.printed[:1].isspace()
    return "\n" * (node.text.count("\n") - text.count("\n")) + text if trimmed else node.text


def included(node: Node) -> str:
    """The name of the template that an action includes as it stands; empty where it does anything else."""
    if isinstance(node, Call):
        return node.name
    commands = node.pipe.commands if isinstance(node, Action) else ()
    first = commands[0] if len(commands) == 1 else ()
    return first[1].text if len(first) == 3 and first[0].text == "include" and first[1].kind == "text" else ""


def texts_of(value: Value) -> list[str]:
    """Each text that an action may print; HOLE alone where text does not say."""
    return list(_each(_texts(value)))


def _texts(value: Value) -> str:
    """What an action prints: the texts that it may be, as they are printed, or HOLE."""
    if not value.words or len(value.words) > MOST:
        return HOLE
    quoted = forms.SCALAR in value.prints
    return ONE_OF + OR.join(json.dumps(word) if quoted else word for word in sorted(value.words)) + ONE_OF


def _each(text: str) -> Iterator[str]:
    """Every text that may be printed."""
    before, found, rest = text.partition(ONE_OF)
    words, _, after = rest.partition(ONE_OF)
    for word in words.split(OR) if found else ():
        yield from _each(f"{before}{word}{after}")
    if not found:
        yield text


def _wrong(text: str, rule: Keys, names: dict[str, set[str] | None]) -> Iterator[tuple[str, str, str]]:
    """What is wrong with the text of a value: (key below it, message, remedy); `names` are the keys of other facts."""
    for each in islice(_each(text), MOST):
        if HOLE in each and not each.startswith(("{", "[")) and "\n" not in each and not KEY.match(each):
            continue
        parsed = yamlfile.parse(each.replace(HOLE, "x-hole"), "")
        if not parsed.problems:
            yield from misfits(parsed.data, rule, "", names)


def misfits(value: Any, rule: Keys, at: str, names: dict[str, set[str] | None]) -> Iterator[tuple[str, str, str]]:
    """What is wrong with a value by its rule: (key below it, message, remedy)."""
    if value is None or (isinstance(value, str) and "x-hole" in value):
        return
    kind = rule["type"]
    if not isinstance(value, KINDS[kind]) or (isinstance(value, bool) and kind in ("integer", "number")):
        yield at, f"{json.dumps(value)} is not {_a(kind)}", f"state {_a(kind)}"
    elif "enum" in rule and value not in rule["enum"]:
        yield at, f"{value} is not one of its values", nearest(str(value), [str(each) for each in rule["enum"]], "they")
    elif misfit := factrules.misfit(value, rule) if kind in ("string", "integer", "number") else None:
        yield at, *misfit
    elif "keyOf" in rule:
        known, others = names.get(rule["keyOf"]), rule.get("or", [])
        if known is not None and value not in {*known, *others}:
            message = f"{value} is not {' or '.join([*others, 'a key of ' + rule['keyOf']])}"
            yield at, message, nearest(value, [*others, *sorted(known)], "they")
    elif kind == "array":
        for inner in value:
            yield from misfits(inner, {"type": "string", **rule.get("items", {})}, at, names)
    elif "keys" in rule:
        missing = [key for key, each in rule["keys"].items() if each.get("required") and key not in value]
        for key in missing if not any(get_close_matches(key, map(str, value)) for key in missing) else ():
            yield f"{at}.{key}", "is missing", "state it"
        for key, inner in value.items():
            if key not in rule["keys"]:
                yield f"{at}.{key}", "is not one of its keys", nearest(key, list(rule["keys"]), "its keys")
            else:
                yield from misfits(inner, rule["keys"][key], f"{at}.{key}", names)
    elif kind == "object":
        for key, inner in value.items():
            yield from misfits(str(key), {"type": "string", **rule.get("eachKey", {})}, f"{at}.{key}", names)
            yield from misfits(inner, rule["each"], f"{at}.{key}", names) if "each" in rule else ()


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aio" else f"a {kind}"


# --- what must not go through all servers ----------------------------------------------------------------------------


def _circles(stack: Stack, defined: Defined, uses: list[Use]) -> Iterator[Problem]:
    """Facts of a server that need all servers laid out, which needs the facts of each: Helm would never end.

    The map `servers` of the values is not there either: a server's context has the values of that server.
    """
    fills: dict[str, list[str]] = {}
    for fragment in stack.fragments:
        for name, template in fragment.fills.items():
            fills.setdefault(f"fragment.slot.{name}", []).append(template)
    maps = {(use.path, read.line) for use in uses for read in use.found.reads if read.path == (ENTRIES,)}
    named = {name: list(_references(source.path, define.body, maps)) for name, (source, define) in defined.items()}
    graph = {name: [each for each, _ in found] for name, found in named.items()} | fills
    reached = _reached(graph, SERVERS)
    needed = {
        template
        for fragment in stack.fragments
        for slot in fragment.offers.values()
        if slot.scope == "server" and (slot.name.endswith(".facts") or f"fragment.slot.{slot.name}" in reached)
        for template in fills.get(f"fragment.slot.{slot.name}", [])
    }
    for template in sorted(needed & defined.keys()):
        ways = (way(template, end, lambda name: graph.get(name, ())) for end in (SERVERS, *EVERY))
        found = min(filter(None, ways), key=len, default=[])
        # What a way leads through that is needed too is reported separately.
        if found and not needed.intersection(found[1:]):
            source, _ = defined[template]
            line = next(line for each, line in named[template] if each == found[1])
            last = "reads" if found[-1] in EVERY else "includes"
            message = f"goes through all servers: {' includes '.join(found[:-1])} {last} {found[-1]}"
            remedy = "read the server's own context only; what concerns several servers belongs to release.checks"
            yield Problem(source.path, line, template, message, remedy)


def _references(path: str, body: tuple[Node, ...], maps: set[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    """The named templates that a body may include, each text that could be a name, and the servers that it reads.

    `maps` are the lines of files that read the map `servers` of the values.
    """
    for node in gotemplate.nodes(body):
        if isinstance(node, Call):
            yield node.name, node.line
        if isinstance(node, (Action, Branch, Call)) and node.pipe:
            for command in gotemplate.commands(node.pipe):
                for term in command:
                    if term.kind == "text" and term.text.startswith("fragment."):
                        yield term.text, term.line
                    yield from ((each, term.line) for each in _every(term, command))
                    if (path, term.line) in maps:
                        yield EVERY[1], term.line


def _every(term: Term, command: tuple[Term, ...]) -> Iterator[str]:
    """Whether a term of a command reads all servers: their contexts, or their values."""
    looks = command[0].kind == "function" and command[0].text in LOOKING
    values = any("Values" in each.fields for each in command)
    key = term.text if looks and term.kind == "text" else ""
    if (ALL & {*term.fields} and term.kind != "pipe") or key in ALL:
        yield EVERY[0]
    if ("Values", ENTRIES) in pairwise(term.fields) or (values and key == ENTRIES):
        yield EVERY[1]


def _reached(graph: dict[str, list[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(graph.get(start, ()))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += graph.get(name, ())
    return found
