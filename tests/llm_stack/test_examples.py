"""What each example has to render, fact by fact, as the guide that it stands for describes it."""

from __future__ import annotations

import pytest
from conftest import CHART

from chartgen.reading import yamlfile

EXAMPLES = CHART / "examples"


@pytest.fixture(scope="module")
def defaults(manifests):
    return manifests()


@pytest.fixture(scope="module", params=["tke-ollama", "tke-supernode"])
def tke(request, manifests):
    return request.param, manifests(EXAMPLES / f"{request.param}.yaml")


@pytest.fixture(scope="module")
def two_servers(manifests):
    return manifests(EXAMPLES / "two-servers.yaml")


@pytest.fixture(scope="module")
def pipelines(manifests):
    return manifests(EXAMPLES / "open-webui-pipelines.yaml")


def container(workload):
    return workload.spec.template.spec.containers[0]


def env(workload) -> dict[str, str]:
    return {entry.name: entry.get("value") for entry in container(workload).env}


def kind(index, name):
    return [record.manifest for record in index._records if record.kind == name]


@pytest.mark.slow
def test_defaults_bring_a_small_model_to_a_cpu(defaults):
    server = defaults.get("deployment/llm-server")
    assert [step.name for step in server.spec.template.spec.initContainers] == ["bring-models"]
    assert env(server)["MODELS"] == "deepseek-r1:1.5b"
    resources = {"requests": {"cpu": 1, "memory": "4Gi"}, "limits": {"memory": "8Gi"}}
    assert container(server).resources.to_dict() == resources
    assert kind(defaults, "Ingress") == kind(defaults, "HTTPRoute") == []


def test_defaults_name_no_storage_class(defaults):
    assert all("storageClassName" not in claim.spec for claim in kind(defaults, "PersistentVolumeClaim"))


def test_claims_stay_at_an_uninstall(defaults):
    claims = kind(defaults, "PersistentVolumeClaim")
    assert len(claims) == 2
    assert {claim.metadata.annotations["helm.sh/resource-policy"] for claim in claims} == {"keep"}


def test_ui_finds_the_server(defaults):
    assert env(defaults.get("deployment/llm-open-webui"))["OLLAMA_BASE_URL"] == "http://llm-server:11434"
    assert defaults.get("service/llm-server").spec.ports[0].port == 11434


def test_startup_loads_the_model_and_readiness_asks_for_it(defaults):
    probes = container(defaults.get("deployment/llm-server"))
    assert probes.startupProbe.exec.command[-2:] == ["startup", "1795"]
    assert probes.readinessProbe.exec.command[-1] == "ready"
    assert (probes.startupProbe.timeoutSeconds, probes.startupProbe.failureThreshold) == (1800, 1)


@pytest.mark.slow
def test_tke_has_two_shared_claims_of_100Gi(tke):
    claims = kind(tke[1], "PersistentVolumeClaim")
    assert len(claims) == 2
    for claim in claims:
        assert claim.spec.accessModes == ["ReadWriteMany"]
        assert claim.spec.storageClassName == "deepseek"
        assert claim.spec.resources.requests.storage == "100Gi"


def test_tke_job_pulls_the_model_into_the_claim(tke):
    (job,) = kind(tke[1], "Job")
    pod = job.spec.template.spec
    assert job.metadata.name.startswith("llm-server-models-")
    assert pod.restartPolicy == "OnFailure"
    assert pod.containers[0].image == "imroc/ollama:cuda11.8-ubuntu22.04"
    assert {volume.name: volume for volume in pod.volumes}[
        "models"
    ].persistentVolumeClaim.claimName == "llm-server-models"
    assert "deepseek-r1:7b" in tke[1].get("configmap/llm-server-files").data["models.tsv"]


def test_tke_server_has_one_gpu_and_the_jobs_image(tke):
    server = container(tke[1].get("deployment/llm-server"))
    assert server.image == "imroc/ollama:cuda11.8-ubuntu22.04"
    assert server.resources.limits["nvidia.com/gpu"] == server.resources.requests["nvidia.com/gpu"] == 1
    assert env(tke[1].get("deployment/llm-server"))["OLLAMA_HOST"] == "0.0.0.0:11434"
    assert server.ports[0].containerPort == 11434


