"""Who brings models, when and where: every source by every delivery, and what their examples have to render."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import CHART, ROOT

from chartgen.programs import helm as render
from chartgen.proofs.validate import validate
from chartgen.reading.unprinted import opened

pytestmark = pytest.mark.slow

SCHEMA = opened(json.loads((CHART / "values.schema.json").read_text(encoding="utf-8")))["properties"]
SOURCES = [each for each in SCHEMA["model"]["properties"]["source"]["enum"] if each]
DELIVERIES = SCHEMA["model"]["properties"]["delivery"]["enum"]
CACHES = SCHEMA["modelCache"]["properties"]["type"]["enum"]
EXAMPLES = CHART / "examples"
CASES = ROOT / "chartgen/fragments"
SENTENCE = re.compile(r"^(servers\.\w+: )?[a-zA-Z.]+: .+; .+$")
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")
IMAGE = {"repository": "registry.example.com/team/server", "tag": "1"}

# What a source needs to be told beside its name; one without an engine of its own is read by any server.
ASKED = {
    "ollama": {"model": {"name": "llama3", "tag": "8b"}},
    "modelkit": {"model": {"name": "bert", "tag": "v1"}, "modelkit": {"registry": "registry.example.com"}},
    "huggingface": {"model": {"name": "team/bert"}},
    "s3": {"model": {"name": "models/bert"}},
}
# Where a delivery brings them.
PLACES = {
    "job": {"accessModes": ["ReadWriteMany"]},
    "cronjob": {"accessModes": ["ReadWriteMany"]},
    "daemonset": {"type": "hostPath", "hostPath": "/var/lib/models"},
    "none": {"existingClaim": "models"},
}
CACHE = {
    "hostPath": {"hostPath": "/var/lib/models"},
    "image": {"image": {"repository": "registry.example.com/models/bert", "tag": "1"}},
    "persistentVolumeClaim": {"accessModes": ["ReadWriteMany"]},
}
SUPPORTED = {
    "persistentVolumeClaim": {"init", "job", "sidecar", "cronjob"},
    "volumeClaimTemplate": {"init", "sidecar", "none"},
    "ephemeral": {"init", "sidecar"},
    "emptyDir": {"init", "sidecar"},
    "hostPath": {"init", "sidecar", "daemonset", "none"},
    "image": {"none"},
}


@pytest.fixture
def template(helm, tmp_path):
    """All objects of a release, or what Helm says to values that it refuses."""

    def made(values: dict[str, Any] | Path, *more: str, release: str = "llm") -> list[dict[str, Any]] | str:
        file = values
        if isinstance(values, dict):
            file = tmp_path / "values.yaml"
            file.write_text(json.dumps(values), encoding="utf-8")
        command = [helm, "template", release, str(CHART), "-f", str(file), *more]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        return ended.stderr if ended.returncode else [each.data for each in render.documents(ended.stdout) if each.data]

    return made


def of(objects: list[dict[str, Any]], kind: str, name: str = "") -> dict[str, Any]:
    found = [each for each in objects if each["kind"] == kind and each["metadata"]["name"].startswith(name or "llm")]
    assert len(found) == 1, f"{len(found)} objects {kind} {name}"
    return found[0]


def pod(workload: dict[str, Any]) -> dict[str, Any]:
    spec = workload["spec"]
    return spec.get("jobTemplate", workload)["spec"]["template"]["spec"]


def named(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in items}


def env(container: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each.get("value") for each in container["env"]}


def models(objects: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The list that the loader is given: folder -> reference, filters."""
    rows = of(objects, "ConfigMap", "llm-server-files")["data"]["models.tsv"].splitlines()
    return {folder: rest for folder, *rest in (row.split("\t") for row in rows)}


# --- every source by every delivery ---------------------------------------------------------------------------------


def test_every_source_and_every_delivery_is_tried() -> None:
    assert set(SOURCES) == set(ASKED)
    assert set(PLACES) < set(DELIVERIES)
    assert set(SUPPORTED) == set(CACHES)


@pytest.mark.parametrize(("source", "delivery"), list(itertools.product(SOURCES, DELIVERIES)))
def test_every_source_is_brought_by_every_delivery(source: str, delivery: str, tmp_path: Path) -> None:
    values: dict[str, Any] = {"engine": "custom", "image": IMAGE, **ASKED[source]}
    if source == "ollama":
        values |= {"engine": "ollama", "image": {}}
    values["model"] = values["model"] | {"source": source, "delivery": delivery}
    values["modelCache"] = PLACES.get(delivery, {})
    file = tmp_path / "values.yaml"
    needs = "# pod-security: privileged\n# needs: PersistentVolumeClaim/models\n# kubernetes: =1.36\n"
    file.write_text(needs + yaml.safe_dump(values), encoding="utf-8")
    report = validate(CHART, [file], None, lambda text: None)
    assert [str(problem) for problem in report.problems] == []


