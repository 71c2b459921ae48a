"""Text into YAML, and YAML into data: what a template prints into YAML stays what it is.

Templates of objects, and what fills slots of YAML, print YAML, and so does what they include as it is. Where in a line
an action prints says which forms may stand there (yamlplace.py, forms.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ..conventions import PARSERS, SCALARS
from ..problem import Problem
from ..reading import gotemplate
from ..reading.gotemplate import Action, Branch, Call, Define, Node, Pipe, Text
from ..sources.fragment import Slot
from ..sources.stack import Stack
from . import forms, verbs
from .forms import NUMBER, PLAIN, SCALAR, WORD, YAML, Forms
from .merge import at
from .reads import FACTS, NOTHING, Source, Use, Value
from .schema import Values
from .yamlplace import (
    BLOCK,
    COMMENT,
    DONE,
    INSIDE,
    LINES,
    PART,
    QUOTED,
    START,
    TIGHT,
    VALUE,
    WHOLE,
    Carried,
    Place,
    place,
)

HOLES = dict.fromkeys(map(ord, (PART, WHOLE, LINES)), "{{…}}")
BARE = {
    "fromYaml": 'include "fragment.map" and mustFromJson',
    "fromYamlArray": 'include "fragment.list" and mustFromJson',
    "fromJson": "mustFromJson",
    "fromJsonArray": "mustFromJson",
}
SLOT = "fragment.slot."
MOST = 24  # the lines that branches of a template may have begun, of which each is followed

# The forms that may be printed where a line is, as they are; with nindent or indent, lines may be too.
ALONE = {PLAIN, NUMBER, WORD, SCALAR}
ALLOWED = {
    START: {*ALONE, YAML},
    VALUE: {PLAIN, NUMBER, SCALAR},
    TIGHT: {PLAIN, WORD},  # a colon in a text, such as a port behind a host
    INSIDE: {PLAIN, WORD},
    QUOTED: {PLAIN, WORD},
    DONE: set(),
    COMMENT: ALONE,
    BLOCK: ALONE,
}

ENDED = "end it with quote, toJson or int64"
REMEDIES = {
    INSIDE: 'print all of it in one action, such as {{ printf "x-%s" .y | quote }}',
    QUOTED: "remove the quotes around the action, and end it with quote",
    DONE: 'print all of it in one action, such as {{ printf "%s-x" .y | quote }}',
    COMMENT: "a line break ends the comment: end the action with quote, or remove it",
    BLOCK: 'a line break ends the block: end the action with nindent, or print the text with include "fragment.block"',
}


class Line(NamedTuple):
    """A line that a template may have printed up to here, and what the lines before it left.

    `at` is its line in the file, as long as it has neither a key nor a dash.
    """

    text: str = ""
    before: Carried = Carried()
    at: int = 0

    @property
    def place(self) -> Place:
        return place(self.text, self.before)

    def ended(self) -> Line:
        return Line("", self.place.next)


class Known(NamedTuple):
    """What is known of all templates: forms of values, templates that print scalars, those of text, fills of slots.

    `lists` are the slots of facts that are lists, `maps` the templates that print the keys of a map.
    """

    values: Values
    facts: dict[str, dict]
    scalars: set[str]
    texts: set[str]
    fills: dict[str, list[str]]
    leading: set[str]
    silent: set[str]
    lists: set[str]
    maps: set[str]

    def forms(self, value: Value) -> Forms:
        """The forms in which a value is printed: a template's name is left where it prints YAML."""
        found = forms.settled(value.prints, self._declared)
        if self.texts & found:
            return forms.TEXT
        return frozenset(SCALAR if form in self.scalars else form for form in found)

    def _declared(self, path: str) -> Forms:
        keys = path[1:].split(".")
        if keys[-1] == forms.INDEX:
            return frozenset([PLAIN]) if self._listed(keys[:-1]) else forms.TEXT
        schema = self.schema_of(path)
        return forms.declared(schema) if schema else forms.TEXT

    def schema_of(self, path: str) -> dict | None:
        """The schema of a value, or the rule of a fact, by the path with which it is printed."""
        keys = path[1:].split(".")
        return self._fact(keys) if keys[0] == FACTS else at(self.values.server | self.values.release, path[1:])

    def _listed(self, keys: list[str]) -> bool:
        """Whether a value, or a fact, is a list."""
        if keys[0] == FACTS and len(keys) == 2:
            return f"{keys[1]}.facts" in self.lists
        found = self._fact(keys) if keys[0] == FACTS else at(self.values.server | self.values.release, ".".join(keys))
        return bool(found) and found.get("type") == "array"

    def _fact(self, keys: list[str]) -> dict | None:
        rule: dict | None = {"keys": self.facts.get(f"{keys[1]}.facts", {})} if len(keys) > 2 else None
        for key in keys[2:]:
            rule = (rule or {}).get("keys", {}).get(key)
        return rule


