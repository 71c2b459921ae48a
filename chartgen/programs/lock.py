"""One process at a time: a lock on a file, which ends with the process that holds it, however that ends."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..problem import Say

EVERY = 15.0  # seconds between two lines on what is waited for


class Unlockable(Exception):
    """A lock that cannot be had: the file cannot be made, or its file system has no locks."""


@contextmanager
def held(file: Path, say: Say, keep: bool = False) -> Iterator[None]:
    """Hold the lock `file`, after any other process that has it; `keep` leaves the file at the end."""
    descriptor = _locked(file, say)
    try:
        yield
    finally:
        if not keep:
            file.unlink(missing_ok=True)
        os.close(descriptor)


def _locked(file: Path, say: Say) -> int:
    import fcntl

    start = said = time.monotonic()
    while True:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise Unlockable(error.strerror) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _same(descriptor, file):
                return descriptor
        except BlockingIOError:
            if said == start or time.monotonic() - said > EVERY:
                said = time.monotonic()
                say(f"waiting for another chartgen process that uses {file.parent} … {said - start:.0f} s")
            time.sleep(0.1)
        except OSError as error:
            os.close(descriptor)
            raise Unlockable(error.strerror) from None
        os.close(descriptor)


def _same(descriptor: int, file: Path) -> bool:
    """Whether the lock is still the file of that name: who had it before has removed it at the end."""
    try:
        there, own = os.stat(file), os.fstat(descriptor)
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (own.st_dev, own.st_ino)
