"""Fields of pods and claims that are written in two ways and that the API server stores alike: nothing changes.

tests/views/same.yaml has each of them, and some that look like them and are not stored alike.
"""

from __future__ import annotations

import re
from typing import Any

from ..proofs.manifests import CLAIMS, Object, map_at
from ..reading.yamlfile import Key
from .changes import ABSENT, Change, changed
from .immutable import quantity

# Where the pods and claims of Kubernetes' own kinds are. What those of other kinds default to, their CRDs say.
POD = "spec.template"
PLACES = {
    "Deployment": (POD,),
    "StatefulSet": (POD, CLAIMS["StatefulSet"]),
    "DaemonSet": (POD,),
    "ReplicaSet": (POD,),
    "Job": (POD,),
    "CronJob": ("spec.jobTemplate.spec.template",),
    "Pod": ("spec",),
    "PersistentVolumeClaim": ("spec",),
}
# Maps whose keys are the user's own: only the map itself can be left out, if it is empty.
FREE = ("annotations", "labels", "nodeSelector", "matchLabels", "volumeAttributes", "data")
# A field and its older name, which the API server sets to the same. The first counts.
ACCOUNT = ("serviceAccountName", "serviceAccount")
AMOUNTS = ("limits", "requests", "overhead")
# Maps that mean nothing when they are empty. Others mean something, such as the securityContext of a container.
EMPTY = (*FREE, *AMOUNTS, "resources", "metadata")
CONTAINER = r"(?:containers|initContainers)\[\]"
PROBE = rf"{CONTAINER}\.(?:readiness|liveness|startup)Probe"
# Where a field is, from its end -> what it is where it is not written.
USUAL: tuple[tuple[str, Any], ...] = (
    (r"template\.spec\.securityContext", {}),
    (r"spec\.restartPolicy", "Always"),
    (r"spec\.dnsPolicy", "ClusterFirst"),
    (r"spec\.schedulerName", "default-scheduler"),
    (r"spec\.terminationGracePeriodSeconds", 30),
    (r"spec\.(?:hostNetwork|hostPID|hostIPC)", False),
    (r"spec\.(?:serviceAccountName|serviceAccount|priorityClassName|nodeName|hostname|subdomain)", ""),
    (r"template\.metadata\.(?:name|namespace)", ""),
    (rf"{CONTAINER}\.terminationMessagePath", "/dev/termination-log"),
    (rf"{CONTAINER}\.terminationMessagePolicy", "File"),
    (rf"{CONTAINER}\.(?:stdin|stdinOnce|tty)", False),
    (rf"{CONTAINER}\.workingDir", ""),
    (rf"{CONTAINER}\.ports\[\]\.protocol", "TCP"),
    (rf"{CONTAINER}\.ports\[\]\.(?:name|hostIP)", ""),
    (rf"{CONTAINER}\.ports\[\]\.hostPort", 0),
    (rf"{CONTAINER}\.env\[\]\.value", ""),
    (rf"{CONTAINER}\.envFrom\[\]\.prefix", ""),
    (r"fieldRef\.apiVersion", "v1"),
    (r"resourceFieldRef\.containerName", ""),
    (r"resourceFieldRef\.divisor", "0"),
    (rf"{CONTAINER}\.volumeMounts\[\]\.readOnly", False),
    (rf"{CONTAINER}\.volumeMounts\[\]\.(?:subPath|subPathExpr)", ""),
    (rf"{PROBE}\.timeoutSeconds", 1),
    (rf"{PROBE}\.periodSeconds", 10),
    (rf"{PROBE}\.successThreshold", 1),
    (rf"{PROBE}\.failureThreshold", 3),
    (rf"{PROBE}\.initialDelaySeconds", 0),
    (rf"{PROBE}\.grpc\.service", ""),
    (r"httpGet\.scheme", "HTTP"),
    (r"httpGet\.path", "/"),
    (r"(?:httpGet|tcpSocket)\.host", ""),
    (r"tolerations\[\]\.(?:value|effect)", ""),
    (r"volumes\[\]\.(?:configMap|secret|projected|downwardAPI)\.defaultMode", 420),
    (r"serviceAccountToken\.expirationSeconds", 3600),
    (r"volumes\[\]\.emptyDir\.medium", ""),
    (r"volumes\[\]\.hostPath\.type", ""),
    (r"volumes\[\]\.(?:persistentVolumeClaim|nfs)\.readOnly", False),
    (r"spec\.volumeMode", "Filesystem"),
    (r"volumeClaimTemplates\[\]\.apiVersion", "v1"),
    (r"volumeClaimTemplates\[\]\.kind", "PersistentVolumeClaim"),
)
KNOWN = re.compile("|".join(f"(?P<n{n}>(?:^|.*\\.){where})" for n, (where, _) in enumerate(USUAL)))
AMOUNT = re.compile(rf"(?:^|.*\.)(?:{'|'.join(AMOUNTS)})\.[^\0]+|.*\.(?:sizeLimit|divisor)")