def check(stack: Stack, values: Values, sources: list[Source], uses: list[Use]) -> Iterator[Problem]:
    """Actions that print text into YAML as it is, and functions that make data of any text."""
    for source in sources:
        for define in gotemplate.bodies(source.template):
            if define.name not in PARSERS:
                yield from _bare(source, define)
    printed = {use.path: use.found.printed for use in uses}
    known = _known(stack, values, sources, printed)
    yield from verbs.check(uses, known.schema_of)
    defined = {define.name: (source, define) for source in sources for define in source.template.defines}
    waiting = [(source, Define("", 1, source.template.body)) for source in sources if _of_objects(source)]
    waiting += [defined[name] for name in _roots(stack, uses) if name in defined]
    slots = filled(stack)
    seen: set[str] = set()
    while waiting:
        source, define = waiting.pop()
        if define.name in seen or define.name in SCALARS:
            continue
        seen |= {define.name} - {""}
        walk = _Walk(source, printed[source.path], known, slots.get(define.name))
        for line in sorted(walk.nodes(define.body, {Line()})):
            walk.ended(line)
        if walk.slot and len(walk.misfits) > 1 and not walk.fits:
            yield _misfilled(stack, walk.slot, define.name)
        else:
            yield from dict.fromkeys(walk.problems)
        for name in walk.includes:
            waiting += [defined[each] for each in known.fills.get(name, [name]) if each in defined]


def _misfilled(stack: Stack, slot: Slot, template: str) -> Problem:
    """A template of which no line is what the slot needs: it is one for another slot."""
    fragment = next(each for each in stack.fragments if each.fills.get(slot.name) == template)
    needs = "items of a list" if slot.kind == "list" else "keys with their values"
    message = f"{template} has no line that is one of {needs}, as the slot needs them"
    return fragment.problem("fragment.yaml", ("fills", slot.name), message, "name a template for this slot")


def filled(stack: Stack) -> dict[str, Slot]:
    """Templates that fill a slot of YAML -> the slot."""
    slots = {slot.name: slot for fragment in stack.fragments for slot in fragment.offers.values()}
    fills = ((slots.get(name), template) for one in stack.fragments for name, template in one.fills.items())
    return {template: slot for slot, template in fills if slot and not slot.text and (slot.kind != "one" or slot.keys)}


def _of_objects(source: Source) -> bool:
    name = source.file.rpartition("/")[2]
    return name.endswith((".yaml", ".yml")) and not name.startswith("_")


def _known(stack: Stack, values: Values, sources: list[Source], printed: dict[str, dict[int, Value]]) -> Known:
    slots = {slot.name: slot for fragment in stack.fragments for slot in fragment.offers.values()}
    fills: dict[str, list[str]] = {f"{SLOT}{name}": [] for name in slots}
    for fragment in stack.fragments:
        for name, template in fragment.fills.items():
            fills.setdefault(f"{SLOT}{name}", []).append(template)
    texts = {f"{SLOT}{name}" for name, slot in slots.items() if slot.text}
    facts = {name: slot.keys for name, slot in slots.items()}
    lists = {name for name, slot in slots.items() if slot.kind == "list"}
    known = Known(
        values,
        facts,
        {*SCALARS},
        texts,
        fills,
        _leading(sources, slots),
        silent_ones(sources),
        lists,
        _maps(sources, slots),
    )
    more = {""}
    while more:
        more = {
            define.name
            for source in sources
            for define in source.template.defines
            if define.name not in known.scalars and _scalar(define.body, printed[source.path], known)
        }
        known.scalars.update(more)
    return known


def _leading(sources: list[Source], slots: dict[str, Slot]) -> set[str]:
    """The templates whose output is empty or begins with a line break: they can follow any line."""
    found = {f"{SLOT}{name}" for name, slot in slots.items() if slot.kind == "list" and not slot.once}
    defined = {define.name: define.body for source in sources for define in source.template.defines}
    more = found
    while more:
        more = {name for name, body in defined.items() if name not in found and _leads(body, found)}
        found = found | more
    return found


