"""What the comment at the top of a values file says to validation.

    # kubernetes: >=1.34, <1.36               the Kubernetes versions that the file is for; all by default
    # pod-security: privileged                the Pod Security level that it needs; restricted by default
    # needs: Secret/x, Gateway/other/y        objects that the cluster already has: Kind/name, or Kind/namespace/name

A line of prose begins with a capital letter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..problem import Collected, Problem, nearest

LEVELS = ("restricted", "baseline", "privileged")
LINE = re.compile(r"#\s*([a-z][a-z-]*):\s+(\S.*?)\s*$")
BOUND = re.compile(r"(>=|<=|>|<|=)\s*v?(\d+)\.(\d+)(?:\.\d+)?$")
NEED = re.compile(r"[A-Z][A-Za-z]+(/[a-z0-9]([-a-z0-9.]*[a-z0-9])?){1,2}$")
# What other programs read.
FOREIGN = ("yaml-language-server", "yamllint", "vim")


@dataclass(frozen=True)
class Header:
    """`bounds` are comparisons with (major, minor), `needs` names as they stand in the header."""

    bounds: tuple[tuple[str, tuple[int, int]], ...] = ()
    security: str = LEVELS[0]
    needs: frozenset[str] = field(default_factory=frozenset)

    def versions(self, known: list[str]) -> list[str]:
        """Those of the full Kubernetes versions that it is for."""
        return [version for version in known if all(_holds(version, bound) for bound in self.bounds)]


def parse(text: str, path: str, strict: bool, first: int = 1) -> Header:
    """The header of a values file, from the line `first` on; Faults with every problem.

    Where `strict`, any other `# word: …` at the top is a problem, else one that is nearly one of these words: a user's
    own file may begin with commented values.
    """
    bounds, needs, security = [], [], LEVELS[0]
    problems = []
    for number, word, said in _lines(text, first):
        bad = []
        parts = [part.strip() for part in said.split(",") if part.strip()]
        if word == "kubernetes":
            bad = [part for part in parts if not BOUND.match(part)]
            bounds += [BOUND.match(part).groups() for part in parts if part not in bad]
        elif word == "needs":
            bad = [part for part in parts if not NEED.match(part)]
            needs += [part for part in parts if part not in bad]
        elif word == "pod-security":
            bad = [] if said in LEVELS else [said]
            security = security if bad else said
        elif word not in FOREIGN:
            problems += _unknown(number, word, path, strict)
        problems += [Problem(path, number, word, f"'{part}' is not valid here", EXPECTED[word]) for part in bad]
    exact = tuple((sign, (int(major), int(minor))) for sign, major, minor in bounds)
    Collected(problems).end()
    return Header(exact, security, frozenset(needs))


EXPECTED = {
    "kubernetes": "expected a comparison with a version, such as >=1.34",
    "needs": "expected Kind/name or Kind/namespace/name, separated by commas",
    "pod-security": f"expected {', '.join(LEVELS[:-1])} or {LEVELS[-1]}",
}


def _lines(text: str, first: int) -> list[tuple[int, str, str]]:
    """(line, word, what it says) of the comment lines before anything else."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            break
        match = LINE.match(line)
        if match and number >= first:
            found.append((number, match[1], match[2]))
    return found


def _unknown(number: int, word: str, path: str, strict: bool) -> list[Problem]:
    remedy = nearest(word, list(EXPECTED), "the allowed words")
    if strict or like_a_word(word):
        return [Problem(path, number, word, "is not a known word in a comment at the top of a values file", remedy)]
    return []


def like_a_word(word: str) -> bool:
    """Whether a word is one of those that validation reads, or nearly one."""
    return word in EXPECTED or nearest(word, list(EXPECTED), "the allowed words").startswith("did you mean")


def _holds(version: str, bound: tuple[str, tuple[int, int]]) -> bool:
    sign, other = bound
    own = tuple(map(int, version.split(".")[:2]))
    return {">=": own >= other, "<=": own <= other, ">": own > other, "<": own < other, "=": own == other}[sign]
