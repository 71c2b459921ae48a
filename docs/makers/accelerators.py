"""docs/accelerators.md, from the table that the chart itself reads: `python -m docs.makers.accelerators` writes it."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "chartgen/fragments/gpu/files/vendors.yaml"
PAGE = ROOT / "docs/accelerators.md"

HEAD = """\
# Accelerators

`gpu.vendor` and `gpu.scheme` choose a row, `gpu.count` says how many each pod gets. Made from
`chartgen/fragments/gpu/files/vendors.yaml` by `make docs`.

None of this was tried on the hardware itself: device names were read where the last column says. What is *open* could
not be verified even so; look at what `kubectl describe node` shows before you rely on it. What the table does not know
is asked for by `gpu.resources: {name: count}`.

| `gpu.vendor` | `gpu.scheme` | devices | a share: `gpu.memory`, `gpu.coresPercent` | `gpu.type` | read in |
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
    device += f", `gpu.partition` by `{wanted['partition']}`" if "partition" in wanted else ""
    shares = [f"`{row['memory']['resource']}` in {_unit(row['memory']['unit'])}"] if "memory" in row else []
    shares += [f"`{row['cores']['resource']}`, {row['cores']['whole']} a card"] if "cores" in row else []
    source = row["source"] + (f"; *open: {row['open']}*" if "open" in row else "")
    name = f"`{vendor}`" if vendor else ""
    return [name, f"`{scheme}`", device, ", ".join(shares), _type(row), source]


def _unit(mebibytes: int) -> str:
    return {1: "MiB", 1024: "GiB"}.get(mebibytes, f"{mebibytes} MiB")


def _type(row: dict) -> str:
    kind = row.get("type", {})
    words = [f"label `{kind['nodeLabel']}`"] if "nodeLabel" in kind else []
    words += [f"annotation `{kind['annotation']}`"] if "annotation" in kind else []
    words += ["part of the device"] if kind.get("name") else []
    words += [f"attribute `{row['class']['type']}`"] if row.get("class", {}).get("type") else []
    return "".join(words) + (", needed" if kind.get("required") else "")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
