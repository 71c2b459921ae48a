"""A chart's package as others made it: read within bounds, its sum checked, and only what Helm takes for a chart."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from .. import files
from ..problem import Faults, fault

# Helm's own limits (pkg/chart/loader/archive, MaxDecompressedChartSize and MaxDecompressedFileSize).
MOST, EACH = 100 << 20, 5 << 20
MANY = 10_000  # files
REMEDY = "download it again, or make it with 'chartgen package'"


def read(file: Path) -> tuple[bytes, str, dict[str, bytes]]:
    """A package's bytes, the name of its folder, and its files by their path there; Faults where it is none."""
    data = files.data(file, most=MOST)
    entries: dict[str, bytes] = {}
    top = ""
    try:
        with tarfile.open(fileobj=io.BytesIO(_unzipped(file, data)), mode="r:") as tar:
            for entry in tar:
                if entry.isdir():
                    continue
                folder, path = _place(file, entry)
                top = top or folder
                entries[path] = tar.extractfile(entry).read()  # type: ignore[union-attr]
                if len(entries) > MANY:
                    raise fault(file, f"contains more than {MANY} files", REMEDY)
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        raise _no_package(file, str(error)) from None
    folders = {str(parent) for path in entries for parent in PurePosixPath(path).parents}
    if clash := sorted(folders & entries.keys()):
        raise fault(file, f"contains {clash[0]} both as a file and as a folder", REMEDY)
    return data, top, entries


def _unzipped(file: Path, data: bytes) -> bytes:
    try:
        # To the end: the sum of the data is behind it, where tarfile does not read.
        found = gzip.GzipFile(fileobj=io.BytesIO(data)).read(MOST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise _no_package(file, str(error)) from None
    if len(found) > MOST:
        raise fault(
            file, f"unpacks to more than {MOST >> 20} MiB, which is Helm's limit", "remove files from the chart"
        )
    return found


def _place(file: Path, entry: tarfile.TarInfo) -> tuple[str, str]:
    """The folder of an entry, and its path below that; Faults for an entry that a chart cannot have."""
    parts = entry.name.split("/")
    name = entry.name.encode("utf-8", "backslashreplace").decode()
    if not entry.isreg():
        raise fault(file, f"contains {name}, which is not a regular file", REMEDY)
    outside = {"", ".", ".."} & set(parts) or "\\" in name or "\0" in name or len(parts) < 2
    if outside or name != entry.name or len(name.encode()) > 1000 or any(len(part.encode()) > 255 for part in parts):
        raise fault(file, f"contains {name[:100]}, which is not a path inside a chart", REMEDY)
    if entry.size > EACH:
        raise fault(file, f"contains {name}, which is larger than {EACH >> 20} MiB, Helm's limit", "remove it")
    return parts[0], "/".join(parts[1:])


def _no_package(file: Path, why: str) -> Faults:
    return fault(file, f"is not the package of a chart: {why or 'it is cut short'}", REMEDY)
