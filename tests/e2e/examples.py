"""The examples of a chart, how each Helm renders them, and the changes of values that are tried on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chartgen.chart import loaded
from chartgen.chart.valuesfile import Example, coalesced, read
from chartgen.problem import Collected, Problem, nearest
from chartgen.programs.helm import Rendered, Request, documents, render
from chartgen.proofs import manifests

from .state import first_difference

RELEASE = "llm"
# A UI's component, and the key of its values.
UIS = {"open-webui": "openWebui", "nextchat": "nextchat", "pipelines": "pipelines"}
MARK = {"env": {"E2E_CHANGED": "1"}}
SECOND = "e2e-second"


@dataclass(frozen=True)
class Case:
    """An example to install: its values with the chart's defaults under them, and what it renders to."""

    example: Example
    values: dict[str, Any]
    render: manifests.Render

    @property
    def servers(self) -> list[str]:
        """The names of the model servers that it turns on."""
        entries = self.values.get("servers", {})
        return [name for name in sorted(entries) if (entries[name] or {}).get("enabled", self.values.get("enabled"))]


def discover(chart: Path, wanted: tuple[str, ...]) -> tuple[list[Example], Example]:
    """The chart's defaults and examples, or those wanted of them, by name or as a values file; and the defaults.

    Faults where something is wrong with one of them.
    """
    found, collected = loaded.load(chart, str(chart)), Collected()
    files = {file.stem: file for file in sorted((chart / "examples").glob("*.yaml"))}
    examples = []
    for name in wanted or ("defaults", *files):
        file = files.get(name) or Path(name)
        if name == "defaults":
            examples.append(found.defaults)
        elif file.is_file():
            examples.append(collected.attempt(read, file.stem, [file]))
        else:
            remedy = nearest(name, ["defaults", *files], "the examples")
            collected.problems.append(Problem(str(chart / "examples"), 0, "", f"there is no example {name}", remedy))
    collected.end()
    return examples, found.defaults


def rendered(chart: Path, examples: list[Example], helm: Path, version: str) -> list[Rendered]:
    """What a Helm makes of the examples for a version of Kubernetes, in their order."""
    return render([Request(chart, each.files, version, RELEASE) for each in examples], helm)


def case(example: Example, defaults: dict[str, Any], text: str) -> Case:
    """The example with what it renders to."""
    return Case(
        example,
        coalesced(defaults, example.data),
        manifests.render_of(documents(text), example.header.needs, "default"),
    )


def unlike(one: str, other: str) -> list[str]:
    """What two Helms do not render alike, a line for each object; what is random is compared by its length."""
    first, second = _objects(one), _objects(other)
    return [
        f"{'/'.join(key)}: {_difference(first.get(key), second.get(key))}"
        for key in sorted({*first, *second})
        if first.get(key) != second.get(key)
    ]


def ui_change(components: set[str]) -> dict[str, dict[str, Any]]:
    """For each UI among the components: a change of its values that concerns nobody else."""
    return {name: {UIS[name]: MARK} for name in sorted(components & set(UIS))}


def server_change(server: str) -> dict[str, Any]:
    """A change of one server's values."""
    return {"servers": {server: MARK}}


def second_server() -> dict[str, Any]:
    """One more server, as the defaults of all servers make it."""
    return {"servers": {SECOND: {}}}


def gives_up(values: Any) -> bool:
    """Whether a value somewhere says that a claim need not be kept."""
    if isinstance(values, list):
        return any(map(gives_up, values))
    if not isinstance(values, dict):
        return False
    return values.get("keep") is False or any(map(gives_up, values.values()))


def _objects(text: str) -> dict[tuple[str, str], dict[str, Any]]:
    found = {}
    for each in documents(text):
        if isinstance(each.data, dict):
            found[each.data["kind"], each.data["metadata"]["name"]] = _without_chance(each.data)
    return found


def _without_chance(data: dict[str, Any]) -> dict[str, Any]:
    """A Secret's values may be random: their lengths are not."""
    if data["kind"] != "Secret":
        return data
    parts = {part: {key: len(text) for key, text in (data.get(part) or {}).items()} for part in ("data", "stringData")}
    return data | parts


def _difference(one: dict[str, Any] | None, other: dict[str, Any] | None) -> str:
    if one is None or other is None:
        return "is rendered by helm 4 alone" if other is None else "is rendered by helm 3 alone"
    return f"helm 4 and helm 3 differ: {first_difference(one, other)}"
