"""Lines that are indented more, or less, than YAML can read: in objects, and in what fills a slot of YAML.

Helm reports them where the slots are joined, or by a line of its output.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..problem import Problem
from ..reading import gotemplate
from ..reading.gotemplate import Action, Branch, Call, Node, Text
from .reads import Source
from .yamlplace import BLOCK, COMMENT, DONE, INSIDE, LINES, PART, Carried, place

# What a line begins with that is an item, or a key.
SHAPED = re.compile(r"- |-$|[^\s\"'#:{\[-][^:#]*:(?:\s|$)")
ITEMS = re.compile(r"(?:- +)+")
# Where a comment can begin.
MARK = re.compile(r"(?:^|(?<=[ \t]))#")


def check(sources: list[Source], filled: set[str], silent: set[str]) -> Iterator[Problem]:
    """Every such line, the first of each template; `filled` are the templates that fill slots of YAML.

    `silent` are the templates that print nothing.
    """
    for source in sources:
        named = source.file.rpartition("/")[2].startswith("_")
        for define in gotemplate.bodies(source.template):
            fills = define.name in filled
            if fills or (not define.name and not named):
                walk = _Walk(source, silent, fills, 0 if fills else None)
                walk.body(define.body)
                walk.ended()
                yield from walk.problems[:1]


@dataclass
class _Walk:
    """Goes through the lines of a template. `most` is the column that the next line may have; None is any.

    `columns` are those at which the lines before it began.
    """

    source: Source
    silent: set[str]
    fills: bool
    most: int | None
    before: Carried = field(default_factory=Carried)
    line: str = ""
    number: int = 0
    columns: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def body(self, body: tuple[Node, ...]) -> None:
        for node in body:
            if isinstance(node, Text):
                self.text(node)
            elif isinstance(node, Branch):
                self.branch(node)
            elif not self.prints_nothing(node):
                self.action(node)

    def text(self, node: Text) -> None:
        first, *rest = node.printed.split("\n")
        number = node.line + node.text[: node.text.find(node.printed)].count("\n") if node.printed else node.line
        self.begun(first, number)
        for n, more in enumerate(rest, number + 1):
            self.ended()
            self.begun(more, n)

    def begun(self, text: str, number: int) -> None:
        self.number = self.number if self.line.strip() else number
        self.line += text

    def action(self, node: Action | Call) -> None:
        if self.line.strip() and isinstance(node, Action) and node.pipe.commands[-1][0].text == "nindent":
            self.ended()
            self.line, self.most, self.columns = LINES, None, []
        elif self.line.strip():
            self.line += PART
        else:
            # Lines of YAML: what follows an include at the left of a fill is at the left as well.
            left = self.fills and not self.line and isinstance(node, Action) and len(node.pipe.commands) == 1
            self.line, self.most, self.columns = LINES, 0 if left else None, []

    def branch(self, node: Branch) -> None:
        """What is in a branch follows the lines before it; what follows those in it is not known."""
        most, columns, before, line = self.most, [*self.columns], self.before, self.line
        left = []
        for body in (node.body, node.other):
            self.most, self.columns, self.before, self.line = most, [*columns], before, line
            self.body(body)
            self.ended()
            left.append(self.columns)
        both = [column for column in left[0] if column in left[1]]
        self.most, self.columns, self.before, self.line = None, both, before, LINES if line.strip() else ""

    def prints_nothing(self, node: Action | Call) -> bool:
        if isinstance(node, Call):
            return node.name in self.silent
        first, *rest = node.pipe.commands[-1]
        silent = first.text == "include" and bool(rest) and rest[0].text in self.silent
        return bool(node.pipe.names) or first.text == "fail" or silent

    def ended(self) -> None:
        """Judge a line that is complete, and note what it leaves."""
        line, self.line = self._uncommented(self.line.rstrip()), ""
        if not line or line.startswith(LINES):
            return
        here = place(line, self.before)
        free = not (self.before.quote or self.before.flow) and here.kind != BLOCK
        self.before = here.next
        if not free:
            return
        if line.startswith(("---", "...")):
            self.most, self.columns = None, []
            return
        text = line.lstrip(" ")
        column = len(line) - len(text)
        if SHAPED.match(text):
            self.judged(text, column)
        dashes = ITEMS.match(text)
        inner = len(dashes[0]) if dashes else 0
        if PART in text and not SHAPED.match(text[inner:]):
            # What the action printed can be a map, or begin with a line break.
            self.most, self.columns = None, []
            return
        content = column + (inner if dashes and SHAPED.match(text[inner:]) else max(inner - 2, 0))
        self.most = content if here.kind in (DONE, INSIDE) and self.before.block < 0 else None
        if self.before.block >= 0 or not SHAPED.match(text):
            self.most = content if self.before.block >= 0 else None
        self.columns = [*(each for each in self.columns if each < column), *dict.fromkeys((column, content))]

    def _uncommented(self, line: str) -> str:
        """The line without the comment at its end."""
        marks = (match.start() for match in MARK.finditer(line))
        return next((line[:at].rstrip() for at in marks if place(line[: at + 1], self.before).kind == COMMENT), line)

    def judged(self, text: str, column: int) -> None:
        said = text.replace(PART, "{{…}}").replace(LINES, "{{…}}").removesuffix(":")
        if self.most is not None and column > self.most:
            message = "is indented, but no key above it can hold it"
            if self.columns:
                message = "is indented more than the line above it, which has a value"
            remedy = f"indent it by {self.most} spaces" if self.most else "remove the spaces before it"
            self.problems.append(Problem(self.source.path, self.number, said, message, remedy))
        elif self.columns and column not in self.columns and min(self.columns) < column < max(self.columns):
            message = "is indented differently from all lines above it"
            remedy = f"indent it by {max(each for each in self.columns if each < column)} or {max(self.columns)} spaces"
            self.problems.append(Problem(self.source.path, self.number, said, message, remedy))
