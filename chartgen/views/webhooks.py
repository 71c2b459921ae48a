"""What the webhooks of controllers refuse in an upgrade: Helm creates and changes objects before it deletes any."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..proofs.manifests import Object, Render, map_at, maps
from .harmless import formed
from .immutable import addressed

# KEDA's own annotations, by which it lets another scaler be (apis/keda/v1alpha1/scaledobject_webhook.go of 2.21).
UNOWNED, TRANSFER = "validations.keda.sh/hpa-ownership", "scaledobject.keda.sh/transfer-hpa-ownership"
SCALERS = ("HorizontalPodAutoscaler", "ScaledObject")
NGINX = "nginx.ingress.kubernetes.io/"


def refused(new: Object, before: Render, after: Render) -> Iterator[tuple[str, str]]:
    """What an object meets of the old side that a webhook does not allow: (what is refused, the way out)."""
    if new.kind == "ScaledObject":
        yield from _scaled(new, before)
    elif new.kind == "Ingress":
        yield from _taken(new, before, after)


def _scaled(new: Object, before: Render) -> Iterator[tuple[str, str]]:
    for old in before.objects:
        if old.kind not in SCALERS or old.namespace != new.namespace or (old.kind, old.name) == (new.kind, new.name):
            continue
        if _target(old) == _target(new) and not _handed(old, new):
            kind, name = _target(new)[1:]
            scaled = f"{formed(kind, 'name')}/{formed(name, 'name')}"
            said = f"KEDA's webhook refuses it: {old.title} scales {scaled} until the upgrade ends"
            yield said, f"delete that before the upgrade: kubectl delete {addressed(old)}"


def _target(each: Object) -> tuple[str, str, str]:
    target = map_at(each.data, "spec.scaleTargetRef")
    group = str(target.get("apiVersion", "apps/v1")).rpartition("/")[0]
    return group, str(target.get("kind", "Deployment")), str(target.get("name"))


def _handed(old: Object, new: Object) -> bool:
    """Whether annotations say that the one may go on, or that the other takes it over."""
    if map_at(old.data, "metadata.annotations").get(UNOWNED) == "false":
        return True
    name = map_at(new.data, "spec.advanced.horizontalPodAutoscalerConfig").get("name")
    return map_at(new.data, "metadata.annotations").get(TRANSFER) == "true" and name == old.name


def _taken(new: Object, before: Render, after: Render) -> Iterator[tuple[str, str]]:
    """Hosts and paths that another Ingress of ingress-nginx has, until Helm deletes it."""
    annotations, spec = map_at(new.data, "metadata.annotations"), map_at(new.data, "spec")
    nginx = "nginx" in str(spec.get("ingressClassName")) or any(str(each).startswith(NGINX) for each in annotations)
    if not nginx or annotations.get(f"{NGINX}canary") == "true":
        return
    own = set(_paths(new.data))
    for old in before.objects:
        if old.kind != "Ingress" or (old.namespace, old.name) == (new.namespace, new.name):
            continue
        other = map_at(old.data, "metadata.annotations").get(f"{NGINX}canary") == "true"
        alike = map_at(old.data, "spec").get("ingressClassName") == spec.get("ingressClassName")
        left = after.find(old.kind, old.name, old.namespace)
        both = own & set(_paths(old.data)) & set(_paths((left or old).data))
        for host, path in sorted(both) if alike and not other else ():
            url = f"{formed(host, 'host')}{formed(path, 'path')}"
            said = f"the webhook of ingress-nginx refuses it: {old.title} has {url} until the upgrade ends"
            yield said, f"delete that before the upgrade: kubectl delete {addressed(old)}"


def _paths(data: Any) -> Iterator[tuple[str, str]]:
    for _, rule in maps(data, "spec.rules[]"):
        for _, path in maps(rule, "http.paths[]"):
            yield str(rule.get("host") or ""), str(path.get("path", "/"))
