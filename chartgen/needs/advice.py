"""What of a user's values works on some cards only, or not in the time that it has: warnings of `chartgen validate`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..chart.valuesfile import Example
from ..conventions import SERVERS
from ..problem import Problem
from ..reading.yamlfile import Key
from .cards import lacks, table

# MiB in a second that a volume has to deliver before a startup timeout is called short. Local disks do, few others.
FAST = 500
# Quantizations in the name of a model that no other one can replace.
FIXED = ("awq", "gptq", "fp8", "bitsandbytes")


def advice(needs: list[Mapping[str, Any]], example: Example) -> list[Problem]:
    """Warnings for the servers of an example, from what each of them needs (`plan`)."""
    return [problem for need in needs for problem in _server(need, example)] + list(_namesakes(needs, example))


def _namesakes(needs: list[Mapping[str, Any]], example: Example) -> Iterator[Problem]:
    """Two servers with one name for clients, where a UI has both in one list. The servers of an InferencePool share a
    way in, and ollama's are one server for Open WebUI.
    """
    if not (_at(example, "openWebui", "enabled", True) or _at(example, "nextchat", "enabled", False)):
        return
    pooled = _at(example, "inferencePool", "servers", []) or [need["server"] for need in needs]
    pooled = pooled if _at(example, "inferencePool", "enabled", False) else []
    first: dict[str, str] = {}
    for need in needs:
        for name in need["serves"]:
            other = first.setdefault(name, need["server"])
            if other != need["server"] and not {other, need["server"]} <= set(pooled):
                said = f"clients request its model as {name}, and that of server {other}, too"
                yield example.problem(
                    (SERVERS, need["server"]),
                    f"{said}; UIs list both under one name, and send the requests to one of the two",
                    f"set {need['engine']}.servedModelName to another name, or serve both by inferencePool, or set"
                    " replicas of one server",
                )


def _at(example: Example, block: str, key: str, default: Any) -> Any:
    """A value of the release, or its default."""
    found = example.data.get(block)
    value = found.get(key) if isinstance(found, dict) else None
    return default if value is None else value


def _server(need: Mapping[str, Any], example: Example) -> Iterator[Problem]:
    for key, value, judge in (
        (*_given(example, need["server"], ("gpu", "type")), _card),
        (*_given(example, need["server"], ("gpu", "type")), _memory),
        (*_given(example, need["server"], ("startupTimeoutSeconds",)), _startup),
        (*_given(example, need["server"], (need["engine"], "quantization")), _quantization),
    ):
        said = judge(value, need, example) if value else None
        if said:
            yield example.problem(key, *said)


def _given(example: Example, server: str, key: Key) -> tuple[Key, Any]:
    """Where the values set a key of a server, and to what: in its entry, or for all servers."""
    for place in ((SERVERS, server, *key), key):
        value: Any = example.data
        for part in place:
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            return place, value
    return key, None


def _card(wanted: Any, need: Mapping[str, Any], example: Example) -> tuple[str, str] | None:
    """A card on which the chart's image of the engine does not run the model; another image can have other needs."""
    if not isinstance(wanted, str) or _given(example, need["server"], ("image",))[1]:
        return None
    known = cards_named(wanted, need["gpu"]["vendor"])
    reasons = [lacks(card, need) for card in known.values()]
    if not known or not all(reasons):
        return None
    has = " and ".join(dict.fromkeys(str(card["capability"]) for card in known.values()))
    return f"{reasons[0]}, and {wanted} has {has}", "choose another card, or another model or engine"


def _memory(wanted: Any, need: Mapping[str, Any], example: Example) -> tuple[str, str] | None:
    """Cards whose whole memory is smaller than the weights. An engine can quantize them while it loads them."""
    quantizes = _given(example, need["server"], (need["engine"], "quantization"))[1]
    if not isinstance(wanted, str) or need["offloadsToMemory"] or need["gpu"]["memoryMiB"] or quantizes:
        return None
    known = cards_named(wanted, need["gpu"]["vendor"])
    count = need["gpu"]["count"] * need["nodes"]
    each = max((card["memoryGiB"] for card in known.values()), default=0)
    weights = sum(model["weightsMiB"] for model in need["models"])
    if not count or not each or weights <= each * count * 1024:
        return None
    has = f"{count} × {each} GiB" if count > 1 else f"{each} GiB"
    said = f"the weights of the model take {weights / 1024:.0f} GiB, and {wanted} has {has}"
    return said, "choose another card, raise gpu.count, or choose another model; `chartgen plan` lists what holds it"


def cards_named(label: str, vendor: str) -> dict[str, Mapping[str, Any]]:
    """The cards of cards.yaml that a label of nodes or a list of types names: `NVIDIA-A100-SXM4-80GB`, `T4,V100`."""
    found: dict[str, Mapping[str, Any]] = {}
    for kind in label.split(","):
        words = set(re.split(r"[^a-z0-9]+", kind.lower()))
        named: dict[str, tuple[int, Mapping[str, Any]]] = {}
        for name, card in table().items():
            parts = set(name.lower().split()[1:])
            model = {part for part in parts if not re.fullmatch(r"\d+gb", part)}
            if card["vendor"] == vendor and model and model <= words:
                named[name] = len(parts & words), card
        most = max((count for count, _ in named.values()), default=0)
        found |= {name: card for name, (count, card) in named.items() if count == most}
    return found


def _startup(seconds: Any, need: Mapping[str, Any], example: Example) -> tuple[str, str] | None:
    """A startup timeout in which only a fast disk delivers the weights."""
    weights = sum(model["weightsMiB"] for model in need["models"]) // max(1, need["nodes"])
    if not isinstance(seconds, int) or isinstance(seconds, bool) or weights <= FAST * seconds:
        return None
    rate = f"{weights / 1024 / seconds:.1f} GiB a second"
    said = f"{seconds} s are enough to read the {weights / 1024:.0f} GiB of the model only at {rate}"
    return (
        f"{said}, and Kubernetes restarts a server that takes longer",
        "raise it, or remove it, so that it is calculated",
    )


def _quantization(method: Any, need: Mapping[str, Any], example: Example) -> tuple[str, str] | None:
    """A quantization other than that in the model's name."""
    own = next((model["quantization"] for model in need["models"] if model.get("quantization")), "")
    if own not in FIXED or not str(method).startswith(FIXED) or str(method).startswith(own):
        return None
    return f"is {method}, but the model is quantized with {own}", "remove it, and the engine reads it from the model"
