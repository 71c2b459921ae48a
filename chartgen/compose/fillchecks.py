"""What fills slots that are not facts: their text against the rule of the slot, and fills that need themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from ..problem import Problem, nearest
from ..reading import gotemplate, yamlfile
from ..reading.gotemplate import Action, Branch, Call, Define, Node, Term, Text
from ..sources.fragment import Slot
from ..sources.stack import Stack
from . import factrules, owners
from .factkeys import HOLE, ONE_OF, OR, Defined, Printed, included, lines_of, misfits, texts_of
from .reads import NOTHING, SERVER, Source, Use
from .schema import Values
from .ways import way

SLOT = "fragment.slot."
ENTRY = re.compile(r"(?P<key>[^\s#].*?):(?:[ \t]+(?P<value>\S.*))?")
ITEM = re.compile(r"-[ \t]+(?P<value>\S.*)")
QUOTES = "\"'`"
CHECKS = ".checks"  # what the names of slots that collect errors end with
CHECKED = re.compile(r"[A-Za-z][\w.-]*")
REMEDY = re.compile(r";\s*\S")
MOST = 24  # so many texts that a fill may print are looked at


class Printable(NamedTuple):
    """A text that a template may print, and the line on which it begins."""

    text: str
    line: int


def check(stack: Stack, values: Values, sources: list[Source], uses: list[Use]) -> Iterator[Problem]:
    """Fills that break the rule of their slot, and those that need what they fill."""
    defined = {define.name: (source, define) for source in sources for define in source.template.defines}
    printed = {use.path: use.found.printed for use in uses}
    slots = {name: slot for name, slot in factrules.resolved(stack, values).items() if slot.value}
    slots = {name: slot for name, slot in slots.items() if "keys" not in slot.value}  # factkeys.py
    every = {name: slot for fragment in stack.fragments for name, slot in fragment.offers.items()}
    found = {use.path: use.found for use in uses}
    for fragment in stack.fragments:
        for name, template in fragment.fills.items():
            if name in slots and template in defined:
                yield from _wrong(slots[name], defined[template], defined, printed)
            if name.endswith(CHECKS) and name in every and template in defined:
                yield from _without_remedy(every[name], template, defined, printed, values)
    for slot in slots.values():
        if slot.default:
            yield from _needs(stack, slot, defined, found)
    yield from _circles(stack, defined)


def _wrong(slot: Slot, fill: tuple[Source, Define], defined: Defined, printed: Printed) -> Iterator[Problem]:
    source, define = fill
    seen: set[Problem] = set()
    for path, text, first in _printed(source.path, define, defined, printed):
        for line, key, value in _parts(slot.kind, text, first):
            for problem in _judged(slot, path, line, key, value):
                if problem not in seen:
                    seen.add(problem)
                    yield problem


def _without_remedy(slot: Slot, template: str, defined: Defined, printed: Printed, values: Values) -> Iterator[Problem]:
    """Lines of a check that do not say what to do, or of which value."""
    source, define = defined[template]
    for path, number, line in dict.fromkeys(lines_of(source.path, define.body, defined, {template}, printed)):
        said = "".join(text.partition(OR)[0] for text in line.split(ONE_OF)).strip()
        known = said.replace(HOLE, "").strip(" :")
        if known and not REMEDY.search(said):
            shown = said.replace(HOLE, "{{…}}")
            yield Problem(
                path, number, shown, "does not say what to do", "write it as 'key: what is wrong; what to do'"
            )
        elif known and (wrong := _keyless(said, values, slot.scope)):
            yield Problem(path, number, said.partition(";")[0].replace(HOLE, "{{…}}"), *wrong)


def _keyless(said: str, values: Values, scope: str) -> tuple[str, str] | None:
    """What is wrong with the key that a line of a check begins with, as far as it is written out.

    What is said of a server itself has no key: the chart writes its name before it.
    """
    key, colon, _ = said.partition(": ")
    if HOLE in key or (not colon and HOLE in said):
        return None
    if not colon or not CHECKED.fullmatch(key):
        if scope == SERVER:
            return None
        return "does not begin with the key of a value", "write it as 'key: what is wrong; what to do'"
    missing = owners.undeclared(values, tuple(key.split(".")))
    if not missing:
        return None
    last, there = missing
    return f"begins with {key}, which no fragment declares", nearest(key.split(".")[last], there, "the keys")


def _parts(kind: str, text: str, first: int) -> Iterator[tuple[int, str, str]]:
    """The entries, items or words of what a fill prints: (line, key, value)."""
    if kind == "one":
        yield first, "", text.strip()
        return
    for n, line in enumerate(text.split("\n"), first):
        match = (ENTRY if kind == "map" else ITEM).fullmatch(line.rstrip())
        if match:
            yield n, match.groupdict().get("key") or "", match["value"] or ""


def _judged(slot: Slot, path: str, line: int, key: str, value: str) -> Iterator[Problem]:
    rule = slot.value
    if slot.kind == "one":
        if value[:1] in QUOTES and value and rule["type"] == "string":
            yield Problem(path, line, slot.name, f"{value} has quotes, which are a part of the text", "remove them")
        elif value and HOLE not in value:
            said = {"true": True, "false": False}.get(value, value) if rule["type"] == "boolean" else value
            yield from (Problem(path, line, slot.name, *wrong) for wrong in _of(said, rule))
        return
    name = _plain(key)
    if "eachKey" in rule and name and HOLE not in name:
        yield from (Problem(path, line, slot.name, *wrong) for wrong in _of(name, rule["eachKey"]))
    inner = rule.get("items") if slot.kind == "list" else rule.get("each")
    if inner and value and HOLE not in value:
        parsed = yamlfile.parse(value, "")
        if not parsed.problems:
            yield from (Problem(path, line, slot.name, *wrong) for wrong in _of(parsed.data, inner))


def _of(value: object, rule: factrules.Rule) -> Iterator[tuple[str, str]]:
    return ((message, remedy) for _, message, remedy in misfits(value, rule, "", {}))


def _plain(key: str) -> str:
    return key[1:-1] if key[:1] in QUOTES and key[-1:] == key[:1] else key


# --- what a template prints ------------------------------------------------------------------------------------------


def _printed(path: str, define: Define, defined: Defined, printed: Printed) -> Iterator[tuple[str, str, int]]:
    """Each text that a template may print, with its file and the line on which it begins; HOLE is what is not known."""
    for each in islice(_bodies(path, define.body, defined, printed, {define.name}), MOST):
        text = each.text.lstrip("\n \t") if each.text.strip() else ""
        if text:
            yield path, text, each.line + each.text[: len(each.text) - len(text)].count("\n")


def _bodies(path: str, body: tuple[Node, ...], defined: Defined, printed: Printed, seen: set[str]) -> list[Printable]:
    found = [Printable("", 0)]
    for node in body:
        more = _node(path, node, defined, printed, seen)
        found = list(
            dict.fromkeys(
                Printable(one.text + two.text, one.line or two.line)
                if one.text.strip()
                else Printable(two.text, two.line)
                for one in found
                for two in more
            )
        )[:MOST]
    return found


def _node(path: str, node: Node, defined: Defined, printed: Printed, seen: set[str]) -> list[Printable]:
    if isinstance(node, Text):
        before = node.text[: node.text.find(node.printed)] if node.printed else ""
        return [Printable(node.printed, node.line + before.count("\n"))]
    if isinstance(node, Branch):
        inner = _bodies(path, node.body, defined, printed, seen)
        return [*inner, *(_bodies(path, node.other, defined, printed, seen) if node.other else [Printable("", 0)])]
    if isinstance(node, Action) and node.pipe.names:
        return [Printable("", 0)]
    name = included(node)
    if name in defined and name not in seen and isinstance(node, (Action, Call)):
        source, define = defined[name]
        return [
            Printable(each.text, node.line)
            for each in _bodies(source.path, define.body, defined, printed, {*seen, name})
        ]
    return [Printable(each, node.line) for each in texts_of(printed.get(path, {}).get(node.start, NOTHING))]


# --- what needs itself -----------------------------------------------------------------------------------------------


def _needs(stack: Stack, slot: Slot, defined: Defined, found: dict) -> Iterator[Problem]:
    """Fills that read the value whose default they state: it is empty then."""
    for fragment in stack.fragments:
        template = fragment.fills.get(slot.name, "")
        if template not in defined:
            continue
        for source, define in _reached(template, defined):
            lines = [
                read.line
                for read in found[source.path].reads
                if ".".join(read.path) == slot.default and define.line <= read.line <= _last_line(define)
            ]
            if lines and source.fragment is fragment:
                message = f"is always empty here, because the fill of {slot.name} states its default"
                yield Problem(source.path, min(lines), slot.default, message, "state the default without reading it")
                break


def _reached(name: str, defined: Defined) -> Iterator[tuple[Source, Define]]:
    """A template, and those that it includes."""
    waiting, seen = [name], set()
    while waiting:
        each = waiting.pop()
        if each in defined and each not in seen:
            seen.add(each)
            yield defined[each]
            waiting += _included(defined[each][1])


def _last_line(define: Define) -> int:
    return max((node.line for node in gotemplate.nodes(define.body)), default=define.line)


def _circles(stack: Stack, defined: Defined) -> Iterator[Problem]:
    """Fills that include, themselves or by what they include, the slot that they fill: Helm would never end."""
    fills: dict[str, list[str]] = {}
    for fragment in stack.fragments:
        for name, template in fragment.fills.items():
            fills.setdefault(f"{SLOT}{name}", []).append(template)
    graph = {name: list(_included(define)) for name, (_, define) in defined.items()} | fills
    own = {fragment.id for fragment in stack.own_fragments}
    told: set[frozenset[str]] = set()
    for fragment in stack.fragments:
        for name, template in fragment.fills.items():
            # Facts that need each other are refused as that (facts.py).
            if name.endswith(".facts") or template not in defined or fragment.id not in own:
                continue
            circle = way(template, f"{SLOT}{name}", lambda each: graph.get(each, ()))
            if circle and frozenset(circle) not in told:
                told.add(frozenset(circle))
                yield _circular(name, [f"{SLOT}{name}", *circle], *defined[template])
    # With the context unchanged, a template takes the same way again.
    same = {name: list(_included(define, unchanged=True)) for name, (_, define) in defined.items()}
    for name, (source, define) in defined.items():
        circle = way(name, name, lambda each: same.get(each, ()))
        if circle and source.fragment and source.fragment.id in own and frozenset(circle) not in told:
            told.add(frozenset(circle))
            yield _circular(name, circle, source, define)


def _circular(key: str, circle: list[str], source: Source, define: Define) -> Problem:
    """A template that includes itself, at the line of the include; `define` is the first that is in a file."""
    inner = circle[circle.index(define.name) + 1]
    line = next(node.line for node in gotemplate.nodes(define.body) if inner in _of_node(node))
    return Problem(source.path, line, key, f"is circular: {' includes '.join(circle)}", "remove the include")


def _included(define: Define, unchanged: bool = False) -> Iterator[str]:
    """The templates that a template includes by name; of these, those that are given its own context."""
    yield from _names(define.body, unchanged, True)


def _names(body: tuple[Node, ...], unchanged: bool, outside: bool) -> Iterator[str]:
    for node in body:
        yield from _of_node(node, unchanged, outside)
        if isinstance(node, Branch):
            # Inside range and with, the dot is something else.
            yield from _names(node.body, unchanged, outside and node.kind == "if")
            yield from _names(node.other, unchanged, outside)


def _of_node(node: Node, unchanged: bool = False, outside: bool = True) -> list[str]:
    """The templates that a node includes by name."""
    if isinstance(node, Call):
        return [node.name] if not unchanged else []
    if not isinstance(node, (Action, Branch)):
        return []
    return [
        command[1].text
        for command in gotemplate.commands(node.pipe)
        if command[0].text == "include" and len(command) > 1 and command[1].kind == "text"
        if not unchanged or (len(command) == 3 and _own(command[2], outside))
    ]


def _own(term: Term, outside: bool) -> bool:
    """Whether a term is the context that a template was given."""
    return not term.fields and ((term.kind == "dot" and outside) or (term.kind == "variable" and term.text == "$"))
