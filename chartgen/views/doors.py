"""The addresses by which clients reach a release: of Services, nodes, Ingresses, routes and Gateways."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from ..proofs.manifests import Object, Pod, Render, at, map_at, maps
from ..reading.yamlfile import Key
from .harmless import formed

ROUTES = ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")
POOL = "InferencePool"
SETS = ("ListenerSet", "XListenerSet")  # more listeners of a Gateway
LISTENING = ("Gateway", *SETS)
TRAEFIK = ("IngressRoute", "IngressRouteTCP", "IngressRouteUDP")
CLASS = "kubernetes.io/ingress.class"  # the annotation that was used before the field
ONLY = "this path only"  # of an address whose path has nothing below it
TCP = "TCP"

Named = tuple[str, str, str]  # kind, namespace, name


@dataclass(frozen=True)
class Backend:
    """What answers at an address: an object, and its port by number or name; None for every port."""

    kind: str
    namespace: str
    name: str
    port: int | str | None = None

    @property
    def named(self) -> Named:
        return self.kind, self.namespace, self.name


# What answers where a route redirects clients to another URL.
REDIRECT = Backend("", "", "a redirect")


@dataclass(frozen=True)
class Door:
    """An address of `owner`. `way` is the address in a sentence, `title` and `lines` in a picture.

    Requests arrive at `entry` by `scheme`, and by the controller, the Gateway or the address that `by` names, "" for
    the cluster's default. They pass the objects `through`. The address is every `host` if that is "", everything below
    `path` unless `exact`, and only what meets all `conditions`, from `sources`. `inside` are those that only the
    cluster reaches: no picture shows them.
    """

    owner: Object
    way: str
    entry: tuple[Any, ...]
    backends: tuple[Backend, ...] = ()
    title: str = ""
    lines: tuple[str, ...] = ()
    by: str = ""
    scheme: str = ""
    host: str = ""
    path: str = "/"
    exact: bool = False
    conditions: frozenset[str] = frozenset()
    sources: tuple[str, ...] = ()
    through: tuple[Named, ...] = ()
    inside: bool = False

    @property
    def same(self) -> tuple[Any, ...]:
        """What two doors to one address have in common."""
        where = (self.entry, self.by, self.scheme, self.host, self.path, self.exact)
        return (*where, self.conditions, frozenset(self.sources))

    def within(self, other: Door) -> bool:
        """Whether every request of this address is one of the other, by any scheme and whatever serves that."""
        return (
            self.entry == other.entry
            and _host_within(self.host, other.host)
            and _path_within(self, other)
            and other.conditions <= self.conditions
            and _sources_within(self.sources, other.sources)
        )

    @property
    def narrow(self) -> tuple[Any, ...]:
        """What is greater for the address that controllers choose where a request is one of several."""
        wild = self.host.startswith("*")
        return (bool(self.host) - wild / 2, len(self.host), self.exact, len(self.path), len(self.conditions))


def _host_within(host: str, other: str) -> bool:
    if other.startswith("*."):
        return host == other or host.endswith(other[1:])
    return other in ("", host)


def _path_within(one: Door, other: Door) -> bool:
    if other.exact:
        return one.exact and one.path == other.path
    return one.path == other.path or one.path.startswith(f"{other.path.rstrip('/')}/")


def _sources_within(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    if not others or (some and set(some) <= set(others)):
        return True
    try:
        blocks = [ip_network(each, strict=False) for each in others]
        mine = [ip_network(each, strict=False) for each in some]
    except ValueError:
        return False
    return bool(mine) and all(
        any(each.version == block.version and each.subnet_of(block) for block in blocks)  # type: ignore[arg-type]
        for each in mine
    )


def doors(each: Object, render: Render) -> Iterator[Door]:
    """The addresses of an object, in order: one for each port, or for each path or match of each rule."""
    if each.kind == "Ingress":
        yield from _urls(each)
    elif each.kind in ROUTES:
        yield from _routed(each, render)
    elif each.kind in LISTENING:
        yield from _listening(each, render)
    elif each.kind == "Route" and "openshift" in str(each.data.get("apiVersion")):
        yield from _openshift(each)
    elif each.kind in TRAEFIK and str(each.data.get("apiVersion")).startswith("traefik."):
        yield from _traefik(each)
    elif each.kind == "Service":
        yield from _served(each)
    elif each.kind == POOL:
        backend = Backend(*_named(each))
        yield Door(each, f"the InferencePool {each.name}", (POOL, *_named(each)), (backend,), inside=True)
    else:
        for pod in render.pods:
            if pod.owner is each and not pod.passing:
                yield from _of_nodes(each, pod)


def _protocol(port: dict[str, Any]) -> tuple[str, str]:
    """The protocol of a port, and how a sentence begins with it."""
    protocol = str(port.get("protocol") or TCP)
    return protocol, "" if protocol == TCP else f"{formed(protocol, 'none')} "


def _named(each: Object) -> Named:
    return each.kind, each.namespace, each.name


def plain(value: Any) -> Any:
    """A number or a text; what else is there is a text, so that it can be looked up."""
    return value if isinstance(value, int | str | None) else str(value)


# --- Services and nodes ----------------------------------------------------------------------------------------------


def _served(service: Object) -> Iterator[Door]:
    spec = map_at(service.data, "spec")
    kind = spec.get("type") or "ClusterIP"
    name = service.name if service.namespace == Render.namespace else f"{service.name}.{service.namespace}"
    if kind == "ExternalName":
        outside = (Backend("", "", str(spec.get("externalName"))),)
        yield Door(service, f"{name} inside the cluster", ("cluster", *_named(service)), outside, inside=True)
        return
    local = spec.get("internalTrafficPolicy") == "Local"
    here = frozenset({"nodes that run its pods"} if local else ())
    for _, port in maps(service.data, "spec.ports[]"):
        number, protocol, said = plain(port.get("port")), *_protocol(port)
        backends = (Backend(*_named(service), number),)
        within = "inside the cluster" + (", on nodes that run its pods" if local else "")
        way = f"{said}{name}:{formed(number, 'port')} {within}"
        entry = ("cluster", *_named(service))
        about: dict[str, Any] = {"path": f"/{number}/{protocol}", "inside": True, "conditions": here}
        yield Door(service, way, entry, backends, **about)
        if kind in ("NodePort", "LoadBalancer"):
            yield from _outside(service, spec, port, backends)
        for _, address in at(service.data, "spec.externalIPs[]"):
            title, where = f"{said}port {formed(number, 'port')}", f"of the address {formed(address, 'address')}"
            entry = ("address", str(address), number, protocol)
            yield Door(service, f"{title} {where}", entry, backends, title, (where, service.title))


def _outside(
    service: Object, spec: dict[str, Any], port: dict[str, Any], backends: tuple[Backend, ...]
) -> Iterator[Door]:
    """The port of a load balancer, and the one of each node."""
    number, node = plain(port.get("port")), plain(port.get("nodePort"))
    protocol, said = _protocol(port)
    balancer = spec.get("type") == "LoadBalancer"
    if balancer:
        sources = tuple(str(each) for _, each in at(spec, "loadBalancerSourceRanges[]"))
        allowed = ", ".join(formed(each, "address") for each in sources)
        title = f"{said}port {formed(number, 'port')}"
        where = "of a load balancer" + (f" for {allowed}" if sources else "")
        entry, by = ("balancer", *_named(service), number, protocol), spec.get("loadBalancerIP")
        by = f"the address {formed(by, 'address')}" if by else ""
        lines = (where, service.title)
        yield Door(service, f"{title} {where}", entry, backends, title, lines, by=by, sources=sources)
        if not node and spec.get("allocateLoadBalancerNodePorts") is False:
            return
    title = f"{said}port {formed(node, 'port')}" if node else f"a {said}port"
    local = spec.get("externalTrafficPolicy") == "Local"
    where = "of every node" + (" that runs its pods" if local else "") + ("" if node else ", which Kubernetes chooses")
    entry = ("node", node, protocol) if node else ("node", *_named(service), plain(port.get("name")), protocol)
    conditions = frozenset({"nodes that run its pods"} if local else ())
    lines, way = () if balancer else (where, service.title), f"{title} {where}"
    title = "" if balancer else title
    yield Door(service, way, entry, backends, title, lines, conditions=conditions)


def _of_nodes(owner: Object, pod: Pod) -> Iterator[Door]:
    """The ports that containers have on their nodes."""
    network = pod.spec.get("hostNetwork") is True
    for port in pod.ports():
        node = plain(port.get("hostPort")) or (plain(port.get("containerPort")) if network else None)
        if node:
            protocol, said = _protocol(port)
            title, where = f"{said}port {formed(node, 'port')}", "of the nodes that run its pods"
            at_ip = port.get("hostIP")
            address = f" at {formed(at_ip, 'address')}" if at_ip not in (None, "", "0.0.0.0") else ""
            entry = ("pods", *_named(owner), node, protocol, address)
            backends = (Backend(*_named(owner)),)
            way = f"{title} of the nodes that run pods of {owner.title}{address}"
            yield Door(owner, way, entry, backends, title, (f"{where}{address}", owner.title))


# --- Ingresses -------------------------------------------------------------------------------------------------------


def _urls(ingress: Object) -> Iterator[Door]:
    """A URL for each path of an Ingress, and for what no rule is for."""
    tls = {str(host) for _, host in at(ingress.data, "spec.tls[].hosts[]")}
    spec, annotations = map_at(ingress.data, "spec"), map_at(ingress.data, "metadata.annotations")
    named = spec.get("ingressClassName") or annotations.get(CLASS)
    by = f"the class {formed(named, 'name')}" if named else ""
    found = []
    for _, rule in maps(ingress.data, "spec.rules[]"):
        host = str(rule.get("host") or "")
        for _, path in maps(rule, "http.paths[]"):
            scheme = "https" if tls & {host, f"*.{host.partition('.')[2]}"} else "http"
            exact, backend = path.get("pathType") == "Exact", map_at(path, "backend.service")
            found.append((scheme, host, str(path.get("path") or "/"), exact, backend))
    if default := map_at(ingress.data, "spec.defaultBackend.service"):
        found.append(("http", "", "/", False, default))
    for scheme, host, path, exact, service in found:
        url, lines = f"{scheme}://{formed(host or '*', 'host')}{formed(path, 'path')}", (ONLY,) if exact else ()
        number = map_at(service, "port")
        backend = Backend(
            "Service", ingress.namespace, str(service.get("name")), plain(number.get("number", number.get("name")))
        )
        way = f"{url} ({ONLY})" if exact else url
        place: dict[str, Any] = {"by": by, "scheme": scheme, "host": host, "path": path, "exact": exact}
        yield Door(ingress, way, ("Ingress",), (backend,), url, lines, **place)


# --- Routes of OpenShift and of Traefik -------------------------------------------------------------------------------


def _openshift(route: Object) -> Iterator[Door]:
    """The URL of a Route, by http as well if it has no certificate or allows both; the router redirects the rest."""
    spec, tls = map_at(route.data, "spec"), map_at(route.data, "spec.tls")
    host, path = str(spec.get("host") or ""), str(spec.get("path") or "/")
    if spec.get("wildcardPolicy") == "Subdomain" and "." in host:
        host = f"*.{host.partition('.')[2]}"
    port = plain(map_at(spec, "port").get("targetPort"))
    targets = [spec.get("to"), *(spec.get("alternateBackends") or [])]
    backends = tuple(
        Backend(
            str(each.get("kind") or "Service"),
            route.namespace,
            str(each.get("name")),
            port if isinstance(port, str) and not port.isdigit() else None,
        )
        for each in targets
        if isinstance(each, dict) and each.get("weight") != 0
    )
    insecure = tls.get("insecureEdgeTerminationPolicy")
    schemes = ["https", *(["http"] if insecure in ("Allow", "Redirect") else [])] if tls else ["http"]
    for scheme in schemes:
        url = f"{scheme}://{formed(host, 'host') if host else 'a host of the cluster'}{formed(path, 'path')}"
        lines = ("redirected to https",) if tls and scheme == "http" and insecure == "Redirect" else ()
        # Without a host, the cluster makes one of the name of the Route.
        entry = ("Route",) if host else ("Route", *_named(route))
        place: dict[str, Any] = {"scheme": scheme, "host": host, "path": path, "by": "the router of OpenShift"}
        yield Door(route, f"{url} ({lines[0]})" if lines else url, entry, backends, url, lines, **place)


CALL = re.compile(r"(!?)\b([A-Za-z]+)\(([^()]*)\)")
TEXT = re.compile(r"[`\"]([^`\"]*)[`\"]")


def _traefik(route: Object) -> Iterator[Door]:
    """The hosts and paths that the rules of an IngressRoute match, through its entry points."""
    spec = map_at(route.data, "spec")
    points = sorted(formed(each, "name") for _, each in at(spec, "entryPoints[]"))
    by = f"Traefik's entry points {', '.join(points)}" if points else "Traefik's default entry points"
    secure = spec.get("tls") is not None
    schemes = {TRAEFIK[0]: ("http", "https"), TRAEFIK[1]: ("tcp", "tls"), TRAEFIK[2]: ("udp", "udp")}[route.kind]
    scheme = schemes[secure]
    for _, rule in maps(spec, "routes[]"):
        backends = _backends(route, maps(rule, "services[]"))
        for host, path, exact, conditions in _matches(str(rule.get("match") or "")):
            lines = (*((ONLY,) if exact else ()), *conditions.values())
            shown = formed(path, "path") if route.kind == TRAEFIK[0] else ""
            url = f"{scheme}://{formed(host, 'host') if host else '*'}{shown}"
            place: dict[str, Any] = {"scheme": scheme, "host": host, "path": path, "exact": exact, "by": by}
            place["conditions"] = frozenset(conditions)
            way = f"{url} ({', '.join(lines)})" if lines else url
            yield Door(route, f"{way} through {by}", (route.kind,), backends, url, (*lines, f"through {by}"), **place)


def _matches(rule: str) -> Iterator[tuple[str, str, bool, dict[str, str]]]:
    """The ways of a rule of Traefik, each (host, path, whether it is that only, other conditions as printed)."""
    other = {rule: "if it matches its rule"}
    if re.fullmatch(r"[\s&|]*", CALL.sub("", rule)) is None:
        yield "", "/", False, other  # with brackets, or in a form of an older version
        return
    for part in rule.split("||"):
        hosts, paths, conditions = [""], [("/", False)], {}
        for found in CALL.finditer(part):
            texts = TEXT.findall(found[3])
            if found[2] in ("Host", "HostSNI") and texts and not found[1]:
                hosts = ["" if each == "*" else each for each in texts]
            elif found[2] in ("PathPrefix", "Path") and texts and not found[1]:
                paths = [(each, found[2] == "Path") for each in texts]
            else:
                # What a client has to send can be a key.
                conditions[found[0]] = f"{'not ' if found[1] else ''}by {formed(found[2], 'name')}"
        for host in hosts:
            yield from ((host, path, exact, conditions) for path, exact in paths)


# --- Gateways --------------------------------------------------------------------------------------------------------


def _gateway(each: Object) -> Named:
    """The Gateway of listeners: the object itself, or the one that a set belongs to."""
    if each.kind not in SETS:
        return _named(each)
    parent = map_at(each.data, "spec.parentRef")
    return str(parent.get("kind") or "Gateway"), str(parent.get("namespace") or each.namespace), str(parent.get("name"))


def _listening(gateway: Object, render: Render) -> Iterator[Door]:
    named = _gateway(gateway)
    owner = render.find(named[0], named[2], named[1]) if gateway.kind in SETS else gateway
    name = map_at(owner.data if owner else {}, "spec").get("gatewayClassName")
    for _, listener in maps(gateway.data, "spec.listeners[]"):
        port, protocol, host = (plain(listener.get(key)) for key in ("port", "protocol", "hostname"))
        about = formed(protocol, "name") + (f", {formed(host, 'host')}" if host else "")
        way = f"port {formed(port, 'port')} ({about}) of the Gateway {formed(named[2], 'name')}"
        entry = ("listener", *named, port, protocol)
        yield Door(gateway, way, entry, by=f"the class {formed(name, 'name')}", host=str(host or ""), inside=True)


def _backends(route: Object, references: Iterable[tuple[Key, dict[str, Any]]]) -> tuple[Backend, ...]:
    """What the references of a rule lead to; one of weight 0 gets no request."""
    return tuple(
        Backend(
            str(each.get("kind") or "Service"),
            str(each.get("namespace") or route.namespace),
            str(each.get("name")),
            plain(each.get("port")),
        )
        for _, each in references
        if each.get("weight") != 0
    )


def _routed(route: Object, render: Render) -> Iterator[Door]:
    """The hosts of a route, through each of its Gateways, for each match of each rule."""
    hosts = [str(host) for _, host in at(route.data, "spec.hostnames[]")] or [""]
    parents = [found for _, each in maps(route.data, "spec.parentRefs[]") for found in _parents(route, each, render)]
    for rule in [rule for _, rule in maps(route.data, "spec.rules[]")] or [{}]:
        backends = _backends(route, maps(rule, "backendRefs[]"))
        if any(each.get("type") == "RequestRedirect" for _, each in maps(rule, "filters[]")):
            backends = (REDIRECT,)
        for match in [match for _, match in maps(rule, "matches[]")] or [{}]:
            path, exact, conditions = _matched(match)
            lines = (*((ONLY,) if exact else ()), *conditions.values())
            for host in hosts:
                for parent, by, listener, asked, said, title in parents:
                    place = formed(host, "host") if host else "every host"
                    shown = "" if path == "/" else formed(path, "path")
                    about = f" ({', '.join(lines)})" if lines else ""
                    yield Door(
                        route,
                        f"{place}{shown}{about} through {by}{said}",
                        ("Gateway", route.kind, listener),
                        backends,
                        f"{place}{shown}",
                        (*lines, f"through {by}{title}"),
                        by=by,
                        host=host,
                        path=path,
                        exact=exact,
                        conditions=frozenset({*conditions, *asked}),
                        through=(parent,),
                    )


# What a route goes through, the Gateway in a sentence, its listener if that is known, what is asked of it otherwise,
# and how a sentence and a picture name it.
Parent = tuple[Named, str, str, tuple[str, ...], str, str]


def _parents(route: Object, said: dict[str, Any], render: Render) -> Iterator[Parent]:
    """The listeners that a route goes through; of a Gateway that is in the release, those that let it."""
    kind, name = str(said.get("kind") or "Gateway"), str(said.get("name"))
    namespace = str(said.get("namespace") or route.namespace)
    named = kind, namespace, name
    found, section, port = render.find(kind, name, namespace), said.get("sectionName"), said.get("port")
    # Listeners of a set are reached at the address of its Gateway.
    kind, namespace, name = _gateway(found) if found and kind in SETS else named
    by = f"the {formed(kind, 'name')} {formed(name, 'name')}"
    by += f" in {formed(namespace, 'name')}" if namespace != route.namespace else ""
    listeners = [each for _, each in maps(found.data, "spec.listeners[]")] if found and found.kind in LISTENING else []
    fits = [
        each
        for each in listeners
        if found
        and section in (None, each.get("name"))
        and port in (None, each.get("port"))
        and _lets(each, found, route)
    ]
    for each in fits:
        about = f", port {formed(plain(each.get('port')), 'port')} ({formed(plain(each.get('protocol')), 'name')})"
        yield named, by, about, (), about, about if len(fits) > 1 else ""
    if not listeners:
        about = f", listener {formed(section, 'name')}" if section else f", port {formed(port, 'none')}" if port else ""
        yield named, by, "", (f"listener {section} {port}",) if about else (), about, about


def _lets(listener: dict[str, Any], gateway: Object, route: Object) -> bool:
    """Whether a listener takes a route of this namespace and of these hosts."""
    whence = map_at(listener, "allowedRoutes.namespaces").get("from") or "Same"
    if whence == "None" or (whence == "Same" and gateway.namespace != route.namespace):
        return False
    host, hosts = str(listener.get("hostname") or ""), [str(each) for _, each in at(route.data, "spec.hostnames[]")]
    return not hosts or any(_host_within(each, host) or _host_within(host, each) for each in hosts)


def _matched(match: dict[str, Any]) -> tuple[str, bool, dict[str, str]]:
    """What a match of a rule wants: (the path, whether it is that only, its other conditions as they are printed)."""
    said = map_at(match, "path")
    path, kind = str(said.get("value") or "/"), said.get("type")
    conditions: dict[str, str] = {}
    if kind == "RegularExpression":
        conditions[f"paths {path}"] = f"paths like {formed(path, 'path')}"
        path = "/"
    method = match.get("method")
    if isinstance(method, dict):  # of a GRPCRoute
        calls = [method.get("service", "every service"), method.get("method", "*")]
        conditions[f"calls {calls}"] = f"calls of {'/'.join(formed(each, 'call') for each in calls)}"
    elif method:
        conditions[f"method {method}"] = f"{formed(method, 'none')} requests"
    for where, name in (("headers[]", "header"), ("queryParams[]", "parameter")):
        for _, each in maps(match, where):
            sign = "like" if each.get("type") == "RegularExpression" else "="
            # What a client has to send can be a key.
            shown = f"{name} {formed(each.get('name'), 'name')} {sign} {formed(each.get('value'), 'none')}"
            conditions[f"{name} {each}"] = shown
    return path, kind == "Exact", conditions
