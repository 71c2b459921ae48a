"""Settings of Open WebUI that its chart has a form of its own for."""

from __future__ import annotations

from typing import Any

from .at import At
from .convert import made
from .function import row
from .typed import ANY, MAP, TEXT, map_at

CLIENT = {"OAUTH_CLIENT_ID": "clientIdKey", "OAUTH_CLIENT_SECRET": "clientSecretKey"}
PROVIDER = {"OPENID_PROVIDER_URL": "providerUrl", "OAUTH_PROVIDER_NAME": "providerName", "OAUTH_SCOPES": "scopes"}


@row("websocket", {"*": TEXT, "redis": {"enabled": ANY}, "nodeSelector": ANY})
def websocket(at: At) -> None:
    """The Redis of open-webui's chart: an address elsewhere is carried over, its own Redis is not."""
    found = at.value
    redis = found.get("redis", {})
    if found.get("enabled") is False:
        at.settled("websocket.enabled is false")
    elif found.get("existingSecret"):
        at.put("openWebui.redis.existingSecret", found["existingSecret"], "existingSecret")
        if found.get("existingSecretKey"):
            at.put("openWebui.redis.key", found["existingSecretKey"], "existingSecretKey")
        at.settled("is in the Secret under openWebui.redis.existingSecret", "url")
    elif found.get("url") and redis.get("enabled") is False:
        if "@" in str(found["url"]):
            made(at, "openWebui.redis.existingSecret", "open-webui-redis", "redis-url", "url")
        else:
            at.put("openWebui.redis.url", found["url"], "url")
    else:
        text = "llm-stack deploys no Redis; for several pods of Open WebUI, install one and set openWebui.redis.url"
        at.none(text, "url", "redis")
    at.settled("Redis is used if openWebui.redis is set", "enabled", "manager")
    at.settled("is of websocket.existingSecret, which is empty", "existingSecretKey")
    at.none("llm-stack deploys no Redis; install one, and set openWebui.redis.url", "redis", "nodeSelector")


@row("oidc", {"*": TEXT})
def oidc(at: At) -> None:
    """OpenID Connect: the client's ID and secret are in one Secret."""
    found = at.value
    name = found.get("clientExistingSecret")
    for key in ("providerUrl", "providerName", "scopes"):
        if found.get(key):
            at.put(f"openWebui.oidc.{key}", found[key], key)
    if name and not found.get("clientId"):
        at.put("openWebui.oidc.existingSecret", name, "clientExistingSecret")
        for key, ours in (("clientIdExistingSecretKey", "clientIdKey"), ("clientExistingSecretKey", "clientSecretKey")):
            if found.get(key):
                at.put(f"openWebui.oidc.{ours}", found[key], key)
    elif name or found.get("clientId"):
        name = name or "open-webui-oidc"
        at.draft.needs.add(f"Secret/{name}")
        key = found.get("clientExistingSecretKey") or "client-secret"
        at.draft.advise(
            f"put the client ID and the client secret into the Secret {name}, under the keys client-id and {key}",
            name,
        )
        keys = [key for key in ("clientExistingSecret", "clientId", "clientSecret") if found.get(key)]
        at.put(
            "openWebui.oidc.existingSecret",
            name,
            *keys,
            how="the name of a Secret with the ID and the secret of the client",
        )
        if found.get("clientExistingSecretKey"):
            at.put("openWebui.oidc.clientSecretKey", found["clientExistingSecretKey"], "clientExistingSecretKey")
    at.settled("sign-in is on if openWebui.oidc.providerUrl is set", "enabled")


@row("oidcVariable", (TEXT, MAP))
def oidc_variable(at: At) -> None:
    """The provider and its client among the variables of Open WebUI: under oidc where one Secret has both parts of the
    client, else as the variables that they are."""
    others, called = at.row["others"], at.row["called"]
    client = {name: map_at(others.get(name), "valueFrom", "secretKeyRef") for name in CLIENT}
    secrets = {str(one.get("name") or "") for one in client.values()}
    known = all(not map_at(others.get(name), "valueFrom") for name in PROVIDER)  # not in a Secret themselves
    if len(secrets) > 1 or secrets == {""} or not known or "OPENID_PROVIDER_URL" not in others:
        at.put(("openWebui", "env", called), _variable(at.value))
    elif called in PROVIDER:
        at.put(f"openWebui.oidc.{PROVIDER[called]}", at.value)
    else:
        at.put("openWebui.oidc.existingSecret", client[called]["name"], how="the Secret with both parts of the client")
        at.put(f"openWebui.oidc.{CLIENT[called]}", str(client[called].get("key") or ""))


def _variable(value: Any) -> Any:
    return value if isinstance(value, dict) else str(value).lower() if isinstance(value, bool) else str(value)


@row("oauth", {"*": TEXT})
def oauth(at: At) -> None:
    """A provider that Open WebUI knows by its variables."""
    prefix, found = at.row["prefix"], at.value
    variables = {"clientId": "CLIENT_ID", "clientSecret": "CLIENT_SECRET", "tenantId": "CLIENT_TENANT_ID"}
    for key, name in variables.items():
        if found.get(key):
            at.put(("openWebui", "env", f"{prefix}_{name}"), str(found[key]), key, how=f"the variable {prefix}_{name}")
    if found.get("clientExistingSecret"):
        reference = {
            "name": found["clientExistingSecret"],
            "key": found.get("clientExistingSecretKey") or "client-secret",
        }
        keys = [key for key in ("clientExistingSecret", "clientExistingSecretKey") if key in found]
        name = f"{prefix}_CLIENT_SECRET"
        at.put(
            ("openWebui", "env", name), {"valueFrom": {"secretKeyRef": reference}}, *keys, how=f"the variable {name}"
        )
    at.settled(f"{prefix.lower()} is on if its variables are set", "enabled")


@row("levels", {"*": TEXT})
def levels(at: At) -> None:
    """The log levels of Open WebUI's parts."""
    for key, level in at.value.items():
        if level:
            name = f"{key.upper()}_LOG_LEVEL"
            at.put(("openWebui", "env", name), str(level), key, how=f"the variable {name}")
