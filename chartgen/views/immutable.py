"""The fields that Kubernetes does not let an update change, by kind, from the list that the chart's own checks read.

What is not in immutable.yaml can be changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from ..proofs.manifests import CLAIMS, Object, Render, at, claim_templates, map_at
from ..reading.yamlfile import parse
from . import harmless
from .changes import ABSENT, Change

FILE = Path(__file__).parents[1] / "fragments/upgrade/files/immutable.yaml"
# How the chart compares fields that cannot change at all; the others are looked at here in more detail.
WHOLE = ("same", "within", "class", "claims")
# What the chart does not compare: fields that a controller's webhook does not let change, and of kinds and Services
# that are none of the chart's own.
MORE = {
    "LeaderWorkerSet": ("spec.leaderWorkerTemplate.subGroupPolicy.subGroupSize",),
    "Service": ("spec.healthCheckNodePort",),
    "EndpointSlice": ("addressType",),
}
# What can change of a pod. Images can as well.
LOOSE = ("activeDeadlineSeconds", "tolerations", "schedulingGates")
# What can change of the pods of a Job that is suspended.
PLACING = (
    *(f"spec.template.metadata.{name}" for name in ("labels", "annotations")),
    *(f"spec.template.spec.{name}" for name in ("nodeSelector", "affinity", "tolerations", "schedulingGates")),
)
# What can be set where the cluster has set nothing.
UNLESS = {
    ("PersistentVolumeClaim", "spec.storageClassName", True): "it can only if the claim has no class, not even the"
    " cluster's default; otherwise, ",
    ("Service", "spec.loadBalancerClass", True): "it can only if the cluster has set the same; otherwise, ",
}
# What is not written stays as the API server has chosen it. Other fields that are written no more are removed.
CHOSEN = ("spec.ipFamilies",)
# What the API server sets where a manifest says nothing: setting it is no change.
DEFAULTS: dict[str, dict[str, Any]] = {
    "PersistentVolumeClaim": {"spec.volumeMode": "Filesystem"},
    "StatefulSet": {"spec.podManagementPolicy": "OrderedReady", "spec.serviceName": ""},
    "Secret": {"type": "Opaque"},
    "Job": {"spec.completionMode": "NonIndexed"},
    "StorageClass": {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"},
    "PriorityClass": {"preemptionPolicy": "PreemptLowerPriority"},
}


# Kinds without a namespace.
EVERYWHERE = (
    *("Namespace", "CustomResourceDefinition", "PersistentVolume", "StorageClass", "PriorityClass", "IngressClass"),
    *("ClusterRole", "ClusterRoleBinding", "GatewayClass", "DeviceClass", "RuntimeClass"),
)


@cache
def fixed() -> dict[str, tuple[str, ...]]:
    """Kind -> the paths that cannot change; a path includes all that is below it."""
    table = parse(FILE.read_text(encoding="utf-8"), str(FILE)).data
    return {kind: tuple(path for path, how in fields.items() if how in WHOLE) for kind, fields in table.items()}


def refused(old: Object, new: Object, changes: list[Change]) -> Iterator[tuple[Change, str]]:
    """The changes of an object that the API server refuses, each with the way out."""
    yield from _rolling(old, new)
    for change in changes:
        where = ".".join(str(part) for part in change.path)
        if _fixed(old.kind, where) and not (_default(old.kind, where, change) or _free(where, change, old, new)):
            yield change, UNLESS.get((old.kind, where, change.old is ABSENT), "") + _way_out(old) + _left(old, change)
        elif old.kind in ("ConfigMap", "Secret") and old.data.get("immutable") is True:
            if change.path[0] in ("data", "binaryData", "stringData", "immutable"):
                yield change, f"delete it before the upgrade: kubectl delete {addressed(old)}"
        elif old.kind == "PersistentVolumeClaim" and where == "spec.resources.requests.storage":
            if smaller(change.old, change.new):
                yield change, "a volume cannot shrink: keep the size, or copy the files to a new claim"
        elif old.kind == "Pod" and change.path[0] == "spec" and len(change.path) > 1:
            if change.path[1] not in LOOSE and change.path[-1] != "image":
                yield change, _way_out(old)
        elif old.kind == "Service" and where == "spec.clusterIP" and _headless(change):
            yield change, _way_out(old)


def _rolling(old: Object, new: Object) -> Iterator[tuple[Change, str]]:
    """Another type of rollout than RollingUpdate.

    The API server has filled in `rollingUpdate`, an update by server-side apply leaves it, and it is not allowed there.
    What the release has written itself, the update removes; in a StatefulSet with a type, nothing is filled in.
    """
    field = {"Deployment": "strategy", "StatefulSet": "updateStrategy"}.get(old.kind)
    written = map_at(old.data, f"spec.{field}")
    if not field or written.get("rollingUpdate") is not None or (old.kind == "StatefulSet" and written.get("type")):
        return
    before, after = (map_at(each.data, f"spec.{field}").get("type", "RollingUpdate") for each in (old, new))
    if before == "RollingUpdate" and after in ("Recreate", "OnDelete"):
        patch = f'[{{"op":"replace","path":"/spec/{field}","value":{{"type":"{after}"}}}}]'
        way_out = f"before the upgrade, run: kubectl patch {addressed(old)} --type=json -p '{patch}'"
        yield Change(("spec", field, "type"), before, after), way_out


def addressed(each: Object) -> str:
    """An object in a command of kubectl, with its namespace where the manifest has one."""
    # Kinds of other groups can have the name of another kind.
    group = str(each.data.get("apiVersion", "")).rpartition("/")[0]
    kind = each.kind.lower() if harmless.GROUPS.fullmatch(group) else f"{each.kind.lower()}.{group}"
    return f"{kind} {each.name}{elsewhere(each)}"


def elsewhere(each: Object) -> str:
    """The option of kubectl for the namespace of an object, "" for the one that is used anyway."""
    return "" if each.namespace == Render.namespace or each.kind in EVERYWHERE else f" -n {each.namespace}"


def _fixed(kind: str, where: str) -> bool:
    paths = (*fixed().get(kind, ()), *MORE.get(kind, ()))
    return any(f"{where}.".startswith(f"{path}.") for path in paths)


def _default(kind: str, where: str, change: Change) -> bool:
    """Whether one side says nothing and the other what the API server sets then."""
    usual = DEFAULTS.get(kind, {}).get(where, ABSENT)
    if where.startswith(CHOSEN) and ABSENT in (change.old, change.new):
        return True
    return usual is not ABSENT and {str(change.old), str(change.new)} <= {str(ABSENT), str(usual)}


def _free(where: str, change: Change, old: Object, new: Object) -> bool:
    """Whether the object is one in which a fixed field can change."""
    before, after = (map_at(each.data, "spec") for each in (old, new))
    if where == "spec.loadBalancerClass":
        # It is fixed as long as the Service is a load balancer.
        return any(each.get("type") != "LoadBalancer" for each in (before, after))
    if where == "spec.healthCheckNodePort":
        # It stays where it is not written, and goes with what it is for.
        needed = [each.get("externalTrafficPolicy") == "Local" for each in (before, after)]
        return ABSENT in (change.old, change.new) or not all(needed)
    # A Job that has not begun can be placed elsewhere.
    return old.kind == "Job" and before.get("suspend") is True and where.startswith(PLACING)


def _headless(change: Change) -> bool:
    """Whether a Service gets, loses or changes its address; an address that is not written stays as it is."""
    if "None" in (change.old, change.new):
        return True
    return change.old is not ABSENT and change.new is not ABSENT


def _way_out(each: Object) -> str:
    return {
        "StatefulSet": "delete it before the upgrade and keep its pods:"
        f" kubectl delete {addressed(each)} --cascade=orphan",
        "PersistentVolumeClaim": "keep the old value, or create a claim with the new one, copy the files, and set"
        " existingClaim",
        "PersistentVolume": "create another volume",
        "ResourceClaim": f"delete it before the upgrade: kubectl delete {addressed(each)}",
    }.get(each.kind, f"delete it before the upgrade: kubectl delete {addressed(each)}")


def _left(each: Object, change: Change) -> str:
    """What the way out leaves as it is: workloads make claims for new pods, and never change one that exists."""
    if not list(claim_templates(each)) or not change.below(*CLAIMS[each.kind].split(".")):
        return ""
    # A StatefulSet goes without its claims if its pods stay.
    if each.kind != "StatefulSet" and claims_go(each):
        return "; its claims are deleted with it, with their files"
    stays = "; the claims that exist stay as they are"
    if change.path[-1] != "storage" or not smaller(change.new, change.old):
        return stays
    patch = f'{{"spec":{{"resources":{{"requests":{{"storage":"{change.new}"}}}}}}}}'
    return f"{stays}: expand each of them, too: kubectl patch pvc CLAIM{elsewhere(each)} -p '{patch}'"


def smaller(old: Any, new: Any) -> bool:
    """Whether the quantity `new` is less than `old`; False where one cannot be read."""
    one, two = quantity(old), quantity(new)
    return one is not None and two is not None and two < one


def quantity(text: Any) -> float | None:
    """A quantity of Kubernetes as a number, `1Gi` is 1073741824; None where it is none."""
    units = {"m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
    units |= {f"{unit}i": 1024.0**n for n, unit in enumerate("KMGTPE", 1)}
    said = str(text).strip()
    unit = said.lstrip("+-0123456789.")
    if unit[:1] in ("e", "E") and unit[1:].lstrip("+-").isdigit():
        unit = ""
        number = said
    else:
        number = said[: len(said) - len(unit)]
    try:
        return float(number) * units[unit]
    except (ValueError, KeyError):
        return None


def keeps(each: Object) -> bool:
    """Whether Helm leaves the object when it is no longer in the release."""
    policy = map_at(each.data, "metadata.annotations").get("helm.sh/resource-policy", "")
    return str(policy).strip() == "keep"


def claims_go(each: Object) -> bool:
    """Whether the claims of a StatefulSet or a LeaderWorkerSet are deleted with it."""
    inner = "leaderWorkerTemplate." if each.kind == "LeaderWorkerSet" else ""
    where = f"spec.{inner}persistentVolumeClaimRetentionPolicy.whenDeleted"
    return any(value == "Delete" for _, value in at(each.data, where))
