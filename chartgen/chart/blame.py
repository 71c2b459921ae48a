"""What Helm refuses, as problems at the keys and lines of a values file."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..conventions import SERVERS
from ..problem import Faults, Problem
from ..programs.helm import values as merged
from ..reading.yamlfile import Key
from .loaded import LoadedChart
from .valuesfile import Example, check, given


def blamed(chart: LoadedChart, files: list[Path], flags: list[str], error: str, helm: Path) -> list[Problem]:
    """What Helm refused values with, as problems on the files' lines, or at the flags that set single values."""
    lines = [line for line in error.split("\n") if line.strip()]
    if not files and not flags:
        return [_advised(Problem(chart.shown, 0, "", line)) for line in lines]
    with tempfile.TemporaryDirectory(prefix="chartgen-values-") as place:
        try:
            example = given(files, flags, partial(merged, helm=helm), Path(place))
        except Faults as faults:
            return faults.problems
    if problems := check(example, chart.defaults.data, chart.schema):
        return problems
    return [_advised(sentence(example, line, "")) for line in lines]


def _advised(problem: Problem) -> Problem:
    """A problem with something to do: what Helm says of a template, or of a file, has no remedy."""
    if problem.key or problem.remedy or "; " in problem.message:
        return problem
    return replace(problem, remedy="correct the values, or this file of the chart")


def sentence(example: Example, line: str, where: str) -> Problem:
    """A line of what Helm said as a problem at the key that it names."""
    schema = re.match(r"- at '([^']*)': (.*)", line)
    if schema:
        key: Key = tuple(schema[1].strip("/").split("/")) if schema[1] else ()
        return example.problem(key, schema[2] + where)
    own = re.match(r"(?:servers\.([a-z0-9-]+): )?([A-Za-z][A-Za-z0-9._-]*): (.*)", line)
    if not own:
        return Problem(example.shown, 0, "", line + where)
    server, keys = own[1], tuple(own[2].split("."))
    message, _, remedy = own[3].partition("; ")
    entry = (SERVERS, server, *keys)
    for key in (entry, keys) if server else (keys,):
        if key in example.lines:
            return example.problem(key, message + where, remedy)
    # Of a server that stands nowhere by itself, what the defaults say is to blame.
    number = (_nearest(example, entry, 2) if server else 0) or _nearest(example, keys)
    number = number or (_nearest(example, entry) if server else 0)
    file, number = example.place(number)
    return Problem(file, number, f"servers.{server}: {own[2]}" if server else own[2], message + where, remedy)


def _nearest(example: Example, key: Key, least: int = 1) -> int:
    """The line of what comes nearest to a key, by that many steps at least; 0 where nothing does."""
    return next((example.lines[key[:n]] for n in range(len(key), least - 1, -1) if key[:n] in example.lines), 0)
