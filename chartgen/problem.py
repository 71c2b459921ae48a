"""What is wrong with a user's input, and how it is told apart from a tool that is broken."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")
# Besides controls: separators of lines, marks of direction, halves of characters, and what XML does not have.
CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
Say = Callable[[str], None]  # what hears of progress, a line at a time


def escaped(text: str, lines: bool = True) -> str:
    """Text that others wrote, with the codes of what moves a cursor, changes the order of letters or is no text.

    Without `lines`, it is one line.
    """
    text = CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
    return text if lines else text.replace("\n", "\\n").replace("\t", "\\t")


@dataclass(frozen=True, order=True)
class Problem:
    """One fault of the user's, printed as `path:line: key: what is wrong; what to do`.

    `path` is shown as given (relative to the working directory where it can be), `line` counts from 1 and is 0
    where no line is to blame, `key` is dotted (`servers.big.gpu.count`) and may be empty, `remedy` may be empty.
    """

    path: str
    line: int
    key: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        text = f"{self.message}; {self.remedy}" if self.remedy else self.message
        return ": ".join(part for part in (place, self.key, text) if part)

    def as_json(self) -> dict[str, str | int]:
        """The problem as a flat object, for `--json`."""
        return {
            "path": self.path,
            "line": self.line,
            "key": self.key,
            "message": self.message,
            "remedy": self.remedy,
        }


class Faults(Exception):
    """The user's input is unusable: every problem that was found. Exit code 1."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def fault(path: object, message: str, remedy: str = "") -> Faults:
    """One problem of a path or a target as the exception to raise."""
    return Faults([Problem(str(path), 0, "", message, remedy)])


class ToolError(Exception):
    """A tool is missing or broken, the user's input is not to blame. Exit code 2."""


class Collected:
    """Problems of several steps, so that a person sees all of them at once.

    What makes something raises Faults; what checks something returns its problems. `attempt` turns the first into the
    second.
    """

    def __init__(self, problems: Iterable[Problem] = ()) -> None:
        self.problems = list(problems)

    def attempt(self, make: Callable[..., T], *arguments: Any, **named: Any) -> T | None:
        """What `make` returns; None where it raises Faults, whose problems are kept."""
        try:
            return make(*arguments, **named)
        except Faults as faults:
            self.problems += faults.problems
            return None

    def end(self) -> None:
        """Faults with every problem, each once and in order, where there are any."""
        if self.problems:
            raise Faults(sorted(set(self.problems)))


def nearest(word: str, known: list[str], what: str = "") -> str:
    """The remedy for a word that is not among those known: the one meant, or all there are where they are few."""
    from difflib import get_close_matches

    folded = {name.casefold(): name for name in known}
    close = get_close_matches(word.casefold(), folded, n=1, cutoff=0.66)
    if close:
        return f"did you mean '{folded[close[0]]}'?"
    return f"{what or 'the names'} are: {', '.join(known)}" if 0 < len(known) <= 20 else ""
