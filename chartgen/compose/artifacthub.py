"""What Artifact Hub reads of a chart, its annotations: https://artifacthub.io/docs/topics/annotations/helm/.

Those that the sources know are made: the images, and the changes of this version. The others stand in stack.yaml, as
text, in which a mistake would otherwise be passed over in silence.
"""

from __future__ import annotations

import re
from typing import Any

from ..problem import Problem
from ..sources.stack import Stack
from .schema import Values, closed, default
from .yamltext import document

PREFIX = "artifacthub.io/"
KINDS = ("added", "changed", "deprecated", "removed", "fixed", "security")
CATEGORIES = (
    "ai-machine-learning",
    "database",
    "integration-delivery",
    "monitoring-logging",
    "networking",
    "security",
    "storage",
    "streaming-messaging",
    "skip-prediction",
)
# Annotation -> the keys of each item of its list, or of its map; those that must be there first.
LISTS = {
    "crds": (("kind", "version", "name"), ("displayName", "description")),
    "crdsExamples": ((), ()),
    "links": (("name", "url"), ()),
    "maintainers": (("name", "email"), ()),
    "recommendations": (("url",), ()),
    "screenshots": (("title", "url"), ()),
}
MAPS = {"signKey": (("fingerprint", "url"), ())}
MADE = ("changes", "images")
BREAKING = ("changed", "removed")
MOST = 4000  # bytes of `changes`, which Helm stores with each release


def annotations(stack: Stack, values: Values) -> dict[str, str]:
    """Those that the sources know: `artifacthub.io/images` and, where this version has an entry, `/changes`."""
    found = {"images": images(values), "changes": shortened(changes(stack))}
    return {PREFIX + name: document(items) for name, items in found.items() if items}


def images(values: Values) -> list[dict[str, str]]:
    """The images that the chart's defaults name, by program."""
    declared = values.release.get("images", {}).get("properties", {})
    found = {name: default(schema) for name, schema in declared.items() if closed(schema)}
    return [
        {"name": name, "image": _reference(image)} for name, image in sorted(found.items()) if "repository" in image
    ]


def changes(stack: Stack) -> list[dict[str, str]]:
    """What CHANGELOG.md says of the stack's version: its list items, each with the kind of the heading above it."""
    kind, found = "", []
    for line in entry(stack.changelog, stack.chart["version"]) or []:
        if line.startswith("### "):
            kind = line.removeprefix("### ").strip().lower()
        elif line.startswith(("- ", "* ")):
            found.append({"kind": kind, "description": line[2:].strip()})
        elif line.startswith("  ") and found:
            found[-1]["description"] += f" {line.strip()}"
    return [item if item["kind"] in KINDS else {"description": item["description"]} for item in found]


def shortened(found: list[dict[str, str]]) -> list[dict[str, str]]:
    """What fits into an annotation: what can break an upgrade whole, and the first sentences of others."""
    if len(document(found).encode()) <= MOST:
        return found
    chosen: dict[int, dict[str, str]] = {}
    room = MOST - len(document([_more(len(found))]).encode())
    for n in sorted(range(len(found)), key=lambda n: found[n].get("kind") not in BREAKING):
        item = found[n]
        if item.get("kind") not in BREAKING:
            item = item | {"description": re.split(r"(?<=[.!?]) (?=[A-Z`])", item["description"], maxsplit=1)[0]}
        size = len(document([item]).encode())
        if size <= room:
            chosen[n] = item
            room -= size
    left = len(found) - len(chosen)
    return [chosen[n] for n in sorted(chosen)] + ([_more(left)] if left else [])


def _more(number: int) -> dict[str, str]:
    return {"description": f"{number} more {'change is' if number == 1 else 'changes are'} in CHANGELOG.md."}


def entry(changelog: str, version: str) -> list[str] | None:
    """The lines below `## VERSION` (`## [1.2.3] - 2026-01-31` is one too); None where there is no such heading."""
    lines = changelog.splitlines()
    for n, line in enumerate(lines):
        if re.match(rf"## \[?v?{re.escape(version)}\]?(\s|$)", line):
            after = next((m for m in range(n + 1, len(lines)) if lines[m].startswith("## ")), len(lines))
            return lines[n + 1 : after]
    return None


def problems(stack: Stack) -> list[Problem]:
    """What a release lacks: its entry in CHANGELOG.md, and annotations that Artifact Hub can read."""
    version, found = stack.chart["version"], []
    if not changes(stack):
        what = "has no entry for" if entry(stack.changelog, version) is None else "lists no change under"
        remedy = f"add '## {version}' and a list of the changes that users notice"
        found.append(
            Problem(f"{stack.file.removesuffix('stack.yaml')}CHANGELOG.md", 0, "", f"{what} {version}", remedy)
        )
    for key, text in stack.chart.get("annotations", {}).items():
        if key.startswith(PREFIX) and (fault := _fault(key.removeprefix(PREFIX), text)):
            found.append(stack.problem(("chart", "annotations", key), *fault))
    return found


def _fault(name: str, text: str) -> tuple[str, str] | None:
    """What is wrong with an annotation, and what to do."""
    if name in MADE:
        where = "CHANGELOG.md" if name == "changes" else "the images of the values"
        return f"is generated from {where}", "remove it"
    if name == "category" and text not in CATEGORIES:
        return f"Artifact Hub has no category '{text}'", f"use one of {', '.join(CATEGORIES)}"
    if name in ("containsSecurityUpdates", "operator", "prerelease") and text not in ("true", "false"):
        return f"'{text}' is neither true nor false", 'set it to "true" or "false"'
    wanted = LISTS.get(name) or MAPS.get(name)
    if wanted is None:
        return None
    from ..reading import yamlfile

    parsed = yamlfile.parse(text, name)
    items = parsed.data if name in LISTS else [parsed.data]
    needed, more = wanted
    if parsed.problems or not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return "cannot be read", f"write {'a YAML list of maps' if name in LISTS else 'a YAML map'} as text, after `|`"
    for item in items:
        missing = [key for key in needed if key not in item]
        unknown = [key for key in item if needed and key not in needed + more]
        if missing or unknown:
            wrong = f"the key {missing[0]} is missing" if missing else f"has no key {unknown[0]}"
            return wrong, f"the allowed keys are {', '.join(needed + more)}"
    return None


def _reference(image: dict[str, Any]) -> str:
    tag = f":{image['tag']}" if image.get("tag") else ""
    return image["repository"] + tag + (f"@{image['digest']}" if image.get("digest") else "")
