"""What a release needs, before it is installed: the chart's own sum, and which cards hold it.

The chart calculates requests, limits and timeouts in its templates (`sizing`). The plan renders the chart's helpers and
one line that calls them, and calculates nothing again: two sums could differ.
"""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any, TypedDict

from .. import conventions
from ..chart import blame, loaded, valuesfile
from ..chart.asking import asking
from ..problem import Faults, Say, fault
from ..programs import helm as render
from ..programs import tools
from ..programs.prover import Prover
from ..reading import yamlfile
from . import cards as choosing
from . import modelconfig

WIDTH = 100  # of the lines that name many cards


class _Known(TypedDict, total=False):
    """What is known of a model beyond its size."""

    dtype: str
    quantization: str
    heads: int
    kvHeads: int


class Model(_Known):
    """What one model needs. `context` is the longest that it was made for, 0 where that is not known."""

    reference: str
    weightsMiB: int
    kvMiB: int
    kvKiBPerToken: float
    context: int


class Cards(TypedDict):
    """A server's accelerators; `memoryMiB` is that of each, 0 where it is not known; `partition` is a MIG profile."""

    vendor: str
    count: int
    memoryMiB: int
    partition: str


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
    copies: int
    nodes: int
    acrossNodes: bool
    parallelism: str
    vendors: list[str]
    tensorParallel: bool
    engineCards: dict[str, dict[str, str]]
    dtype: str
    quantization: str
    gpu: Cards
    resources: dict[str, Any]
    startupTimeoutSeconds: int
    volume: Volume


@dataclass(frozen=True)
class Plan:
    """What one server needs, sizes in MiB, and the cards that hold its models; None where a size is not known."""

    need: Need
    cards: choosing.Cards | None
    fits: bool

    def as_json(self) -> dict[str, Any]:
        """The plan for `--json`: `cards` is card -> how many of it hold the models, 0 where 16 do not."""
        found: dict[str, Any] = dict(self.need) | {"cards": {}, "choices": [], "unfit": {}, "fits": self.fits}
        if self.cards:
            counts = {each.card: each.count for each in self.cards.choices} | dict.fromkeys(self.cards.small, 0)
            choices = [each.as_json() for each in self.cards.choices]
            found |= {"cards": counts, "choices": choices, "unfit": self.cards.unfit}
        return found


def of_config(file: Path, flags: list[str], files: list[Path]) -> tuple[modelconfig.Row, list[str]]:
    """The model of a config.json, and the values that describe it, before the user's own; Faults where it has no size.

    Without a values file and without a name, the plan is for a server with vLLM whose cache has room for the model.
    """
    row = modelconfig.read(file)
    if not row.weightsMiB and not any("weightsSize" in flag for flag in flags):
        remedy = "put model.safetensors.index.json next to it, or set model.weightsSize to the size of the files"
        raise fault(file, "describes a model whose size cannot be counted", remedy)
    made = row.values()
    if not files and not any("model.name=" in flag for flag in flags):
        folder = file if file.is_dir() else file.absolute().parent
        made += ["engine=vllm", f"model.name=config/{re.sub('[^A-Za-z0-9._-]', '-', folder.name) or 'model'}"]
        made += [f"modelCache.size={10 * -(-row.weightsMiB * 11 // 102400)}Gi"]
    return row, [*(f"--set={each}" for each in made), *flags]


def plan(
    chart: Path,
    files: list[Path],
    flags: list[str],
    say: Say,
    prover: Prover | None = None,
    row: modelconfig.Row | None = None,
) -> list[Plan]:
    """Ask a chart what each server of these values needs; Faults where they cannot be read, or are refused.

    A sum of values that the chart refuses would say nothing. `row` describes the model of every server beyond its size.
    """
    helm = tools.ensure(["helm"], say)["helm"].path
    valuesfile.present(files)
    with tempfile.TemporaryDirectory(prefix="chartgen-plan-") as place:
        folder = question(chart, Path(place))
        wanted = [render.Request(each, tuple(files), flags=tuple(flags)) for each in (folder, chart)]
        asked, whole = render.render(wanted, helm, prover=prover)
    if error := asked.error or whole.error:
        raise Faults(blame.blamed(loaded.load(chart, str(chart)), files, flags, error, helm))
    return answered(asked.text, row)


