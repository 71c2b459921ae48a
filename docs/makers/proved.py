"""Writes docs/proved.md from what the runs on clusters wrote down: `python -m docs.makers.proved`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs/proved.yaml"
PAGE = ROOT / "docs/proved.md"
FRAGMENTS = ROOT / "chartgen/fragments"
NOTHING = "none"  # no sources were read
READ = {"flags": "flags", "metrics": "names of metrics"}  # folder of tests/llm_stack -> what its lists are
# Groups of fragments that have a table, with its title. The fragment `server` renders Deployments and StatefulSets.
TABLES = {
    "engine": "Engines",
    "source": "Sources of models",
    "delivery": "Deliveries of models",
    "workload": "Workloads",
    "route": "Routing",
    "scale": "Scaling",
    "observe": "Monitoring",
    "secure": "Security",
}
HEAD = """\
# What is proved

Not every engine has run on a real node. This page says what was tried, and how:

- **Rendered**: the number of values files, in the folder `cases` of the fragment, that `chartgen validate` renders for
  every supported version of Kubernetes, and checks against the schemas of Kubernetes. `make test` does it.
- **Sources**: the versions of the program whose sources were read. Tests compare the arguments and the names of metrics
  that the chart uses with them.
- **Installed**: the examples that `make e2e` installed, upgraded, rolled back and removed on a cluster with the real
  API server and controllers of Kubernetes, on fake nodes, where no container runs.
- **For real**: the groups of steps of `make e2e-real` in which the real program ran in a container, with its version.

For routing, scaling, monitoring and security, *installed* means that the API server, with the CRDs of the pinned
versions, accepted the objects. A gateway, an endpoint picker, KEDA, the Prometheus operator, Istio, Kueue and Volcano
never ran in these steps. No step used a GPU: in the group `ray`, the operator (KubeRay 1.5.0), Ray and vLLM are real,
but vLLM computes on CPUs that its image declares as GPUs. promtool tests the alert rules. *For real*, a Prometheus read
the metrics that a monitor names, and computed the queries of the dashboard and the alerts. In the group `policy`, a
network plugin enforced the policies of one server and a UI; those of other servers were only compared with the URLs of
their pods.

*no* means that it was not tried. This page is generated from `docs/proved.yaml`, which the runs write, by `make docs`.
"""
Runs = dict[str, dict[str, Any]]


def page() -> str:
    """The page, as Markdown."""
    runs = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    parts = [HEAD]
    for group, title in TABLES.items():
        parts.append(_table(title, names(group), runs))
    parts += [_failures(runs), _steps(runs.get("e2e-real") or {})]
    return "\n".join(part for part in parts if part)


def names(group: str) -> list[str]:
    """The fragments of a group; those of the workloads begin with the server."""
    found = sorted(f"{group}/{path.parent.name}" for path in (FRAGMENTS / group).glob("*/fragment.yaml"))
    return (["server"] if group == "workload" else []) + found


def _table(title: str, fragments: list[str], runs: Runs) -> str:
    read = any(map(_read, fragments))
    columns = ["fragment", "rendered", *(["sources"] if read else []), "installed", "for real"]
    lines = [f"## {title}\n", f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    for name in fragments:
        cases = len(list((FRAGMENTS / name / "cases").glob("*.yaml")))
        cells = [f"`{name}`", f"{cases} cases" if cases != 1 else "1 case", *([_read(name) or NOTHING] if read else [])]
        cells += [_run(name, runs.get("e2e") or {}, "example"), _run(name, runs.get("e2e-real") or {}, "group")]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _read(fragment: str) -> str:
    """The lists that were made of an engine's sources."""
    engine, found = fragment.rpartition("/")[2], []
    for folder, what in READ.items():
        lists = (ROOT / "tests/llm_stack" / folder).glob(f"{engine}-*.txt")
        versions = sorted(path.stem.partition("-")[2] for path in lists if not path.stem.endswith("-history"))
        found += [f"{what} of {', '.join(versions)}"] if versions else []
    return "; ".join(found)


def _run(fragment: str, entries: Runs, unit: str) -> str:
    """What a kind of run did with a fragment, and when it last did it."""
    mine = {name: entry for name, entry in entries.items() if fragment in entry["fragments"]}
    if not mine:
        return "*no*"
    good = [entry for entry in mine.values() if not entry["failed"]]
    count = f"{len(good)} {unit}{'s' if len(good) != 1 else ''}"
    bad = [name for name, entry in mine.items() if entry["failed"]]
    words = [count] if good else []
    words += [f"failed: {', '.join(bad)}"] if bad else []
    programs = sorted({f"{name} {said}" for entry in good for name, said in (entry.get("programs") or {}).items()})
    dates = sorted(str(entry["date"]) for entry in mine.values())
    return ", ".join([*words, *programs, f"Kubernetes {_versions(mine)}", dates[-1]])


def _versions(entries: Runs) -> str:
    return " and ".join(sorted({entry["kubernetes"] for entry in entries.values()}))


def _failures(runs: Runs) -> str:
    """The steps that failed; nothing where none did."""
    lines = [
        f"- `make {run}`, {name}, {entry['date']}: {', '.join(entry['failed'])}"
        for run, entries in runs.items()
        for name, entry in (entries or {}).items()
        if entry["failed"]
    ]
    return "\n".join(["## Steps that failed\n", *lines, ""]) if lines else ""


def _steps(entries: Runs) -> str:
    """What each step for real saw."""
    if not entries:
        return ""
    parts = ["## What the steps for real saw\n"]
    for name, entry in entries.items():
        own = "".join(f", {program} {version}" for program, version in (entry.get("programs") or {}).items())
        used = ", ".join(f"`{each}`" for each in entry["fragments"])
        parts += [f"### {name}\n", f"{entry['date']}, Kubernetes {entry['kubernetes']}{own}. Fragments: {used}.\n"]
        parts += ["| step | saw |", "|---|---|"]
        parts += [f"| {each['step']} | {_cell(each['saw'])} |" for each in entry["steps"]]
        parts.append("")
    return "\n".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
