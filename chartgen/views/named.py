"""Who names an object in other ways than `proofs.dangling` knows: kinds of controllers, and annotations.

A controller whose objects name one that is not there serves nothing, or renews nothing, and no render shows it. Any
field with a kind and a name is such a reference, whatever the kind is that has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..proofs import dangling
from ..proofs.manifests import Object, Render, map_at, maps
from . import controllers
from .harmless import formed
from .immutable import EVERYWHERE

Named = tuple[str, str, str]  # kind, name and namespace; "" for a kind without namespaces

# A field that names an object without its kind -> the kind.
USUAL = {
    "certificateRefs": "Secret",
    "clientCertificateRef": "Secret",
    "endpointPickerRef": "Service",
    "issuerRef": "Issuer",
    "secretStoreRef": "SecretStore",
    "storeRef": "SecretStore",
    "authenticationRef": "TriggerAuthentication",
    "backendRefs": "Service",
    "parentRefs": "Gateway",
    "parentRef": "Gateway",
    "poolRef": "InferencePool",
    "middlewares": "Middleware",
    "secretTargetRef": "Secret",
    "configMapTargetRef": "ConfigMap",
}
# Credentials of monitors and of other kinds, with the key of the Secret.
CREDENTIAL = re.compile(r"secret(?:Ref|KeyRef)?|keySecret|bearerTokenSecret|username|password|credentials|clientSecret")
# What names the object that it is for. Without that, it does nothing, and nothing fails.
FOR = ("targetRef", "targetRefs", "scaleTargetRef", "involvedObject")
# What `dangling` reads, with what is optional.
PODS = ("containers", "initContainers", "volumes", "volumeClaimTemplates")
# Annotations by the end of their keys -> the kind that they name, alone or with others after commas.
ANNOTATIONS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(key), kind)
    for key, kind in (
        (r"traefik\.ingress\.kubernetes\.io/router\.middlewares", "Middleware"),
        (r"traefik\.ingress\.kubernetes\.io/router\.tls\.options", "TLSOption"),
        (r"traefik\.ingress\.kubernetes\.io/service\.serverstransport", "ServersTransport"),
        (r"cert-manager\.io/issuer", "Issuer"),
        (r"cert-manager\.io/cluster-issuer", "ClusterIssuer"),
        (r"konghq\.com/plugins", "KongPlugin"),
        (r"k8s\.apisix\.apache\.org/plugin-config-name", "ApisixPluginConfig"),
        (r"nginx\.ingress\.kubernetes\.io/(?:auth-secret|auth-tls-secret|proxy-ssl-secret)", "Secret"),
        (r"nginx\.(?:org|com)/(?:basic-auth-secret|jwt-key)", "Secret"),
        (
            r"(?:haproxy\.org|haproxy-ingress\.github\.io)/(?:auth-secret|auth-tls-secret|server-ca|server-crt)",
            "Secret",
        ),
        (r"(?:nginx\.ingress\.kubernetes\.io|haproxy-ingress\.github\.io)/custom-http-errors-configmap", "ConfigMap"),
    )
)
CRD = "@kubernetescrd"  # how Traefik's annotations end that name an object: NAMESPACE-NAME@kubernetescrd
# What it means that an object goes which others name.
MEANS = {
    "Middleware": "Traefik serves none of its routes without it",
    "TLSOption": "Traefik serves none of its routes without it",
    "ServersTransport": "Traefik serves none of its routes without it",
    "Issuer": "nothing renews its certificate without it",
    "ClusterIssuer": "nothing renews its certificate without it",
    "SecretStore": "nothing updates its Secret without it",
    "ClusterSecretStore": "nothing updates its Secret without it",
    "TriggerAuthentication": "KEDA does not read its triggers without it",
    "ClusterTriggerAuthentication": "KEDA does not read its triggers without it",
}


def users(named: Named, render: Render) -> dict[str, Object]:
    """The objects of a render that name this one, by their titles."""
    kept = render.memory.get(users)
    if kept is None:
        kept = render.memory[users] = {}
        for each in render.objects:
            for other in _all(each) if not each.hooked else ():
                kept.setdefault(other, {})[each.title] = each
    return kept.get(_key(*named), {})


def means(gone: Object, user: Object) -> str:
    """What becomes of who names an object that goes, "" where no more is known."""
    if gone.kind == "Secret" and user.kind in ("Ingress", "Gateway", "ListenerSet", "IngressRoute"):
        listens = user.kind in ("Gateway", "ListenerSet")
        return "its listener is not served without it" if listens else "its controller can refuse clients without it"
    return MEANS.get(gone.kind, "")


def _key(kind: str, name: str, namespace: str) -> Named:
    return kind, name, "" if kind in EVERYWHERE or kind.startswith("Cluster") else namespace


def _all(each: Object) -> Iterator[Named]:
    for key, value in map_at(each.data, "metadata.annotations").items():
        kind = next((kind for pattern, kind in ANNOTATIONS if pattern.fullmatch(str(key))), "")
        for word in str(value).split(",") if kind else ():
            yield from (_key(kind, name, namespace) for namespace, name in _words(word.strip(), each.namespace))
    for part in each.data:
        if part not in ("metadata", "status"):
            yield from _within(each, each.data[part], "")


def _words(word: str, namespace: str) -> Iterator[tuple[str, str]]:
    """What a word of an annotation can name, as (namespace, name): NAME, NAMESPACE/NAME, or as Traefik joins them."""
    if word.endswith(CRD):
        steps = word.removesuffix(CRD).split("-")
        yield from (("-".join(steps[:n]), "-".join(steps[n:])) for n in range(1, len(steps)))
    elif word and "@" not in word:
        place, slash, name = word.rpartition("/")
        yield (place, name) if slash else (namespace, word)


def _within(owner: Object, data: Any, field: str) -> Iterator[Named]:
    """The references in a part of an object; `field` is the name of the field that has it."""
    if isinstance(data, list):
        for item in data:
            yield from _within(owner, item, field)
    if not isinstance(data, dict) or field in FOR:
        return
    name, kind = data.get("name"), data.get("kind") or USUAL.get(field)
    if isinstance(name, str) and not kind and CREDENTIAL.fullmatch(field):
        kind = "Secret"
    if isinstance(name, str) and isinstance(kind, str):
        yield _key(kind, name, str(data.get("namespace") or owner.namespace))
    if owner.kind not in controllers.MAKERS and isinstance(data.get("secretName"), str):
        made_elsewhere = dangling.ISSUERS & map_at(owner.data, "metadata.annotations").keys()
        if not made_elsewhere:
            yield "Secret", data["secretName"], owner.namespace
    options = data.get("options")
    if field == "tls" and isinstance(options, dict) and isinstance(options.get("name"), str):
        yield "TLSOption", options["name"], str(options.get("namespace") or owner.namespace)
    for key, inner in data.items():
        if key not in PODS:
            yield from _within(owner, inner, str(key))


# --- references to other namespaces ----------------------------------------------------------------------------------


def ungranted(grant: Object, sides: tuple[Render, Render]) -> Iterator[Object]:
    """Whose references to another namespace a ReferenceGrant of the old side allows, and none of the new."""
    if grant.kind != "ReferenceGrant":
        return
    for each in sides[1].objects:
        for kind, name, namespace in set(_all(each)):
            wanted = (each, kind, name, namespace)
            if namespace == grant.namespace != each.namespace and _grants(grant, *wanted):
                others = [other for other in sides[1].of("ReferenceGrant") if other.namespace == namespace]
                if not any(_grants(other, *wanted) for other in others):
                    yield each
                    break


def _grants(grant: Object, owner: Object, kind: str, name: str, namespace: str) -> bool:
    group = str(owner.data.get("apiVersion", "")).rpartition("/")[0]
    whence = any(
        (each.get("group"), each.get("kind"), each.get("namespace")) == (group, owner.kind, owner.namespace)
        for _, each in maps(grant.data, "spec.from[]")
    )
    return whence and any(
        each.get("kind") == kind and each.get("name") in (None, "", name) for _, each in maps(grant.data, "spec.to[]")
    )


# --- policies of controllers -----------------------------------------------------------------------------------------

ENCRYPTED = ("BackendTLSPolicy",)


def policies(old: Object | None, new: Object | None, after: Render) -> Iterator[tuple[bool, str]]:
    """What it means that an object for others comes, goes or changes: (whether clients can fail, what is said)."""
    before, now = _targets(old), _targets(new)
    each = new or old
    for named in sorted(before - now):
        if after.find(named[0], named[1], named[2]):
            title = f"{formed(named[0], 'name')}/{formed(named[1], 'name')}"
            if each and each.kind in ENCRYPTED:
                yield True, f"requests to {title} are not encrypted any more, and fail if its pods want TLS"
            else:
                yield False, f"{title} has its controller's defaults again, such as its timeouts"


def _targets(policy: Object | None) -> set[Named]:
    """What a policy of a Gateway's controller is for."""
    if not policy or not policy.kind.endswith("Policy"):
        return set()
    places = [map_at(policy.data, "spec.targetRef"), *(each for _, each in maps(policy.data, "spec.targetRefs[]"))]
    return {
        (str(each["kind"]), str(each["name"]), str(each.get("namespace") or policy.namespace))
        for each in places
        if each.get("kind") and each.get("name")
    }
