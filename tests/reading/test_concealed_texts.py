"""What `diff` and `diagram` print of long texts that others wrote."""

from __future__ import annotations

import time

import pytest

from chartgen.reading import conceal

LONG = 40_000
STARTS = [
    "-u a",
    "=-u=",
    "sk-",
    "eyJ",
    "-----BEGIN ",
    "://$(a):",
    "pass>",
    "-",
    "a.",
    "a-",
    "a://",
    "?a",
    "password=",
    'password="',
    "password ",
    "--token",
    "Bearer ",
    "password\\",
]


@pytest.mark.parametrize("start", STARTS)
def test_a_long_text_takes_no_time_whatever_it_repeats(start):
    """A pattern that begins to match at every place takes minutes: the time is that of a text four times as long."""
    once, more = (_seconds(start * (size // len(start))) for size in (LONG // 4, LONG))
    assert more < max(1.0, 12 * once)


def _seconds(text: str) -> float:
    begin = time.process_time()
    conceal.concealed(text)
    return time.process_time() - begin


@pytest.mark.parametrize(
    "text",
    [
        "curl --x-token abc",
        "curl -u me:abc https://host",
        "--key=abc",
        "h: Authorization: Token abc",
        "<token>abc</token>",
        "_http://me:abc@host/",
        "a=1,https://me:abc@host/",
    ],
)
def test_a_credential_is_found_where_its_pattern_begins_in_a_word(text):
    assert "abc" not in conceal.concealed(text)


FORMS = [
    "sk-proj-" + "aB3" * 8,
    "hf_" + "aB3" * 9,
    "ghp_" + "aB3" * 9,
    "AKIA" + "ABC1" * 4,
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "-----BEGIN PRIVATE KEY-----\nQUJDREVG\n",
]
PLACES = ["{}", "--foo={}", '{{"a": ["{}"]}}', "https://example.com/{}/v1", "# was {}", "echo '{}' | sh", "a,{},b"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text", FORMS)
def test_a_credential_of_a_known_form_is_found_under_any_name(text, place):
    for value in (place.format(text), ["--foo", place.format(text)], {"name": "ODD", "value": place.format(text)}):
        assert text[-9:] not in str(conceal.concealed(value))


NAMED = [
    "SMTP_PASS",
    "GH_PAT",
    "SESSION",
    "cookie",
    "AZURE_OPENAI_KEY",
    "Authorization",
    "my-password",
    "x-api-key",
    "WEBHOOK_SECRET",
    "token",
]


@pytest.mark.parametrize("name", NAMED)
def test_a_credential_is_found_by_its_name(name):
    for value in ({name: "abc"}, [f"--{name}", "abc"], f"{name}=abc", f'{{"{name}": "abc"}}', f"-H '{name}: abc'"):
        assert "abc" not in str(conceal.concealed(value))
    assert conceal.concealed({name: "true"}) == {name: "true"}


@pytest.mark.parametrize(
    "text",
    [
        "registry/sk-learn-something-very-long:1",
        "hf_a-model-with-a-long-name",
        "bypass=abc",
        "postgres://$(A):$(B)@db/c",
    ],
)
def test_what_is_no_credential_is_printed(text):
    assert conceal.concealed(text) == text
