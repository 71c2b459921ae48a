"""Upgrades: a change of an immutable field is refused before the API server does, and nothing else is refused.

The cases are those of `python -m tests.e2e.upgrades`, which proves on a cluster that the API server refuses the same.
"""

from __future__ import annotations

import copy
import json
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import Any

import api_standin
import printed
import pytest
import rendering
import yaml
from conftest import CHART, ROOT

from chartgen.programs import helm as render
from chartgen.programs import tools
from chartgen.programs.helm import documents
from chartgen.programs.run import hermetic

pytestmark = pytest.mark.slow

CASES = {file.stem: yaml.safe_load(file.read_text("utf-8")) for file in sorted((ROOT / "tests/e2e/upgrades").glob("*"))}
TABLE = yaml.safe_load((CHART / "files/upgrade/immutable.yaml").read_text("utf-8"))
NAMESPACE = "default"
SIGN = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kube-root-ca.crt", "namespace": NAMESPACE}}
CLASSES = [
    {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": f"llm-e2e-{name}"},
        "allowVolumeExpansion": name == "grows",
    }
    for name in ("a", "b", "fixed", "grows")
]


@pytest.fixture
def helm_runs(tmp_path):
    """`helm template` with these values and more arguments: the manifests, or what Helm says."""

    def run(values: dict[str, Any], *more: str, label: str = "helm") -> tuple[str, str]:
        file = tmp_path / "values.json"
        file.write_text(json.dumps(values), encoding="utf-8")
        program = str(tools.ensure([label], print)[label].path)
        command = [
            program,
            "template",
            "llm",
            str(CHART),
            "-n",
            NAMESPACE,
            "-f",
            str(file),
            "--kube-version=1.37.0",
            *more,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=hermetic(tmp_path))
        return done.stdout, done.stderr

    return run


@pytest.fixture
def upgrade(helm_runs, tmp_path):
    """What Helm says to `after` where the objects of `before` exist; empty if it takes the values."""

    def said(before: dict[str, Any], after: dict[str, Any], change=None, forbidden="", label="helm") -> str:
        text, error = helm_runs(before)
        assert not error
        found = [copy.deepcopy(each.data) for each in documents(text) if each.data]
        existing = [*map(_stored, found), SIGN, *CLASSES]
        for each in existing if change else ():
            change(each)
        with api_standin.serving(existing, forbidden) as (url, _):
            refused = helm_runs(
                after, "--dry-run=server", "--disable-openapi-validation", *_connected(tmp_path, url), label=label
            )[1]
        assert printed.foreign(refused, existing, "llm", NAMESPACE) == []
        return refused

    return said


def _connected(folder: Path, url: str) -> list[str]:
    config = folder / "kubeconfig"
    context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
    cluster = {"name": "c", "cluster": {"server": url}}
    text = {"apiVersion": "v1", "kind": "Config", "clusters": [cluster], "contexts": [context], "current-context": "c"}
    config.write_text(json.dumps(text | {"users": [{"name": "u", "user": {}}]}), encoding="utf-8")
    return [f"--kubeconfig={config}"]


def _stored(each: dict[str, Any]) -> dict[str, Any]:
    """An object as the API server stores it: with a namespace, with defaults, who made it, and who set which field."""
    each["metadata"].setdefault("namespace", NAMESPACE)
    each["metadata"].setdefault("labels", {})["app.kubernetes.io/managed-by"] = "Helm"
    owner = {"meta.helm.sh/release-name": "llm", "meta.helm.sh/release-namespace": NAMESPACE}
    each["metadata"]["annotations"] = each["metadata"].get("annotations", {}) | owner
    spec = each.get("spec", {})
    # A map of fields for each map of the object, one level deep, and an empty one for what is no map.
    fields = {
        f"f:{key}": {f"f:{name}": {} for name in (found if isinstance(found, dict) else ())}
        for key, found in each.items()
    }
    each["metadata"]["managedFields"] = [{"manager": "helm", "operation": "Apply", "fieldsV1": fields}]
    if each["kind"] == "PersistentVolumeClaim":
        size = spec["resources"]["requests"]["storage"]
        each["status"] = {"phase": "Bound", "capacity": {"storage": size}}
        spec["volumeMode"] = "Filesystem"
    for template in spec.get("volumeClaimTemplates", ()):
        template |= {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "status": {"phase": "Pending"}}
        template["spec"]["volumeMode"] = "Filesystem"
    if each["kind"] == "Service" and spec.get("clusterIP") != "None":
        spec |= {"clusterIP": "10.0.0.7", "ipFamilies": ["IPv4"], "sessionAffinity": "None"}
    if each["kind"] == "Secret":
        given = each.pop("stringData", {}).items()
        each["data"] = each.get("data", {}) | {key: b64encode(text.encode()).decode() for key, text in given}
    for container in _at(each, "spec.template.spec.containers") or () if each["kind"] == "Job" else ():
        container |= {"terminationMessagePolicy": "File", "imagePullPolicy": "IfNotPresent"}
        container["env"] = [{k: v for k, v in each.items() if v != ""} for each in container.get("env", ())]
        if _at(container, "resources.requests.cpu") == "1000m":
            container["resources"]["requests"]["cpu"] = "1"
    return each


