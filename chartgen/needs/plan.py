"""What a release needs, before it is installed: the chart's own sum, and which cards hold it.

The chart calculates requests, limits and timeouts in its templates (`sizing`). The plan renders the chart's helpers and
one line that calls them, and calculates nothing again: two sums could differ.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from .. import conventions, paths
from ..chart import blame, loaded, valuesfile
from ..chart.asking import asking
from ..problem import Faults, Say, fault
from ..programs import helm as render
from ..programs import tools
from ..programs.prover import Prover
from ..reading import wellformed, yamlfile

COUNTS = (1, 2, 4, 8, 16)
# Cards of a node in servers that are made for large models. More of them are several nodes.
NODE = 8
ASK = """\
{{- include "CHART.servers" . }}
{{- range .Servers }}
---
plan: {{ include "CHART.PLAN" . }}
{{- end }}
"""


class Model(TypedDict):
    """What one model needs. `context` is the longest that it was made for, 0 where that is not known."""

    reference: str
    weightsMiB: int
    kvMiB: int
    context: int


class Cards(TypedDict):
    """A server's accelerators; `memoryMiB` is that of each, 0 where it is not known."""

    vendor: str
    count: int
    memoryMiB: int


class Volume(TypedDict):
    """The claim of the models: the size that the values set, or "", and the size in GiB that holds them."""

    size: str
    askGiB: int


class Need(TypedDict):
    """What one server needs, as the chart's template gives it. `known` is false where a model is not described."""

    server: str
    engine: str
    context: int
    parallel: int
    offloadsToMemory: bool
    models: list[Model]
    known: bool
    needMiB: int
    programMiB: int
    usablePercent: int
    promptCacheMiB: int
    nodes: int
    acrossNodes: bool
    parallelism: str
    gpu: Cards
    resources: dict[str, Any]
    startupTimeoutSeconds: int
    volume: Volume


@dataclass(frozen=True)
class Plan:
    """What one server needs. Sizes in MiB; `cards` is card -> how many of it hold the models, 0 where 16 do not."""

    need: Need
    cards: dict[str, int]
    fits: bool

    def as_json(self) -> dict[str, Any]:
        """The plan for `--json`."""
        return dict(self.need) | {"cards": self.cards, "fits": self.fits}


def plan(chart: Path, files: list[Path], flags: list[str], say: Say, prover: Prover | None = None) -> list[Plan]:
    """Ask a chart what each server of these values needs; Faults where they cannot be read, or are refused.

    A sum of values that the chart refuses would say nothing.
    """
    helm = tools.ensure(["helm"], say)["helm"].path
    valuesfile.present(files)
    name = _name(chart)
    with tempfile.TemporaryDirectory(prefix="chartgen-plan-") as place:
        folder = asking(chart, name, ASK.replace("PLAN", conventions.PLAN), Path(place))
        wanted = [render.Request(each, tuple(files), flags=tuple(flags)) for each in (folder, chart)]
        asked, whole = render.render(wanted, helm, prover=prover)
    if error := asked.error or whole.error:
        raise Faults(blame.blamed(loaded.load(chart, str(chart)), files, flags, error, helm))
    needs = [document.data["plan"] for document in render.documents(asked.text) if document.data]
    return [_plan(each) for each in needs]


def lines(plans: list[Plan]) -> list[str]:
    """The plans, for people."""
    found: list[str] = []
    for each in plans:
        found += [*_server(each), ""]
    return found


def _name(chart: Path) -> str:
    if not (chart / "Chart.yaml").is_file():
        raise fault(chart, "is not a chart", "name a folder that 'chartgen build' wrote")
    if not (chart / "templates" / conventions.SIZING).is_dir():
        remedy = "add it to the stack, and run 'chartgen build'"
        raise fault(chart, f"was built without the fragment '{conventions.SIZING}'", remedy)
    return str(yamlfile.read(chart / "Chart.yaml").data["name"])


