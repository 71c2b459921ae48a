"""What the fields of one object say together, and the API server, the kubelet or Helm refuses.

Rules for single fields are in kubernetes/rules.yaml. These compare fields, or parts of a text, which no schema can.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from ..kubernetes.definitions import QUANTITY
from ..problem import nearest
from ..reading.yamlfile import Key, parse
from .manifests import CLAIMS, WORKLOADS, Fault, Object, Pod, Render, at, holders, map_at, maps

LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
SUBDOMAIN = (rf"{LABEL}(\.{LABEL})*", 253, "lowercase letters, digits, '-' and '.'")
SHORT = (LABEL, 63, "at most 63 lowercase letters, digits and '-'")
SERVICE = (r"[a-z]([-a-z0-9]*[a-z0-9])?", 63, "at most 63 lowercase letters, digits and '-', a letter first")
ROLE = (r"[^/%]+", 253, "a name without '/' and '%'")
# Kind -> the pattern of its names, their longest, and both in words. All others are like files: SUBDOMAIN.
NAMES = {
    "Service": SERVICE,
    "Namespace": SHORT,
    "StatefulSet": SHORT,
    "Job": SHORT,
    "CronJob": (LABEL, 52, "at most 52 lowercase letters, digits and '-'"),
    **dict.fromkeys(("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"), ROLE),
}
WORDS = {
    "helm.sh/hook": {
        *(f"{when}-{what}" for when in ("pre", "post") for what in ("install", "upgrade", "delete", "rollback")),
        *("test", "test-success"),
    },
    "helm.sh/hook-delete-policy": {"before-hook-creation", "hook-succeeded", "hook-failed"},
    "helm.sh/hook-output-log-policy": {"hook-succeeded", "hook-failed"},
    "helm.sh/resource-policy": {"keep"},
}
CHANGING = ("helm.sh/chart", "app.kubernetes.io/version")  # labels that are new with every version of a chart
PAIRS = (
    ("HorizontalPodAutoscaler", "minReplicas", "maxReplicas"),
    ("ScaledObject", "minReplicaCount", "maxReplicaCount"),
)
LOGINS = {"kubernetes.io/dockerconfigjson": ".dockerconfigjson", "kubernetes.io/dockercfg": ".dockercfg"}
ZONES = Path(__file__).parents[1] / "fragments/schedule/files/time-zones.yaml"
ALONE = "."  # there, names of one part
MEBIBYTE = 1048576
POWERS = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}


def check(render: Render) -> Iterator[Fault]:
    """Every fault within an object of a render."""
    for owner in render.objects:
        for found in (_name, _words, _kept, _ordered, _size, _keys, _nulls, _encoded, _ports, _networks, _zone):
            yield from found(owner)
    for pod in render.pods:
        for look in (_grace, _root, _spread, _match):
            yield from look(pod)
        for path, container in pod.containers():
            yield from _amounts(pod.owner, path, container)


def number(quantity: Any) -> Decimal | None:
    """A quantity of Kubernetes' as a number; None where it is none."""
    text = str(quantity)
    found = re.fullmatch(QUANTITY, text)
    if not found or isinstance(quantity, bool):
        return None
    suffix = found[3] or ""
    if suffix.endswith("i"):
        return Decimal(text.removesuffix(suffix)) * 1024 ** ("KMGTPE".index(suffix[0]) + 1)
    if suffix in POWERS:
        return Decimal(text.removesuffix(suffix)).scaleb(POWERS[suffix])
    return Decimal(text)


def _name(owner: Object) -> Iterator[Fault]:
    pattern, longest, words = NAMES.get(owner.kind, SUBDOMAIN)
    if not re.fullmatch(pattern, owner.name) or len(owner.name) > longest:
        yield owner.fault(("metadata", "name"), f"is not a valid name of a {owner.kind}", f"use {words}")