@pytest.mark.parametrize(("cache", "delivery"), list(itertools.product(CACHES, DELIVERIES)))
def test_what_a_delivery_cannot_fill_is_refused_with_a_sentence(template, cache: str, delivery: str) -> None:
    place = {"type": cache, **CACHE.get(cache, {})}
    made = template({"model": {"delivery": delivery}, "modelCache": place}, "--kube-version", "1.36")
    if delivery in SUPPORTED[cache]:
        assert isinstance(made, list), made
    else:
        assert isinstance(made, str)
        lines = [line for line in made.splitlines() if line and not line.startswith(("Error", "Use --debug"))]
        assert lines
        assert all(SENTENCE.match(line) for line in lines), lines


@pytest.mark.parametrize("delivery", ["job", "cronjob", "daemonset"])
def test_a_loaders_setting_restarts_no_server(template, delivery: str) -> None:
    values = {"model": {"delivery": delivery}, "modelCache": PLACES[delivery]}
    before = template(values)
    after = template(values | {"loader": {"retries": 9, "interval": 60, "prune": True, "parallel": 7}})
    assert of(before, "Deployment", "llm-server") == of(after, "Deployment", "llm-server")
    if delivery != "daemonset":
        assert of(before, "Job")["metadata"]["name"] != of(after, "Job")["metadata"]["name"]


@pytest.mark.parametrize("delivery", ["job", "cronjob", "daemonset"])
def test_other_models_make_other_pods_of_both(template, delivery: str) -> None:
    values = {"model": {"delivery": delivery}, "modelCache": PLACES[delivery]}
    before, after = (template(values | {"models": {"llama3": {"tag": tag}}}) for tag in ("8b", "70b"))
    changed = {each["kind"] for each in after if each not in before and each["kind"] in WORKLOADS}
    assert changed >= {"Deployment", {"job": "Job", "cronjob": "CronJob", "daemonset": "DaemonSet"}[delivery]}


def test_a_checksum_of_the_values_does_not_take_the_place_of_the_charts_own(template) -> None:
    given = {"checksum/models": "same", "checksum/mine": "given"}
    values = {"model": {"delivery": "job"}, "modelCache": PLACES["job"]}
    values |= {"openWebui": {"enabled": False}, "podAnnotations": given, "loader": {"podAnnotations": given}}
    before, after = (template(values | {"models": {"llama3": {"tag": tag}}}) for tag in ("8b", "70b"))
    for kind, name in (("Deployment", "llm-server"), ("Job", "llm-server-models")):
        texts = [of(each, kind, name)["spec"]["template"]["metadata"]["annotations"] for each in (before, after)]
        assert [each["checksum/mine"] for each in texts] == ["given", "given"]
        assert len({each["checksum/models"] for each in texts} - {"same"}) == 2


def test_a_cron_job_has_room_for_what_kubernetes_adds_to_its_name(template) -> None:
    values = {"model": {"delivery": "cronjob"}, "modelCache": PLACES["cronjob"]}
    names = [of(template(values, release="a" * 52 + end), "CronJob", "a")["metadata"]["name"] for end in "ab"]
    assert max(map(len, names)) <= 52
    assert len(set(names)) == 2
    assert all(name.endswith("-server-loader") for name in names)


