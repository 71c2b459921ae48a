"""A chart as a package: the same bytes from the same sources, on any machine and at any time.

`helm package` writes the moment, the owner and the modes of the files at hand into the archive, whatever
SOURCE_DATE_EPOCH says (seen with 4.3.1), so the archive is written here. Compression would make it depend on which zlib
Python was built with, and on its version: nothing is compressed. The gzip format has a form for that, which Helm and
tar read as any other.
"""

from __future__ import annotations

import hashlib
import io
import struct
import tarfile
import zlib
from dataclasses import dataclass

from ..compose import artifacthub
from ..compose.compose import Chart
from ..problem import Collected
from ..sources.stack import Stack

MOMENT = 315532800  # 1980-01-01, the earliest that every archive format can tell
BLOCK = 65535  # bytes of a stored block of deflate


@dataclass(frozen=True)
class Package:
    """A chart's archive. `metadata` is its Chart.yaml, which a signature covers."""

    name: str
    version: str
    metadata: str
    data: bytes

    @property
    def file(self) -> str:
        """The name that Helm and all repositories expect."""
        return f"{self.name}-{self.version}.tgz"

    @property
    def digest(self) -> str:
        """`sha256:` and 64 hexadecimal digits, as a repository's index has it."""
        return f"sha256:{hashlib.sha256(self.data).hexdigest()}"


def pack(stack: Stack, chart: Chart) -> Package:
    """The package of a stack's chart; Faults where something is missing that a release needs."""
    Collected(artifacthub.problems(stack)).end()
    data = zipped(archive({f"{chart.name}/{path}": text.encode() for path, text in chart.files.items()}))
    return Package(chart.name, stack.chart["version"], chart.files["Chart.yaml"], data)


def archive(files: dict[str, bytes]) -> bytes:
    """A tar of files, in their order but for Chart.yaml, which goes first: whoever lists charts reads no further."""
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(files, key=lambda path: (not path.endswith("/Chart.yaml"), path)):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mtime, entry.mode = len(files[path]), MOMENT, 0o644
            tar.addfile(entry, io.BytesIO(files[path]))
    return memory.getvalue()


def zipped(data: bytes) -> bytes:
    """Data in the gzip format (RFC 1952), in stored blocks of deflate (RFC 1951), without a name and a time."""
    parts = [b"\x1f\x8b\x08\x00" + bytes(4) + b"\x00\xff"]
    for start in range(0, max(len(data), 1), BLOCK):
        block = data[start : start + BLOCK]
        last = start + BLOCK >= len(data)
        parts += [struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF), block]
    return b"".join(parts) + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)
