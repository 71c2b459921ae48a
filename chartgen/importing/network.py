"""Endpoints of Open WebUI, Services, and the hosts and certificates of ways in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from .at import EMPTY, At
from .draft import CHANGED, SERVER, Note, slug
from .function import row
from .source import at as inside
from .typed import ANY, LIST, MAP, TEXT, list_at, text_at

OPENAI = "https://api.openai.com/v1"
SEVERAL = "belongs to several endpoints; put each key into a Secret, and name it under existingSecret of the endpoint"
PIPELINES = ":9099"  # the port of Pipelines


LONGEST = 40  # characters of an endpoint's name


@row("endpoints", (MAP, [TEXT], TEXT))
def endpoints(at: At) -> None:
    """URLs of servers elsewhere, as a list or as text with semicolons, become endpoints of Open WebUI by name."""
    if isinstance(at.value, dict):
        at.none("is a reference; llm-stack needs the URL itself, under openWebui.endpoints")
        return
    protocol = at.row["protocol"]
    for key, url in _urls(at.value):
        endpoint(at, url, protocol, {}, *key)


def endpoint(at: At, url: str, protocol: str, more: dict[str, Any], *keys: Any) -> None:
    """One endpoint, under the name of its host."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        at.none("is not a URL", *keys)
        return
    parts = host.split(".")
    place = url.partition("://")[2].partition("/")[0]
    named = parts[0] == _chart(at, "pipelines", "fullnameOverride")
    if _pipelines(at) and (named or (parts[0].endswith("pipelines") and place.endswith(PIPELINES))):
        at.settled("is Pipelines of the release, which Open WebUI always has", *keys)
        return
    if at.draft.server_at(host):
        at.settled("is a server of the release, which Open WebUI always has", *keys)
        return
    name = parts[-2] if parts[:1] in (["api"], ["www"]) and len(parts) > 1 else parts[0]
    name = slug(name if not host.replace(".", "").isdigit() else f"host-{host}", LONGEST)
    used = {put.target[2]: put.value for put in at.draft.puts if put.target[:2] == ("openWebui", "endpoints")}
    value = {"url": url.rstrip("/"), **({"protocol": protocol} if protocol != "openai" else {}), **more}
    if len(parts) == 2 and ":" in place:  # such as http://ollama.models:11434
        text = f"check that {host} exists: if it is the Service {parts[0]} in the namespace {parts[1]}, llm-stack"
        at.draft.advise(f"{text} does not create it")
    same = [
        known
        for known, one in used.items()
        if (one["url"], one.get("protocol")) == (value["url"], value.get("protocol"))
    ]
    if same:  # one of them may have the key of both
        known = next(put for put in at.draft.puts if put.target == ("openWebui", "endpoints", same[0]))
        spots = tuple(at.spots(keys))
        revised = at.draft.revise(known, {**known.value, **value}, spots)
        at.draft.note(spots, Note(CHANGED, revised.how, revised))
        return
    wished, number = name, 1
    while name in used and used[name] != value:
        number += 1
        name = f"{wished}-{number}"
    at.put(("openWebui", "endpoints", name), value, *keys, how="an endpoint under its own name")


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _urls(value: Any) -> list[tuple[tuple[Any, ...], str]]:
    if isinstance(value, list):
        return [((n,), one) for n, one in enumerate(value) if isinstance(one, str)]
    return [((), one.strip()) for one in str(value or "").split(";") if one.strip()]


@row("openai", {"*": TEXT, "openaiBaseApiUrls": ([TEXT], TEXT), "openaiApiKeys": ([TEXT], TEXT)})
def openai(at: At) -> None:
    """The OpenAI endpoints of open-webui's chart: URLs, and keys in the same order or in a Secret."""
    found = at.value
    if found.get("enableOpenaiApi") is False:
        at.settled("enableOpenaiApi is false")
        return
    at.settled("the OpenAI API is on as soon as there is an endpoint", "enableOpenaiApi")
    lists = [("openaiBaseApiUrls", key, url) for key, url in _urls(found.get("openaiBaseApiUrls"))]
    one = [("openaiBaseApiUrl", (), url) for _, url in _urls(found.get("openaiBaseApiUrl"))]
    urls = lists or one
    if not lists and not one and any(key.startswith("openaiApiKey") and found[key] for key in found):
        urls = [("", (), OPENAI)]
    _superseded(at, bool(lists))
    for number, (key, inner, url) in enumerate(urls):
        more, used = _key(at, number, len(urls))
        endpoint(at, url, "openai", more, *([(key, *inner)] if key else []), *used)


