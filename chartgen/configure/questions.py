"""What the page asks: the chart's questions, and every value of its schema with its description."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..chart.loaded import LoadedChart
from ..conventions import SERVERS, entry_keys
from ..problem import fault
from ..reading import yamlfile

FILE = "questions.yaml"
PLACES = ("definitions", "$defs")  # where a schema has parts that others name
BLOCK = "block"  # what holds other values
TYPES = {"string": "string", "integer": "int", "number": "float", "boolean": "boolean"}


def page(chart: LoadedChart, published: str = "") -> dict[str, Any]:
    """What the page has to know of a chart: its name, its questions, and all other values by their keys.

    `blocks` describes the keys above those; a map in `entries` has entries of any name, with some of the chart's keys.

    Its commands install the chart from where it is `published`, a registry (oci://) or a repository. Without that they
    name it as it is shown.
    """
    found = questions(chart.folder)
    asked = {each["variable"] for each in found}
    schema = chart.schema or {}
    said = list(_values(schema, schema, ()))
    values = [each for each in said if each["type"] != BLOCK and each["variable"] not in asked]
    blocks = {each["variable"]: each["description"] for each in said if each["type"] == BLOCK}
    entries = {SERVERS: sorted(entry_keys(schema))} if entry_keys(schema) else {}
    known = {"questions": found, "values": values, "blocks": blocks, "entries": entries}
    return {"chart": chart.name, **_place(chart, published), **known}


def _place(chart: LoadedChart, published: str) -> dict[str, str]:
    """What `helm install` is given for a chart, and its version where it is in a registry or a repository."""
    if not published:
        return {"shown": chart.shown, "version": ""}
    url = published.rstrip("/")
    if not re.match(r"(oci|https?)://[^/\s]+", url) or re.search(r"\s|'|//.*@", url):
        remedy = "write oci://HOST/PATH, or the URL of a repository, as for 'chartgen publish', without a password"
        raise fault(published, "is not the URL of a registry or a repository", remedy)
    metadata = yamlfile.read(chart.folder / "Chart.yaml", chart.shown).data
    shown = f"{url}/{chart.name}" if url.startswith("oci:") else f"{chart.name} --repo {url}"
    return {"shown": shown, "version": str(metadata.get("version"))}


def questions(folder: Path) -> list[dict[str, Any]]:
    """The questions of a chart, as Rancher's questions.yaml has them; none where it has no such file."""
    file = folder / FILE
    data = yamlfile.read(file, str(file)).data if file.is_file() else None
    found = data.get("questions") if isinstance(data, dict) else None
    return [each for each in found or [] if isinstance(each, dict) and isinstance(each.get("variable"), str)]


def _values(
    schema: dict[str, Any],
    root: dict[str, Any],
    path: tuple[str, ...],
    above: str = "",
    within: frozenset[str] = frozenset(),
) -> Iterator[dict[str, Any]]:
    """Every value of a schema that one answer can set, by its dotted key, and the blocks that they are in.

    Without a description, one has that `above`. A definition `within` itself is one value.
    """
    for key, inner in schema.get("properties", {}).items():
        if "." in key:  # which no dotted path can name
            continue
        said, name = _resolved(inner, root)
        description = " ".join(str(said.get("description", "")).split()) or above
        if said.get("properties") and name not in within:
            yield {"variable": ".".join((*path, key)), "description": description, "type": BLOCK}
            yield from _values(said, root, (*path, key), description, within | ({name} if name else set()))
            continue
        kind = said.get("type")
        kind = next((each for each in kind if each != "null"), None) if isinstance(kind, list) else kind
        choices = [each for each in said.get("enum", ()) if each not in ("", None)]
        if any(isinstance(each, (dict, list)) for each in choices):
            choices = []
        entry = {
            "variable": ".".join((*path, key)),
            "description": description,
            "type": "enum" if choices else TYPES.get(str(kind), "yaml"),
        }
        entry |= {"options": choices} if choices else {}
        entry |= {"default": said["default"]} if "default" in said else {}
        yield entry


def _resolved(schema: Any, root: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """A schema with what its `$ref` names, and that name; its own description comes first. `true` says nothing."""
    if not isinstance(schema, dict):
        return {}, ""
    _, _, where = str(schema.get("$ref", "")).partition("#/")
    place, _, name = where.partition("/")
    found = root.get(place, {}).get(name) if place in PLACES else None
    return ({**found, **schema}, name) if isinstance(found, dict) else (schema, "")
