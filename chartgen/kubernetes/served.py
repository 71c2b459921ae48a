"""What the API server refuses of custom resources although their schemas in draft-07 allow it.

These are the rules in CEL (`x-kubernetes-validations`), the keys of lists that may not be there twice, and formats.
Kubernetes' own library in the prover applies them to an object with its defaults; no command does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..programs.prover import Prover
from . import crds, prepare

Path_ = tuple[str | int, ...]


@dataclass(frozen=True, order=True)
class Refusal:
    """What the API server has against a document. `rule` is false for what its schema says, as kubeconform does."""

    name: str
    path: Path_
    message: str
    rule: bool


def schema_of(data: Any) -> Path | None:
    """The schema of an object's kind as the API server reads it; None where its CRD is not known."""
    api, kind = (data.get(key) if isinstance(data, dict) else None for key in ("apiVersion", "kind"))
    if not isinstance(api, str) or not isinstance(kind, str) or not re.fullmatch(r"[\w.-]+/\w+", api):
        return None
    group, _, version = api.partition("/")
    file = prepare.crds_folder() / crds.SERVED / group / f"{kind.lower()}_{version}.json"
    return file if kind.isalnum() and file.is_file() else None


def check(documents: Mapping[str, tuple[Path, str]], prover: Prover) -> tuple[list[Refusal], list[str]]:
    """What is refused of documents, name -> (schema of its kind, text); and the names of those without an answer."""
    batches: dict[Path, dict[str, str]] = {}
    for name, (schema, text) in documents.items():
        batches.setdefault(schema, {})[name] = text
    requests = [{"serve": {"schema": str(schema.absolute()), "documents": texts}} for schema, texts in batches.items()]
    found: list[Refusal] = []
    answered: set[str] = set()
    for _, answer in prover.answers(requests):
        for name, refusals in answer["answers"].items():
            answered.add(name)
            found += [Refusal(name, path_of(each["field"]), each["message"], each["rule"]) for each in refusals]
    return sorted(found, key=lambda each: (each.name, str(each.path), each.message)), sorted(
        documents.keys() - answered
    )


def path_of(field: str) -> Path_:
    """A path as the API server writes it, `spec.rules[0].matches` or `metadata.labels[a.b/c]`."""
    parts = re.findall(r"\[([^\]]*)\]|([^.\[\]]+)", field)
    return tuple(int(key) if key.isdecimal() else key or name for key, name in parts)
