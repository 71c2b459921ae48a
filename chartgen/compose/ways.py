"""Ways through what refers to what: fragments that require others, templates that include others."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def way(start: str, end: str, leads: Callable[[str], Iterable[str]]) -> list[str]:
    """The shortest way from `start` to `end`, which may be the same, by what each leads to; empty if there is none."""
    ways, seen = [[start]], {start}
    for known in ways:
        for name in leads(known[-1]):
            if name == end:
                return [*known, name]
            if name not in seen:
                seen.add(name)
                ways.append([*known, name])
    return []
