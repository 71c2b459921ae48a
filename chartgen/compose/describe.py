"""What fragments there are, and what each offers, fills and asks for: for `chartgen fragments`."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from .. import paths
from ..paths import show
from ..problem import Collected, fault, nearest
from ..reading import yamlfile
from ..sources import stack as stacks
from ..sources.fragment import Fragment, load
from . import factrules
from .schema import closed, default, rows
from .values import explain, flow

# A template's definition, and the comment directly above it.
HELPER = re.compile(r'(?:\{\{-?\s*/\*((?:(?!\*/).)*)\*/\s*-?\}\}\s*)?\{\{-?\s*define\s+"([^"]+)"', re.S)


def roots() -> list[Path]:
    """Where fragments are looked for: ./stack.yaml's own folders, then chartgen's."""
    data = yamlfile.read(Path("stack.yaml")).data if Path("stack.yaml").is_file() else None
    own = data.get("fragmentPaths") if isinstance(data, dict) else None
    folders = [Path(path) for path in own if isinstance(path, str)] if isinstance(own, list) else []
    return [*folders, paths.HERE / "fragments"]


def names() -> list[str]:
    """What `fragments` takes: the fragments that there are, and chartgen's stacks."""
    return [*stacks.available(roots()), *stacks.included()]


def fragments(name: str | None) -> tuple[Fragment, ...]:
    """The fragment of that id, those of that stack in its order, or all there are. Faults where there is neither."""
    places = roots()
    known = stacks.available(places)
    if name is None or name in known:
        return _loaded([name] if name else known, places)
    place = stacks.find(name)
    if not place.is_file():
        remedy = nearest(name, known) or "'chartgen fragments' lists them"
        raise fault(name, "is neither a fragment nor a stack", remedy)
    return stacks.read(place).fragments


def _loaded(ids: list[str], places: list[Path]) -> tuple[Fragment, ...]:
    found, collected = [], Collected()
    for id in ids:
        folder = next(place / id for place in places if os.path.lexists(place / id / "fragment.yaml"))
        found.append(collected.attempt(load, folder, id, show(folder)))
    collected.end()
    return tuple(found)


def rules() -> list[str]:
    """A line for each rule that the builder applies to fragments."""
    from .rules import RULES

    width = max(map(len, RULES))
    return [f"{name:{width}}  {said}" for name, said in RULES.items()]


def as_json(fragment: Fragment) -> dict[str, Any]:
    """All that a fragment states, for `--json`; `values` maps a dotted key to its scope, default and meaning."""
    return {
        "id": fragment.id,
        "summary": fragment.summary,
        "folder": fragment.folder,
        "requires": list(fragment.requires),
        "choice": fragment.choice,
        "offers": {
            slot.name: {word: getattr(slot, word) for word in ("kind", "scope", "required", "summary", "keys", "given")}
            for slot in fragment.offers.values()
        },
        "fills": list(fragment.fills),
        "helpers": helpers(fragment),
        "values": {
            key: {"scope": scope, "default": default(schema), "meaning": explain(schema)}
            for scope, key, schema in _values(fragment)
        },
    }


def brief(found: tuple[Fragment, ...]) -> list[str]:
    """A line for each fragment: its id and its summary."""
    width = max(len(fragment.id) for fragment in found)
    return [f"{fragment.id:{width}}  {fragment.summary}" for fragment in found]


def details(fragment: Fragment) -> list[str]:
    """A fragment in full, for people."""
    lines = [fragment.id, f"  {fragment.summary}", f"  in {fragment.folder}"]
    lines += _section("requires", [("", each) for each in fragment.requires])
    lines += _section("is chosen by", [(f"{key}:", value) for key, value in fragment.choice.items()])
    offered = [(slot.name, f"{slot.kind}, {slot.scope}: {slot.summary}") for slot in fragment.offers.values()]
    lines += _section("offers the slots", offered)
    for slot in fragment.offers.values():
        lines += _section(f"facts of {slot.name}", _keys(slot.keys))
        for name, keys in slot.given.items():
            lines += _section(f"keys of {name}, which {slot.name} is given in the context", _keys(keys))
    lines += _section("fills the slots", [("", each) for each in fragment.fills])
    title = (
        "helpers, for every fragment (? marks what can be left out)" if fragment.id == "base" else "its own templates"
    )
    lines += _section(title, list(helpers(fragment).items()))
    for scope, title in (("server", "values of every server"), ("release", "values of the release")):
        values = [(key, _value(schema)) for own, key, schema in _values(fragment) if own == scope]
        lines += _section(title, values)
    return lines


def _keys(keys: dict[str, Any], above: str = "") -> list[tuple[str, str]]:
    """(key, type and meaning) of a slot's facts, those inside others dotted."""
    found = []
    for key, rule in keys.items():
        kind = f"{rule['type']} of {rule['items']['type']}s" if "items" in rule else rule["type"]
        needed = ", required" if rule.get("required") else ""
        one_of = f" One of: {', '.join(map(flow, rule['enum']))}." if "enum" in rule else ""
        found.append((above + key, f"{kind}{_wanted(rule)}{needed}: {rule['description']}{one_of}"))
        found += _keys(rule.get("keys", {}), f"{above}{key}.")
    return found


def _wanted(rule: dict[str, Any]) -> str:
    """What a text, or a number, has to be: ` from 1 to 65535`, `, a path that begins with /`."""
    if {"minimum", "maximum"} & rule.keys():
        return f" {factrules.range_of(rule)}"
    rule = rule.get("items", rule)
    others = "".join(f"{word} or " for word in rule.get("or", []))
    if "valueOf" in rule:
        return f", {others}a value that {rule['valueOf']} can have"
    if "names" in rule:
        return f", {others}{factrules.NAMES[rule['names']]}"
    said = factrules.FORMATS[rule["format"]][1] if rule.get("format", "line") not in ("line", "text") else ""
    return f", {said}" if said else ""


def helpers(fragment: Fragment) -> dict[str, str]:
    """The templates that a fragment defines and fills no slot with: name -> its comment, which names the arguments."""
    found = {
        name: " ".join(said.split()) for text in fragment.templates.values() for said, name in HELPER.findall(text)
    }
    return {name: said for name, said in found.items() if name not in fragment.fills.values()}


def _section(title: str, rows: list[tuple[str, str]]) -> list[str]:
    if not rows:
        return []
    width = max(len(name) for name, _ in rows)
    return ["", f"  {title}", *(f"    {f'{name:{width}} ' if width else ''}{said}".rstrip() for name, said in rows)]


def _values(fragment: Fragment) -> list[tuple[str, str, dict[str, Any]]]:
    """(scope, dotted key, schema) of every value that is not an object of ours."""
    return [
        (scope, key, schema)
        for scope, properties in (("server", fragment.server), ("release", fragment.release))
        for key, schema in rows(properties)
        if not closed(schema)
    ]


def _value(schema: dict[str, Any]) -> str:
    value = default(schema)
    return " ".join(filter(None, ("" if value is None else f"[{flow(value)}]", explain(schema))))
