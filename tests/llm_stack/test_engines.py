"""What a server's engine makes of its pod, its Service, and of what others ask it."""

from __future__ import annotations

import os
import subprocess

import pytest
from conftest import CHART, ROOT

from chartgen.needs import plan

pytestmark = pytest.mark.slow

CASES = ROOT / "chartgen/fragments/engine"


def container(workload):
    return workload.spec.template.spec.containers[0]


def mount(workload, name="models"):
    return next(mount for mount in container(workload).volumeMounts if mount.name == name).to_dict()


def env(pod):
    return {entry.name: entry.get("value") for entry in pod.spec.containers[0].env}


OWN = {
    "engine": "custom",
    "image": {"repository": "team/server", "tag": "1"},
    "model": {"name": "bert", "delivery": "none"},
    "modelCache": {"existingClaim": "models"},
}


def test_own_server_reads_the_one_models_folder_at_its_own_path(manifests):
    server = manifests(CASES / "custom/cases/model.yaml").get("deployment/llm-server")
    assert container(server).image == "registry.example.com/team/sentiment:3.1"
    at = {"name": "models", "mountPath": "/app/models", "subPath": "store/bert-sentiment", "readOnly": True}
    assert mount(server) == at


def test_own_server_is_asked_by_its_own_paths(manifests):
    server = container(manifests(CASES / "custom/cases/model.yaml").get("deployment/llm-server"))
    assert server.startupProbe.httpGet.path == server.readinessProbe.httpGet.path == "/ready?model=bert"
    assert server.livenessProbe.httpGet.path == "/alive"
    assert server.startupProbe.failureThreshold * server.startupProbe.periodSeconds == 1800


def test_own_server_without_paths_has_to_listen(rendered):
    server = container(rendered(**OWN).get("deployment/llm-server"))
    assert {server[probe].tcpSocket.port for probe in ("startupProbe", "readinessProbe", "livenessProbe")} == {"http"}


def test_own_server_writes_where_its_values_say_and_shares_memory_between_cards(manifests):
    server = manifests(CASES / "custom/cases/writable.yaml").get("deployment/llm-server")
    assert [mount.to_dict() for mount in container(server).volumeMounts if mount.name in ("writable", "shm")] == [
        {"name": "shm", "mountPath": "/dev/shm"},
        {"name": "writable", "mountPath": "/root/.cache", "subPath": "root/.cache"},
        {"name": "writable", "mountPath": "/sgl-workspace/cache", "subPath": "sgl-workspace/cache"},
    ]
    sizes = {
        volume.name: volume.emptyDir.sizeLimit
        for volume in server.spec.template.spec.volumes
        if "sizeLimit" in volume.get("emptyDir", {})
    }
    assert sizes["shm"] == "4Gi"
    assert env(server.spec.template)["HOME"] == "/tmp/home"


def test_modelfiles_reach_the_server_as_ollama_reads_them(manifests):
    case = manifests(CASES / "ollama/cases/modelfiles.yaml")
    files = case.get("configmap/llm-server-files").data
    assert files["modelfile-0"] == (
        '# legal:v2\nFROM llama3.2:3b\nTEMPLATE """{{ .Prompt }}"""\nADAPTER /adapters/legal.gguf\n'
    )
    assert files["modelfile-1"] == (
        '# pirate\nFROM llama3.2:3b\nPARAMETER num_ctx """1048576"""\n'
        'PARAMETER seed """123456789012345678"""\nPARAMETER stop """<|end|>"""\n'
        'PARAMETER stop """\n"""\nPARAMETER temperature """0.7"""\nPARAMETER use_mmap """true"""\n'
        'SYSTEM """You are a pirate.\nAnswer "aye"."""\n'
    )
    server = case.get("deployment/llm-server").spec.template
    assert env(server)["MODELS"] == "llama3.2:3b qwen3:4b legal:v2 pirate"
    assert container(case.get("deployment/llm-server")).command == ["sh", "/opt/files/serve.sh"]
    chat = env(case.get("deployment/llm-nextchat").spec.template)
    assert chat["CUSTOM_MODELS"] == "-all,+llama3.2:3b,+qwen3:4b,+legal:v2,+pirate"


def test_flags_of_newer_versions_are_left_out_for_older_images(manifests):
    def flags(case):
        return container(manifests(CASES / f"vllm/cases/{case}.yaml").get("deployment/llm-server")).args

    assert not [flag for flag in flags("older-image") if flag.startswith("--shutdown-timeout")]
    assert [flag for flag in flags("own-image") if flag.startswith("--shutdown-timeout")]


def test_shares_of_cards_are_not_counted_as_cards(manifests):
    for case in ("shares-as-resources", "whole-cards-by-compute"):
        server = manifests(ROOT / f"chartgen/fragments/gpu/cases/{case}.yaml").get("deployment/llm-server")
        assert "--tensor-parallel-size=2" in container(server).args, case


