"""Makes every schema that kubeconform reads, once, in the folder of caches."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..paths import home, schemas, show
from ..problem import Say
from . import crds, definitions, rules


def kubernetes_folder() -> Path:
    """Where the schemas of Kubernetes' own kinds are, or will be: named by a hash of what they are made from."""
    return home() / "schemas" / f"kubernetes-{_hash(definitions.inputs())}"


def crds_folder() -> Path:
    """Where the schemas of custom resources are, or will be: named by a hash of what they are made from."""
    return home() / "schemas" / f"crds-{_hash(crds.pins(), definitions.inputs())}"


def prepare(say: Say) -> None:
    """Make every schema that kubeconform needs, Kubernetes' own and those of CRDs; nothing where they are there."""
    from ..programs.tools import locked

    for place, make in ((kubernetes_folder(), _bundles), (crds_folder(), crds.schemas)):
        if not place.is_dir():
            with locked("schemas", say):
                if not place.is_dir():
                    write_whole(place, make(say))


def schema_locations() -> list[str]:
    """kubeconform's `-schema-location` arguments, relative where they lie under the working directory."""
    own = f"{show(kubernetes_folder())}/{definitions.TEMPLATE}"
    return [own, *(f"{show(place)}/{definitions.CRD_TEMPLATE}" for place in (crds_folder(), schemas() / "crds"))]


def write_whole(target: Path, files: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Write schemas (path below `target`, schema) into a new folder that appears under its name once it is whole.

    Under a lock of the caller's. What a killed run left goes, and so do folders of the same kind older than a day.
    """
    import shutil
    import tempfile
    import time

    target.parent.mkdir(parents=True, exist_ok=True)
    kind = target.name.partition("-")[0]
    old = (place for place in target.parent.glob(f"{kind}-*") if time.time() - place.stat().st_mtime > 86400)
    for place in (*target.parent.glob(f".{kind}-*"), *old):
        shutil.rmtree(place, ignore_errors=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{kind}-", dir=target.parent))
    try:
        for name, schema in files:
            file = staging / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(definitions.compact(schema), encoding="utf-8")
        staging.chmod(0o755)
        staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _bundles(say: Say) -> Iterable[tuple[str, dict[str, Any]]]:
    say(f"preparing the schemas of Kubernetes {definitions.versions()[0]} to {definitions.versions()[-1]}")
    for version in definitions.versions():
        known = definitions.known_definitions(version, nullable=True)
        for name, path in kinds(known):
            kind, more = definitions.typed_status(known[name], version)
            reached = definitions.reached([name], known | more | {name: kind})
            yield f"v{version}/{path}", {"$schema": definitions.DRAFT, **reached.pop(name), "definitions": reached}


def kinds(known: dict[str, Any]) -> Iterable[tuple[str, str]]:
    """Each definition that is a kind of object, and where kubeconform looks for it by TEMPLATE (`v1` for the core)."""
    for name, schema in known.items():
        properties = schema.get("properties", {})
        for api in properties.get("apiVersion", {}).get("enum", ()):
            kind = properties["kind"]["enum"][0].lower()
            group, _, version = api.rpartition("/")
            yield name, f"{group or version}/{kind}_{version}.json"


def _hash(*inputs: str) -> str:
    """A short hash of what schemas are made from: the inputs, and the source of the modules that make them."""
    source = "".join(inspect.getsource(module) for module in (definitions, rules, crds))
    return hashlib.sha256("\0".join((source, *inputs)).encode()).hexdigest()[:16]
