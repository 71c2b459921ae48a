"""What chartgen assumes of a chart in order to reason about it.

A chart need not have any of this: it builds and validates without, and what rests on it is left out. All else that
chartgen knows of a chart it reads from the chart's own sources.
"""

from __future__ import annotations

from typing import Any

STACK = "llm-stack"  # chartgen's own stack that is meant where none is named

# The top level of the values holds the defaults of every model server, where fragments declare values for servers at
# all. SERVERS maps names to what differs, and the schema has the form of such an entry among its definitions.
SERVERS = "servers"
ENTRY = "overlay"
ONE_SERVER: dict[str, Any] = {"server": {}}  # the servers of a stack that names none

REGISTRY = "global.imageRegistry"  # the value that puts a mirror before all images
EXTRA_OBJECTS = "extraObjects"  # the value that holds a user's own objects, name -> object

# The template that sums up what a server's models need, as JSON, given a server's context: `chartgen plan` prints it.
# SIZING is the fragment that has it.
SIZING = "sizing"
PLAN = "sizing.plan"
# A template that asks every server of CHART for it, `plan: …` in a document for each.
ASK = f"""\
{{{{- include "CHART.servers" . }}}}
{{{{- range .Servers }}}}
---
plan: {{{{ include "CHART.{PLAN}" . }}}}
{{{{- end }}}}
"""

# Templates that say, as JSON lists of sentences, who can use a release, and which of its Secrets are generated.
ACCESS = ("access", "generated")

# Templates that print a YAML scalar, whatever they are given: they can be printed behind a key as they are.
SCALARS = ("fragment.name", "fragment.shortName", "fragment.serverName", "fragment.block")
# The templates that make data of YAML, and fail where it does not parse: they alone call fromYaml and fromYamlArray.
PARSERS = ("fragment.map", "fragment.list", "fragment.parsed")


# The template that states the image of an engine by the vendor of its accelerators, given {vendor, images}, the value
# whose keys are the images, and the one whose enum are the vendors.
IMAGES_BY_VENDOR = "fragment.imagesByVendor"
IMAGES = "images"
VENDOR = "gpu.vendor"


def entry_keys(schema: dict[str, Any] | None) -> set[str]:
    """The keys that an entry of SERVERS may have, by a chart's values.schema.json; none where there are no servers."""
    return set((schema or {}).get("definitions", {}).get(ENTRY, {}).get("properties", {}))


def split(path: tuple[str | int, ...]) -> tuple[tuple[str | int, ...], tuple[str | int, ...]]:
    """A key path as (`servers.NAME`, the rest) where it leads into an entry, else as ((), all of it)."""
    return (path[:2], path[2:]) if path[:1] == (SERVERS,) else ((), path)
