"""One model across nodes: what the group of pods is, who receives requests, and what each pod is told."""

from __future__ import annotations

import json

import pytest
from conftest import CHART, ROOT

from chartgen.needs import plan
from chartgen.programs import helm, tools

pytestmark = pytest.mark.slow

CASES = ROOT / "chartgen/fragments/workload/leader-worker-set/cases"
LABEL = "app.kubernetes.io/component"


LARGE = {
    "engine": "vllm",
    "model": {"name": "team/large", "delivery": "none"},
    "modelCache": {"existingClaim": "models", "accessModes": ["ReadWriteMany"]},
    "gpu": {"vendor": "nvidia", "count": 8},
    "nodes": {"count": 2},
}
EMBEDS = {"sglang": {"embeddings": True}}


def group(render, name="llm-server-group"):
    return render.get(f"leaderworkerset/{name}")


def templates(render):
    template = group(render).spec.leaderWorkerTemplate
    return template.leaderTemplate, template.workerTemplate


def server(template):
    return template.spec.containers[0]


def test_service_selects_the_first_pod_alone(manifests):
    render = manifests(CASES / "vllm.yaml")
    leader, worker = templates(render)
    selector = render.get("service/llm-server").spec.selector.to_dict()
    assert selector.items() <= leader.metadata.labels.to_dict().items()
    assert worker.metadata.labels[LABEL] == "server-worker" != selector[LABEL]


def test_group_has_the_name_of_no_service(manifests):
    render = manifests(CASES / "sglang.yaml")
    services = {record.manifest.metadata.name for record in render._records if record.kind == "Service"}
    assert services
    assert group(render).metadata.name not in services


def test_the_templates_differ_in_what_a_rank_is_told_alone(manifests):
    leader, worker = (each.to_dict() for each in templates(manifests(CASES / "vllm.yaml")))
    for template in (leader, worker):
        del template["metadata"]["labels"][LABEL]
        container = template["spec"]["containers"][0]
        for own in ("startupProbe", "readinessProbe", "livenessProbe", "lifecycle", "ports"):
            container.pop(own, None)
    worker["spec"]["containers"][0]["args"].remove("--headless")
    assert leader == worker


def test_ranks_of_vllm_find_each_other_without_ray(manifests):
    args = server(templates(manifests(CASES / "vllm.yaml"))[1]).args
    assert {
        "--tensor-parallel-size=8",
        "--pipeline-parallel-size=2",
        "--distributed-executor-backend=mp",
        "--nnodes=2",
        "--node-rank=$(LWS_WORKER_INDEX)",
        "--master-addr=$(LWS_LEADER_ADDRESS)",
        "--master-port=29500",
        "--headless",
    } <= set(args)


def test_ranks_of_sglang_find_each_other(manifests):
    args = server(templates(manifests(CASES / "sglang.yaml"))[1]).args
    assert {"--tp-size=8", "--dist-init-addr=$(LWS_LEADER_ADDRESS):20000", "--nnodes=2"} <= set(args)
    assert "--node-rank=$(LWS_WORKER_INDEX)" in args


@pytest.mark.parametrize(
    ("values", "tensor", "pipeline"),
    [({}, 8, 2), ({"tensorParallelSize": 16}, 16, 1), ({"tensorParallelSize": 4, "pipelineParallelSize": 4}, 4, 4)],
)
def test_layers_are_split_across_nodes_unless_the_values_say_otherwise(rendered, values, tensor, pipeline):
    args = server(templates(rendered(**LARGE, vllm=values))[0]).args
    assert f"--tensor-parallel-size={tensor}" in args
    assert (f"--pipeline-parallel-size={pipeline}" in args) == (pipeline > 1)


