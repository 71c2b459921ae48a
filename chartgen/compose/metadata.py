"""The metadata of a chart, as Helm reads it."""

from __future__ import annotations

from collections.abc import Iterator

from ..kubernetes import definitions
from ..problem import Problem
from ..reading import semver
from ..sources.stack import Stack

KUBERNETES = ("chart", "kubeVersion")
EXPECTED = "write a range such as >=1.29.0-0"


def check(stack: Stack) -> Iterator[Problem]:
    """A range of Kubernetes versions that is none, which Helm would take for one that no cluster fits."""
    said = stack.chart.get("kubeVersion", "")
    known = definitions.versions()
    try:
        fitting = [version for version in known if not said or semver.fits(said, version)]
    except ValueError as error:
        yield stack.problem(KUBERNETES, f"{said} is not a range of versions: {error}", EXPECTED)
        return
    if not fitting:
        message = f"{said} has none of the Kubernetes versions that chartgen checks, {known[0]} to {known[-1]}"
        yield stack.problem(KUBERNETES, message, EXPECTED)
