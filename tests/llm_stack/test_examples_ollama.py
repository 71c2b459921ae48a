"""What KubeSphere's extension, an air-gapped cluster and a highly available one have to render, fact by fact."""

from __future__ import annotations

import re
import subprocess

import pytest
from conftest import CHART
from test_examples import EXAMPLES, container, env, kind

from chartgen.needs import images

pytestmark = pytest.mark.slow

LIBRARY = "registry.ollama.ai/library/deepseek-r1"
KUBESPHERE = EXAMPLES / "kubesphere-deepseek.yaml"
ON_GPU = EXAMPLES / "kubesphere-deepseek-gpu.yaml"
LARGER = "modelCache.size=420Gi"


@pytest.fixture(scope="module")
def kubesphere(manifests):
    return manifests(KUBESPHERE)


@pytest.fixture(scope="module")
def offline(manifests):
    return manifests(EXAMPLES / "offline-cache.yaml")


@pytest.fixture(scope="module")
def available(manifests):
    return manifests(EXAMPLES / "nodeport-ha.yaml")


def mebibytes(amount: object) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(\D*)", str(amount)).groups()
    return float(number) * {"Gi": 1024, "Mi": 1, "": 2**-20}[unit]


def claim(index):
    (found,) = kind(index, "PersistentVolumeClaim")
    return found


# --- KubeSphere -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", [KUBESPHERE, ON_GPU])
def test_kubesphere_s_model_comes_from_ollama_s_library_to_a_shared_claim_of_50Gi(manifests, example):
    index = manifests(example)
    assert env(index.get("deployment/llm-server"))["MODELS"] == f"{LIBRARY}:1.5b"
    assert claim(index).spec.accessModes == ["ReadWriteMany"]
    assert claim(index).spec.resources.requests.storage == "50Gi"


def test_kubesphere_asks_for_no_gpu_and_for_the_guide_s_least(kubesphere):
    resources = container(kubesphere.get("deployment/llm-server")).resources
    assert float(resources.requests.cpu) >= 2
    assert mebibytes(resources.requests.memory) >= 8000 * 10**6 / 2**20
    assert not [name for name in dict(resources.limits) if "/" in name]


@pytest.mark.parametrize("tag", ["7b", "8b", "14b", "32b", "70b"])
def test_kubesphere_s_larger_models_take_another_tag_alone_and_ask_for_more(manifests, kubesphere, tag):
    index = manifests(KUBESPHERE, f"model.tag={tag}")
    assert env(index.get("deployment/llm-server"))["MODELS"] == f"{LIBRARY}:{tag}"
    asked, least = (container(each.get("deployment/llm-server")).resources.requests for each in (index, kubesphere))
    assert mebibytes(asked.memory) >= mebibytes(least.memory)
    assert mebibytes(asked.memory) > {"7b": 7, "8b": 8, "14b": 11, "32b": 22, "70b": 43}[tag] * 1024


