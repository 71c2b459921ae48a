"""What a YAML document is once it is read: its data, the line of every key, and what is wrong with it.

These are apart from the reader, because `yaml` takes a fifth of a build to import and most builds read nothing new.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..problem import Problem

Key = tuple[str | int, ...]
Lines = dict[Key, int]


@dataclass(frozen=True)
class Parsed:
    """One YAML document: its data, path -> line (from 1; the root is `()`), and what is wrong with it.

    `data` is made of dict, list, str, int, float, bool and None, and is None where the text is not YAML at all.
    """

    data: Any
    lines: Lines = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def line_of(parsed: Parsed, path: Key) -> int:
    """The line of `path`, else of its nearest ancestor that has one; 0 where nothing has."""
    return nearest_line(parsed.lines, path)


def nearest_line(lines: Lines, path: Key) -> int:
    """As `line_of`, from the map of lines alone."""
    return next((lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in lines), 0)


def dotted(path: Key) -> str:
    """A path as a person writes it: `servers.big.tolerations[0].key`; a key with a dot in it is in quotes."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (f'"{part}"' if "." in part else part)
    return text
