"""docs/estimates.md, what the chart reckons beside what was measured: `python -m docs.makers.estimates` writes it."""

from __future__ import annotations

import json
import tempfile
import textwrap
from pathlib import Path
from typing import Any

import yaml

from chartgen.needs import plan

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts/llm-stack"
TABLE = ROOT / "docs/estimates.yaml"
PAGE = ROOT / "docs/estimates.md"
UNITS = {"GB": 10**9, "MiB": 2**20, "GiB": 2**30}

HEAD = """\
# What the chart reckons, and what was measured

Requests, limits and startup budgets follow from a sum: 1.02 times the model's weights, the keys and values of every
token of context in f16, and 2.3 GiB for the program on each card. `chartgen plan` prints it. Here it stands beside
every figure that we could find of somebody who had the model running. Made from `docs/estimates.yaml` by `make docs`;
the estimates are the chart's own, asked of its templates.

{summary}

Mostly it errs on the side of room: the program's part is that of the engine that takes most, so that a small model
gets more than it needs. Where that matters, give `resources` what you measured. A pod's limit is twice the sum on
CPUs, since what is over is only lent.

| model | context | of | measured | estimate | error | told by | read in |
|---|---|---|---|---|---|---|---|
"""


def rows() -> list[dict[str, Any]]:
    """The figures, with what the chart reckons for each: `told` and `estimate` in MiB, `error` in percent."""
    table = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    figures, sources = table["figures"], table["sources"]
    with tempfile.TemporaryDirectory(prefix="estimates-") as place:
        file = Path(place) / "values.json"
        file.write_text(json.dumps(_values(figures)), encoding="utf-8")
        plans = {each.told["server"]: each.told for each in plan.plan(CHART, [file], [], print).plans}
    return [row | _compared(row, plans[f"s{n}"]) | {"source": sources[row["source"]]} for n, row in enumerate(figures)]


def page() -> str:
    """The page, as Markdown."""
    found = rows()
    summary = textwrap.fill(_summary(found), 120)
    return HEAD.format(summary=summary) + "".join(f"| {' | '.join(_cells(row))} |\n" for row in found)


def _values(figures: list[dict[str, Any]]) -> dict[str, Any]:
    """One release, in which each figure is a server, so that Helm runs once."""
    servers = {f"s{n}": _server(row) for n, row in enumerate(figures)} | {"server": {"enabled": False}}
    return {"servers": servers, "modelCache": {"size": "500Gi"}, "openWebui": {"enabled": False}}


def _server(row: dict[str, Any]) -> dict[str, Any]:
    model = {"name": row["model"], "tag": row["tag"], "contextLength": row["contextLength"]}
    model |= {key: row[key] for key in ("weightsSize", "kvCachePerToken") if key in row}
    return {"model": model} | ({"gpu": {"vendor": "nvidia", "count": row["cards"]}} if "cards" in row else {})


def _compared(row: dict[str, Any], planned: dict[str, Any]) -> dict[str, Any]:
    number, unit = row["measured"].split()
    told = float(number) * UNITS[unit] / 2**20
    (model,) = planned["models"]
    estimate = {"all": planned["needMiB"], "weights": model["weightsMiB"], "cache": model["kvMiB"]}[row["of"]]
    return {"told": told, "estimate": estimate, "error": round(100 * (estimate - told) / told)}


def _summary(found: list[dict[str, Any]]) -> str:
    whole = sorted(row["error"] for row in found if row["of"] == "all")
    parts = [abs(row["error"]) for row in found if row["of"] != "all"]
    below = sum(error < 0 for error in whole)
    return (
        f"Of {len(whole)} sums, {below} are below what was measured; half of them are within "
        f"{sorted(map(abs, whole))[len(whole) // 2]} %, the worst are {whole[0]:+d} % and {whole[-1]:+d} %. Of "
        f"{len(parts)} weights and caches by themselves, all are within {max(parts)} %."
    )


def _cells(row: dict[str, Any]) -> list[str]:
    cards = f", {row['cards']} cards" if "cards" in row else ""
    own = ", described in values" if "weightsSize" in row else ""
    told = row["measured"] + (f", {_size(row['told'])}" if row["measured"].endswith(" GB") else "")
    why = f": {row['why']}" if "why" in row else ""
    return [
        f"`{row['model']}:{row['tag']}`{own}{cards}",
        str(row["contextLength"]),
        row["of"],
        told,
        _size(row["estimate"]),
        f"{row['error']:+d} %{why}",
        row["by"],
        f"[{row['source']['title']}]({row['source']['url']})",
    ]


def _size(mebibytes: float) -> str:
    return f"{mebibytes / 1024:.1f} GiB" if mebibytes >= 1024 else f"{mebibytes:.0f} MiB"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
