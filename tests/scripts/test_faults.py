"""The loaders in a hostile world, for a few rounds of a fixed seed; `make faults` runs more."""

from __future__ import annotations

import pytest
from scripts.faults import SOURCES, rounds


@pytest.mark.parametrize("first", [0, 5])
def test_no_fault_makes_a_wrong_model_ready_or_a_loader_wait_for_ever(first: int) -> None:
    for outcome in rounds(5, "tests", [*SOURCES], jobs=5, first=first):
        assert outcome.broken == [], (outcome.name, outcome.done)
