"""The values that a person gives on the command line: files as Helm takes them, and single values."""

from __future__ import annotations

import os
import select
import stat
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ..files import LARGEST
from ..problem import fault

PATIENCE = 5.0  # seconds until somebody has a pipe open to write


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
    with tempfile.TemporaryDirectory(prefix="chartgen-given-") as place:
        found, names = [], {}
        for number, file in enumerate(files):
            if str(file) != "-" and not _passing(file):
                found.append(file)
                continue
            copy = Path(place, f"{number}.yaml")
            shown = names[str(copy)] = "standard input" if str(file) == "-" else str(file)
            copy.write_bytes(_standard_input(shown) if str(file) == "-" else _piped(file))
            found.append(copy)
        yield Given(found, list(flags), names)


def _passing(file: Path) -> bool:
    """Whether a file can be read only once: a pipe or a device, as `/dev/stdin` and a shell's `<(command)` are."""
    try:
        mode = os.stat(file).st_mode
    except (OSError, ValueError):
        return False  # whoever reads it says what is wrong
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _standard_input(shown: str) -> bytes:
    if sys.stdin is None:
        raise fault(shown, "is closed", "name a file")
    return _small(shown, sys.stdin.buffer.read(LARGEST + 1))


def _piped(file: Path) -> bytes:
    """What comes through a pipe to its end; Faults where nobody has it open to write."""
    parts, size, end = [], 0, time.monotonic() + PATIENCE
    with open(os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0) as source:
        while size <= LARGEST:
            select.select([source], [], [], 1)
            part = source.read(1 << 16)
            if part:
                parts.append(part)
                size += len(part)
            elif part == b"" and (parts or not stat.S_ISFIFO(os.fstat(source.fileno()).st_mode)):
                break
            elif part == b"" and time.monotonic() > end:
                raise fault(file, f"nothing was written to this pipe in {PATIENCE:g} s", "write to it, or name a file")
            elif part == b"":
                time.sleep(0.05)
    return _small(str(file), b"".join(parts))


def _small(shown: str, data: bytes) -> bytes:
    if len(data) > LARGEST:
        raise fault(shown, f"is larger than {LARGEST >> 20} MiB", "name a smaller file")
    return data
