"""What the source modelkit renders: where its ModelKits come from, and as whom; and its examples, fact by fact."""

from __future__ import annotations

import pytest
from conftest import CHART

pytestmark = pytest.mark.slow

KIT = (
    "engine=vllm",
    "model.source=modelkit",
    "model.name=qwen",
    "model.tag=v2",
    "modelkit.registry=registry.example.com",
)
DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.fixture(scope="module")
def init(manifests):
    return manifests(CHART / "examples/modelkit-init.yaml")


def pod(index):
    return index.get("deployment/llm-server").spec.template.spec


def loader(index):
    return next(step for step in pod(index).initContainers if step.name == "bring-models")


def env(container) -> dict[str, str]:
    return {entry.name: entry.get("value") for entry in container.env}


def listed(index) -> list[list[str]]:
    return [line.split("\t") for line in index.get("configmap/llm-server-files").data["models.tsv"].splitlines()]


@pytest.mark.parametrize(
    ("more", "row"),
    [
        ((), ["qwen", "registry.example.com/qwen:v2", ""]),
        (("modelkit.namespace=team/models",), ["qwen", "registry.example.com/team/models/qwen:v2", ""]),
        ((f"model.digest={DIGEST}",), ["qwen", f"registry.example.com/qwen:v2@{DIGEST}", ""]),
        (("model.reference=other.example.com:5000/x:y",), ["qwen", "other.example.com:5000/x:y", ""]),
        (
            ("model.path=chat/1", "model.filter={model,docs:README.md}"),
            ["chat/1", "registry.example.com/qwen:v2", "model docs:README.md"],
        ),
    ],
)
def test_the_list_says_where_each_modelkit_is(manifests, more, row):
    assert listed(manifests(*KIT, *more)) == [row]


def test_nothing_is_mounted_where_nothing_is_asked_for(manifests):
    found = manifests(*KIT)
    assert {mount.name for mount in loader(found).volumeMounts} == {"models", "files", "tmp"}
    assert not set(env(loader(found))) & {"LOGIN_DIR", "SSL_CERT_DIR", "COSIGN_KEY", "COSIGN_IDENTITY"}
    assert loader(found).image.startswith("ghcr.io/kitops-ml/kitops:v")


def test_credentials_authorities_and_keys_are_files(manifests):
    found = manifests(
        *KIT,
        "modelkit.existingSecret=registry-user",
        "modelkit.caConfigMap=company-ca",
        "modelkit.cosign.existingSecret=release-key",
        "modelkit.cosign.key=release.pub",
    )
    places = {mount.name: mount.mountPath for mount in loader(found).volumeMounts if mount.get("readOnly")}
    assert places == {
        "files": "/opt/files",
        "modelkit-credentials": "/opt/credentials",
        "modelkit-ca": "/opt/ca",
        "modelkit-cosign": "/opt/cosign",
    }
    volumes = {volume.name: volume for volume in pod(found).volumes}
    assert volumes["modelkit-credentials"].secret.secretName == "registry-user"
    assert volumes["modelkit-ca"].configMap.name == "company-ca"
    said = env(loader(found))
    assert (said["LOGIN_DIR"], said["COSIGN_KEY"]) == ("/opt/credentials", "/opt/cosign/release.pub")
    assert said["SSL_CERT_DIR"] == "/etc/ssl/certs:/opt/ca"
    assert loader(found).image.startswith("ghcr.io/kitops-ml/kitops-init:v")
    server = pod(found).containers[0]
    assert not {"modelkit-credentials", "modelkit-cosign"} & {mount.name for mount in server.volumeMounts}


@pytest.mark.parametrize(
    ("more", "stay"),
    [
        ((), "true"),
        (("modelkit.keepLayers=false",), "false"),
        (("modelCache.type=emptyDir",), "false"),
        (("modelCache.type=emptyDir", "model.delivery=sidecar"), "true"),
        (("modelCache.type=emptyDir", "modelCache.medium=memory", "model.delivery=sidecar"), "false"),
    ],
)
def test_layers_stay_where_another_version_can_use_them(manifests, more, stay):
    found = manifests(*KIT, *more)
    (bringer,) = [step for step in pod(found).initContainers if step.command[-1].endswith("/load.sh")]
    assert env(bringer)["KEEP_LAYERS"] == stay


def test_init_example_is_as_the_guide_has_it(init):
    workload = init.get("deployment/llm-server")
    server = pod(init).containers[0]
    assert workload.spec.replicas == 3
    assert [port.containerPort for port in server.ports] == [8080]
    assert server.resources.to_dict() == {
        "requests": {"cpu": "1", "memory": "2Gi"},
        "limits": {"cpu": "2", "memory": "4Gi"},
    }
    assert [secret.name for secret in pod(init).imagePullSecrets] == ["tcr-secret"]
    models = {mount.name: mount for mount in server.volumeMounts}["models"]
    assert (models.mountPath, models.readOnly) == ("/app/models", True)
    assert listed(init) == [
        ["bert-sentiment", "ml-registry-xxxx.tencentcloudcr.com/ml-models/bert-sentiment:v1.2.0", "model"]
    ]
    credentials = {volume.name: volume for volume in pod(init).volumes}["modelkit-credentials"]
    assert credentials.secret.secretName == "tcr-credentials"


def test_another_version_rolls_the_pods_of_the_init_example(init, manifests):
    later = manifests(CHART / "examples/modelkit-init.yaml", "model.tag=v1.2.1")
    annotations = [found.get("deployment/llm-server").spec.template.metadata.annotations for found in (init, later)]
    assert annotations[0]["checksum/models"] != annotations[1]["checksum/models"]


def test_parallel_example_brings_model_and_docs_side_by_side_to_a_claim(manifests):
    found = manifests(CHART / "examples/modelkit-parallel.yaml")
    assert listed(found)[0][2] == "model docs"
    assert int(env(loader(found))["CONCURRENCY"]) > 1
    assert "persistentVolumeClaim" in {volume.name: volume for volume in pod(found).volumes}["models"]