def _words(owner: Object) -> Iterator[Fault]:
    """Helm leaves out an object with a hook that it does not have, and takes any other policy for none."""
    annotations = map_at(owner.data, "metadata.annotations")
    for name, known in WORDS.items():
        for word in str(annotations.get(name, "")).split(",") if name in annotations else ():
            word = word.lower() if name == "helm.sh/hook" else word
            if word.strip() not in known:
                remedy = f"use {', '.join(sorted(known))}"
                yield owner.fault(("metadata", "annotations", name), f"Helm has no '{word.strip()}'", remedy)
    weight = str(annotations.get("helm.sh/hook-weight", "0"))
    if not re.fullmatch(r"[+-]?\d+", weight):
        place = ("metadata", "annotations", "helm.sh/hook-weight")
        yield owner.fault(place, f"'{weight}' is not a number, so Helm uses 0", "write an integer in quotes")


def _kept(owner: Object) -> Iterator[Fault]:
    """The pods of a Job and the claim templates of a workload cannot change, so that an upgrade would be refused."""
    remedy = "leave out labels with the version of the chart"
    claims = {kind: f"{where}[].metadata.labels" for kind, where in CLAIMS.items()}
    places = {"Job": "spec.template.metadata.labels", **claims}
    if owner.kind not in places or owner.hooked:
        return
    for path, labels in maps(owner.data, places[owner.kind]):
        for label in CHANGING:
            if label in labels:
                yield owner.fault((*path, label), "changes with the chart, but this part cannot change", remedy)


def _ordered(owner: Object) -> Iterator[Fault]:
    spec = map_at(owner.data, "spec")
    for kind, low, high in PAIRS:
        least, most = spec.get(low, 0), spec.get(high)
        if owner.kind == kind and isinstance(least, int) and isinstance(most, int) and least > most:
            yield owner.fault(("spec", low), f"{least} is more than {high}, which is {most}", "correct one of the two")
    ready, deadline = spec.get("minReadySeconds", 0), spec.get("progressDeadlineSeconds", 600)
    if owner.kind == "Deployment" and isinstance(ready, int) and isinstance(deadline, int) and ready >= deadline:
        yield owner.fault(("spec", "progressDeadlineSeconds"), "is not more than minReadySeconds", "raise it")


