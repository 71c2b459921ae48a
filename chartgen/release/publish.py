"""Brings a package to where charts are installed from, and reads it back: what is there is what was proved.

A version that is there already is never replaced unless told so; the same bytes once more are fine. So a command that
was killed, or whose answer was lost, can be given again.
"""

from __future__ import annotations

from pathlib import Path

from ..chart import archive
from ..files import decoded
from ..files import text as text_of
from ..problem import Faults, Problem, Say, fault
from ..reading import yamlfile
from .package import Package
from .target import Options, Published


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
        remedy = "use oci://HOST/PATH, the https:// URL of a ChartMuseum repository, or a folder"
        raise Faults([Problem(target, 0, "", "is not a place to publish charts to", remedy)])
    from . import site

    return site.publish(Path(target), package, provenance, options, say)


def read(file: Path) -> tuple[Package, str | None]:
    """A package on disk, and the text of its .prov; Faults where it is none, or the .prov speaks of another."""
    if not file.exists():
        raise fault(file, "no such file", "make it with 'chartgen package'")
    data, _, entries = archive.read(file)
    text = decoded(entries.get("Chart.yaml", b""), f"{file}/Chart.yaml")
    metadata = yamlfile.parse(text, "Chart.yaml").data
    if not isinstance(metadata, dict) or not metadata.get("name") or not metadata.get("version"):
        raise fault(file, "is not a package of a chart", "make one with 'chartgen package'")
    package = Package(str(metadata["name"]), str(metadata["version"]), text, data)
    if file.name != package.file:
        raise fault(file, f"contains {package.name} {package.version}", f"rename it to {package.file}")
    signature = file.with_name(f"{file.name}.prov")
    provenance = text_of(signature) if signature.exists() else None
    if provenance is not None and f"{package.file}: {package.digest}" not in provenance:
        remedy = "sign the package again with 'chartgen package --sign'"
        raise fault(signature, "is the signature of another package", remedy)
    return package, provenance
