"""What the package chartgen-prover carries, for machines without Go: programs, and the CRDs that schemas are made from.

It counts only as far as it was built from the same pins and sources as this chartgen would build it from.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = "chartgen_prover"
PROGRAMS = ("prover", "kubeconform")
NOTE, CRDS = "built.json", "crds.json"


def program(name: str, pins: str) -> tuple[Path, str] | None:
    """A program that was built from these pins, and the checksum that it has to have; None where it is not there."""
    place = folder()
    about = _read(place / NOTE).get(name) if place else None
    if place is None or about is None or about["pins"] != pins:
        return None
    return place / about["file"], about["sha256"]


def others(name: str, pins: str) -> bool:
    """Whether the package is there, with a program that was built from something else."""
    place = folder()
    about = _read(place / NOTE).get(name) if place else None
    return bool(about) and about["pins"] != pins


def crds(pins: str) -> list[dict[str, Any]] | None:
    """The CRDs of these pins; None where they are not there."""
    place = folder()
    found = _read(place / CRDS) if place else {}
    return found["crds"] if found.get("pins") == pins else None


@cache
def folder() -> Path | None:
    """The package's folder with programs, found without importing it."""
    from importlib.util import find_spec

    spec = find_spec(PACKAGE)
    place = Path(spec.origin).parent / "bin" if spec and spec.origin else None
    return place if place and place.is_dir() else None


def _read(file: Path) -> dict[str, Any]:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
