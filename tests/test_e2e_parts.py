"""The parts of `make e2e` that need no cluster."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer

import pytest
from conftest import CHART

from chartgen.chart.header import Header
from chartgen.chart.valuesfile import Example
from chartgen.problem import Faults, ToolError
from chartgen.programs.helm import documents
from chartgen.proofs import manifests
from tests.e2e import cluster, examples, fixtures, helm, kinds, nodes, report, session, state, steps, trouble, volumes
from tests.e2e import trial as trials
from tests.e2e.trial import Broken, Place, Trial

SERVER = {"app.kubernetes.io/component": "server"}


def thing(kind: str, name: str, uid: str = "", **more) -> dict:
    metadata = {"name": name, "uid": uid or f"{kind}-{name}", **more.pop("metadata", {})}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **more}


def states(*items: dict) -> state.State:
    return {(item["kind"], item["metadata"]["name"]): item for item in items}


def owned(kind: str, name: str) -> dict:
    return {"ownerReferences": [{"kind": kind, "name": name}]}


def deployment(name: str = "llm-server", image: str = "a", **status) -> dict:
    return thing(
        "Deployment",
        name,
        metadata={"labels": SERVER, "generation": 2},
        spec={"replicas": 1, "template": {"image": image}},
        status=status,
    )


def with_pod(uid: str, restarts: int = 0, image: str = "a") -> state.State:
    status = {"containerStatuses": [{"restartCount": restarts}]}
    return states(
        deployment(image=image),
        thing("ReplicaSet", "llm-server-1", metadata=owned("Deployment", "llm-server")),
        thing("Pod", f"llm-server-1-{uid}", uid, metadata=owned("ReplicaSet", "llm-server-1"), status=status),
    )


def told(before: state.State, after: state.State) -> list[str]:
    return list(map(str, state.differences(before, after)))


def rendered(text: str, *needs: str) -> manifests.Render:
    return manifests.render_of(documents(text), frozenset(needs), "default")


# What became of a namespace


def test_the_same_state_has_no_differences():
    assert told(with_pod("p"), with_pod("p")) == []


def test_what_is_new_gone_or_another_is_told():
    before = states(thing("Service", "a"), thing("Service", "b"))
    after = states(thing("Service", "b", "other"), thing("Service", "c"))
    assert told(before, after) == [
        "Service/a: gone",
        "Service/b: replaced: another object of this name stands in its place",
        "Service/c: new",
    ]


def test_a_changed_template_is_told_with_the_place_that_changed():
    (difference,) = state.differences(with_pod("p"), with_pod("p", image="b"))
    assert str(difference) == "Deployment/llm-server: changed: spec.template.image was a, is b"
    assert difference.component == "server"


def test_a_pod_that_was_replaced_or_began_again_is_its_workload_s_restart():
    assert told(with_pod("p"), with_pod("q")) == [
        "Deployment/llm-server: restarted: pod llm-server-1-p was replaced",
    ]
    assert told(with_pod("p"), with_pod("p", restarts=1)) == [
        "Deployment/llm-server: restarted: a container of pod llm-server-1-p began again",
    ]


def test_one_pod_more_is_no_restart():
    more = with_pod("p") | states(thing("Pod", "x", metadata=owned("ReplicaSet", "llm-server-1")))
    assert told(with_pod("p"), more) == []


def test_pods_of_a_cron_job_come_and_go():
    before = states(
        thing("CronJob", "sync"),
        thing("Job", "sync-1", metadata=owned("CronJob", "sync")),
        thing("Pod", "sync-1-x", metadata=owned("Job", "sync-1")),
    )
    assert told(before, states(thing("CronJob", "sync"))) == []


def test_a_secret_s_change_is_told_without_its_content():
    before = states(thing("Secret", "key", data={"key": "b2xk"}))
    after = states(thing("Secret", "key", data={"key": "bmV3"}))
    assert told(before, after) == ["Secret/key: changed: data.key"]


def test_helm_s_memory_and_tests_are_no_part_of_the_release():
    after = states(
        thing("Secret", "sh.helm.release.v1.llm.v2", type="helm.sh/release.v1"),
        thing("Pod", "llm-server-test", metadata={"annotations": {"helm.sh/hook": "test"}}),
    )
    assert told({}, after) == []


@pytest.mark.parametrize(
    ("before", "after", "scaled", "said"),
    [
        (1, 3, True, []),
        (3, 1, True, ["Deployment/llm-server: changed: spec.replicas fell, though an autoscaler has them"]),
        (1, 3, False, ["Deployment/llm-server: changed: spec.replicas was 1, is 3"]),
    ],
)
def test_replicas_are_the_autoscaler_s_where_there_is_one(before, after, scaled, said):
    scaler = thing(
        "HorizontalPodAutoscaler", "x", spec={"scaleTargetRef": {"kind": "Deployment", "name": "llm-server"}}
    )
    both = [
        states(deployment() | {"spec": {"replicas": count}}, *([scaler] if scaled else [])) for count in (before, after)
    ]
    assert told(*both) == said


@pytest.mark.parametrize("scaled", [True, False])
def test_a_claim_of_one_pod_more_is_the_autoscaler_s_too(scaled):
    claim = thing("PersistentVolumeClaim", "models-llm-big-1")
    target = {"kind": "StatefulSet", "name": "llm-big"}
    scaler = [thing("HorizontalPodAutoscaler", "x", spec={"scaleTargetRef": target})] if scaled else []
    before = states(stateful("llm-big"), *scaler)
    after = states(stateful("llm-big"), claim, *scaler)
    assert told(before, after) == ([] if scaled else ["PersistentVolumeClaim/models-llm-big-1: new"])


def test_what_says_so_is_kept_and_what_a_stateful_set_claimed():
    keep = {"annotations": {"helm.sh/resource-policy": "keep"}}
    there = states(
        thing("PersistentVolumeClaim", "llm-server-models", metadata=keep),
        thing("PersistentVolumeClaim", "models-llm-big-0"),
        thing("PersistentVolumeClaim", "other"),
        thing("StatefulSet", "llm-big", spec={"volumeClaimTemplates": [{"metadata": {"name": "models"}}]}),
    )
    assert {name for _, name in state.kept(there)} == {"llm-server-models", "models-llm-big-0"}


def stateful(name: str, when_deleted: str = "Retain"):
    spec = {
        "volumeClaimTemplates": [{"metadata": {"name": "models"}}],
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": when_deleted},
    }
    return thing("StatefulSet", name, spec=spec)


def test_claims_that_go_with_their_stateful_set_need_not_be_kept():
    claim = thing("PersistentVolumeClaim", "models-llm-big-0")
    assert state.kept(states(claim, stateful("llm-big", "Delete"))) == {}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ({"a": [1, 2]}, {"a": [1, 2]}, ""),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, "a[1].b was 2, is 3"),
        ({"a": [1]}, {"a": [1, 2]}, "a was [1], is [1, 2]"),
        ({}, {"a": {"b": 1}}, "a was nothing, is {'b': 1}"),
    ],
)
def test_the_first_difference_is_told_with_its_path(old, new, said):
    assert state.first_difference(old, new) == said


# What the steps ask


def change(kind: str, how: str, component: str = "") -> state.Difference:
    return state.Difference((kind, "x"), component, how)


@pytest.mark.parametrize(
    ("difference", "allowed"),
    [
        (change("Deployment", "new", "e2e-second"), True),
        (change("Deployment", "changed", "open-webui"), True),
        (change("Deployment", "gone", "open-webui"), False),
        (change("Deployment", "changed", "server"), False),
        (change("Deployment", "restarted", "server"), False),
        (change("HTTPRoute", "changed"), True),
        (change("HTTPRoute", "replaced"), False),
        (change("Secret", "changed"), False),
        (change("PersistentVolumeClaim", "changed"), False),
    ],
)
def test_a_second_server_may_add_objects_and_roll_the_ui(difference, allowed):
    assert steps._joins(difference) is allowed


@pytest.mark.parametrize(
    ("difference", "renewed"),
    [
        (change("Deployment", "changed"), True),
        (change("Deployment", "replaced"), False),
        (change("CronJob", "changed"), True),
        (change("Job", "new"), True),
        (change("Job", "gone"), True),
        (change("Job", "restarted"), False),
        (change("Service", "changed"), False),
    ],
)
def test_a_changed_value_renews_its_workload_and_a_job_makes_room_for_another(difference, renewed):
    assert steps._renewed(difference) is renewed


def test_a_rollback_may_run_a_job_again_and_replaces_nothing_else():
    assert steps._runs_again(change("Job", "replaced"))
    assert not steps._runs_again(change("Deployment", "replaced"))
    assert not steps._runs_again(change("Job", "gone"))


def trial(tmp_path: Path) -> Trial:
    case = examples.Case(Example("little", "little.yaml"), {}, rendered(""))
    place = Place(
        cluster.Cluster("", "1.37.2"),
        [],
        [],
        helm.Helm("helm 4", tmp_path, {}, 1, threading.Event()),
        "n",
        "r",
        tmp_path,
    )
    return Trial(case, tmp_path, place, [])


def test_claims_of_a_stateful_set_that_a_rollback_removed_may_stay_after_the_uninstall(tmp_path, monkeypatch):
    one = trial(tmp_path)
    one.states["empty"] = {}
    first = (stateful("llm-server"), thing("PersistentVolumeClaim", "models-llm-server-0"))
    second = (stateful("llm-e2e-second"), thing("PersistentVolumeClaim", "models-llm-e2e-second-0"))
    other = thing("PersistentVolumeClaim", "of-nobody")
    there = [states(*first), states(*first, *second), states(*first, second[1])]
    left = states(first[1], second[1], other)
    monkeypatch.setattr(trials.trouble, "unready", lambda state: [])
    monkeypatch.setattr(trials, "helm", lambda *arguments, **options: None)
    monkeypatch.setattr(trials, "refused", lambda trial: [])
    monkeypatch.setattr(trials, "seen", lambda trial: there.pop(0))
    for verb in ("install", "upgrade", "rollback"):
        trials.apply(one, verb)
    monkeypatch.setattr(steps, "helm", lambda *arguments, **options: None)
    monkeypatch.setattr(steps, "until", lambda trial, done: done())
    monkeypatch.setattr(steps, "seen", lambda trial, **options: left)
    assert steps.uninstall(one) == ["PersistentVolumeClaim/of-nobody: is still there after the uninstall"]


def broken(trial: Trial) -> list[str]:
    raise Broken(["Pod/x: is not scheduled"])


def refusing(trial: Trial) -> list[str]:
    raise cluster.Refused(422, "invalid")


def test_steps_go_on_after_a_fault_and_end_where_one_is_broken(tmp_path):
    heard: list[steps.Done] = []
    rows = (("one", lambda _: ["Service/a: gone"]), ("two", lambda _: "not run"), ("three", broken), ("four", broken))
    steps.go_through(trial(tmp_path), rows, heard.append)
    assert [(each.step, each.faults, each.note) for each in heard] == [
        ("helm 4 one", ("Service/a: gone",), ""),
        ("helm 4 two", (), "not run"),
        ("helm 4 three", ("Pod/x: is not scheduled",), ""),
    ]


def test_what_the_api_server_refuses_is_the_step_s_fault(tmp_path):
    heard: list[steps.Done] = []
    steps.go_through(trial(tmp_path), (("one", refusing),), heard.append)
    assert heard[0].faults == ("Namespace/n: the API server refuses a request: invalid",)


def test_a_claim_that_goes_with_the_release_is_a_fault_unless_a_value_gives_it_up(tmp_path):
    before = states(thing("PersistentVolumeClaim", "llm-server-models"), thing("Service", "llm-server"))
    one = trial(tmp_path)
    said = "PersistentVolumeClaim/llm-server-models: is gone, though no value says keep: false"
    assert steps._lost(one, before, {}) == [said]
    one.case = replace(one.case, values={"servers": {"a": {"modelCache": {"keep": False}}}})
    assert steps._lost(one, before, {}) == []


def test_a_claim_that_lost_its_volume_is_a_fault():
    claim = thing("PersistentVolumeClaim", "models", spec={"volumeName": "v"}, status={"phase": "Bound"})
    lost = claim | {"status": {"phase": "Lost"}}
    stay = {("PersistentVolumeClaim", "models")}
    assert steps._kept(states(claim), states(claim), stay) == []
    assert steps._kept(states(claim), states(lost), stay) == [
        "PersistentVolumeClaim/models: is Lost, class none, though it is to be kept"
    ]
    assert steps._kept(states(claim), {}, stay) == ["PersistentVolumeClaim/models: gone, though it is to be kept"]


# What is not ready, and why

READY = {"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (deployment(**READY), ""),
        (deployment(**READY | {"observedGeneration": 1}), "1 of 1 pods ready, 1 of them new"),
        (deployment(**READY | {"updatedReplicas": 0}), "1 of 1 pods ready, 0 of them new"),
        (deployment(**READY | {"replicas": 2}), "1 of 1 pods ready, 1 of them new"),
        (
            deployment(conditions=[{"type": "ReplicaFailure", "status": "True", "message": "forbidden"}]),
            "0 of 1 pods ready, 0 of them new; ReplicaFailure True: forbidden",
        ),
        (thing("DaemonSet", "d", status={}), "no node takes its pods"),
        (thing("Job", "j", status={"conditions": [{"type": "Complete", "status": "True"}]}), ""),
        (
            thing("Job", "j", status={"conditions": [{"type": "Failed", "status": "True", "message": "too often"}]}),
            "has not completed; Failed True: too often",
        ),
        (thing("PersistentVolumeClaim", "c", spec={"storageClassName": "nfs"}), "is Pending, class nfs"),
        (thing("Pod", "p", metadata={"deletionTimestamp": "now"}), "is still being removed"),
        (thing("Service", "s"), ""),
    ],
)
def test_what_is_not_ready_is_told(item, said):
    assert trouble.unready(states(item)) == ([f"{item['kind']}/{item['metadata']['name']}: {said}"] if said else [])


def event(about: str, reason: str, message: str, when: str = "1") -> dict:
    kind, name = about.split("/")
    object_ = {"kind": kind, "name": name}
    return {
        "type": "Warning",
        "reason": reason,
        "message": message,
        "involvedObject": object_,
        "lastTimestamp": when,
        "metadata": {},
    }


def test_pods_that_are_not_admitted_are_told():
    events = [event("ReplicaSet/a", "FailedCreate", "violates PodSecurity"), event("Pod/b", "BackOff", "waits")]
    assert trouble.refused(events) == ["ReplicaSet/a: FailedCreate: violates PodSecurity"]


def test_a_pod_that_fails_is_explained_by_its_container_its_log_and_its_last_event():
    ended = {"terminated": {"exitCode": 3, "reason": "Error"}}
    waits = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}
    failing = thing(
        "Pod",
        "bad",
        status={
            "phase": "Pending",
            "initContainerStatuses": [{"name": "bring-models", "state": waits, "lastState": ended}],
        },
    )
    fine = thing("Pod", "good", status={"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]})
    events = [
        event("Pod/bad", "BackOff", "the second time", "2"),
        event("Pod/bad", "Failed", "the first time", "1"),
        event("Pod/good", "FailedScheduling", "long ago"),
    ]
    lines = trouble.explain(states(failing, fine), events, lambda pod, container: [f"{pod} {container} says no"])
    assert lines == [
        "Pod/bad: container bring-models: CrashLoopBackOff: back-off: ended with exit code 3 (Error)",
        "Pod/bad: log of bring-models: bad bring-models says no",
        "Pod/bad: BackOff: the second time",
    ]


def test_a_pod_that_no_node_takes_says_why():
    conditions = [{"type": "PodScheduled", "status": "False", "message": "0/2 nodes are available"}]
    pod = thing("Pod", "p", status={"phase": "Pending", "conditions": conditions})
    assert trouble.explain(states(pod), [], lambda *_: []) == ["Pod/p: is not scheduled: 0/2 nodes are available"]


# What an example needs

NEEDY = """\
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  imagePullSecrets: [{name: pull}]
  containers:
  - name: c
    env:
    - {name: A, valueFrom: {secretKeyRef: {name: creds, key: token}}}
    - {name: B, valueFrom: {configMapKeyRef: {name: words, key: hello}}}
  volumes:
  - {name: v, secret: {secretName: creds, items: [{key: user, path: u}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r}
spec:
  parentRefs: [{name: gw, namespace: far, sectionName: https}]
"""
NEEDS = ("Secret/creds", "Secret/pull", "ConfigMap/words", "Gateway/far/gw", "PersistentVolumeClaim/old")


def made(*needs: str, classes: tuple[dict, ...] = ()) -> dict[str, dict]:
    items, unknown = fixtures.made_for(rendered(NEEDY, *needs), "e2e-x", list(classes))
    assert unknown == []
    return {f"{item['kind']}/{item['metadata']['name']}": item for item in items}


def test_secrets_and_config_maps_have_the_keys_that_are_used():
    items = made(*NEEDS)
    assert sorted(items["Secret/creds"]["data"]) == ["token", "user"]
    assert items["Secret/pull"]["type"] == "kubernetes.io/dockerconfigjson"
    assert list(items["ConfigMap/words"]["data"]) == ["hello"]


def test_objects_are_made_where_they_are_expected():
    items = made(*NEEDS)
    assert items["Secret/creds"]["metadata"]["namespace"] == "e2e-x"
    assert items["Gateway/gw"]["metadata"]["namespace"] == "far"
    assert [each["name"] for each in items["Gateway/gw"]["spec"]["listeners"]] == ["https"]


def test_a_need_that_nothing_makes_is_not_passed_over():
    assert fixtures.made_for(rendered(NEEDY, "Widget/w"), "e2e-x", []) == ([], ["Widget/w"])


def test_a_storage_class_follows_the_default_one_that_provisions():
    own = {"metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}}
    own |= {"provisioner": "example.com/disk", "volumeBindingMode": "WaitForFirstConsumer"}
    follower = made("StorageClass/nfs", classes=(own,))["StorageClass/nfs"]
    assert (follower["provisioner"], follower["volumeBindingMode"]) == ("example.com/disk", "WaitForFirstConsumer")
    assert made("StorageClass/nfs")["StorageClass/nfs"]["provisioner"] == fixtures.NO_PROVISIONER


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, True),
        ({"storageClassName": "by-hand"}, True),
        ({"storageClassName": "unheard-of"}, True),
        ({"storageClassName": "disk"}, False),
        ({"volumeName": "v"}, False),
    ],
)
def test_a_volume_is_made_where_nobody_else_makes_one(spec, expected):
    classes = {"by-hand": {"provisioner": fixtures.NO_PROVISIONER}, "disk": {"provisioner": "example.com/disk"}}
    assert volumes.waits(thing("PersistentVolumeClaim", "c", spec=spec), classes) is expected


def test_a_volume_is_for_its_claim_alone():
    spec = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "5Gi"}}, "storageClassName": "nfs"}
    claim = thing("PersistentVolumeClaim", "models", "12345678-9", metadata={"namespace": "e2e-x"}, spec=spec)
    made = volumes.volume(claim, "abcd")
    assert made["metadata"] == {"name": "e2e-x-models-12345678", "labels": {"llm-stack-e2e": "abcd"}}
    assert made["spec"]["claimRef"] == {"namespace": "e2e-x", "name": "models", "uid": "12345678-9"}
    assert (made["spec"]["capacity"], made["spec"]["storageClassName"]) == ({"storage": "5Gi"}, "nfs")


def node(fake: bool = True, **labels: str) -> dict:
    annotations = {"kwok.x-k8s.io/node": "fake"} if fake else {}
    allocatable = {"cpu": "8", "nvidia.com/gpu": "2"}
    return thing(
        "Node",
        "n",
        metadata={"labels": labels, "annotations": annotations},
        spec={},
        status={"allocatable": allocatable},
    )


def asking(gpus: int, **selector: str) -> list[manifests.Pod]:
    limits = {"cpu": 1, "nvidia.com/gpu": gpus}
    spec = {"nodeSelector": selector, "containers": [{"name": "c", "resources": {"limits": limits}}]}
    data = thing("Pod", "p", spec=spec)
    owner = manifests.Object(documents("kind: Pod")[0], "Pod", "default", "p")
    return [manifests.Pod(owner, ("spec",), {}, data["spec"])]


def test_a_fake_node_is_added_for_a_pod_that_fits_on_none():
    assert nodes.lacking(asking(2, zone="a"), [node(zone="a")], "r") == []
    (added,) = nodes.lacking(asking(2, zone="b") * 2, [node(zone="a")], "r")
    assert added["metadata"]["labels"]["zone"] == "b"
    assert nodes.lacking(asking(3), [node()], "r")[0]["status"]["allocatable"]["nvidia.com/gpu"] == "64"


def test_no_node_is_added_to_a_cluster_of_real_ones():
    assert nodes.lacking(asking(9), [node(fake=False)], "r") == []


# Examples and what is tried on them


def test_every_example_of_the_chart_is_found_and_the_defaults_first():
    found, defaults = examples.discover(CHART, ())
    names = [file.stem for file in sorted((CHART / "examples").glob("*.yaml"))]
    assert [each.name for each in found] == ["defaults", *names]
    assert defaults.data["servers"] == {"server": {}}


def test_an_example_is_named_or_a_file_of_one_s_own(tmp_path):
    (tmp_path / "mine.yaml").write_text("# pod-security: privileged\nreplicas: 2\n", encoding="utf-8")
    found, _ = examples.discover(CHART, ("two-servers", str(tmp_path / "mine.yaml")))
    assert [each.name for each in found] == ["two-servers", "mine"]
    assert found[1].header.security == "privileged"


def test_an_example_that_is_not_there_is_told_with_the_nearest():
    with pytest.raises(Faults) as fault:
        examples.discover(CHART, ("two-server",))
    assert str(fault.value.problems[0]).endswith("there is no example two-server; did you mean 'two-servers'?")


def test_servers_are_those_that_are_enabled():
    values = {"enabled": True, "servers": {"b": {}, "a": {"enabled": False}, "c": {"enabled": True}}}
    assert examples.Case(Example("x", "x"), values, rendered("")).servers == ["b", "c"]
    assert examples.Case(Example("x", "x"), values | {"enabled": False}, rendered("")).servers == ["c"]


def test_each_ui_is_changed_by_itself():
    assert examples.ui_change({"server", "open-webui", "pipelines"}) == {
        "open-webui": {"openWebui": examples.MARK},
        "pipelines": {"pipelines": examples.MARK},
    }
    assert examples.ui_change({"server"}) == {}


SECRET = "kind: Secret\nmetadata: {name: s}\nstringData: {key: %s}\n"
SERVICE = "kind: Service\nmetadata: {name: s}\nspec: {type: %s}\n"


def test_what_two_helms_render_is_compared_object_by_object():
    assert examples.unlike(SERVICE % "NodePort", SERVICE % "NodePort") == []
    assert examples.unlike(SERVICE % "NodePort", SERVICE % "ClusterIP") == [
        "Service/s: helm 4 and helm 3 differ: spec.type was NodePort, is ClusterIP"
    ]
    assert examples.unlike(SERVICE % "NodePort", "") == ["Service/s: is rendered by helm 4 alone"]


def test_random_secrets_are_compared_by_their_length():
    assert examples.unlike(SECRET % "abc", SECRET % "xyz") == []
    assert examples.unlike(SECRET % "abc", SECRET % "abcd") == [
        "Secret/s: helm 4 and helm 3 differ: stringData.key was 3, is 4"
    ]


def test_the_kinds_of_an_example_are_those_that_it_renders_and_needs():
    example = Example("x", "x", header=Header(needs=frozenset({"StorageClass/nfs"})))
    case = examples.Case(example, {}, rendered(NEEDY, "StorageClass/nfs"))
    assert kinds.wanted(case) == {
        ("", "Pod"),
        ("gateway.networking.k8s.io", "HTTPRoute"),
        ("storage.k8s.io", "StorageClass"),
    }
    assert kinds.known([cluster.Resource("apps/v1", "Deployment", "deployments", True, True)]) == {
        ("apps", "Deployment")
    }


@pytest.mark.parametrize(
    ("name", "namespace"),
    [("two-servers", "e2e-two-servers-helm4-ab12"), ("My File_1.x", "e2e-my-file-1-x-helm4-ab12")],
)
def test_a_namespace_is_named_after_its_example(name, namespace):
    assert session.namespace_of(name, "helm 4", "ab12") == namespace
    assert len(session.namespace_of("x" * 80, "helm 4", "ab12")) <= 63


# What is printed

DONE = [
    steps.Done("a", "render", 1.0),
    steps.Done("a", "helm 4 test", 0.0, note="helm test: not run (fake nodes)"),
    steps.Done("b", "helm 4 install", 2.0, ("Pod/x: is not scheduled", "Pod/y: is not scheduled")),
]


def test_a_failure_names_the_example_the_step_and_the_object():
    assert report.failures(DONE[2]) == [
        "example b: helm 4 install: Pod/x: is not scheduled",
        "example b: helm 4 install: Pod/y: is not scheduled",
    ]


def test_the_table_and_the_sum_count_what_was_made():
    assert report.table(DONE) == [
        "example  steps  failed  seconds",
        "a            1       0      1.0",
        "b            1       1      2.0",
    ]
    assert report.notes(DONE) == ["helm test: not run (fake nodes): a"]
    assert report.notes(DONE[:2]) == ["helm test: not run (fake nodes)"]
    assert report.total(DONE, 12.4) == ["1 passed, 1 failed", "e2e: 2 examples, 2 steps, 1 failures in 12 s"]


# Helm and the cluster, with stand-ins


def stand_in(folder: Path, script: str, **more) -> helm.Helm:
    path = folder / "helm"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return helm.Helm("helm 4", path, {"PATH": "/usr/bin:/bin"}, more.get("timeout", 60), threading.Event())


def test_helm_s_output_is_returned_and_its_error_told(tmp_path):
    assert helm.run(stand_in(tmp_path, 'echo "$@"'), ["install", "llm"]) == "install llm\n"
    with pytest.raises(helm.Failed, match=r"^INSTALLATION FAILED: no$"):
        helm.run(stand_in(tmp_path, "echo 'level=WARN'; echo 'Error: INSTALLATION FAILED: no' >&2; exit 1"), [])


@pytest.mark.slow
def test_helm_is_not_waited_for_when_waiting_is_in_vain(tmp_path, monkeypatch):
    monkeypatch.setattr(helm, "EVERY", 0.05)
    slow = stand_in(tmp_path, "exec sleep 60")
    start = time.monotonic()
    with pytest.raises(helm.Failed, match="given up: it cannot become ready"):
        helm.run(slow, [], alarm=lambda: True)
    slow.stop.set()
    with pytest.raises(helm.Stopped):
        helm.run(slow, [])
    monkeypatch.setattr(helm, "GRACE", 0)
    with pytest.raises(helm.Failed, match="helm did not end within 1 s"):
        helm.run(stand_in(tmp_path, "exec sleep 60", timeout=1), [])
    assert time.monotonic() - start < 10


ANSWERS = {
    ("GET", "/api/v1/pods"): (200, '{"items": []}'),
    ("GET", "/none"): (404, '{"message": "not found"}'),
    ("POST", "/api/v1/namespaces/n/secrets"): (409, '{"message": "already exists"}'),
    ("POST", "/api/v1/namespaces/n/configmaps"): (201, "{}"),
    ("DELETE", "/none"): (404, "{}"),
    ("DELETE", "/held"): (403, "no JSON at all"),
}


class Answers(BaseHTTPRequestHandler):
    """An API server of few words."""

    def answer(self) -> None:
        # Who hangs up with a question half read breaks the pipe of whoever asks.
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        code, text = ANSWERS[self.command, self.path]
        self.send_response(code)
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *_) -> None:
        pass


@pytest.fixture
def api(tmp_path):
    with ThreadingUnixStreamServer(str(tmp_path / "api"), Answers) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield cluster.Cluster(str(tmp_path / "api"), "1.37.2")
        server.shutdown()


def core(kind: str, plural: str) -> cluster.Resource:
    return cluster.Resource("v1", kind, plural, namespaced=True, listed=True)


def test_the_cluster_s_answers_are_told_apart(api):
    assert cluster.get(api, "/api/v1/pods") == {"items": []}
    assert cluster.there(api, "/none") is None
    item = {"metadata": {"name": "x", "namespace": "n"}}
    assert cluster.create(api, core("ConfigMap", "configmaps"), item)
    assert not cluster.create(api, core("Secret", "secrets"), item)
    cluster.delete(api, "/none")
    with pytest.raises(cluster.Refused, match="no JSON at all"):
        cluster.delete(api, "/held")
    with pytest.raises(ToolError, match="the cluster does not answer GET /x"):
        cluster.get(cluster.Cluster(api.socket + "-gone", ""), "/x")


def test_a_kind_is_found_in_its_group_and_in_the_version_asked_for():
    events = [
        cluster.Resource(api, "Event", "events", namespaced=True, listed=True) for api in ("v1", "events.k8s.io/v1")
    ]
    assert cluster.of_kind(events, "Event").path("n", "e") == "/api/v1/namespaces/n/events/e"
    assert cluster.of_kind(events, "Event", "events.k8s.io/v1beta1").path() == "/apis/events.k8s.io/v1beta1/events"


def test_without_kubectl_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="kubectl: not on PATH; install it"), cluster.connected("x"):
        pass


def test_a_kubectl_that_fails_is_told_in_its_own_words(monkeypatch, tmp_path):
    (tmp_path / "kubectl").write_text("#!/bin/sh\necho 'error: no configuration'; exit 1\n", encoding="utf-8")
    (tmp_path / "kubectl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    said = "kubectl proxy does not start: error: no configuration"
    with pytest.raises(ToolError, match=said), cluster.connected("x"):
        pass
