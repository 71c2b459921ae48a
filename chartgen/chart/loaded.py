"""The chart that is validated: a folder or a package, whoever made it; and the stack that it was made from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .. import files, paths
from ..conventions import STACK
from ..problem import Collected, Faults, Problem, fault
from ..reading import wellformed, yamlfile
from ..reading.unprinted import opened
from ..sources import stack as stacks
from .disk import MARK
from .valuesfile import Example, read

GZIP = b"\x1f\x8b"  # what a package begins with


@dataclass(frozen=True)
class LoadedChart:
    """A chart to look at. `schema` is None where it has none; `made` says whether chartgen made it, as a folder."""

    folder: Path
    shown: str
    name: str
    made: bool
    schema: dict[str, Any] | None
    defaults: Example


def default(named: str | None) -> Path:
    """The chart meant where none is named: that of the stack named, else of ./stack.yaml, else llm-stack.

    Faults where a stack names no chart, and where there is neither a stack nor the chart.
    """
    if named or Path("stack.yaml").is_file():
        recipe = stacks.find(named)
        name = _chart_of(recipe)
        return Path("charts") / (stacks.read(recipe).chart["name"] if name == "?" else name)
    place = Path("charts") / STACK
    if not place.exists() and not paths.at_checkout():
        remedy = "name a chart, or change to the folder of your stack"
        raise fault(place, "no such chart, which is the default in a folder without stack.yaml", remedy)
    return place


@contextmanager
def unpacked(chart: Path) -> Iterator[Path]:
    """The chart's folder; that of a package (.tgz) for as long as it is looked at."""
    from . import archive

    if chart.is_dir() or not chart.exists() or files.data(chart, most=archive.MOST)[:2] != GZIP:
        yield chart  # whoever loads it says what is wrong
        return
    import tempfile

    _, top, entries = archive.read(chart)
    with tempfile.TemporaryDirectory(prefix="chartgen-chart-") as place:
        for path, data in entries.items():
            target = Path(place, top, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        yield Path(place, top)


def load(folder: Path, shown: str) -> LoadedChart:
    """Read what validation has to know of a chart; Faults where the folder holds none."""
    metadata = folder / "Chart.yaml"
    if not metadata.is_file():
        remedy = "name a folder with a Chart.yaml, or a package (.tgz); 'chartgen build' makes a chart"
        raise fault(shown, "is not a chart", remedy)
    parsed = yamlfile.read(metadata, f"{shown}/Chart.yaml")
    name = parsed.data.get("name") if isinstance(parsed.data, dict) else None
    collected = Collected(parsed.problems)
    if not parsed.problems and not isinstance(name, str):
        collected.problems.append(Problem(f"{shown}/Chart.yaml", 0, "name", "missing", "add it"))
    schema = collected.attempt(_schema, folder, shown)
    defaults = collected.attempt(_defaults, folder, shown)
    collected.end()
    made = files.text(metadata, f"{shown}/Chart.yaml").startswith(MARK) and folder == Path(shown)
    return LoadedChart(folder, shown, name, made, schema, defaults)


def _schema(folder: Path, shown: str) -> dict[str, Any] | None:
    file = folder / "values.schema.json"
    if not file.exists():
        return None
    text = files.text(file, f"{shown}/{file.name}")
    Collected(wellformed.unusable(text, f"{shown}/{file.name}")).end()
    found = opened(json.loads(text))
    return found if isinstance(found, dict) else {"not": {}} if found is False else {}


def _defaults(folder: Path, shown: str) -> Example:
    """The chart's own values as an example that is rendered without a file: Helm reads them by itself."""
    file = folder / "values.yaml"
    if not file.is_file():
        return Example("defaults", f"{shown}/values.yaml")
    return replace(example("defaults", file, f"{shown}/values.yaml", strict=False), files=())


def example(name: str, file: Path, shown: str, strict: bool = True) -> Example:
    """A values file of a chart, which is unpacked elsewhere than problems say where it is a package."""
    try:
        found = read(name, [file], strict)
    except Faults as faults:
        raise Faults([replace(problem, path=shown) for problem in faults.problems]) from None
    return replace(found, shown=shown, starts=((shown, 0),))


def stack_of(subject: LoadedChart) -> Path | None:
    """The stack file that a chart was made from: ./stack.yaml, or chartgen's own of that name."""
    for place in (Path("stack.yaml"), paths.HERE / "stacks" / subject.name / "stack.yaml"):
        if subject.made and place.is_file() and _chart_of(place) in (subject.name, "?"):
            return place
    return None


def _chart_of(place: Path) -> str:
    """The chart that a stack file names, `?` where that cannot be told: what is wrong is said where it is read."""
    data = yamlfile.read(place).data
    metadata = data.get("chart") if isinstance(data, dict) else None
    return str(metadata.get("name", "?")) if isinstance(metadata, dict) else "?"
