"""What Helm says of a template, once, at the line on disk where the template is written."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from ..problem import Problem
from ..programs.helm import Rendered
from .run import Run

Results = list[tuple[Run, Rendered]]

UNPARSED = re.compile(r"parse error at \((?P<file>[^\s:]+):(?P<line>\d+)\): (?P<said>.*)", re.S)
BROKEN = re.compile(r"(?P<file>\S+/templates/\S+?):(?P<line>\d+):\d+: (?P<key>.*?): (?P<said>.*)", re.S)
BAD_YAML = re.compile(r"YAML parse error on (?P<file>\S+): (?:error converting YAML to JSON: )?(?P<said>.*)", re.S)
NO_DATA = re.compile(r"(?P<of>[^\n]+?) is not a YAML (?P<said>(?:map|list): .*), near (?P<near>\".*\")")
LINE = re.compile(r"line (\d+): (.*)")


def unparsed(error: str) -> bool:
    """Whether a template does not parse. Helm parses all of them before it renders any, so no values file renders."""
    return bool(UNPARSED.match(error))


def located(error: str, sources: dict[str, str]) -> Problem | None:
    """The error of a template at its own line; None for a refusal of the schema or of a check.

    `sources` maps a template's path in the chart (`templates/server/service.yaml`) to its file on disk, which has the
    same lines.
    """
    found = UNPARSED.match(error) or BROKEN.match(error)
    if found:
        key = found["key"] if found.re is BROKEN else ""
        return Problem(_file(found["file"], sources), int(found["line"]), key, _flat(found["said"]))
    found = NO_DATA.fullmatch(error)
    if found:
        path, line = _written(json.loads(found["near"]).split("\n"), sources)
        return Problem(path, line, found["of"], f"is not a YAML {found['said']}, near {found['near']}")
    found = BAD_YAML.match(error)
    if found:
        line = LINE.match(_flat(found["said"]).removeprefix("yaml: "))
        said = f"on line {line[1]} of its output: {line[2]}" if line else _flat(found["said"])
        return Problem(_file(found["file"], sources), 0, "", f"renders invalid YAML {said}")
    return None


def faults(results: Results, sources: dict[str, str]) -> tuple[list[Problem], Results]:
    """Each error of a template once, with the number of values files that it breaks; and all other results.

    A rejection that an error of a template refuses as its first line says is fine, and is among the others.
    """
    rest: Results = []
    broken: dict[Problem, tuple[Problem, list[str]]] = {}
    for run, rendered in results:
        problem = located(rendered.error, sources)
        if problem is None or (run.refusal and run.refusal in rendered.error):
            rest.append((run, rendered))
        else:
            # The line of the YAML differs from case to case.
            known = replace(problem, message=re.sub(r"line \d+", "", problem.message))
            broken.setdefault(known, (problem, []))[1].append(run.example.shown)
            if unparsed(rendered.error):
                return [replace(problem, remedy="correct the template; until then, no values file renders")], []
    total = len({run.example.shown for run, _ in results})
    return [
        replace(problem, remedy=_remedy(list(dict.fromkeys(files)), total)) for problem, files in broken.values()
    ], rest


def _remedy(files: list[str], total: int) -> str:
    fails = "does not" if len(files) == 1 else "do not"
    return f"correct the template; {len(files)} of {total} values files {fails} render, the first is {files[0]}"


def _written(lines: list[str], sources: dict[str, str]) -> tuple[str, int]:
    """Where the last of these lines is written: after the one before it, or in one place alone; else where the builder
    joins all.
    """
    wanted = [line.strip() for line in lines if line.strip()]
    places: list[tuple[str, int]] = []
    for file in sorted({*sources.values()}) if wanted else ():
        there = Path(file).read_text(encoding="utf-8").split("\n") if Path(file).is_file() else []
        for number, line in enumerate(map(str.strip, there), 1):
            if line == wanted[-1]:
                places.append((file, number))
                if [each.strip() for each in there[number - len(wanted) : number]] == wanted and len(wanted) > 1:
                    return file, number
    joins = "templates/_slots.tpl"
    return places[0] if len(places) == 1 else (sources.get(joins, joins), 0)


def _file(template: str, sources: dict[str, str]) -> str:
    """Helm's name of a template begins with the chart's."""
    path = template.partition("/")[2]
    return sources.get(path, path)


def _flat(text: str) -> str:
    return " ".join(text.split())