def _unbound(each: dict[str, Any]) -> None:
    if each["kind"] == "PersistentVolumeClaim":
        each["status"] = {"phase": "Pending"}


@pytest.mark.parametrize("label", ["helm", "helm3"])
@pytest.mark.parametrize("name", CASES)
def test_what_the_api_server_refuses_the_chart_refuses_with_the_way_out_and_nothing_else(upgrade, name, label):
    case = CASES[name]
    said = upgrade(case["before"], case["after"], None if case.get("bound", True) else _unbound, label=label)
    for text in case.get("says", ()):
        assert text in said
    assert bool(said) == bool(case.get("says"))
    for way in case.get("ways", ()):
        if way.get("run"):
            assert "run `kubectl -n default delete " in said


def test_every_case_that_is_refused_has_a_way_out():
    for name, case in CASES.items():
        assert case.keys() <= {"before", "after", "says", "ways", "bound"}, name
        assert bool(case.get("says")) == bool(case.get("ways")), name
        for way in case.get("ways", ()):
            assert way.keys() <= {"run", "set", "claims", "stays"}, name
            assert way.get("run") or way.get("set"), name


def test_without_a_cluster_nothing_is_compared(helm_runs):
    assert helm_runs(CASES["claim-smaller"]["after"])[1] == ""


def test_the_comparison_can_be_turned_off(upgrade):
    case = CASES["claim-smaller"]
    assert upgrade(case["before"], case["after"] | {"upgradeChecks": {"enabled": False}}) == ""


def test_the_default_class_of_the_cluster_is_not_taken_for_one_that_was_set(upgrade):
    def defaulted(each):
        if each["kind"] == "PersistentVolumeClaim":
            each["spec"]["storageClassName"] = "standard"

    assert upgrade({}, {}, defaulted) == ""
    assert upgrade({}, {"modelCache": {"storageClass": "standard"}}, defaulted) == ""
    said = upgrade({}, {"modelCache": {"storageClass": "llm-e2e-b"}}, defaulted)
    assert "llm-server-models exists with standard, which cannot change to llm-e2e-b" in said


def test_a_claim_whose_expansion_failed_can_shrink_to_more_than_its_capacity(upgrade):
    def failed(each):
        if each["metadata"]["name"] == "llm-server-models":
            each["status"]["capacity"]["storage"] = "50Gi"

    assert upgrade({}, {"modelCache": {"size": "60Gi"}}, failed) == ""
    assert "cannot shrink to 50Gi" in upgrade({}, {"modelCache": {"size": "50Gi"}}, failed)


GROUP = {
    "engine": "vllm",
    "model": {"name": "team/large", "weightsSize": "700Gi"},
    "modelCache": {"type": "volumeClaimTemplate", "size": "1Ti"},
    "gpu": {"vendor": "nvidia", "count": 8},
    "nodes": {"count": 2},
}


def test_the_claim_templates_of_a_group_cannot_change_either(upgrade):
    assert upgrade(GROUP, GROUP | {"replicas": 2}) == ""
    said = upgrade(GROUP, GROUP | {"modelCache": {"type": "volumeClaimTemplate", "size": "2Ti"}})
    assert "modelCache.size: LeaderWorkerSet/llm-server-group exists, and its claim templates" in said
    assert "delete leaderworkerset llm-server-group` and upgrade again: claims stay" in said
    said = upgrade(GROUP | {"modelCache": {"existingClaim": "models", "accessModes": ["ReadWriteMany"]}}, GROUP)
    assert (
        "\nmodelCache: LeaderWorkerSet/llm-server-group exists, and its claim templates cannot change (from 0 to 1)"
        in said
    )


