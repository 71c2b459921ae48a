"""What became of every line of the input, as text and as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..problem import Problem
from ..reading.yamlfile import dotted
from .draft import CARRIED, KINDS, Draft, Note, Spot


@dataclass(frozen=True)
class Line:
    """A leaf of the input: where it is, what became of it, and where it is written now (empty for nowhere)."""

    path: str
    line: int
    key: str
    kind: str
    to: str
    text: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        to = f"{' to' if self.kind == CARRIED else ', written to'} {self.to}" if self.to else ""
        return f"{place}: {self.key}: {self.kind}{to}{f'; {self.text}' if self.text else ''}"

    def as_problem(self) -> Problem:
        """The line as a problem, for whoever prints those."""
        return Problem(self.path, self.line, self.key, self.kind, self.text)


def lines(draft: Draft) -> list[Line]:
    """A line for every leaf of the input, in their order."""
    return [_line(draft, spot, draft.notes[spot]) for spot in draft.every]


def unsaid(draft: Draft) -> list[Line]:
    """What is written because another chart has it as a default."""
    found = [(spot, note) for spot, note in draft.unsaid.items() if note.put]
    return [_line(draft, spot, note) for spot, note in found]


def counts(found: list[Line]) -> dict[str, int]:
    """How many lines there are of each kind."""
    return {kind: sum(line.kind == kind for line in found) for kind in KINDS}


def summary(found: list[Line]) -> str:
    """The counts in a line."""
    return f"{len(found)} values: " + ", ".join(f"{number} {kind}" for kind, number in counts(found).items())


def as_text(draft: Draft) -> str:
    """The report as people read it."""
    found = lines(draft)
    parts = [str(line) for line in found]
    defaults = [f"{line.path}: {line.key} (a default): {str(line).split(': ', 2)[2]}" for line in unsaid(draft)]
    parts += [*_headed("Defaults of the other chart:", defaults), *_headed("Before you install:", draft.todo())]
    return "\n".join([*parts, "", summary(found), ""])


def _headed(title: str, entries: list[str]) -> list[str]:
    return ["", title, *(f"- {entry}" for entry in entries)] if entries else []


def as_json(draft: Draft) -> dict[str, Any]:
    """The report as data."""
    found = lines(draft)
    return {
        "lines": [vars(line) for line in found],
        "defaults": [vars(line) for line in unsaid(draft)],
        "before": draft.todo(),
        "counts": counts(found),
    }


def _line(draft: Draft, spot: Spot, note: Note) -> Line:
    source = draft.sources[spot[0]]
    to = dotted(draft.place(note.put)) if note.put else ""
    line = source.line(spot[1]) if spot in draft.every else 0
    return Line(source.path, line, dotted(spot[1]), note.kind, to, note.text)