def test_kubesphere_s_largest_model_is_refused_with_the_claim_that_it_takes(helm, manifests):
    command = [helm, "template", "llm", CHART, "-f", KUBESPHERE, "--set", "model.tag=671b"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    sentence = (
        "modelCache.size: 50Gi is too small for the models, which take 377Gi; set modelCache.size to 420Gi or more"
    )
    assert sentence in said
    assert manifests(KUBESPHERE, "model.tag=671b", LARGER).get("deployment/llm-server")


@pytest.mark.parametrize("example", [KUBESPHERE, ON_GPU])
def test_kubesphere_s_ui_is_nextchat_on_3000_and_talks_to_the_server(manifests, example):
    index = manifests(example)
    chat = index.get("deployment/llm-nextchat")
    assert container(chat).ports[0].containerPort == 3000
    assert index.get("service/llm-nextchat").spec.ports[0].port == 3000
    assert env(chat)["BASE_URL"] == "http://llm-server:11434"
    assert env(chat)["DEFAULT_MODEL"] == f"{LIBRARY}:1.5b"
    assert not [each for each in kind(index, "Deployment") if each.metadata.name == "llm-open-webui"]


@pytest.mark.parametrize("example", [KUBESPHERE, ON_GPU])
def test_kubesphere_s_ingress_has_the_class_and_stands_under_the_domain(manifests, example):
    (ingress,) = kind(manifests(example, "ingress.className=mine"), "Ingress")
    assert ingress.spec.ingressClassName == "mine"
    assert ingress.spec.rules[0].host == "llm.172.1.1.1.nip.io"
    backend = ingress.spec.rules[0].http.paths[0].backend.service
    assert (backend.name, backend.port.number) == ("llm-nextchat", 3000)


@pytest.mark.parametrize(
    ("ports", "url"),
    [
        ([], "http://llm.172.1.1.1.nip.io:30888"),
        (["ingress.httpPort=0"], "http://llm.172.1.1.1.nip.io"),
        (["ingress.httpsPort=30889"], "https://llm.172.1.1.1.nip.io:30889"),
        (["ingress.httpsPort=443"], "https://llm.172.1.1.1.nip.io"),
    ],
)
def test_https_port_of_kubesphere_goes_before_its_http_port(helm, ports, url):
    sets = [word for port in ports for word in ("--set", port)]
    command = [helm, "install", "llm", CHART, "-f", KUBESPHERE, "--dry-run=client", *sets]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert f"NextChat: open {url}\n" in said
    assert not re.findall(r"https?://llm\.172[^\s]*", said.replace(url, ""))


def test_kubesphere_s_gpu_stands_on_labelled_nodes_with_the_resources_given(manifests):
    pod = manifests(ON_GPU).get("deployment/llm-server").spec.template.spec
    assert dict(pod.nodeSelector) == {"accelerator": "nvidia"}
    amounts = {"cpu": "1000m", "memory": "1024Mi", "nvidia.com/gpu": 1}
    assert pod.containers[0].resources.to_dict() == {"requests": amounts, "limits": amounts}


# --- air-gapped -----------------------------------------------------------------------------------------------------


def test_offline_cache_is_the_claim_that_exists_at_its_root(offline):
    assert kind(offline, "PersistentVolumeClaim") == []
    server = offline.get("deployment/llm-server")
    volumes = {volume.name: volume for volume in server.spec.template.spec.volumes}
    assert volumes["models"].persistentVolumeClaim.claimName == "deepseek-models"
    mount = {mount.name: mount for mount in container(server).volumeMounts}["models"]
    assert (mount.mountPath, mount.get("subPath")) == ("/models", None)
    assert env(server)["OLLAMA_MODELS"] == "/models"


def test_offline_cache_is_shared_by_several_pods_and_nothing_is_pulled(offline):
    server = offline.get("deployment/llm-server")
    assert server.spec.replicas == 3
    assert "initContainers" not in server.spec.template.spec
    assert [each.metadata.name for each in kind(offline, "Deployment")] == ["llm-server"]
    assert kind(offline, "Job") == kind(offline, "CronJob") == kind(offline, "DaemonSet") == []


# --- highly available -----------------------------------------------------------------------------------------------


def test_every_image_comes_from_docker_hub_by_the_mirror():
    for each in images.images(CHART, [EXAMPLES / "nodeport-ha.yaml"], [], print):
        assert each.image == f"docker.1ms.run/{each.source}"
        assert re.fullmatch(r"[a-z0-9]+/[a-z0-9-]+:\S+", each.source), "another registry than Docker Hub"


def test_ui_stands_at_port_30007_of_every_node(available):
    service = available.get("service/llm-open-webui").spec
    assert (service.type, service.ports[0].nodePort) == ("NodePort", 30007)


def test_servers_are_two_and_more_on_different_nodes_and_ready_when_they_answer(available):
    server = available.get("statefulset/llm-server")
    scaler = available.get("horizontalpodautoscaler/llm-server").spec
    assert scaler.minReplicas >= 2
    assert scaler.maxReplicas > scaler.minReplicas
    assert (scaler.scaleTargetRef.kind, scaler.scaleTargetRef.name) == ("StatefulSet", "llm-server")
    assert "replicas" not in server.spec, "an upgrade would take the autoscaler's pods away"
    (constraint,) = server.spec.template.spec.topologySpreadConstraints
    assert (constraint.topologyKey, constraint.whenUnsatisfiable) == ("kubernetes.io/hostname", "DoNotSchedule")
    assert container(server).readinessProbe.exec.command[-1] == "ready"


def test_node_is_drained_one_pod_at_a_time(available):
    budget = available.get("poddisruptionbudget/llm-server").spec
    labels = available.get("statefulset/llm-server").spec.template.metadata.labels
    assert budget.maxUnavailable == 1
    assert dict(budget.selector.matchLabels).items() <= dict(labels).items()
