"""What every target of a publish shares: how it is reached, and what an upload comes to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from ..problem import Faults, ToolError, fault
from ..remote import credentials
from ..remote.web import PAUSES
from .package import Package

WOULD = {"published": "would publish", "replaced": "would replace"}  # what a dry run says
DONE = ("published", "replaced")


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


def outcome(
    where: str,
    package: Package,
    there: bytes | None,
    signature: bytes | None,
    provenance: bytes | None,
    options: Options,
) -> str:
    """What publishing does, as Published.did says it; Faults where it must not be done.

    `there` and `signature` are the archive and the .prov that the target has of this version, None where it has none;
    `provenance` is the .prov to publish.
    """
    if there is not None and there != package.data and not options.force:
        raise conflict(where, package, there)
    unsigned(where, package, there, signature, provenance is not None)
    if there == package.data and provenance in (None, signature):
        return "was there"
    did = "published" if there in (None, package.data) else "replaced"
    return WOULD[did] if options.dry_run else did


def conflict(where: str, package: Package, there: bytes) -> Faults:
    """Another archive of this version is there."""
    other = f"sha256:{hashlib.sha256(there).hexdigest()}"
    digests = f"{other[:19]}…, here {package.digest[:19]}…"
    what = f"already has {package.name} {package.version} with other contents ({digests})"
    return fault(where, what, "raise the version in stack.yaml, or replace the published package with --force")


def unsigned(where: str, package: Package, there: bytes | None, signature: bytes | None, signed: bool) -> None:
    """Faults where a package without a signature would take the place of one that has one."""
    if there not in (None, package.data) and signature is not None and not signed:
        what = f"has a signature of {package.name} {package.version}, which would not match the new package"
        raise fault(where, what, "sign this package too, with 'chartgen package --sign'")


def same(where: str, package: Package, there: bytes | None) -> None:
    """ToolError unless what was read back is what was sent."""
    if there != package.data:
        found = f"sha256:{hashlib.sha256(there).hexdigest()}" if there is not None else "nothing"
        what = f"{package.digest} was uploaded, but {found} was read back"
        raise ToolError(f"{where}: {what}; check the proxies and caches on the way")