def _size(owner: Object) -> Iterator[Fault]:
    """etcd takes no more."""
    for where, most in (("data", MEBIBYTE), ("stringData", MEBIBYTE), ("metadata.annotations", MEBIBYTE // 4)):
        texts = map_at(owner.data, where)
        size = sum(len(text.encode()) for text in texts.values() if isinstance(text, str))
        if size > most and (owner.kind in ("ConfigMap", "Secret") or where == "metadata.annotations"):
            path: Key = tuple(where.split("."))
            yield owner.fault(path, f"has {size} bytes, more than the {most} that are allowed", "make it smaller")


def _keys(owner: Object) -> Iterator[Fault]:
    both = map_at(owner.data, "data").keys() & map_at(owner.data, "binaryData").keys()
    for key in sorted(map(str, both)) if owner.kind == "ConfigMap" else ():
        yield owner.fault(("binaryData", key), "is also a key of data", "keep one of the two")


def _nulls(owner: Object) -> Iterator[Fault]:
    """A null in a list, which the API server reads as an empty text, the number 0 or a map without keys."""
    for path, found, listed in holders(owner.data):
        for number in (number for number, item in found if listed and item is None):
            said = "is null, which the API server reads as an empty item"
            yield owner.fault((*path, number), said, "write a value, or remove the item")


def _encoded(owner: Object) -> Iterator[Fault]:
    """Data of a Secret is base64, to the last of four characters; logins at registries are JSON."""
    given = map_at(owner.data, "data") if owner.kind == "Secret" else {}
    logins = dict(map_at(owner.data, "stringData"))
    for key, text in given.items():
        try:
            logins.setdefault(key, b64decode("".join(str(text).split()), validate=True))
        except ValueError:
            yield owner.fault(("data", key), "is not base64", "encode it, or write it as text into stringData")
    key = LOGINS.get(str(owner.data.get("type")))
    if owner.kind == "Secret" and key in logins:
        try:
            json.loads(logins[key])
        except (ValueError, TypeError, RecursionError):
            place = "data" if key in given else "stringData"
            yield owner.fault((place, str(key)), "is not JSON", "write it as 'docker login' does")


def _ports(owner: Object) -> Iterator[Fault]:
    """The range of ports in a NetworkPolicy."""
    ways = ("spec.ingress[].ports[]", "spec.egress[].ports[]") if owner.kind == "NetworkPolicy" else ()
    for path, row in (found for way in ways for found in maps(owner.data, way)):
        first, last = row.get("port"), row.get("endPort")
        if isinstance(first, int) and isinstance(last, int) and last < first:
            yield owner.fault(
                (*path, "endPort"), f"{last} is less than port, which is {first}", "correct one of the two"
            )


def _networks(owner: Object) -> Iterator[Fault]:
    """Kubernetes 1.37 refuses bits after the prefix, which older versions ignore."""
    ways = ("spec.ingress[].from[].ipBlock", "spec.egress[].to[].ipBlock") if owner.kind == "NetworkPolicy" else ()
    for path, block in (found for way in ways for found in maps(owner.data, way)):
        whole = network(block.get("cidr"))
        if whole is None:
            yield _unknown(owner, (*path, "cidr"), block.get("cidr"))
        for place, text in at(block, "except[]", path):
            part = network(text)
            if part is None:
                yield _unknown(owner, place, text)
            elif whole and (part == whole or part.version != whole.version or not part.subnet_of(whole)):
                message = f"{text} is not a part of {block['cidr']}"
                yield owner.fault(place, message, "remove it, or write a smaller network within the block")


def _zone(owner: Object) -> Iterator[Fault]:
    """The API server refuses a time zone that it does not know."""
    zone = map_at(owner.data, "spec").get("timeZone") if owner.kind == "CronJob" else None
    if isinstance(zone, str) and zone.lower() not in ("", "local") and zone not in _zones():
        remedy = nearest(zone, sorted(_zones()), "the time zones of the IANA database")
        remedy = remedy if remedy.startswith("did you mean") else "use a name such as Europe/Berlin"
        yield owner.fault(("spec", "timeZone"), f"'{zone}' is not a time zone", remedy)


@cache
def _zones() -> set[str]:
    """The time zones that the chart's own checks accept: those of this machine would be others on the next one."""
    table = parse(ZONES.read_text(encoding="utf-8"), str(ZONES)).data
    named = {f"{first}/{rest}" for first, names in table.items() for rest in names.split() if first != ALONE}
    return {*named, *table[ALONE].split()}


def _unknown(owner: Object, path: Key, text: Any) -> Fault:
    try:
        found = ip_network(str(text), strict=False)
        remedy = "write it as a network of IPv4" if mapped(found) else f"write {found}"
    except ValueError:
        remedy = "write a network such as 10.0.0.0/8"
    return owner.fault(path, f"{text} is not a network", remedy)


def network(text: Any) -> IPv4Network | IPv6Network | None:
    """What a CIDR says; None where it is none, has bits after its prefix, or is written as IPv6 and means IPv4."""
    if not re.search(r"/(0|[1-9][0-9]{0,2})$", str(text)):
        return None
    try:
        found = ip_network(str(text))
    except ValueError:
        return None
    return None if mapped(found) else found


def mapped(found: IPv4Network | IPv6Network) -> bool:
    """Whether it is an IPv4 address within one of IPv6, such as ::ffff:10.0.0.1, which the API server refuses."""
    return isinstance(found, IPv6Network) and found.network_address.ipv4_mapped is not None


def _amounts(owner: Object, path: Key, container: dict[str, Any]) -> Iterator[Fault]:
    requests, limits = (map_at(container, f"resources.{word}") for word in ("requests", "limits"))
    for word, amounts in (("requests", requests), ("limits", limits)):
        for name, amount in amounts.items():
            yield from _amount(owner, (*path, "resources", word, name), name, amount)
    for name, amount in requests.items():
        least, most, place = number(amount), number(limits.get(name)), (*path, "resources", "requests", name)
        fixed = "/" in str(name) or str(name).startswith("hugepages-")
        if least is not None and most is not None and least > most:
            message = f"{amount} is more than the limit, which is {limits[name]}"
            yield owner.fault(place, message, "lower the request, or raise the limit")
        elif fixed and least != most:
            message = f"differs from the limit, but {name} cannot be shared"
            yield owner.fault(place, message, "set the same limit, or leave the request out")
    if any(str(name).startswith("hugepages-") for name in limits) and not {"cpu", "memory"} & {*requests, *limits}:
        yield owner.fault((*path, "resources"), "has huge pages without cpu and memory", "set one of the two")


def _amount(owner: Object, path: Key, name: Any, amount: Any) -> Iterator[Fault]:
    value = number(amount)
    if value is None:
        return
    if "/" in str(name) and value != value.to_integral_value():
        yield owner.fault(path, f"{amount} is not an integer", "request complete devices")
    elif name == "memory" and str(amount).endswith("m"):
        yield owner.fault(path, f"{amount} is a thousandth of a byte for each", "write M or Mi for megabytes")


def _grace(pod: Pod) -> Iterator[Fault]:
    grace = pod.spec.get("terminationGracePeriodSeconds", 30)
    for path, container in pod.containers():
        for place, seconds in at(container, "lifecycle.preStop.sleep.seconds", path):
            if isinstance(seconds, int) and isinstance(grace, int) and seconds > grace:
                message = f"{seconds} is more than terminationGracePeriodSeconds, which is {grace}"
                yield pod.owner.fault(place, message, "raise terminationGracePeriodSeconds")


def _root(pod: Pod) -> Iterator[Fault]:
    """The kubelet starts no container that has to run as another user than root, and is told to run as root."""
    whole = map_at(pod.spec, "securityContext")
    for path, container in pod.containers():
        context = whole | map_at(container, "securityContext")
        if context.get("runAsNonRoot") is True and context.get("runAsUser") == 0:
            own = "runAsUser" in map_at(container, "securityContext")
            place = (*(path if own else pod.path), "securityContext", "runAsUser")
            yield pod.owner.fault(place, "is root, but runAsNonRoot is true", "set another user")


def _spread(pod: Pod) -> Iterator[Fault]:
    seen = set()
    for path, row in maps(pod.spec, "topologySpreadConstraints[]", pod.path):
        known = (str(row.get("topologyKey")), str(row.get("whenUnsatisfiable")))
        if known in seen:
            message = "the pod already has a constraint of this topologyKey and whenUnsatisfiable"
            yield pod.owner.fault(path, message, "keep one of the two")
        seen.add(known)


def _match(pod: Pod) -> Iterator[Fault]:
    """The API server adds the labels of matchLabelKeys to the selector, which must not have them yet."""
    terms = (
        "preferredDuringSchedulingIgnoredDuringExecution[].podAffinityTerm",
        "requiredDuringSchedulingIgnoredDuringExecution[]",
    )
    places = [f"affinity.{kind}.{term}" for kind in ("podAffinity", "podAntiAffinity") for term in terms]
    for path, row in (
        found for place in (*places, "topologySpreadConstraints[]") for found in maps(pod.spec, place, pod.path)
    ):
        known = {str(key) for key in map_at(row, "labelSelector.matchLabels")}
        known |= {str(key) for _, key in at(row, "labelSelector.matchExpressions[].key")}
        for word in ("matchLabelKeys", "mismatchLabelKeys"):
            for place, key in at(row, f"{word}[]", path):
                if str(key) in known:
                    yield pod.owner.fault(place, f"'{key}' is also in labelSelector", "keep one of the two")


def replicas(owner: Object) -> int:
    """How many pods a workload has by its own word."""
    found = map_at(owner.data, "spec").get("replicas", 1)
    return found if owner.kind in WORKLOADS and isinstance(found, int) else 1