def test_tke_models_lie_in_a_folder_of_the_claim(tke):
    server = container(tke[1].get("deployment/llm-server"))
    mount = {mount.name: mount for mount in server.volumeMounts}["models"]
    assert (mount.mountPath, mount.subPath) == ("/models", "models")
    assert env(tke[1].get("deployment/llm-server"))["OLLAMA_MODELS"] == "/models"


def test_tke_ui_is_as_the_guide_has_it(tke):
    workload = tke[1].get("deployment/llm-open-webui")
    ui = container(workload)
    assert ui.image == "imroc/open-webui:main"
    assert env(workload)["OLLAMA_BASE_URL"] == "http://llm-server:11434"
    assert env(workload)["HF_HUB_OFFLINE"] == "1"
    assert env(workload)["ENABLE_OPENAI_API"].lower() == "false"
    assert ui.ports[0].containerPort == 8080
    assert ui.resources.to_dict() == {
        "requests": {"cpu": "500m", "memory": "500Mi"},
        "limits": {"cpu": "1000m", "memory": "1Gi"},
    }
    assert "/app/backend/data" in {mount.mountPath for mount in ui.volumeMounts}
    assert tke[1].get("service/llm-open-webui").spec.ports[0].port == 8080


def test_tke_route_leads_to_the_ui(tke):
    (route,) = kind(tke[1], "HTTPRoute")
    assert route.spec.hostnames == ["ai.imroc.cc"]
    parent = route.spec.parentRefs[0]
    assert (parent.name, parent.namespace, parent.sectionName) == ("imroc", "envoy-gateway-system", "https")
    backend = route.spec.rules[0].backendRefs[0]
    assert (backend.name, backend.port) == ("llm-open-webui", 8080)


def test_super_node_is_told_which_card(tke):
    name, index = tke
    pod = index.get("deployment/llm-server").spec.template
    annotation = pod.metadata.annotations.get("eks.tke.cloud.tencent.com/gpu-type")
    assert annotation == ("T4,V100" if name == "tke-supernode" else None)


def test_two_servers_stand_side_by_side(two_servers):
    assert env(two_servers.get("deployment/llm-server"))["MODELS"] == "deepseek-r1:1.5b"
    big = container(two_servers.get("deployment/llm-big"))
    assert big.args[0] == "/models"
    assert "--tensor-parallel-size=2" in big.args
    assert big.resources.limits["nvidia.com/gpu"] == 2
    assert two_servers.get("service/llm-big").spec.ports[0].port == 8000


def test_two_servers_are_both_found_by_the_ui(two_servers):
    found = env(two_servers.get("deployment/llm-open-webui"))
    assert found["OLLAMA_BASE_URL"] == "http://llm-server:11434"
    assert found["OPENAI_API_BASE_URLS"] == "http://llm-big:8000/v1"


def test_vllm_reads_a_claim_that_exists(two_servers):
    volumes = two_servers.get("deployment/llm-big").spec.template.spec.volumes
    assert {volume.name: volume for volume in volumes}["models"].persistentVolumeClaim.claimName == "deepseek-r1-70b"
    assert [claim.metadata.name for claim in kind(two_servers, "PersistentVolumeClaim")].count("llm-big-models") == 0


def test_pipelines_example_serves_two_models_without_a_gpu(pipelines):
    server = pipelines.get("deployment/llm-server")
    assert env(server)["MODELS"].split() == ["llama3:8b", "mistral:7b"]
    assert set(container(server).resources.requests) == {"cpu", "memory"}


def test_pipelines_example_has_every_claim_in_one_class(pipelines):
    classes = {claim.metadata.name: claim.spec.storageClassName for claim in kind(pipelines, "PersistentVolumeClaim")}
    assert classes == dict.fromkeys(
        ("llm-server-models", "llm-open-webui-data", "llm-pipelines-data"),
        "nfs-client",
    )


