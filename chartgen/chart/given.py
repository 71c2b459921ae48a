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

    `sides` are what is compared or drawn: paths, or release/NAME. `names` are those of the files that were copied:
    path of the copy -> what the person wrote.
    """

    files: list[Path]
    flags: list[str]
    names: dict[str, str] = field(default_factory=dict)
    sides: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.files or self.flags)


@contextmanager
def given(files: Sequence[Path], flags: Sequence[str], sides: Sequence[str] = ()) -> Iterator[Given]:
    """The values given and the sides, every file one that can be read several times.

    `-` is standard input. That and what a shell makes of `<(command)` can be read only once, so it is copied. Faults
    where standard input is named twice.
    """
    for path in (path for flag in flags if flag.startswith(SET_FILE) for path in _paths(flag)):
        if os.path.exists(path):  # of one that is not there, Helm speaks
            data(path)  # Helm would read a device to its end
    with tempfile.TemporaryDirectory(prefix="chartgen-given-") as place:
        names: dict[str, str] = {}
        found = [_lasting(str(file), Path(place), names) for file in (*files, *sides)]
        yield Given([Path(file) for file in found[: len(files)]], list(flags), names, found[len(files) :])


def _lasting(file: str, place: Path, names: dict[str, str]) -> str:
    """The path of a file that can be read several times: its own, or that of a copy, which is added to `names`."""
    if file != "-" and not passing(Path(file)):
        return file
    shown = STDIN if file == "-" else file
    if shown in names.values():
        raise fault(shown, "is named twice, and can be read once", "save it as a file, and name that")
    copy = place / f"{len(names)}.yaml"
    names[str(copy)] = shown
    copy.write_bytes(_standard_input(shown) if file == "-" else piped(Path(file)))
    return str(copy)


def _paths(flag: str) -> list[str]:
    """The files of `--set-file=KEY=FILE,KEY=FILE`, where a backslash takes a comma's meaning away."""
    pairs = re.findall(r"(?:\\.|[^,\\])+", flag.removeprefix(SET_FILE), re.S)
    return [re.sub(r"\\(.)", r"\1", pair.partition("=")[2], flags=re.S) for pair in pairs]


def _standard_input(shown: str) -> bytes:
    if sys.stdin is None:
        raise fault(shown, "is closed", "name a file")
    return small(shown, sys.stdin.buffer.read(LARGEST + 1))
