"""What is written passes validation: a value that llm-stack refuses is left out, and reported with the refusal."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable
from dataclasses import replace
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
from .draft import MISSING, NO_FILE, NO_MODEL, PERSISTENT, SETTLED, Draft, Note, Put
from .typed import text_at
from .write import text

Check = Callable[[], list[Problem]]  # the problems of the values as they are now

ROUNDS = 40
NEED = re.compile(r"'# needs: (\S+)'")
BOUND = re.compile(r"\bset (model\.contextLength|modelCache\.size) to (\S+) or (?:less|more)")
RESERVED = re.compile(r"(?:volumes: |^)(\S+) is reserved by the chart; rename your volume")
SHARED = re.compile(r"share (?:the|one) claim|lets only one node mount the claim")
ARGUMENT = re.compile(r"does not have the argument (--[\w=.-]+)|(?:^|: )(--?[\w.-]+) is set there, but")
KEYED = re.compile(r"((?:[\w-]+(?:\[\d+\])*\.)+[\w-]+(?:\[\d+\])*): (.+)", re.DOTALL)
KEY = re.compile(r"^--?api-key")  # of a server's API
MANY = ["ReadWriteMany"]
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
    problems = [_keyed(problem) for problem in problems]
    mended = [
        _argument(draft, one)
        or _bounded(draft, one)
        or _renamed(draft, one)
        or _shared(draft, one)
        or _without_endpoint(draft, one)
        for one in problems
    ]
    if any(mended):
        return  # what others say may be gone, too
    before, cut = (len(draft.puts), len(draft.needs), draft.security), False
    # Before one is left out: another problem with the same value is not of those around it then.
    blamed = [draft.at(problem) or [one for one in [lines.get(problem.line)] if one] for problem in problems]
    for problem, puts in zip(problems, blamed, strict=True):
        if need := NEED.search(problem.remedy):
            draft.needs.add(need[1])
            if need[1].startswith("Service/"):
                namespace, _, name = need[1].removeprefix("Service/").rpartition("/")
                own = draft.server_at(f"{name}.{namespace}" if namespace else name)
                said = f"check that the Service {name} exists: the values refer to it, and llm-stack does not create it"
                if own:
                    said = (
                        f"the values refer to the Service {name}, which is RELEASE-{draft.name(own)} from now on: write"
                        " that in its place, where RELEASE is the name of the release"
                    )
                draft.advise(said)
            continue
        if "Pod Security" in problem.message and before[2] != LEVELS[-1]:
            draft.security = _lower(draft.security, problem.message)
            continue
        for put in puts:
            if put in draft.puts:
                said = "; ".join(filter(None, (problem.message, problem.remedy)))
                note = Note(MISSING, f"llm-stack refuses it: {problem.key}: {said}")
                if _cut(draft, put, problem, note):
                    cut = True
                    continue
                for one in _with(draft, put):
                    _say_left_out(draft, one, problem)
                    draft.withdraw(one, note)
    if not cut and before == (len(draft.puts), len(draft.needs), draft.security):
        if not draft.puts:
            raise ToolError(f"the values still have errors: {problems[0]}")
        _without_server(draft, problems[0], again)


def _with(draft: Draft, put: Put) -> list[Put]:
    """A value, and those that say nothing without it: the other settings of a partition that is refused."""
    if put.target != ("gpu", "partition"):
        return [put]
    return draft.puts_of(put.server, *[("gpu", key) for key in ("vendor", "count", "scheme", "partition")])


def _argument(draft: Draft, problem: Problem) -> bool:
    """Leave out an argument that the version of the image does not have, or that a value says, and keep the others."""
    found = ARGUMENT.search(problem.message)
    name = (found[1] or found[2]).partition("=")[0] if found else ""
    own = _servers(draft, problem) or draft.servers
    for put in [put for server in own for put in draft.puts_of(server, ("extraArgs",))] if found else []:
        at = next((n for n, item in enumerate(put.value) if str(item).partition("=")[0] == name), -1)
        if at < 0:
            continue
        end = at + 1
        while "=" not in str(put.value[at]) and end < len(put.value) and not str(put.value[end]).startswith("-"):
            end += 1
        if KEY.search(name):  # a door that was closed
            what = problem.remedy.rpartition(", and ")[2]
            draft.warn(
                f"the API{draft.of(put.server)} has a key in the input, by {name}, and none in the values; {what}"
            )
        note = Note(MISSING, f"llm-stack refuses it: {problem.message}; {problem.remedy}")
        kept = [*put.value[:at], *put.value[end:]]
        draft.revise(put, kept) if kept else draft.withdraw(put, note)
        left_out = {str(item) for item in put.value[at:end]} - {str(item) for item in kept}
        for spot in put.spots:
            said = str(draft.every.get(spot, ""))
            if said in left_out or said.partition("=")[0] == name:
                draft.notes[spot] = note
        return True
    return False


def _keyed(problem: Problem) -> Problem:
    """A problem with the key that its message begins with, where it has none of its own."""
    found = None if problem.key else KEYED.match(problem.message)
    return replace(problem, key=found[1], message=found[2]) if found else problem


def _cut(draft: Draft, put: Put, problem: Problem, note: Note) -> bool:
    """Leave out one amount of the resources that a problem is about, and keep the others."""
    if put.target[-1] != "resources" or not isinstance(put.value, dict):
        return False
    for kind, name in [(kind, name) for kind, one in put.value.items() if isinstance(one, dict) for name in one]:
        spots = [spot for spot in put.spots if spot[1][-2:] == (kind, name)]
        if problem.key.endswith(dotted((*put.target, kind, name))) and spots and len(spots) < len(put.spots):
            kept = {
                key: {each: one[each] for each in one if (key, each) != (kind, name)} for key, one in put.value.items()
            }
            draft.revise(put, {key: one for key, one in kept.items() if one})
            for spot in spots:
                (draft.notes if draft.exists(spot) else draft.unsaid)[spot] = note
            return True
    return False


def _bounded(draft: Draft, problem: Problem) -> bool:
    """Write the bound of a number that the input does not say, such as a model's context or the size of a new claim."""
    found = BOUND.search(problem.remedy)
    if not found:
        return False
    target = tuple(found[1].split("."))
    named = _servers(draft, problem) or draft.servers[:1]
    own = [put for put in draft.puts_of(named[0], target) if put.spots] if named else []
    said = any(draft.exists(spot) for put in own for spot in put.spots)
    if not named or (said and target[0] == "model"):
        return False
    value = int(found[2]) if found[2].isdigit() else found[2]
    if any(put.value == value for put in draft.puts_of(named[0], target)):
        return False
    for put in draft.puts_of(named[0], target):
        draft.withdraw(put, Note(MISSING, f"is too small: {problem.message}; it is {value} now"))
    draft.put(Put(target, value, named[0], ()), Note(SETTLED, ""))
    if said:
        draft.advise(f"{found[1]}{draft.of(named[0])} is {value}, more than in the input: {problem.message}")
    return True


