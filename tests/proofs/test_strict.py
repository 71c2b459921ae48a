"""Strict rendering: what the templates read is there in some render of a case, an example or a rejection.

Helm renders a missing key as nothing, so a misspelt one goes unnoticed. That every missing key is an error is no rule
for these templates: a key that is not there is how they ask whether something was given. But a key that is never there
is misspelt, or belongs to a line that no case reaches.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from llm_stack.rendering import all_requests

from chartgen.programs import helm

pytestmark = pytest.mark.slow

PROVER = ROOT / "chartgen/programs/gotools"
WATCHED = ROOT / "tests/gotools/strict/strict.go"
ELSEWHERE = {  # what no render on a client reaches: a file, a template, a read, or a read in a template -> why
    "templates/upgrade/_upgrade.tpl": "reads objects of a cluster; tests/e2e/upgrades does",
    "templates/_slots.tpl": "refuses facts of a wrong form; tests/compose does",
    "llm-stack.sizing.plan": "chartgen plan asks for it; tests/needs does",
    "llm-stack.storage.model-cache.claims": "chartgen asks for it; tests/views does",
    "llm-stack.workload.batch.claims": "chartgen asks for it; tests/views does",
    "llm-stack.parsed": "text that is no YAML, which only a fault of a fragment makes",
    "llm-stack.map": "the same",
    "llm-stack.gpu.checks: .Values.engine": "refuses an engine without an image for CPUs, which may be an author's",
    "llm-stack.gpu.checks: .Facts.engine.vendors": "the same",
    "llm-stack.server.access: .Facts.engine.secret": "a server with a key whose engine says nothing more of it",
    "llm-stack.server.access: .Facts.engine.secret.name": "the same",
    "$table.tag": "an option of versions.schema.json, for engines whose versions have no dot",
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prover that counts what its templates read."""
    go = shutil.which("go")
    assert go, "Go builds the program"
    place = tmp_path_factory.mktemp("strict")
    shutil.copytree(PROVER, place / "gotools")
    shutil.copy(WATCHED, place / "gotools/prover")
    environment = os.environ | {"CGO_ENABLED": "0", "GOWORK": "off"}
    command = [go, "build", "-o", str(place / "strict"), "./prover"]
    subprocess.run(command, cwd=place / "gotools", env=environment, check=True)
    return place / "strict"


def reads(program: Path, requests: list[helm.Request]) -> list[dict[str, Any]]:
    """Each read of a key, and how often the key was there."""
    lines = "".join(json.dumps({"id": n, "render": helm._data(each, "")}) + "\n" for n, each in enumerate(requests))
    environment = os.environ | {"STRICT": "1"}
    done = subprocess.run([str(program)], input=lines, capture_output=True, text=True, env=environment, check=True)
    assert "not watched" not in done.stderr, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def never(found: list[dict[str, Any]]) -> Iterator[str]:
    """The reads of keys that were never there, and why."""
    for each in found:
        if not each["found"]:
            why = "no render has this key" if each["missed"] else "no render reaches it"
            yield f"{each['file']}:{each['line']}: {each['read']}: {each['key']}: {why}"


def test_every_key_that_a_template_of_the_chart_reads_is_there_in_some_render(program: Path, tmp_path: Path) -> None:
    # The oldest and the newest Kubernetes of each file are enough.
    requests = all_requests(tmp_path)
    oldest = {each.values: each for each in reversed(requests)}
    newest = {each.values: each for each in requests}
    found = reads(program, list(dict.fromkeys([*oldest.values(), *newest.values()])))
    assert len(found) > 5000
    left = [each for each in found if not ELSEWHERE.keys() & names(each)]
    assert list(never(left)) == []
    used = set().union(*(names(each) for each in found if not each["found"]))
    assert ELSEWHERE.keys() <= used, "an exception that nothing needs any more"


def names(each: dict[str, Any]) -> set[str]:
    """What ELSEWHERE may call a read."""
    return {each["file"].partition("/")[2], each["in"], each["read"], f"{each['in']}: {each['read']}"}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ .Values.a.b }}", []),
        ("{{ .Values.a.c }}", ["templates/a.yaml:1: .Values.a.c: c: no render has this key"]),
        ("{{ if .Values.a }}{{ else }}\n{{ .Values.a.b }}{{ end }}", ["reaches"] * 3),
        ("{{ with .Values.a }}{{ .b }}{{ .x }}{{ end }}", ["templates/a.yaml:1: .x: x: no render has this key"]),
        ("{{ (.Values.x).y }}", [".Values.x: x: no render has", ".y: y: no render"]),
        ('{{ $a := .Values.a }}{{ default "" $a.typo | quote }}', ["$a.typo: typo: no render has this key"]),
        ("{{ range $k, $v := .Values.a }}{{ $v }}{{ end }}{{ .Capabilities.KubeVersion.Version }}", []),
        ('{{ .Files.Get "x" }}{{ .Capabilities.APIVersions.Has "v1" }}', []),
        ("{{ and .Values.a.b .Values.a.z }}", [".Values.a.z: z: no render has this key"]),
    ],
)
def test_a_key_that_is_never_there_is_found(program: Path, tmp_path: Path, template: str, expected: list[str]) -> None:
    chart = tmp_path / "odd"
    for name, text in {
        "Chart.yaml": "{apiVersion: v2, name: odd, version: 1.0.0}",
        "values.yaml": "a: {b: one}",
        "templates/a.yaml": f"{template}\n",
    }.items():
        (chart / name).parent.mkdir(parents=True, exist_ok=True)
        (chart / name).write_text(text, encoding="utf-8")
    said = list(never(reads(program, [helm.Request(chart)])))
    assert len(said) == len(expected), said
    assert all(part in line for part, line in zip(expected, said, strict=True)), said
