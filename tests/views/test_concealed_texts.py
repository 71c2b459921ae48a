"""What `diff` and `diagram` print of long texts that others wrote."""

from __future__ import annotations

import time

import pytest

from chartgen.views import conceal

LONG = 40_000
STARTS = ["-", "a.", "a-", "a://", "?a", "password=", 'password="', "password ", "--token", "Bearer ", "password\\"]


@pytest.mark.parametrize("start", STARTS)
def test_a_long_text_takes_no_time_whatever_it_repeats(start):
    """A pattern that begins to match at every place takes minutes: the time is that of a text four times as long."""
    once, more = (_seconds(start * (size // len(start))) for size in (LONG // 4, LONG))
    assert more < max(1.0, 12 * once)


def _seconds(text: str) -> float:
    begin = time.process_time()
    conceal.concealed(text)
    return time.process_time() - begin


@pytest.mark.parametrize("text", ["curl --x-token abc", "_http://me:abc@host/", "a=1,https://me:abc@host/"])
def test_a_credential_is_found_where_its_pattern_begins_in_a_word(text):
    assert "abc" not in conceal.concealed(text)
