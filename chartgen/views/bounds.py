"""What bounds pods without changing them: suspended programs, autoscalers, quotas, evictions, rights, versions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from ..proofs.manifests import Object, Pod, Render, at, map_at, maps, selects
from .changes import Change
from .harmless import few, formed
from .immutable import quantity

Said = tuple[str, str]  # the severity, and the sentence
CHANGE, OUTAGE, REFUSED = "change", "outage", "refused"
# Workloads whose pods are counted by `spec.replicas`.
COUNTED = ("Deployment", "StatefulSet", "ReplicaSet", "LeaderWorkerSet")
SUSPENDED = ("Job", "CronJob", "RayJob", "RayService", "JobSet")
BINDINGS = ("RoleBinding", "ClusterRoleBinding")
HIGHEST = {"HorizontalPodAutoscaler": "maxReplicas", "ScaledObject": "maxReplicaCount"}
LOWEST = {"HorizontalPodAutoscaler": "minReplicas", "ScaledObject": "minReplicaCount"}
USUALLY = {"HorizontalPodAutoscaler": (1, 1), "ScaledObject": (0, 100)}


def changed(old: Object | None, new: Object | None, sides: tuple[Render, Render]) -> Iterator[Said]:
    """What an object that is added, removed or changed means for pods that it bounds. One of the two can be None."""
    for rule in (_suspended, _scaled, _evicted, _quota, _crowded, _limits, _rights, _versions):
        yield from rule(old, new, sides)


def covers(each: Object, change: Change) -> bool:
    """Whether a changed field is said by `changed` in all that it means."""
    path = change.path
    return path == ("spec", "suspend") if each.kind in SUSPENDED else path == ("spec", HIGHEST.get(each.kind, ""))


# --- programs --------------------------------------------------------------------------------------------------------


def _suspended(old: Object | None, new: Object | None, sides: tuple[Render, Render]) -> Iterator[Said]:
    if not new or new.kind not in SUSPENDED:
        return
    was, now = (bool(each) and map_at(each.data, "spec").get("suspend") is True for each in (old, new))
    timed = new.kind == "CronJob"
    if now and not was:
        stops = "its schedule starts nothing any more" if timed else "its pods stop, and start when it is resumed"
        starts = "its schedule starts nothing" if timed else "runs when it is resumed"
        yield (OUTAGE, f"is suspended: {stops}") if old else (CHANGE, f"is suspended: {starts}")
    elif was and not now:
        starts = "its schedule starts pods again" if timed else "its pods start"
        yield CHANGE, f"is suspended no longer: {starts}"


# --- how many --------------------------------------------------------------------------------------------------------


def _scaled(old: Object | None, new: Object | None, sides: tuple[Render, Render]) -> Iterator[Said]:
    """Fewer pods by an autoscaler than before, also where another kind of autoscaler takes over."""
    if not new or new.kind not in HIGHEST:
        return
    before = (each for kind in HIGHEST for each in sides[0].of(kind) if _target(each) == _target(new))
    old = old or next((each for each in before if not sides[1].find(each.kind, each.name, each.namespace)), None)
    if not old:
        return
    (low, high), (least, most) = (_range(each) for each in (old, new))
    target = map_at(new.data, "spec.scaleTargetRef")
    title = f"{formed(target.get('kind') or 'Deployment', 'name')}/{formed(target.get('name'), 'name')}"
    if most < high:
        yield CHANGE, f"{title} runs at most {most} pods in place of {high}: if it has more, those stop"
    elif most > high:
        yield CHANGE, f"{title} can run {most} pods in place of {high}"
    if least == 0 < low:
        yield CHANGE, f"{title} can run no pods when nothing asks it: the first request waits until a pod is ready"
    elif least < low:
        yield CHANGE, f"{title} can shrink to {least} {'pod' if least == 1 else 'pods'} in place of {low}"


def _target(scaler: Object) -> tuple[str, str, str]:
    target = map_at(scaler.data, "spec.scaleTargetRef")
    return scaler.namespace, str(target.get("kind") or "Deployment"), str(target.get("name"))


def _range(scaler: Object) -> tuple[int, int]:
    spec, usual = map_at(scaler.data, "spec"), USUALLY[scaler.kind]
    low, high = spec.get(LOWEST[scaler.kind]), spec.get(HIGHEST[scaler.kind])
    return low if isinstance(low, int) else usual[0], high if isinstance(high, int) else usual[1]


def _count(owner: Object, render: Render) -> int | None:
    """How many pods a workload has by its manifest; None where something else decides."""
    if owner.kind not in COUNTED:
        return None
    for scaler in (each for kind in HIGHEST for each in render.of(kind)):
        if _target(scaler) == (owner.namespace, owner.kind, owner.name):
            return _range(scaler)[0] or 1
    count = map_at(owner.data, "spec").get("replicas", 1)
    return count if isinstance(count, int) else None


# --- evictions -------------------------------------------------------------------------------------------------------


def _evicted(old: Object | None, new: Object | None, sides: tuple[Render, Render]) -> Iterator[Said]:
    """A PodDisruptionBudget that lets no pod go, so that a drain of its node does not end."""
    if not new or new.kind != "PodDisruptionBudget":
        return
    was = old is not None and _stuck(old, sides[0])
    if _stuck(new, sides[1]) and not was:
        yield CHANGE, "no pod that it is for can be evicted: a drain of its node waits until you delete the pod"
    elif was and not _stuck(new, sides[1]):
        yield CHANGE, "its pods can be evicted again when a node is drained"


def _stuck(budget: Object, render: Render) -> bool:
    spec = map_at(budget.data, "spec")
    owners = {
        id(pod.owner): pod.owner
        for pod in render.pods
        if pod.owner.namespace == budget.namespace and selects(spec.get("selector"), pod.labels) and not pod.passing
    }
    counts = [_count(owner, render) for owner in owners.values()]
    if not counts or any(count is None for count in counts):
        return False
    total = sum(count for count in counts if count)
    if "maxUnavailable" in spec:
        return total > 0 and _share(spec["maxUnavailable"], total) == 0
    # Kubernetes rounds both up.
    return 0 < total <= _share(spec.get("minAvailable", 1), total)


def _share(value: Any, total: int) -> int:
    if isinstance(value, str) and value.endswith("%") and value[:-1].isdigit():
        return math.ceil(int(value[:-1]) * total / 100)
    return value if isinstance(value, int) else 1


# --- quotas ----------------------------------------------------------------------------------------------------------


def _quota(old: Object | None, new: Object | None, sides: tuple[Render, Render]) -> Iterator[Said]:
    """A ResourceQuota that comes, or that allows less."""
    if not new or new.kind != "ResourceQuota":
        return
    before, now = map_at(old.data if old else {}, "spec.hard"), map_at(new.data, "spec.hard")
    scoped = any(map_at(new.data, "spec").get(key) for key in ("scopes", "scopeSelector"))
    pods = _bounded(new, sides[1])
    for name, said in now.items():
        most, was = quantity(said), quantity(before.get(name)) if name in before else math.inf
        if most is None or was is None or most >= was:
            continue
        resource = formed(name, "name")
        needed = _needed(new, str(name), sides[1])
        missing = sorted({pod.owner.title for pod in pods if _silent(pod, str(name))})
        if missing and not scoped:
            yield OUTAGE, f"refuses new pods of {few(missing)}, which do not say their {resource}"
        if needed > most and not scoped:
            yield OUTAGE, f"refuses new pods: those of the release want more than its {resource} {formed(said, 'none')}"
        elif not missing:
            yield (
                CHANGE,
                f"refuses new pods of its namespace beyond {resource} {formed(said, 'none')}, also in a rollout",
            )


def _crowded(old: Object | None, new: Object | None, sides: tuple[Render, Render]) -> Iterator[Said]:
    """A workload that wants more than a ResourceQuota allows that stays as it is."""
    own = [[pod for pod in side.pods if pod.owner is each] for each, side in zip((old, new), sides, strict=True)]
    for quota in sides[1].of("ResourceQuota") if new and own[1] and not new.hooked else ():
        before, spec = sides[0].find("ResourceQuota", quota.name, quota.namespace), map_at(quota.data, "spec")
        if not new or not before or quota.namespace != new.namespace or spec.get("scopes") or spec.get("scopeSelector"):
            continue
        for name, said in map_at(spec, "hard").items():
            most, was = quantity(said), quantity(map_at(before.data, "spec.hard").get(name))
            if most is None or was is None or most < was:
                continue
            title, resource = formed(quota.title, "name"), formed(name, "name")
            if any(_silent(pod, str(name)) for pod in own[1]) and not any(_silent(pod, str(name)) for pod in own[0]):
                yield OUTAGE, f"{title} refuses its new pods, which do not say their {resource}"
            grows = _own(new, str(name), sides[1]) > (_own(old, str(name), sides[0]) if old else 0)
            if grows and _needed(before, str(name), sides[0]) <= most < _needed(quota, str(name), sides[1]):
                told = f"the release wants more than its {resource} {formed(said, 'none')}"
                yield OUTAGE, f"{title} refuses some of its new pods: {told}"


def _bounded(quota: Object, render: Render) -> list[Pod]:
    return [pod for pod in render.pods if pod.owner.namespace == quota.namespace and not pod.owner.hooked]


def _needed(quota: Object, name: str, render: Render) -> float:
    """How much of a resource of a quota the pods of a release want."""
    return sum(_wanted(pod, name) * (_count(pod.owner, render) or 1) for pod in _bounded(quota, render))


def _own(owner: Object, name: str, render: Render) -> float:
    pods = [pod for pod in render.pods if pod.owner is owner]
    return sum(_wanted(pod, name) * (_count(owner, render) or 1) for pod in pods)


def _asked(name: str) -> tuple[str, str]:
    """Where a resource of a quota is in a container: (requests or limits, the resource)."""
    part, dot, resource = name.partition(".")
    return (part, resource) if dot and part in ("requests", "limits") else ("requests", name)


def _wanted(pod: Pod, name: str) -> float:
    """How much of a resource of a quota one pod wants."""
    if name in ("pods", "count/pods"):
        return 1
    part, resource = _asked(name)
    return sum(_of(container, part, resource) or 0 for _, container in maps(pod.spec, "containers[]"))


def _of(container: dict[str, Any], part: str, resource: str) -> float | None:
    found = map_at(container, f"resources.{part}").get(resource)
    # A request that is not said is the limit.
    found = map_at(container, "resources.limits").get(resource) if found is None else found
    return (
        None
        if found is None or (part == "limits" and resource not in map_at(container, "resources.limits"))
        else (quantity(found))
    )


def _silent(pod: Pod, name: str) -> bool:
    """Whether a container does not say what a quota for cpu or memory wants every one to say."""
    part, resource = _asked(name)
    return resource in ("cpu", "memory") and any(_of(each, part, resource) is None for _, each in pod.containers())


def _limits(old: Object | None, new: Object | None, sides: tuple[Render, Render]) -> Iterator[Said]:
    """A LimitRange that comes or changes: what it refuses of the release, and what it sets."""
    if not new or new.kind != "LimitRange" or (old and old.data.get("spec") == new.data.get("spec")):
        return
    too_much: set[str] = set()
    for _, rule in maps(new.data, "spec.limits[]"):
        for pod in sides[1].pods if rule.get("type") in ("Container", "Pod") else ():
            if pod.owner.namespace != new.namespace or pod.owner.hooked:
                continue
            for name, most in map_at(rule, "max").items():
                wants = [
                    _of(each, part, str(name)) or 0 for _, each in pod.containers() for part in ("requests", "limits")
                ]
                if wants and max(wants) > (quantity(most) or math.inf):
                    too_much.add(pod.owner.title)
    if too_much:
        yield OUTAGE, f"refuses new pods of {few(sorted(too_much))}: they want more than its max"
    yield CHANGE, "can refuse new pods of its namespace, or set requests and limits of containers that have none"


# --- rights ----------------------------------------------------------------------------------------------------------


def _rights(old: Object | None, new: Object | None, sides: tuple[Render, Render]) -> Iterator[Said]:
    """Rights that pods lose: a binding that goes or binds others, a role with fewer rules."""
    if not old:
        return
    if old.kind in BINDINGS:
        lost = _bound(old) - {each for other in sides[1].objects for each in _bound(other)}
        roles = {role for role, *_ in lost}
        accounts = {(name, namespace) for _, name, namespace, *_ in lost}
    elif old.kind in ("Role", "ClusterRole") and new and _fewer(old, new):
        roles = {old.title}
        accounts = {
            (name, namespace)
            for each in sides[1].objects
            for role, name, namespace, where in _bound(each)
            if role == old.title and (where in ("", old.namespace) or old.kind == "ClusterRole")
        }
    else:
        return
    for pod in sides[1].pods:
        account = (str(pod.spec.get("serviceAccountName") or "default"), pod.owner.namespace)
        was = sides[0].find(pod.owner.kind, pod.owner.name, pod.owner.namespace)
        if (
            account not in accounts
            or pod.owner.hooked
            or not was
            or pod.spec.get("automountServiceAccountToken") is False
        ):
            continue
        same = any(each.owner is was and each.spec == pod.spec for each in sides[0].pods)
        said = f"the pods of {pod.owner.title} lose rights that {', '.join(sorted(roles))} gave them"
        yield (OUTAGE, f"{said}, and are the same as before") if same else (CHANGE, said)


def _bound(binding: Object) -> set[tuple[str, str, str, str]]:
    """What a binding gives: (the title of the role, the account, its namespace, where it counts; "" everywhere)."""
    if binding.kind not in BINDINGS or binding.hooked:
        return set()
    role = map_at(binding.data, "roleRef")
    title = f"{formed(role.get('kind'), 'name')}/{formed(role.get('name'), 'name')}"
    where = binding.namespace if binding.kind == "RoleBinding" else ""
    return {
        (title, str(each.get("name")), str(each.get("namespace") or binding.namespace), where)
        for _, each in maps(binding.data, "subjects[]")
        if each.get("kind") == "ServiceAccount"
    }


def _fewer(old: Object, new: Object) -> bool:
    return bool(_allowed(old) - _allowed(new))


def _allowed(role: Object) -> set[tuple[str, str, str, str]]:
    """Each right of a role by itself: (group, resource, verb, name)."""
    return {
        (str(group), str(resource), str(verb), str(name))
        for _, rule in maps(role.data, "rules[]")
        for _, group in at(rule, "apiGroups[]")
        for _, resource in at(rule, "resources[]")
        for _, verb in at(rule, "verbs[]")
        for name in ([name for _, name in at(rule, "resourceNames[]")] or [""])
    }


# --- versions of kinds -----------------------------------------------------------------------------------------------


def _versions(old: Object | None, new: Object | None, sides: tuple[Render, Render]) -> Iterator[Said]:
    if not old or not new or new.kind != "CustomResourceDefinition":
        return
    before, now = ({str(v.get("name")): v for _, v in maps(each.data, "spec.versions[]")} for each in (old, new))
    stored = next((name for name, each in before.items() if each.get("storage") is True), "")
    for name, each in before.items():
        shown = formed(name, "name")
        if each.get("served") is True and now.get(name, {}).get("served") is not True:
            yield OUTAGE, f"the version {shown} is not served any more: clients and charts that use it fail"
        if name not in now:
            said = f"the version {shown} goes: the API server refuses that as long as status.storedVersions has it"
            yield REFUSED if name == stored else CHANGE, said
    after = next((name for name, each in now.items() if each.get("storage") is True), "")
    if stored and after and stored != after:
        one, two = formed(stored, "name"), formed(after, "name")
        yield CHANGE, f"objects are stored as {two} from their next change on, and those that are there stay {one}"