def test_service_has_all_of_an_own_servers_ports(manifests):
    index = manifests(CASES / "custom/cases/model.yaml")
    ports = {port.name: port.port for port in index.get("service/llm-server").spec.ports}
    assert ports == {"http": 8000, "grpc": 9000, "metrics": 9090}
    assert {port.name for port in container(index.get("deployment/llm-server")).ports} == set(ports)


def test_server_that_nobody_can_ask_is_no_uis(rendered):
    found = rendered(**OWN).get("deployment/llm-open-webui")
    settings = {entry.name: entry.get("value") for entry in container(found).env}
    assert (settings["ENABLE_OLLAMA_API"], settings["ENABLE_OPENAI_API"]) == ("false", "false")


def test_server_that_nobody_can_ask_is_tested_by_its_paths(rendered):
    test = rendered(**OWN, custom={"readinessPath": "/ready"}).get("pod/llm-server-test")
    assert test.spec.containers[0].command[-1] == "/opt/tests/ready.sh"
    assert env(test)["PATHS"] == "/ready"


def test_own_server_that_speaks_openais_api_is_chatted_with(manifests):
    index = manifests(CASES / "custom/cases/openai.yaml")
    assert env(index.get("pod/llm-server-test"))["MODEL"] == "chat"
    settings = {entry.name: entry.get("value") for entry in container(index.get("deployment/llm-open-webui")).env}
    assert settings["OPENAI_API_BASE_URLS"] == "http://llm-server:8080/v1"
    given = {entry.name: entry for entry in index.get("pod/llm-server-test").spec.containers[0].env}
    assert given["API_KEY"].valueFrom.secretKeyRef.to_dict() == {"name": "keys", "key": "chat"}


@pytest.fixture(scope="module")
def triton(manifests):
    return manifests(CASES / "triton/cases/two-models.yaml")


def test_triton_loads_what_is_asked_for_and_nothing_else(triton):
    args = container(triton.get("deployment/llm-server")).args
    assert args[:4] == ["sh", "/opt/files/repository.sh", "serve", "tritonserver"]
    loads = [arg for arg in args if arg.startswith("--load-model")]
    assert loads == ["--load-model=bert-classifier", "--load-model=resnet50"]
    assert "--model-control-mode=explicit" in args


def test_triton_ends_its_answers_before_kubernetes_ends_it(triton):
    pod = triton.get("deployment/llm-server").spec.template.spec
    assert "--exit-timeout-secs=55" in pod.containers[0].args
    assert pod.terminationGracePeriodSeconds >= 60


def test_triton_finds_each_models_folder(triton):
    layout = triton.get("configmap/llm-server-files").data["repository.tsv"]
    assert (
        layout == "bert-classifier/1\tbert-classifier\t1\nbert-classifier/2\tbert-classifier\t2\nresnet50\tresnet50\t\n"
    )


def test_config_of_a_triton_model_is_made_of_the_values(triton):
    assert triton.get("configmap/llm-server-files").data["bert-classifier.pbtxt"] == (
        'platform: "pytorch_libtorch"\n'
        "max_batch_size: 32\n"
        'input [\n  { name: "input_ids", data_type: TYPE_INT64, dims: [-1] }\n]\n'
        'output [\n  { name: "logits", data_type: TYPE_FP32, dims: [-1,2] },\n'
        '  { name: "states", data_type: TYPE_FP32, dims: [-1] }\n]\n'
        "version_policy: { all: { } }\n"
    )


def test_another_config_makes_other_pods(rendered, manifests):
    values = {"engine": "triton", "model": {"path": "bert/1", "delivery": "none"}, "modelCache": {"existingClaim": "x"}}
    hashes = {
        rendered(**values, triton={"models": models})
        .get("deployment/llm-server")
        .spec.template.metadata.annotations["checksum/repository"]
        for models in ({}, {"bert": {"maxBatchSize": 0}}, {"bert": {"maxBatchSize": 1}})
    }
    assert len(hashes) == 3


def test_triton_has_three_ports_and_is_ready_by_its_models(triton):
    ports = {port.name: port.port for port in triton.get("service/llm-server").spec.ports}
    assert ports == {"http": 8000, "grpc": 8001, "metrics": 8002}
    test = triton.get("pod/llm-server-test")
    assert env(test)["PATHS"] == "/v2/models/bert-classifier/ready /v2/models/resnet50/ready"


@pytest.fixture(scope="module")
def vllm(manifests):
    return manifests(CASES / "vllm/cases/settings.yaml")


