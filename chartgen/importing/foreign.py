"""Whether a values file is one of another chart, by keys that only that chart has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..problem import Problem
from ..reading import yamlfile
from ..reading.keynames import Names
from .tables import Table, charts


def foreign(file: Path, names: Names) -> Problem | None:
    """What a file is, as a problem that names the command for it; None for a file that may be one of this chart."""
    documents = [one for one in yamlfile.parse_all(_text(file), str(file)) if isinstance(one.data, dict)]
    objects = [one for one in documents if "apiVersion" in one.data and "kind" in one.data]
    if objects:
        return _problem(file, objects[0].lines.get(("kind",), 0), f"is a Kubernetes object, {objects[0].data['kind']}")
    for one in documents[:1]:
        found = [
            (key, table) for table in charts().values() for key in table.keys if _only(key, one.data, table, names)
        ]
        if found:
            key, table = found[0]
            path = tuple(key.split("."))
            return _problem(
                file, yamlfile.nearest_line(one.lines, path), f"is a values file of {table.title}, by its key {key}"
            )
    return None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""  # whoever reads it says what is wrong


def _only(key: str, data: Any, table: Table, names: Names) -> bool:
    path = tuple(key.split("."))
    for step in path:
        if not isinstance(data, dict) or step not in data:
            return False
        data = data[step]
    return path[0] != "global" and not names.has(path)


def _problem(file: Path, line: int, what: str) -> Problem:
    return Problem(
        str(file), line, "", what, f"run 'chartgen import {file} -o values.yaml', which writes the values for llm-stack"
    )
