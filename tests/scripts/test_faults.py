"""The loaders in a hostile world, for a few rounds of a fixed seed; `make faults` runs more."""

from __future__ import annotations

import pytest
from scripts.faults import SOURCES, rounds

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("quiet", [False, True], ids=["all", "quiet"])
def test_no_fault_makes_a_wrong_model_ready_or_a_loader_wait_for_ever(quiet: bool) -> None:
    for outcome in rounds(len(SOURCES), "tests", [*SOURCES], jobs=len(SOURCES), quiet=quiet):
        assert outcome.broken == [], (outcome.name, outcome.done)
