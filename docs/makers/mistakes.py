"""Writes docs/mistakes.md from tests/proofs/mistakes.yaml: `python -m docs.makers.mistakes`.

With KUBECONFIG, `python -m docs.makers.mistakes --cluster NAMESPACE` compares `server:` of every mistake with what the
API server says, by kubectl, and writes nothing.
"""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from chartgen.kubernetes import definitions, prepare
from chartgen.programs import kubeconform, tools
from chartgen.programs.helm import Document, documents
from tests.objects import GOOD, find, steps

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "tests/proofs/mistakes.yaml"
PAGE = ROOT / "docs/mistakes.md"
NEWEST = definitions.versions()[-1]
LAYERS = {
    "YAML": "manifests: strict YAML",
    "names": "manifests: names",
    "schemas": "manifests: schemas with our rules",
    "rules": "manifests: rules of an object",
    "served": "manifests: the API server's rules of custom resources",
    "policy": "manifests: policy",
    "wiring": "wiring",
    "values": "values",
    "renders": "renders",
}
HEAD = """\
# Mistakes that validation finds

Each row is a kind of mistake, made in a good manifest or a values file. `chartgen validate` reports every one of them,
in the layer that the second column names. The other columns show which tool misses it:

- **kubeconform alone** is `kubeconform -strict` with the published schemas of Kubernetes.
- **API server** is `kubectl create --dry-run=server` on Kubernetes 1.37. What it accepts fails later, or never works.

Of {count} mistakes in manifests, kubeconform alone misses {missed}, and the API server accepts {accepted}.

This page is generated from `tests/proofs/mistakes.yaml` by `make docs`.

| mistake | layer of `chartgen validate` | kubeconform alone | API server |
|---|---|---|---|
"""
VALUES = """
## In values files

Helm refuses these with the chart's `values.schema.json` or the chart's own rules. `chartgen validate -f` also names the
line.

| mistake | layer of `chartgen validate` |
|---|---|
"""


@dataclass(frozen=True)
class Mistake:
    """A mistake as the table has it; `object` is empty where it is in `values`."""

    name: str
    layer: str
    said: str
    object: str = ""
    values: str = ""
    version: str = NEWEST
    server: str = "refuses"
    set: dict[str, Any] = field(default_factory=dict)
    remove: str = ""
    text: tuple[str, str] = ("", "")
    large: str = ""


@cache
def mistakes() -> list[Mistake]:
    """The table."""
    return [Mistake(name, **row) for name, row in yaml.safe_load(TABLE.read_text(encoding="utf-8")).items()]


def in_manifests() -> list[Mistake]:
    """The mistakes that are in an object."""
    return [each for each in mistakes() if each.object]


def changed(mistake: Mistake) -> Document:
    """The object with the mistake."""
    good = find(GOOD, mistake.object)
    if mistake.text[0]:
        assert mistake.text[0] in good.text, f"{mistake.name}: {mistake.object} has no {mistake.text[0]!r}"
        return _document(good, good.text.replace(*mistake.text))
    data = copy.deepcopy(good.data)
    for path, value in (mistake.set | ({mistake.large: "x" * 1_100_000} if mistake.large else {})).items():
        _put(data, steps(path), value)
    if mistake.remove:
        *way, last = steps(mistake.remove)
        del _reached(data, way)[last]
    return _document(good, json.dumps(data))


def _document(good: Document, text: str) -> Document:
    (made,) = documents(f"---\n# Source: little/{good.source}\n{text}")
    return made


def _reached(data: Any, way: list[str | int]) -> Any:
    for step in way:
        data = data[step] if isinstance(data, list) else data.setdefault(step, {})
    return data


def _put(data: Any, path: tuple[str | int, ...], value: Any) -> None:
    *way, last = path
    place = _reached(data, way)
    if isinstance(place, list) and last == len(place):
        place.append(value)
    else:
        place[last] = value


def alone() -> set[str]:
    """The mistakes that kubeconform refuses with the schemas as they are published."""
    prepare.prepare(print)
    binary = tools.ensure(["kubeconform"], print)["kubeconform"].path
    batches: dict[str, dict[str, str]] = {}
    for each in in_manifests():
        batches.setdefault(each.version, {})[each.name] = changed(each).text
    with tempfile.TemporaryDirectory() as place:
        found = []
        for version, texts in batches.items():
            folder = Path(place) / f"schemas-{version}"
            prepare.write_whole(folder, _published(version))
            locations = [f"{folder}/{definitions.CRD_TEMPLATE}", *prepare.schema_locations()[1:]]
            found += kubeconform.check({version: texts}, locations, binary)
    return {each.filename for each in found}


def _published(version: str) -> list[tuple[str, dict[str, Any]]]:
    """The schemas of a version of Kubernetes without what chartgen adds."""
    known = definitions.published(version)
    return [
        (path, {"$schema": definitions.DRAFT, **known[name], "definitions": definitions.reached([name], known)})
        for name, path in prepare.kinds(known)
    ]


def page() -> str:
    """The page, as Markdown."""
    found = alone()
    rows, values = [], []
    for each in mistakes():
        cells = [each.name, LAYERS[each.layer]]
        if each.object:
            server = f"{each.server} it" if each.server else "has no such kind"
            rows.append([*cells, "finds it" if each.name in found else "**misses it**", server])
        else:
            values.append(cells)
    missed, accepted = (sum(row[n] == word for row in rows) for n, word in ((2, "**misses it**"), (3, "accepts it")))
    head = HEAD.format(count=len(rows), missed=missed, accepted=accepted)
    return "".join([head, *map(_row, rows), VALUES, *map(_row, values)])


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def compare(namespace: str) -> int:
    """Print each mistake of whose `server:` the cluster says something else; 1 where there is one."""
    wrong = 0
    for each in in_manifests():
        if each.version != NEWEST or not each.server:
            continue
        command = ["kubectl", "create", "--dry-run=server", f"--namespace={namespace}", "-f", "-"]
        done = subprocess.run(command, input=changed(each).text, capture_output=True, text=True)
        said = "refuses" if done.returncode else "accepts"
        if said != each.server:
            wrong = 1
            print(f"{each.name}: the API server {said} it: {done.stderr.strip()}")
    return wrong


if __name__ == "__main__":
    if sys.argv[1:2] == ["--cluster"]:
        sys.exit(compare(sys.argv[2]))
    PAGE.write_text(page(), encoding="utf-8")