def _superseded(at: At, lists: bool) -> None:
    if lists and "openaiBaseApiUrl" in at.value:
        at.settled("openaiBaseApiUrls is used in its place", "openaiBaseApiUrl")
    for other in ("openaiApiKey", "openaiApiKeys"):
        if at.value.get(other) and at.value.get("openaiApiKeyExistingSecret"):
            at.settled("openaiApiKeyExistingSecret is used in its place", other)


def _key(at: At, number: int, urls: int) -> tuple[dict[str, Any], list[Any]]:
    """The Secret with the key of one endpoint, and the leaves that say so."""
    found = at.value
    name, many = found.get("openaiApiKeyExistingSecret"), found.get("openaiApiKeysExistingSecret")
    if name and urls == 1:
        key = found.get("openaiApiKeyExistingSecretKey")
        used = [each for each in ("openaiApiKeyExistingSecret", "openaiApiKeyExistingSecretKey") if each in found]
        return {"existingSecret": name, **({"key": key} if key else {})}, used
    if many:
        text = "has the keys of all endpoints; put each into its own Secret, and name that under existingSecret"
        at.none(text, "openaiApiKeysExistingSecret", "openaiApiKeysExistingSecretKey")
        return {}, []
    keys = found.get("openaiApiKeys")
    text = (
        keys[number]
        if isinstance(keys, list) and number < len(keys)
        else found.get("openaiApiKey")
        if urls == 1
        else None
    )
    if not text or not isinstance(text, str):
        return {}, []
    secret = f"open-webui-openai-{number + 1}" if urls > 1 else "open-webui-openai"
    at.draft.needs.add(f"Secret/{secret}")
    _openai_secret(at, secret)
    used = [("openaiApiKeys", number)] if isinstance(keys, list) and number < len(keys) else ["openaiApiKey"]
    return {"existingSecret": secret, "key": "api-key"}, used


@row("openaiVariable", (TEXT, MAP))
def openai_variable(at: At) -> None:
    """OPENAI_API_BASE_URL(S) and OPENAI_API_KEY among the variables of Open WebUI."""
    others = at.row["others"]
    name = at.row["called"]
    if "KEY" in name:
        if any(other.startswith("OPENAI_API_BASE_URL") for other in others):
            return _key_of_variable(at, others)
        return _key_of_chart(at)
    if isinstance(at.value, dict):
        at.none("is a reference; llm-stack needs the URL itself, under openWebui.endpoints")
        return None
    urls = _urls(at.value)
    key = others.get("OPENAI_API_KEY", others.get("OPENAI_API_KEYS")) if len(urls) == 1 else None
    more = _secret_of(replace(at, value=_value(key))) if key else {}
    for _, url in urls:
        endpoint(at, url, "openai", more)
    return None


def _key_of_variable(at: At, others: dict[str, Any]) -> None:
    urls = next(_urls(_value(one)) for name, one in others.items() if name.startswith("OPENAI_API_BASE_URL"))
    if len(urls) == 1 and at.draft.server_at(_host(urls[0][1])):
        at.settled("is for a server of the release: Open WebUI has the key that the values have for it")
    elif len(urls) == 1:
        at.settled("is under existingSecret of the endpoint")
    else:
        at.none(SEVERAL)


def _key_of_chart(at: At) -> None:
    """The key among the variables belongs to the first URL of the chart's own values: it is sent to no other host."""
    urls = [url for _, url in _urls(_chart(at, "openaiBaseApiUrls") or _chart(at, "openaiBaseApiUrl"))]
    if _chart(at, "enableOpenaiApi") is False:
        at.settled("enableOpenaiApi is false")
    elif _pipelines(at):
        at.none(
            "was sent to Pipelines, which has its own key in llm-stack, pipelines.apiKey; if it is the key of an"
            " endpoint, put it into a Secret, and name that under existingSecret of the endpoint"
        )
    elif len(urls) > 1:
        at.none(SEVERAL)
    else:
        endpoint(at, urls[0] if urls else OPENAI, "openai", _secret_of(at))