def _renamed(draft: Draft, problem: Problem) -> bool:
    """Give a volume of the input another name, where the chart has one of that name."""
    found = RESERVED.search(f"{problem.key}: {problem.message}; {problem.remedy}")
    if not found:
        return False
    name, done = found[1], False
    for put in [one for one in draft.puts if one.target[-1] in ("volumes", "volumeMounts")]:
        own = len(put.target) == 1 or put.target[-2] in problem.key
        if own and isinstance(put.value, list) and any(text_at(one, "name") == name for one in put.value):
            value = [{**one, "name": f"own-{name}"} if text_at(one, "name") == name else one for one in put.value]
            draft.revise(put, value, how=f"the volume {name} is called own-{name} now")
            done = True
    return done


def _shared(draft: Draft, problem: Problem) -> bool:
    """Pods of several nodes share a claim that exists: it stays in place, and the person checks its access modes."""
    if not SHARED.search(problem.message):
        return False
    shown = f"{problem.key}: {problem.message}"
    claims = [put for put in draft.puts if put.target == ("modelCache", "existingClaim")]
    named = [put for put in claims if put.value in shown.split() or f"{put.value}," in shown]
    named = named or [put for put in claims if put.server in _servers(draft, problem)]
    modes = ("modelCache", "accessModes")
    if not named or all(one.value == MANY for put in named for one in draft.puts_of(put.server, modes) or [put]):
        return False
    for put in named:
        for one in draft.puts_of(put.server, modes):
            draft.withdraw(one, Note(SETTLED, "several pods use the claim"))
        draft.put(Put(modes, MANY, put.server, ()), Note(SETTLED, ""))
        draft.advise(
            f"check that several nodes can mount the claim {put.value} (ReadWriteMany): several pods use it; if only"
            " one node can, run its pods there, by nodeSelector",
            put.value,
        )
    return True