def differing(old: Object, new: Object) -> list[Change]:
    """The changes from one object to another that change what the API server stores."""
    return [each for each in changed(old.data, new.data) if not _alike(each, old, new)]


def _alike(change: Change, old: Object, new: Object) -> bool:
    """Whether the API server stores the same for both sides of a change."""
    where = _place(change.path)
    if (old.kind, where) == ("Job", "spec.completions"):
        # Where neither is written, both are 1.
        before, after = (map_at(each.data, "spec") for each in (old, new))
        one, two = (each.get("completions", None if "parallelism" in each else 1) for each in (before, after))
        return bool(one == two)
    if not any(f"{where}.".startswith((f"{place}.", f"{place}[]")) for place in PLACES.get(old.kind, ())):
        return False
    if any(step in FREE for step in change.path[:-1]):
        return False
    if change.path[-1] in ACCOUNT:
        return _account(old, change.path) == _account(new, change.path)
    if change.path[-1] in ("imagePullPolicy", "pullPolicy"):
        return _policy(change.old, old, change.path) == _policy(change.new, new, change.path)
    return bool(_stored(change.old, where) == _stored(change.new, where))


def _place(path: Key) -> str:
    """A path with `[]` for each item of a list."""
    text = ""
    for part in path:
        text += "[]" if str(part).startswith("[") else f".{part}"
    return text.removeprefix(".")


def _stored(value: Any, where: str) -> Any:
    """A value without what says no more than its absence does; ABSENT if nothing is left."""
    name = where.rpartition(".")[2]
    if value is ABSENT or value is None or value == []:
        return ABSENT
    if isinstance(value, dict):
        inner = {key: each if name in FREE else _stored(each, f"{where}.{key}") for key, each in value.items()}
        left = {key: each for key, each in inner.items() if each is not ABSENT}
        return ABSENT if not left and (name in EMPTY or _usual(where) == {}) else left
    if isinstance(value, list):
        return [_stored(each, f"{where}[]") for each in value]
    if AMOUNT.fullmatch(where) and (number := quantity(value)) is not None:
        return ABSENT if name == "divisor" and not number else number
    usual = _usual(where)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    # The path of a probe is / where it is empty.
    same = type(value) is type(usual) and value == usual
    return ABSENT if same or (value == "" and where.endswith("httpGet.path")) else value


def _usual(where: str) -> Any:
    found = KNOWN.fullmatch(where)
    return USUAL[int(str(found.lastgroup)[1:])][1] if found else ABSENT


def _account(owner: Object, path: Key) -> Any:
    """The service account of a pod."""
    return next(iter(_accounts(owner, path)), None)


def _accounts(owner: Object, path: Key) -> list[Any]:
    spec = map_at(owner.data, ".".join(map(str, path[:-1])))
    return [spec[name] for name in ACCOUNT if spec.get(name)]


def stays(change: Change, old: Object, new: Object) -> bool:
    """Whether a pod keeps its service account though nothing names it: an update leaves the other of the two names."""
    if change.path[-1] not in ACCOUNT or old.kind not in PLACES:
        return False
    return len(_accounts(old, change.path)) == 1 and not _accounts(new, change.path)


def _policy(value: Any, owner: Object, path: Key) -> Any:
    """When the image of a container or a volume is pulled: by its tag, where nothing is written."""
    if value not in (ABSENT, None, ""):
        return value
    node: Any = owner.data
    for step in path[:-1]:
        if isinstance(node, list):
            node = next((each for each in node if isinstance(each, dict) and f"[{each.get('name')}]" == step), {})
        else:
            node = node.get(step, {}) if isinstance(node, dict) else {}
    image = str(node.get("image") or node.get("reference") or "") if isinstance(node, dict) else ""
    name, _, digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2] or ("" if digest else "latest")
    return "Always" if tag == "latest" else "IfNotPresent"
