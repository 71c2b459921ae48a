"""What went wrong when other charts for language models were rendered, each defect a sentence about this one.

The charts were open-webui 16, ollama-helm 1.77, vLLM's production-stack and llm-d-modelservice.
"""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest
from conftest import CHART

from chartgen.programs import helm as render

pytestmark = pytest.mark.slow

EVERYTHING = {
    "servers": "{server: {}, big: {engine: vllm, model: {name: big, delivery: none}, gpu: {vendor: nvidia, count: 2}, "
    "modelCache: {existingClaim: big}, resources: {requests: {cpu: 4, memory: 8Gi}}}}",
    "ingress": "{enabled: true, host: chat.example.com}",
    "httpRoute": "{enabled: true, parentRefs: [{name: public}], hostnames: [ai.example.com]}",
    "autoscaling": "{enabled: true, maxReplicas: 3}",
    "podDisruptionBudget": "{enabled: true}",
    "modelCache": "{accessModes: [ReadWriteMany]}",
    "replicas": "2",
}
LONG_LIVED = {"Deployment", "StatefulSet", "DaemonSet"}


@pytest.fixture(scope="module")
def objects(helm, tmp_path_factory):
    """All objects of a release: `objects(values as YAML, release)`."""

    def made(values: str = "", release: str = "llm") -> list[dict[str, Any]]:
        file = tmp_path_factory.mktemp("values") / "values.yaml"
        file.write_text(values, encoding="utf-8")
        ended = subprocess.run(
            [helm, "template", release, str(CHART), "-f", str(file)], capture_output=True, text=True, check=True
        )
        return [each.data for each in render.documents(ended.stdout) if each.data]

    return made


