"""The chart's values as Helm itself guards them: what is misspelt is refused, whatever its depth."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import CHART

from chartgen.reading.unprinted import opened

pytestmark = pytest.mark.slow

SCHEMA = opened(json.loads((CHART / "values.schema.json").read_text(encoding="utf-8")))
OPEN = {"global", "extraObjects"}  # shared with other charts, and objects of any kind


def template(helm: str, chart: Path, values: Any, tmp_path: Path, *more: str) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "values.yaml"
    file.write_text(json.dumps(values), encoding="utf-8")
    command = [helm, "template", "llm", str(chart), "-f", str(file), *more]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def closed_objects(schema: Any, path: tuple = (), seen: tuple = ()) -> Iterator[tuple[tuple, list[str]]]:
    """Every object with known keys: (path, keys); a map's entry is called `sample`, a list's item 0."""
    if not isinstance(schema, dict):
        return
    name = schema.get("$ref", "").removeprefix("#/definitions/")
    if name:
        if name not in seen:
            yield from closed_objects(SCHEMA["definitions"][name], path, (*seen, name))
        return
    if "properties" in schema and path[:1] not in {(key,) for key in OPEN}:
        assert schema.get("additionalProperties") is False, f"{path} is open"
        yield path, list(schema["properties"])
    for key, inner in schema.get("properties", {}).items():
        yield from closed_objects(inner, (*path, key), seen)
    yield from closed_objects(schema.get("additionalProperties"), (*path, "sample"), seen)
    yield from closed_objects(schema.get("items"), (*path, 0), seen)
    for option in schema.get("anyOf", []) + schema.get("allOf", []) + schema.get("oneOf", []):
        if option.keys() & {"type", "$ref"}:  # all others are rules for an object that is described elsewhere
            yield from closed_objects(option, path, seen)


def put(document: dict, path: tuple, key: str) -> None:
    """Put `key` into the object at `path`, making maps and lists on the way."""
    here: Any = document
    for n, step in enumerate(path):
        empty: Any = [] if n + 1 < len(path) and path[n + 1] == 0 else {}
        if isinstance(step, int):
            if not here:
                here.append(empty)
            here = here[0]
        else:
            here = here.setdefault(step, empty)
    here[key] = 1


def refused(text: str) -> set[tuple[str, str]]:
    """What Helm calls additional: (path, key)."""
    found = re.findall(r"at '([^']*)': additional properties (.*) not allowed", text)
    return {(path, key) for path, keys in found for key in re.findall(r"'([^']+)'", keys)}


@pytest.mark.parametrize("within", [(), ("servers", "server")], ids=["top level", "entry of servers"])
def test_every_misspelt_key_is_refused_at_every_depth(within, helm, tmp_path):
    root = SCHEMA["definitions"]["overlay"] if within else SCHEMA
    places = list(closed_objects(root))
    assert len(places) > 30
    document: dict = {}
    expected = set()
    for path, keys in places:
        for key in keys:
            put(document, (*within, *path), f"{key}x")
            expected.add(("/" + "/".join(map(str, (*within, *path))) if (*within, *path) else "", f"{key}x"))
    done = template(helm, CHART, document, tmp_path)
    assert done.returncode != 0
    assert expected - refused(done.stderr) == set()


@pytest.mark.parametrize("key", sorted(SCHEMA["definitions"]["overlay"]["properties"]))
def test_null_is_refused_in_an_entry(key, helm, tmp_path):
    done = template(helm, CHART, {"servers": {"server": {key: None}}}, tmp_path)
    assert f"at '/servers/server/{key}'" in done.stderr
    assert "got null" in done.stderr or "'anyOf' failed" in done.stderr or "value must be one of" in done.stderr


@pytest.mark.parametrize("key", sorted(SCHEMA["required"]))
def test_null_at_the_top_gets_a_sentence(key, helm, tmp_path):
    done = template(helm, CHART, {key: None}, tmp_path)
    assert f"missing property '{key}'" in done.stderr


@pytest.mark.parametrize("name", ["cpu", "memory", "ephemeral-storage", "hugepages-2Mi", "example.com/fpga", "a.b/c_d"])
def test_resource_names_that_kubernetes_knows_are_taken(name, helm, tmp_path):
    # Kubernetes takes huge pages with cpu or memory only.
    assert (
        template(
            helm, CHART, {"resources": {"limits": {"cpu": 1, name: "8Gi" if name == "memory" else 1}}}, tmp_path
        ).returncode
        == 0
    )


@pytest.mark.parametrize("name", ["memroy", "gpu", "CPU", "hugepages", "requests.cpu", "/gpu", "nvidia.com/"])
def test_other_resource_names_are_refused(name, helm, tmp_path):
    assert template(helm, CHART, {"resources": {"limits": {name: 1}}}, tmp_path).returncode != 0


@pytest.mark.parametrize("amount", ["2GiB", "1 Gi", "-1Gi", "Gi", "1,5Gi", "5GB", ""])
def test_bad_quantities_are_refused(amount, helm, tmp_path):
    assert template(helm, CHART, {"resources": {"limits": {"ephemeral-storage": amount}}}, tmp_path).returncode != 0


@pytest.mark.parametrize("amount", ["2Gi", "1.5Gi", 2, 0.5, "500m", "1e9", "128974848"])
def test_good_quantities_are_taken(amount, helm, tmp_path):
    assert template(helm, CHART, {"resources": {"limits": {"ephemeral-storage": amount}}}, tmp_path).returncode == 0


def test_every_number_has_a_largest_value_that_helm_keeps_exactly():
    """Helm reads numbers as float64, in which 123456789012345678 becomes …680, and a template prints it as text."""
    open_ended = []

    def look(node, path):
        if isinstance(node, dict):
            types = node.get("type", [])
            if {"integer", "number"} & {*([types] if isinstance(types, str) else types)}:
                largest = node.get("maximum", node.get("exclusiveMaximum"))
                if largest is None or largest >= 2**53:
                    open_ended.append(path)
            for key, value in node.items():
                if not key.startswith("io.k8s."):  # in Kubernetes' own format, which the API server checks
                    look(value, [*path, key])
        elif isinstance(node, list):
            for number, value in enumerate(node):
                look(value, [*path, number])

    look(SCHEMA, [])
    assert open_ended == []


def test_the_chart_works_as_a_subchart(helm, tmp_path):
    parent = tmp_path / "parent"
    shutil.copytree(CHART, parent / "charts/llm-stack")
    needs = [{"name": "llm-stack", "alias": "llm", "version": "*", "repository": "", "condition": "llm.enabled"}]
    metadata = {"apiVersion": "v2", "name": "parent", "version": "1.0.0", "dependencies": needs}
    (parent / "Chart.yaml").write_text(json.dumps(metadata), encoding="utf-8")
    (parent / "values.yaml").write_text("{}", encoding="utf-8")
    values = {"global": {"theirs": 1, "imageRegistry": "mirror.example.com"}, "llm": {"enabled": True}}
    done = template(helm, parent, values, tmp_path)
    assert done.returncode == 0, done.stderr
    assert 'image: "mirror.example.com/ollama/ollama:' in done.stdout
    assert template(helm, parent, {**values, "llm": {"enabled": False}}, tmp_path).stdout.strip() == ""
    wrong = template(helm, parent, {**values, "llm": {"enabled": True, "modle": {}}}, tmp_path)
    assert "additional properties 'modle' not allowed" in wrong.stderr


def test_two_aliases_in_one_parent_stay_apart(helm, tmp_path):
    parent = tmp_path / "parent"
    shutil.copytree(CHART, parent / "charts/llm-stack")
    needs = [{"name": "llm-stack", "alias": name, "version": "*", "repository": ""} for name in ("one", "two")]
    metadata = {"apiVersion": "v2", "name": "parent", "version": "1.0.0", "dependencies": needs}
    (parent / "Chart.yaml").write_text(json.dumps(metadata), encoding="utf-8")
    (parent / "values.yaml").write_text("{}", encoding="utf-8")
    done = template(helm, parent, {"one": {"fullnameOverride": "one"}, "two": {"fullnameOverride": "two"}}, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "name: one-server\n" in done.stdout
    assert "name: two-server\n" in done.stdout
