"""A server across nodes as a RayService: what Ray and KubeRay get, and what the head pod does not have."""

from __future__ import annotations

import json
import subprocess

import pytest
import yaml
from conftest import CHART, ROOT

from chartgen.needs import plan

pytestmark = pytest.mark.slow

CASES = ROOT / "chartgen/fragments/workload/ray-service/cases"
EXAMPLE = CHART / "examples/distributed-ray.yaml"
NAME = "rayservice/llm-server-ray"
LARGE = {
    "engine": "vllm",
    "model": {"name": "team/large", "delivery": "none", "weightsSize": "100Gi"},
    "modelCache": {"existingClaim": "models", "accessModes": ["ReadWriteMany"]},
    "gpu": {"vendor": "nvidia", "count": 4},
    "nodes": {"count": 2, "workload": "RayService"},
}


def templates(service):
    """The pods of the head and of the workers."""
    cluster = service.spec.rayClusterConfig
    return cluster.headGroupSpec.template, cluster.workerGroupSpecs[0].template


def test_ray_serve_gets_the_model_and_how_it_is_split(manifests):
    config = yaml.safe_load(manifests(EXAMPLE).get(NAME).spec.serveConfigV2)
    (application,) = config["applications"]
    assert application["import_path"] == "ray.serve.llm:build_openai_app"
    (model,) = application["args"]["llm_configs"]
    loading, engine = model["model_loading_config"], model["engine_kwargs"]
    assert loading == {"model_id": "deepseek-ai/DeepSeek-R1", "model_source": "/models/DeepSeek-R1"}
    assert (engine["tensor_parallel_size"], engine["pipeline_parallel_size"]) == (8, 2)
    assert engine["distributed_executor_backend"] == "ray"


def test_settings_of_vllm_and_engine_args_reach_ray_serve(manifests, tmp_path):
    file = tmp_path / "values.yaml"
    args = {"enable_prefix_caching": True, "seed": 7}
    values = LARGE | {"vllm": {"dtype": "half", "maxNumSeqs": 16}, "replicas": 3}
    file.write_text(json.dumps(values | {"nodes": LARGE["nodes"] | {"ray": {"engineArgs": args}}}))
    service = manifests(file).get(NAME)
    (model,) = yaml.safe_load(service.spec.serveConfigV2)["applications"][0]["args"]["llm_configs"]
    engine = model["engine_kwargs"]
    assert (engine["dtype"], engine["seed"], engine["max_num_seqs"]) == ("half", 7, 16)
    assert engine["enable_prefix_caching"] is True
    assert model["deployment_config"]["autoscaling_config"] == {"min_replicas": 3, "max_replicas": 3}
    (group,) = service.spec.rayClusterConfig.workerGroupSpecs
    assert (group.replicas, group.numOfHosts, group.rayStartParams["num-gpus"]) == (3, 2, "4")


def test_the_head_has_neither_gpus_nor_models(manifests):
    head, worker = templates(manifests(EXAMPLE).get(NAME))
    (one,), (other,) = head.spec.containers, worker.spec.containers
    assert "nvidia.com/gpu" not in one.resources.limits
    assert other.resources.limits["nvidia.com/gpu"] == 8
    assert [volume.name for volume in head.spec.volumes] == ["tmp", "shm"]
    assert "models" in [volume.name for volume in worker.spec.volumes]
    for container in (one, other):
        assert "command" not in container
        assert "args" not in container


def test_the_init_container_of_the_loader_is_in_the_workers_alone(manifests):
    head, worker = templates(manifests(CASES / "two-copies.yaml").get(NAME))
    assert "initContainers" not in head.spec
    assert [container.name for container in worker.spec.initContainers] == ["bring-models"]


def test_pods_are_restricted_and_have_the_same_labels(manifests):
    head, worker = templates(manifests(EXAMPLE).get(NAME))
    assert head.metadata.labels == worker.metadata.labels
    for pod in (head.spec, worker.spec):
        assert pod.securityContext.runAsNonRoot is True
        assert pod.restartPolicy == "Never"
        for container in pod.containers:
            assert container.securityContext.readOnlyRootFilesystem is True


def test_kuberay_makes_the_service_and_the_chart_does_not(manifests):
    render = manifests(CASES / "two-copies.yaml")
    service = render.get(NAME).spec.serveService
    assert (service.metadata.name, service.metadata.annotations["team"]) == ("llm-server", "a")
    assert (service.spec.type, service.spec.ports[0].port) == ("LoadBalancer", 8000)
    with pytest.raises(KeyError):
        render.get("service/llm-server")


def test_only_the_operator_reaches_the_dashboard(manifests):
    policy = manifests(EXAMPLE).get("networkpolicy/llm-server-network")
    rules = [rule for rule in policy.spec.ingress if 8265 in [port.port for port in rule.get("ports", [])]]
    (rule,) = rules
    (peer,) = rule["from"]
    assert peer.namespaceSelector.matchLabels["kubernetes.io/metadata.name"] == "kuberay-system"


def test_no_secret_is_in_what_ray_gets(manifests):
    service = manifests(EXAMPLE).get(NAME)
    assert "api_key" not in service.spec.serveConfigV2
    for template in templates(service):
        assert "VLLM_API_KEY" not in [each.name for each in template.spec.containers[0].env]


def test_plan_reads_it_as_any_server_across_nodes():
    (found,) = plan.plan(CHART, [EXAMPLE], [], lambda text: None)
    text = "\n".join(plan.lines([found]))
    assert "8 × nvidia on each of 2 nodes" in text
    assert "split: tensor parallel 8, pipeline parallel 2" in text


@pytest.mark.parametrize(
    ("strategy", "said"),
    [
        ("NewCluster", "if the pods change, KubeRay first starts a second cluster, with 16 more GPUs"),
        ("None", "if the pods change, the new ones start when you delete the RayCluster"),
    ],
)
def test_notes_say_what_an_upgrade_needs(helm, strategy, said):
    sets = f"nodes.ray.upgradeStrategy={strategy}"
    args = ["install", "llm", CHART, "--dry-run=client", "--values", EXAMPLE, "--set", sets]
    done = subprocess.run([helm, *map(str, args)], capture_output=True, text=True, check=True)
    assert f"    upgrade              {said}\n" in done.stdout.partition("NOTES:\n")[2]


@pytest.mark.parametrize("env", [{}, {"RAY_SERVE_LLM_ENABLE_DIRECT_STREAMING": "1"}])
def test_running_requests_have_the_time_of_a_server_to_finish(manifests, tmp_path, env):
    file = tmp_path / "values.yaml"
    file.write_text(json.dumps(LARGE | {"terminationGracePeriodSeconds": 600, "env": env}))
    service = manifests(file).get(NAME)
    assert service.spec.rayClusterDeletionDelaySeconds == 600
    args = yaml.safe_load(service.spec.serveConfigV2)["applications"][0]["args"]
    assert args["llm_configs"][0]["deployment_config"]["graceful_shutdown_timeout_s"] == 600
    # Ray Serve refuses options of its ingress with direct streaming.
    assert args.get("ingress_deployment_config") == (None if env else {"graceful_shutdown_timeout_s": 600})
    for template in templates(service):
        (timeout,) = [each.value for each in template.spec.containers[0].env if "ROUTER_HTTP_TIMEOUT" in each.name]
        assert timeout == "3600"