def question(chart: Path, place: Path, schema: bool = True) -> Path:
    """A chart in the folder `place` that prints what each server needs; Faults for a chart that cannot say it."""
    return asking(chart, _name(chart), conventions.ASK, place, schema)


def answered(text: str, row: modelconfig.Row | None = None) -> list[Plan]:
    """What the chart of `question` printed, as plans."""
    needs = [document.data["plan"] for document in render.documents(text) if document.data]
    return [_plan(each, row) for each in needs]


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


def _plan(need: Need, row: modelconfig.Row | None) -> Plan:
    need = json.loads(json.dumps(need))
    if row:
        for model in need["models"]:
            model["heads"], model["kvHeads"] = row.heads, row.kvHeads
        need["quantization"] = need["quantization"] or row.quantization
    gpu = need["gpu"]
    share = gpu["memoryMiB"] * gpu["count"] * need["nodes"]
    fits = not (need["known"] and share and need["needMiB"] > share and not need["offloadsToMemory"])
    return Plan(need, choosing.choose(need) if need["known"] else None, fits)


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
        found.append("  the size of a model is not known: give its config.json with --config, or set model.weightsSize")
    cards = need["gpu"]["count"] * need["nodes"]
    device = need["gpu"].get("partition") or need["gpu"]["vendor"]
    where = f"{need['gpu']['count']} × {device}" if cards else "memory"
    if need["nodes"] > 1:
        where += f" on each of {need['nodes']} nodes"
    if need["known"]:
        found.append(f"  total, with the engine's own memory: {_size(need['needMiB'])}, in {where}")
        if cards:
            found.append(f"  on each card: {_size(-(-need['needMiB'] // cards))}")
        if need["parallel"] > 1:
            text = f"holds {need['context']} tokens of each of {need['parallel']} requests at the same time; if fewer"
            found += [f"  {line}" for line in wrap(f"{text} are as long at once, plan with a smaller number", WIDTH)]
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
    return found + [f"  {line}".rstrip() for line in _cards(each)]


def _cards(plan: Plan) -> list[str]:
    """A table of the cards that hold it, and those that do not or cannot run it."""
    if not plan.cards:
        return []
    need = plan.need
    kept = any(each.tokens for each in plan.cards.choices)
    rows = [
        ("", "cards", "memory", *(("left for KV cache", f"conversations of {need['context']} tokens") if kept else ()))
    ]
    for each in plan.cards.choices:
        memory = f"{each.count * each.memoryGiB} GiB"
        more = (_size(each.freeMiB), str(each.conversations)) if kept else ()
        rows.append((f"{each.count} ×", each.card, memory, *more))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    found = ["  ".join(map(_cell, row, widths, range(len(row)))) for row in rows] if plan.cards.choices else []
    said: list[str] = []
    several: dict[tuple[int, int], list[str]] = {}
    for each in plan.cards.choices:
        if each.count > each.perNode:
            several.setdefault((each.count, each.perNode), []).append(each.card)
    for (count, within), cards in several.items():
        said.append(f"set nodes.count {count // within} and gpu.count {within} for {count} × {', '.join(cards)}")
    small: dict[int, list[str]] = {}
    for card, count in plan.cards.small.items():
        small.setdefault(count, []).append(card)
    for count, cards in small.items():
        said.append(f"too small{f', even {count} of them' if count > 1 else ''}: {', '.join(cards)}")
    reasons: dict[str, list[str]] = {}
    for card, why in plan.cards.unfit.items():
        reasons.setdefault(why, []).append(card)
    said += [f"not {', '.join(names)}: {why}" for why, names in reasons.items()]
    return found + [line for each in said for line in wrap(each, WIDTH, subsequent_indent="  ", break_on_hyphens=False)]


def _cell(text: str, width: int, column: int) -> str:
    return text.ljust(width) if column == 1 else text.rjust(width)


def _amounts(resources: dict[str, Any]) -> str:
    return ", ".join(
        f"{kind} " + " and ".join(f"{amount} {name}" for name, amount in amounts.items())
        for kind, amounts in sorted(resources.items(), reverse=True)
        if amounts and kind in ("requests", "limits")
    )


def _size(mebibytes: int) -> str:
    return f"{mebibytes / 1024:.1f} GiB" if mebibytes >= 1024 else f"{mebibytes} MiB"