def test_the_scratch_of_a_loaders_pod_has_a_limit(template) -> None:
    values = {"engine": "ollama", "model": {"name": "llama3", "tag": "8b", "delivery": "job"}}
    objects = template(values | {"modelCache": {"accessModes": ["ReadWriteMany"]}})
    (job,) = [each for each in objects if each["kind"] == "Job"]
    assert {"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}} in job["spec"]["template"]["spec"]["volumes"]


def test_a_loader_of_the_nodes_runs_wherever_its_server_can(template) -> None:
    objects = template(CASES / "delivery/daemonset/cases/every-node.yaml")
    server, loader = pod(of(objects, "Deployment", "llm-server")), pod(of(objects, "DaemonSet"))
    for key in ("nodeSelector", "tolerations", "priorityClassName", "affinity"):
        assert loader[key] == server[key], key
    assert "resources" in loader["containers"][0]
    assert "nvidia.com/gpu" not in str(loader["containers"][0]["resources"])
    assert of(objects, "DaemonSet")["spec"]["updateStrategy"]["rollingUpdate"] == {"maxUnavailable": 2}


# --- the examples ---------------------------------------------------------------------------------------------------


REGISTRY = "ml-registry-xxxx.tencentcloudcr.com/ml-models"


def test_sidecar_example_starts_its_server_once_the_model_is_there(template) -> None:
    objects = template(EXAMPLES / "modelkit-sidecar.yaml")
    server = pod(of(objects, "Deployment", "llm-server"))
    sidecar = named(server["initContainers"])["keep-models"]
    assert sidecar["restartPolicy"] == "Always"
    assert sidecar["resources"] == {
        "requests": {"cpu": "100m", "memory": "256Mi"},
        "limits": {"cpu": "200m", "memory": "512Mi"},
    }
    assert (env(sidecar)["MODE"], env(sidecar)["INTERVAL"]) == ("watch", "300")
    assert sidecar["startupProbe"]["exec"]["command"] == ["sh", "/opt/files/wait.sh", "now"]
    assert models(objects) == {"bert-sentiment": [f"{REGISTRY}/bert-sentiment:latest", "model"]}
    credentials = named(server["volumes"])["modelkit-credentials"]["secret"]["secretName"]
    assert credentials == "tcr-credentials"


def test_sidecar_example_tells_its_server_of_a_change(template) -> None:
    objects = template(EXAMPLES / "modelkit-sidecar.yaml")
    server = pod(of(objects, "Deployment", "llm-server"))
    assert [each["name"] for each in server["initContainers"]] == ["keep-models", "reload"]
    reload = named(server["initContainers"])["reload"]
    assert (env(reload)["WAY"], env(reload)["SERVER"]) == ("http", "http://127.0.0.1:8080")
    assert of(objects, "ConfigMap", "llm-server-files")["data"]["reload.tsv"] == "-\tPOST\t/reload\t\n"
    assert not [each for each in objects if each["kind"] in ("Role", "RoleBinding")]
    mounts = {each["name"]: each for each in server["containers"][0]["volumeMounts"]}
    assert (mounts["models"]["mountPath"], mounts["models"]["readOnly"]) == ("/app/models", True)


def test_sync_example_looks_every_six_hours_and_brings_at_the_install(template) -> None:
    objects = template(EXAMPLES / "modelkit-sync.yaml")
    cron, job = of(objects, "CronJob"), of(objects, "Job")
    spec = cron["spec"]
    assert (spec["schedule"], spec["concurrencyPolicy"], spec["suspend"]) == ("0 */6 * * *", "Forbid", False)
    assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (3, 3)
    assert pod(cron)["restartPolicy"] == pod(job)["restartPolicy"] == "OnFailure"
    assert env(pod(cron)["containers"][0])["MODE"] == "refresh"
    assert env(pod(job)["containers"][0])["MODE"] == "once"
    versions = {"bert-sentiment": "v1.2.0", "image-classifier": "v2.0.0", "text-generator": "v1.0.0"}
    assert models(objects) == {name: [f"{REGISTRY}/{name}:{tag}", ""] for name, tag in versions.items()}


def test_sync_example_has_ten_readers_of_one_claim(template) -> None:
    objects = template(EXAMPLES / "modelkit-sync.yaml")
    server, claim = of(objects, "Deployment", "llm-server"), of(objects, "PersistentVolumeClaim")["spec"]
    assert server["spec"]["replicas"] == 10
    assert (claim["accessModes"], claim["storageClassName"]) == (["ReadWriteMany"], "cfs")
    assert claim["resources"]["requests"]["storage"] == "100Gi"
    volumes = [named(pod(each)["volumes"])["models"] for each in (server, of(objects, "CronJob"), of(objects, "Job"))]
    assert {each["persistentVolumeClaim"]["claimName"] for each in volumes} == {"llm-server-models"}
    (wait,) = pod(server)["initContainers"]
    assert wait["command"] == ["sh", "/opt/files/wait.sh"]
    assert {each["name"]: each.get("readOnly") for each in wait["volumeMounts"]}["models"] is True


def test_node_cache_example_keeps_two_models_in_a_folder_of_every_node(template) -> None:
    objects = template(EXAMPLES / "modelkit-node-cache.yaml")
    loader, server = pod(of(objects, "DaemonSet")), pod(of(objects, "Deployment", "llm-server"))
    folder = {"path": "/var/lib/kitops", "type": "DirectoryOrCreate"}
    assert named(loader["volumes"])["models"]["hostPath"] == named(server["volumes"])["models"]["hostPath"] == folder
    assert env(loader["containers"][0])["MODE"] == "watch"
    versions = {"bert-sentiment": "v1.2.0", "image-classifier": "v2.0.0"}
    assert models(objects) == {name: [f"{REGISTRY}/{name}:{tag}", ""] for name, tag in versions.items()}
    (wait,) = server["initContainers"]
    for container in (wait, *server["containers"]):
        assert {each["name"]: each.get("readOnly") for each in container["volumeMounts"]}["models"] is True


def test_node_cache_example_has_one_step_as_root_and_nothing_else(template) -> None:
    objects = template(EXAMPLES / "modelkit-node-cache.yaml")
    loader, server = pod(of(objects, "DaemonSet")), pod(of(objects, "Deployment", "llm-server"))
    (step,) = loader["initContainers"]
    assert step["command"] == ["sh", "/opt/files/own.sh"]
    assert env(step)["OWNER"] == "1000:1000"
    assert step["securityContext"]["runAsUser"] == 0
    assert step["securityContext"]["capabilities"] == {"drop": ["ALL"], "add": ["CHOWN", "FOWNER", "DAC_OVERRIDE"]}
    assert step["securityContext"]["allowPrivilegeEscalation"] is False
    for container in (*loader["containers"], *server["initContainers"], *server["containers"]):
        assert "runAsUser" not in container["securityContext"]
    assert loader["securityContext"]["runAsUser"] == server["securityContext"]["runAsUser"] == 1000


# --- who may change a server ----------------------------------------------------------------------------------------


def test_only_the_container_that_asks_for_new_pods_has_a_token(template) -> None:
    objects = template(CASES / "reload/cases/rollout.yaml")
    tokens = [
        (each["metadata"]["name"], container["name"])
        for each in objects
        if each["kind"] in WORKLOADS
        for container in pod(each)["containers"] + pod(each).get("initContainers", [])
        for mount in container.get("volumeMounts", [])
        if "projected" in named(pod(each)["volumes"])[mount["name"]]
    ]
    assert tokens == [("llm-server", "reload")]
    assert all(pod(each)["automountServiceAccountToken"] is False for each in objects if each["kind"] in WORKLOADS)
    reload = named(pod(of(objects, "Deployment", "llm-server"))["initContainers"])["reload"]
    own = [each["name"] for each in reload["volumeMounts"]]
    others = {each["name"] for each in pod(of(objects, "Deployment", "llm-server"))["containers"][0]["volumeMounts"]}
    assert set(own) - others == {"reload", "access"}  # what it writes down nobody else reads


@pytest.mark.parametrize(("case", "kind"), [("rollout", "Deployment"), ("own-claims", "StatefulSet")])
def test_the_account_may_change_that_one_workload_and_do_nothing_else(template, case: str, kind: str) -> None:
    objects = template(CASES / f"reload/cases/{case}.yaml")
    (rule,) = of(objects, "Role")["rules"]
    what = {"resources": [f"{kind.lower()}s"], "resourceNames": ["llm-server"]}
    assert rule == {"apiGroups": ["apps"], **what, "verbs": ["patch"]}
    binding = of(objects, "RoleBinding")
    assert binding["roleRef"]["name"] == of(objects, "Role")["metadata"]["name"]
    account = pod(of(objects, kind, "llm-server"))["serviceAccountName"]
    assert [each["name"] for each in binding["subjects"]] == [account]


def test_the_chart_does_not_have_the_annotation_that_new_pods_are_asked_for_with(template) -> None:
    """So that an upgrade, which removes only what the release before had, leaves it alone, and restarts nothing."""
    objects = template(CASES / "reload/cases/rollout.yaml")
    made = [each["spec"]["template"]["metadata"] for each in objects if each["kind"] in WORKLOADS]
    assert made
    assert "reload/models" not in str(made)


def test_who_asks_for_new_pods_knows_the_annotation_that_its_own_was_made_with(template) -> None:
    reload = named(pod(of(template(CASES / "reload/cases/own-claims.yaml"), "StatefulSet"))["initContainers"])["reload"]
    (source,) = [each["valueFrom"] for each in reload["env"] if each["name"] == "MADE_FOR"]
    assert source == {"fieldRef": {"fieldPath": "metadata.annotations['reload/models']"}}
