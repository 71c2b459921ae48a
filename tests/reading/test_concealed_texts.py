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
    *("x://a:", "password ", "1:1:g:", "https://a.", "$2a$"),
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
        "postgres://u:p@abc@db/x",
        "postgres://u:pa/abc@db:5432/x",
        "machine a.example.com login u password abc1",
        "requirepass abc1",
        "redis-server --requirepass abc --port 1",
        "db:5432:x:user:abc",
        "https://hooks.slack.com/services/T0/B0/abc",
        "https://discord.com/api/webhooks/1/abc",
        "https://api.telegram.org/bot1:abc/send",
        "admin:$apr1$x$abc",
        "{SHA}abc",
        "AccountName=a;AccountKey=abc;EndpointSuffix=x",
        "Credential=a/b, Signature=abc",
        "curl -H 'X-Auth: abc'",
        "bind_pw=abc",
        "bindpw: abc",
        "client-key-data: abc",
        "export KEY=abc; run",
    ],
)
def test_a_credential_is_found_where_its_pattern_begins_in_a_word(text):
    assert "abc" not in conceal.concealed(text)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "DB_PASS",
            "SENTRY_DSN",
            "SMTP_AUTH",
            "BASIC_AUTH",
            "AZURE_STORAGE_CONNECTION_STRING",
            "SALT",
            "litellm_salt_key",
        ),
        *("PRIVATE_KEY_PEM", "CODE", "ACCESS_CODE", "PIN", "GOOGLE_APPLICATION_CREDENTIALS_JSON", "PASSWORD_HASH"),
        *("OPENAI_API_KEY_1", "AUTH_TOKEN_2", "SESSION_SECRET_OLD", "PASSCODE", "CREDS", "API_TOKENS", "tls.key"),
    ],
)
def test_the_value_of_a_name_that_is_a_credentials_is_not_printed(name):
    assert "abc" not in str(conceal.concealed({"name": name, "value": "abc"}))
    assert "abc" not in str(conceal.concealed({name: "abc"}))
    assert conceal.named(("data", name))


@pytest.mark.parametrize(
    "text",
    [
        *("http://a:8080/x@y", "oci://ghcr.io/a/b@sha256:0123456789abcdef", "ghcr.io/a/b:v1.2@sha256:0123456789abcdef"),
        *("--max-tokens=8", "--seed=42", "--tls-key=/etc/tls.key", "password authentication is off", "10.0.0.1:80:80"),
        *("fd00:12:ab:cd:ef::1", "auth-type: basic", "Qwen/Qwen2.5-7B-Instruct-AWQ", "http://$(USER):$(PASS)@a/"),
    ],
)
def test_what_only_looks_like_a_credential_is_printed(text):
    assert conceal.concealed(text) == text


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
