"""What a release needs, before it is installed: the chart's own sum, asked of the chart, and which cards hold it.

The chart reckons requests, limits and budgets in its templates (`sizing`). The plan asks those templates instead of
reckoning again, by a render of the chart's helpers and one line that calls them: two sums could differ.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import paths
from ..chart import blame, loaded
from ..problem import Faults, Problem, Say
from ..programs import helm as render
from ..programs import tools
from ..reading import wellformed, yamlfile

PROGRAM = 2355  # MiB of each card for the program itself; the templates' figure, see needMiB
USABLE = 90  # percent of a card's memory that engines use; vLLM's --gpu-memory-utilization
COUNTS = (1, 2, 4, 8, 16)
ASK = """\
{{- include "CHART.servers" . }}
{{- range .Servers }}
---
plan: {{ include "CHART.sizing.plan" . }}
{{- end }}
"""


@dataclass(frozen=True)
class Plan:
    """What one server needs. Sizes in MiB; `cards` is card -> how many of it hold the models, 0 where 16 do not."""

    told: dict[str, Any]
    cards: dict[str, int]
    fits: bool

    def as_json(self) -> dict[str, Any]:
        """The plan for `--json`."""
        return self.told | {"cards": self.cards, "fits": self.fits}


def plan(chart: Path, files: list[Path], flags: list[str], say: Say) -> list[Plan]:
    """Ask a chart what each server of these values needs; Faults where they cannot be read, or are refused.

    A sum of values that the chart refuses would say nothing.
    """
    helm = tools.ensure(["helm"], say)["helm"].path
    for file in files:
        if not file.is_file():
            raise Faults([Problem(str(file), 0, "", "is not there", "name a values file")])
    name = _name(chart)
    with tempfile.TemporaryDirectory(prefix="chartgen-plan-") as place:
        folder = _asking(chart, name, Path(place))
        wanted = [render.Request(each, tuple(files), flags=tuple(flags)) for each in (folder, chart)]
        asked, whole = render.render(wanted, helm)
    if error := asked.error or whole.error:
        raise Faults(blame.blamed(loaded.load(chart, str(chart)), files, flags, error, helm))
    told = [document.data["plan"] for document in render.documents(asked.text) if document.data]
    return [_plan(each) for each in told]


def lines(plans: list[Plan]) -> list[str]:
    """The plans, for people."""
    found: list[str] = []
    for each in plans:
        found += [*_server(each), ""]
    return found


def _asking(chart: Path, name: str, place: Path) -> Path:
    """A copy of a chart whose templates are its helpers and the question."""
    folder = place / name
    (folder / "templates").mkdir(parents=True)
    for file in ("Chart.yaml", "values.yaml", "values.schema.json"):
        shutil.copyfile(chart / file, folder / file)
    shutil.copytree(chart / "files", folder / "files")
    for helper in sorted((chart / "templates").rglob("_*.tpl")):
        shutil.copyfile(helper, folder / "templates" / "_".join(helper.relative_to(chart / "templates").parts))
    (folder / "templates/ask.yaml").write_text(ASK.replace("CHART", name), encoding="utf-8")
    return folder


def _name(chart: Path) -> str:
    if not (chart / "Chart.yaml").is_file():
        raise Faults([Problem(str(chart), 0, "", "is no chart", "name a folder that 'chartgen build' made")])
    if not (chart / "templates/sizing").is_dir():
        raise Faults([Problem(str(chart), 0, "", "has no fragment 'sizing'", "add it to the stack, and build again")])
    return str(yamlfile.read(chart / "Chart.yaml").data["name"])


def _plan(told: dict[str, Any]) -> Plan:
    told = json.loads(json.dumps(told))
    cards = wellformed.read(paths.HERE / "needs/cards.yaml", "cards.yaml", "cards.schema.json")
    held = {card: _count(told, int(size) * 1024) for card, size in cards.data.items()} if told["known"] else {}
    gpu = told["gpu"]
    share = gpu["memoryMiB"] * gpu["count"]
    return Plan(told, held, not (told["known"] and share and told["needMiB"] > share and not told["offloadsToMemory"]))


def _count(told: dict[str, Any], size: int) -> int:
    """How many cards of `size` MiB hold a server's models."""
    once = told["needMiB"] - PROGRAM * max(1, told["gpu"]["count"])
    return next((n for n in COUNTS if once + n * PROGRAM <= n * size * USABLE // 100), 0)


def _server(each: Plan) -> list[str]:
    told = each.told
    head = f"server {told['server']}, {told['engine']}: context {told['context']} × {told['parallel']} at a time"
    rows = [("model", "weights", "KV cache")]
    rows += [
        (m["reference"], _size(m["weightsMiB"]) if m["weightsMiB"] else "?", _size(m["kvMiB"])) for m in told["models"]
    ]
    width = max(len(row[0]) for row in rows)
    found = [head, *(f"  {row[0]:<{width}}  {row[1]:>10}  {row[2]:>10}" for row in rows)]
    if not told["known"]:
        found.append("  not all models are known: say model.weightsSize, and the rest follows from it")
    where = f"{told['gpu']['count']} × {told['gpu']['vendor']}" if told["gpu"]["count"] else "memory"
    if told["known"]:
        found.append(f"  together, with the program: {_size(told['needMiB'])}, in {where}")
        if told["gpu"]["count"]:
            found.append(f"  each card holds {_size(-(-told['needMiB'] // told['gpu']['count']))}")
    if not each.fits:
        found.append(f"  DOES NOT FIT {where} with {_size(told['gpu']['memoryMiB'])} each")
    found.append(f"  resources: {_amounts(told['resources'])}; startup within {told['startupTimeoutSeconds']} s")
    volume = told["volume"]
    if told["known"]:
        has = f", modelCache.size is {volume['size']}" if volume["size"] else ""
        found.append(f"  volume: ask for {volume['askGiB']}Gi{has}")
    found += [f"  cards: {line}" for line in _cards(each.cards)]
    return found


def _cards(cards: dict[str, int]) -> list[str]:
    """Which cards hold it, by how many it takes of them."""
    found = []
    for count in COUNTS:
        names = [card for card, wanted in cards.items() if wanted == count]
        found += [f"{count} × {', '.join(names)}"] if names else []
    none = [card for card, wanted in cards.items() if not wanted]
    return found + ([f"not even {COUNTS[-1]} × {', '.join(none)}"] if none else [])


def _amounts(resources: dict[str, Any]) -> str:
    return ", ".join(
        f"{kind} " + " and ".join(f"{amount} {name}" for name, amount in amounts.items())
        for kind, amounts in sorted(resources.items(), reverse=True)
        if amounts and kind in ("requests", "limits")
    )


def _size(mebibytes: int) -> str:
    return f"{mebibytes / 1024:.1f} GiB" if mebibytes >= 1024 else f"{mebibytes} MiB"