def _chart(at: At, *keys: str) -> Any:
    """A value of open-webui's chart itself, where its values are imported."""
    return inside(at.source.data, (*at.root, *keys)) if at.table.ui and not at.table.kinds else None


def _pipelines(at: At) -> bool:
    """Whether open-webui's chart runs Pipelines, which it does by default."""
    chart = bool(at.table.ui) and not at.table.kinds
    return chart and _chart(at, "pipelines", "enabled") is not False


def _value(item: Any) -> Any:
    return (
        item.get("value", {key: one for key, one in item.items() if key == "valueFrom"})
        if isinstance(item, dict)
        else item
    )


def _secret_of(at: At) -> dict[str, Any]:
    name, key = (text_at(at.value, "valueFrom", "secretKeyRef", each) for each in ("name", "key"))
    if name:
        return {"existingSecret": name, **({"key": key} if key else {})}
    if not isinstance(at.value, str) or not at.value:
        return {}
    at.draft.needs.add("Secret/open-webui-openai")
    _openai_secret(at, "open-webui-openai")
    return {"existingSecret": "open-webui-openai", "key": "api-key"}


def _openai_secret(at: At, name: str) -> None:
    command = f"kubectl create secret generic {name} --from-file=api-key=FILE"
    at.draft.advise(f"create the Secret {name}: {command}, with the key of the endpoint in FILE", name)


@row("uiTls", {"tls": ANY, "existingSecret": TEXT})
def ui_tls(at: At) -> None:
    """`tls: true` and the Secret of the certificate become a list of certificates."""
    name = at.value.get("existingSecret")
    if at.value.get("tls") in (False, *EMPTY):  # Helm takes all else as true
        at.settled("ingress.tls is false")
    elif name:
        at.put("ingress.tls", [{"secretName": name}], how="a list of certificates")
    else:
        text = "a list with a certificate whose Secret an issuer creates"
        at.draft.needs.add("Secret/open-webui-tls")
        at.put("ingress.tls", [{"secretName": "open-webui-tls"}], how=text)


@row("hosts", [({"host": TEXT, "paths": LIST}, TEXT)])
def hosts(at: At) -> None:
    """The hosts of an Ingress or an HTTPRoute to one server; there is one host for each server."""
    first = True
    for n, item in enumerate(at.value):
        host = item.get("host") if isinstance(item, dict) else item
        keys = (n, "host") if isinstance(item, dict) else (n,)
        if first and host:
            at.put((*at.row["to"].split("."), SERVER), host, keys, how="the host of the server")
            first = False
        else:
            at.none(
                "llm-stack has one host for each server; add one for another host under extraObjects",
                n,
            )
        _paths(at, n, item)


def _paths(at: At, n: int, item: Any) -> None:
    """The paths of a host: llm-stack routes all of them."""
    for m, path in enumerate((item.get("paths") or ()) if isinstance(item, dict) else ()):
        whole = not isinstance(path, dict) or path.get("path", "/") == "/"
        key = (n, "paths", m)
        at.settled("llm-stack routes all paths", key) if whole else at.none(
            "llm-stack routes all paths of the host", key
        )


@row("uiHosts", [({"host": TEXT, "paths": LIST}, TEXT)])
def ui_hosts(at: At) -> None:
    """The hosts of an Ingress to the UI."""
    items = enumerate(at.value)
    named = [((n, "host"), item.get("host")) if isinstance(item, dict) else ((n,), item) for n, item in items]
    found = [(key, host) for key, host in named if host]
    for key, host in found[:1]:
        at.put("ingress.host", host, key, how="the host of the UI")
    if found[1:]:
        others = [host for _, host in found[1:]]
        at.put("ingress.additionalHosts", others, *[key for key, _ in found[1:]], how="in a list of hosts alone")
    for n, item in enumerate(at.value):
        _paths(at, n, item)


