"""Good objects, and the same with one place changed: what tests of rules and wiring look at."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

from chartgen.programs.helm import Document, documents

FILE = Path(__file__).parent / "manifests/good.yaml"
LABELS = {
    "app.kubernetes.io/name": "little",
    "app.kubernetes.io/instance": "llm",
    "app.kubernetes.io/component": "of-its-own",
    "app.kubernetes.io/version": "1",
    "app.kubernetes.io/managed-by": "Helm",
    "helm.sh/chart": "little-1.0.0",
}
GONE = object()
GOOD = [document for document in documents(FILE.read_text(encoding="utf-8")) if document.data]
for _document in GOOD:
    _metadata = _document.data["metadata"]
    _metadata["labels"] = LABELS | _metadata.get("labels", {})


def changed(title: str, path: str, value: Any) -> list[Document]:
    """The good objects, with `value` at `path` (`spec.ports.0.name`; `|` for a dot in a key) of `Kind/name`.

    GONE takes what is there away.
    """
    made = [replace(document, data=copy.deepcopy(document.data)) for document in GOOD]
    *way, last = steps(path)
    place = find(made, title).data
    for step in way:
        place = place[step] if isinstance(place, list) else place.setdefault(step, {})
    if value is GONE:
        del place[last]
    elif isinstance(place, list) and last == len(place):
        place.append(value)
    else:
        place[last] = value
    return made


def find(made: list[Document], title: str) -> Document:
    """The document of `Kind/name`."""
    kind, name = title.split("/")
    return next(each for each in made if (each.data["kind"], each.data["metadata"]["name"]) == (kind, name))


def steps(path: str) -> tuple[str | int, ...]:
    """A path in the form of `changed` as keys and numbers."""
    return tuple(int(step) if step.isdecimal() else step.replace("|", ".") for step in path.split("."))
