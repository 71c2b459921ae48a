"""What is in a namespace, and what became of it: gone, new, replaced, changed or restarted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .cluster import Cluster, Object, Resource, get

Key = tuple[str, str]
State = dict[Key, Object]

BUILT_IN = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")
WORKLOADS = (*BUILT_IN, "LeaderWorkerSet", "RayService")
# What there is in a release's namespace beside what it renders.
OWNED = (*BUILT_IN, "ReplicaSet", "Pod", "PersistentVolumeClaim", "Secret", "ConfigMap", "ServiceAccount", "Service")
# What controllers write by themselves, all the time.
NOISE = ("Event", "PodMetrics", "Lease", "Endpoints", "EndpointSlice")
COMPONENT = "app.kubernetes.io/component"
RELEASE = "helm.sh/release.v1"


@dataclass(frozen=True)
class Difference:
    """What became of an object: `how` is gone, new, replaced, changed or restarted."""

    key: Key
    component: str
    how: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{'/'.join(self.key)}: {self.how}" + (f": {self.detail}" if self.detail else "")


def inventory(cluster: Cluster, namespace: str, resources: list[Resource]) -> State:
    """Everything that is in a namespace, whoever made it, but for what is noise."""
    found: State = {}
    for resource in resources:
        if resource.namespaced and resource.listed and resource.kind not in NOISE:
            for item in get(cluster, resource.path(namespace))["items"]:
                found[resource.kind, item["metadata"]["name"]] = {
                    "apiVersion": resource.api,
                    "kind": resource.kind,
                    **item,
                }
    return found


def differences(before: State, after: State) -> list[Difference]:
    """What a user sees of the way from one state to the other: what has an owner counts as its owner's restart."""
    scaled = {target for state in (before, after) for target in _scaled(state)}
    found = []
    for key in sorted({key for state in (before, after) for key, item in state.items() if not passing(item)}):
        old, new = before.get(key), after.get(key)
        how, detail = _became(old, new, key in scaled)
        if how == "new" and any(_claimed(key, other, after[other]) for other in scaled & after.keys()):
            continue  # an autoscaler wanted another pod
        if how:
            found.append(Difference(key, component(new or old), how, detail))
        elif key[0] in WORKLOADS and (detail := _restarted(key, before, after)):
            found.append(Difference(key, component(new), "restarted", detail))
    return found


def passing(item: Object) -> bool:
    """Whether an object is somebody else's to make and to remove: a controller's, a hook's, Helm's own memory."""
    return bool(item["metadata"].get("ownerReferences")) or item.get("type") == RELEASE or hook(item)


def hook(item: Object) -> bool:
    """Whether it is one of Helm's hooks, a test's pod for one, which are no part of the release."""
    return "helm.sh/hook" in (item["metadata"].get("annotations") or {})


def component(item: Object | None) -> str:
    """The part of the release that an object belongs to, empty where it says none."""
    return ((item or {"metadata": {}})["metadata"].get("labels") or {}).get(COMPONENT, "")


def kept(state: State) -> State:
    """What an uninstall must leave: what says so, and the claims that a StatefulSet made."""
    return {
        key: item
        for key, item in state.items()
        if (item["metadata"].get("annotations") or {}).get("helm.sh/resource-policy") == "keep" or _of_set(key, state)
    }


def first_difference(old: Any, new: Any, path: str = "") -> str:
    """The path of the first place where two values differ, and both sides; empty where they are alike."""
    if old == new:
        return ""
    if isinstance(old, dict) and isinstance(new, dict):
        pairs = [(f"{path}.{key}".lstrip("."), old.get(key), new.get(key)) for key in sorted({*old, *new})]
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        pairs = [(f"{path}[{n}]", *both) for n, both in enumerate(zip(old, new, strict=True))]
    else:
        return f"{path} was {_short(old)}, is {_short(new)}"
    return next(filter(None, (first_difference(*map(pair.__getitem__, (1, 2, 0))) for pair in pairs)))