def _maps(sources: list[Source], slots: dict[str, Slot]) -> set[str]:
    """The templates whose output begins with a key: those of a list can be at the column of the key above."""
    first = {
        define.name: next((node for node in define.body if isinstance(node, Text) and node.text.strip()), None)
        for source in sources
        for define in source.template.defines
    }
    keyed = {name for name, node in first.items() if node and re.match(r"[\w./-]+:(?:\s|$)", node.text.lstrip())}
    return keyed | {f"{SLOT}{name}" for name, slot in slots.items() if slot.kind == "map"}


def silent_ones(sources: list[Source]) -> set[str]:
    """The templates that print nothing: they change what they are given."""
    defined = {define.name: define.body for source in sources for define in source.template.defines}
    found = {*defined, "fragment.facts.server", "fragment.facts.release"}
    fewer = found
    while fewer:
        fewer = {
            name for name in found if not all(_nothing(node, found) for node in gotemplate.nodes(defined.get(name, ())))
        }
        found = found - fewer
    return found


def _nothing(node: Node, silent: set[str]) -> bool:
    """Whether a node prints nothing but blanks, given the templates that do not."""
    if isinstance(node, Text):
        return not node.text.strip()
    if isinstance(node, Branch):
        return True
    if isinstance(node, Call):
        return node.name in silent
    first, *rest = node.pipe.commands[-1]
    included = first.text == "include" and bool(rest) and rest[0].text in silent
    return bool(node.pipe.names) or first.text == "fail" or included


def _leads(body: tuple[Node, ...], leading: set[str]) -> bool:
    """Whether what a body prints is empty or begins with a line break."""
    for node in body:
        if isinstance(node, Text) and node.printed:
            return node.printed.startswith("\n")
        if isinstance(node, Branch) and not (_leads(node.body, leading) and _leads(node.other, leading)):
            return False
        if isinstance(node, Call) and node.name not in leading:
            return False
        if isinstance(node, Action) and not node.pipe.names and not _breaks(node.pipe, leading):
            return False
    return True


def _breaks(pipe: Pipe, leading: set[str]) -> bool:
    """Whether an action prints nothing, or begins with a line break."""
    first, *rest = pipe.commands[-1]
    if first.text == "include" and rest and len(pipe.commands) == 1:
        return rest[0].text in leading
    return first.kind == "function" and first.text == "nindent"


def _roots(stack: Stack, uses: list[Use]) -> Iterator[str]:
    """The templates whose output is read as YAML: what fills slots of lists, maps and facts, and what is parsed."""
    slots = {slot.name: slot for fragment in stack.fragments for slot in fragment.offers.values()}
    for fragment in stack.fragments:
        for name, template in fragment.fills.items():
            slot = slots.get(name)
            if slot and not slot.text and (slot.kind != "one" or slot.keys):
                yield template
    for use in uses:
        for name in use.found.parsed:
            fills = [each.fills[slot] for each in stack.fragments for slot in each.fills if f"{SLOT}{slot}" == name]
            yield from fills or [name]


def _bare(source: Source, define: Define) -> Iterator[Problem]:
    """Functions that give an error as data."""
    for pipe in gotemplate.pipes_of(define.body):
        for term in gotemplate.terms(pipe):
            if term.kind == "function" and term.text in BARE:
                message = "takes a text that does not parse for data, with the key Error"
                yield Problem(source.path, term.line, term.text, message, f"use {BARE[term.text]}")


def _scalar(body: tuple[Node, ...], printed: dict[int, Value], known: Known) -> bool:
    """Whether a body prints one scalar, in each of its branches."""
    nodes = [node for node in body if isinstance(node, Branch) or not _nothing(node, known.silent)]
    if len(nodes) != 1:
        return False
    [node] = nodes
    if isinstance(node, Branch):
        branches = (node.body, node.other)
        return node.kind != "range" and all(_scalar(each, printed, known) for each in branches)
    if isinstance(node, Text):
        return forms.literal(node.text.strip()) == {PLAIN}
    found = known.forms(printed.get(node.start, NOTHING))
    return bool(found) and found <= {PLAIN, NUMBER, SCALAR}


