"""An InferencePool: which pods are in it, and what its picker reads and may read."""

from __future__ import annotations

import pytest
import yaml
from conftest import ROOT

pytestmark = pytest.mark.slow

CASES = ROOT / "chartgen/fragments/route/inference-pool/cases"


@pytest.fixture
def two(manifests):
    return manifests(CASES / "two-servers.yaml")


def labels(render, name):
    return render.get(f"deployment/{name}").spec.template.metadata.labels.to_dict()


def test_the_pool_selects_the_pods_of_its_servers_alone(two):
    pool = two.get("inferencepool/llm-pool").spec
    selector = pool.selector.matchLabels.to_dict()
    for name, inside in {"llm-server": True, "llm-amd": True, "llm-other": False, "llm-picker": False}.items():
        assert (selector.items() <= labels(two, name).items()) is inside, name
    assert [port.number for port in pool.targetPorts] == [8000]


def test_selectors_of_workloads_do_not_change_with_the_pool(two):
    selector = two.get("deployment/llm-server").spec.selector.matchLabels.to_dict()
    assert "inference-pool" not in selector


def test_the_picker_reads_the_metrics_that_the_engine_exports(two):
    config = yaml.safe_load(two.get("configmap/llm-picker").data["picker.yaml"])
    (extractor,) = [each for each in config["plugins"] if each["type"] == "core-metrics-extractor"]
    (engine,) = extractor["parameters"]["engineConfigs"]
    assert engine == {
        "name": labels(two, "llm-amd")["llm-d.ai/engine-type"],
        "queuedRequestsSpec": "vllm:num_requests_waiting",
        "runningRequestsSpec": "vllm:num_requests_running",
        "kvUsageSpec": "vllm:kv_cache_usage_perc",
    }
    named = {each["type"] for each in config["plugins"]}
    assert {each["pluginRef"] for each in config["schedulingProfiles"][0]["plugins"]} <= named


def test_the_route_leads_to_the_pool_and_the_pool_to_the_picker(two):
    (backend,) = two.get("httproute/llm-pool").spec.rules[0].backendRefs
    assert (backend.group, backend.kind, backend.name) == ("inference.networking.k8s.io", "InferencePool", "llm-pool")
    picker = two.get("inferencepool/llm-pool").spec.endpointPickerRef
    ports = {port.port: port for port in two.get(f"service/{picker.name}").spec.ports}
    assert ports[picker.port.number].appProtocol == "kubernetes.io/h2c"
    assert picker.failureMode == "FailClose"


def test_the_picker_may_only_read_and_only_it_has_a_token(two):
    for rule in two.get("role/llm-picker").rules:
        assert set(rule.verbs) == {"get", "list", "watch"}
    for name, has in {"llm-picker": True, "llm-server": False}.items():
        volumes = two.get(f"deployment/{name}").spec.template.spec.volumes
        assert bool([volume for volume in volumes if volume.get("projected")]) is has


def test_group_of_nodes_has_its_first_pod_in_the_pool(manifests, tmp_path):
    file = tmp_path / "values.yaml"
    file.write_text(
        """
engine: vllm
model: {name: team/large, delivery: none}
modelCache: {existingClaim: models, accessModes: [ReadWriteMany]}
gpu: {vendor: nvidia, count: 8}
nodes: {count: 2}
inferencePool: {enabled: true, httpRoute: {parentRefs: [{name: inference}]}}
"""
    )
    template = manifests(file).get("leaderworkerset/llm-server-group").spec.leaderWorkerTemplate
    assert template.leaderTemplate.metadata.labels["inference-pool"] == "true"
    assert "inference-pool" not in template.workerTemplate.metadata.labels