def test_first_pod_is_asked_for_a_token_and_the_others_dial_it(manifests):
    leader, worker = templates(manifests(CASES / "vllm.yaml"))
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert server(leader)[probe].exec.command[:5] == [
            "python3",
            "/opt/files/group.py",
            "answer",
            "8000",
            "/v1/completions",
        ]
        assert server(worker)[probe].exec.command == ["python3", "/opt/files/group.py", "reach", "29500"]
    start = [server(each).startupProbe for each in (leader, worker)]
    assert start[1].failureThreshold * start[1].periodSeconds > start[0].failureThreshold * start[0].periodSeconds
    assert server(leader).livenessProbe.timeoutSeconds > 20 + 2 * 4


@pytest.mark.parametrize(("engine", "values"), [("vllm", {"extraArgs": ["--runner", "pooling"]}), ("sglang", EMBEDS)])
def test_group_that_only_embeds_is_asked_for_an_embedding(rendered, engine, values):
    """A path that does not exist would be an answer, too."""
    leader, _ = templates(rendered(**LARGE | {"engine": engine} | values))
    command = list(server(leader).livenessProbe.exec.command)
    assert {"/v1/embeddings", "/v1/rerank"} <= set(command)
    assert "/v1/completions" not in command
    assert any(json.loads(part).get("input") for part in command if part.startswith("{"))


# Variables with a group alone that are no more than defaults.
SETTINGS = {"RAY_USAGE_STATS_ENABLED", "RAY_SERVE_LLM_ROUTER_HTTP_TIMEOUT"}


@pytest.mark.parametrize(
    ("engine", "workload"), [("vllm", "LeaderWorkerSet"), ("sglang", "LeaderWorkerSet"), ("vllm", "RayService")]
)
def test_variables_by_which_a_group_finds_itself_are_refused_in_env(tmp_path, engine, workload):
    """Those that the chart sets in the pods of a group and in no others, with a key of the server among them."""
    keyed = {} if workload == "RayService" else {engine: {"apiKey": {"existingSecret": "keys"}}}
    many = LARGE | keyed | {"engine": engine, "nodes": {"count": 2, "workload": workload}}
    one = LARGE | keyed | {"engine": engine, "nodes": {"count": 1}}
    own = variables(render(tmp_path, many)) - variables(render(tmp_path, one)) - SETTINGS
    assert own
    for name in own:
        assert f"env.{name}: the pods of a group find each other by it" in render(tmp_path, many | {"env": {name: "x"}})
    assert "env." not in render(tmp_path, many | {"env": {"NCCL_DEBUG": "INFO"}})


def render(tmp_path, values):
    """What Helm prints, or why it refuses."""
    file = tmp_path / "values.json"
    file.write_text(json.dumps(values), encoding="utf-8")
    (made,) = helm.render([helm.Request(CHART, (file,))], tools.ensure(["helm"], print)["helm"].path)
    return made.error or made.text


def variables(text):
    """The names of the variables of every container called server."""
    boxes = [box for each in helm.documents(text) for box in containers(each.data) if box["name"] == "server"]
    return {variable["name"] for box in boxes for variable in box.get("env", ())}


def containers(node):
    if isinstance(node, list):
        for each in node:
            yield from containers(each)
    elif isinstance(node, dict):
        for key, each in node.items():
            yield from (each if key == "containers" and isinstance(each, list) else containers(each))


@pytest.mark.parametrize(("size", "seconds"), [("10Gi", 300), ("690Gi", 1350)])
def test_hung_group_is_replaced_after_a_time_that_grows_with_the_model(rendered, size, seconds):
    model = LARGE["model"] | {"weightsSize": size}
    live = server(templates(rendered(**LARGE | {"model": model}))[0]).livenessProbe
    assert live.failureThreshold * live.periodSeconds == seconds


def test_probe_of_the_group_counts_what_the_engine_exports(manifests):
    known = {
        "vllm": {"vllm:prompt_tokens_total", "vllm:generation_tokens_total"},
        "sglang": {"sglang:prompt_tokens_total", "sglang:generation_tokens_total"},
    }
    for engine, names in known.items():
        command = server(templates(manifests(CASES / f"{engine}.yaml"))[0]).livenessProbe.exec.command
        assert set(command[6:]) == names