@dataclass
class _Walk:
    """Goes through a template with every line that it may have begun."""

    source: Source
    printed: dict[int, Value]
    known: Known
    slot: Slot | None = None
    opened: bool = False  # whether a key without a value has begun: what follows can be the items of its list
    problems: list[Problem] = field(default_factory=list)
    includes: set[str] = field(default_factory=set)
    fits: int = 0  # lines that are what the slot needs
    misfits: set[int] = field(default_factory=set)  # and the numbers of those that are not
    last: Action | Call | None = None

    def nodes(self, body: tuple[Node, ...], lines: set[Line]) -> set[Line]:
        for node in body:
            if isinstance(node, Text):
                first = node.line + node.text[: node.text.find(node.printed)].count("\n")
                lines = {self.text(node.printed, line, first) for line in lines}
            elif isinstance(node, Branch):
                lines = self.branch(node, lines)
            elif not _nothing(node, self.known.silent):
                lines = {self.action(node, line) for line in lines}
                self.last = node
            lines = set(sorted(lines)[:MOST])
        return lines

    def branch(self, node: Branch, lines: set[Line]) -> set[Line]:
        found = self.nodes(node.body, lines)
        if node.kind == "range":
            # What follows one round, the next one begins with.
            found = self.nodes(node.body, found) | found | lines
        return found | (self.nodes(node.other, lines) if node.other else lines)

    def text(self, text: str, line: Line, number: int) -> Line:
        if line.text.endswith(WHOLE) and text and text[0] not in " \n,]}:" and self.last:
            before = place(line.text[:-1], line.before)
            if before.kind in (START, VALUE):
                self.refuse(self.last, before.key or "{{…}}", DONE)
        first, *rest = text.split("\n")
        if not line.text:
            self.indented(first, line.before, number)
        line = _numbered(line._replace(text=line.text + first), number)
        for n, more in enumerate(rest, number + 1):
            self.ended(line)
            line = Line(more, line.place.next)
            self.indented(more, line.before, n)
            line = _numbered(line, n)
        return line

    def indented(self, text: str, before: Carried, number: int) -> None:
        """Judge how a line begins: YAML takes no tab for indentation."""
        blanks = text[: len(text) - len(text.lstrip(" \t"))]
        if "\t" in blanks and text.strip() and before.block < 0 and not before.quote and not before.flow:
            said = text.strip().translate(HOLES)
            problem = Problem(self.source.path, number, said, "begins with a tab", "indent it with spaces")
            self.problems.append(problem)

    def ended(self, line: Line) -> None:
        """Judge a line that is complete: what YAML reads as a text where a key or an item has to be."""
        slot = self.slot
        items = slot is not None and slot.kind == "list"
        item, keyed = f"{line.text} ".startswith("- "), KEYED.search(line.text)
        wrong = True
        if item:
            wrong = slot is not None and not items and not self.opened
        elif BRACKETS.match(line.text):
            wrong = slot is not None
        elif keyed:
            wrong = items
        self.opened |= bool(keyed) and line.place.kind in (VALUE, TIGHT)
        self.fits += not wrong
        if not line.at or not wrong:
            return
        self.misfits.add(line.at)
        said = line.text.translate(HOLES)
        wanted = (
            "an item of a list" if items else "a key with its value" if slot else "a key with its value, or an item"
        )
        of = f", as {slot.name} needs it" if slot else ""
        remedy = "begin it with '- '" if items else "write it as 'key: value'"
        if BRACKETS.match(line.text):
            remedy = "write each " + (
                "item on a line that begins with '- '" if items else "key on a line, as 'key: value'"
            )
        # What an action prints there is judged once the line is one.
        self.problems = [problem for problem in self.problems if problem.line != line.at]
        self.problems.append(Problem(self.source.path, line.at, said, f"is not {wanted}{of}", remedy))

    def action(self, node: Action | Call, line: Line) -> Line:
        found = self.known.forms(self.printed.get(node.start, NOTHING))
        indented = _indented(node.pipe) if isinstance(node, Action) else None
        if found and found <= self.known.leading:
            indented = indented or Indented("nindent", 0)
        here = line.place
        if indented and (indented.function == "nindent" or not line.text.strip()):
            line = line.ended() if indented.function == "nindent" else line
            line = line._replace(text=" " * indented.by)
        elif indented:
            indented = None
        if self.judge(node, found, here, line, indented) and line.place.kind not in (BLOCK, COMMENT):
            self.includes |= {form for form in found if form.startswith("fragment.")}
        return line._replace(text=line.text + _hole(found, line.place))

    def judge(self, node: Action | Call, found: Forms, here: Place, line: Line, indented: Indented | None) -> bool:
        """Whether a value of these forms may be printed where the line is; the problem is added where not."""
        at = line.place
        if indented:
            if at.kind == BLOCK:
                return True
            allowed = {*ALLOWED[START], *found} if found else set()
            allowed = allowed if at.kind == START else set()
        else:
            allowed = ALLOWED[at.kind]
        lines = {form for form in found if form.startswith("fragment.")}
        allowed = allowed | lines if YAML in allowed else allowed
        if not found or not found <= allowed:
            key = self.key(node, here)
            item = line.text.lstrip().removeprefix("- ").translate(HOLES)
            key = f"{item}{{{{…}}}}" if key == "-" and item else key
            self.refuse(node, key, at.kind, self.remedy(node, found, here))
            return False
        if at.kind == START and not indented and line.text and found & {YAML, *lines}:
            message, remedy = "prints lines of which only the first is indented", f"add nindent {len(line.text)}"
            self.problems.append(Problem(self.source.path, node.line, self.key(node, here), message, remedy))
        beside = indented is not None and indented.by == here.next.column and bool(found) and found <= self.known.maps
        if at.kind == START and indented and here.kind in (TIGHT, VALUE) and (indented.by < here.next.column or beside):
            where = "at the column" if beside else "left"
            message = f"prints lines {where} of '{here.key}', which is then empty"
            remedy = f"indent them by at least {here.next.column + (2 if beside else 0)}"
            self.problems.append(Problem(self.source.path, node.line, self.key(node, here), message, remedy))
        return True

    def key(self, node: Action | Call, here: Place) -> str:
        if here.kind == START and re.match(r"[\w./-]*:(?:\s|$)", self.source.template.source[node.end :]):
            return "{{…}}"
        return here.key.translate(HOLES) or "{{…}}"

    def remedy(self, node: Action | Call, found: Forms, here: Place) -> str:
        """What to do about a value whose form is known; empty where another remedy is as good."""
        lines = found and all(form == YAML or form.startswith("fragment.") for form in found)
        alone = self.source.template.source[: node.start].rstrip(" ").endswith("\n")
        if lines and alone and here.kind in (TIGHT, VALUE) and found - self.known.texts:
            return f"end it with nindent {here.next.column + 2}: it prints several lines"
        if verbs.type_of(self.printed.get(node.start, NOTHING), self.known.schema_of) == "integer":
            return "print the number with int64, such as {{ int64 .y }}"
        return ""

    def refuse(self, node: Action | Call, key: str, kind: str, known: str = "") -> None:
        remedy = known or REMEDIES.get(kind, ENDED)
        if isinstance(node, Call):
            remedy = f'write include "{node.name}" instead of template, and end it with quote or toJson'
        message = "prints text that YAML can read as something else"
        self.problems.append(Problem(self.source.path, node.line, key, message, remedy))