def test_pipelines_answer_on_9099_of_every_node_and_keep_what_they_have(pipelines):
    workload = pipelines.get("deployment/llm-pipelines")
    service = pipelines.get("service/llm-pipelines").spec
    assert (service.type, service.ports[0].port) == ("NodePort", 9099)
    assert container(workload).ports[0].containerPort == 9099
    assert env(workload)["PORT"] == "9099"
    volumes = {volume.name: volume for volume in workload.spec.template.spec.volumes}
    mounts = {mount.name: mount.mountPath for mount in container(workload).volumeMounts}
    assert volumes["data"].persistentVolumeClaim.claimName == "llm-pipelines-data"
    assert mounts["data"] == env(workload)["PIPELINES_DIR"] == "/app/pipelines"


def test_pipelines_example_has_its_ui_on_port_80_of_the_service_and_a_mirror(pipelines):
    service = pipelines.get("service/llm-open-webui").spec
    assert (service.type, service.ports[0].port) == ("NodePort", 80)
    assert env(pipelines.get("deployment/llm-open-webui"))["HF_ENDPOINT"] == "https://hf-mirror.com"


def test_ui_asks_pipelines_with_the_key_that_pipelines_have(pipelines):
    ui, workload = pipelines.get("deployment/llm-open-webui"), pipelines.get("deployment/llm-pipelines")
    found = {each.name: each for each in container(ui).env}
    assert env(ui)["OPENAI_API_BASE_URLS"] == "http://llm-pipelines:9099"
    assert "ENABLE_OPENAI_API" not in found
    assert env(ui)["INSERT_KEYS"] == "OPENAI_API_KEYS"
    name = env(ui)["OPENAI_API_KEYS"]
    key = {each.name: each for each in container(workload).env}["PIPELINES_API_KEY"].valueFrom.secretKeyRef
    assert found[name].valueFrom.secretKeyRef == key
    assert (key.name, key.key) == ("llm-pipelines", "api-key")
    assert "0p3n-w3bu!" not in str([record.manifest.to_dict() for record in pipelines._records])


@pytest.fixture(scope="module")
def modelkit_vllm(manifests):
    return manifests(EXAMPLES / "modelkit-vllm.yaml")


def test_vllm_serves_a_modelkit_from_memory_on_one_gpu(modelkit_vllm):
    workload = modelkit_vllm.get("deployment/llm-server")
    server = container(workload)
    assert server.args[0] == "/models/qwen-7b-chat"
    assert {"--served-model-name=qwen-7b-chat", "--port=8000", "--tensor-parallel-size=1"} <= set(server.args)
    assert "qwen-7b-chat-lora=/models/qwen-7b-chat/lora" in server.args
    assert (server.resources.requests.memory, server.resources.limits.memory) == ("32Gi", "64Gi")
    assert server.resources.limits["nvidia.com/gpu"] == 1
    volumes = {volume.name: volume for volume in workload.spec.template.spec.volumes}
    assert volumes["models"].emptyDir.to_dict() == {"medium": "Memory", "sizeLimit": "50Gi"}
    assert modelkit_vllm.get("service/llm-server").spec.ports[0].port == 8000


def test_vllms_modelkit_comes_from_the_registry_with_the_credentials(modelkit_vllm):
    listed = modelkit_vllm.get("configmap/llm-server-files").data["models.tsv"]
    assert listed.split("\t")[:2] == [
        "qwen-7b-chat",
        "ml-registry-xxxx.tencentcloudcr.com/ml-models/qwen-7b-chat:v1.0.0",
    ]
    assert "tcr-credentials" in secrets_of(modelkit_vllm.get("deployment/llm-server"))


@pytest.fixture(scope="module")
def modelkit_triton(manifests):
    return manifests(EXAMPLES / "modelkit-triton.yaml")


@pytest.mark.slow
def test_triton_has_two_pods_with_a_gpu_each_and_three_ports(modelkit_triton):
    workload = modelkit_triton.get("deployment/llm-server")
    assert workload.spec.replicas == 2
    assert container(workload).resources.limits["nvidia.com/gpu"] == 1
    assert [port.port for port in modelkit_triton.get("service/llm-server").spec.ports] == [8000, 8001, 8002]
    assert [port.containerPort for port in container(workload).ports] == [8000, 8001, 8002]


