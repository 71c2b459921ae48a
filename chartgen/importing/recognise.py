"""What a document is, by its shape: values of a chart, an object around them, or a manifest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ..reading.yamlfile import Key
from . import apptemplate
from .manifests import WORKLOADS, main, split_image
from .pulls import helper
from .source import VALUES, Source, at, is_compose, spec_of
from .tables import Program, Table, charts, program_of, programs
from .typed import list_at, map_at, text_at

OWN_UI, OWN_SERVER = "own-ui", "own-server"
OBJECTS = ("Application", "ApplicationSet", "HelmRelease")
HALF = 2  # of its keys at the top level, at least one in two must be the chart's
CLOSE = 2  # so many of a chart's own keys make a block of an umbrella chart its values


@dataclass(frozen=True)
class Part:
    """The values of a chart in a document, and the object around them if there is one."""

    source: Source
    path: Key
    table: Table
    around: Table | None = None
    program: Program | None = None
    instead: tuple[str, ...] = ()  # charts that it would run as its own, where the document has them beside it
    without: tuple[str, ...] = ()  # keys that are parts of their own

    @property
    def alone(self) -> bool:
        """Whether it says something without the workload that it belongs to."""
        return not self.table.kinds or self.program is not None


def parts(source: Source, chart: str = "") -> list[Part]:
    """The parts of a document that chartgen knows; none where it knows nothing of it."""
    kind = source.data.get("kind")
    around = (
        next((one for one in charts().values() if kind in one.kinds), None) if "apiVersion" in source.data else None
    )
    if services := _services(source.data):
        found = [Part(source, ("services", name), charts()["compose-service"], program=one) for name, one in services]
        return [*found, Part(source, (), charts()["compose"])]
    if kind in WORKLOADS:
        found = main(source.data)
        table = charts()[{"LeaderWorkerSet": "leader-worker-set", "Pod": "pod"}.get(kind, "workload")]
        if not found and source.of is not None:
            return []  # of a chart whose values say what becomes of it
        return [Part(source, (), table, program=found[1])] if found else [Part(source, (), charts()["other-object"])]
    if around is None:
        if "apiVersion" in source.data and kind:
            return [Part(source, (), charts()["other-object"])] if kind not in OBJECTS and source.of is None else []
        if own(source.data) and not chart:
            return []
        return _values(source, (), "", chart, None)
    found = [Part(source, (), around)]
    for path, name in _inside(source.data):
        found += _values(source, path, name, chart, around)
    return found


def of_app_template(data: dict[str, Any]) -> bool:
    """Whether a document has values of app-template."""
    places = [data, *(at(data, path) for path, _ in _inside(data))]
    blocks = [one for place in places if isinstance(place, dict) for one in place.values()]
    return any(apptemplate.known(one) for one in (*places, *blocks))


def own(data: Any) -> bool:
    """Whether values are llm-stack's own with a name of another chart: they say what no other chart does."""
    engines = {one.engine for one in programs().values() if one.engine} | {"custom"}
    return text_at(data, "engine") in engines or bool(text_at(data, "model", "source"))


def _services(data: dict[str, Any]) -> list[tuple[str, Program]]:
    """The services of a compose file that run a known program."""
    services = data.get("services")
    if "apiVersion" in data or not isinstance(services, dict):
        return []
    # An image that compose builds has no name: the service's own says what it runs.
    own = {name: one for name, one in services.items() if isinstance(one, dict) and not helper(one, str(name))}
    images = {name: one.get("image") or (name if "build" in one else "") for name, one in own.items()}
    found = [(name, program_of(split_image(str(image))[0])) for name, image in images.items() if image]
    return [(name, program) for name, program in found if program]


def _inside(data: dict[str, Any]) -> list[tuple[Key, str]]:
    """Where an object has values, and the name of the chart that they are for."""
    place = spec_of(data)
    spec = map_at(data, *place)
    flux = at(spec, ("chart", "spec", "chart")) or at(spec, ("chartRef", "name")) or ""
    found = [(("spec", "values"), flux)]
    ways: list[Key] = [("source",), *(("sources", n) for n in range(len(list_at(spec, "sources"))))]
    for way in ways:
        name = at(spec, (*way, "chart")) or str(at(spec, (*way, "path")) or "").rstrip("/").rpartition("/")[2]
        found += [((*place, *way, "helm", key), name) for key in VALUES]
    return [
        (path, str(name)) for path, name in found if isinstance(at(data, path), dict) or _defaults(data, path, found)
    ]


