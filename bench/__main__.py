"""The command: no arguments. 0: measured, whatever came out; 1: the chart is at fault, 2: a tool is."""

from __future__ import annotations

import compileall
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

import click
import yaml

import chartgen
from chartgen.chart import loaded
from chartgen.kubernetes import definitions, prepare
from chartgen.problem import Faults, ToolError
from chartgen.programs import tools
from chartgen.programs.limits import cores
from chartgen.programs.run import hermetic

from . import arrivals, report, rows
from .pairs import once

TOP = Path(__file__).resolve().parents[1]


def say(text: str) -> None:
    """Progress, for people: on standard error."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Measure every row and write docs/bench.md."""
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as place:
            measured(Path(place))
    except Faults as fault:
        print(*fault.problems, sep="\n", file=sys.stderr)
        return 1
    except ToolError as error:
        say(f"bench: {error}")
        return 2
    return 0


def measured(place: Path) -> None:
    """Make the chart in `place`, measure everything, write the document."""
    peers = [Path(peer).absolute() for peer in os.environ.get("PEER", "").split(os.pathsep) if peer]
    bench = prepared(place)
    say("chartgen build")
    found = rows.build(bench)
    say("chartgen validate, and the loop: this takes minutes")
    found += rows.validate(bench)
    say("helm template")
    found += rows.template(bench, rows.largest(bench), peers)
    found += rows.kept(bench)
    found += arrivals.rows(bench)
    text = report.document(found, [machine(), versions(bench)])
    (TOP / "docs/bench.md").write_text(text, encoding="utf-8")
    print(*report.lines(found), sep="\n")


def prepared(place: Path) -> rows.Bench:
    """The chart as its sources make it now, bytecode as an installed package has it, and the tools."""
    environment = hermetic(place)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    programs = tools.ensure(["helm", "kubeconform"], say)
    tools.built("prover", say)
    prepare.prepare(say)
    for module in (chartgen, yaml, click):
        compileall.compile_dir(Path(module.__file__).parent, quiet=2)
    command = [Path(sys.executable).with_name("chartgen"), "build", "-o", place / "llm-stack"]
    once(command, environment, TOP)
    found = loaded.load(place / "llm-stack", str(place / "llm-stack"))
    return rows.Bench(TOP, found, place, programs["helm"].path, programs["kubeconform"].path, environment, say)


def machine() -> str:
    """When, and what kind of machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    kind = f"{platform.system()} on {platform.machine()}, {cores()} cores, {memory:.0f} GiB"
    return f"{time.strftime('%Y-%m-%d')}, {kind}."


def versions(bench: rows.Bench) -> str:
    """What was measured, by version."""
    found = tools.ensure(["helm", "kubeconform"], say)
    named = ", ".join(f"{tool.name} {tool.version}" for tool in found.values())
    known = definitions.versions()
    own = f"chartgen {chartgen.__version__}, Python {platform.python_version()}"
    return f"{own}, {named}, Kubernetes {known[0]} to {known[-1]}."


if __name__ == "__main__":
    sys.exit(main())
