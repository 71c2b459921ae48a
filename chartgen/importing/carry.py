"""Takes the values of one foreign chart through its table: every row at the value that it is for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..chart.valuesfile import coalesced
from ..problem import ToolError
from ..reading.yamlfile import dotted
from . import apptemplate, cards, compose, convert, flags, homemade, manifests, models, network, webui  # noqa: F401  their functions are called by rows
from .at import EMPTY, At
from .draft import MISSING, NO_CHART, SETTLED, Note, Put
from .function import FUNCTIONS, SHAPES
from .servers import named
from .source import VALUES, placed
from .tables import Node, charts, programs, rows
from .typed import TEXT, text_at

OWN = "own-server"  # the table of a server in a chart that somebody wrote for himself


def chart(at: At) -> None:
    """The values of a chart, which begin here."""
    at = replace(at, root=at.path, program=programs().get(at.table.program) or at.program)
    value = at.value if isinstance(at.value, dict) else {}
    merged = replace(
        at, value=coalesced(at.table.defaults, {key: one for key, one in value.items() if one is not None})
    )
    runs = at.program if at.table.kinds and at.program else None
    if (at.table.server or (runs and runs.engine)) and not at.server:
        merged = replace(merged, server=named(at, text_at(value, "metadata", "name") if runs else ""))
        engine(merged)
    if at.table.server and merged.server and (service := text_at(at.source.data, *at.path, "fullnameOverride")):
        at.draft.called[service] = merged.server
    elif (at.table.server or at.table.name == OWN) and merged.server and at.path and at.path[-1] not in VALUES:
        at.draft.subcharts[str(at.path[-1])] = merged.server
    if at.table.name == "production-stack":
        at.draft.router = "-router-service"
    if at.table.ui or (runs and runs.prefix):
        at.draft.uis.append(at.table.ui or (runs.prefix if runs else ""))
    if at.path and at.path[-1] not in VALUES and at.table.names and value.get("enabled") is True:
        merged.settled("the chart is on", "enabled")
    for group in at.table.groups:
        merged = _group(merged, group)
    walk(merged, at.table.rows)


def engine(at: At) -> None:
    """The engine of a server, where it is not the default one."""
    own = at.program.engine if at.program else ""
    if own and own != "ollama":
        at.draft.put(Put(("engine",), own, at.server, ()), Note(SETTLED, ""))


def _group(at: At, row: dict[str, Any]) -> At:
    """Several keys of a map that mean something together; they are taken out of it."""
    place = tuple(row["in"].split(".")) if row.get("in") else ()
    within = at.below(*place)
    value = within.value
    if not isinstance(value, dict):
        return at
    keys = [key for key in row["keys"] if key in value]
    if not (keys or row.get("always")) or not _on(at, place):
        return at
    own = replace(within, row=row, keys=tuple((key,) for key in keys) or (("?",),))
    _function(row)(own)
    own.unknown()
    left = {key: one for key, one in value.items() if key not in keys}
    return replace(at, value=placed(at.value, place, left))


def _on(at: At, place: tuple[str, ...]) -> bool:
    """Whether nothing above a place, or there, is switched off."""
    for n in range(len(place) + 1):
        switch = at.table.switches.get(dotted(place[:n]))
        value = at.below(*place[:n]).value
        if switch and isinstance(value, dict) and not value.get(switch["key"], switch["default"]):
            return False
    return True


def walk(at: At, node: Node) -> None:
    """A value by the rows for it: those below come first, the row here takes what they leave."""
    switch = at.table.switches.get(dotted(at.own))
    if switch and isinstance(at.value, dict) and not at.value.get(switch["key"], switch["default"]):
        key = switch["key"]
        given = bool(at.draft.spots(at.source, (*at.path, key)))
        if key in at.value:
            _leaf(at, key, node)
        for other in () if given else at.value:
            at.below(other).misspelt([key])
        at.settled(f"{dotted((*at.own, key))} is false{'' if given else ' by default'}")
        return
    left = _below(at, node)
    whole = bool(node.row and "chart" in node.row)  # a chart runs with its defaults, too
    if left in EMPTY and left != at.value and not whole:
        return
    if node.row and not _of_text(at, left, node):
        apply(replace(at, value=left, row=node.row))
    elif left in EMPTY or not isinstance(left, dict | list):
        at.unknown()
    else:
        for key in left if isinstance(left, dict) else range(len(left)):
            at.below(key).misspelt([name for name in node.below if name not in at.value])
            at.below(key).unknown()


def _leaf(at: At, key: str, node: Node) -> None:
    """The value that switches a block off."""
    inner = node.at(key)
    if inner:
        walk(at.below(key), inner)


def _below(at: At, node: Node) -> Any:
    """Take what there are rows for below a value; what is left of it."""
    value = at.value
    if not isinstance(value, dict | list) or not value or not node.below:
        return value
    left: Any = {} if isinstance(value, dict) else []
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in sorted(items, key=lambda item: _order(node.at(item[0]))):
        child = node.at(key)
        if child:
            walk(at.below(key), child)
        elif isinstance(left, dict):
            left[key] = inner
        else:
            left.append(inner)
    return left


def _of_text(at: At, left: Any, node: Node) -> bool:
    """Whether a row is for a text, and the value has its other form, a map with keys of their own: what is left of it
    are keys that the chart does not have.
    """
    text = SHAPES.get((node.row or {}).get("by", "")) == TEXT
    return text and isinstance(left, dict) and any(node.at(key) for key in at.value)


def _order(node: Node | None) -> int:
    """When a key is taken: servers come before what refers to them, and variables that a person sets come last, as they
    replace what other values set of the same name."""
    row = (node.row if node else None) or {}
    return 0 if "chart" in row else 2 if row.get("by") == "env" else 1


def apply(at: At) -> None:
    """Do what a row says with a value; leaves that it says nothing of are noted as unknown."""
    row = at.row
    if "values" in row:
        return  # a part of its own
    if "none" in row:
        at.none(row["none"])
    elif "same" in row:
        at.settled(row["same"])
    elif "chart" in row:
        chart(replace(at, table=charts()[row["chart"]]))
    elif "each" in row:
        _each(at)
    elif "by" in row:
        _function(row)(at)
    elif at.value in EMPTY and not isinstance(at.value, bool):
        at.settled("is empty")
    else:
        at.put(row["to"], at.value, how=row.get("how", ""))
    at.unknown()


def _each(at: At) -> None:
    """A list of model servers, or a map of them by name, each by rows of its own."""
    items = (
        at.value.items() if isinstance(at.value, dict) else enumerate(at.value if isinstance(at.value, list) else ())
    )
    for key, item in items:
        one = at.below(key)
        if not isinstance(item, dict):
            one.unknown()
        elif item.get("enabled", True) is False:
            one.settled(f"{dotted((*one.own, 'enabled'))} is false")
        else:
            name = item.get(at.row["each"]) if isinstance(at.value, list) else key
            server = replace(one, root=one.path, server=named(one, str(name or "")))
            engine(server)
            walk(
                _grouped(replace(server, value=coalesced(at.row.get("defaults", {}), item)), at.row),
                rows(at.row["rows"]),
            )


def _grouped(at: At, row: dict[str, Any]) -> At:
    for group in row.get("groups", ()):
        at = _group(at, group)
    return at


def _function(row: dict[str, Any]) -> Any:
    if row["by"] not in FUNCTIONS:
        raise ToolError(f"importing: no function '{row['by']}'")
    return FUNCTIONS[row["by"]]


def rest(draft: Any) -> None:
    """Leaves that nothing was said of: empty values, and what no chart was recognised for."""
    for spot, value in draft.every.items():
        if value in EMPTY and not isinstance(value, bool):
            draft.notes.setdefault(spot, Note(SETTLED, "is empty"))
        else:
            draft.notes.setdefault(spot, Note(MISSING, NO_CHART))
