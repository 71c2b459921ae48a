"""The values that a person gives on the command line: files as Helm takes them, and single values."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ..files import LARGEST, data, passing, piped, small
from ..problem import fault

SET_FILE = "--set-file="
STDIN = "standard input"  # how problems call what came there


@dataclass(frozen=True)
class Given:
    """Values files in order, then Helm's own flags (`--set-string=model.tag=7b`).

    `names` are those of the files that were copied: path of the copy -> what the person wrote.
    """

    files: list[Path]
    flags: list[str]
    names: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.files or self.flags)


@contextmanager
def given(files: Sequence[Path], flags: Sequence[str]) -> Iterator[Given]:
    """The values given, every file one that can be read several times.

    `-` is standard input. That and what a shell makes of `<(command)` can be read only once, so it is copied.
    """
    for path in (path for flag in flags if flag.startswith(SET_FILE) for path in _paths(flag)):
        if os.path.exists(path):  # of one that is not there, Helm speaks
            data(path)  # Helm would read a device to its end
    with tempfile.TemporaryDirectory(prefix="chartgen-given-") as place:
        found, names = [], {}
        for number, file in enumerate(files):
            if str(file) != "-" and not passing(file):
                found.append(file)
                continue
            copy = Path(place, f"{number}.yaml")
            shown = names[str(copy)] = STDIN if str(file) == "-" else str(file)
            copy.write_bytes(_standard_input(shown) if str(file) == "-" else piped(file))
            found.append(copy)
        yield Given(found, list(flags), names)


def _paths(flag: str) -> list[str]:
    """The files of `--set-file=KEY=FILE,KEY=FILE`, where a backslash takes a comma's meaning away."""
    pairs = re.findall(r"(?:\\.|[^,\\])+", flag.removeprefix(SET_FILE), re.S)
    return [re.sub(r"\\(.)", r"\1", pair.partition("=")[2], flags=re.S) for pair in pairs]


def _standard_input(shown: str) -> bytes:
    if sys.stdin is None:
        raise fault(shown, "is closed", "name a file")
    return small(shown, sys.stdin.buffer.read(LARGEST + 1))
