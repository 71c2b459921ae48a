"""Brings a package to where charts are installed from, and reads it back: what is there is what was proved.

A version that is there already is never replaced unless told so; the same bytes once more are fine. So a command that
was killed, or whose answer was lost, can be given again.
"""

from __future__ import annotations

import hashlib
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from . import credentials, yamlfile
from .package import Package
from .problem import Faults, Problem, ToolError

Say = Callable[[str], None]
T = TypeVar("T")
PAUSES = (1.0, 3.0, 9.0)  # seconds before the second, third and fourth try


class Passing(Exception):
    """Something that may be otherwise in a moment: no connection, a server that is busy or restarts."""


@dataclass(frozen=True)
class Options:
    """How a target is spoken to. `context_path` is what stands before ChartMuseum's own paths, `site_url` what before
    the files of a folder."""

    login: credentials.Login | None = None
    ca_file: Path | None = None
    plain_http: bool = False
    force: bool = False
    dry_run: bool = False
    context_path: str = ""
    site_url: str = ""
    pauses: tuple[float, ...] = PAUSES


@dataclass(frozen=True)
class Published:
    """Where a package is now. `digest` is the archive's, `reference` what `helm install` takes; `did` is `published`,
    `was there`, `replaced` or, in a dry run, `would publish`, `would replace`."""

    did: str
    reference: str
    digest: str
    signed: bool
    manifest_digest: str = ""


def publish(target: str, file: Path, options: Options, say: Say) -> Published:
    """Publish a package, with the .prov beside it where there is one.

    `target` is `oci://HOST/PATH`, the URL of a ChartMuseum's repository, or a folder. Faults where what is given or
    what is there does not allow it, ToolError where a server does not answer.
    """
    package, provenance = read(file)
    if target.startswith("oci://"):
        from . import oci

        return oci.publish(target, file, package, provenance is not None, options, say)
    if target.startswith(("http://", "https://")):
        from . import museum

        return museum.publish(target, package, provenance, options, say)
    if "://" in target:
        remedy = "name oci://HOST/PATH, the https:// of a ChartMuseum's repository, or a folder"
        raise Faults([Problem(target, 0, "", "is no place that charts are published to", remedy)])
    from . import site

    return site.publish(Path(target), package, provenance, options, say)


def read(file: Path) -> tuple[Package, str | None]:
    """A package on disk, and the text of its .prov; Faults where it is none, or the .prov speaks of another."""
    try:
        data = file.read_bytes()
        with tarfile.open(file) as tar:
            member = next(
                (entry for entry in tar if entry.name.count("/") == 1 and entry.name.endswith("/Chart.yaml")), None
            )
            text = tar.extractfile(member).read().decode("utf-8") if member else ""  # type: ignore[union-attr]
    except FileNotFoundError:
        raise _fault(file, "is not there", "make it by 'chartgen package'") from None
    except (tarfile.TarError, EOFError, UnicodeDecodeError, IsADirectoryError):
        text = ""
    metadata = yamlfile.parse(text, "Chart.yaml").data
    if not isinstance(metadata, dict) or not metadata.get("name") or not metadata.get("version"):
        raise _fault(file, "is no package of a chart", "make one by 'chartgen package'")
    package = Package(str(metadata["name"]), str(metadata["version"]), text, data)
    if file.name != package.file:
        raise _fault(file, f"holds {package.name} {package.version}", f"call it {package.file}")
    signature = file.with_name(f"{file.name}.prov")
    provenance = signature.read_text(encoding="utf-8") if signature.is_file() else None
    if provenance is not None and f"{package.file}: {package.digest}" not in provenance:
        raise _fault(
            signature, "signs another package than the one beside it", "sign anew by 'chartgen package --sign'"
        )
    return package, provenance


def patiently(what: str, do: Callable[[], T], pauses: tuple[float, ...], say: Say) -> T:
    """What `do` returns, tried again after pauses while it raises Passing; then ToolError."""
    for pause in (*pauses, None):
        try:
            return do()
        except Passing as error:
            if pause is None:
                raise ToolError(
                    f"{what}: {error}, {len(pauses) + 1} times; is the address right, and the server up?"
                ) from None
            say(f"{what}: {error}; once more in {pause:.0f} s")
            time.sleep(pause)
    raise AssertionError  # the loop returns or raises


def conflict(where: str, package: Package, there: bytes) -> Faults:
    """Another archive of this version is there."""
    other = f"sha256:{hashlib.sha256(there).hexdigest()}"
    digests = f"{other[:19]}…, here {package.digest[:19]}…"
    what = f"has {package.name} {package.version} already, with other contents ({digests})"
    return _fault(where, what, "raise the version in stack.yaml, or replace what is there by --force")


def unsigned(where: str, package: Package, there: bytes | None, signature: bytes | None, signed: bool) -> None:
    """Faults where a package without a signature would take the place of one that has one."""
    if there not in (None, package.data) and signature is not None and not signed:
        what = f"has {package.name} {package.version} with a signature, which would speak of an archive that is gone"
        raise _fault(where, what, "sign this one too, by 'chartgen package --sign'")


def same(where: str, package: Package, there: bytes | None) -> None:
    """ToolError unless what was read back is what was sent."""
    if there != package.data:
        found = f"sha256:{hashlib.sha256(there).hexdigest()}" if there is not None else "nothing"
        raise ToolError(f"{where}: {package.digest} was sent, and {found} comes back; something between changes it")


def _fault(where: object, what: str, remedy: str) -> Faults:
    return Faults([Problem(str(where), 0, "", what, remedy)])
