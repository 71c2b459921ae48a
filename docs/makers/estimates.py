"""Writes docs/estimates.md, the chart's estimates and measurements: `python -m docs.makers.estimates`."""

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
# How accurate the memory estimates are

The chart estimates the memory that a model needs as the sum of three parts: 1.02 times the size of its weights, the KV
cache for every token of the context (in f16, unless the engine is set to another type), and 2.3 GiB for the engine on
each GPU. On CPUs, the chart calculates the memory request of the pod from this estimate. With GPUs, the estimate is the
GPU memory that the model needs. `chartgen plan` prints it.

This page compares the estimates with all measurements of running models that we could find. It is generated from
`docs/estimates.yaml` by `make docs`; the templates of the chart calculate the estimates.

{summary}

Most estimates are too high, because the part for the engine is that of the engine that needs the most. The effect is
largest for small models. If you measured the memory of your model, set `resources` instead. On CPUs, the memory limit
of a pod is twice the estimate, so that a pod whose estimate is too low is not terminated. Memory above the request is
best effort.

| model | context | part | measured | estimate | error | measured with | source |
|---|---|---|---|---|---|---|---|
"""


def rows() -> list[dict[str, Any]]:
    """The figures with the chart's estimate for each: `told` and `estimate` in MiB, `error` in percent."""
    table = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    figures, sources = table["figures"], table["sources"]
    with tempfile.TemporaryDirectory(prefix="estimates-") as place:
        file = Path(place) / "values.json"
        file.write_text(json.dumps(_values(figures)), encoding="utf-8")
        plans = {each.need["server"]: each.need for each in plan.plan(CHART, [file], [], print)}
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
        f"Of {len(whole)} estimates of the total, {below} are too low. Half of them differ by at most "
        f"{sorted(map(abs, whole))[len(whole) // 2]}%; the largest errors are {whole[0]:+d}% and {whole[-1]:+d}%. The "
        f"{len(parts)} estimates of the weights or the KV cache alone differ by at most {max(parts)}%."
    )


def _cells(row: dict[str, Any]) -> list[str]:
    cards = f", {row['cards']} GPUs" if "cards" in row else ""
    own = ", sizes set in values" if "weightsSize" in row else ""
    told = row["measured"] + (f", {_size(row['told'])}" if row["measured"].endswith(" GB") else "")
    why = f": {row['why']}" if "why" in row else ""
    return [
        f"`{row['model']}:{row['tag']}`{own}{cards}",
        str(row["contextLength"]),
        row["of"],
        told,
        _size(row["estimate"]),
        f"{row['error']:+d}%{why}",
        row["by"],
        f"[{row['source']['title']}]({row['source']['url']})",
    ]


def _size(mebibytes: float) -> str:
    return f"{mebibytes / 1024:.1f} GiB" if mebibytes >= 1024 else f"{mebibytes:.0f} MiB"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