@pytest.fixture(scope="module")
def refusal(helm, tmp_path_factory):
    """What Helm says to values that it refuses: `refusal(values as YAML)`; a failure where it takes them."""

    def said(values: str) -> str:
        file = tmp_path_factory.mktemp("values") / "values.yaml"
        file.write_text(values, encoding="utf-8")
        command = [helm, "template", "llm", str(CHART), "-f", str(file)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ended.returncode, f"{values} is taken"
        return ended.stderr

    return said


@pytest.fixture(scope="module")
def everything(objects):
    return objects("\n".join(f"{key}: {value}" for key, value in EVERYTHING.items()))


def of(found: list[dict[str, Any]], *kinds: str) -> list[dict[str, Any]]:
    return [each for each in found if each["kind"] in kinds]


def pods(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Everything that is or becomes a pod, as metadata and spec."""
    made = [each["spec"]["template"] for each in of(found, *LONG_LIVED, "Job")]
    made += [each["spec"]["jobTemplate"]["spec"]["template"] for each in of(found, "CronJob")]
    return made + of(found, "Pod")


def environment(found: list[dict[str, Any]]) -> dict[str, str]:
    """All texts that containers have in their environment, by name."""
    return {
        entry["name"]: entry["value"]
        for pod in pods(found)
        for container in pod["spec"]["containers"]
        for entry in container.get("env", ())
        if "value" in entry
    }


@pytest.mark.parametrize("release", ["llm", "open-webui", "ollama", "server", "llm-server"])
def test_every_url_leads_to_a_service_that_is_there_whatever_the_release_is_called(objects, release):
    found = objects("", release)
    services = {each["metadata"]["name"] for each in of(found, "Service")}
    urls = [url for value in environment(found).values() for url in re.findall(r"https?://([a-z0-9-]+)[:/]", value)]
    assert urls
    assert set(urls) <= services


def test_no_test_pod_has_the_labels_that_a_service_selects(everything):
    tests = [each for each in of(everything, "Pod") if "helm.sh/hook" in each["metadata"]["annotations"]]
    assert tests
    for service in of(everything, "Service"):
        wanted = service["spec"]["selector"].items()
        assert [pod["metadata"]["name"] for pod in tests if wanted <= pod["metadata"]["labels"].items()] == []


def test_three_replicas_on_a_claim_of_one_node_are_refused(refusal):
    assert "replicas: 3 pods share one claim" in refusal("replicas: 3")


def test_three_uis_on_a_claim_of_one_node_and_a_database_in_a_file_are_refused(refusal):
    said = refusal("openWebui: {replicas: 3}")
    for key in (
        "database.existingSecret",
        "redis.url",
        "database.pgvector",
        "persistence.accessModes",
        "persistentConfig",
    ):
        assert f"openWebui.{key}" in said


@pytest.mark.parametrize("vendor", ["NVIDIA", "nvida", "Intel", "gpu"])
def test_vendor_that_nobody_knows_is_refused(refusal, vendor):
    assert "/gpu/vendor" in refusal(f"gpu: {{vendor: {vendor}}}")


def test_misspelt_request_for_gpus_is_refused(refusal):
    assert "requestGPUU" in refusal("gpu: {vendor: nvidia, requestGPUU: 1}")


@pytest.mark.parametrize(("vendor", "device"), [("nvidia", "nvidia.com/gpu"), ("amd", "amd.com/gpu")])
def test_pod_that_asks_for_a_vendors_gpu_gets_one(objects, vendor, device):
    found = of(objects(f"gpu: {{vendor: {vendor}}}"), "Deployment")
    server = next(each for each in found if each["metadata"]["name"] == "llm-server")
    container = server["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"]["limits"][device] == container["resources"]["requests"][device] == 1


def test_cards_of_amd_by_dra_are_of_amds_class(helm):
    command = [helm, "template", "llm", str(CHART), "--kube-version", "1.35.0"]
    command += ["--set", "gpu.vendor=amd", "--set", "gpu.scheme=dra"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert re.findall(r'deviceClassName: "(.+)"', said) == ["gpu.amd.com"]


def test_no_container_mounts_twice_at_one_path(everything):
    for pod in pods(everything):
        for container in pod["spec"].get("initContainers", []) + pod["spec"]["containers"]:
            paths = [mount["mountPath"] for mount in container.get("volumeMounts", ())]
            assert len(paths) == len(set(paths)), container["name"]


def test_volume_mounted_where_the_chart_mounts_its_own_is_refused(refusal):
    values = "volumes: [{name: mine, emptyDir: {}}]\nvolumeMounts: [{name: mine, mountPath: /models}]"
    assert "use another mountPath" in refusal(values)


def test_every_autoscaler_has_its_workload(everything):
    scalers = of(everything, "HorizontalPodAutoscaler")
    workloads = {(each["kind"], each["metadata"]["name"]) for each in of(everything, *LONG_LIVED)}
    targets = {(each["spec"]["scaleTargetRef"]["kind"], each["spec"]["scaleTargetRef"]["name"]) for each in scalers}
    assert targets
    assert targets <= workloads


def test_server_that_is_off_has_no_autoscaler_and_no_claim(objects):
    found = objects(
        "autoscaling: {enabled: true, maxReplicas: 3}\nmodelCache: {accessModes: [ReadWriteMany]}\n"
        "servers: {server: {enabled: false}, other: {}}"
    )
    assert not [each["metadata"]["name"] for each in found if each["metadata"]["name"].startswith("llm-server")]


def test_digest_given_as_a_tag_is_refused(refusal):
    digest = f"sha256:{'0' * 64}"
    assert "/images/ollama/tag" in refusal(f"images: {{ollama: {{tag: '{digest}'}}}}")


def test_image_by_digest_is_named_with_an_at(objects):
    digest = f"sha256:{'0' * 64}"
    server = pods(objects(f"images: {{ollama: {{digest: '{digest}'}}}}\nopenWebui: {{enabled: false}}"))[0]
    assert server["spec"]["containers"][0]["image"].endswith(f"@{digest}")


def test_no_pod_carries_the_chart_version(everything):
    for each in everything:
        template = each.get("spec", {}).get("template", {}) if each["kind"] in LONG_LIVED else {}
        labels = template.get("metadata", {}).get("labels", {})
        assert not {"helm.sh/chart", "app.kubernetes.io/version"} & labels.keys()


def test_what_is_switched_off_has_no_claim(objects):
    claims = of(objects("openWebui: {enabled: false}"), "PersistentVolumeClaim")
    assert [each["metadata"]["name"] for each in claims] == ["llm-server-models"]


def test_rollout_of_a_server_with_gpus_needs_no_second_set_of_them(everything):
    big = next(each for each in of(everything, "Deployment") if each["metadata"]["name"] == "llm-big")
    assert big["spec"]["strategy"]["rollingUpdate"]["maxSurge"] == 0


def test_no_name_is_longer_than_a_label_may_be(objects):
    values = "\n".join(f"{key}: {value}" for key, value in EVERYTHING.items())
    long = objects(values, "a-release-whose-name-has-all-of-the-fifty-three-lette")
    assert [each["metadata"]["name"] for each in long if len(each["metadata"]["name"]) > 63] == []


def test_one_changed_variable_leaves_the_others(objects):
    before = environment(objects())
    after = environment(objects("env: {OLLAMA_DEBUG: '1'}"))
    assert after == before | {"OLLAMA_DEBUG": "1"}


def test_no_image_is_latest_or_fetched_at_every_start(everything):
    containers = [each for pod in pods(everything) for each in pod["spec"]["containers"]]
    assert not [each["image"] for each in containers if re.search(r":latest$|^[^:@]+$", each["image"])]
    assert {each["imagePullPolicy"] for each in containers} == {"IfNotPresent"}


def test_all_that_runs_for_long_has_all_three_probes(everything):
    for workload in of(everything, *LONG_LIVED):
        for container in workload["spec"]["template"]["spec"]["containers"]:
            assert {"startupProbe", "readinessProbe", "livenessProbe"} <= container.keys(), container["name"]


def test_no_variable_is_given_twice(everything):
    for pod in pods(everything):
        for container in pod["spec"].get("initContainers", []) + pod["spec"]["containers"]:
            names = [each["name"] for each in container.get("env", ())]
            assert len(names) == len(set(names)), container["name"]


def test_labels_of_the_users_own_never_select(objects):
    found = objects("podLabels: {team: blue}\nopenWebui: {podLabels: {team: blue}}")
    for workload in of(found, *LONG_LIVED):
        assert "team" not in workload["spec"]["selector"]["matchLabels"]
        assert workload["spec"]["template"]["metadata"]["labels"]["team"] == "blue"


def test_no_pod_has_the_addresses_of_all_services_in_its_environment(everything):
    assert {pod["spec"]["enableServiceLinks"] for pod in pods(everything)} == {False}


@pytest.mark.parametrize("value", ["service: {type: Foo}", "gpu: {vendor: nvidia, count: -3}"])
def test_value_of_no_sense_is_refused(refusal, value):
    assert "values don't meet the specifications" in refusal(value)
