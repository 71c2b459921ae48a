"""What values mean: the errors in them, or the plan, the picture and the manifests of the release that they make."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..chart import blame
from ..chart.loaded import LoadedChart
from ..needs import plan
from ..problem import Faults, Problem, Say
from ..programs import helm as programs
from ..programs import tools
from ..programs.prover import Prover
from ..proofs.manifests import render_of
from ..views import graph, svg
from . import answers


@dataclass(frozen=True)
class Shown:
    """A chart that the page shows, and the chart that answers for it what servers need, None where it has no plan."""

    chart: LoadedChart
    question: Path | None

    @classmethod
    def of(cls, chart: LoadedChart, place: Path) -> Shown:
        """The folder `place` is for the question, and is needed as long as this."""
        try:
            # The chart itself is rendered, too, and refuses what its schema refuses.
            return cls(chart, plan.question(chart.folder, place, schema=False))
        except Faults:
            return cls(chart, None)


def reply(shown: Shown, said: dict[str, Any], say: Say, prover: Prover | None = None) -> dict[str, Any]:
    """The answer to what the page says: `text`, and in `set` an answer that is written into it first.

    An answer is a `path`, and a `value` or, for lists and maps, its text in `yaml`. It is not written where it, or the
    text, cannot be read: `values` is None then. KeyError, TypeError or ValueError where it says anything else.
    """
    text, change = str(said["text"]), said.get("set")
    if change:
        try:
            path = str(change["path"])
            value = answers.value(path, str(change["yaml"])) if "yaml" in change else change["value"]
            text = answers.answered(text, path, value)
        except Faults as faults:
            return {"text": text, "values": None, "problems": _listed(faults.problems)}
    return {"text": text, **look(shown, text, say, prover)}


def look(shown: Shown, text: str, say: Say, prover: Prover | None = None) -> dict[str, Any]:
    """Everything that the page shows for a text of values. `problems` is empty where the chart accepts them."""
    try:
        values = answers.read(text)
    except Faults as faults:
        return {"values": None, "problems": _listed(faults.problems)}
    with tempfile.TemporaryDirectory(prefix="chartgen-configure-") as place:
        file = Path(place, answers.SHOWN)
        file.write_text(text, encoding="utf-8")
        try:
            return {"values": values, "problems": [], **_made(shown, file, say, prover)}
        except Faults as faults:
            return {"values": values, "problems": _listed(faults.problems, str(file))}


def _made(shown: Shown, file: Path, say: Say, prover: Prover | None) -> dict[str, Any]:
    """What the chart makes of a values file; Faults where it refuses it."""
    chart = shown.chart
    helm = Path("helm") if prover and prover.alone else tools.ensure(["helm"], say)["helm"].path
    folders = [chart.folder, *([shown.question] if shown.question else [])]
    done, *asked = programs.render([programs.Request(each, (file,)) for each in folders], helm, prover=prover)
    if error := next((each.error for each in (done, *asked) if each.error), ""):
        raise Faults(blame.blamed(chart, [file], [], error, helm))
    drawn = graph.graph(render_of(programs.documents(done.text), frozenset()))
    return {
        "manifests": done.text,
        "picture": svg.text(drawn, "release llm") if drawn.nodes else "",
        "plan": [line for each in asked for line in plan.lines(plan.answered(each.text))],
    }


def _listed(problems: list[Problem], file: str = "") -> list[dict[str, Any]]:
    """Problems for the page, in which the values file has one name."""
    return [each.as_json() | {"path": answers.SHOWN if each.path == file else each.path} for each in problems]
