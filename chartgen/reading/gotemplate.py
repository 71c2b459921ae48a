"""Reads a Go template as text/template does: its actions as a tree, with lines, or the first place that does not parse.

Only what Helm's templates use is kept: what an action prints, what it tests, what it assigns, what it includes. The
grammar is that of Go's text/template/parse; Helm's own functions are in gofunctions.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from .gofunctions import FUNCTIONS

BRANCHES = ("if", "with", "range")
KEYWORDS = {*BRANCHES, "block", "break", "continue", "define", "else", "end", "template"}

TOKEN = re.compile(
    r"""(?P<space>(?:\s(?!-\}\}))+)|(?P<text>"(?:\\.|[^"\\\n])*")|(?P<raw>`[^`]*`)|(?P<char>'(?:\\.[^']*|[^'\\\n])')
    |(?P<number>[+-]?(?:\d|\.\d)[\w.]*(?:(?<=[eEpP])[+-]\d+)?)|(?P<variable>\$\w*)|(?P<field>\.[^\W\d]\w*)
    |(?P<dot>\.)|(?P<word>[^\W\d]\w*)|(?P<declare>:=)|(?P<assign>=)|(?P<pipe>\|)|(?P<open>\()|(?P<close>\))
    |(?P<comma>,)""",
    re.VERBOSE,
)
NUMBER = re.compile(
    r"[+-]?(0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]+|\d[\d_]*(\.\d*)?([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?)"
)
TRIMS_LEFT, TRIMS_RIGHT = re.compile(r"(?:\s|\*/)-\}\}$"), re.compile(r"\{\{-\s")
LEFT, RIGHT = re.compile(r"\{\{(?:-(?=\s))?"), re.compile(r"\}\}|\s-\}\}")
COMMENT, COMMENT_END = re.compile(r"\{\{(?:-\s+)?/\*"), re.compile(r"(?:\s-)?\}\}")
UNCLOSED = {'"': "unterminated quoted string", "`": "unterminated raw quoted string", "'": "unterminated character"}


DEEPEST = 100  # what goes through a template's tree takes a few levels of Python's stack for each of its own
TOO_DEEP = f"has more than {DEEPEST} levels of nesting"


class Unparsable(Exception):
    """The text is not a Go template: what is wrong, and on which line."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message, self.line = message, line


class Term(NamedTuple):
    """An operand. `kind` is dot, variable, function, text, number, bool, nil or pipe (in parentheses).

    `text` is the variable's or function's name, or the literal; `fields` what follows with dots; `pipe` what is inside
    the parentheses. `.a.b` is a dot with two fields.
    """

    kind: str
    line: int
    text: str = ""
    fields: tuple[str, ...] = ()
    pipe: Pipe | None = None


class Pipe(NamedTuple):
    """Commands, each a list of terms; `names` are the variables that its value goes to."""

    commands: tuple[tuple[Term, ...], ...]
    line: int
    names: tuple[str, ...] = ()


class Text(NamedTuple):
    """Text between actions; `printed` is what is left of it where `{{-` and `-}}` trim it."""

    text: str
    line: int
    printed: str = ""


class Action(NamedTuple):
    """A pipeline: printed unless it assigns. `start` and `end` are its place in the source."""

    pipe: Pipe
    line: int
    start: int
    end: int


class Branch(NamedTuple):
    """if, with or range, and what is in it."""

    kind: str
    pipe: Pipe
    body: tuple[Node, ...]
    other: tuple[Node, ...]
    line: int


class Call(NamedTuple):
    """{{ template "name" pipeline }}."""

    name: str
    pipe: Pipe | None
    line: int
    start: int
    end: int


Node = Text | Action | Branch | Call


class Define(NamedTuple):
    """A named template."""

    name: str
    line: int
    body: tuple[Node, ...]


class Template(NamedTuple):
    """A file: what it defines, in order, and what it renders itself."""

    source: str
    defines: tuple[Define, ...]
    body: tuple[Node, ...]


@lru_cache(maxsize=1024)
def parse(source: str) -> Template:
    """Parse a template's text; Unparsable with the first thing that text/template refuses.

    Nothing of a Template changes: what several ask for is parsed once.
    """
    parser = _Parser(source)
    body, stop = parser.nodes(top=True)
    if stop:
        raise Unparsable(f"unexpected {{{{{stop.word}}}}}", stop.line)
    return Template(source, tuple(parser.defines), body)