def test_vllm_is_told_of_its_copies_and_their_memory(vllm):
    args = container(vllm.get("deployment/llm-server")).args
    wanted = {"--tensor-parallel-size=2", "--data-parallel-size=2", "--max-num-seqs=8", "--gpu-memory-utilization=0.85"}
    assert wanted <= set(args)


def test_key_of_vllm_is_a_secret_that_its_clients_get(vllm):
    wanted = {"name": "keys", "key": "vllm"}
    pods = {
        "VLLM_API_KEY": vllm.get("deployment/llm-server").spec.template.spec,
        "OPENAI_API_KEY_0": vllm.get("deployment/llm-open-webui").spec.template.spec,
        "OPENAI_API_KEY": vllm.get("deployment/llm-nextchat").spec.template.spec,
        "API_KEY": vllm.get("pod/llm-server-test").spec,
    }
    for name, pod in pods.items():
        given = {entry.name: entry for entry in pod.containers[0].env}
        assert given[name].valueFrom.secretKeyRef.to_dict() == wanted, name


def test_another_chat_template_makes_other_pods(rendered):
    values = {"engine": "vllm", "model": {"delivery": "none"}, "modelCache": {"existingClaim": "x"}}
    pods = [
        rendered(**values, vllm={"chatTemplate": text}).get("deployment/llm-server").spec.template.metadata
        for text in ("", "{{ a }}", "{{ b }}")
    ]
    hashes = [pod.get("annotations", {}).get("checksum/chat-template") for pod in pods]
    assert hashes[0] is None
    assert len(set(hashes)) == 3


def test_adapters_lie_in_the_model_or_beside_it(manifests):
    args = container(manifests(CASES / "vllm/cases/adapters.yaml").get("deployment/llm-server")).args
    assert args[0] == "/models/base/model"
    assert "--served-model-name=team/base" in args
    at = args.index("--lora-modules")
    modules = ["legal=/models/legal", "letters=/models/letters/best", "polite=/models/base/adapters/polite"]
    assert args[at + 1 :] == modules
    assert {"--enable-lora", "--max-lora-rank=64", "--max-loras=3"} <= set(args)


def test_model_in_memory_counts_as_the_pods(rendered, manifests):
    case = CASES / "vllm/cases/memory.yaml"
    memory = container(manifests(case).get("deployment/llm-server")).resources
    disk = container(manifests(case, "modelCache.medium=disk").get("deployment/llm-server")).resources
    gib = [int(str(given.memory).removesuffix("Gi")) for given in (memory.requests, disk.requests)]
    assert gib[0] - gib[1] >= 14