def test_tritons_modelkits_lie_in_its_layout(modelkit_triton):
    files = modelkit_triton.get("configmap/llm-server-files").data
    rows = [line.split("\t")[:2] for line in files["models.tsv"].splitlines()]
    registry = "ml-registry-xxxx.tencentcloudcr.com/ml-models"
    assert rows == [
        ["bert-classifier/1", f"{registry}/bert-classifier:v1.0.0"],
        ["resnet50/1", f"{registry}/resnet50:v2.0.0"],
    ]
    assert files["repository.tsv"] == "bert-classifier/1\tbert-classifier\t1\nresnet50/1\tresnet50\t1\n"
    loads = {arg for arg in container(modelkit_triton.get("deployment/llm-server")).args if arg.startswith("--load")}
    assert loads == {"--load-model=bert-classifier", "--load-model=resnet50"}
    assert "tcr-credentials" in secrets_of(modelkit_triton.get("deployment/llm-server"))


def test_tritons_bert_classifier_is_described(modelkit_triton):
    assert modelkit_triton.get("configmap/llm-server-files").data["bert-classifier.pbtxt"] == (
        'platform: "pytorch_libtorch"\n'
        "max_batch_size: 32\n"
        'input [\n  { name: "input_ids", data_type: TYPE_INT64, dims: [-1] }\n]\n'
        'output [\n  { name: "logits", data_type: TYPE_FP32, dims: [-1,2] }\n]\n'
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["modelkit-vllm", "modelkit-triton"])
def test_servers_without_a_ui_have_none(manifests, name):
    assert [each.metadata.name for each in kind(manifests(EXAMPLES / f"{name}.yaml"), "Deployment")] == ["llm-server"]


def secrets_of(workload) -> set[str]:
    """The Secrets that a pod mounts."""
    volumes = [volume.to_dict() for volume in workload.spec.template.spec.volumes]
    return {volume["secret"]["secretName"] for volume in volumes if "secret" in volume}


@pytest.mark.slow
def test_second_server_added_later_changes_nothing_of_the_first(defaults, manifests, tmp_path):
    more = tmp_path / "more.yaml"
    more.write_text("servers: {other: {model: {name: llama3, tag: 8b}}}\n", encoding="utf-8")
    after = manifests(more)
    for name in ("deployment/llm-server", "service/llm-server", "configmap/llm-server-files"):
        assert after.get(name) == defaults.get(name)
    assert after.get("persistentvolumeclaim/llm-server-models") == defaults.get(
        "persistentvolumeclaim/llm-server-models"
    )


def test_every_example_says_what_it_is():
    for example in sorted(EXAMPLES.glob("*.yaml")):
        text = example.read_text(encoding="utf-8")
        assert text.startswith("# "), example.name
        assert not yamlfile.parse(text, example.name).problems


@pytest.mark.slow
def test_entry_of_servers_replaces_a_variable_whole_and_may_empty_it(manifests, tmp_path):
    file = tmp_path / "values.yaml"
    file.write_text(
        "env: {A: {valueFrom: {secretKeyRef: {name: s, key: a}}}, B: b, C: c}\n"
        "servers: {server: {env: {A: {valueFrom: {configMapKeyRef: {name: m, key: a}}}, B: '', HOME: ''}}}\n",
        encoding="utf-8",
    )
    found = {entry.name: entry.to_dict() for entry in container(manifests(file).get("deployment/llm-server")).env}
    assert found["A"]["valueFrom"] == {"configMapKeyRef": {"name": "m", "key": "a"}}
    assert (found["B"]["value"], found["C"]["value"], found["HOME"]["value"]) == ("", "c", "")


@pytest.mark.slow
def test_ui_knows_its_address_from_the_ingress(manifests):
    index = manifests("ingress.enabled=true", "ingress.host=chat.example.com", "ingress.httpsPort=8443")
    assert env(index.get("deployment/llm-open-webui"))["WEBUI_URL"] == "https://chat.example.com:8443"


@pytest.mark.slow
def test_ui_keeps_its_address_beside_an_ingress_to_a_server(manifests):
    case = CHART.parents[1] / "chartgen/fragments/expose/http-route/cases/two-ways.yaml"
    assert env(manifests(case).get("deployment/llm-open-webui"))["WEBUI_URL"] == "https://chat.example.com"