# A key before its value; items or keys in brackets, to which no other fill can be added; and what begins no text: a
# blank, quotes, the end of brackets, a comment, what an action printed.
KEYED = re.compile(r":(?:[ \t]|$)")
BRACKETS = re.compile(r"[\[{]")
NO_TEXT = re.compile(rf"\[\s*\]|\{{\s*\}}|[\s\"'#\]}}|>&!%@`?,{PART}{WHOLE}{LINES}]|(?:---|\.\.\.)(?:\s|$)")


def _numbered(line: Line, number: int) -> Line:
    """A line with its number, where it begins at the left with a text, and nothing before it goes on there."""
    clean = not line.before.quote and not line.before.flow and line.before.block < 0
    text = line.text and clean and not NO_TEXT.match(line.text)
    return line if line.at else line._replace(at=number) if text else line


class Indented(NamedTuple):
    """nindent or indent, and by how much."""

    function: str
    by: int


def _indented(pipe: Pipe) -> Indented | None:
    """How an action indents what it prints; None where it does not, or not by a number."""
    first = pipe.commands[-1][0]
    number = pipe.commands[-1][1].text if len(pipe.commands[-1]) > 1 else ""
    if first.kind == "function" and first.text in ("nindent", "indent") and number.isdecimal():
        return Indented(first.text, int(number))
    inner = first.pipe if len(pipe.commands) == 1 and not first.fields else None
    return _indented(inner) if inner else None


def _hole(found: Forms, at: Place) -> str:
    if found and found <= {PLAIN, NUMBER, WORD}:
        return PART
    return WHOLE if (found and found <= {*ALONE}) or at.kind != START else LINES
