"""What is not as it should be, object by object, and what the cluster says about it: conditions, events, logs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from chartgen.problem import ToolError

from .cluster import Cluster, Object, Refused, get, request
from .state import State

LINES = 5  # of a container's log


def unready(state: State) -> list[str]:
    """A line `Kind/name: what` for each object that is not ready yet, or has not ended yet."""
    return [f"{'/'.join(key)}: {what}" for key in sorted(state) if (what := _unready(state[key]))]


def refused(events: list[Object]) -> list[str]:
    """A line for each object whose pods were not admitted."""
    found = {_about(each): each["message"] for each in events if each.get("reason") == "FailedCreate"}
    return [f"{about}: FailedCreate: {message}" for about, message in sorted(found.items())]


def events(cluster: Cluster, namespace: str) -> list[Object]:
    """The events of a namespace, the oldest first."""
    return get(cluster, f"/api/v1/namespaces/{namespace}/events")["items"]


def explain(state: State, events: list[Object], log: Callable[[str, str], list[str]]) -> list[str]:
    """All that the cluster has to say about what is not ready.

    `log` gives the last lines of a container, by the names of the pod and the container.
    """
    lines = unready(state)
    for (kind, name), item in sorted(state.items()):
        if kind == "Pod" and (kinds := _not_running(item)):
            lines += [f"Pod/{name}: {what}" for what in kinds]
            lines += [f"Pod/{name}: log of {each}: {line}" for each in _troubled(item) for line in log(name, each)]
    over = {f"Pod/{name}" for (kind, name), item in state.items() if kind == "Pod" and not _not_running(item)}
    lines += [f"{about}: {said}" for about, said in _warnings(events).items() if about not in over]
    return list(dict.fromkeys(lines))


def log_of(cluster: Cluster, namespace: str) -> Callable[[str, str], list[str]]:
    """What `explain` takes for the logs of a namespace; those of a run before where the container has just begun."""

    def read(pod: str, container: str) -> list[str]:
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log?container={container}&tailLines={LINES}"
        for way in ("&previous=true", ""):
            try:
                if lines := request(cluster, "GET", path + way).strip().splitlines():
                    return lines
            except (Refused, ToolError):
                continue  # it has not run, or its node has no logs: what it waits for is said already
        return []

    return read


def _unready(item: Object) -> str:
    if item["metadata"].get("deletionTimestamp"):
        return "is still being removed"
    check = CHECKS.get(item["kind"])
    return check(item.get("spec") or {}, item.get("status") or {}, item) if check else ""


def _deployment(spec: dict[str, Any], status: dict[str, Any], item: Object) -> str:
    wanted = spec.get("replicas", 1)
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")]
    if _seen(status, item) and counts == [wanted] * 4:
        return ""
    return f"{counts[2]} of {wanted} pods ready, {counts[1]} of them new{_conditions(status)}"


def _daemon_set(spec: dict[str, Any], status: dict[str, Any], item: Object) -> str:
    wanted = status.get("desiredNumberScheduled", 0)
    counts = [status.get(name, 0) for name in ("updatedNumberScheduled", "numberReady", "numberAvailable")]
    if _seen(status, item) and wanted and counts == [wanted] * 3:
        return ""
    return f"{counts[1]} of {wanted} pods ready" if wanted else "no node takes its pods"


def _job(spec: dict[str, Any], status: dict[str, Any], item: Object) -> str:
    done = any(each["type"] == "Complete" and each["status"] == "True" for each in status.get("conditions") or ())
    return "" if done or item["metadata"].get("ownerReferences") else f"has not completed{_conditions(status)}"


def _claim(spec: dict[str, Any], status: dict[str, Any], item: Object) -> str:
    phase = status.get("phase", "Pending")
    return "" if phase == "Bound" else f"is {phase}, class {spec.get('storageClassName') or 'none'}"


CHECKS = {
    "Deployment": _deployment,
    "StatefulSet": _deployment,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "PersistentVolumeClaim": _claim,
}


def _seen(status: dict[str, Any], item: Object) -> bool:
    """Whether the controller has seen the object as it is now."""
    return status.get("observedGeneration", 0) >= item["metadata"].get("generation", 0)


def _conditions(status: dict[str, Any]) -> str:
    """What its conditions say is wrong."""
    bad = [
        each
        for each in status.get("conditions") or ()
        if (each["status"] == "True") == (each["type"] in ("ReplicaFailure", "Failed"))
    ]
    return "".join(
        f"; {each['type']} {each['status']}: {each.get('message') or each.get('reason', '')}" for each in bad
    )


def _not_running(pod: Object) -> list[str]:
    """Why a pod does not run, or is not ready."""
    status = pod.get("status") or {}
    conditions = {each["type"]: each for each in status.get("conditions") or ()}
    if status.get("phase") == "Succeeded" or conditions.get("Ready", {}).get("status") == "True":
        return []
    unscheduled = conditions.get("PodScheduled", {})
    if unscheduled.get("status") == "False":
        return [f"is not scheduled: {unscheduled.get('message', '')}"]
    said = [f"container {each['name']}: {what}" for each in _statuses(pod) if (what := _halted(each))]
    why = conditions.get("Ready", {}).get("message") or "nothing more is said"
    return said or [f"is {status.get('phase', 'Pending')} and not ready: {why}"]


def _troubled(pod: Object) -> Iterator[str]:
    return (each["name"] for each in _statuses(pod) if _halted(each) or not each.get("ready"))


def _statuses(pod: Object) -> list[dict[str, Any]]:
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _halted(container: dict[str, Any]) -> str:
    """What a container waits for, or how it ended."""
    state = container.get("state") or {}
    ended = state.get("terminated") or (container.get("lastState") or {}).get("terminated") or {}
    words = []
    if waiting := state.get("waiting"):
        words += [waiting.get("reason", "waiting"), waiting.get("message", "")]
    if ended.get("exitCode"):
        words += [f"ended with exit code {ended['exitCode']} ({ended.get('reason', '')})", ended.get("message", "")]
    return ": ".join(word for word in words if word)


def _warnings(events: list[Object]) -> dict[str, str]:
    """The last warning about each object."""
    warned = [each for each in events if each.get("type") == "Warning"]
    return {_about(each): f"{each.get('reason')}: {each.get('message')}" for each in sorted(warned, key=_when)}


def _when(event: Object) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp"))


def _about(event: Object) -> str:
    about = event.get("involvedObject") or {}
    return f"{about.get('kind')}/{about.get('name')}"