@pytest.mark.parametrize(("copies", "more"), [(1, 0), (2, 30 * 1024 * 102 // 100)])
def test_copies_need_memory_each(copies, more):
    sets = ["engine=vllm", "model.name=team/q", "model.weightsSize=30Gi", "gpu.vendor=nvidia", "gpu.count=2"]
    flags = [f"--set={pair}" for pair in (*sets, f"vllm.dataParallelSize={copies}")]
    (report,) = plan.plan(CHART, [], flags, print)
    assert report.need["needMiB"] == 30 * 1024 * 102 // 100 + 1024 + 2 * 2355 + more


def test_vllm_in_the_image_for_ascend_gets_its_environment(tmp_path):
    """Ascend's scripts look at the arguments of whoever sources them, and must not see vLLM's."""
    place = tmp_path / "usr/local/Ascend"
    for name in ("ascend-toolkit", "nnal/atb"):
        (place / name).mkdir(parents=True)
        (place / name / "set_env.sh").write_text('export SEEN="${SEEN:-}$#" LD_LIBRARY_PATH=/ascend\n')
    (tmp_path / "vllm").write_text('#!/bin/sh\necho "$SEEN $LD_LIBRARY_PATH" "$@"\n')
    (tmp_path / "vllm").chmod(0o755)
    script = (
        (ROOT / "chartgen/fragments/engine/vllm/files/ascend.sh").read_text().replace("/usr/local/Ascend", str(place))
    )
    (tmp_path / "ascend.sh").write_text(script)
    done = subprocess.run(
        ["bash", tmp_path / "ascend.sh", "serve", "/models/my model", "--port=8000"],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "00 /ascend:/usr/local/lib serve /models/my model --port=8000\n", done.stderr


def test_triton_is_asked_for_each_model_that_changed_with_its_key(manifests):
    index = manifests(CASES / "triton/cases/reload.yaml")
    requests = index.get("configmap/llm-server-files").data["reload.tsv"]
    loads = [line.split("\t")[:3] for line in requests.splitlines()]
    paths = [f"/v2/repository/models/{name}/load" for name in ("bert", "resnet50")]
    assert loads == [["bert/1", "POST", paths[0]], ["resnet50", "POST", paths[1]]]
    pod = index.get("deployment/llm-server").spec.template.spec
    sidecar = next(step for step in pod.initContainers if step.name == "reload")
    given = {entry.name: entry.get("value") for entry in sidecar.env}
    assert (given["PREPARE"], given["HEADER"]) == ("sh /opt/files/repository.sh link", "/repository/key")
    assert "/repository" in {mount.mountPath for mount in sidecar.volumeMounts}


def test_own_server_is_told_in_its_own_words(manifests):
    index = manifests(CASES / "custom/cases/told.yaml")
    assert index.get("configmap/llm-server-files").data["reload.tsv"] == '-\tPUT\t/admin/reload\t{"all": true}\n'


GGUF = {"engine": "llamacpp", "model": {"name": "team/tiny-GGUF"}}


def behind(args: list[str], flag: str) -> str:
    """The argument after a flag."""
    return args[args.index(flag) + 1]


def listed(render):
    return render.get("configmap/llm-server-files").data["models.tsv"].split("\t")[2].split()


def test_llamacpp_downloads_the_file_that_it_serves_alone(rendered):
    render = rendered(**GGUF, llamacpp={"file": "tiny-q4.gguf"})
    assert listed(render) == ["tiny-q4.gguf"]
    args = container(render.get("deployment/llm-server")).args
    assert behind(args, "--model") == "/models/team-tiny-GGUF/tiny-q4.gguf"


def test_llamacpp_downloads_every_part_and_the_projector(rendered):
    file = "q8/tiny-q8-00001-of-00003.gguf"
    render = rendered(**GGUF, llamacpp={"file": file, "mmproj": "mmproj.gguf"})
    assert listed(render) == ["q8/tiny-q8-*-of-00003.gguf", "mmproj.gguf"]
    args = container(render.get("deployment/llm-server")).args
    assert behind(args, "--model") == f"/models/team-tiny-GGUF/{file}"
    assert behind(args, "--mmproj") == "/models/team-tiny-GGUF/mmproj.gguf"


def test_own_filter_of_a_gguf_model_is_kept(manifests):
    assert listed(manifests(CASES / "llamacpp/cases/layers.yaml")) == ["large-Q4_K_M.gguf", "README.md"]


def test_slots_of_llamacpp_have_the_full_context_each(manifests):
    args = container(manifests(CASES / "llamacpp/cases/cpu.yaml").get("deployment/llm-server")).args
    assert (behind(args, "--parallel"), behind(args, "--ctx-size")) == ("4", "32768")


@pytest.mark.parametrize(("vendor", "device"), [("nvidia", "CUDA"), ("amd", "ROCm"), ("intel", "SYCL")])
def test_llamacpp_names_its_gpus_so_that_it_never_falls_back_to_the_cpu(rendered, vendor, device):
    render = rendered(**GGUF, llamacpp={"file": "tiny.gguf"}, gpu={"vendor": vendor, "count": 2})
    args = container(render.get("deployment/llm-server")).args
    assert (behind(args, "--device"), behind(args, "--n-gpu-layers")) == (f"{device}0,{device}1", "all")


@pytest.mark.parametrize("case", sorted((CASES / "llamacpp/cases").glob("*.yaml")), ids=lambda path: path.stem)
def test_llamacpp_gets_a_value_as_an_argument_of_its_own_since_it_refuses_an_equals_sign(manifests, case):
    args = container(manifests(case).get("deployment/llm-server")).args
    assert [word for word in args if word.startswith("-") and "=" in word] == []


@pytest.mark.parametrize("engine", ["llamacpp", "sglang"])
def test_server_that_only_embeds_is_tested_with_an_embedding(manifests, engine):
    cases = sorted((CASES / engine / "cases").glob("embeddings*.yaml"))
    assert cases
    for case in cases:
        assert env(manifests(case).get("pod/llm-server-test"))["EMBEDS"] == "true"


def test_key_of_sglang_is_in_no_argument(manifests):
    server = container(manifests(CASES / "sglang/cases/two-gpus.yaml").get("deployment/llm-server"))
    assert "--api-key=$(SGLANG_API_KEY)" in server.args
    (key,) = [entry for entry in server.env if entry.name == "SGLANG_API_KEY"]
    assert key.valueFrom.secretKeyRef.to_dict() == {"name": "keys", "key": "chat"}


def test_liveness_of_sglang_waits_longer_than_its_health_check(manifests):
    server = container(manifests(CASES / "sglang/cases/two-gpus.yaml").get("deployment/llm-server"))
    # SGLang's own limit is 20 seconds (HEALTH_CHECK_TIMEOUT in its entrypoints/http_server.py).
    assert server.livenessProbe.httpGet.path == "/health"
    assert server.livenessProbe.timeoutSeconds > 20
    assert server.readinessProbe.httpGet.path == server.startupProbe.httpGet.path == "/ready"
