"""What is behind a Service on both sides: who is let in by its pods, and which files they have.

The pods are compared by the Service that leads to them, so that a Deployment that becomes a StatefulSet, or another
engine, is the same for this.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..proofs.manifests import Object, Pod, Render, at, map_at, maps
from .harmless import formed

# Variables and arguments with the key that clients send. One of another engine with the same key lets in the same.
KEYS = ("VLLM_API_KEY", "SGLANG_API_KEY", "LLAMA_API_KEY", "PIPELINES_API_KEY", "CODE")
OPTIONS = ("--api-key", "--api-keys", "--api-key-file")
# Variables that let more people in if they are set.
DOORS = ("OPENID_PROVIDER_URL", "WEBUI_AUTH_TRUSTED_EMAIL_HEADER", "LDAP_SERVER_HOST")
# Switches of Open WebUI -> (the word that lets more people in, what it is without the variable).
SWITCHES = {
    "WEBUI_AUTH": ("false", "true"),
    "ENABLE_SIGNUP": ("true", "true"),
    "ENABLE_LOGIN_FORM": ("true", "true"),
}
CLOSED = "can refuse clients: {} decides who is let in"
OPENED = "can let in more clients: {} decides who is let in, and is {}"
OTHERS = "can let in other clients than before: {} decides who is let in"


def changed(old: Render, new: Render) -> Iterator[tuple[Object, str, str]]:
    """What clients notice of other pods behind a Service: (the workload, `outage`, `restart` or `change`, a text)."""
    said = set()
    for service in new.of("Service"):
        before = old.find("Service", service.name, service.namespace)
        one, two = _pods(old, before), _pods(new, service)
        # The pods of a workload that is paused stay as they are.
        known = one and two and map_at(two[0].owner.data, "spec").get("paused") is not True
        for severity, text in (*_guards(one, two), *_files(one, two)) if known else ():
            owner = two[0].owner
            if (owner.title, owner.namespace, text) not in said:
                said.add((owner.title, owner.namespace, text))
                # A workload that is new has no pods that restart.
                stays = old.find(owner.kind, owner.name, owner.namespace)
                yield owner, severity if stays or severity != "restart" else "change", text


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
    for name in DOORS:
        if before.get(name) != after.get(name):
            yield _said(name not in before, name not in after, name, "set")
    for name, (opens, usual) in SWITCHES.items():
        was, now = (each.get(name, usual).strip('"').lower() for each in (before, after))
        if was != now:
            yield _said(was != opens, now != opens, name, now if now in ("true", "false") else "set")


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


def _files(one: list[Pod], two: list[Pod]) -> Iterator[tuple[str, str]]:
    before, after = _mounted(one), _mounted(two)
    for path, was in before.items():
        now = after.get(path)
        if was == now or not was:
            continue
        where = f"{formed(path, 'path')} of its pods"
        if now is not None:
            held = now or "in an empty folder of each pod"
            yield "restart", f"{where} is {held}, not {was} any more: nothing is copied"
        elif was not in after.values():
            yield "restart", f"{where} is not mounted any more: its files stay {was}"


def _mounted(pods: list[Pod]) -> dict[str, str]:
    """Where the files of each mounted path are, "" where they go with the pod. Other volumes are left out."""
    found: dict[str, str] = {}
    for pod in pods:
        held = {str(each.get("name")): _held(each) for _, each in maps(pod.spec, "volumes[]")}
        for _, claim in maps(pod.owner.data, "spec.volumeClaimTemplates[]"):
            name = str(map_at(claim, "metadata").get("name"))
            held[name] = f"in the claims {formed(f'{name}-{pod.owner.name}', 'name')}-N"
        for _, mount in maps(pod.spec, "containers[].volumeMounts[]"):
            where = held.get(str(mount.get("name")))
            below = formed(mount.get("subPath"), "path") if mount.get("subPath") else ""
            if where is not None:
                found[str(mount.get("mountPath"))] = f"{where}, below {below}" if where and below else where
    return found


def _held(volume: dict[str, Any]) -> str | None:
    if claim := map_at(volume, "persistentVolumeClaim"):
        return f"in the claim {formed(claim.get('claimName'), 'name')}"
    if folder := map_at(volume, "hostPath"):
        return f"in {formed(folder.get('path'), 'path')} of each node"
    return "" if "emptyDir" in volume else None