@pytest.mark.parametrize("owner", ["llm", "other"])
def test_a_service_that_an_operator_created_for_the_release_is_named_with_its_owner(upgrade, owner):
    """Helm refuses to take over the Service that KubeRay created, and does not say what to delete."""
    ray = GROUP | {"modelCache": {"existingClaim": "models", "accessModes": ["ReadWriteMany"]}}
    ray |= {"nodes": {"count": 2, "workload": "RayService"}}
    reference = {"apiVersion": "ray.io/v1", "kind": "RayService", "name": "llm-server-ray", "uid": "1"}
    service = {"metadata": {"name": "llm-server", "ownerReferences": [reference]}, "spec": {"ports": [{"port": 8000}]}}

    def created(each):
        if each["kind"] == "RayService":
            each["metadata"]["annotations"]["meta.helm.sh/release-name"] = owner
        # In place of an object that the new values do not have.
        if each["kind"] == "Service" and each["metadata"]["name"] == "other":
            each |= copy.deepcopy(service)
            each["metadata"]["namespace"] = NAMESPACE

    other = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "other"}, "spec": {"ports": [{"port": 80}]}}
    said = upgrade(ray | {"extraObjects": {"other": other}}, ray | {"nodes": {"count": 2}}, created)
    way = "run `kubectl -n default delete rayservice llm-server-ray`, which also deletes the Service, and upgrade again"
    expected = f"Service/llm-server: belongs to RayService/llm-server-ray, so Helm cannot take it over; {way}"
    assert (expected in said) is (owner == "llm")
    assert "delete rayservice" not in upgrade(ray | {"extraObjects": {"other": other}}, ray, created)


def test_an_account_that_may_not_read_storage_classes_can_turn_that_off(upgrade):
    case = CASES["claim-grows"]
    said = upgrade(case["before"], case["after"], forbidden="storageclasses")
    assert "llm-stack.upgrade.fixed: set upgradeChecks.storageClasses to false if this is forbidden" in said
    quiet = case["after"] | {"upgradeChecks": {"storageClasses": False}}
    assert upgrade(case["before"], quiet, forbidden="storageclasses") == ""
    assert upgrade(case["before"], case["before"], forbidden="storageclasses") == ""


def test_a_kind_without_its_definition_is_left_to_helm(helm_runs, tmp_path, monkeypatch):
    monkeypatch.delitem(api_standin.RESOURCES, "leaderworkerset.x-k8s.io/v1")
    with api_standin.serving([SIGN]) as (url, _):
        run = ("--dry-run=server", "--disable-openapi-validation", *_connected(tmp_path, url))
        said = helm_runs(GROUP, *run)[1]
    assert 'no matches for kind "LeaderWorkerSet"' in said
    assert "lookup" not in said


OFF = {"enabled": False}


def node_ports(**ports):
    services = {name: {"service": {"type": "NodePort", "nodePort": port}} for name, port in ports.items()}
    return {"servers": services, "openWebui": OFF}


def test_a_node_port_that_another_service_has_until_the_upgrade_is_complete_is_refused(upgrade):
    before = node_ports(a=30080, b=30090)
    assert upgrade(before, before) == ""
    assert upgrade(before, node_ports(a=30081, b=30090)) == ""
    assert "Service/llm-c: node port 30080 belongs to Service/llm-a" in upgrade(before, node_ports(b=30090, c=30080))
    said = upgrade(before, node_ports(a=30090, b=30080))
    assert "Service/llm-a: node port 30090 belongs to Service/llm-b" in said
    assert "Service/llm-b" not in said.replace("Service/llm-b, which", "")
    assert "run `kubectl -n default delete service llm-b`, and upgrade again" in said


def test_a_node_port_goes_over_to_a_service_that_helm_changes_later(upgrade):
    """The order of Services is that of the servers' names. One that sets no port keeps the one that it has."""
    before = node_ports(a=30080, b=30090)
    assert upgrade(before, node_ports(a=30081, b=30080)) == ""
    assert upgrade(before, node_ports(a=30081, b=30090, c=30080)) == ""
    inside = {"servers": {"a": {}, "b": {"service": {"type": "NodePort", "nodePort": 30080}}}, "openWebui": OFF}
    assert upgrade(before, inside) == ""
    chosen = {"a": {"service": {"type": "NodePort"}}, "b": inside["servers"]["b"]}
    assert "node port 30080 belongs to Service/llm-a" in upgrade(before, inside | {"servers": chosen})
    assert "node port 30090 belongs to Service/llm-b" in upgrade(before, node_ports(a=30090, b=30091))


