"""Text that a user gives is the same text in the manifests, whatever YAML would take it for."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import CHART

pytestmark = pytest.mark.slow

ODD = ["123", "12345e6", "1e3", "007", "0x1f", "on", "no", "null", "true", "a.b"]
TEXTS = {"labels", "annotations", "matchLabels", "nodeSelector", "data", "stringData"}


@pytest.fixture
def objects(helm: str, tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """Render with these values, under this release name and in a namespace that is called a number."""

    def rendered(release: str = "llm", **values: Any) -> list[dict[str, Any]]:
        file = tmp_path / "values.yaml"
        file.write_text(json.dumps(values))
        command = [helm, "template", release, str(CHART), "--namespace", "123", "-f", str(file)]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return [document for document in yaml.safe_load_all(out) if document]

    return rendered


def not_text(node: Any, path: str = "") -> Iterator[str]:
    """Where names, namespaces and maps of texts hold something else."""
    if isinstance(node, list):
        for n, item in enumerate(node):
            yield from not_text(item, f"{path}[{n}]")
    if isinstance(node, dict):
        for key, value in node.items():
            own = path.rpartition(".")[2] in TEXTS or key in ("name", "namespace", "key", "secretName", "claimName")
            if own and not isinstance(value, str):
                yield f"{path}.{key}: {value!r}"
            yield from not_text(value, f"{path}.{key}")


@pytest.mark.parametrize("release", ODD)
def test_release_with_an_odd_name_has_texts_where_kubernetes_wants_texts(objects, release):
    found = objects(release)
    assert {each["metadata"]["labels"]["app.kubernetes.io/instance"] for each in found} == {release}
    assert {each["metadata"]["namespace"] for each in found} == {"123"}
    assert [where for each in found for where in not_text(each)] == []


@pytest.mark.parametrize("name", ["on", "no", "null", "true", "y"])
def test_server_with_an_odd_name_is_known_by_it(objects, name):
    found = objects(servers={"server": {"enabled": False}, name: {}})
    deployment = next(
        each for each in found if each["kind"] == "Deployment" and each["metadata"]["name"].endswith(name)
    )
    assert deployment["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"] == name
    assert [where for each in found for where in not_text(each)] == []


def test_secrets_keys_classes_and_arguments_with_odd_names_stay_what_they_are(objects):
    found = objects(
        engine="vllm",
        model={"name": "team/model"},
        vllm={"servedModelName": "x\n- --trust-remote-code", "apiKey": {"existingSecret": "1e3", "key": "007"}},
        env={"ODD": "1e3", "EMPTY": "null"},
        modelCache={"storageClass": "1e3"},
        **{"global": {"imagePullSecrets": ["007", {"name": "123"}]}},
    )
    pod = next(each for each in found if each["kind"] == "Deployment" and "server" in each["metadata"]["name"])
    spec = pod["spec"]["template"]["spec"]
    server = spec["containers"][0]
    assert "--served-model-name=x\n- --trust-remote-code" in server["args"]
    assert "--trust-remote-code" not in server["args"]
    assert spec["imagePullSecrets"] == [{"name": "007"}, {"name": "123"}]
    env = {each["name"]: each for each in server["env"]}
    assert (env["ODD"]["value"], env["EMPTY"]["value"]) == ("1e3", "null")
    assert env["VLLM_API_KEY"]["valueFrom"]["secretKeyRef"] == {"name": "1e3", "key": "007"}
    claims = [each["spec"] for each in found if each["kind"] == "PersistentVolumeClaim"]
    assert "1e3" in [each.get("storageClassName") for each in claims]


def test_url_with_a_line_separator_leaves_the_rest_of_the_environment_alone(objects):
    url = "https://chat.example.com/\u2028x"
    found = objects(openWebui={"url": url})
    env = next(each for each in found if each["kind"] == "Deployment" and each["metadata"]["name"] == "llm-open-webui")
    given = {each["name"]: each.get("value") for each in env["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert given["WEBUI_URL"] == url
    assert "Error" not in given
    assert given["HOME"] == "/tmp/home"