def _defaults(data: dict[str, Any], path: Key, found: list[tuple[Key, str]]) -> bool:
    """Whether an object runs a known chart without values of its own, which are then that chart's defaults."""
    way, name = path[:-1], dict(found)[path]
    if text_at(data, "kind") in ("Application", "ApplicationSet") and not at(data, (*path[:-2], "chart")):
        return False  # a folder of manifests can have the name of a chart
    first = next(each for each, _ in found if each[:-1] == way)
    none = all(not at(data, each) for each, _ in found if each[:-1] == way)
    return path == first and none and _called(str(name)) is not None and text_at(data, "kind") in OBJECTS


def _values(source: Source, path: Key, name: str, chart: str, around: Table | None) -> list[Part]:
    """Values, at a path of a document: of one chart, or of an umbrella chart with several below it."""
    data = at(source.data, path) or {}
    if apptemplate.known(data):
        made = [part for one in apptemplate.manifests(source, path) for part in parts(one)]
        return [*made, Part(source, path, charts()["app-template"], around)] if any(one.program for one in made) else []
    blocks = [key for key, one in data.items() if isinstance(one, dict) and apptemplate.known(one) and not off(one)]
    if blocks and not chart:  # an umbrella chart around app-template
        return [part for key in blocks for part in _values(source, (*path, key), "", "", around)]
    found = _chosen(source, path, name, chart, around, data)
    if found and all(part.path != path for part in found):  # an umbrella chart
        known = {part.path[-1] for part in found}
        ui = any(part.table.ui for part in found)
        own = [
            part for part in _homemade(source, path, data, around) if part.path != path and part.path[-1] not in known
        ]
        return [*found, *(part for part in own if not (ui and part.table.name == OWN_UI))]
    if not found and not chart:
        return _homemade(source, path, data, around)
    if len(found) != 1 or found[0].table.ui:
        return found
    blocks = _uis(found[0].table, data)
    own = [Part(source, (*path, key), charts()[OWN_UI], around) for key in blocks]
    return [replace(found[0], without=tuple(blocks)), *own]


def _homemade(source: Source, path: Key, data: dict[str, Any], around: Table | None) -> list[Part]:
    """Values of a chart that somebody wrote for himself: its blocks with the image of a server or of Open WebUI, or the
    whole of it.
    """
    images = {key: image for key, image in _images(data).items() if "apiVersion" not in data}
    found = [part for key, image in images.items() if (part := _of_image(source, (*path, key), image, around))]
    whole = _of_image(source, path, image_of(data), around)
    return [replace(whole, without=tuple(part.path[-1] for part in found)), *found] if whole else found


def _of_image(source: Source, path: Key, image: str, around: Table | None) -> Part | None:
    program = program_of(image)
    if program and program.name == charts()[OWN_UI].program:
        return Part(source, path, charts()[OWN_UI], around, program)
    if program and program.engine not in ("", "custom"):
        return Part(source, path, charts()[OWN_SERVER], around, program)
    return None


def _uis(table: Table, data: dict[str, Any]) -> list[str]:
    """The blocks of a copy of a chart that run Open WebUI, and that the chart does not have."""
    return [key for key in _running(data) if key not in keys_of(table)]


def _running(data: dict[str, Any]) -> list[str]:
    """The blocks of values that run Open WebUI."""
    name = charts()[OWN_UI].program
    return [key for key, image in _images(data).items() if (found := program_of(image)) and found.name == name]


def strange(part: Part) -> list[str]:
    """The blocks of a copy of a chart that run something, and of which chartgen knows nothing."""
    data = map_at(part.source.data, *part.path)
    known = {*keys_of(part.table), *part.without}
    return [key for key in data if key not in known and runs(data[key])] if part.table.names and data else []


def unclaimed(parts: list[Part]) -> Iterator[tuple[Source, Key]]:
    """Where values around charts have blocks that belong to none of the parts: beside charts of an umbrella chart, and
    in the values of an object.
    """
    sources = {part.source.number: part.source for part in parts if part.source.of is None}
    for source in [each for each in sources.values() if not is_compose(each.data)]:
        own = [part.path for part in parts if part.source is source]
        values = [path for path, _ in _inside(source.data)] if "apiVersion" in source.data else [()]
        around = [path[:-1] for path in own if path]
        for place in dict.fromkeys([*values, *(each for each in around if any(each[: len(v)] == v for v in values))]):
            if any(path == place for path in own if path or "apiVersion" not in source.data):
                continue  # a chart, which says something of all that is in it
            data = at(source.data, place)
            for key in data if isinstance(data, dict) else ():
                here = (*place, key)
                if not any(here[: len(path)] == path or path[: len(here)] == here for path in own if path):
                    yield source, here


def off(block: Any) -> bool:
    """Whether a chart around others does not run a block, by `enabled`, as the condition of a subchart is called."""
    return isinstance(block, dict) and block.get("enabled") is False


