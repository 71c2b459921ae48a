"""A graph as Mermaid's flowchart, which Git forges draw in Markdown."""

from __future__ import annotations

from ..problem import escaped
from .graph import ROLES, Graph, Node

# Shapes, so that the roles can be told apart without colour.
SHAPES = {
    "way": ('(["', '"])'),
    "ui": ('["', '"]'),
    "server": ('[["', '"]]'),
    "helper": ('[/"', '"/]'),
    "volume": ('[("', '")]'),
    "loader": ('{{"', '"}}'),
    "source": ('>"', '"]'),
}
COLOURS = {
    "way": "#1d4ed8",
    "ui": "#0f766e",
    "server": "#b45309",
    "helper": "#be123c",
    "volume": "#4d7c0f",
    "loader": "#7e22ce",
    "source": "#475569",
}


def text(found: Graph) -> str:
    """The flowchart; requests are drawn as lines, files as dotted lines."""
    lines = ["flowchart LR"]
    for node in found.nodes.values():
        before, after = SHAPES[node.role]
        lines.append(f"  {node.id}{before}{_label(node)}{after}:::{node.role}")
    for edge in found.edges:
        lines.append(f"  {edge.start} {'-.->' if edge.files else '-->'} {edge.end}")
    used = {node.role for node in found.nodes.values()}
    lines += [f"  classDef {role} stroke:{COLOURS[role]},stroke-width:2px" for role in ROLES if role in used]
    return "\n".join(lines) + "\n"


def _label(node: Node) -> str:
    return "<br>".join([f"<b>{_escaped(node.title)}</b>", *map(_escaped, node.lines)])


def _escaped(said: str) -> str:
    """Text without what Mermaid or HTML take for markup."""
    said = escaped(said, lines=False)
    marks = {"&": "#amp;", "<": "#lt;", ">": "#gt;", '"': "#quot;", "|": "#124;", "`": "#96;"}
    return "".join(marks.get(letter, letter) for letter in said.replace("#", "#35;"))
