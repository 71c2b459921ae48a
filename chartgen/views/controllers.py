"""Objects of controllers: what KEDA stops to scale, and objects of which it is not known what goes with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..proofs.manifests import Object, at, map_at
from . import annotations, harmless

# Groups that are none of those whose fields are known, and hold no data: the API server's own, and controllers that
# make the same again from the same objects.
REMADE = re.compile(
    r"extensions|(?:apiregistration|authentication|authorization|certificates|events|(?:flowcontrol|internal)\.apiserver"
    r"|storagemigration|metrics|autoscaling)\.k8s\.io|(?:jobset|kueue)\.x-k8s\.io"
    r"|(?:acme\.)?cert-manager\.io|trust\.cert-manager\.io|(?:networking|security|telemetry|extensions)\.istio\.io"
    r"|cilium\.io|(?:crd\.)?projectcalico\.org|policy\.linkerd\.io|linkerd\.io|kyverno\.io|(?:templates|constraints)\.gatekeeper\.sh"
    r"|grafana\.integreatly\.org|operator\.victoriametrics\.com|external-secrets\.io|bitnami\.com|secrets\.hashicorp\.com"
    r"|gateway\.envoyproxy\.io|aigateway\.envoyproxy\.io|gateway\.kgateway\.dev|configuration\.konghq\.com|projectcontour\.io"
    r"|apisix\.apache\.org|externaldns\.k8s\.io|metallb\.io|k8s\.cni\.cncf\.io"
    r"|scheduling\.volcano\.sh|scheduling\.run\.ai|nfd\.k8s-sigs\.io|security\.openshift\.io|reloader\.stakater\.com"
)
PAUSED, PAUSED_AT = "autoscaling.keda.sh/paused", "autoscaling.keda.sh/paused-replicas"


# Kinds whose controllers make a Secret -> where its name is; "" is the name of the object. They delete it with the
# object, but for that of a Certificate.
MAKERS = {
    "ExternalSecret": "spec.target.name",
    "SealedSecret": "",
    "VaultStaticSecret": "spec.destination.name",
    "VaultDynamicSecret": "spec.destination.name",
    "VaultPKISecret": "spec.destination.name",
    "OnePasswordItem": "",
    "Certificate": "spec.secretName",
}
# Policies of an ExternalSecret with which the Secret is not its own.
OTHERS = ("Orphan", "Merge", "None")


def made(each: Object | None) -> set[tuple[str, str, str]]:
    """The Secrets that the controller of an object makes, as (kind, name, namespace)."""
    if each is None or each.kind not in MAKERS or map_at(each.data, "spec.target").get("creationPolicy") in OTHERS:
        return set()
    names = [str(name) for _, name in at(each.data, MAKERS[each.kind]) if name] if MAKERS[each.kind] else []
    return {("Secret", names[0] if names else each.name, each.namespace)}


def unknown(each: Object) -> bool:
    """Whether it is not known what the controller of an object makes of it, and what goes with it."""
    group = str(each.data.get("apiVersion", "")).rpartition("/")[0]
    known = harmless.GROUPS.fullmatch(group) or REMADE.fullmatch(group)
    return not known and not any(True for _ in annotations.guarding(each, "added"))


def paused(old: Object | None, new: Object) -> Iterator[tuple[bool, str]]:
    """What KEDA does for the annotations by which it pauses: (whether nothing runs any more, what is said)."""
    if new.kind != "ScaledObject":
        return
    before, after = _paused(old) if old else None, _paused(new)
    if before == after:
        return
    if after is None:
        yield False, "KEDA scales again"
    elif after == PAUSED:
        yield False, "KEDA does not scale it any more: the number of pods stays"
    else:
        none = str(after) == "0"
        pods = "no pods" if none else f"{harmless.formed(after, 'none')} {'pod' if str(after) == '1' else 'pods'}"
        yield none, f"KEDA sets {pods}, and does not scale any more"


def _paused(scaler: Object) -> Any:
    """PAUSED, the number of pods that KEDA sets once, or None if it scales."""
    said = map_at(scaler.data, "metadata.annotations")
    if said.get(PAUSED_AT) is not None:
        return said[PAUSED_AT]
    # KEDA takes anything but a word for false as paused, an empty text too (apis/keda/v1alpha1/scaledobject_types.go).
    text = said.get(PAUSED)
    return PAUSED if text is not None and str(text).lower() not in ("false", "f", "0") else None