def nodes(body: tuple[Node, ...]) -> Iterator[Node]:
    """Every node of a body, those inside branches too, in order."""
    for node in body:
        yield node
        if isinstance(node, Branch):
            yield from nodes(node.body)
            yield from nodes(node.other)


def terms(pipe: Pipe) -> Iterator[Term]:
    """Every term of a pipeline, those in parentheses too."""
    for command in pipe.commands:
        for term in command:
            yield term
            if term.pipe:
                yield from terms(term.pipe)


def bodies(template: Template) -> Iterator[Define]:
    """Its named templates, and what it renders itself under the name ''."""
    yield from template.defines
    yield Define("", 1, template.body)


def pipes(template: Template) -> Iterator[Pipe]:
    """Every pipeline of a file, those in parentheses left inside."""
    for define in bodies(template):
        yield from pipes_of(define.body)


def pipes_of(body: tuple[Node, ...]) -> Iterator[Pipe]:
    """Every pipeline of a body, those in parentheses left inside."""
    for node in nodes(body):
        if isinstance(node, (Action, Branch, Call)) and node.pipe:
            yield node.pipe


def commands(pipe: Pipe) -> Iterator[tuple[Term, ...]]:
    """Every command of a pipeline, those in parentheses too."""
    for command in pipe.commands:
        yield command
        for term in command:
            if term.pipe:
                yield from commands(term.pipe)


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


@dataclass
class _Tag:
    """One {{ … }}: its tokens without the delimiters; `word` is its keyword where it begins with one."""

    line: int
    start: int
    end: int
    tokens: list[_Token]
    word: str = ""
    at: int = 0

    def peek(self) -> str:
        """The kind of the next token; empty at the end."""
        return self.tokens[self.at].kind if self.at < len(self.tokens) else ""

    def take(self) -> _Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def skip(self) -> None:
        if self.peek() == "space":
            self.at += 1