def _plan(need: Need) -> Plan:
    need = json.loads(json.dumps(need))
    cards = wellformed.read(paths.HERE / "needs/cards.yaml", "cards.yaml", "cards.schema.json")
    held = {card: _count(need, int(size) * 1024) for card, size in cards.data.items()} if need["known"] else {}
    gpu = need["gpu"]
    share = gpu["memoryMiB"] * gpu["count"] * need["nodes"]
    return Plan(need, held, not (need["known"] and share and need["needMiB"] > share and not need["offloadsToMemory"]))


def _count(need: Need, size: int) -> int:
    """How many cards of `size` MiB hold a server's models."""
    once = need["needMiB"] - need["programMiB"] * max(1, need["gpu"]["count"]) * need["nodes"]
    return next((n for n in COUNTS if once + n * need["programMiB"] <= n * size * need["usablePercent"] // 100), 0)


def _server(each: Plan) -> list[str]:
    need = each.need
    requests = "1 request" if need["parallel"] == 1 else f"{need['parallel']} parallel requests"
    head = f"server {need['server']}, {need['engine']}: context of {need['context']} tokens, {requests}"
    rows = [("model", "weights", "KV cache")]
    rows += [
        (m["reference"], _size(m["weightsMiB"]) if m["weightsMiB"] else "?", _size(m["kvMiB"])) for m in need["models"]
    ]
    width = max(len(row[0]) for row in rows)
    found = [head, *(f"  {row[0]:<{width}}  {row[1]:>10}  {row[2]:>10}" for row in rows)]
    if not need["known"]:
        found.append("  the size of a model is not known: set model.weightsSize to complete the plan")
    cards = need["gpu"]["count"] * need["nodes"]
    where = f"{need['gpu']['count']} × {need['gpu']['vendor']}" if cards else "memory"
    if need["nodes"] > 1:
        where += f" on each of {need['nodes']} nodes"
    if need["known"]:
        found.append(f"  total, with the engine's own memory: {_size(need['needMiB'])}, in {where}")
        if cards:
            found.append(f"  on each card: {_size(-(-need['needMiB'] // cards))}")
    if need["promptCacheMiB"]:
        found.append(f"  prompt cache: {_size(need['promptCacheMiB'])}, in memory")
    if need["parallelism"] and max(cards, need["nodes"]) > 1:
        found.append(f"  split: {need['parallelism']}")
    if not each.fits:
        found.append(f"  DOES NOT FIT in {where} with {_size(need['gpu']['memoryMiB'])} each")
    found.append(f"  resources: {_amounts(need['resources'])}; startup timeout {need['startupTimeoutSeconds']} s")
    volume = need["volume"]
    if need["known"]:
        has = f", modelCache.size is {volume['size']}" if volume["size"] else ""
        found.append(f"  volume: {volume['askGiB']}Gi or more{has}")
    found += [f"  cards: {line}" for line in _cards(each.cards, need["acrossNodes"])]
    return found


def _cards(cards: dict[str, int], across: bool) -> list[str]:
    """Which cards hold it, by how many it takes of them; `across`: whether several nodes can share it."""
    found = []
    for count in COUNTS:
        names = [card for card, wanted in cards.items() if wanted == count]
        nodes = f", as nodes.count {count // NODE} and gpu.count {NODE}" if across and count > NODE else ""
        found += [f"{count} × {', '.join(names)}{nodes}"] if names else []
    none = [card for card, wanted in cards.items() if not wanted]
    return found + ([f"more than {COUNTS[-1]} × {', '.join(none)}"] if none else [])


def _amounts(resources: dict[str, Any]) -> str:
    return ", ".join(
        f"{kind} " + " and ".join(f"{amount} {name}" for name, amount in amounts.items())
        for kind, amounts in sorted(resources.items(), reverse=True)
        if amounts and kind in ("requests", "limits")
    )


def _size(mebibytes: int) -> str:
    return f"{mebibytes / 1024:.1f} GiB" if mebibytes >= 1024 else f"{mebibytes} MiB"
