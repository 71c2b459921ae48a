"""The commands: their arguments, what they print, their exit codes. 0: fine, 1: the input is at fault, 2: a tool is."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from . import __version__
from .problem import Faults, Problem, ToolError

STACK = "A stack file, a folder that holds stack.yaml, or one of chartgen's own stacks."


def say(text: str) -> None:
    """Progress, for people: on standard error."""
    click.echo(text, err=True)


def exits(command: Callable[..., int | None]) -> Callable[..., None]:
    """Run a command; problems become lines and exit code 1, broken tools a line and exit code 2."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            code = command(*args, **kwargs)
        except Faults as fault:
            code = complain(fault.problems)
        except ToolError as error:
            say(f"chartgen: {error}")
            code = 2
        except BrokenPipeError:
            code = 1
        sys.exit(code or 0)

    return run


def complain(problems: list[Problem]) -> int:
    """Print every problem; 1 where there is any."""
    for problem in problems:
        click.echo(str(problem), err=True)
    return 1 if problems else 0


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="chartgen")
def main() -> None:
    """Compose a Helm chart from reusable fragments, and prove what it renders.

    Exit codes: 0 fine, 1 something in your files is wrong (each fault is a line `path:line: key: what; what to do`),
    2 a tool is missing or broken.
    """


@main.command()
@click.argument("stack", required=False)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where the chart on disk differs from its sources.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The chart's folder.  [default: charts/NAME]")
@exits
def build(stack: str | None, check: bool, output: Path | None) -> int:
    """Make the chart of STACK.

    STACK is a stack file, a folder that holds stack.yaml, or one of chartgen's own stacks; by default ./stack.yaml
    where there is one, else llm-stack. The chart is written whole or not at all; files that it no longer has are
    removed.
    """
    from . import building, chart

    made = building.compose(stack)
    folder = output or Path("charts") / made.name
    if check:
        return _stale(chart.difference(made, folder), folder)
    changes = chart.write(made, folder)
    click.echo(f"{folder}: {len(made.files)} files, {_count(changes)}")
    return 0


def _stale(changes: list[str], folder: Path) -> int:
    for change in changes:
        what, path = change.split(" ", 1)
        click.echo(f"{folder}/{path}: {what}: is not what its sources make; run 'chartgen build'", err=True)
    if not changes:
        click.echo(f"{folder}: up to date")
    return 1 if changes else 0


def _count(changes: list[str]) -> str:
    if not changes:
        return "nothing changed"
    kinds = [change.split(" ", 1)[0] for change in changes]
    words = {"changed": "changed", "missing": "added", "extra": "removed"}
    return ", ".join(f"{kinds.count(kind)} {word}" for kind, word in words.items() if kind in kinds)