WAY = {"enabled": ANY, "hosts": [({"host": TEXT}, TEXT)], "hostnames": [TEXT]}


@row("routerRoutes", {"*": WAY})
def router_routes(at: At) -> None:
    """The HTTPRoutes to production-stack's router, by name: the first one that is on leads to the only server."""
    first = True
    for name, route in at.value.items():
        here = at.below(name)
        if route.get("enabled", name == "main") is False:
            here.settled(f"{here.shown}.enabled is false")
        elif not first:
            here.none("llm-stack has one HTTPRoute for each server; add your own under extraObjects")
        else:
            first = False
            keys = ("parentRefs", "annotations", "labels")
            router_way(here.below(row={"to": "api.httpRoute", "keys": {key: key for key in keys}}))


@row("routerWay", WAY)
def router_way(at: At) -> None:
    """An Ingress or an HTTPRoute to production-stack's router: with one model it leads to its server."""
    target = at.row["to"]
    models = list_at(at.source.data, *at.root, "servingEngineSpec", "modelSpec")
    on = [one for one in models if isinstance(one, dict) and one.get("enabled", True) is not False]
    if at.value.get("enabled", True) is False:
        at.settled(f"{at.shown}.enabled is false")
        return
    if len(on) != 1:
        at.none(f"set {target}, which gives each model server its own host, under hosts")
        return
    at.put(f"{target}.enabled", True, *[key for key in ("enabled",) if key in at.value])
    key = "hostnames" if "hostnames" in at.value else "hosts"
    named = [(n, one.get("host") if isinstance(one, dict) else one) for n, one in enumerate(at.value.get(key) or ())]
    for n, host in [(n, host) for n, host in named if host][:1]:
        keys = (key, n, "host") if isinstance(at.value[key][n], dict) else (key, n)
        at.put((*target.split("."), "hosts", SERVER), host, keys, how="the host of the server")
        at.settled("llm-stack routes all paths", (key, n, "paths"))
    for theirs, ours in at.row["keys"].items():
        if at.value.get(theirs) not in EMPTY:
            at.put(f"{target}.{ours}", at.value[theirs], theirs)
    at.none("llm-stack has one host for each server; add one for another host under extraObjects", key)
    everything = [{"path": {"type": "PathPrefix", "value": "/"}}]
    if at.value.get("matches") == everything:
        at.settled("the route leads all paths to the server", "matches")
    at.none("llm-stack has no value for it; add your own object under extraObjects")


@row("kvRole", TEXT)
def kv_role(at: At) -> None:
    """A server that is a half of another: llm-stack has no such halves."""
    text = "llm-stack does not split prefill and decode; each server does both"
    if str(at.value) in ("kv_producer", "kv_consumer"):
        at.draft.warn(f"{text}: remove one of the servers of the same model")
    at.none(text)


@row("service", {"type": TEXT, "nodePort": TEXT})
def service(at: At) -> None:
    """A Service's type and node port: a node port counts only for the types that have one."""
    kind, port, target = at.value.get("type", "ClusterIP"), at.value.get("nodePort"), at.row["to"]
    if "type" in at.value:
        at.put(f"{target}.type", kind, "type")
    if "nodePort" in at.value and port not in EMPTY:
        if kind in ("NodePort", "LoadBalancer"):
            at.put(f"{target}.nodePort", port, "nodePort")
        else:
            at.settled("a Service of type ClusterIP has no node port", "nodePort")


@row("matches", ANY)
def matches(at: At) -> None:
    """What a route matches: all paths, or something that llm-stack has no value for."""
    everything = [{"path": {"type": "PathPrefix", "value": "/"}}]
    at.settled("the route leads all paths to Open WebUI") if at.value == everything else at.none(at.row["else"])


@row("domain", TEXT)
def domain(at: At) -> None:
    """The domain of the extension's Ingress."""
    if at.value in EMPTY:
        at.settled("is empty")
        return
    at.put("ingress.domain", at.value)
    at.put("ingress.enabled", True)
