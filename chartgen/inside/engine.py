"""The engine of the static page: chartgen's own Python, a chart, and the renderer. It runs in a page only."""

from __future__ import annotations

import base64  # noqa: F401  This and others are imported late elsewhere; here they are in the memory of the page.
import difflib  # noqa: F401
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import jsonschema  # noqa: F401
import yaml._yaml

from chartgen.chart.loaded import LoadedChart
from chartgen.chart.valuesfile import Example
from chartgen.configure.look import Shown, reply
from chartgen.problem import ToolError
from chartgen.programs.prover import Called
from chartgen.reading import shape  # noqa: F401
from chartgen.reading.unprinted import opened


def start(ask: Callable[[str], str], events: Callable[[str], str], folder: str) -> Callable[[str], str]:
    """A function that answers what the page says, both in JSON, of the chart in a folder, which the build has checked.

    `ask` and `events` are the renderer's.
    """
    yaml._yaml.events = events
    prover = Called(ask)
    place = Shown.of(_loaded(Path(folder)), Path(tempfile.mkdtemp()))

    def answer(said: str) -> str:
        try:
            return json.dumps(reply(place, json.loads(said), lambda text: None, prover))
        except ToolError as error:
            return json.dumps({"error": str(error)})

    return answer


def _loaded(folder: Path) -> LoadedChart:
    known = json.loads((folder / "known.json").read_text(encoding="utf-8"))
    schema = (
        opened(json.loads((folder / "chart/values.schema.json").read_text(encoding="utf-8")))
        if known["schema"]
        else None
    )
    defaults = Example("defaults", known["shown"], data=known["defaults"])
    return LoadedChart(folder / "chart", known["shown"], known["name"], False, schema, defaults)
