"""Writes docs/accelerators.md from the table that the chart reads: `python -m docs.makers.accelerators`."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "chartgen/fragments/gpu/files/vendors.yaml"
PAGE = ROOT / "docs/accelerators.md"

HEAD = """\
# Accelerators

`gpu.vendor` and `gpu.scheme` select a row of this table, and `gpu.count` sets the number of devices for each pod. To
use a device that is not in the table, set `gpu.resources: {name: count}`.

The names are taken from the sources in the last column; they were not tested on the hardware. A detail that is marked
*open* could not be verified in any source: check the output of `kubectl describe node` before you rely on it.

This page is generated from `chartgen/fragments/gpu/files/vendors.yaml` by `make docs`.

| `gpu.vendor` | `gpu.scheme` | device | parts of a device: `gpu.memory`, `gpu.coresPercent` | `gpu.type` | source |
|---|---|---|---|---|---|
"""


def page() -> str:
    """The page, as Markdown."""
    vendors = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    rows = [
        _row(name if n == 0 else "", scheme, row)
        for name, vendor in vendors.items()
        for n, (scheme, row) in enumerate(vendor["schemes"].items())
    ]
    return HEAD + "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def _row(vendor: str, scheme: str, row: dict) -> list[str]:
    wanted = row.get("class", {})
    device = f"class `{wanted['name']}`" if wanted else f"`{row['resource']}`" if "resource" in row else ""
    device += f"; with `gpu.partition`: class `{wanted['partition']}`" if "partition" in wanted else ""
    shares = [f"`{row['memory']['resource']}` in units of {_unit(row['memory']['unit'])}"] if "memory" in row else []
    shares += [f"`{row['cores']['resource']}`, {row['cores']['whole']} per device"] if "cores" in row else []
    source = row["source"] + (f"; *open: {row['open']}*" if "open" in row else "")
    name = f"`{vendor}`" if vendor else ""
    return [name, f"`{scheme}`", device, ", ".join(shares), _type(row), source]


def _unit(mebibytes: int) -> str:
    return "1 GiB" if mebibytes == 1024 else f"{mebibytes} MiB"


def _type(row: dict) -> str:
    kind = row.get("type", {})
    words = [f"label `{kind['nodeLabel']}`"] if "nodeLabel" in kind else []
    words += [f"annotation `{kind['annotation']}`"] if "annotation" in kind else []
    words += ["part of the device name"] if kind.get("name") else []
    words += [f"attribute `{row['class']['type']}`"] if row.get("class", {}).get("type") else []
    return "".join(words) + (", required" if kind.get("required") else "")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
