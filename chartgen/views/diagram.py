"""The picture of a release, as Mermaid or SVG."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import files
from ..problem import Say, fault
from . import graph, mermaid, sides, svg

KINDS = (".svg", ".mmd")


@dataclass(frozen=True)
class Diagram:
    """The picture of one side."""

    title: str
    graph: graph.Graph

    def mermaid(self) -> str:
        """The picture as Mermaid's text."""
        return mermaid.text(self.graph)

    def svg(self) -> str:
        """The picture as SVG."""
        return svg.text(self.graph, self.title)

    def summary(self) -> str:
        """How much is in the picture."""
        return f"{len(self.graph.nodes)} boxes, {len(self.graph.edges)} arrows"

    def as_json(self) -> dict[str, Any]:
        """The graph for `--json`."""
        return graph.as_json(self.graph)


def diagram(side: str, context: sides.Context, say: Say) -> Diagram:
    """Draw a side (see sides.read); Faults and ToolError as there."""
    found = graph.graph(sides.read(side, context, say).render)
    if not found.nodes:
        raise fault(side, "has no pods to draw", "draw a release with a model server or a web UI")
    return Diagram(f"release {context.release}", found)


def write(drawn: Diagram, output: Path) -> None:
    """Write the picture, by the file's ending; Faults for another than those known."""
    if output.suffix not in KINDS:
        raise fault(output, f"ends with '{output.suffix}'", f"use a name that ends with {' or '.join(KINDS)}")
    files.write(output, (drawn.svg() if output.suffix == ".svg" else drawn.mermaid()).encode())
