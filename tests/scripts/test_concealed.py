"""What a loader logs contains none of its credentials, however a server or a program writes them."""

from __future__ import annotations

import base64
import subprocess

import pytest
from scripts.test_s3_script import Counter, counter  # noqa: F401 # a fixture
from scripts.workshop import FRAGMENTS, PLACES, each_shell

LOADER = FRAGMENTS / "loader/files/loader.sh"
MODELKIT = FRAGMENTS / "source/modelkit/files/load.sh"
PROXIES = [
    "http://bob:Sup3r@S3cret@127.0.0.1:1",
    "http://bob:Sup3r/S3cret@127.0.0.1:1",
    "http://bob:Sup3r#S3cret@127.0.0.1:1",
    "http://bob:Sup3r S3cret@127.0.0.1:1",
    "http://bob:Sup3rS3cret@127.0.0.1:99999",
    "htp://bob:Sup3rS3cret@127.0.0.1:1",
    "http:/bob:Sup3rS3cret@127.0.0.1:1",
    "http://Sup3rS3cret@127.0.0.1:99999",
]


def said(shell: list[str], commands: str, text: str, **env: str) -> str:
    """What a loader's script prints of a text, after the commands."""
    script = f'. {LOADER}\n{commands}\nsay "$TEXT"\nbeginning "$TEXT"\n'
    env = PLACES | env | {"TEXT": text}
    return subprocess.run([*shell, "-c", script], env=env, capture_output=True, text=True, check=True).stdout


@each_shell
@pytest.mark.parametrize(
    "written",
    [
        "Tok+en/with==more",
        "Tok%2Ben%2Fwith%3D%3Dmore",
        "Tok%2ben%2fwith%3d%3dmore",
        "Tok+en\\/with\\u003d\\u003dmore",
        "Tok+en/wi th==mo re",
        "Tok+en%2Fwi th==more",
    ],
)
def test_a_credential_is_concealed_however_it_is_written(shell: list[str], written: str) -> None:
    shown = said(shell, "hide 'Tok+en/with==more'", f"the server says: {written}, and no more")
    assert written[:6] not in shown
    assert shown.count("a message that contains a credential is not shown") == 2


@each_shell
def test_a_message_without_a_credential_is_shown_as_it_is(shell: list[str]) -> None:
    text = "100% of a\\b%20c, abc and Tok+en are no credential"
    assert said(shell, "hide 'Tok+en/with==more\nabc'", text) == f"{text}\n{text}\n"


@pytest.mark.slow
@each_shell
@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize(
    "text",
    [
        "Unsupported proxy syntax in 'http://bob:Sup3r%40S3cret@proxy.invalid:3128'",
        "Could not resolve proxy: S3cret@proxy.invalid",
        "the password is Sup3r@S3cret",
        f"407: Proxy-Authorization: Basic {base64.b64encode(b'bob:Sup3r@S3cret').decode()}",
    ],
)
def test_the_password_of_a_proxy_is_concealed(shell: list[str], name: str, text: str) -> None:
    shown = said(shell, "", text, **{name: "http://bob:Sup3r%40S3cret@proxy.invalid:3128"})
    assert not any(part in shown for part in ("Sup3r", "S3cret", "Basic Ym9i"))


@pytest.mark.slow
@each_shell
@pytest.mark.parametrize("proxy", PROXIES)
def test_a_proxy_that_curl_cannot_use_shows_no_password(counter: Counter, shell: list[str], proxy: str) -> None:  # noqa: F811
    ended = counter.load(shell=shell, HTTP_PROXY=proxy, http_proxy=proxy, RETRIES="2")
    assert ended.code == 69, ended
    assert not any(part in ended.out + ended.err for part in ("Sup3r", "S3cret"))


@pytest.mark.slow
@each_shell
@pytest.mark.parametrize(
    "quote", [str, lambda text: text.replace("/", "\\/").replace("=", "\\u003d")], ids=["plain", "escaped"]
)
@pytest.mark.parametrize("auth", [True, False])
def test_every_credential_of_a_docker_configuration_is_concealed(
    shell: list[str], quote: object, auth: bool, tmp_path: object
) -> None:
    pair = base64.b64encode(b"bob:S3cr3t/pass").decode()
    given = {"auth": pair} if auth else {"username": "bob", "password": "S3cr3t/pass"}
    given |= {"identitytoken": "ident/token=="}
    entries = ",\n".join(f'"{key}" : "{quote(value)}"' for key, value in given.items())  # type: ignore[operator]
    config = tmp_path / "config.json"  # type: ignore[operator]
    config.write_text('{"auths": {"registry.example.com": {\n' + entries + "}}}")
    taken = f"sed -n -e '/^hide_login()/,/^}}/p' -e '/^strings_of()/,/^}}/p' {MODELKIT}"
    functions = f'scratch={tmp_path}; eval "$({taken})"; hide_login {config}'
    for secret in (pair, "S3cr3t/pass", "ident/token=="):
        assert secret not in said(shell, functions, f"401: {secret} is refused")
    assert "bob is refused" in said(shell, functions, "bob is refused")
