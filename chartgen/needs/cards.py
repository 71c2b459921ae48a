"""Which accelerators hold a server's models: how many of each, and how many conversations fit next to the weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .. import paths
from ..reading import wellformed

COUNTS = (1, 2, 4, 8, 16)
# Cards of a node in servers that are made for large models. More of them are several nodes.
NODE = 8
# The memory of a MIG partition, in percent of what its name says: 10.75 GiB of a 1g.12gb, 39.25 GiB of a 3g.40gb.
NAMED = 90


@dataclass(frozen=True)
class Choice:
    """So many of one card, `perNode` of them in each node.

    `freeMiB` is left for the KV cache on all of them; the others are 0 where none is kept.
    """

    card: str
    vendor: str
    memoryGiB: int
    count: int
    perNode: int
    freeMiB: int
    tokens: int
    conversations: int

    def as_json(self) -> dict[str, Any]:
        """The choice for `--json`."""
        return asdict(self)


@dataclass(frozen=True)
class Cards:
    """What a plan says of cards, `choices` in the order of their memory.

    `small` maps those of which no number suffices to the largest that was tried, `unfit` maps a card to what it lacks.
    """

    choices: list[Choice]
    small: dict[str, int]
    unfit: dict[str, str]


def table() -> Mapping[str, Mapping[str, Any]]:
    """The cards that people have, by their names; each as cards.schema.json describes it."""
    found: Mapping[str, Mapping[str, Any]] = wellformed.read(
        paths.HERE / "needs/cards.yaml", "cards.yaml", "cards.schema.json"
    ).data
    return found


def choose(need: Mapping[str, Any]) -> Cards:
    """The cards for what a server needs: those of the vendor that is chosen, or those that the engine has images for.

    Of them, those on which the engine runs with this data type and quantization. For a MIG partition, it is that of
    each card that has it.
    """
    profile = need["gpu"].get("partition", "")
    counts = (1,) if profile else COUNTS
    vendor = need["gpu"]["vendor"]
    vendors = [vendor] if vendor not in ("none", "other") else need.get("vendors") or []
    choices: list[Choice] = []
    small: dict[str, int] = {}
    unfit: dict[str, str] = {}
    for name, card in table().items():
        if vendors and card["vendor"] not in vendors:
            continue
        if profile:
            if "mig" not in card:
                continue
            kind = profile.partition("gb")[0] + "gb"
            if kind not in card["mig"]:
                unfit[name] = f"no partition {kind}"
                continue
            size = int(kind.partition(".")[2].removesuffix("gb"))
            name, card = f"{kind} of {name}", {**card, "memoryGiB": size, "usableMiB": size * 1024 * NAMED // 100}
        if why := lacks(card, need):
            unfit[name] = why
        elif found := _fewest(name, card, need, counts):
            choices.append(found)
        elif held := _fewest(name, card, {**need, "tensorParallel": False}, counts):
            unfit[name] = f"{held.count} of them do not divide the model's heads"
        else:
            small[name] = max(n for n in counts if _nodes(card, n, need))
    order = {count: n for n, count in enumerate(COUNTS)}
    return Cards(sorted(choices, key=lambda each: (order[each.count], each.memoryGiB)), small, unfit)


def lacks(card: Mapping[str, Any], need: Mapping[str, Any]) -> str:
    """Why the engine does not run on a card: `bfloat16 needs compute capability 8.0`; "" where it does.

    The engine's fact `cards` maps a vendor to what it needs there: `any` in every case, others for a data type or a
    quantization. NVIDIA's is the least compute capability, another vendor's a list of architectures.
    """
    wanted = need.get("engineCards", {}).get(card["vendor"], {})
    for what in ("any", need.get("dtype", ""), need.get("quantization", "")):
        if not what or what not in wanted:
            continue
        subject = need["engine"] if what == "any" else what
        least = wanted[what]
        if card["vendor"] == "nvidia":
            if _version(card["capability"]) < _version(least):
                return f"{subject} needs compute capability {least}"
        elif card["capability"] not in least.split():
            return (
                f"{subject} runs on {', '.join(least.split())}" if least else f"{need['engine']} has no {subject} there"
            )
    return ""


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _fewest(name: str, card: Mapping[str, Any], need: Mapping[str, Any], counts: Sequence[int]) -> Choice | None:
    """The least of these numbers of a card that holds the models and the context of all parallel requests."""
    return next((each for n in counts if (each := _held(name, card, n, need))), None)


def _nodes(card: Mapping[str, Any], count: int, need: Mapping[str, Any]) -> int:
    """The nodes that have so many of a card; 0 if the engine cannot use them.

    Cards of which a machine has few are several nodes, and so are more than NODE if the engine can serve across nodes.
    """
    within = card.get("perNode", NODE if need["acrossNodes"] else count)
    nodes = max(1, count // within)
    return nodes if nodes == 1 or need["acrossNodes"] else 0


def _held(name: str, card: Mapping[str, Any], count: int, need: Mapping[str, Any]) -> Choice | None:
    """What `count` of a card hold, or None where they do not hold the models.

    The chart's sum is what all cards need; each has its part of the weights and of the cache, and the program.
    """
    models = need["models"]
    split = need["tensorParallel"]
    # Each copy has cards of its own. Across nodes, each node has some of the layers, and its cards split them.
    if count % need["copies"]:
        return None
    nodes = _nodes(card, count, need)
    if not nodes:
        return None
    each = count // nodes
    within = each if need["acrossNodes"] else each // need["copies"]
    if split and any(model.get("heads", within) % within for model in models):
        return None
    cache = sum(model["kvMiB"] for model in models)
    weights = need["needMiB"] - need["programMiB"] * max(1, need["gpu"]["count"]) * need["nodes"] - cache
    usable = card.get("usableMiB", card["memoryGiB"] * 1024) * need["usablePercent"] // 100
    free = usable - need["programMiB"] - math.ceil(weights / count)
    # With more cards than heads in the cache, each head is on several cards.
    heads = [model["kvHeads"] for model in models if split and model.get("kvHeads") and model["kvKiBPerToken"]]
    shares = min([within, *heads]) * (count // within)
    if free < 0 or cache > free * shares:
        return None
    token = sum(model["kvKiBPerToken"] for model in models)
    tokens = int(free * shares * 1024 // token) if token else 0
    conversations = tokens // need["context"]
    return Choice(name, card["vendor"], card["memoryGiB"], count, each, free * count, tokens, conversations)
