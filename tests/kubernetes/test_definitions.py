"""Kubernetes' own schemas, and those made from CRDs."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from chartgen.kubernetes import crds, prepare
from chartgen.kubernetes import definitions as kubernetes
from chartgen.paths import schemas
from chartgen.problem import ToolError
from chartgen.programs import gorun

HERE = Path(__file__).parent
UNEXPECTED = "Additional properties are not allowed ('{}' was unexpected)"


@pytest.fixture(scope="module")
def folder() -> Path:
    prepare.prepare(print)
    return prepare.kubernetes_folder()


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHARTGEN_HOME", str(tmp_path / "home"))
    return tmp_path / "home/schemas"


def within(schema: Any) -> Iterator[dict[str, Any]]:
    """Every object in a schema's JSON, names of properties too."""
    if isinstance(schema, dict):
        yield schema
        for inner in schema.values():
            yield from within(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from within(inner)


def refused(schema: dict[str, Any], value: Any) -> list[str]:
    return sorted(error.message for error in jsonschema.Draft7Validator(schema).iter_errors(value))


def a_definition(name: str) -> dict[str, Any]:
    return {"$ref": f"#/definitions/{name}", "definitions": kubernetes.definitions([name])}


def test_versions_run_from_the_oldest_supported_to_the_newest_in_full() -> None:
    versions = kubernetes.versions()
    assert versions[0] == "1.29.0"
    assert versions == sorted(versions, key=lambda version: tuple(map(int, version.split("."))))
    assert len(versions) == len(set(versions)) >= 9
    assert all(re.fullmatch(r"1\.\d\d\.0", version) for version in versions)


@pytest.mark.slow
def test_the_committed_definitions_are_those_of_the_package() -> None:
    committed = (schemas() / "kubernetes-definitions.json").read_text(encoding="utf-8")
    assert committed == kubernetes.definitions_file(), "write kubernetes.definitions_file() to it"
    data = json.loads(committed)
    assert data["kubernetes"] == kubernetes.versions()[-1]
    assert set(kubernetes.VALUES) <= set(data["definitions"])


def test_definitions_reach_everything_they_refer_to_and_nothing_else() -> None:
    found = kubernetes.definitions(["io.k8s.api.core.v1.EnvFromSource"])
    assert sorted(name.rpartition(".")[2] for name in found) == [
        "ConfigMapEnvSource",
        "EnvFromSource",
        "SecretEnvSource",
    ]
    everything = json.loads(kubernetes.definitions_file())["definitions"]
    for schema in within(everything):
        if isinstance(schema.get("$ref"), str):
            assert schema["$ref"].removeprefix("#/definitions/") in everything


def test_definitions_hold_no_null_no_prose_and_no_words_of_kubernetes_own() -> None:
    text = kubernetes.definitions_file()
    assert "null" not in text
    assert "x-kubernetes" not in text
    for schema in json.loads(text)["definitions"].values():
        for word in ("description", "format", "default"):
            assert word not in schema


def test_definitions_are_closed_at_every_depth() -> None:
    for schema in within(json.loads(kubernetes.definitions_file())["definitions"]):
        if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
            assert schema["additionalProperties"] is False


def test_a_property_that_is_called_description_is_kept() -> None:
    name = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"
    assert kubernetes.definitions([name])[name]["properties"]["description"] == {"type": "string"}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Toleration", {"key": "gpu", "operator": "Exists"}, []),
        ("Toleration", {"key": None}, ["None is not of type 'string'"]),
        ("VolumeMount", {"name": "x", "mountPath": "/x", "moun": 1}, [UNEXPECTED.format("moun")]),
        ("VolumeMount", {"name": "x"}, ["'mountPath' is a required property"]),
        ("Probe", {"httpGet": {"port": "http"}}, []),
        ("Probe", {"httpGet": {"port": 80}}, []),
        ("Probe", {"httpGet": {"port": 1.5}}, ["1.5 is not of type 'string', 'integer'"]),
        ("Volume", {"name": "x", "emptyDir": {"sizeLimit": "2Gi"}}, []),
        ("Volume", {"name": "x", "emptyDir": None}, ["None is not of type 'object'"]),
    ],
)
def test_definitions_accept_and_refuse(name: str, value: Any, expected: list[str]) -> None:
    assert refused(a_definition(f"io.k8s.api.core.v1.{name}"), value) == expected


