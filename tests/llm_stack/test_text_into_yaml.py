"""Text that a user gives is the same text in the manifests, whatever YAML would take it for."""

from __future__ import annotations

import base64
import json
import os
import random
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rendering
import texts
import yaml
from conftest import CHART, ROOT
from texts import MARK

from chartgen.programs import helm as render
from chartgen.reading.unprinted import opened

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


SAMPLE = 300  # of some ten thousand; TEXTS=all tries them all
SAMPLE_3 = 12  # with Helm 3
SEED = 21
# Texts that no case of a fragment sets as a text.
MORE: list[dict[str, Any]] = [
    {"gpu": {"resources": {"example.com/gpu": "1"}}, "tests": {"resources": {"requests": {"cpu": "10m"}}}},
    {
        "api": {
            "ingress": {"enabled": True, "hosts": {"server": "a.example.com"}, "tls": [{"hosts": ["a.example.com"]}]}
        }
    },
    {"keda": {"triggers": [{"type": "cron", "metadata": {"a": "b"}, "authenticationRef": {"name": "a"}}]}},
    {"ollama": {"modelfiles": {"pirate": {"parameters": {"stop": "a"}}}}},
    {"models": {"one": {"digest": ""}}},
    {"engine": "vllm", "models": {"team/one": {"filter": ["*.json"]}}},
    {
        "podDisruptionBudget": {"enabled": True, "minAvailable": "50%"},
        "replicas": 3,
        "modelCache": {"type": "emptyDir"},
    },
    {
        "model": {"delivery": "daemonset"},
        "modelCache": {"type": "hostPath", "hostPath": "/srv/models"},
        "daemonset": {"maxUnavailable": "50%"},
    },
]
SORTED = {"ollama.modelfiles.*!", "models.*!", "servers.*!", "openWebui.endpoints.*!", "vllm.lora.adapters.*!"}


@pytest.fixture(scope="module")
def schema() -> texts.Texts:
    return texts.Texts(opened(json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))))


@pytest.fixture(scope="module")
def places(schema) -> dict[str, tuple[texts.Place, Any]]:
    """Each text that the cases of fragments set, once, with the values of that case."""
    found: dict[str, tuple[texts.Place, Any]] = {}
    for file in sorted((ROOT / "chartgen/fragments").glob("**/cases/*.yaml")):
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        for place in schema.places(file, data):
            found.setdefault(place.general.removeprefix("servers.*."), (place, data))
    images = {"images": yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))["images"]}
    for data in (*MORE, images):
        for place in schema.places(Path(), data):
            found.setdefault(place.general, (place, data))
    return found


def tried(schema, places, count: int) -> list[tuple[texts.Place, Any, str, str]]:
    """(place, values, mark, text) of texts that the schema allows: some, by the seed, or all."""
    found = []
    for general, (place, data) in places.items():
        # A user's own objects are printed as they are; models, adapters and endpoints are in the order of their names.
        frame = "" if general.startswith("extraObjects.") or general in SORTED else schema.frame(place)
        for text in texts.ODD if frame else ():
            whole = frame.replace("{}", text)
            # YAML has no longer keys.
            if schema.accepts(place, whole) and not (place.of_key and len(whole) > 1000):
                found.append((place, data, frame.replace("{}", MARK), whole))
    return found if os.environ.get("TEXTS") == "all" else random.Random(SEED).sample(found, count)


def wrong(wanted, folder: Path, program: str) -> list[str]:
    """Where a text becomes another, or changes what is around it."""
    files: dict[str, Path] = {}

    def request(place: texts.Place, data: Any, text: str) -> render.Request:
        values = texts.dumped(texts.with_text(data, place, text))
        file = files.setdefault(values, folder / f"{len(files)}.json")
        file.write_text(values, encoding="utf-8")
        return render.Request(CHART, (file,), "1.37.0")

    requests = [request(*each[:2], text) for each in wanted for text in each[2:]]
    made = rendering.many(requests, program)
    problems = []
    for n, (place, _, mark, text) in enumerate(wanted):
        marked, other = (made[each] for each in requests[2 * n : 2 * n + 2])
        if marked.error:
            continue  # what a rule refuses of the mark says nothing about the text
        where = f"{place.general} {text[:40]!r}"
        if other.error:
            key = str(
                place.path[-2] if place.of_key else next(each for each in reversed(place.path) if isinstance(each, str))
            )
            if key not in other.error and text not in other.error:
                problems.append(f"{where}: is refused without its key: {other.error[:200]}")
            continue
        one, two = ([_steady(each.data) for each in render.documents(each.text)] for each in (marked, other))
        problems += [f"{where}: {each}" for each in list(texts.unlike(one, two, mark, text))[:2]]
    return problems


def _steady(data: Any) -> Any:
    """An object without the values that are random."""
    if isinstance(data, dict) and data.get("kind") == "Secret":
        decoded = {key: base64.b64decode(value).decode() for key, value in data.get("data", {}).items()}
        return data | {"data": {key: "random" if len(value) == 64 else value for key, value in decoded.items()}}
    return data


def test_every_text_that_the_schema_declares_is_in_a_case(schema, places):
    missing = schema.declared() - set(places)
    # Blocks of Kubernetes, and amounts, which one definition describes everywhere.
    shared = ("ecurityContext.", "resources.requests.*", "resources.limits.*")
    assert {each for each in missing if not any(part in each for part in shared)} == set()


def test_a_text_that_the_schema_allows_stays_the_same_and_changes_nothing_else(schema, places, tmp_path):
    assert wrong(tried(schema, places, SAMPLE), tmp_path, "helm") == []


def test_helm_3_makes_the_same_of_texts(schema, places, tmp_path):
    assert wrong(tried(schema, places, SAMPLE_3)[:SAMPLE_3], tmp_path, "helm3") == []
