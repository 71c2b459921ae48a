"""A graph as SVG: columns by role, no program and no font needed, light and dark by the reader's setting."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterator

from ..problem import escaped
from .graph import ROLES, Edge, Graph, Node
from .mermaid import COLOURS

LINE, PAD, GAP, BETWEEN = 18, 16, 26, 100  # pixels
# No font of the list draws letters wider than this in bold: wide ones as those of Chinese, capitals, and all others.
WIDE, CAPITAL, CHARACTER = 15.0, 13.0, 8.0
BROAD = "mw%@—…"  # as wide as capitals
LONGEST = 48  # characters of a line
DARK = {
    "way": "#93c5fd",
    "ui": "#5eead4",
    "server": "#fcd34d",
    "helper": "#fda4af",
    "volume": "#bef264",
    "loader": "#d8b4fe",
    "source": "#cbd5e1",
}
NAMES = {
    "way": "how it is reached",
    "ui": "web UIs and gateways",
    "server": "model servers",
    "helper": "databases and other helpers",
    "volume": "volumes",
    "loader": "loaders",
    "source": "sources of models",
}


def text(found: Graph, title: str) -> str:
    """The picture, one SVG document."""
    columns = _columns(found)
    boxes, width, height = _placed(columns)
    body = [*_heads(columns, boxes), *(_edge(edge, boxes) for edge in found.edges)]
    body += [_node(node, boxes[node.id]) for node in found.nodes.values()]
    said = f"{title}: " + ", ".join(f"{len(nodes)} {NAMES[nodes[0].role]}" for nodes in columns)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}"'
        f' height="{height:.0f}" role="img" aria-label="{escape(said)}">\n'
        f"<title>{escape(title)}</title>\n{_style()}\n" + "\n".join(body) + "\n</svg>\n"
    )


Box = tuple[float, float, float, float]  # left, top, width, height


def _columns(found: Graph) -> list[list[Node]]:
    """The nodes by role, those that are joined at about the same height."""
    columns = [[node for node in found.nodes.values() if node.role == role] for role in ROLES]
    columns = [column for column in columns if column]
    joined: dict[str, list[str]] = {}
    for edge in found.edges:
        joined.setdefault(edge.start, []).append(edge.end)
        joined.setdefault(edge.end, []).append(edge.start)
    for _ in range(4):
        place = {node.id: n / max(1, len(column)) for column in columns for n, node in enumerate(column)}
        for column in columns:
            column.sort(key=lambda node: _mean([place[other] for other in joined.get(node.id, [])], place[node.id]))
    return columns


def _mean(numbers: list[float], otherwise: float) -> float:
    return sum(numbers) / len(numbers) if numbers else otherwise


def _placed(columns: list[list[Node]]) -> tuple[dict[str, Box], float, float]:
    """Where each node is, and the size of the picture."""
    tall = max((_height(column) for column in columns), default=0)
    boxes: dict[str, Box] = {}
    left = float(PAD)
    for column in columns:
        widest = max(max(_width(node) for node in column), _pixels(NAMES[column[0].role]))
        around = (tall - sum(map(_tall, column))) / len(column)
        top = LINE * 2 + around / 2
        for node in column:
            boxes[node.id] = (left, top, widest, _tall(node))
            top += _tall(node) + around
        left += widest + BETWEEN
    return boxes, max(left - BETWEEN + PAD, 2 * PAD), tall + LINE * 2 + GAP


def _texts(node: Node) -> list[str]:
    return [said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…" for said in (node.title, *node.lines)]


def _width(node: Node) -> float:
    return max(map(_pixels, _texts(node))) + 2 * PAD


def _pixels(said: str) -> float:
    """How wide a line can be."""
    return sum(map(_letter, escaped(said, lines=False)))


def _letter(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0
    if letter.isascii():
        return CAPITAL if letter.isupper() or letter in BROAD else CHARACTER
    return WIDE if unicodedata.east_asian_width(letter) in "WFA" else CAPITAL


def _tall(node: Node) -> float:
    return len(_texts(node)) * LINE + 2 * PAD


def _height(column: list[Node]) -> float:
    return sum(_tall(node) + GAP for node in column) - GAP


def _heads(columns: list[list[Node]], boxes: dict[str, Box]) -> Iterator[str]:
    for column in columns:
        left, _, width, _ = boxes[column[0].id]
        yield f'<text class="head" x="{left + width / 2:.1f}" y="{LINE}">{escape(NAMES[column[0].role])}</text>'


def _node(node: Node, box: Box) -> str:
    left, top, width, _ = box
    said = [f'<g class="{node.role}"><title>{escape(node.title)}</title>', _shape(node.role, box)]
    for n, line in enumerate(_texts(node)):
        kind = "name" if n == 0 else "line"
        y = top + PAD + (n + 0.75) * LINE
        said.append(f'<text class="{kind}" x="{left + width / 2:.1f}" y="{y:.1f}">{escape(line)}</text>')
    return "".join([*said, "</g>"])


def _shape(role: str, box: Box) -> str:
    """The outline of a box; each role has its own, so that they can be told apart without colour."""
    x, y, w, h = box
    if role == "volume":
        path = f"M{x},{y + 6} a{w / 2},6 0 0 1 {w},0 v{h - 12} a{w / 2},6 0 0 1 {-w},0 z m0,0 a{w / 2},6 0 0 0 {w},0"
    elif role == "loader":
        path = f"M{x + 10},{y} h{w - 20} l10,{h / 2} l-10,{h / 2} h{20 - w} l-10,{-h / 2} z"
    elif role == "source":
        path = f"M{x},{y} h{w - 14} l14,14 v{h - 14} h{-w} z m{w - 14},0 v14 h14"
    elif role == "helper":
        path = f"M{x + 10},{y} h{w - 20} l10,10 v{h - 20} l-10,10 h{20 - w} l-10,-10 v{20 - h} z"
    elif role == "server":
        path = f"M{x},{y} h{w} v{h} h{-w} z M{x + 5},{y} v{h} M{x + w - 5},{y} v{h}"
    else:
        radius = h / 2 if role == "way" else 6
        return f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="{min(radius, 24):.0f}"/>'
    return f'<path d="{path}"/>'


Point = tuple[float, float]


def _edge(edge: Edge, boxes: dict[str, Box]) -> str:
    """A curve from the side of one box to the facing side of another, past the boxes between them."""
    kind = "files" if edge.files else "requests"
    (x, y), *points = route(edge, boxes)
    curve = f"M{x:.1f},{y:.1f}"
    for nextx, nexty in points:
        bend = (nextx - x) / 2
        if x == nextx:  # in the same column: around its right side
            curve += f" C{x + BETWEEN / 2:.1f},{y:.1f} {x + BETWEEN / 2:.1f},{nexty:.1f} {nextx:.1f},{nexty:.1f}"
        else:
            curve += f" C{x + bend:.1f},{y:.1f} {nextx - bend:.1f},{nexty:.1f} {nextx:.1f},{nexty:.1f}"
        x, y = nextx, nexty
    return f'<path class="{kind}" d="{curve}" marker-end="url(#{kind})"/>'


def route(edge: Edge, boxes: dict[str, Box]) -> list[Point]:
    """The points that an arrow passes: its ends, and where it crosses the columns between them, where there is room."""
    one, two = boxes[edge.start], boxes[edge.end]
    y1, y2 = one[1] + one[3] / 2, two[1] + two[3] / 2
    if one[0] == two[0]:
        return [(one[0] + one[2], y1), (two[0] + two[2], y2)]
    right = one[0] < two[0]
    first, last = (one[0] + one[2], two[0]) if right else (one[0], two[0] + two[2])
    points = [(first, y1)]
    between = sorted({(x, w) for x, _, w, _ in boxes.values() if min(one[0], two[0]) < x < max(one[0], two[0])})
    for left, width in between if right else reversed(between):
        share = (left + width / 2 - first) / (last - first)
        y = _lane([box for box in boxes.values() if box[0] == left], y1 + (y2 - y1) * share)
        points += [(left, y), (left + width, y)] if right else [(left + width, y), (left, y)]
    return [*points, (last, y2)]


def _lane(column: list[Box], y: float) -> float:
    """The height nearest to `y` at which a line passes between the boxes of a column."""
    free = [y]
    for _, top, _, height in column:
        free += [top - GAP / 2, top + height + GAP / 2]
    clear = [at for at in free if all(not top - PAD / 2 < at < top + height + PAD / 2 for _, top, _, height in column)]
    return min(clear, key=lambda at: abs(at - y), default=y)


def _style() -> str:
    rules = [f".{role} rect,.{role} path{{stroke:{colour}}}" for role, colour in COLOURS.items()]
    dark = [f".{role} rect,.{role} path{{stroke:{colour}}}" for role, colour in DARK.items()]
    arrows = "".join(
        f'<marker id="{kind}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7"'
        ' orient="auto-start-reverse"><path class="tip" d="M0,0 L10,5 L0,10 z"/></marker>'
        for kind in ("requests", "files")
    )
    return (
        "<style>"
        "text{font:13px ui-sans-serif,system-ui,sans-serif;text-anchor:middle;fill:#0f172a}"
        ".name{font-weight:600}.head{fill:#64748b;font-size:12px}"
        "rect,path{fill:#fff;stroke-width:2}"
        ".requests,.files{fill:none;stroke:#64748b;stroke-width:1.5}.files{stroke-dasharray:5 4}"
        ".tip{fill:#64748b;stroke:none}" + "".join(rules) + "@media (prefers-color-scheme:dark){"
        "text{fill:#f1f5f9}rect,path{fill:#0f172a}.requests,.files{fill:none;stroke:#94a3b8}"
        ".tip,.head{fill:#94a3b8}" + "".join(dark) + f"}}</style><defs>{arrows}</defs>"
    )


def escape(said: str) -> str:
    """Text for XML, which has no control characters."""
    return html.escape(escaped(said, lines=False))
