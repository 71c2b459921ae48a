"""A folder that a web server shows: packages, and the index.yaml by which Helm finds them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ..files import data, regular, write
from ..files import folder as made
from ..problem import Collected, Faults, Problem, Say, ToolError, fault
from ..programs import lock, tools
from ..programs.run import hermetic, run
from ..reading import yamlfile
from ..reading.yamlfile import nearest_line
from .package import Package
from .target import DONE, WOULD, Options, Published, outcome

TIMEOUT = 600  # seconds for one command of Helm


def publish(folder: Path, package: Package, provenance: str | None, options: Options, say: Say) -> Published:
    """Lay a package and its .prov into a folder, then exchange the index: whoever reads it finds what it names."""
    if folder.exists() and not folder.is_dir():
        raise fault(folder, "is not a folder", "name a folder; chartgen creates it if it does not exist")
    if "@" in options.site_url.partition("://")[2].partition("/")[0]:
        raise fault("--site-url", "contains a password, which the index would publish", "leave it out")
    if options.dry_run:
        return _publish(folder, package, provenance, options, say)
    try:
        # The index is read, changed and written: two at once would lose what one of them adds.
        with made(folder), lock.held(folder / ".chartgen.lock", say):
            return _publish(folder, package, provenance, options, say)
    except lock.Unlockable as error:
        what = f"cannot be locked: {error}"
        raise fault(folder, what, "make it writable, or publish to a local folder and copy that") from None


def _publish(folder: Path, package: Package, provenance: str | None, options: Options, say: Say) -> Published:
    file, signature, index = (folder / name for name in (package.file, f"{package.file}.prov", "index.yaml"))
    there, old, _ = (data(each) if regular(each) else None for each in (file, signature, index))
    listed = _listed(index, package)
    did = outcome(str(folder), package, there, old, provenance.encode() if provenance else None, options)
    if did == "was there" and listed != package.digest:
        did = WOULD["published"] if options.dry_run else "published"  # a kill left it out of the index
    if did in DONE:
        made = _index(folder, package, options.site_url, say)
        write(file, package.data, follow=False)
        if provenance is not None:
            write(signature, provenance.encode(), follow=False)
        write(index, made, follow=False)
        if _listed(index, package) != package.digest:
            raise ToolError(f"{index}: does not contain {package.digest}; check that no other command writes to it")
    return Published(did, str(file), package.digest, provenance is not None)


def _index(folder: Path, package: Package, url: str, say: Say) -> bytes:
    """The index with the package in it, made by Helm beside the folder; Faults where Helm cannot read what is there."""
    index = folder / "index.yaml"
    helm = tools.ensure(["helm"], say)["helm"].path
    with tempfile.TemporaryDirectory(prefix="chartgen-publish-") as place:
        (Path(place) / package.file).write_bytes(package.data)
        command = [str(helm), "repo", "index", place, *([f"--url={url}"] if url else [])]
        command += [f"--merge={index}"] if index.is_file() else []
        done = run(command, TIMEOUT, hermetic(Path(place)))
        if done.code:
            raise fault(index, done.last, "correct the file, or move it")
        return (Path(place) / "index.yaml").read_bytes()


def _listed(index: Path, package: Package) -> str:
    """The digest that an index names for this version, empty where it names none."""
    if not index.exists():
        return ""
    parsed = yamlfile.read(index)
    Collected(parsed.problems).end()
    entries = parsed.data.get("entries") or {} if isinstance(parsed.data, dict) else None
    items = (entries.get(package.name) or []) if isinstance(entries, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        line = nearest_line(parsed.lines, ("entries", package.name))
        remedy = "correct the file, or move it: chartgen then makes a new one"
        raise Faults([Problem(str(index), line, "entries", "is not a map of charts to lists of versions", remedy)])
    found = [str(item.get("digest", "")) for item in items if str(item.get("version")) == package.version]
    return f"sha256:{found[0].removeprefix('sha256:')}" if found else ""
