"""Checks fragment and stack files against their schemas, each content once.

jsonschema takes longer to import than a whole build, so what has passed is remembered by its hash: the one that Python
marks bytecode with. Its 64 bits tell apart all that people write, and hashlib would take 3 ms to import.
"""

from __future__ import annotations

from functools import cache
from importlib.util import source_hash
from pathlib import Path

from ..paths import home, schemas
from ..problem import Faults
from . import yamlfile


def read(path: Path, shown: str, schema: str) -> yamlfile.Parsed:
    """Read a YAML file and check it against `schemas/<schema>`: what it holds; Faults with every problem."""
    text = path.read_text(encoding="utf-8")
    parsed = yamlfile.parse(text, shown)
    if parsed.problems:
        raise Faults(list(parsed.problems))
    rules = _rules(schema)
    seal = source_hash(f"{rules}\0{text}".encode()).hex()
    if seal in _passed():
        return parsed
    import json

    from . import shape

    problems = shape.check(parsed.data, parsed.lines, json.loads(rules), shown)
    if problems:
        raise Faults(problems)
    _remember(seal)
    return parsed


@cache
def _rules(schema: str) -> str:
    return (schemas() / schema).read_text(encoding="utf-8")


_seals: set[str] = set()


def _passed() -> set[str]:
    if not _seals:
        try:
            _seals.update(_memory().read_text(encoding="ascii").split())
        except (OSError, ValueError):
            _seals.add("")  # nothing remembered: not asked for again
    return _seals


def _remember(seal: str) -> None:
    _seals.add(seal)
    try:
        _memory().parent.mkdir(parents=True, exist_ok=True)
        with _memory().open("a", encoding="ascii") as file:
            file.write(f"{seal}\n")
    except OSError:
        pass  # a folder that cannot be written costs time, nothing else


def _memory() -> Path:
    return home() / "wellformed"
