"""Files: those that others wrote are read, whatever they are, and those of chartgen's own replace others in one step.

What is no regular file (a pipe, a device, a folder) is never opened to the end. A symbolic link in a folder of sources
is refused: what it points to would become part of a chart.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .paths import show
from .problem import Collected, Faults, Problem, fault

PATIENCE = 5.0  # seconds until somebody has a pipe open to write
OPEN = re.compile("/dev/(stdin|stdout|stderr|fd/[0-9]+)|/proc/[^/]+/fd/[0-9]+")  # what a process has open already
LARGEST = 64 << 20  # bytes of a file that are read
KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFLNK: "a symbolic link",
}
SAID = {
    errno.ENOENT: ("no such file", "check the path"),
    errno.ENOTDIR: ("no such file", "check the path"),
    errno.ENAMETOOLONG: ("the path is too long", "use a shorter one"),
    errno.EACCES: ("permission denied", "make the file readable"),
}


def data(path: str | Path, shown: str | None = None, most: int = LARGEST) -> bytes:
    """The bytes of a regular file, which problems call `shown`; Faults where it is none, or larger than `most`."""
    shown = str(path) if shown is None else shown
    try:
        # A pipe that nobody writes to would hold an open that waits.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            found = file.read(most + 1) if stat.S_ISREG(mode) else b""
    except IsADirectoryError:
        mode = stat.S_IFDIR
    except OSError as error:
        what, remedy = SAID.get(error.errno or 0, (f"cannot be read: {error.strerror}", "check the path"))
        raise fault(shown, what, remedy) from None
    except ValueError:  # a path that no file can have, such as one with a NUL
        raise fault(shown, "is not a path", "correct it") from None
    if not stat.S_ISREG(mode):
        raise fault(shown, f"is {KINDS.get(stat.S_IFMT(mode), 'not a regular file')}", "name a regular file")
    if len(found) > most:
        raise fault(shown, f"is larger than {most >> 20} MiB", "name a smaller file")
    return found


def passing(file: Path) -> bool:
    """Whether a file can be read only once: a pipe or a device, as `/dev/stdin` and a shell's `<(command)` are."""
    try:
        mode = os.stat(file).st_mode
    except (OSError, ValueError):
        return False  # the reader says what is wrong
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def piped(file: Path) -> bytes:
    """What comes through a pipe to its end; Faults where nobody has it open to write."""
    import select

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
    return small(str(file), b"".join(parts))


def small(shown: str, data: bytes) -> bytes:
    """The bytes that were read; Faults where they are more than LARGEST."""
    if len(data) > LARGEST:
        raise fault(shown, f"is larger than {LARGEST >> 20} MiB", "name a smaller file")
    return data


def text(path: str | Path, shown: str | None = None) -> str:
    """The text of a regular file; Faults where it is none, or not UTF-8. Line ends stay as they are."""
    return decoded(data(path, shown), str(path) if shown is None else shown)


def decoded(found: bytes, shown: str) -> str:
    """Bytes as text; Faults, with the line, where they are not UTF-8."""
    try:
        return found.decode("utf-8")
    except UnicodeDecodeError as error:
        line = found.count(b"\n", 0, error.start) + 1
        raise Faults([Problem(shown, line, "", "is not UTF-8 from this line on", "save the file as UTF-8")]) from None


def texts(folder: Path) -> dict[str, str]:
    """Every file below `folder`, by its path there, in order; none where there is no folder.

    What editors leave is none, nor is the bytecode that pip puts beside a Python script. Faults for every file that is
    not a text, and for links.
    """
    found, collected = {}, Collected(strange(folder))
    collected.end()
    for path in sorted(below(folder), key=lambda path: path.split("/")):
        if not _left(path):
            file = os.path.join(folder, path)
            said = collected.attempt(text, file, show(Path(file)))
            # As open() reads it: a line ends in one way in a chart.
            found[path] = (said or "").replace("\r\n", "\n").replace("\r", "\n")
    collected.end()
    return found


def below(folder: Path) -> Iterator[str]:
    """Every file and every link below `folder`, by its path there. Path.rglob takes several times as long."""
    top = str(folder)
    for place, folders, names in os.walk(top):
        inner = place[len(top) + 1 :].replace(os.sep, "/")
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        yield from (f"{inner}/{name}" if inner else name for name in (*names, *links))


