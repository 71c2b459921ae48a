"""What annotations of Services, Ingresses and Gateways decide about clients: who is let in, addresses and names.

And objects of controllers that decide who is let in, by their kinds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..proofs.manifests import Object, map_at, maps
from .doors import ROUTES, TRAEFIK
from .harmless import formed

KINDS = ("Service", "Ingress", "Gateway", "ListenerSet", "Route", *ROUTES, *TRAEFIK)
# Who is let in: lists of addresses, logins, and rules that are objects of a controller.
GUARD = re.compile(
    r"(?:(?:white|allow|deny|black)-?list|source-ranges?|inbound-cidrs|/auth-(?!realm)|basic-auth|jwt|oidc|satisfy"
    r"|router\.middlewares|security-groups|security-policy|web-?acl|waf|konghq\.com/plugins)",
    re.IGNORECASE,
)
# Where a load balancer is: in which network, and at which address.
PLACE = re.compile(
    r"(?:internal|/scheme$|load-?balancer-(?:type|scheme|ipv4|eip|ip|class|subnet)|loadbalancerips?$|/ips$|address-pool"
    r"|ip-(?:address-)?pool|static-ip|eip-allocations|/subnets?$)",
    re.IGNORECASE,
)
NAMES = re.compile(
    r"external-dns\.(?:alpha\.)?kubernetes\.io/(?:internal-)?hostname|tailscale\.com/hostname"
    r"|nginx\.ingress\.kubernetes\.io/server-alias"
)
# All requests are answered by a redirect.
REDIRECT = re.compile(r"nginx\.ingress\.kubernetes\.io/(?:permanent|temporal)-redirect")
TARGET = re.compile(r"external-dns\.(?:alpha\.)?kubernetes\.io/target")
# Kinds whose objects can refuse clients, of meshes, networks and controllers. A NetworkPolicy of Kubernetes itself is
# understood and compared in policies.py.
GUARDS = re.compile(
    r"Middleware(?:TCP)?|AuthorizationPolicy|RequestAuthentication|PeerAuthentication|Authentication|ServerAuthorization"
    r"|SecurityPolicy|ClientTrafficPolicy|AuthPolicy|RateLimitPolicy|KongPlugin|KongClusterPlugin|ApisixPluginConfig"
    r"|\w+NetworkPolicy"
)
# Kinds by which controllers open addresses that doors.py does not read.
OPENERS = re.compile(
    r"VirtualService|HTTPProxy|ApisixRoute|TCPIngress|UDPIngress|Mapping|TCPMapping|VirtualServer|VirtualServerRoute"
    r"|TransportServer|DomainMapping|TraefikService"
)
# What Tailscale opens, by the annotation that is "true".
TAILNET = {"tailscale.com/expose": "in the tailnet", "tailscale.com/funnel": "on the internet"}


def changed(old: Object, new: Object) -> Iterator[tuple[bool, str]]:
    """What the changed annotations of an object mean: (whether clients can lose it, what is said)."""
    before, after = (map_at(each.data, "metadata.annotations") for each in (old, new))
    if old.kind not in KINDS:
        return
    one, two = _passed(old), _passed(new)
    if sorted(one) != sorted(two):
        said = f"its {'middlewares' if old.kind in TRAEFIK else 'extensions'} decide who is let in"
        yield (
            (True, f"can refuse clients: {said}")
            if set(one) < set(two)
            else (False, f"can let in more clients: {said}, and some are removed")
            if set(two) < set(one)
            else (True, f"can let in other clients than before: {said}")
        )
    for key in sorted({*before, *after}, key=str):
        one, two = (str(each.get(key) or "") for each in (before, after))
        if one != two:
            yield from _one(str(key), one, two, old, new)


def guarding(each: Object, did: str) -> Iterator[tuple[bool, str]]:
    """What it means that an object that decides about clients is added, removed or changed, as in `changed`."""
    group = str(each.data.get("apiVersion")).rpartition("/")[0]
    calico = each.kind == "NetworkPolicy" and "calico" in group
    if "." in group and (calico or GUARDS.fullmatch(each.kind)):
        yield {
            "added": (True, "can refuse clients: its controller decides who is let in"),
            "removed": (False, "can let in more clients: its controller decided who is let in"),
            "changed": (True, "can let in other clients than before: its controller decides who is let in"),
        }[did]
    elif "." in group and (OPENERS.fullmatch(each.kind) or (each.kind == "Gateway" and "istio" in group)):
        yield {
            "added": (False, "can open addresses: its controller decides which"),
            "removed": (True, "can close addresses: its controller decides which"),
            "changed": (True, "can close addresses and open others: its controller decides which"),
        }[did]


def _passed(route: Object) -> list[str]:
    """What of a controller requests pass on a route: middlewares of Traefik, extensions of a Gateway's controller."""
    found = [each for _, each in maps(route.data, "spec.routes[].middlewares[]")] if route.kind in TRAEFIK else []
    if route.kind in ROUTES:
        found = [map_at(each, "extensionRef") for _, each in maps(route.data, "spec.rules[].filters[]")]
    return [f"{each.get('kind')}/{each['name']}" for each in found if each.get("name")]


def _one(key: str, one: str, two: str, old: Object, new: Object) -> Iterator[tuple[bool, str]]:
    if NAMES.fullmatch(key):
        gone, come = (set(map(str.strip, each.split(","))) - {""} for each in (one, two))
        yield from (
            (True, f"the name {formed(name, 'domain')} does not lead to it any more") for name in sorted(gone - come)
        )
        yield from ((False, f"the name {formed(name, 'domain')} leads to it") for name in sorted(come - gone))
    elif REDIRECT.fullmatch(key):
        yield (
            bool(two),
            f"its requests are redirected by {key}" if two else f"its requests are not redirected any more ({key})",
        )
    elif TARGET.fullmatch(key):
        yield True, f"its names lead to {formed(two, 'domains')}" if two else "its names lead to its own address"
    elif key in TAILNET:
        closes = one.lower() == "true"
        if closes or two.lower() == "true":
            yield closes, f"{'closes' if closes else 'opens'} it {TAILNET[key]}"
    elif GUARD.search(key):
        yield (
            (True, f"can refuse clients: {key} decides who is let in")
            if not one
            else (False, f"can let in more clients: {key} decides who is let in, and is removed")
            if not two
            else (True, f"can let in other clients than before: {key} decides who is let in")
        )
    elif PLACE.search(key) and all(_balanced(each) for each in (old, new)):
        yield True, f"its load balancer can get another address: {key} decides where it is"


def _balanced(each: Object) -> bool:
    return each.kind != "Service" or map_at(each.data, "spec").get("type") == "LoadBalancer"