# Objects of the user, in which a field can have another form than theirs, which is for the API server to refuse.
CLAIM = {
    "accessModes": ["ReadWriteOnce"],
    "storageClassName": "llm-e2e-a",
    "volumeName": "v",
    "selector": {"matchLabels": {"a": "b"}},
    "dataSource": {"kind": "VolumeSnapshot", "name": "s"},
    "resources": {"requests": {"storage": "1Gi"}, "limits": {"storage": "2Gi"}},
}
POD = {
    "containers": [{"name": "a", "image": "b"}],
    "initContainers": [{"name": "i", "image": "b"}],
    "tolerations": [{"key": "a"}],
}
TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": POD}
SET = {"serviceName": "own", "selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE}
META = {"labels": {"app.kubernetes.io/component": "llm"}, "annotations": {"a": "b"}}
OWN = {
    "Service": (
        "v1",
        {"spec": {"ports": [{"port": 80}], "type": "NodePort", "clusterIP": "10.0.0.9"}},
    ),
    "PersistentVolumeClaim": ("v1", {"spec": CLAIM}),
    "StatefulSet": (
        "apps/v1",
        {"spec": SET | {"volumeClaimTemplates": [{"metadata": META | {"name": "c"}, "spec": CLAIM}]}},
    ),
    "Deployment": ("apps/v1", {"spec": {"selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE}}),
    "Job": ("batch/v1", {"spec": {"template": TEMPLATE, "completions": 1}}),
    "Pod": ("v1", {"spec": POD}),
    "RoleBinding": ("rbac.authorization.k8s.io/v1", {"roleRef": {"kind": "Role", "name": "a"}}),
    "ConfigMap": ("v1", {"data": {"a": "b"}, "binaryData": {"c": "ZA=="}, "immutable": True}),
    "Secret": ("v1", {"data": {"a": "Yg=="}, "stringData": {"c": "d"}, "immutable": True, "type": "Opaque"}),
}
FORMS = ["text", "", 3, True, None, [], {}, [1], ["text"], [[]], {"a": 1}, {"a": None}]


def _wrong(each: Any) -> list[Any]:
    """Copies of an object; in each of them one part has another form."""
    found = list(FORMS)
    for key in each if isinstance(each, dict) else range(len(each)) if isinstance(each, list) else ():
        for form in _wrong(each[key]):
            made = copy.deepcopy(each)
            made[key] = form
            found.append(made)
    return found


@pytest.mark.parametrize("kind", OWN)
def test_an_own_object_of_a_wrong_form_does_not_end_in_an_error_of_the_template(upgrade, kind):
    version, fields = OWN[kind]
    good = {"apiVersion": version, "kind": kind, "metadata": META, **fields}
    wrong = [{**good, **each} for each in _wrong(fields) if isinstance(each, dict)]

    def own(objects: list[dict[str, Any]]) -> dict[str, Any]:
        named = [{**each, "metadata": {**each["metadata"], "name": f"own-{n}"}} for n, each in enumerate(objects)]
        return {"extraObjects": {f"own{n}": each for n, each in enumerate(named)}}

    assert len(wrong) > 20
    # The API server has the good ones, and is asked for the others.
    said = upgrade(own([good] * len(wrong)), own(wrong))
    raw = any(words in said for words in ("error calling", "can't", "wrong type"))
    assert said[-800:] * raw == ""


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        (
            {"modelCache": {"keep": False}},
            {"modelCache": {"keep": False, "existingClaim": "llm-server-models"}},
            "PersistentVolumeClaim/llm-server-models",
        ),
        (
            {"openWebui": {"persistence": {"keep": False}}},
            {"openWebui": {"persistence": {"keep": False, "existingClaim": "llm-open-webui-data"}}},
            "PersistentVolumeClaim/llm-open-webui-data",
        ),
        (
            {},
            {"openWebui": {"secretKey": {"existingSecret": "llm-open-webui"}}},
            "Secret/llm-open-webui",
        ),
        (
            {"servers": {"a": {}, "b": {"model": {"name": "qwen3"}}}, "modelCache": {"keep": False}},
            {
                "servers": {
                    "a": {"enabled": False},
                    "b": {"model": {"name": "qwen3"}, "modelCache": {"existingClaim": "llm-a-models"}},
                },
                "modelCache": {"keep": False},
            },
            "PersistentVolumeClaim/llm-a-models",
        ),
    ],
    ids=["models", "chats", "secret", "another server's models"],
)
def test_an_object_of_the_release_that_the_values_name_as_existing_is_not_deleted(upgrade, before, after, lost):
    assert upgrade(before, before) == ""
    said = upgrade(before, after)
    assert f"{lost}: is an object of this release, which the upgrade would delete" in said

    def kept(each):
        if f"{each['kind']}/{each['metadata']['name']}" == lost:
            each["metadata"]["annotations"]["helm.sh/resource-policy"] = "keep"

    assert upgrade(before, after, kept) == ""


def _at(each: Any, path: str) -> Any:
    for key in path.split("."):
        each = each.get(key) if isinstance(each, dict) else None
    return each


def _fixed(each: dict[str, Any]) -> dict[str, Any]:
    """The immutable fields of an object, and the size of a claim: path -> what is there."""
    return {path: _at(each, path) for path in TABLE.get(each["kind"], ())}


def test_every_immutable_field_that_a_value_changes_is_compared_and_has_a_case(tmp_path):
    """Each value is in a case of a fragment; what a case changes in an object of the defaults shows what it touches."""
    cases = sorted((ROOT / "chartgen/fragments").glob("**/cases/*.yaml"))
    template = tmp_path / "template.yaml"
    template.write_text("modelCache: {type: volumeClaimTemplate}", encoding="utf-8")
    requests = [render.Request(CHART, files, "1.37.0") for files in ((), (template,), *((each,) for each in cases))]
    done = rendering.many(requests).values()
    known: dict[tuple[str, str], dict[str, Any]] = {}
    changed: set[tuple[str, str]] = set()
    for each in done:
        assert not each.error, each.request.values
        for item in (document.data for document in documents(each.text) if isinstance(document.data, dict)):
            if "helm.sh/hook" in item["metadata"].get("annotations", {}):
                continue  # Helm makes it anew each time
            fixed = _fixed(item)
            before = known.setdefault((item["kind"], item["metadata"]["name"]), fixed)
            changed |= {(item["kind"], path) for path in {*before, *fixed} if before.get(path) != fixed.get(path)}
    keys = ("accessModes", "storageClassName", "resources.requests.storage")
    claim = {("PersistentVolumeClaim", f"spec.{key}") for key in keys}
    group = ("LeaderWorkerSet", "spec.leaderWorkerTemplate.volumeClaimTemplates")
    assert changed == claim | {("StatefulSet", "spec.volumeClaimTemplates"), group}
    said = [text for case in CASES.values() for text in case.get("says", ())]
    for kind in {kind for kind, _ in changed - {group}}:
        assert any(f"{kind}/" in text for text in said), kind


SHARED = {"modelCache": {"accessModes": ["ReadWriteMany"]}}
ONE = SHARED | {"engine": "vllm", "model": {"name": "team/large"}, "gpu": {"vendor": "nvidia"}}
BY_PODS = ONE | {"autoscaling": {"enabled": True, "maxReplicas": 3}}
BY_KEDA = ONE | {
    "monitoring": {"enabled": True},
    "keda": {"enabled": True, "maxReplicas": 3, "prometheus": {"serverAddress": "http://prometheus:9090"}},
}


def test_scaler_of_keda_waits_until_the_other_scaler_is_gone(upgrade):
    """KEDA's webhook refuses it, and Helm deletes what a release no longer has at the very end."""
    said = upgrade(BY_PODS, BY_KEDA)
    assert "ScaledObject/llm-server: KEDA refuses it while HorizontalPodAutoscaler/llm-server scales llm-server" in said
    assert "run `kubectl -n default delete horizontalpodautoscaler llm-server`, and upgrade again" in said
    assert upgrade(BY_PODS, BY_PODS) == ""
    assert "KEDA refuses it" not in upgrade(ONE, BY_KEDA)

    def foreign(each):
        if each["kind"] == "HorizontalPodAutoscaler":
            each["metadata"]["annotations"] = {}

    assert "KEDA refuses it" not in upgrade(BY_PODS, BY_KEDA, change=foreign)