@dataclass
class _Parser:
    source: str
    at: int = 0
    line: int = 1
    loops: int = 0
    depth: int = 0
    variables: list[str] = field(default_factory=lambda: ["$"])
    defines: list[Define] = field(default_factory=list)

    # --- text and tags ---------------------------------------------------------------------------------------------

    def nodes(self, top: bool = False) -> tuple[tuple[Node, ...], _Tag | None]:
        """Nodes up to {{end}}, {{else}} or the end of the text, and what ended them."""
        found: list[Node] = []
        while True:
            start, line = self.at, self.line
            text = self._text()
            if text:
                found.append(Text(text, line, self._trimmed(text, start)))
                self.line += text.count("\n")
            if self.at >= len(self.source):
                return tuple(found), None
            tag = self._tag()
            if tag is None:
                continue
            if tag.word in ("end", "else"):
                return tuple(found), tag
            found += self._node(tag, top)

    def _text(self) -> str:
        end = self.source.find("{{", self.at)
        end = len(self.source) if end < 0 else end
        text, self.at = self.source[self.at : end], end
        return text

    def _trimmed(self, text: str, start: int) -> str:
        """What is printed of the text that begins at `start` and ends here."""
        text = text.lstrip() if TRIMS_LEFT.search(self.source[max(0, start - 4) : start]) else text
        return text.rstrip() if TRIMS_RIGHT.match(self.source, self.at) else text

    def _tag(self) -> _Tag | None:
        """The tag here; None where it is a comment."""
        if COMMENT.match(self.source, self.at):
            self._comment()
            return None
        start, line = self.at, self.line
        self.at = LEFT.match(self.source, self.at).end()  # type: ignore[union-attr]
        tag = _Tag(line, start, 0, list(self._tokens(line)))
        tag.end = self.at
        tag.skip()
        if tag.peek() == "word" and tag.tokens[tag.at].text in KEYWORDS:
            tag.word = tag.take().text
            tag.skip()
        return tag

    def _comment(self) -> None:
        start, line = self.at, self.line
        close = self.source.find("*/", start)
        if close < 0:
            raise Unparsable("unclosed comment", line)
        end = COMMENT_END.match(self.source, close + 2)
        if not end:
            raise Unparsable("comment ends before closing delimiter", line)
        self.at = end.end()
        self.line += self.source.count("\n", start, self.at)

    def _tokens(self, opened: int) -> Iterator[_Token]:
        """The tokens up to }}, with parentheses counted."""
        depth = 0
        while True:
            right = RIGHT.match(self.source, self.at)
            if right:
                if depth:
                    raise Unparsable("unclosed left paren", self.line)
                self.line += self.source.count("\n", self.at, right.end())
                self.at = right.end()
                return
            match = self._match(opened)
            text, kind = match[0], match.lastgroup or ""
            depth += (kind == "open") - (kind == "close")
            if depth < 0:
                raise Unparsable("unexpected right paren", self.line)
            if depth > DEEPEST:
                raise Unparsable(TOO_DEEP, self.line)
            if kind == "number" and not NUMBER.fullmatch(text):
                raise Unparsable(f"bad number syntax: {text!r}", self.line)
            yield _Token(kind, text, self.line)
            self.line += text.count("\n")
            self.at = match.end()

    def _match(self, opened: int) -> re.Match[str]:
        if self.at >= len(self.source):
            raise Unparsable("unclosed action", opened)
        match = TOKEN.match(self.source, self.at)
        if not match:
            first = self.source[self.at]
            raise Unparsable(UNCLOSED.get(first, f"unrecognized character in action: {first!r}"), self.line)
        return match

    # --- nodes -----------------------------------------------------------------------------------------------------

    def _node(self, tag: _Tag, top: bool) -> list[Node]:
        if tag.word in BRANCHES:
            return [self._branch(tag.word, tag)]
        if tag.word in ("define", "block"):
            return self._define(tag, top)
        if tag.word == "template":
            return [self._call(tag)]
        if tag.word:  # break and continue
            if not self.loops:
                raise Unparsable(f"{{{{{tag.word}}}}} outside {{{{range}}}}", tag.line)
            self._end(tag, f"{{{{{tag.word}}}}}")
            return []
        return [Action(self._pipe(tag, "command"), tag.line, tag.start, tag.end)]

    def _branch(self, kind: str, tag: _Tag) -> Branch:
        known = len(self.variables)
        self.depth += 1
        if self.depth > DEEPEST:
            raise Unparsable(TOO_DEEP, tag.line)
        pipe = self._pipe(tag, kind, loop=kind == "range")
        self.loops += kind == "range"
        body, stop = self.nodes()
        self.loops -= kind == "range"
        other: tuple[Node, ...] = ()
        if stop and stop.word == "else":
            other, stop = self._else(kind, stop)
        if stop is None:
            raise Unparsable(f"unexpected EOF: {{{{{kind}}}}} has no {{{{end}}}}", tag.line)
        self._end(stop, "{{end}}")
        self.depth -= 1
        del self.variables[known:]
        return Branch(kind, pipe, body, other, tag.line)

    def _else(self, kind: str, tag: _Tag) -> tuple[tuple[Node, ...], _Tag | None]:
        """What stands after {{else}}, and the {{end}} that closes it."""
        if tag.peek() == "word" and (tag.tokens[tag.at].text, kind) in (("if", "if"), ("with", "with")):
            inner = tag.take().text
            tag.skip()
            branch = self._branch(inner, tag)
            return (branch,), _Tag(self.line, self.at, self.at, [], "end")  # its {{end}} closes both
        self._end(tag, "{{else}}")
        other, stop = self.nodes()
        if stop and stop.word == "else":
            raise Unparsable("expected end; found {{else}}", stop.line)
        return other, stop

    def _define(self, tag: _Tag, top: bool) -> list[Node]:
        if tag.word == "define" and not top:
            raise Unparsable("unexpected {{define}}: it is inside another block, or an {{end}} is missing", tag.line)
        name = self._name(tag)
        pipe = self._pipe(tag, "block") if tag.word == "block" else None
        self._end(tag, f"{{{{{tag.word}}}}}")
        outside, self.variables = self.variables, ["$"]
        loops, self.loops = self.loops, 0
        body, stop = self.nodes()
        self.variables, self.loops = outside, loops
        if stop is None:
            raise Unparsable(f"unexpected EOF: {{{{{tag.word}}}}} has no {{{{end}}}}", tag.line)
        if stop.word == "else":
            raise Unparsable("unexpected {{else}}", stop.line)
        self._end(stop, "{{end}}")
        self.defines.append(Define(name, tag.line, body))
        return [Call(name, pipe, tag.line, tag.start, tag.end)] if pipe else []

    def _call(self, tag: _Tag) -> Call:
        name = self._name(tag)
        return Call(name, self._pipe(tag, "template") if tag.peek() else None, tag.line, tag.start, tag.end)

    def _name(self, tag: _Tag) -> str:
        if tag.peek() not in ("text", "raw"):
            raise Unparsable(f"{{{{{tag.word}}}}} has no name in quotes", tag.line)
        name = tag.take().text[1:-1]
        tag.skip()
        return name

    def _end(self, tag: _Tag, where: str) -> None:
        tag.skip()
        if tag.peek():
            raise Unparsable(f"unexpected {tag.take().text!r} in {where}", tag.line)

    # --- pipelines -------------------------------------------------------------------------------------------------

    def _pipe(self, tag: _Tag, where: str, loop: bool = False) -> Pipe:
        """The pipeline that the rest of the tag, or of the parentheses, is."""
        line = tag.tokens[tag.at].line if tag.peek() else tag.line
        names, declares = self._names(tag, loop)
        commands = self._commands(tag, where)
        if declares:
            self.variables += names
        return Pipe(commands, line, names)

    def _commands(self, tag: _Tag, where: str) -> tuple[tuple[Term, ...], ...]:
        commands: list[tuple[Term, ...]] = []
        while True:
            command = self._command(tag)
            if not command and (commands or tag.peek() == "pipe"):
                raise Unparsable("missing value for command", tag.line)
            if not command:
                raise Unparsable(f"missing value for {where}", tag.line)
            first = command[0]
            if commands and first.kind in ("text", "number", "bool", "nil", "dot") and not first.fields:
                raise Unparsable(f"non executable command in pipeline stage {len(commands) + 1}", first.line)
            commands.append(command)
            if tag.peek() == "pipe":
                tag.take()
            else:
                return tuple(commands)

    def _names(self, tag: _Tag, loop: bool) -> tuple[tuple[str, ...], bool]:
        """`$a :=`, `$a, $b :=` of a range, `$a =`; nothing consumed where there is none."""
        shape = re.compile(
            r"variable (?:space )?(?:(?P<two>comma )(?:space )?variable (?:space )?)?(?P<how>declare|assign) "
        )
        kinds = "".join(f"{token.kind} " for token in tag.tokens[tag.at : tag.at + 7])
        match = shape.match(kinds)
        if not match:
            return (), False
        if match["two"] and not loop:
            raise Unparsable("too many declarations in command", tag.line)
        count = match[0].count(" ")
        taken = tag.tokens[tag.at : tag.at + count]
        names = tuple(token.text for token in taken if token.kind == "variable")
        if match["how"] == "assign":
            for name in names:
                self._known(name, tag.line)
        tag.at += count
        tag.skip()
        return names, match["how"] == "declare"

    def _command(self, tag: _Tag) -> tuple[Term, ...]:
        found: list[Term] = []
        tag.skip()
        while tag.peek() not in ("", "pipe", "close"):
            found.append(self._term(tag))
            if tag.peek() not in ("", "pipe", "close", "space"):
                raise Unparsable(f"unexpected {tag.take().text!r} in operand", tag.line)
            tag.skip()
        return tuple(found)

    def _term(self, tag: _Tag) -> Term:
        token = tag.take()
        kind, text, pipe = token.kind, token.text, None
        if kind == "open":
            kind, text = "pipe", ""
            pipe = self._pipe(tag, "parenthesized pipeline")
            tag.take()
        elif kind == "word":
            kind = self._word(text, token.line)
        elif kind == "variable":
            self._known(text, token.line)
        elif kind in ("raw", "text"):
            kind, text = "text", text[1:-1] if kind == "raw" else _unquoted(text)
        elif kind == "char":
            kind = "number"
        elif kind not in ("number", "dot", "field"):
            raise Unparsable(f"unexpected {text!r} in operand", token.line)
        fields = (text[1:],) if kind == "field" else ()
        while tag.peek() == "field":
            fields += (tag.take().text[1:],)
        if kind in ("text", "number", "bool", "nil") and fields:
            raise Unparsable(f"unexpected . after term {token.text!r}", token.line)
        if kind == "field":
            kind, text = "dot", ""
        return Term(kind, token.line, text, fields, pipe)

    def _word(self, text: str, line: int) -> str:
        if text in ("true", "false"):
            return "bool"
        if text == "nil":
            return "nil"
        if text not in FUNCTIONS:
            raise Unparsable(f'function "{text}" not defined', line)
        return "function"

    def _known(self, name: str, line: int) -> None:
        if name not in self.variables:
            raise Unparsable(f'undefined variable "{name}"', line)


def _unquoted(text: str) -> str:
    inner = text[1:-1]
    if "\\" not in inner:
        return inner
    escapes = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
    return re.sub(r"\\(.)", lambda match: escapes.get(match[1], match[0]), inner)