def test_dead_rank_ends_in_a_new_group_and_rollouts_need_no_second_set_of_gpus(manifests):
    spec = group(manifests(CASES / "vllm.yaml")).spec
    assert spec.leaderWorkerTemplate.restartPolicy == "RecreateGroupOnPodRestart"
    assert spec.rolloutStrategy.rollingUpdateConfiguration.to_dict() == {"maxUnavailable": 1, "maxSurge": 0}
    assert spec.startupPolicy == "LeaderCreated"


def test_each_pod_has_a_claim_where_there_is_no_shared_one(manifests):
    template = group(manifests(CASES / "sglang.yaml")).spec.leaderWorkerTemplate
    assert [claim.metadata.name for claim in template.volumeClaimTemplates] == ["models"]
    assert template.persistentVolumeClaimRetentionPolicy.to_dict() == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    assert [volume.name for volume in template.workerTemplate.spec.volumes if volume.name == "models"] == []


def test_network_devices_and_hints_are_those_of_the_values(manifests):
    render = manifests(CASES / "vllm.yaml")
    for template in templates(render):
        assert server(template).resources.limits["rdma/hca"] == server(template).resources.requests["rdma/hca"] == 1
        assert template.metadata.annotations["k8s.v1.cni.cncf.io/networks"] == "rdma-net-0,rdma-net-1"
        assert template.spec.schedulerName == "volcano"
        assert server(template).securityContext.capabilities.to_dict() == {"drop": ["ALL"]}
        assert not template.spec.get("hostNetwork")
    metadata = group(render).metadata
    assert metadata.labels["kueue.x-k8s.io/queue-name"] == "gpus"
    assert metadata.annotations["leaderworkerset.sigs.k8s.io/exclusive-topology"] == "example.com/rack"


def test_autoscaler_scales_groups(manifests):
    target = manifests(CASES / "sglang.yaml").get("horizontalpodautoscaler/llm-server").spec.scaleTargetRef
    assert target.to_dict() == {
        "apiVersion": "leaderworkerset.x-k8s.io/v1",
        "kind": "LeaderWorkerSet",
        "name": "llm-server-group",
    }


def test_budget_counts_groups_and_covers_every_pod(rendered):
    budget = {"enabled": True, "maxUnavailable": 2}
    render = rendered(**LARGE | {"nodes": {"count": 3}}, replicas=4, podDisruptionBudget=budget)
    spec = render.get("poddisruptionbudget/llm-server").spec
    # One group of three pods, and the first pod of a second one.
    assert spec.maxUnavailable == 4
    (component,) = spec.selector.matchExpressions
    assert component["values"] == ["server", "server-worker"]


def test_one_server_of_a_release_can_be_a_group(manifests):
    render = manifests(CASES / "cpus.yaml")
    assert group(render).spec.leaderWorkerTemplate.size == 3
    assert render.get("deployment/llm-small").spec.replicas == 1


def test_test_of_a_group_waits_as_long_as_the_group_takes(rendered):
    model = LARGE["model"] | {"weightsSize": "690Gi"}
    (limit,) = [
        entry.value
        for entry in rendered(**LARGE | {"model": model}).get("pod/llm-server-test").spec.containers[0].env
        if entry.name == "TIMEOUT"
    ]
    assert limit == "16200"


def test_plan_names_nodes_and_parallelism(tmp_path):
    file = tmp_path / "values.yaml"
    file.write_text(json.dumps(LARGE | {"model": LARGE["model"] | {"weightsSize": "690Gi"}}))
    (found,) = plan.plan(CHART, [file], [], lambda text: None)
    cards = found.as_json()["cards"]
    assert (found.need["nodes"], cards["NVIDIA H100"], cards["NVIDIA H200"]) == (2, 16, 8)
    text = "\n".join(plan.lines([found]))
    assert "8 × nvidia on each of 2 nodes" in text
    assert "split: tensor parallel 8, pipeline parallel 2" in text
    assert "set nodes.count 2 and gpu.count 8" in text