def _became(old: Object | None, new: Object | None, scaled: bool) -> tuple[str, str]:
    if old is None or new is None:
        return ("new", "") if old is None else ("gone", "")
    if old["metadata"]["uid"] != new["metadata"]["uid"]:
        return "replaced", "another object of this name stands in its place"
    detail = first_difference(_content(old, scaled), _content(new, scaled))
    if scaled and new["spec"].get("replicas", 1) < old["spec"].get("replicas", 1):
        detail = "spec.replicas fell, though an autoscaler has them"
    if new["kind"] == "Secret":
        detail = detail.partition(" was ")[0]
    return ("changed", detail) if detail else ("", "")


def _content(item: Object, scaled: bool) -> Object:
    """What an object says, without what the cluster adds; an autoscaler's replicas are its own."""
    content = {key: value for key, value in item.items() if key not in ("metadata", "status", "kind", "apiVersion")}
    if scaled:
        content["spec"] = {key: value for key, value in content["spec"].items() if key != "replicas"}
    return content


def _scaled(state: State) -> Iterator[Key]:
    for (kind, _), item in state.items():
        if kind == "HorizontalPodAutoscaler":
            target = item["spec"]["scaleTargetRef"]
            yield target["kind"], target["name"]


def _restarted(key: Key, before: State, after: State) -> str:
    """Which pod of a workload was replaced, or began again; a CronJob's come and go."""
    if key[0] == "CronJob":
        return ""
    now = {pod["metadata"]["uid"]: pod for pod in pods(key, after)}
    for pod in pods(key, before):
        name, same = pod["metadata"]["name"], now.get(pod["metadata"]["uid"])
        if same is None:
            return f"pod {name} was replaced"
        if _starts(same) > _starts(pod):
            return f"a container of pod {name} began again"
    return ""


def pods(key: Key, state: State) -> list[Object]:
    """The pods that a workload has made, itself or through what it owns."""
    return [item for (kind, _), item in state.items() if kind == "Pod" and _top(item, state) == key]


def _top(item: Object, state: State) -> Key:
    """The object at the top of an object's owners, itself where it has none."""
    key = item["kind"], item["metadata"]["name"]
    for owner in item["metadata"].get("ownerReferences") or ():
        above = state.get((owner["kind"], owner["name"]))
        return _top(above, state) if above else (owner["kind"], owner["name"])
    return key


def _starts(pod: Object) -> int:
    return sum(each.get("restartCount", 0) for each in pod.get("status", {}).get("containerStatuses") or ())


def unowned(state: State) -> list[Key]:
    """Claims that go with their StatefulSet, and that its controller has not marked so yet: deleted now, it would leave
    them."""
    claims = [key for key, item in state.items() if not item["metadata"].get("ownerReferences")]
    return [key for key in claims for other in state if _takes(other, state) and _claimed(key, other, state[other])]


def _of_set(key: Key, state: State) -> bool:
    """Whether it is a claim of a StatefulSet that does not take its claims with it."""
    return any(
        _claimed(key, other, item)
        for other, item in state.items()
        if other[0] == "StatefulSet" and not _takes(other, state)
    )


def _takes(key: Key, state: State) -> bool:
    """Whether it is a StatefulSet that takes its claims with it."""
    policy = state[key].get("spec", {}).get("persistentVolumeClaimRetentionPolicy") or {}
    return key[0] == "StatefulSet" and policy.get("whenDeleted") == "Delete"


def _claimed(key: Key, owner: Key, item: Object) -> bool:
    """Whether a claim is one that a workload makes for each of its pods."""
    templates = item["spec"].get("volumeClaimTemplates") or ()
    prefixes = tuple(f"{template['metadata']['name']}-{owner[1]}-" for template in templates)
    return key[0] == "PersistentVolumeClaim" and key[1].startswith(prefixes)


def _short(value: Any) -> str:
    text = str(value) if value is not None else "nothing"
    return text if len(text) < 80 else text[:76] + " …"
