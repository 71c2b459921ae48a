"""Good objects, and the same with one place changed: what tests of rules and wiring look at."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
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
# What the good objects refer to, and others make.
NEEDS = frozenset(
    [
        "Secret/registry",
        "RuntimeClass/nvidia",
        "PriorityClass/high",
        "ResourceClaim/card",
        "ResourceClaimTemplate/cards",
        "StorageClass/fast",
        "IngressClass/nginx",
        "Gateway/gateways/public",
        "Gateway/own",
    ]
)
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


def odd(dice: random.Random) -> Iterator[list[Document]]:
    """The good objects, each time with another place that holds something of any shape."""
    for document in GOOD:
        for path in everywhere(document.data):
            shape = dice.choice([None, 1, True, "x", [], [1], {}, {"a": 1}, [{"name": 1}], [None]])
            data = put(document.data, path, shape)
            yield [*(each for each in GOOD if each is not document), replace(document, data=data)]


def inside(data: Any, path: tuple[Any, ...]) -> Any:
    """What is at a place in nested maps and lists."""
    for step in path:
        data = data[step]
    return data


def put(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy with a value at a place."""
    made = copy.deepcopy(data)
    inside(made, path[:-1])[path[-1]] = value
    return made


def everywhere(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in nested maps and lists."""
    steps = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [found for key, inner in steps for found in [(*path, key), *everywhere(inner, (*path, key))]]