def real(path: str | Path) -> Path:
    """A path without links, as far as it can be followed: Path.resolve raises what is no OSError."""
    try:
        return Path(os.path.realpath(path))
    except ValueError:
        return Path(path)


def strange(folder: Path) -> list[Problem]:
    """What a folder of sources must not hold: links, pipes, devices, names that are not UTF-8; nor is it a link."""
    paths = ["", *(path for path in below(folder) if not _left(path))]
    return [problem for path in paths if (problem := odd(os.path.join(folder, path) if path else str(folder)))]


def regular(file: Path) -> bool:
    """Whether there is a file of sources; Faults where it is something else, such as a link."""
    if os.path.lexists(file):
        Collected(filter(None, [odd(str(file))])).end()
    return os.path.isfile(file)


def odd(path: str) -> Problem | None:
    """Why a path is not one that a chart is made of; None where it is a file or a folder, or not there."""
    try:
        mode = os.lstat(path).st_mode
        path.encode()
    except OSError:
        return None  # not there: whoever reads it says so
    except UnicodeEncodeError:
        name = os.fsencode(path).decode("utf-8", "backslashreplace")
        return Problem(name, 0, "", "has a name that is not UTF-8", "rename it")
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return None
    what = KINDS.get(stat.S_IFMT(mode), "not a regular file")
    remedy = "put a copy of what it points to in its place" if stat.S_ISLNK(mode) else "remove it"
    return Problem(_shown(path), 0, "", f"is {what}", remedy)


def _shown(path: str) -> str:
    """As paths.show does, without following a link at the end."""
    folder, name = os.path.split(path)
    place = show(Path(folder or "."))
    return name if place == "." else f"{place}/{name}"


def _left(path: str) -> bool:
    """Whether an editor, or Python, left a file of that name."""
    name = path.rpartition("/")[2]
    return name.startswith(".") or name.endswith(("~", ".swp", ".pyc"))


def write(file: Path, content: bytes, follow: bool = True) -> bool:
    """Make a file hold exactly `content`, in one step; whether that changed anything.

    A link stays a link, and what it points to is replaced; without `follow`, a file takes its place. A pipe or a device
    is written into, and so is what this process has open. What killed runs left beside it is removed. Where it fails,
    nothing is left, and the OSError names the file.
    """
    if follow and (passing(file) or OPEN.fullmatch(os.path.abspath(file))):
        with open(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC), "wb") as opened:
            opened.write(content)
        return True
    file = Path(os.path.realpath(file)) if follow and file.is_symlink() else file
    sweep(file.parent, f".{file.name}.")
    there = file.is_file() and not file.is_symlink()
    if there and file.read_bytes() == content:
        return False
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    with whole(file, fresh):
        fresh.write_bytes(content)
        if there:
            os.chmod(fresh, stat.S_IMODE(file.stat().st_mode))
        os.replace(fresh, file)
    return True


@contextmanager
def whole(place: Path, fresh: Path) -> Iterator[None]:
    """What is made at `fresh` to take the place of `place`: where that fails, neither it nor a new folder is left.

    An error of the system's names `place`: that of a write names nothing.
    """
    import shutil

    try:
        with folder(place.parent):
            try:
                yield
            finally:
                if fresh.is_dir() and not fresh.is_symlink():
                    shutil.rmtree(fresh, ignore_errors=True)
                else:
                    fresh.unlink(missing_ok=True)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(place)) from None


@contextmanager
def folder(place: Path) -> Iterator[None]:
    """A folder, made with those above it where it is not there; where something fails, none is left that is empty."""
    made = [each for each in (place, *place.parents) if not each.exists()]
    try:
        place.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for each in made:
            with suppress(OSError):  # not empty: somebody else uses it
                each.rmdir()
        raise


def sweep(folder: Path, prefix: str) -> None:
    """Remove what killed runs left: files and folders called `prefix` and the number of a process that has ended."""
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in names:
        number = name.removeprefix(prefix)
        if name.startswith(prefix) and number.isdecimal() and not _running(int(number)):
            left = folder / name
            if left.is_dir() and not left.is_symlink():
                import shutil

                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def _running(number: int) -> bool:
    """Whether another process of that number runs; one that had this one's number before is gone."""
    if number == os.getpid():
        return False
    try:
        os.kill(number, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True
