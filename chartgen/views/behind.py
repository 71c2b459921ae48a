"""What is behind a Service on both sides: who is let in by its pods, and which files they have.

The pods are compared by the Service that leads to them, so that a Deployment that becomes a StatefulSet, or another
engine, is the same for this.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from ..proofs.manifests import Object, Pod, Render, at, claim_templates, map_at, maps
from . import models, serving
from .harmless import FEW, few, formed

# Variables and arguments with the key that clients send. One of another engine with the same key lets in the same.
KEYS = ("VLLM_API_KEY", "SGLANG_API_KEY", "LLAMA_API_KEY", "PIPELINES_API_KEY", "CODE")
OPTIONS = ("--api-key", "--api-keys", "--api-key-file")


@dataclass(frozen=True)
class Rule:
    """What a variable of Open WebUI about sign-in decides, as in its config.py and env.py.

    A `door` lets more people in if it is set. A `switch` does with the word `opens`, a `list` with more words and a
    `filter` without any, and both of them with `opens`. A `role` is what new accounts may do. What counts as `other`
    lets in others, `reach` is how the service is reached that knows the users, `rights` what they may do, and `name`
    what they see. It is `usual` without the variable, and counts only where one of `behind` is set, or on if that is a
    switch.
    """

    kind: str
    opens: str = ""
    usual: str = ""
    behind: tuple[str, ...] = ()


PROVIDERS = (
    "OPENID_PROVIDER_URL",
    "GOOGLE_CLIENT_ID",
    "MICROSOFT_CLIENT_ID",
    "GITHUB_CLIENT_ID",
    "FEISHU_CLIENT_ID",
)
LDAP, HEADER, ROLES = ("LDAP_SERVER_HOST",), ("WEBUI_AUTH_TRUSTED_EMAIL_HEADER",), ("ENABLE_OAUTH_ROLE_MANAGEMENT",)
GROUPS = ("ENABLE_OAUTH_GROUP_MANAGEMENT",)
RULES: dict[str, Rule] = {
    **dict.fromkeys((*PROVIDERS, *LDAP, *HEADER), Rule("door")),
    "WEBUI_AUTH": Rule("switch", "false", "true"),
    "ENABLE_SIGNUP": Rule("switch", "true", "true"),
    "ENABLE_LOGIN_FORM": Rule("switch", "true", "true"),
    "ENABLE_PASSWORD_AUTH": Rule("switch", "true", "true"),
    "ENABLE_INITIAL_ADMIN_SIGNUP": Rule("switch", "true", "false"),
    "DEFAULT_USER_ROLE": Rule("role", usual="pending"),
    "ENABLE_OAUTH_SIGNUP": Rule("switch", "true", "false", PROVIDERS),
    "OAUTH_MERGE_ACCOUNTS_BY_EMAIL": Rule("switch", "true", "false", PROVIDERS),
    "OAUTH_ALLOWED_DOMAINS": Rule("list", "*", "*", PROVIDERS),
    # Only those with an allowed role sign in, if roles are managed.
    "ENABLE_OAUTH_ROLE_MANAGEMENT": Rule("switch", "false", "false", PROVIDERS),
    "OAUTH_ALLOWED_ROLES": Rule("list", "*", "user,admin", ROLES),
    "OAUTH_ADMIN_ROLES": Rule("rights", "", "admin", ROLES),
    "OAUTH_ROLES_CLAIM": Rule("other", "", "roles", ROLES),
    "OAUTH_EMAIL_CLAIM": Rule("other", "", "email", PROVIDERS),
    "OAUTH_SUB_CLAIM": Rule("other", behind=PROVIDERS),
    "MICROSOFT_CLIENT_TENANT_ID": Rule("other", behind=("MICROSOFT_CLIENT_ID",)),
    "ENABLE_OAUTH_GROUP_MANAGEMENT": Rule("rights", "", "false", PROVIDERS),
    "OAUTH_GROUPS_CLAIM": Rule("rights", "", "groups", GROUPS),
    "OAUTH_GROUP_CLAIM": Rule("rights", "", "groups", GROUPS),
    "OAUTH_BLOCKED_GROUPS": Rule("rights", "", "[]", GROUPS),
    "OAUTH_CLIENT_ID": Rule("reach", behind=("OPENID_PROVIDER_URL",)),
    "OAUTH_CLIENT_SECRET": Rule("reach", behind=("OPENID_PROVIDER_URL",)),
    "OAUTH_SCOPES": Rule("reach", "", "openid email profile", ("OPENID_PROVIDER_URL",)),
    "OPENID_REDIRECT_URI": Rule("reach", behind=("OPENID_PROVIDER_URL",)),
    "OAUTH_PROVIDER_NAME": Rule("name"),
    "ENABLE_LDAP": Rule("switch", "true", "false", LDAP),
    "LDAP_SEARCH_FILTER": Rule("filter", behind=LDAP),
    "LDAP_SEARCH_FILTERS": Rule("filter", behind=LDAP),
    "LDAP_SEARCH_BASE": Rule("other", behind=LDAP),
    "LDAP_ATTRIBUTE_FOR_USERNAME": Rule("other", "", "uid", LDAP),
    "LDAP_ATTRIBUTE_FOR_MAIL": Rule("other", "", "mail", LDAP),
    "LDAP_SERVER_PORT": Rule("reach", "", "389", LDAP),
    "LDAP_USE_TLS": Rule("reach", "", "true", LDAP),
    "LDAP_APP_DN": Rule("reach", behind=LDAP),
    "LDAP_APP_PASSWORD": Rule("reach", behind=LDAP),
    "LDAP_SERVER_LABEL": Rule("name"),
    "WEBUI_AUTH_TRUSTED_GROUPS_HEADER": Rule("rights", behind=HEADER),
    "WEBUI_AUTH_TRUSTED_ROLE_HEADER": Rule("rights", behind=HEADER),
    "WEBUI_AUTH_TRUSTED_NAME_HEADER": Rule("name"),
}
# Where a program keeps what it does not have in its files, by its variables -> what is elsewhere with another value,
# and the value that says the same as none.
KEPT: dict[str, tuple[str, str]] = {
    "DATABASE_URL": ("accounts, chats and settings", ""),
    "DATABASE_TYPE": ("accounts, chats and settings", ""),
    "DATABASE_HOST": ("accounts, chats and settings", ""),
    "DATABASE_NAME": ("accounts, chats and settings", ""),
    "DATABASE_SCHEMA": ("accounts, chats and settings", ""),
    "DATA_DIR": ("accounts, chats and files", ""),
    "VECTOR_DB": ("the index of documents", "chroma"),
    "PGVECTOR_DB_URL": ("the index of documents", ""),
    "QDRANT_URI": ("the index of documents", ""),
    "MILVUS_URI": ("the index of documents", ""),
    "CHROMA_HTTP_HOST": ("the index of documents", ""),
    "STORAGE_PROVIDER": ("files that were uploaded", "local"),
    "S3_BUCKET_NAME": ("files that were uploaded", ""),
    "S3_ENDPOINT_URL": ("files that were uploaded", ""),
    "S3_KEY_PREFIX": ("files that were uploaded", ""),
    "GCS_BUCKET_NAME": ("files that were uploaded", ""),
    "AZURE_STORAGE_CONTAINER_NAME": ("files that were uploaded", ""),
}
# Another key than the one that sessions are signed with, by the variables of Open WebUI that have it.
SIGNING = ("WEBUI_SECRET_KEY", "WEBUI_JWT_SECRET_KEY")
UNSIGNED = "{}everybody signs in again, and what is encrypted with the old {} cannot be read"
# Options and the variable with the names of models, as clients ask for them.
SERVED, ADAPTERS, LISTED = ("--served-model-name", "--alias"), "--lora-modules", "MODELS"
# Options of servers that do not compare the name of a request with their own: llama.cpp with one model, and SGLang.
ANY_NAME = ("--alias", "--model-path")
STORE = "OLLAMA_MODELS"  # the variable with the folder of ollama's models
# What else of Open WebUI changes with a variable.
NOTED = {
    "ENABLE_PERSISTENT_CONFIG": "{} decides whether settings that were made on its page count, or variables",
    "RAG_EMBEDDING_MODEL": "documents that were indexed before are found only when they are indexed again ({})",
    "RAG_EMBEDDING_ENGINE": "documents that were indexed before are found only when they are indexed again ({})",
}
UNLOCKED = (
    "can let in more clients: WEBUI_AUTH decides who is let in, and is false; if there are accounts, it lets in no one"
)
IMAGE = "in the image "  # how `held` begins for a volume that is one
HOLDER = "KeyRef"  # of a variable that is in a Secret or a ConfigMap, as JSON
RANKS = ("pending", "user", "admin")  # what new accounts may do, from nothing on
CLOSED = "can refuse clients: {} decides who is let in"
OPENED = "can let in more clients: {} decides who is let in, and is {}"
OTHERS = "can let in other clients than before: {} decides who is let in"
REACHED = "clients can sign in only if the identity provider or the directory knows {}"
RIGHTS = "can change what clients may do: {} decides about it"


def changed(old: Render, new: Render) -> Iterator[tuple[Object, str, str]]:
    """What clients notice of other pods behind a Service: (the workload, `outage`, `restart` or `change`, a text)."""
    said = set()
    for service in new.of("Service"):
        before = old.find("Service", service.name, service.namespace)
        one, two = _pods(old, before), _pods(new, service)
        # The pods of a workload that is paused stay as they are.
        known = one and two and map_at(two[0].owner.data, "spec").get("paused") is not True
        found = (
            (*_guards(one, two), *_asked(one, two, new), *_data(one, two), *_files(one, two, _filled(new)))
            if known
            else ()
        )
        for severity, text in found:
            owner = two[0].owner
            if (owner.title, owner.namespace, text) not in said:
                said.add((owner.title, owner.namespace, text))
                stays = old.find(owner.kind, owner.name, owner.namespace)
                yield owner, severity if stays or severity != "restart" else "change", text


def _asked(one: list[Pod], two: list[Pod], new: Render) -> Iterator[tuple[str, str]]:
    """The names of models that clients cannot ask for any more.

    A server that does not compare names answers with the model that it has.
    """
    before, after = _names(one) - _stored(one, two, new), _names(two)
    gone, come = (sorted(formed(name, "model") for name in some) for some in (before - after, after - before))
    if gone and after:
        those = f"the model {gone[0]}" if len(gone) == 1 else f"the models {few(gone)}"
        other = ", ".join(sorted(formed(name, "model") for name in after)[:FEW])
        now = f", and those that ask for {', '.join(come[:FEW])} do not" if come else ""
        if _any_name(two):
            yield "change", f"clients that ask for {those} get {other}, and find only that in its list of models"
        else:
            yield "outage", f"clients that ask for {those} fail{now}"


def _any_name(pods: list[Pod]) -> bool:
    """Whether pods answer requests for any model: SGLang and llama.cpp with a model of their own, by their options."""
    words = {str(w).partition("=")[0] for pod in pods for _, w in at(pod.spec, "containers[].args[]")}
    words |= {str(w).partition("=")[0] for pod in pods for _, w in at(pod.spec, "containers[].command[]")}
    return bool(words & set(ANY_NAME)) and ADAPTERS not in words


def _stored(one: list[Pod], two: list[Pod], new: Render) -> set[str]:
    """Models that ollama still serves although they are not listed any more: they are where they were."""
    boxes = [[box for pod in pods for _, box in maps(pod.spec, "containers[]")] for pods in (one, two)]
    was, now = ({str(models.variables(box)[STORE]) for box in some if STORE in models.variables(box)} for some in boxes)
    before, after = _mounted(one), _mounted(two)
    kept = any(before.get(path) and before[path] == after.get(path) for path in was & now)
    # Another server's loader does not remove from this place.
    places = {after[path] for path in was & now if path in after}
    pruned = any(place in places for place in _filled(new, pruned=True))
    listed = {name for box in boxes[0] for name in _listed(box)}
    return listed if kept and not pruned else set()


def _listed(box: dict[str, Any]) -> set[str]:
    """The models of ollama, as it names them whatever registry is written before them; without a tag, the latest."""
    names = (name.removeprefix("registry.ollama.ai/") for name in str(models.variables(box).get(LISTED) or "").split())
    names = (name.removeprefix("library/") for name in names)
    return {name if ":" in name.rpartition("/")[2] else f"{name}:latest" for name in names}


def _names(pods: list[Pod]) -> set[str]:
    """The names by which clients ask for the models of pods, as far as arguments and variables say them."""
    found = {name for pod in pods for name in serving.models(pod.owner)}
    for _, box in (each for pod in pods for each in maps(pod.spec, "containers[]")):
        words = [str(word) for part in ("command", "args") for _, word in at(box, f"{part}[]")]
        for n, word in enumerate(words):
            option, equals, value = word.partition("=")
            values = [value] if equals else list(takewhile(lambda each: not each.startswith("-"), words[n + 1 :]))
            if option in SERVED:
                found |= {name for value in values for name in value.split(",") if name and "$" not in name}
            elif option == ADAPTERS:
                found |= {value.partition("=")[0] for value in values if "=" in value and not value.startswith("{")}
        found |= _listed(box)
    return found


def _data(one: list[Pod], two: list[Pod]) -> Iterator[tuple[str, str]]:
    """What a program does not find any more, because variables say that it is elsewhere."""
    before, after = _variables(one), _variables(two)
    moved: dict[str, list[str]] = {}
    for name, (what, usual) in KEPT.items():
        was, now = (_plain(each.get(name, json.dumps(usual))) for each in (before, after))
        if was != now:
            moved.setdefault(what, []).append(name)
    for what, names in moved.items():
        verb = "is" if what.startswith("the ") else "are"
        # What a Secret says is not known: two of them can say the same.
        unsure = all(HOLDER in before.get(name, "") and HOLDER in after.get(name, "") for name in names)
        how = f"elsewhere if {' or '.join(names)} says so" if unsure else f"elsewhere by {', '.join(names)}"
        yield "outage", f"{what} {verb} {how}: nothing is copied"
    for name, text in NOTED.items():
        if before.get(name) != after.get(name):
            yield "change", text.format(name)
    # Without the variable, the program makes a key of its own.
    changed = [name for name in SIGNING if before.get(name) != after.get(name)]
    for name in changed[:1]:
        unsure = HOLDER in before.get(name, "") and HOLDER in after.get(name, "")
        yield "outage", UNSIGNED.format(f"if {name} has another value, " if unsure else "", name)


def unsigned(files: Object, keys: set[str], new: Render) -> Iterator[str]:
    """What is lost with other values under these keys of a Secret or a ConfigMap, as pods of the new side use them."""
    said = set()
    for _, box in (each for pod in new.pods if pod.owner.namespace == files.namespace for each in pod.containers()):
        for _, each in maps(box, "env[]"):
            ref = map_at(each, f"valueFrom.{'secret' if files.kind == 'Secret' else 'configMap'}{HOLDER}")
            if each.get("name") in SIGNING and ref.get("name") == files.name and str(ref.get("key")) in keys:
                said.add(str(each["name"]))
    for name in [each for each in SIGNING if each in said][:1]:
        yield UNSIGNED.format("when the next pods start, ", name)


def _pods(render: Render, service: Object | None) -> list[Pod]:
    """The pods that a Service leads to."""
    found = render.labelled(map_at(service.data, "spec.selector"), service.namespace) if service else []
    return [pod for pod in found if not pod.passing]


# --- who is let in ---------------------------------------------------------------------------------------------------


def _guards(one: list[Pod], two: list[Pod]) -> Iterator[tuple[str, str]]:
    before, after = _variables(one), _variables(two)
    keys = [{name: each[name] for name in each if name in (*KEYS, *OPTIONS)} for each in (before, after)]
    if set(keys[0].values()) != set(keys[1].values()):
        yield _said(*(bool(each) for each in keys), ", ".join(keys[1] or keys[0]))
    reached = []
    for name, rule in RULES.items():
        if before.get(name) != after.get(name) and all(_counts(rule, each) for each in (before, after)):
            if rule.kind != "reach":
                yield from _decided(name, rule, before, after)
            elif before.get(name, json.dumps(rule.usual)) != after.get(name, json.dumps(rule.usual)):
                reached.append(name)
    if reached:
        yield "outage", REACHED.format(", ".join(reached))


def _counts(rule: Rule, variables: dict[str, str]) -> bool:
    """Whether what a rule is for is in use; where it begins or ends, the door itself is said."""
    switched = [name for name in rule.behind if RULES[name].usual]
    return not rule.behind or any(
        name in variables and (name not in switched or _plain(variables[name]) != "false") for name in rule.behind
    )


def _plain(value: str) -> str:
    """A switch, a role or words as the program compares them."""
    return value.strip('"').lower()


def _decided(name: str, rule: Rule, before: dict[str, str], after: dict[str, str]) -> Iterator[tuple[str, str]]:
    """What it means that a variable differs."""
    was, now = (_plain(each.get(name, rule.usual)) for each in (before, after))
    if rule.kind == "door":
        yield _said(name not in before, name not in after, name, "set")
    elif was == now or rule.kind == "name":
        return
    elif rule.kind == "switch":
        if name == "WEBUI_AUTH" and now == rule.opens:
            yield "outage", UNLOCKED
        else:
            yield _said(was != rule.opens, now != rule.opens, name, now if now in ("true", "false") else "set")
    elif rule.kind == "role":
        ranks = [RANKS.index(each) if each in RANKS else -1 for each in (was, now)]
        more = min(ranks) >= 0 and ranks[1] > ranks[0]
        less = min(ranks) >= 0 and ranks[1] < ranks[0]
        yield _said(more, less, name, now)
    elif rule.kind in ("list", "filter"):
        words = [set(map(str.strip, each.split(",") if rule.kind == "list" else [each])) for each in (was, now)]
        how = "removed" if name not in after or not now else "wider"
        yield _said(_narrower(*words, rule.opens), _narrower(*reversed(words), rule.opens), name, how)
    else:
        yield ("change", RIGHTS.format(name)) if rule.kind == "rights" else ("outage", OTHERS.format(name))


def _narrower(one: set[str], two: set[str], opens: str) -> bool:
    """Whether some words let in fewer than others do, as far as that is known."""
    return opens not in one and (opens in two or one < two)


def _said(closed: bool, closes: bool, name: str, how: str = "removed") -> tuple[str, str]:
    """What it means that something lets in fewer clients (`closed`) or does not, before and after."""
    if closed == closes:
        return "outage", OTHERS.format(name)
    return ("outage", CLOSED.format(name)) if closes else ("change", OPENED.format(name, how))


def _variables(pods: list[Pod]) -> dict[str, str]:
    """The variables of what runs in pods, and the options with keys, by their names; values as JSON."""
    found: dict[str, str] = {}
    for _, box in (each for pod in pods for each in maps(pod.spec, "containers[]")):
        for _, each in maps(box, "env[]"):
            value = each.get("value", each.get("valueFrom"))
            found[str(each.get("name"))] = json.dumps(value, sort_keys=True, default=str)
        words = [str(word) for part in ("command", "args") for _, word in at(box, f"{part}[]")]
        for n, word in enumerate(words):
            name, equals, value = word.partition("=")
            value = value if equals else " ".join(words[n + 1 : n + 2])
            # The variable is compared where an option has its value.
            if name in OPTIONS and not value.startswith("$("):
                found[name] = json.dumps(value)
    return found


# --- files -----------------------------------------------------------------------------------------------------------


def _files(one: list[Pod], two: list[Pod], filled: set[str]) -> Iterator[tuple[str, str]]:
    """Files that are elsewhere. What a loader puts into the new place is there again, all else is missed."""
    before, after = _mounted(one), _mounted(two)
    for path, was in before.items():
        now = after.get(path)
        if was == now or not was:
            continue
        where = f"{formed(path, 'path')} of its pods"
        if path in after:
            held = "in a volume of another type" if now is None else now or "in an empty folder of each pod"
            # An image has its files, and a loader puts them there again.
            again = now in filled or (now or "").startswith(IMAGE) or (now == "" and _loads(two, path))
            yield "restart" if again else "outage", f"{where} is {held}, not {was} any more: nothing is copied"
        elif was not in after.values():
            yield "restart", f"{where} is not mounted any more: its files stay {was}"


def _mounted(pods: list[Pod]) -> dict[str, str | None]:
    """Where the files of each mounted path are, "" where they go with the pod, None in volumes of other types."""
    found: dict[str, str | None] = {}
    for pod in pods:
        for _, mount in maps(pod.spec, "containers[].volumeMounts[]"):
            where, path = held(pod, mount), str(mount.get("mountPath"))
            found[path] = found.get(path) if where is None else where
    return found


def _loads(pods: list[Pod], path: str) -> bool:
    """Whether a container of these pods downloads models to a mounted path."""
    return any(target == path for pod in pods for target, _, _ in loaders(pod))


def _filled(render: Render, pruned: bool = False) -> set[str]:
    """Where loaders put models, as `held` says it; with `pruned`, only where one of them also removes some."""
    found = (each for pod in render.pods for each in loaders(pod))
    return {place for _, place, prunes in found if place and (prunes or not pruned)}


def loaders(pod: Pod) -> Iterator[tuple[str, str, bool]]:
    """Containers that download models: the path, where that is as `held` says it, and whether models are removed there.

    The place is "" where the files go with the pod.
    """
    for _, box in pod.containers():
        env = models.variables(box)
        if env.keys() >= models.DOWNLOADS:
            mounts = [each for _, each in maps(box, "volumeMounts[]") if each.get("mountPath") == env["TARGET"]]
            yield str(env["TARGET"]), (held(pod, mounts[0]) or "") if mounts else "", env.get("PRUNE") == "true"


def held(pod: Pod, mount: dict[str, Any]) -> str | None:
    """Where the files of one mounted path are, as `_mounted` says it; None for other volumes."""
    claims = (str(map_at(each, "metadata").get("name")) for _, each in claim_templates(pod.owner))
    volumes = {str(each.get("name")): _held(each) for _, each in maps(pod.spec, "volumes[]")}
    volumes |= {name: f"in the claims {formed(f'{name}-{pod.owner.name}', 'name')}-N" for name in claims}
    where = volumes.get(str(mount.get("name")))
    below = formed(mount.get("subPath"), "path") if mount.get("subPath") else ""
    return f"{where}, below {below}" if where and below else where


def _held(volume: dict[str, Any]) -> str | None:
    if claim := map_at(volume, "persistentVolumeClaim"):
        return f"in the claim {formed(claim.get('claimName'), 'name')}"
    if folder := map_at(volume, "hostPath"):
        return f"in {formed(folder.get('path'), 'path')} of each node"
    if image := map_at(volume, "image"):
        return f"{IMAGE}{formed(image.get('reference'), 'image')}"
    return "" if "emptyDir" in volume or "ephemeral" in volume else None
