"""A few of the kills of `make kills`: a kill at any moment leaves nothing half done."""

from __future__ import annotations

import pytest
from kills import COUNTS, kills

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", COUNTS)
def test_a_kill_at_any_moment_leaves_nothing_half_done(kind):
    assert any(kills(kind, seed=2, count=6)), "every run ended before it was killed"
