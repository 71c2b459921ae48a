"""What a template writes by hand although a helper or a fact has it: images, names, namespaces, paths, hashes, flags.

Each works in the author's own cluster, and not with a mirror, with a second release or server, or after an upgrade.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ..conventions import PARSERS
from ..problem import Problem
from ..reading import gotemplate
from ..reading.gotemplate import Action, Branch, Call, Node, Pipe, Term, Text
from ..sources.stack import Stack
from . import comments
from .reads import Source
from .yamlplace import BLOCK, PART, START, Carried, Place, place

# A list item that is a flag and its value, as text or as what an action prints: `- --host 0.0.0.0`.
FLAG = re.compile(
    r"""^\s*-\s+(?:\{\{-?\s*(?:(?:quote|print|printf)\s+)?)?["'`]?(?P<key>--?[A-Za-z][\w-]*)[ \t]+(?=[^\s#])"""
)
KEYED = re.compile(r"^(?P<space>\s*)(?:-\s+)?(?P<key>image|imagePullPolicy|namespace|name):[ \t]+(?P<value>[^\s#].*)$")
MODEL = re.compile(r"""/models/(?:%[sv]|\{\{).*\.Values\.model\.|--[\w-]*model[\w-]*[= ]["']?/models/?["']?\s*$""")
TOP = re.compile(r"(\w+):")
OF_RELEASE = re.compile(r"\.Release\.Name\b")

SUMS = ("sha256sum", "sha1sum", "sha512sum", "adler32sum")
DATA = (*PARSERS, "fragment.list", "fragment.ownEnv")
# What a context of a server has that is not the same in every one.
OF_SERVER = ("Server", "Facts")
LOOPS = ("Servers", "Serving")
NAMES = ("fragment.name", "fragment.shortName")
# The keys that two objects of one apiVersion cannot share, and those of metadata.
TOLD_APART, IN_METADATA = ("kind",), ("name", "namespace")
KEY = re.compile(r"(?P<space> *)(?P<key>[\w.-]+):(?:\s|$)")
# Kinds whose names say what they are of, and the namespaces that Kubernetes itself has.
PRESCRIBED = ("CustomResourceDefinition", "APIService", "CSIDriver")
SYSTEM = re.compile(r"[\"']?kube-(?:system|public|node-lease)[\"']?")
HOLE = re.compile(r"\{\{.*?\}\}")
SHORT = re.compile(r"-[A-Za-z]")
# A line of YAML with a key, or an item.
LINE_OF_YAML = re.compile(r"(?:^|\n)[ \t]*(?:- |-\n|[\w./-]+:(?:\s|$))")
SAME = "is the same in each pass of the range, and two objects cannot have one name"


def check(stack: Stack, sources: list[Source]) -> Iterator[Problem]:
    """Everything that is written by hand, in a stack whose base has the helpers for it."""
    helpers = {name for fragment in stack.fragments if fragment.id == "base" for name in fragment.defines()}
    short = _of_one_line(sources)
    for source in sources:
        if source.fragment.id != "base":
            yield from _flags(source)
        if "fragment.name" in helpers and source.fragment.id != "base":
            yield from _keys(source)
            yield from _hashes(source, short)
            if not source.file.rpartition("/")[2].startswith("_"):
                yield from _ranges(source)


def _lines(source: Source) -> Iterator[tuple[int, str]]:
    return enumerate(comments.template(source.template.source).split("\n"), 1)


def _flags(source: Source) -> Iterator[Problem]:
    for number, line in _lines(source):
        if found := FLAG.match(line):
            flag = found["key"]
            said = "and its value are one argument, which most programs take for a flag with a space in its name"
            remedy = "write two items" if SHORT.fullmatch(flag) else f"write {flag}=VALUE, or two items"
            yield Problem(source.path, number, flag, said, remedy)


def _keys(source: Source) -> Iterator[Problem]:
    named = source.file.rpartition("/")[2].startswith("_")
    top = kind = ""
    inside = Carried()
    for number, line in _lines(source):
        text = HOLE.sub(PART, line).rstrip()
        here = place(text, inside) if text.strip(f"{PART} ") else Place(START, "", inside)
        inside, block = here.next, here.kind == BLOCK
        if match := TOP.match(line):
            top = match[1]
            kind = line[match.end() :].strip(" \"'") if top == "kind" else kind
        if MODEL.search(line):
            remedy = "write .Facts.model.path, or .path of each in .Facts.models"
            yield Problem(source.path, number, "/models", "is the path of a model, written by hand", remedy)
        elif found := KEYED.match(line):
            metadata = top == "metadata" and found["space"] == "  " and not named
            wrong = _value(found["key"], found["value"], named, metadata)
            given = (found["key"] == "name" and kind in PRESCRIBED) or (found["key"] == "namespace" and block)
            if wrong and not given:
                yield Problem(source.path, number, found["key"], *wrong)


def _value(key: str, value: str, named: bool, metadata: bool) -> tuple[str, str] | None:
    """What is wrong with the value of a key, and what to write."""
    literal = "{{" not in value
    if key == "image" and (".repository" in value or (literal and ("/" in value or not named))):
        return (
            "is written by hand, so it has no digest and no mirror",
            'declare it under images, and write {{ include "fragment.image" (dict "context" . "image"'
            " .Values.images.NAME) | quote }}",
        )
    if key == "imagePullPolicy" and literal:
        return (
            "is written by hand",
            'write {{ include "fragment.pullPolicy" (dict "context" . "image" .Values.images.NAME) | quote }}',
        )
    if (
        key == "namespace"
        and literal
        and not SYSTEM.fullmatch(value)
        and (metadata or value.strip("\"' ") == "default")
    ):
        return "is written by hand", "write {{ .Release.Namespace | quote }}"
    if key == "name" and metadata and (literal or (OF_RELEASE.search(value) and "include" not in value)):
        said = "is the same in every release" if literal else "is not shortened to what Kubernetes allows"
        return said, 'write {{ include "fragment.name" (list . "SUFFIX") }}'
    return None


# --- hashes ----------------------------------------------------------------------------------------------------------


def _of_one_line(sources: list[Source]) -> set[str]:
    """The templates that print no lines of YAML, such as a name or a password."""
    defined = {define.name: define.body for source in sources for define in source.template.defines}
    found = {*defined}
    fewer = found
    while fewer:
        fewer = {name for name in found if any(_prints_yaml(node, found) for node in gotemplate.nodes(defined[name]))}
        found = found - fewer
    return found


def _prints_yaml(node: Node, short: set[str]) -> bool:
    if isinstance(node, Text):
        return bool(LINE_OF_YAML.search(node.text))
    if isinstance(node, Call):
        return node.name not in short
    if isinstance(node, Branch) or node.pipe.names:
        return False
    last = node.pipe.commands[-1]
    return last[0].text in ("toYaml", "nindent", "indent") or (_includes(last) and last[1].text not in short)


def _includes(command: tuple[Term, ...]) -> bool:
    return command[0].kind == "function" and command[0].text == "include" and len(command) > 1


def _hashes(source: Source, short: set[str]) -> Iterator[Problem]:
    for define in gotemplate.bodies(source.template):
        texts = {
            name
            for pipe in gotemplate.pipes_of(define.body)
            if pipe.names and _is_text(pipe.commands, set(), short)
            for name in pipe.names
        }
        for pipe in gotemplate.pipes_of(define.body):
            for line in dict.fromkeys(_hashed(pipe, texts, short)):
                said = "is made of a rendered text, so it changes with every comment and version"
                remedy = 'hash data: include "NAME" . | include "fragment.map" | sha256sum'
                yield Problem(source.path, line, "sha256sum", said, remedy)


def _hashed(pipe: Pipe, texts: set[str], short: set[str]) -> Iterator[int]:
    for n, command in enumerate(pipe.commands):
        if command[0].text in SUMS and command[0].kind == "function":
            given = (command[1:],) if len(command) > 1 else pipe.commands[:n]
            if given and _is_text(given, texts, short):
                yield command[0].line
        for term in command:
            if term.pipe:
                yield from _hashed(term.pipe, texts, short)


def _is_text(commands: tuple[tuple[Term, ...], ...], texts: set[str], short: set[str]) -> bool:
    """Whether what commands print is the text of a template that prints YAML."""
    *_, last = commands
    first = last[0]
    if first.kind == "pipe" and first.pipe:
        return _is_text(first.pipe.commands, texts, short)
    if first.kind == "variable":
        return first.text in texts and not first.fields
    if first.text in ("trunc", "trim", "quote", "toString", "nindent", "indent") and len(commands) > 1:
        return _is_text(commands[:-1], texts, short)
    return _includes(last) and not (last[1].kind == "text" and (last[1].text in DATA or last[1].text in short))


# --- objects in a range ----------------------------------------------------------------------------------------------


class Loop(NamedTuple):
    """A range: the variables that differ in each pass, and whether each pass has a server's context."""

    names: frozenset[str]
    servers: bool


@dataclass
class Piece:
    """A line of an object, or a part of one: its text, or an action, and the ranges around it."""

    text: str
    line: int
    loops: tuple[Loop, ...]
    pipe: Pipe | None = None


def _pieces(body: tuple[Node, ...], loops: tuple[Loop, ...] = ()) -> Iterator[Piece]:
    for node in body:
        if isinstance(node, Text):
            for text in node.text.splitlines(keepends=True):
                yield Piece(text, node.line, loops)
        elif isinstance(node, Branch):
            yield from _pieces(node.body, (*loops, _loop(node)) if node.kind == "range" else loops)
            yield from _pieces(node.other, loops)
        elif isinstance(node, Action) and not node.pipe.names:
            yield Piece("", node.line, loops, node.pipe)


def _ranges(source: Source) -> Iterator[Problem]:
    """Objects in a range whose names are the same in each pass, and their kinds and namespaces too."""
    line, top, key = "", "", ""
    told: list[tuple[str, Piece]] = []
    for piece in (*_pieces(source.template.body), Piece("---\n", 0, ())):
        if piece.pipe and key:
            told.append((key, piece))
        line = line if piece.pipe else line + piece.text
        found = KEY.match(line)
        if found and not found["space"]:
            top = found["key"]
        known = found and (
            found["key"] in TOLD_APART
            if not found["space"]
            else top == "metadata" and found["space"] == "  " and found["key"] in IN_METADATA
        )
        key = found["key"] if found and known else ""
        if line.startswith("---"):
            yield from _alike(source, told)
            told, top, key = [], "", ""
        if line.endswith("\n"):
            line = key = ""


def _alike(source: Source, told: list[tuple[str, Piece]]) -> Iterator[Problem]:
    """The name of one object, if nothing that tells it apart differs in a pass of a range around it."""
    named = next((piece for key, piece in told if key == "name"), None)
    for loop in named.loops if named else ():
        if named and not any(piece.pipe and _differs(piece.pipe, loop) for _, piece in told):
            remedy = "use .Server in it" if named.loops[-1].servers else "use what differs, such as the key of the map"
            yield Problem(source.path, named.line, "metadata.name", SAME, remedy)
            return


def _loop(node: Branch) -> Loop:
    over = [term.fields[-1] for term in gotemplate.terms(node.pipe) if term.fields]
    inside = {name for pipe in gotemplate.pipes_of(node.body) for name in pipe.names}
    return Loop(frozenset({*node.pipe.names, *inside}), bool(over) and over[-1] in LOOPS)


def _differs(pipe: Pipe, loop: Loop) -> bool:
    return any(_varies(term, loop) for command in pipe.commands for term in _telling(command))


def _telling(command: tuple[Term, ...]) -> tuple[Term, ...]:
    """The terms that a command's output depends on: of a helper for names, the suffix alone."""
    if command[0].text == "include" and len(command) == 3 and command[1].text in NAMES and command[2].pipe:
        made = command[2].pipe.commands[0]
        return made[2:] if made[0].text == "list" else made
    return command


def _varies(term: Term, loop: Loop) -> bool:
    if term.pipe:
        return _differs(term.pipe, loop)
    if term.kind == "variable":
        if term.text not in loop.names:
            return False
    elif term.kind != "dot":
        return False
    return not loop.servers or not term.fields or term.fields[0] in OF_SERVER
