"""The command: its arguments, what it prints, its exit code. 0: fine, 1: an example failed, 2: a tool is broken."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import click

from chartgen.problem import Faults, ToolError
from tests import proved

from . import report
from .cluster import Refused
from .session import Session, Wanted, perform


def say(text: str) -> None:
    """Progress, for people: on standard error."""
    click.echo(text, err=True)


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--chart", type=click.Path(path_type=Path, exists=True), default="charts/llm-stack", show_default=True)
@click.option("--example", "examples", multiple=True, metavar="NAME", help="An example, `defaults`, or a values file.")
@click.option("--helm3/--no-helm3", default=True, show_default=True, help="Whether Helm 3 does it all too.")
@click.option("--jobs", type=click.IntRange(1), default=6, show_default=True, help="Examples at a time.")
@click.option(
    "--timeout", type=click.IntRange(1), default=300, show_default=True, help="Seconds for a command of Helm."
)
@click.option("--keep", is_flag=True, help="Leave everything in the cluster.")
@click.option("--record", type=click.Path(path_type=Path), help="Write what was done to this file, docs/proved.yaml.")
def main(
    chart: Path, examples: tuple[str, ...], helm3: bool, jobs: int, timeout: int, keep: bool, record: Path | None
) -> None:
    """Install every example of the chart on the cluster that KUBECONFIG names; upgrade, roll back and remove it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    kubeconfig = os.environ.get("KUBECONFIG", "")
    try:
        if not kubeconfig:
            raise ToolError("KUBECONFIG is not set; let it name the cluster that may be used")
        sys.exit(_run(Wanted(chart, examples, helm3, jobs, timeout, keep, kubeconfig), record))
    except Faults as fault:
        for problem in fault.problems:
            say(str(problem))
        sys.exit(1)
    except (ToolError, Refused) as error:
        say(f"e2e: {error}")
        sys.exit(2)
    except KeyboardInterrupt:
        say("e2e: stopped")
        sys.exit(130)


def _run(wanted: Wanted, record: Path | None) -> int:
    start = time.monotonic()
    session = perform(wanted, say)
    done = session.done
    if record:
        files = [file.stem for file in (wanted.chart / "examples").glob("*.yaml")]
        proved.record(record, "e2e", entries(session), ("defaults", *files))
    for line in (*report.table(done), "", *report.notes(done), *report.total(done, time.monotonic() - start)):
        click.echo(line)
    return 1 if any(each.faults for each in done) else 0


def entries(session: Session) -> dict[str, proved.Entry]:
    """What is written down of a run, by example of the chart: those of which no step was made are left out."""
    found, chart = {}, session.wanted.chart
    for example in session.chosen:
        mine = [each for each in session.done if each.example == example.name]
        own = all(file.resolve().parent == (chart / "examples").resolve() for file in example.files)
        if own and report.made(mine):
            fragments = proved.used(chart, example.files, session.helms[0].path)
            failed = [each.step for each in mine if each.faults]
            notes = sorted({each.note for each in mine if each.note})
            versions = {"kubernetes": session.cluster.version, "helm": session.versions}
            found[example.name] = proved.entry(fragments, failed, steps=len(report.made(mine)), notes=notes, **versions)
    return found


if __name__ == "__main__":
    main(prog_name="e2e")
