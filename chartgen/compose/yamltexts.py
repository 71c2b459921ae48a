"""Text into YAML, and YAML into data: what a template prints behind a key or a dash stays the text that it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..conventions import PARSERS, SCALARS
from ..problem import Problem
from ..reading import gotemplate
from ..reading.gotemplate import Action, Branch, Call, Define, Node, Pipe, Term, Text
from ..sources.stack import Stack
from .reads import Source

# What these print is one YAML scalar, or a collection in JSON's form, whatever they are given. squote is none of them:
# it leaves a quote inside as it is. Nor is b64enc: `true` and `1e10` are base64.
SAFE = {
    *("quote", "toJson", "mustToJson", "toYaml", "mustToYaml"),
    *("int", "int64", "add", "add1", "sub", "mul", "div", "mod", "max", "min", "len"),
    *("not", "eq", "ne", "lt", "le", "gt", "ge", "empty", "has", "hasKey", "hasPrefix", "hasSuffix", "kindIs"),
}
LAYOUT = {"nindent", "indent", "trim"}  # these leave what is safe safe
PLAIN = re.compile(r"[A-Za-z/][\w./-]*")
TYPED = {"true", "false", "yes", "no", "on", "off", "y", "n", "null"}
BARE = {
    "fromYaml": 'include "fragment.map" and mustFromJson',
    "fromYamlArray": 'include "fragment.list" and mustFromJson',
    "fromJson": "mustFromJson",
    "fromJsonArray": "mustFromJson",
}

HOLE = "\0"  # where an action prints
TAG = re.compile(
    r"""\{\{-?\s*(?P<silent>/\*.*?\*/|(?:if|with|range|else|end|define|template)\b.*?|\$\w+\s*:?=.*?)?.*?\}\}""",
    re.DOTALL,
)
BEHIND = re.compile(r"""[\s-]*?(?:- +)?(?P<key>[\w./$%\0-]+|"[^"]*"|'[^']*'): +.*|\s*- +.*""", re.DOTALL)
KEY_AFTER = re.compile(r"[\w./-]*:(?:\s|$)")


def check(stack: Stack, sources: list[Source]) -> Iterator[Problem]:
    """Actions that print text into YAML as it is, and functions that make data of any text."""
    texts = _texts(stack, sources)
    scalars = _scalars(sources)
    for source in sources:
        for define in gotemplate.bodies(source.template):
            if define.name not in PARSERS:
                yield from _bare(source, define)
            if define.name not in texts and define.name not in SCALARS:
                yield from _unsafe(source, define, scalars)


def _texts(stack: Stack, sources: list[Source]) -> set[str]:
    """The templates that print lines of text: what fills slots of text, and what these print in turn."""
    slots = {slot.name for fragment in stack.fragments for slot in fragment.offers.values() if slot.text}
    defined = {define.name: define for source in sources for define in source.template.defines}
    found: set[str] = set()
    waiting = [name for fragment in stack.fragments for slot, name in fragment.fills.items() if slot in slots]
    while waiting:
        name = waiting.pop()
        if name in defined and name not in found:
            found.add(name)
            waiting += _printed(defined[name])
    return found


def _printed(define: Define) -> Iterator[str]:
    """The templates that a template prints as they are."""
    for node in gotemplate.nodes(define.body):
        if isinstance(node, Call):
            yield node.name
        elif isinstance(node, Action) and not node.pipe.names and len(node.pipe.commands) == 1:
            first = node.pipe.commands[0]
            if first[0].text == "include" and len(first) > 1:
                yield first[1].text


def _bare(source: Source, define: Define) -> Iterator[Problem]:
    """Functions that give an error as data."""
    for pipe in gotemplate.pipes_of(define.body):
        for term in gotemplate.terms(pipe):
            if term.kind == "function" and term.text in BARE:
                message = "takes a text that does not parse for data, with the key Error"
                yield Problem(source.path, term.line, term.text, message, f"use {BARE[term.text]}")


def _scalars(sources: list[Source]) -> set[str]:
    """The templates that print one YAML scalar, whatever they are given: SCALARS, and what prints one safe action."""
    found = set(SCALARS)
    defined = {define.name: define.body for source in sources for define in source.template.defines}
    more = found
    while more:
        more = {name for name, body in defined.items() if name not in found and _scalar(body, found)}
        found = found | more
    return found


def _scalar(body: tuple[Node, ...], scalars: set[str]) -> bool:
    """Whether a body prints one scalar, in each of its branches."""
    printed = [node for node in body if not _silent(node)]
    if len(printed) != 1:
        return False
    [node] = printed
    if isinstance(node, Branch):
        return node.kind != "range" and _scalar(node.body, scalars) and _scalar(node.other, scalars)
    if isinstance(node, Action):
        return safe(node.pipe, scalars)
    text = node.text.strip() if isinstance(node, Text) else ""
    return bool(PLAIN.fullmatch(text)) and text.lower() not in TYPED


def _silent(node: Node) -> bool:
    """Whether a node prints nothing but blanks."""
    return (isinstance(node, Text) and not node.text.strip()) or (isinstance(node, Action) and bool(node.pipe.names))


def _unsafe(source: Source, define: Define, scalars: set[str]) -> Iterator[Problem]:
    for node in gotemplate.nodes(define.body):
        called = isinstance(node, Call) and node.name not in scalars
        if called or (isinstance(node, Action) and not node.pipe.names and not safe(node.pipe, scalars)):
            key = _place(source.template.source, node)
            if key:
                message = "prints text that YAML can read as something else"
                remedy = "end it with quote, toJson, toYaml or int64"
                if called:
                    remedy = f'write include "{node.name}" instead of template, and end it with quote or toJson'
                yield Problem(source.path, node.line, key, message, remedy)


def _place(source: str, node: Action | Call) -> str:
    """The key or dash behind which an action prints, or the key that it prints; empty where it does neither."""
    start = source.rfind("\n", 0, node.start) + 1
    before = TAG.sub(lambda match: "" if match["silent"] else HOLE, source[start : node.start])
    if before.lstrip().startswith("#"):
        return ""
    match = BEHIND.fullmatch(before)
    if match:
        return (match["key"] or "-").replace(HOLE, "{{…}}").strip("\"'")
    if not before.strip(" -" + HOLE) and KEY_AFTER.match(source, node.end):
        return "{{…}}"
    return ""


def safe(pipe: Pipe, scalars: set[str]) -> bool:
    """Whether what a pipeline prints is one YAML scalar, or a collection, that is what was meant."""
    commands = list(pipe.commands)
    while len(commands) > 1 and commands[-1][0].text in LAYOUT:
        commands.pop()
    first, *rest = commands[-1]
    if first.kind != "function":
        return _safe_term(first, scalars)
    if first.text == "include":
        return bool(rest) and rest[0].text in scalars
    if first.text == "ternary":
        return len(rest) > 1 and all(_safe_term(term, scalars) for term in rest[:2])
    return first.text in SAFE or (first.text in LAYOUT and bool(rest) and _safe_term(rest[-1], scalars))


def _safe_term(term: Term, scalars: set[str]) -> bool:
    return _plain(term) or bool(term.pipe and not term.fields and safe(term.pipe, scalars))


def _plain(term: Term) -> bool:
    """Whether a term is a literal that YAML reads as it is meant."""
    if term.kind == "text":
        return bool(PLAIN.fullmatch(term.text)) and term.text.lower() not in TYPED
    return term.kind in ("number", "bool")
