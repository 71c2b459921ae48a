"""What the runs on clusters have proved: each run writes what it did to docs/proved.yaml, from which a page is made."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from chartgen.chart.asking import asking
from chartgen.problem import ToolError
from chartgen.programs.helm import Request, documents, render
from chartgen.reading import yamlfile

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docs/proved.yaml"
HEAD = """\
# What the runs on clusters did: `make e2e` writes its examples, `make e2e-real` its groups of steps. Do not edit it.
# docs/proved.md is made from it by `make docs`.
"""
# The fragment that renders a server's workload, by its kind.
WORKLOADS = {
    "Deployment": "server",
    "StatefulSet": "server",
    "LeaderWorkerSet": "workload/leader-worker-set",
    "RayService": "workload/ray-service",
    "Job": "workload/batch",
    "CronJob": "workload/batch",
}
# Groups of fragments that values use if the chart renders an object of theirs.
OBJECTS = ("observe", "route", "scale", "secure")
ASK = """\
{{- include "CHART.servers" . }}
{{- range .Servers }}
---
engine: {{ .Values.engine | quote }}
delivery: {{ .Values.model.delivery | quote }}
source: {{ ternary "" .Values.model.source (eq .Values.model.delivery "none") | quote }}
workload: {{ .Facts.server.kind | quote }}
{{- $spread := include "CHART.slot.server.topologySpreadConstraints" . | include "CHART.list" | mustFromJson }}
spread: {{ not (empty $spread) }}
{{- end }}
"""
Entry = dict[str, Any]


def used(chart: Path, files: Iterable[Path], helm: Path) -> list[str]:
    """The fragments of these values: engine, source, delivery and workload of the servers, and OBJECTS."""
    files, found = tuple(files), set()
    for row in asked(chart, files, helm, ASK):
        found |= {f"{group}/{row[group]}" for group in ("engine", "delivery", "source") if row[group]}
        found.add(WORKLOADS[row["workload"]])
        found |= {"scale/topology-spread"} if row["spread"] else set()
    return sorted(found | rendered(chart, files, helm))


def rendered(chart: Path, files: tuple[Path, ...], helm: Path, *sets: str) -> set[str]:
    """The fragments of OBJECTS whose objects these values render."""
    (answer,) = render([Request(chart, files, sets=sets)], helm)
    if answer.error:
        raise ToolError(f"the chart does not render these values: {answer.error}")
    places = [document.source.split("/") for document in documents(answer.text) if document.data]
    return {f"{group}/{name}" for _, group, name, *_ in places if group in OBJECTS}


def asked(chart: Path, files: Iterable[Path], helm: Path, question: str) -> list[dict[str, Any]]:
    """What a chart's own helpers say of values: the documents that a question, a template, renders."""
    name = str(yamlfile.read(chart / "Chart.yaml").data["name"])
    with tempfile.TemporaryDirectory(prefix="proved-") as place:
        (answer,) = render([Request(asking(chart, name, question, Path(place)), tuple(files))], helm)
    if answer.error:
        raise ToolError(f"the chart does not say what these values use: {answer.error}")
    return [document.data for document in documents(answer.text) if document.data]


def entry(fragments: Iterable[str], failed: Iterable[str], **more: Any) -> Entry:
    """What a run did with one example, or one group of steps, today."""
    today = datetime.now(UTC).date().isoformat()
    return {"date": today, "fragments": sorted(set(fragments)), "failed": list(failed), **more}


def record(file: Path, run: str, entries: Mapping[str, Entry], known: Iterable[str]) -> None:
    """Put the entries of a run into the file, in place of those of the same name; those that are not known go."""
    found = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else {}
    every = {**(found.get(run) or {}), **entries}
    found[run] = {name: every[name] for name in sorted(every.keys() & set(known))}
    file.write_text(HEAD + yaml.safe_dump(found, sort_keys=True, width=116, allow_unicode=True), encoding="utf-8")


def version(program: Path) -> str:
    """The version that a program says it has."""
    for word in ("--version", "version"):
        done = subprocess.run([program, word], capture_output=True, text=True, check=False, timeout=60)
        if match := re.search(r"\(build ([0-9]+),", done.stdout + done.stderr):
            return f"b{match[1]}"  # llama.cpp, whose releases are called by their builds
        if match := re.search(r"\b[0-9]+(\.[0-9]+)+\S*|\bb?[0-9]{4,}\b", done.stdout + done.stderr):
            return match[0].rstrip(",;.")
    raise ToolError(f"{program}: does not say which version it is")
