"""Scaling to zero pods: what keeps a server asleep does not wake it, and what measures its pods cannot."""

from __future__ import annotations

import pytest
import yaml
from conftest import CHART, ROOT

from chartgen.programs import helm, tools

CASES = ROOT / "chartgen/fragments/scale/keda/cases"
GATEWAY = 'sum(rate(envoy_cluster_upstream_rq_total{envoy_cluster_name=~"llm/.*"}[2m]))'
OWN = "sum(vllm:num_requests_waiting)"


def render(file):
    return helm.render(
        [helm.Request(CHART, (file,), kube_version="1.37.0")], tools.ensure(["helm"], print)["helm"].path
    )[0]


def scaled(file) -> dict:
    made = render(file)
    assert not made.error
    (found,) = (each.data for each in helm.documents(made.text) if each.data and each.data["kind"] == "ScaledObject")
    return found["spec"]


def written(folder, **values):
    base = {"engine": "vllm", "model": {"name": "team/tiny"}, "modelCache": {"accessModes": ["ReadWriteMany"]}}
    file = folder / "values.yaml"
    file.write_text(yaml.safe_dump(base | values), encoding="utf-8")
    return file


def test_each_query_names_the_namespace_and_the_credentials_that_a_shared_prometheus_requires():
    """The trigger's `namespace` becomes a parameter of the request (pkg/scalers/prometheus_scaler.go of KEDA 2.21)."""
    for trigger in scaled(CASES / "openshift.yaml")["triggers"]:
        assert trigger["authenticationRef"] == {"name": "thanos", "kind": "ClusterTriggerAuthentication"}
        wanted = {"namespace": "default", "authModes": "bearer", "timeout": "5000"}
        assert wanted.items() <= trigger["metadata"].items()
    assert all("namespace" not in trigger["metadata"] for trigger in scaled(CASES / "vllm.yaml")["triggers"])


@pytest.mark.slow
@pytest.mark.parametrize("case", sorted(CASES.glob("*.yaml")), ids=lambda path: path.stem)
def test_no_error_of_a_query_starts_a_pod_and_keda_takes_the_fallback(case):
    """An error counts as activity if there is a fallback (pkg/scaling/scale_handler.go of KEDA 2.21), and KEDA refuses
    a fallback if all triggers are of type cpu or memory (CheckFallbackValid)."""
    spec = scaled(case)
    own = [each for each in spec["triggers"] if each.get("name") in ("requests", "cache")]
    others = {each["type"] for each in spec["triggers"]} - {"cpu", "memory"}
    assert ("fallback" in spec) == bool(spec["minReplicaCount"] and others)
    for trigger in own:
        assert trigger["metadata"]["ignoreNullValues"] == ("false" if spec["minReplicaCount"] else "true")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "wakes"),
    [
        (GATEWAY, True),
        (OWN, False),
        (f"{OWN} + {GATEWAY}", True),
        (f"{OWN} or vector(0)", False),
        ('sum by (model_name) (increase(vllm:request_success_total{namespace="llm"}[5m])) > bool 0', False),
        ('max(avg_over_time({__name__="vllm:num_requests_running", pod=~"llm.*"}[1m]))', False),
        ('sum({__name__=~"istio_requests_total", destination_service_name="llm-server"})', True),
        ("sum(vllm:num_requests_running) without (pod) unless on(pod) vllm:kv_cache_usage_perc", False),
        ("job:llm_requests:rate5m", True),
        ('sum(own_waiting{llm_server="server", namespace="llm"}) + sum(other{llm_server=~"^server$"})', False),
        ('sum(own_waiting{llm_server="server"}) + sum(gateway_waiting)', True),
        ('sum(own_waiting{llm_server="other"})', True),
        ('sum(inference_pool_average_queue_size{name="llm-pool"})', False),
        ('sum(rate(inference_objective_request_total{model_name="team/tiny"}[1m]))', True),
    ],
)
def test_only_queries_of_what_is_there_without_a_pod_scale_to_zero(tmp_path, query, wakes):
    metadata = {"serverAddress": "http://p:9090", "query": query, "threshold": "1"}
    keda = {"minReplicas": 0, "triggers": [{"type": "prometheus", "metadata": metadata}]}
    made = render(written(tmp_path, keda={"enabled": True, "requestsPerPod": 0, "cachePercent": 0} | keda))
    assert bool(made.error) != wakes, made.error
    assert wakes or "no pod would start again" in made.error


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "wakes"),
    [
        ("vllm_num_requests_waiting", False),
        ("vllm:num_requests_running", False),
        ("inference_pool_average_queue_size", False),
        ("gateway_requests", True),
    ],
)
def test_only_metrics_of_what_is_there_without_a_pod_scale_to_zero(tmp_path, name, wakes):
    metric = {"metric": {"name": name}, "target": {"type": "AverageValue", "averageValue": "4"}}
    scaling = {
        "minReplicas": 0,
        "targetCPUUtilizationPercentage": 0,
        "metrics": [{"type": "External", "external": metric}],
    }
    made = render(written(tmp_path, autoscaling={"enabled": True} | scaling))
    assert bool(made.error) != wakes, made.error
    assert wakes or "no pod would start again" in made.error
