"""Ranges of versions as Helm reads them, with github.com/Masterminds/semver v3: `>=1.29.0-0 <1.36 || ~1.40`."""

from __future__ import annotations

import re
from typing import NamedTuple

# As in constraints.go. The | between the brackets is its own, and means itself.
_NUMBER = r"[0-9|xX*]+"
_WORDS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_PLAIN = rf"v?{_NUMBER}(?:\.{_NUMBER})?(?:\.{_NUMBER})?(?:-{_WORDS})?(?:\+{_WORDS})?"
_SIGN = r"=>|=<|>=|<=|!=|~>|=|>|<|~|\^|"
ONE = re.compile(
    rf"(?P<sign>{_SIGN})\s*v?(?P<major>{_NUMBER})(?:\.(?P<minor>{_NUMBER}))?(?:\.(?P<patch>{_NUMBER}))?"
    rf"(?:-(?P<pre>{_WORDS}))?(?:\+{_WORDS})?"
)
GROUP = re.compile(rf"\s*(?:{_SIGN})\s*{_PLAIN}\s*(?:(?:\s+|,\s*)(?:{_SIGN})\s*{_PLAIN}\s*)*")
BETWEEN = re.compile(rf"\s*({_PLAIN})\s+-\s+({_PLAIN})\s*")
VERSION = re.compile(rf"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-({_WORDS}))?(?:\+{_WORDS})?")
LONGEST, MOST = 512, 32  # characters, and ranges between ||


class Version(NamedTuple):
    """Major, minor and patch, and the text behind the dash."""

    numbers: tuple[int, int, int]
    pre: str = ""

    @property
    def order(self) -> tuple:
        """What versions are compared by: a release is newer than what precedes it."""
        parts = [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in self.pre.split(".") if part]
        return self.numbers, not self.pre, parts


class Bound(NamedTuple):
    """One comparison; `given` are how many of its three numbers it states."""

    sign: str
    version: Version
    given: int


def fits(text: str, version: str) -> bool:
    """Whether a version is in a range; ValueError where the text is none."""
    wanted = parsed(text)
    own = _version(version)
    return any(_all(group, own) for group in wanted)


def parsed(text: str) -> list[list[Bound]]:
    """The comparisons of a range: one of the groups holds if all of its own do. ValueError where the text is none."""
    whole = BETWEEN.sub(r">= \1, <= \2 ", text)
    groups = whole.split("||")
    if len(text) > LONGEST or len(groups) > MOST:
        raise ValueError("it is too long")
    found = []
    for group in groups:
        if not GROUP.fullmatch(group):
            raise ValueError(f"'{group.strip()}' is not a comparison with a version")
        found.append([_bound(match) for match in ONE.finditer(group)])
    return found


def _bound(match: re.Match[str]) -> Bound:
    numbers: list[int] = []
    for name in ("major", "minor", "patch"):
        part = match[name]
        if part is None or part in ("x", "X", "*"):
            break
        if not part.isdecimal():
            raise ValueError(f"'{match[0].strip()}' is not a comparison with a version")
        numbers.append(int(part))
    exact = (*numbers, 0, 0, 0)[:3]
    return Bound(match["sign"], Version(exact, match["pre"] or ""), len(numbers))


def _version(text: str) -> Version:
    match = VERSION.fullmatch(text)
    if not match:
        raise ValueError(f"'{text}' is not a version")
    return Version((int(match[1]), int(match[2] or 0), int(match[3] or 0)), match[4] or "")


def _all(group: list[Bound], own: Version) -> bool:
    """A version with a text behind its dash is only in a range that names one."""
    return (not own.pre or any(bound.version.pre for bound in group)) and all(_holds(bound, own) for bound in group)


def _holds(bound: Bound, own: Version) -> bool:
    """As each function of constraints.go: a number that is not given is `dirty` there."""
    sign, other, given = bound
    newer, same = own.order > other.order, own.order == other.order
    if sign == "<":
        return not (newer or same)
    if sign in (">=", "=>"):
        return newer or same
    if sign in (">", "<=", "=<"):
        above = own.numbers[:given] > other.numbers[:given] if given in (1, 2) else own.numbers[0] > 0
        if sign == ">":
            return newer if given == 3 else above or (given == 0 and newer)
        above = above or (given == 0 and own.numbers[1] > 0)
        return not newer if given == 3 else not above
    if sign == "!=":
        return _differs(other, given, own, same)
    if sign in ("", "=") and given == 3:
        return same
    if not (newer or same):
        return False
    return _caret(other, given, own) if sign == "^" else _tilde(other, given, own)


def _differs(other: Version, given: int, own: Version, same: bool) -> bool:
    if given in (1, 2):
        near = own.numbers[:given] == other.numbers[:given]
        return not near or (given == 2 and own.pre != other.pre)
    return not same


def _tilde(other: Version, given: int, own: Version) -> bool:
    """The numbers that are given stay, but for the third."""
    if other.numbers == (0, 0, 0) and given in (0, 3):
        return True
    kept = 1 if given == 1 else 2
    return own.numbers[:kept] == other.numbers[:kept]


def _caret(other: Version, given: int, own: Version) -> bool:
    """The first number that is not 0 stays, and all before it."""
    kept = next((n for n, number in enumerate(other.numbers, 1) if number), 3)
    kept = given if given in (1, 2) and given < kept else kept
    return own.numbers[:kept] == other.numbers[:kept]
