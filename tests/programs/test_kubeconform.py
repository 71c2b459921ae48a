"""kubeconform, the real one, with our schemas: what it must catch, each by a mutation of a good manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chartgen.kubernetes import definitions, prepare
from chartgen.problem import ToolError
from chartgen.programs import kubeconform, tools
from chartgen.programs.kubeconform import Finding, check, faults, schema_file

VALID = Path(__file__).parent / "kubeconform/valid"
GOOD = {file.name: file.read_text(encoding="utf-8") for file in sorted(VALID.iterdir())}
NEWEST = definitions.versions()[-1]


@pytest.fixture(scope="module")
def binary() -> Path:
    return tools.ensure(["kubeconform"], print)["kubeconform"].path


@pytest.fixture(scope="module")
def locations() -> list[str]:
    prepare.prepare(print)
    return prepare.schema_locations()


@pytest.fixture
def found(binary: Path, locations: list[str]) -> Any:
    """`found(text)`: what is found in one document under the newest Kubernetes."""
    return lambda text: check({NEWEST: {"a.yaml": text}}, locations, binary)


@pytest.mark.slow
def test_good_manifests_are_valid_in_every_version(binary: Path, locations: list[str]) -> None:
    assert check(dict.fromkeys(definitions.versions(), GOOD), locations, binary) == []


MUTATIONS = {
    "an unknown field": (
        ("mountPath: /models}", "mountPath: /models, readonly: true}"),
        ("spec", "template", "spec", "containers", 0, "volumeMounts", 0),
        "additional properties 'readonly' not allowed",
    ),
    "an unknown field of metadata": (
        ("llm-server\n  labels:", "llm-server\n  labelz:"),
        ("metadata",),
        "additional properties 'labelz' not allowed",
    ),
    "a wrong type": (("replicas: 1", 'replicas: "1"'), ("spec", "replicas"), "got string, want integer"),
    "a word of YAML 1.1": (
        ("image: example/server:1", "image: yes"),
        ("spec", "template", "spec", "containers", 0, "image"),
        "got boolean, want string",
    ),
    "a missing selector": (
        ("  selector:\n    matchLabels: {app.kubernetes.io/name: llm}\n", ""),
        ("spec",),
        "missing property 'selector'",
    ),
    "a bad quantity": (
        ("memory: 2Gi", "memory: 2GiB"),
        ("spec", "template", "spec", "containers", 0, "resources", "requests", "memory"),
        "'2GiB' is not a quantity such as 500m or 2Gi",
    ),
    "a bad quantity in a volume": (
        ("sizeLimit: 10Gi", "sizeLimit: 10 Gi"),
        ("spec", "template", "spec", "volumes", 0, "emptyDir", "sizeLimit"),
        "'10 Gi' is not a quantity such as 500m or 2Gi",
    ),
    "a label that is no text": (
        ("matchLabels: {app.kubernetes.io/name: llm}", "matchLabels: {app.kubernetes.io/name: 1}"),
        ("spec", "selector", "matchLabels", "app.kubernetes.io/name"),
        "got number, want string",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MUTATIONS)
def test_a_mistake_is_found_where_it_is(mistake: str, found: Any) -> None:
    (good, bad), path, message = MUTATIONS[mistake]
    text = GOOD["deployment.yaml"]
    assert text.count(good) == 1
    finding = Finding(NEWEST, "a.yaml", "Deployment", "llm-server", "Invalid", path, message)
    assert found(text.replace(good, bad)) == [finding]


def test_every_fault_of_a_document_is_found(found: Any) -> None:
    text = GOOD["deployment.yaml"]
    for (good, bad), _, _ in MUTATIONS.values():
        text = text.replace(good, bad)
    assert len(found(text)) == len(MUTATIONS) - 1  # no selector, so none with bad labels


def test_an_unknown_field_and_a_wrong_type_of_a_custom_resource_are_found(found: Any) -> None:
    text = GOOD["httproute.yaml"].replace("sectionName", "sectionname").replace("port: 80", 'port: "80"')
    assert [(finding.path, finding.message) for finding in found(text)] == [
        (("spec", "parentRefs", 0), "additional properties 'sectionname' not allowed"),
        (("spec", "rules", 0, "backendRefs", 0, "port"), "got string, want integer"),
    ]


def test_a_duplicate_key_is_found(found: Any) -> None:
    (finding,) = found(GOOD["deployment.yaml"].replace("  replicas: 1\n", "  replicas: 1\n  replicas: 2\n"))
    assert (finding.status, finding.kind, finding.name) == ("Error", "Deployment", "llm-server")
    assert 'key "replicas" already set in map' in finding.message


def test_a_kind_without_a_schema_is_a_finding_with_a_remedy_and_never_skipped(found: Any) -> None:
    (finding,) = found("apiVersion: example.org/v1\nkind: Widget\nmetadata: {name: x}\n")
    assert (finding.status, finding.name) == ("Error", "x")
    assert finding.message == f"found no schema of example.org/v1 Widget in Kubernetes {NEWEST}"
    place = "schemas/example.org/widget_v1.json next to stack.yaml"
    assert finding.remedy == f"correct apiVersion and kind, or add its schema as {place}"


def test_kubernetes_own_kind_in_another_group_is_not_taken_for_its_own(found: Any) -> None:
    (finding,) = found(GOOD["deployment.yaml"].replace("apps/v1", "apps.example.org/v1"))
    assert finding.message.startswith("found no schema of apps.example.org/v1 Deployment")


def test_a_kind_that_a_version_does_not_have_is_a_finding_there(binary: Path, locations: list[str]) -> None:
    policy = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: x}\n"
    findings = check({version: {"a": policy} for version in definitions.versions()}, locations, binary)
    assert [finding.version for finding in findings] == ["1.29.0"]  # v1 came with 1.30


@pytest.mark.parametrize("text", ["# a comment\n", "{}\n", "null\n", ""])
def test_a_document_that_holds_no_object_is_a_finding(text: str, found: Any) -> None:
    (finding,) = found(text)
    assert finding.status in ("Empty", "Error")
    assert finding.message


def test_an_object_without_kind_or_api_version_is_a_finding(found: Any) -> None:
    assert ["missing 'kind' key" in finding.message for finding in found("apiVersion: v1\n")] == [True]
    assert ["missing 'apiVersion' key" in finding.message for finding in found("kind: Pod\n")] == [True]


def test_text_that_is_no_yaml_is_a_finding(found: Any) -> None:
    assert [finding.status for finding in found("a: [\n")] == ["Error"]


def test_an_item_of_a_list_is_checked(found: Any) -> None:
    (finding,) = found(GOOD["list.yaml"].replace("metadata: {name: two}", "metadata: {nmae: two}"))
    assert (finding.path, finding.message) == (("metadata",), "additional properties 'nmae' not allowed")


@pytest.mark.parametrize("schema", ['{"properties": {"a": {"pattern": "(?=x)"}}}', '{"$ref": "#/definitions/none"}'])
def test_a_schema_that_kubeconform_cannot_compile_is_named(schema: str, tmp_path: Path, binary: Path) -> None:
    (tmp_path / "widget.json").write_text(schema, encoding="utf-8")
    text = "apiVersion: example.org/v1\nkind: Widget\nmetadata: {name: x}\n"
    (finding,) = check({NEWEST: {"a": text}}, [f"{tmp_path}/{{{{.ResourceKind}}}}.json"], binary)
    assert (finding.status, finding.message) == ("Error", "could not find schema for Widget")
    assert finding.remedy.startswith(f"kubeconform cannot read {tmp_path}/widget.json")


def test_a_schema_file_that_was_cut_short_is_a_finding(tmp_path: Path, binary: Path) -> None:
    (tmp_path / "widget.json").write_text('{"type": "obj', encoding="utf-8")
    text = "apiVersion: example.org/v1\nkind: Widget\nmetadata: {name: x}\n"
    (finding,) = check({NEWEST: {"a": text}}, [f"{tmp_path}/{{{{.ResourceKind}}}}.json"], binary)
    assert finding.status == "Error"
    assert finding.message


def test_a_text_is_checked_once_a_version_and_a_finding_given_for_each_of_its_names(
    tmp_path: Path, binary: Path, locations: list[str]
) -> None:
    log = tmp_path / "log"
    spy = script(tmp_path, f'ls "${{@: -1}}" >> {log}; exec {binary} "$@"')
    bad = GOOD["deployment.yaml"].replace("replicas: 1", "replicas: one")
    batch = {"one": bad, "two": GOOD["deployment.yaml"], "three": bad}
    findings = check({"1.30.0": batch, "1.31.0": batch}, locations, spy)
    named = [(finding.version, finding.filename) for finding in findings]
    assert named == [("1.30.0", "one"), ("1.30.0", "three"), ("1.31.0", "one"), ("1.31.0", "three")]
    assert log.read_text(encoding="utf-8").split() == ["0.yaml", "1.yaml"] * 2


def test_nothing_to_check_starts_no_kubeconform(tmp_path: Path) -> None:
    assert check({}, [], tmp_path / "none") == check({NEWEST: {}}, [], tmp_path / "none") == []


def test_a_folder_with_blanks_in_its_name_is_no_trouble(tmp_path: Path, binary: Path, locations: list[str]) -> None:
    place = tmp_path / "with a blank (and more)"
    place.symlink_to(prepare.kubernetes_folder())
    found = check({NEWEST: {"a": GOOD["deployment.yaml"]}}, [f"{place}/{definitions.TEMPLATE}"], binary)
    assert found == []


def script(folder: Path, text: str) -> Path:
    file = folder / "kubeconform"
    file.write_text(f"#!/bin/bash\n{text}\n", encoding="utf-8")
    file.chmod(0o755)
    return file


def answers(*resources: dict[str, str]) -> str:
    """Prints these answers, `FILE` being the first file of the folder that it is given."""
    return f"""sed "s#FILE#${{@: -1}}/0.yaml#" <<'END'\n{json.dumps({"resources": resources})}\nEND"""


def test_a_document_without_an_answer_is_a_finding(tmp_path: Path) -> None:
    finding = Finding(NEWEST, "a.yaml", "", "", "Missing", (), "kubeconform gave no result for this document")
    assert check({NEWEST: {"a.yaml": "kind: Pod"}}, [], script(tmp_path, answers())) == [finding]


@pytest.mark.parametrize("status", ["statusSkipped", "statusError", "statusInvalid", "", "statusNew"])
def test_whatever_is_not_valid_is_a_finding_with_a_message(status: str, tmp_path: Path) -> None:
    answer = {"filename": "FILE", "kind": "Pod", "name": "x", "version": "v1", "status": status, "msg": ""}
    fake = script(tmp_path, answers(answer))
    (finding,) = check({NEWEST: {"a.yaml": "kind: Pod"}}, [], fake)
    assert (finding.filename, finding.kind, finding.name) == ("a.yaml", "Pod", "x")
    assert finding.status == (status.removeprefix("status") or "Empty")
    assert finding.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("echo panic: oh >&2; exit 2", "failed: panic: oh"),
        ("kill -9 $$", "exit code -9"),
        ("echo '{'", "failed"),
        ("echo '{}'", "failed: 'resources'"),
        ("exit 0", "failed"),
    ],
)
def test_a_kubeconform_that_fails_is_a_broken_tool(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=said):
        check({NEWEST: {"a.yaml": "kind: Pod"}}, [], script(tmp_path, text))


def test_a_kubeconform_that_is_not_there_is_a_broken_tool(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="No such file or directory; run 'chartgen tools'"):
        check({NEWEST: {"a.yaml": "kind: Pod"}}, [], tmp_path / "none")


def test_a_version_that_is_not_in_full_is_kubeconforms_to_refuse(binary: Path, locations: list[str]) -> None:
    with pytest.raises(ToolError, match=r'invalid value "1\.30"'):
        check({"1.30": GOOD}, locations, binary)


def test_a_kubeconform_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubeconform, "TIMEOUT", 0.2)
    with pytest.raises(ToolError, match=r"did not end within 0\.2 s"):
        check({NEWEST: {"a.yaml": "kind: Pod"}}, [], script(tmp_path, "exec sleep 60"))


def test_progress_is_said_when_it_takes_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubeconform, "QUIET", 0.0)
    said: list[str] = []
    check({"1.30.0": {"a": ""}, "1.31.0": {"a": ""}}, [], script(tmp_path, answers()), said.append)
    assert said[-1] == "kubeconform: 2 of 2 Kubernetes versions checked"


def test_faults_are_the_innermost_of_each_branch() -> None:
    message = (
        "jsonschema validation failed with 'file:///x.json#' - at '/metadata': additional properties 'a' not allowed "
        "- at '/spec': validation failed   - at '/spec/a~1b/0': got string, want null or integer   - at '/spec': "
        "'oneOf' failed, none matched     - at '/spec': missing property 'x'"
    )
    assert faults(message) == [
        (("metadata",), "additional properties 'a' not allowed"),
        (("spec", "a/b", 0), "got string, want integer"),
        (("spec",), "missing property 'x'"),
    ]
    assert faults("something else") == []


def test_the_file_of_a_schema_is_where_kubeconform_looks_for_it() -> None:
    crd = f"x/{definitions.CRD_TEMPLATE}"
    assert schema_file(f"x/{definitions.TEMPLATE}", "1.37.0", "v1", "Pod") == "x/v1.37.0/v1/pod_v1.json"
    assert schema_file(crd, "1.37.0", "example.org/v1beta1", "Widget") == "x/example.org/widget_v1beta1.json"
