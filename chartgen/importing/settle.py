"""What is written passes validation: a value that llm-stack refuses is left out, and reported with the refusal."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..chart import disk
from ..chart.valuesfile import coalesced
from ..compose.building import Composed
from ..compose.yamltext import flow
from ..conventions import SERVERS
from ..problem import Problem, Say, ToolError
from ..proofs import validate as proofs
from ..reading import shape, yamlfile
from ..reading.unprinted import opened
from ..reading.yamlfile import dotted
from .draft import MISSING, NO_FILE, NO_MODEL, SETTLED, Draft, Note, Put
from .write import text

Check = Callable[[], list[Problem]]  # the problems of the values as they are now

ROUNDS = 40
NEED = re.compile(r"'# needs: (\S+)'")
MOST = re.compile(r"\bset (model\.contextLength) to (\d+) or less")
ESSENTIAL = ("engine", "model", "models", "llamacpp")  # what a server is for
LEVELS = ("", "baseline", "privileged")


def settled(draft: Draft, origin: str, composed: Composed, say: Say) -> str:
    """The text of a values file that has no errors."""
    files = composed.chart.files
    schema = opened(json.loads(files["values.schema.json"]))
    defaults = yamlfile.parse(files["values.yaml"], "values.yaml").data
    with tempfile.TemporaryDirectory(prefix="chartgen-import-") as place:
        chart, file = Path(place, composed.chart.name), Path(place, "values.yaml")
        disk.write(composed.chart, chart)

        def checked() -> tuple[str, dict[int, Put], list[Problem]]:
            draft.comments.clear()
            made, lines = text(draft, origin, list(schema["properties"]))
            problems = _of_schema(made, defaults, schema)
            if not problems:
                file.write_text(made, encoding="utf-8")
                report = proofs.validate(chart, [file], composed, lambda said: None)
                # Advice for a user's own file; here it decides what its header says.
                strict = [each for each in report.warnings if _of_header(each, draft)]
                problems = [*report.problems, *strict]
            return made, lines, problems

        for _ in range(ROUNDS):
            draft.complete()
            say("validate: the values file …")
            made, lines, problems = checked()
            if not problems:
                return made
            _leave_out(draft, problems, lines, lambda: checked()[2])
    raise ToolError(f"the values from {origin} still have errors: {problems[0]}")


def _of_schema(made: str, defaults: dict[str, Any], schema: dict[str, Any]) -> list[Problem]:
    parsed = yamlfile.parse(made, "values.yaml")
    return parsed.problems or shape.check(coalesced(defaults, parsed.data or {}), parsed.lines, schema, "values.yaml")


def _of_header(warning: Problem, draft: Draft) -> bool:
    """Whether a line of the header answers a warning: the level that Pod Security allows, an object that must exist."""
    if need := NEED.search(warning.remedy):
        return need[1] not in draft.needs
    return "Pod Security" in warning.message and draft.security != LEVELS[-1]


def _leave_out(draft: Draft, problems: list[Problem], lines: dict[int, Put], again: Check) -> None:
    """Change the draft so that these problems do not occur again."""
    before = (len(draft.puts), len(draft.needs), draft.security)
    for problem in problems:
        if need := NEED.search(problem.remedy):
            draft.needs.add(need[1])
            if need[1].startswith("Service/"):
                name = need[1].rpartition("/")[2]
                draft.advise(
                    f"check that the Service {name} exists: the values refer to it, and llm-stack does not create it"
                )
            continue
        if "Pod Security" in problem.message and before[2] != LEVELS[-1]:
            draft.security = _lower(draft.security, problem.message)
            continue
        if _lowered(draft, problem):
            continue
        for put in draft.at(problem) or [one for one in [lines.get(problem.line)] if one]:
            if put in draft.puts:
                _say_left_out(draft, put, problem)
                said = "; ".join(filter(None, (problem.message, problem.remedy)))
                draft.withdraw(put, Note(MISSING, f"llm-stack refuses it: {problem.key}: {said}"))
    if before == (len(draft.puts), len(draft.needs), draft.security):
        if not draft.puts:
            raise ToolError(f"the values still have errors: {problems[0]}")
        _without_server(draft, problems[0], again)


def _lowered(draft: Draft, problem: Problem) -> bool:
    """Write the most that is allowed of a number that the input does not say, such as a model's context."""
    found = MOST.search(problem.remedy)
    if not found:
        return False
    target = tuple(found[1].split("."))
    named = [name for name in draft.servers if f"servers.{draft.name(name)}" in problem.key] or draft.servers[:1]
    if not named or any(put.target == target and put.server == named[0] for put in draft.puts):
        return False
    draft.put(Put(target, int(found[2]), named[0], ()), Note(SETTLED, ""))
    return True


def _without_server(draft: Draft, problem: Problem, again: Check) -> None:
    """Where no value is to blame, the one without which the problem is gone is left out.

    If there is none, a server keeps its engine and its model alone; if it has no more, it is not run.
    """
    named = [name for name in draft.servers if f"servers.{draft.name(name)}" in problem.key] or draft.servers
    said = f"{problem.key}: {problem.message}; {problem.remedy}"
    more = [put for put in draft.puts if put.server in named and put.target[0] not in ESSENTIAL]
    every = draft.puts
    for put in more:
        draft.puts = [other for other in every if other is not put]
        gone = not any((each.key, each.message) == (problem.key, problem.message) for each in again())
        draft.puts = every
        if gone:
            draft.withdraw(put, Note(MISSING, f"llm-stack refuses the values with it: {said}"))
            return
    for put in more or [put for put in draft.puts if put.server in named] or list(draft.puts):
        draft.withdraw(put, Note(MISSING, f"llm-stack refuses the values: {said}"))
    if not more:
        for name in named:
            off = Put((SERVERS, draft.name(name), "enabled"), False, "", ())
            draft.put(off, Note(SETTLED, ""))
            draft.warn(f"the server {name} of the input is not in the values: {said}")


def _say_left_out(draft: Draft, put: Put, problem: Problem) -> None:
    """What the input is for is not lost in a line among many."""
    if put.target[0] not in (*ESSENTIAL, "replicas") or put.value in (NO_MODEL, NO_FILE, ""):
        return
    if put.target[:2] in (("model", "name"), ("model", "tag")) or put.target[0] == "models":
        draft.lost.add(put.server)
    if put.target == ("model", "tag"):  # without it, the name is that of another model
        for other in draft.puts_of(put.server, ("model", "name")):
            draft.withdraw(other, Note(MISSING, f"llm-stack refuses its tag: {problem.message}"))
    draft.warn(f"the values do not have {dotted(draft.place(put))} {flow(put.value)} of the input: {problem.message}")


def _lower(level: str, message: str) -> str:
    """The level of Pod Security below the one that forbids something."""
    wanted = LEVELS[2] if "Pod Security baseline" in message else LEVELS[1]
    return max(level, wanted, key=LEVELS.index)
