"""What a vLLM with a model from the Hugging Face hub has to render, fact by fact."""

from __future__ import annotations

import pytest
from test_examples import EXAMPLES, container, env, kind

pytestmark = pytest.mark.slow

SECRET = "huggingface"


@pytest.fixture(scope="module")
def example(manifests):
    return manifests(EXAMPLES / "vllm-huggingface.yaml")


@pytest.fixture(scope="module")
def loader(example):
    (step,) = example.get("deployment/llm-server").spec.template.spec.initContainers
    return step


def settings(step) -> dict[str, str]:
    return {entry.name: entry.get("value") for entry in step.env}


def mounts(step) -> dict[str, str]:
    return {mount.name: mount.mountPath for mount in step.volumeMounts}


def test_an_init_container_brings_the_model_from_the_mirror(loader):
    assert loader.name == "bring-models"
    assert loader.image.startswith("curlimages/curl:")
    assert settings(loader)["ENDPOINT"] == "https://hf-mirror.com"
    assert settings(loader)["HUB"] == "huggingface"


def test_the_list_names_model_revision_and_patterns(example):
    files = example.get("configmap/llm-server-files").data
    assert files["models.tsv"] == (
        "Qwen-Qwen2.5-7B-Instruct\tQwen/Qwen2.5-7B-Instruct@main\t*.safetensors *.json *.txt\n"
    )
    assert {"load.sh", "json.awk", "loader.sh", "directory.sh"} <= set(files)


def test_the_token_is_a_file_of_the_loader_alone(example, loader):
    pod = example.get("deployment/llm-server").spec.template.spec
    volume = {volume.name: volume for volume in pod.volumes}["hub-token"]
    assert volume.secret.secretName == SECRET
    assert [(item.key, item.path) for item in volume.secret["items"]] == [("HF_TOKEN", "token")]
    assert mounts(loader)["hub-token"] == "/opt/credentials"
    assert "hub-token" not in mounts(pod.containers[0])
    assert not [name for name in settings(loader) if "TOKEN" in name]


def test_vllm_serves_what_was_brought_on_one_gpu(example):
    server = container(example.get("deployment/llm-server"))
    assert server.args[0] == "/models/Qwen-Qwen2.5-7B-Instruct"
    assert "--served-model-name=Qwen/Qwen2.5-7B-Instruct" in server.args
    assert server.image.startswith("vllm/vllm-openai:")
    assert server.resources.limits["nvidia.com/gpu"] == 1
    assert env(example.get("deployment/llm-server"))["HF_HUB_OFFLINE"] == "1"


def test_the_models_lie_on_a_claim_of_40Gi(example):
    sizes = {
        claim.metadata.name: claim.spec.resources.requests.storage for claim in kind(example, "PersistentVolumeClaim")
    }
    assert sizes["llm-server-models"] == "40Gi"