def runs(block: Any) -> bool:
    """Whether a block of values is on and runs an image, its own or that of a block in it."""
    on = isinstance(block, dict) and not off(block)
    return on and bool(_images({"": block}) or _images(block))


def _images(data: dict[str, Any]) -> dict[str, str]:
    """The blocks of values that are on and run an image: each with its repository."""
    blocks = {key: one for key, one in data.items() if isinstance(one, dict)}
    on = {key: image_of(one) for key, one in blocks.items() if not off(one)}
    return {key: image for key, image in on.items() if image}


def image_of(block: dict[str, Any]) -> str:
    """The repository of the image that a block of values has: as one text, or in parts; "" where it has none."""
    image = block.get("image")
    text = text_at(image, "repository") or text_at(image, "name") if isinstance(image, dict) else image
    return split_image(text)[0] if isinstance(text, str) else ""


def _chosen(source: Source, path: Key, name: str, chart: str, around: Table | None, data: dict[str, Any]) -> list[Part]:
    by_name = charts()[chart] if chart else _called(name)
    if by_name and not chart and not (mostly(by_name, data) and score(by_name, data)) and not _covers(by_name, data):
        by_name = None  # another chart whose release has this name
    if by_name and (chart or by_name.ui):
        return [Part(source, path, by_name, around)]
    scores = {table.name: _certain(table, data) for table in charts().values()}
    best = max(scores, key=lambda each: scores[each])
    below = _below(source, path, data, around)
    if by_name and not below:
        return [Part(source, path, by_name, around)]
    if scores[best] and (scores[best] >= len(below) or not below):
        return [Part(source, path, charts()[best], around)]
    around_them = next(
        (one for one in charts().values() if below and len(data) > len(below) and _covers(one, data)), None
    )
    return [Part(source, path, around_them, around)] if around_them else below


def keys_of(table: Table) -> set[str]:
    """The keys that a chart has at its top level."""
    keys = {
        key.split(".")[0] for group in table.groups for key in ([group["in"]] if group.get("in") else group["keys"])
    }
    return keys | set(table.rows.below)


def _certain(table: Table, data: dict[str, Any]) -> int:
    """How much the data are a chart's. One of its own keys alone is enough only without keys that it lacks, since other
    charts of the same program have the same names.
    """
    found = score(table, data) if mostly(table, data) else 0
    unknown = set(data) - keys_of(table) - {"global"}
    return found if found >= CLOSE or not unknown else 0


def _covers(table: Table, data: dict[str, Any]) -> bool:
    """Whether a chart has every key of the data."""
    return bool(table.names) and keys_of(table) >= set(data)


def mostly(table: Table, data: Any) -> bool:
    """Whether enough of the keys are a chart's: one key alone can be that of another chart, too."""
    known = keys_of(table)
    return isinstance(data, dict) and len(data) <= HALF * sum(key in known for key in data)


def _below(source: Source, path: Key, data: dict[str, Any], around: Table | None) -> list[Part]:
    """The blocks of an umbrella chart that are values of charts: by the name of the block, or by its keys."""
    found = []
    single = (
        isinstance(data.get("image"), dict) or "replicaCount" in data
    )  # a chart of its own, whose blocks are its settings
    for key, block in data.items():
        if not isinstance(block, dict) or off(block):
            continue
        named, table = _called(key), None
        known = max(charts().values(), key=lambda one: score(one, block))
        if named and score(named, block):
            table = named
        elif score(known, block) >= CLOSE and mostly(known, block) and not single:
            table = known
        elif named and not single and _plain(named, data) and not _of_a_chart(key, data):
            table = named
        if table and table.name != "pipelines":
            found.append(Part(source, (*path, key), table, around))
    return found


def _plain(table: Table, data: dict[str, Any]) -> bool:
    """Whether a block that has a chart's name is not a key of another chart: ollama's own has one of that name."""
    return not any(score(one, data) for one in charts().values())


def _of_a_chart(key: str, data: dict[str, Any]) -> bool:
    """Whether a block is part of a chart that runs its own images: it and another one have an image each."""
    images = [name for name, one in data.items() if isinstance(one, dict) and image_of(one)]
    return key in images and any(_called(name) is None for name in images)


def _called(name: str) -> Table | None:
    return next((table for table in charts().values() if name in table.names), None) if name else None


def score(table: Table, data: Any) -> int:
    """How many of the keys that only this chart has are in the data."""
    return sum(has(data, key.split(".")) for key in table.keys)


def has(data: Any, key: list[str]) -> bool:
    """Whether a path of keys is in the data."""
    for step in key:
        if not isinstance(data, dict) or step not in data:
            return False
        data = data[step]
    return True