def _without_endpoint(draft: Draft, problem: Problem) -> bool:
    """Open WebUI without a server or an endpoint: as before, its administrators add connections in the browser."""
    target = ("openWebui", "persistentConfig")
    kept = draft.puts_of("", target)
    if problem.key != "openWebui.endpoints" or "is empty" not in problem.message or [p for p in kept if p.value]:
        return False
    for put in kept:
        draft.withdraw(put, Note(MISSING, f"llm-stack refuses it: {problem.key}: {problem.message}"))
    draft.put(Put(target, True, "", ()), Note(SETTLED, ""))
    draft.unadvise(PERSISTENT)
    draft.warn(
        "the values have no endpoint and no server for Open WebUI; set openWebui.endpoints, or add connections in the"
        " browser, which openWebui.persistentConfig keeps"
    )
    return True


def _servers(draft: Draft, problem: Problem) -> list[str]:
    """The servers that a problem names."""
    words = re.findall(r"servers\.([\w-]+)", problem.key)
    return [name for name in draft.servers if draft.name(name) in words]


def _without_server(draft: Draft, problem: Problem, again: Check) -> None:
    """Where no value is to blame, the one without which the problem is gone is left out.

    If there is none, those are left out that bring a refusal back when they are added to the engine and the model,
    one after another; if a server has no more than these two, it is not run.
    """
    named = _servers(draft, problem) or draft.servers
    said = f"{problem.key}: {problem.message}; {problem.remedy}"
    more = [put for put in draft.puts if put.server in named and put.target[0] not in ESSENTIAL]
    every = draft.puts

    def refusals(puts: list[Put]) -> list[Problem]:
        # A problem that a line of the header answers is none: it shows only where nothing is refused any more.
        draft.puts = puts
        found = [each for each in again() if not NEED.search(each.remedy) and "Pod Security" not in each.message]
        draft.puts = every
        return found

    before = len(refusals(every))
    for put in more:
        left = refusals([other for other in every if other is not put])
        # Without a claim or an image, others are missing in its place: that is no way out.
        if not left or (len(left) < before and (problem.key, problem.message) not in _said(left)):
            draft.withdraw(put, Note(MISSING, f"llm-stack refuses the values with it: {said}"))
            return
    kept = [put for put in every if put not in more]
    lost = []
    for put in more if more and not refusals(kept) else []:
        if left := refusals([*kept, put]):
            lost.append((put, "; ".join(filter(None, (f"{left[0].key}: {left[0].message}", left[0].remedy)))))
        else:
            kept.append(put)
    every_one = more or [put for put in draft.puts if put.server in named] or list(draft.puts)
    for put, why in lost or [(put, said) for put in every_one]:
        _say_left_out(draft, put, problem)
        draft.withdraw(put, Note(MISSING, f"llm-stack refuses the values with it: {why}"))
    if not more:
        for name in named:
            off = Put((SERVERS, draft.name(name), "enabled"), False, "", ())
            draft.put(off, Note(SETTLED, ""))
            draft.warn(f"the server {name} of the input is not in the values: {said}", ahead=True)


def _said(problems: list[Problem]) -> set[tuple[str, str]]:
    return {(each.key, each.message) for each in problems}


def _say_left_out(draft: Draft, put: Put, problem: Problem) -> None:
    """What the input is for is not lost in a line among many."""
    if (put.target[0] not in (*ESSENTIAL, "replicas") and put.target != ("gpu", "vendor")) or put.value in (
        NO_MODEL,
        NO_FILE,
        "",
    ):
        return
    if put.target[:2] in (("model", "name"), ("model", "tag")) or put.target[0] == "models":
        draft.lost.add(put.server)
    # Without the other, each of them is of another model: of the default one, or of the one without a tag.
    if put.target[:1] == ("model",) and put.target[1:] in (("name",), ("tag",)):
        for other in draft.puts_of(put.server, ("model", "name"), ("model", "tag")):
            if other is not put:
                draft.withdraw(other, Note(MISSING, f"llm-stack refuses its {put.target[1]}: {problem.message}"))
    draft.warn(f"the values do not have {dotted(draft.place(put))} {flow(put.value)} of the input: {problem.message}")


def _lower(level: str, message: str) -> str:
    """The level of Pod Security below the one that forbids something."""
    wanted = LEVELS[2] if "Pod Security baseline" in message else LEVELS[1]
    return max(level, wanted, key=LEVELS.index)