@pytest.mark.parametrize(
    "text", ["1", "0", "+1", "-1.5", ".5", "5.", "500m", "2Gi", "1.5Ti", "1e3", "1E-3", "12E", "3n"]
)
def test_a_quantity_is_accepted(text: str) -> None:
    assert refused(a_definition("io.k8s.apimachinery.pkg.api.resource.Quantity"), text) == []


@pytest.mark.parametrize("text", ["2GiB", "2gi", "1 Gi", "", "Gi", ".", "1e", "1.2.3", "2KB", "500M i"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    assert refused(a_definition("io.k8s.apimachinery.pkg.api.resource.Quantity"), text) != []


def test_an_unknown_definition_is_a_key_error_and_an_unknown_version_a_sentence() -> None:
    with pytest.raises(KeyError):
        kubernetes.definitions(["io.k8s.api.core.v1.Afinity"])
    with pytest.raises(ToolError, match=r"no schemas of Kubernetes 1\.99\.0; it has 1\.29\.0"):
        kubernetes.definitions(["io.k8s.api.core.v1.Affinity"], "1.99.0")


def test_a_missing_package_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes, "PACKAGE", "kubernetes-not-there")
    kubernetes.package.cache_clear()
    try:
        with pytest.raises(ToolError, match="pip install kubernetes-not-there"):
            kubernetes.versions()
    finally:
        kubernetes.package.cache_clear()


def test_every_version_has_the_kinds_a_chart_is_made_of(folder: Path) -> None:
    kinds = ("v1/service_v1", "v1/pod_v1", "apps/deployment_v1", "batch/job_v1", "networking.k8s.io/ingress_v1")
    for version in kubernetes.versions():
        for kind in kinds:
            assert (folder / f"v{version}/{kind}.json").is_file()
        assert len(list((folder / f"v{version}").rglob("*.json"))) > 150


@pytest.mark.slow
def test_bundles_are_sound_schemas_that_stand_alone(folder: Path) -> None:
    for version in (kubernetes.versions()[0], kubernetes.versions()[-1]):
        definitions: dict[str, Any] = {}
        for file in sorted((folder / f"v{version}").rglob("*.json")):
            bundle = json.loads(file.read_text(encoding="utf-8"))
            wanted = {schema["$ref"] for schema in within(bundle) if isinstance(schema.get("$ref"), str)}
            assert wanted <= {f"#/definitions/{name}" for name in bundle["definitions"]}
            definitions |= bundle["definitions"] | {file.name: bundle | {"definitions": {}}}
        jsonschema.Draft7Validator.check_schema({"definitions": definitions})
        assert '"description": "' not in json.dumps(definitions)


def test_a_second_run_does_nothing(folder: Path) -> None:
    said: list[str] = []
    start = time.perf_counter()
    prepare.prepare(said.append)
    assert said == []
    assert time.perf_counter() - start < 0.5


def test_a_run_that_is_killed_leaves_nothing_under_its_name(elsewhere: Path) -> None:
    target = elsewhere / "kubernetes-1234"

    def breaks() -> Iterator[tuple[str, dict[str, Any]]]:
        yield "v1/a.json", {}
        assert not target.exists()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare.write_whole(target, breaks())
    assert list(elsewhere.iterdir()) == []


def test_what_killed_and_former_runs_left_is_removed(elsewhere: Path) -> None:
    for name in (".kubernetes-left", "kubernetes-former", "kubernetes-yesterday", "crds-former"):
        (elsewhere / name).mkdir(parents=True)
    os.utime(elsewhere / "kubernetes-former", (1, 1))
    os.utime(elsewhere / "crds-former", (1, 1))
    prepare.write_whole(elsewhere / "kubernetes-1234", [("v1/a.json", {"a": 1})])
    assert sorted(path.name for path in elsewhere.iterdir()) == [
        "crds-former",
        "kubernetes-1234",
        "kubernetes-yesterday",
    ]
    assert (elsewhere / "kubernetes-1234/v1/a.json").read_text(encoding="utf-8") == '{"a":1}'


def test_schemas_are_made_anew_when_what_they_are_made_of_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    before, crds_before = prepare.kubernetes_folder(), prepare.crds_folder()
    monkeypatch.setattr(kubernetes, "inputs", lambda: "another package")
    assert prepare.kubernetes_folder() != before
    assert prepare.crds_folder() != crds_before


def test_locations_are_relative_below_the_working_directory_and_absolute_elsewhere(
    elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first, second, hand = prepare.schema_locations()
    assert first.startswith("home/schemas/kubernetes-")
    assert second.startswith("home/schemas/crds-")
    assert hand == f"{schemas() / 'crds'}/{{{{.Group}}}}/{{{{.ResourceKind}}}}_{{{{.ResourceAPIVersion}}}}.json"
    monkeypatch.chdir("/")
    assert prepare.schema_locations()[0].startswith(str(tmp_path).lstrip("/"))
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    assert prepare.schema_locations()[0].startswith(str(tmp_path))


def test_the_gateway_api_s_routes_have_schemas(folder: Path) -> None:
    schema = json.loads(
        (prepare.crds_folder() / "gateway.networking.k8s.io/httproute_v1.json").read_text(encoding="utf-8")
    )
    route = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "x"}}
    assert refused(schema, route | {"spec": {"parentRefs": [{"name": "gateway"}]}}) == []
    assert refused(schema, route | {"spec": {"parents": []}}) != []
    assert refused(schema, route | {"metadata": {"nmae": "x"}, "spec": {}}) != []
    assert refused(schema, {"kind": "HTTPRoute", "metadata": {}, "spec": {}}) == ["'apiVersion' is a required property"]


