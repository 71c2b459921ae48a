"""Where in a YAML document the end of a line is: in a value, in quotes, in a comment, in a block of text.

A line is that of a template, with HOLE characters where actions have printed.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

PART, WHOLE, LINES = "\1", "\2", "\3"  # an action printed a part of a text, one scalar, lines of YAML

START = "start"  # a line on which nothing is yet
VALUE = "value"  # where a scalar begins: behind `key: ` or `- `, in brackets
TIGHT = "tight"  # right behind `key:`
INSIDE = "inside"  # in a scalar without quotes
QUOTED = "quoted"
DONE = "done"  # behind a scalar that is complete
COMMENT = "comment"
BLOCK = "block"  # in the lines of a `|` or `>`

HEADER = re.compile(r"[|>][+-]?\d?[+-]?\s*(?:\s#.*)?$")
PROPERTY = re.compile(r"[!&]\S*")


class Carried(NamedTuple):
    """What a line leaves for those after it: an open quote, open brackets, a block and how its text is
    indented.

    `key` is the one that the next line is the value of, `column` where it is.
    """

    quote: str = ""
    flow: int = 0
    block: int = -1
    content: int = -1
    key: str = ""
    column: int = -1


class Place(NamedTuple):
    """Where the end of a line is, the key or dash before it, and what the line leaves if it ends there."""

    kind: str
    key: str
    next: Carried


@lru_cache(maxsize=1 << 16)
def place(line: str, before: Carried) -> Place:
    """The place at the end of `line`, which follows a line that left `before`."""
    indent = len(line) - len(line.lstrip(" "))
    if before.block >= 0:
        least = before.content if before.content >= 0 else before.block + 1
        if indent >= least or (not line.strip() and not line):
            first = before.content < 0 and line.strip()
            return Place(BLOCK, before.key, before._replace(content=indent if first else before.content))
        if not line.strip():
            return Place(START, before.key, before)
        before = Carried()
    return _Line(line, before).read(indent)


class _Line:
    def __init__(self, line: str, before: Carried) -> None:
        self.line, self.before = line, before
        self.quote, self.flow = before.quote, before.flow
        self.kind = QUOTED if before.quote else VALUE if before.flow else START
        self.key, self.column, self.began = before.key, -1, 0

    def read(self, at: int) -> Place:
        while at < len(self.line):
            char = self.line[at]
            if self.quote:
                at = self._in_quotes(char, at)
            elif char in " \t":
                self.kind = VALUE if self.kind == TIGHT else self.kind
                at += 1
            elif char == "#" and (at == 0 or self.line[at - 1] in " \t"):
                return Place(COMMENT, "#", self._left(self.kind))
            elif self.kind in (START, VALUE):
                if not self.flow and HEADER.match(self.line, at) and self.kind == VALUE:
                    return Place(DONE, self.key, Carried(block=max(self.column, 0), key=self.key))
                at = self._begin(char, at)
            else:
                at = self._on(char, at)
        return Place(QUOTED if self.quote else self.kind, self.key, self._left(self.kind))

    def _left(self, kind: str) -> Carried:
        if kind in (TIGHT, VALUE) and not self.flow and not self.quote:
            return Carried(key=self.key, column=self.column)
        if kind == START:
            return self.before
        return Carried(self.quote, self.flow, key=self.key if self.flow or self.quote else "")

    def _in_quotes(self, char: str, at: int) -> int:
        if char == "\\" and self.quote == '"':
            return at + 2
        if char == self.quote:
            if char == "'" and self.line[at + 1 : at + 2] == "'":
                return at + 2
            self.quote, self.kind = "", DONE
        return at + 1

    def _begin(self, char: str, at: int) -> int:
        """Where a scalar, a list or a map may begin."""
        rest = self.line[at + 1 : at + 2]
        self.began = at
        if char in "-?" and rest in ("", " ") and not self.flow:
            self.kind, self.key, self.column = VALUE, char, at
        elif char in "\"'":
            self.quote, self.kind = char, QUOTED
        elif char in "[{":
            self.flow, self.kind = self.flow + 1, VALUE
        elif char in "]}" and self.flow:
            self.flow, self.kind = self.flow - 1, DONE
        elif char == "," and self.flow:
            self.kind = VALUE
        elif char in "!&":
            return PROPERTY.match(self.line, at).end()  # type: ignore[union-attr]
        else:
            self.kind = DONE if char in (WHOLE, LINES) else INSIDE
        return at + 1

    def _on(self, char: str, at: int) -> int:
        """In a scalar, or behind one."""
        rest = self.line[at + 1 : at + 2]
        if char == ":" and (rest in ("", " ") or (self.flow and (rest in ",[]{}" or self.kind == DONE))):
            self.kind, self.key, self.column = TIGHT, self.line[self.began : at].strip("\"' "), self.began
        elif char in ",]}" and self.flow:
            self.kind = VALUE if char == "," else DONE
            self.flow -= char != ","
        return at + 1