@pytest.fixture(scope="module")
def widget() -> dict[str, Any]:
    made = dict(crds.in_file(HERE / "crds/widget.yaml"))
    # No other kind, no version that is not served.
    assert list(made) == ["example.org/widget_v1.json", "served/example.org/widget_v1.json"]
    return made["example.org/widget_v1.json"]


@pytest.mark.parametrize(
    "spec",
    [
        {"description": "x", "default": 3},
        {"port": 80},
        {"port": "http"},
        {"free": {"anything": [1]}},
        {"labels": {"any": "text"}},
        {"bare": {}},
        {"maybe": None},
        {"maybe": "a"},
        {"above": 3},
        {"template": {"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {}}, "spec": {}}},
        {"one": {"a": "x"}},
        {"one": {"b": "x"}},
        {"list": [{"name": "x"}]},
    ],
    ids=str,
)
def test_a_resource_that_its_crd_allows_is_accepted(spec: dict[str, Any], widget: dict[str, Any]) -> None:
    jsonschema.Draft7Validator.check_schema(widget)
    assert refused(widget, {"apiVersion": "example.org/v1", "kind": "Widget", "metadata": {}, "spec": spec}) == []


@pytest.mark.parametrize(
    "spec",
    [
        {"descriptoin": "x"},
        {"port": 1.5},
        {"free": {"closed": {"x": 1}}},
        {"labels": {"any": 1}},
        {"bare": {"dropped": "by the API server"}},
        {"maybe": "c"},
        {"default": None},
        {"above": 2},
        {"template": {"spec": {}, "status": {}}},
        {"one": {}},
        {"one": {"b": "y"}},
        {"one": {"a": "x", "c": "y"}},
        {"list": [{"nmae": "x"}]},
    ],
    ids=str,
)
def test_a_resource_that_the_api_server_would_refuse_or_cut_is_refused(
    spec: dict[str, Any], widget: dict[str, Any]
) -> None:
    assert refused(widget, {"apiVersion": "example.org/v1", "kind": "Widget", "metadata": {}, "spec": spec}) != []


def test_crds_keep_no_prose(widget: dict[str, Any]) -> None:
    text = json.dumps({**widget, "definitions": {}})
    assert "prose" not in text
    assert "x-kubernetes" not in text
    assert widget["properties"]["spec"]["properties"]["default"] == {"type": "integer"}


def test_what_the_api_server_reads_keeps_its_rules_and_defaults_and_no_prose() -> None:
    made = dict(crds.in_file(HERE / "crds/widget.yaml"))["served/example.org/widget_v1.json"]
    spec = made["schema"]["properties"]["spec"]
    assert (made["scope"], spec["properties"]["default"]) == ("Namespaced", {"type": "integer", "default": 3})
    assert spec["properties"]["description"] == {"type": "string"}
    assert len(spec["x-kubernetes-validations"]) == 3
    assert "prose" not in json.dumps(made)


def go_stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    file = tmp_path / "path/go"
    file.parent.mkdir()
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{file.parent}:/usr/bin:/bin")


@pytest.mark.slow
def test_crds_come_from_the_folder_that_go_names(
    elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "module/config/crd/standard"
    place.mkdir(parents=True)
    (place / "widget.yaml").write_text((HERE / "crds/widget.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    answer = json.dumps({"Path": "sigs.k8s.io/gateway-api", "Dir": str(tmp_path / "module")}, indent=1)
    go_stand_in(
        tmp_path, monkeypatch, f"echo '{answer}'; echo \"$@ $GOFLAGS\" >> {tmp_path}/asked; cat go.mod > {tmp_path}/mod"
    )
    prepare.prepare(lambda text: None)
    prepare.prepare(lambda text: None)
    assert (prepare.crds_folder() / "example.org/widget_v1.json").is_file()
    asked = (tmp_path / "asked").read_text(encoding="utf-8")
    assert asked == f"mod download -json {' '.join(sorted(crds.MODULES))} -mod=readonly\n"
    assert (tmp_path / "mod").read_text(encoding="utf-8") == (gorun.GOTOOLS / "crds/go.mod").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_module_that_cannot_be_fetched_is_a_sentence_and_leaves_no_schemas(
    elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_stand_in(tmp_path, monkeypatch, "echo 'checksum mismatch' >&2; exit 1")
    with pytest.raises(ToolError, match=r"downloading CRDs failed: checksum mismatch"):
        prepare.prepare(lambda text: None)
    assert not prepare.crds_folder().exists()


@pytest.mark.slow
def test_a_module_without_crds_is_not_taken_for_done(
    elsewhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_stand_in(tmp_path, monkeypatch, f'echo \'{{"Path": "sigs.k8s.io/gateway-api", "Dir": "{tmp_path}"}}\'')
    with pytest.raises(ToolError, match="no CRD in config/crd/standard"):
        prepare.prepare(lambda text: None)
    assert not prepare.crds_folder().exists()


def test_every_module_with_crds_is_pinned_by_checksum() -> None:
    pins = (gorun.GOTOOLS / "crds/go.sum").read_text(encoding="utf-8")
    for module in crds.MODULES:
        assert re.search(rf"^{re.escape(module)} v\S+ h1:", pins, re.M)


def test_schemas_written_by_hand_name_their_source() -> None:
    for file in sorted((schemas() / "crds").rglob("*.json")):
        schema = json.loads(file.read_text(encoding="utf-8"))
        jsonschema.Draft7Validator.check_schema(schema)
        assert re.search(r"\d", schema["$comment"]), file
        assert schema["additionalProperties"] is False, file
