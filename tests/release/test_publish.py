"""`chartgen publish`: to ChartMuseum, a registry and a folder, each time read back, and never twice by mistake."""

from __future__ import annotations

import json
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest
import trustme
import yaml
from click.testing import CliRunner

from chartgen import cli
from chartgen.files import write
from chartgen.problem import Faults, ToolError
from chartgen.release import oci, publish
from chartgen.release import package as packages
from chartgen.remote import credentials
from tests import museum as museums
from tests import registry as registries

MUSEUM = ("--plain-http", "--context-path", museums.CONTEXT)
QUICK = publish.Options(
    login=credentials.Login("u", "p"), plain_http=True, context_path=museums.CONTEXT, pauses=(0.01, 0.01)
)


@pytest.fixture(autouse=True)
def nobody(monkeypatch, tmp_path):
    """No login of whoever runs the tests."""
    for name in (credentials.USERNAME, credentials.PASSWORD, credentials.TOKEN):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("HELM_REGISTRY_CONFIG", str(tmp_path / "helm/registry.json"))


@pytest.fixture
def chart(tmp_path):
    """A package on disk: `chart("1.2.3", text, signed)`."""

    def made(version: str = "1.2.3", text: str = "x", signed: bool = False) -> Path:
        about = yaml.safe_dump({"apiVersion": "v2", "name": "tiny", "version": version})
        config = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: tiny}}\ndata: {{text: {text}}}\n"
        files = {"tiny/Chart.yaml": about.encode(), "tiny/templates/map.yaml": config.encode()}
        made = packages.Package("tiny", version, about, packages.zipped(packages.archive(files)))
        write(tmp_path / made.file, made.data)
        if signed:
            text = f"{about}\n...\nfiles:\n  {made.file}: {made.digest}\n"
            signed = f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{text}-----BEGIN PGP SIGNATURE-----\n\nx\n"
            (tmp_path / f"{made.file}.prov").write_text(signed, encoding="utf-8")
        return tmp_path / made.file

    return made


@pytest.fixture
def museum():
    with museums.stand_in() as server:
        yield server


@pytest.fixture(params=["stand-in", "real"] if museums.on_path() else ["stand-in"])
def museum_url(request):
    """The repository of a ChartMuseum: of the stand-in, and of its own program where that is on PATH."""
    with ExitStack() as stack:
        if request.param == "real":
            yield stack.enter_context(museums.real())
        else:
            yield stack.enter_context(museums.stand_in()).url


@pytest.fixture(scope="module")
def registry():
    with registries.registry(authentication=True) as server:
        yield server


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A certificate for 127.0.0.1: (certificate, key, the authority that signed it), as files."""
    folder, ca = tmp_path_factory.mktemp("tls"), trustme.CA()
    issued = ca.issue_cert("127.0.0.1")
    for name, blob in (("key.pem", issued.private_key_pem), ("ca.pem", ca.cert_pem)):
        blob.write_to_path(folder / name)
    (folder / "cert.pem").write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    return folder / "cert.pem", folder / "key.pem", folder / "ca.pem"


def run(*arguments: object, **environment: str):
    result = CliRunner(env=environment).invoke(cli.main, ["publish", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def ada(**more: str) -> dict[str, str]:
    return {credentials.USERNAME: registries.USER, credentials.PASSWORD: registries.PASSWORD, **more}


def u() -> dict[str, str]:
    return {credentials.USERNAME: "u", credentials.PASSWORD: "p"}


def fetched(helm: str, folder: Path, *arguments: str) -> Path:
    """Where a chart and its signature lie that Helm has pulled."""
    got = folder / "got"
    got.mkdir()
    subprocess.run([helm, "pull", *arguments, "--prov", "-d", str(got)], check=True, capture_output=True)
    return got


# --- ChartMuseum ----------------------------------------------------------------------------------------------------


def test_museum_has_the_package_and_its_signature_and_helm_installs_from_it(museum_url, chart, helm, tmp_path):
    file = chart(signed=True)
    said = json.loads(run(museum_url, file, "--json", *MUSEUM, **u()).stdout)
    assert said["did"] == "published"
    assert said["signed"] is True
    got = fetched(helm, tmp_path, "tiny", f"--repo={museum_url}", "--username=u", "--password=p")
    for name in (file.name, f"{file.name}.prov"):
        assert (got / name).read_bytes() == (tmp_path / name).read_bytes()


def test_same_package_once_more_changes_nothing_at_a_museum(museum_url, chart):
    file = chart()
    run(museum_url, file, *MUSEUM, **u())
    again = run(museum_url, file, *MUSEUM, **u())
    assert (again.exit_code, again.stdout.split(":")[0]) == (0, "was there")


@pytest.mark.slow
def test_other_contents_of_a_version_are_refused_by_a_museum_unless_forced(museum_url, chart):
    run(museum_url, chart(), *MUSEUM, **u())
    other = chart(text="y")
    refused = run(museum_url, other, *MUSEUM, **u())
    assert refused.exit_code == 1
    assert "already has tiny 1.2.3 with other contents" in refused.stderr
    assert run(museum_url, other, "--force", *MUSEUM, **u()).stdout.startswith("replaced: ")


@pytest.mark.slow
def test_signature_that_was_forgotten_is_sent_later(museum_url, chart):
    run(museum_url, chart(), *MUSEUM, **u())
    signed = run(museum_url, chart(signed=True), *MUSEUM, **u())
    assert (signed.exit_code, signed.stdout.split(":")[0]) == (0, "published")
    assert run(museum_url, chart(), *MUSEUM, **u()).stdout.startswith("was there")


def test_package_without_a_signature_does_not_replace_one_that_has_one(museum_url, chart):
    run(museum_url, chart(signed=True), *MUSEUM, **u())
    chart().with_name("tiny-1.2.3.tgz.prov").unlink()
    refused = run(museum_url, chart(text="y"), "--force", *MUSEUM, **u())
    assert refused.exit_code == 1
    assert "which would not match the new package" in refused.stderr


def test_wrong_password_at_a_museum_is_told_as_such(museum_url, chart):
    wrong = u() | {credentials.PASSWORD: "x"}
    refused = run(museum_url, chart(), *MUSEUM, **wrong)
    assert refused.exit_code == 1
    assert "authentication failed (HTTP 401: unauthorized); set CHARTGEN_USERNAME" in refused.stderr


def test_wrong_context_path_is_told_as_such(museum_url, chart):
    assert (
        "the URL's path does not begin with /other"
        in run(museum_url, chart(), "--plain-http", "--context-path=/other", **u()).stderr
    )


def test_repository_that_is_not_there_is_told(museum, chart):
    refused = run(f"{museum.url}/deeper", chart(), *MUSEUM, **u())
    assert refused.exit_code == 1
    assert "no such repository (HTTP 404: not found)" in refused.stderr


def test_package_that_is_too_large_for_a_museum_is_told(chart):
    with museums.stand_in(limit=100) as small:
        refused = run(small.url, chart(), *MUSEUM, **u())
    assert refused.exit_code == 1
    assert "the package is too large (HTTP 413" in refused.stderr


@pytest.mark.parametrize("status", [403, 405])
def test_right_that_one_lacks_is_told(museum, chart, status):
    museum.faults = [str(status)]
    refused = run(museum.url, chart(), *MUSEUM, **u())
    assert refused.exit_code == 1
    assert f"(HTTP {status}" in refused.stderr


def test_bearer_token_lets_one_in(chart):
    with museums.stand_in(login="token-1") as server:
        assert run(server.url, chart(), *MUSEUM, CHARTGEN_TOKEN="token-1").exit_code == 0


def test_upload_is_tried_again_while_the_museum_is_busy(museum, chart):
    museum.faults = ["503", "cut"]
    done = publish.publish(museum.url, chart(), QUICK, print)
    assert done.did == "published"
    assert museum.uploads == [f"{museums.REPO}/charts/tiny-1.2.3.tgz"]


def test_upload_whose_answer_was_lost_is_not_sent_twice(museum, chart):
    museum.faults = ["lost"]
    done = publish.publish(museum.url, chart(signed=True), QUICK, print)
    assert done.did == "published"
    assert len(museum.uploads) == len(set(museum.uploads)) == 2


def test_museum_that_stays_busy_is_given_up(museum, chart):
    museum.faults = ["503"] * 9
    with pytest.raises(ToolError, match=r"HTTP 503 not now \(after 3 attempts\); check the address"):
        publish.publish(museum.url, chart(), QUICK, print)


def test_nobody_at_an_address_is_a_tools_error(chart):
    with pytest.raises(ToolError, match=r"no answer: Connection refused \(after 3 attempts\)"):
        publish.publish(f"http://127.0.0.1:{registries.free_port()}/ctx/r", chart(), QUICK, print)


@pytest.mark.slow
def test_upload_that_something_changes_on_its_way_is_noticed(museum, chart, monkeypatch):
    monkeypatch.setattr(
        museums.Handler, "parts", lambda *_: {"chart": ("tiny-1.2.3.tgz", chart("1.2.3", "z").read_bytes())}
    )
    with pytest.raises(ToolError, match="was uploaded, but"):
        publish.publish(museum.url, chart(text="y"), QUICK, print)


def test_dry_run_sends_nothing(museum, chart):
    said = run(museum.url, chart(), "--dry-run", *MUSEUM, **u())
    assert said.stdout.startswith("would publish: ")
    assert museum.uploads == []


def test_password_in_a_url_is_refused(chart):
    refused = run("https://u:p@charts.example.com", chart())
    assert refused.exit_code == 1
    assert "contains a password" in refused.stderr


def test_http_without_encryption_has_to_be_asked_for(museum, chart):
    assert "allow plain HTTP with --plain-http" in run(museum.url, chart(), **u()).stderr


def test_certificate_of_an_own_authority_is_trusted_when_named(authority, chart):
    cert, key, ca = authority
    with museums.stand_in(certificate=(cert, key)) as server:
        url = server.url.replace("http://", "https://")
        refused = run(url, chart(), "--context-path", museums.CONTEXT, **u())
        assert refused.exit_code == 1
        assert "has an untrusted certificate" in refused.stderr
        assert run(url, chart(), "--context-path", museums.CONTEXT, "--ca-file", ca, **u()).exit_code == 0


# --- who one is -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "login"),
    [("u:p:q\nmore", credentials.Login("u", "p:q")), ("abc\n", credentials.Login(token="abc"))],
)
def test_file_of_credentials_holds_a_password_or_a_token(tmp_path, text, login):
    (tmp_path / "login").write_text(text, encoding="utf-8")
    assert credentials.given(tmp_path / "login") == login


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"])
def test_file_of_credentials_that_cannot_be_used_is_told(tmp_path, content):
    if content is not None:
        (tmp_path / "login").write_bytes(content)
    with pytest.raises(Faults, match="login: "):
        credentials.given(tmp_path / "login")


def test_login_of_docker_is_used(museum, chart, tmp_path):
    folder = tmp_path / "docker"
    folder.mkdir()
    auths = {f"https://{museum.url.split('/')[2]}/v1/": {"auth": credentials.Login("u", "p").basic}}
    (folder / "config.json").write_text(json.dumps({"auths": auths}), encoding="utf-8")
    assert run(museum.url, chart(), *MUSEUM).exit_code == 0


def test_helper_of_docker_is_asked(tmp_path, monkeypatch):
    helper = tmp_path / "bin/docker-credential-test"
    helper.parent.mkdir()
    helper.write_text('#!/bin/sh\necho "{\\"Username\\": \\"$(cat)\\", \\"Secret\\": \\"s\\"}"\n', encoding="utf-8")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{helper.parent}:/usr/bin:/bin")
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker/config.json").write_text('{"credsStore": "test"}', encoding="utf-8")
    assert credentials.docker("example.com") == credentials.Login("example.com", "s")


# --- a registry -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_registry_has_the_package_and_its_signature(registry, chart, helm, tmp_path):
    target = f"oci://{registry.host}/one"
    file = chart(signed=True)
    said = json.loads(run(target, file, "--plain-http", "--json", **ada()).stdout)
    assert said["did"] == "published"
    assert said["manifest_digest"].startswith("sha256:")
    again = run(target, file, "--plain-http", **ada())
    assert again.stdout == f"was there: {target}/tiny {said['manifest_digest']}, signed\n"
    login = [f"--username={registries.USER}", f"--password={registries.PASSWORD}"]
    got = fetched(helm, tmp_path, f"{target}/tiny", "--version=1.2.3", "--plain-http", *login)
    assert (got / file.name).read_bytes() == file.read_bytes()
    assert (got / f"{file.name}.prov").is_file()


@pytest.mark.slow
def test_other_contents_of_a_version_are_refused_in_a_registry_unless_forced(registry, chart):
    target = f"oci://{registry.host}/two"
    run(target, chart(), "--plain-http", **ada())
    other = chart(text="y")
    refused = run(target, other, "--plain-http", **ada())
    assert refused.exit_code == 1
    assert "already has tiny 1.2.3 with other contents" in refused.stderr
    assert run(target, other, "--plain-http", "--force", **ada()).stdout.startswith("replaced: ")


@pytest.mark.slow
@pytest.mark.parametrize("login", [{}, {"CHARTGEN_USERNAME": "ada", "CHARTGEN_PASSWORD": "x"}])
def test_registry_that_lets_nobody_in_says_how_to_log_in(registry, chart, login):
    refused = run(f"oci://{registry.host}/three", chart(), "--plain-http", **login)
    assert refused.exit_code == 1
    assert "authentication failed (" in refused.stderr
    assert f"run 'helm registry login {registry.host}', set CHARTGEN_USERNAME" in refused.stderr


@pytest.mark.slow
def test_registry_without_encryption_has_to_be_asked_for(registry, chart):
    refused = run(f"oci://{registry.host}/four", chart(), **ada())
    assert refused.exit_code == 1
    assert "allow plain HTTP with --plain-http" in refused.stderr


@pytest.mark.slow
def test_registry_of_an_own_authority_is_trusted_when_named(authority, chart):
    cert, key, ca = authority
    with registries.registry(certificate=(cert, key)) as server:
        target = f"oci://{server.host}/charts"
        refused = run(target, chart())
        assert (refused.exit_code, "name the CA's certificate with --ca-file" in refused.stderr) == (1, True)
        assert "remove --plain-http" in run(target, chart(), "--plain-http").stderr
        assert run(target, chart(), "--ca-file", ca).exit_code == 0


@pytest.mark.slow
def test_version_with_build_metadata_is_found_again_in_a_registry(registry, chart):
    target, file = f"oci://{registry.host}/five", chart("1.2.3+build.4")
    assert run(target, file, "--plain-http", **ada()).stdout.startswith("published")
    assert run(target, file, "--plain-http", **ada()).stdout.startswith("was there")


@pytest.mark.slow
def test_password_stands_in_no_command_line_and_no_file_that_stays(registry, chart, tmp_path, monkeypatch):
    seen, real = [], oci.run
    monkeypatch.setattr(oci, "run", lambda command, *more: (seen.append(command), real(command, *more))[1])
    run(f"oci://{registry.host}/six", chart(), "--plain-http", **ada())
    config = [
        Path(word.split("=", 1)[1]) for command in seen for word in map(str, command) if "registry-config" in word
    ]
    assert config
    assert not any(registries.PASSWORD in str(word) for command in seen for word in command)
    assert not any(file.exists() for file in config)


@pytest.mark.parametrize("target", ["oci:///x", "oci://u:p@host/x", "ftp://x/y"])
def test_target_that_makes_no_sense_is_told(chart, target):
    refused = run(target, chart())
    assert refused.exit_code == 1
    assert refused.stderr.startswith(f"{target.replace('u:p@', '…@')}: ")


# --- a folder -------------------------------------------------------------------------------------------------------


def index(folder: Path) -> list[tuple[str, str]]:
    entries = yaml.safe_load((folder / "index.yaml").read_text(encoding="utf-8"))["entries"]["tiny"]
    return sorted((item["version"], item["urls"][0]) for item in entries)


@pytest.mark.slow
def test_folder_keeps_all_versions_in_its_index(chart, tmp_path):
    folder = tmp_path / "site"
    assert run(folder, chart("1.2.3")).stdout.startswith("published: ")
    assert run(folder, chart("1.2.4", signed=True), "--site-url=https://charts.example.com").exit_code == 0
    assert index(folder) == [("1.2.3", "tiny-1.2.3.tgz"), ("1.2.4", "https://charts.example.com/tiny-1.2.4.tgz")]
    assert (folder / "tiny-1.2.4.tgz.prov").is_file()
    before = (folder / "index.yaml").read_bytes()
    assert run(folder, chart("1.2.3")).stdout.startswith("was there: ")
    assert (folder / "index.yaml").read_bytes() == before


def test_other_contents_of_a_version_are_refused_in_a_folder_unless_forced(chart, tmp_path):
    folder = tmp_path / "site"
    run(folder, chart())
    other = chart(text="y")
    assert "with other contents" in run(folder, other).stderr
    assert run(folder, other, "--force").stdout.startswith("replaced: ")
    assert len(index(folder)) == 1


def test_index_that_a_kill_left_behind_is_made_good_by_the_same_command(chart, tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    file = chart()
    (folder / file.name).write_bytes(file.read_bytes())
    assert run(folder, file).stdout.startswith("published: ")
    assert index(folder) == [("1.2.3", "tiny-1.2.3.tgz")]


def test_index_that_is_none_is_left_alone(chart, tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "index.yaml").write_text("[", encoding="utf-8")
    refused = run(folder, chart())
    assert refused.exit_code == 1
    assert (folder / "index.yaml").read_text(encoding="utf-8") == "["


# --- what is published ----------------------------------------------------------------------------------------------


def test_what_is_no_package_is_not_published(tmp_path, chart):
    (tmp_path / "x.tgz").write_bytes(b"no")
    assert "is not the package of a chart" in run(tmp_path / "site", tmp_path / "x.tgz").stderr
    assert "no such file; make it with 'chartgen package'" in run(tmp_path / "site", tmp_path / "none.tgz").stderr
    renamed = chart().rename(tmp_path / "other-1.0.0.tgz")
    assert "rename it to tiny-1.2.3.tgz" in run(tmp_path / "site", renamed).stderr


def test_signature_of_another_package_is_not_published(tmp_path, chart):
    chart(signed=True)
    refused = run(tmp_path / "site", chart(text="y"))
    assert refused.exit_code == 1
    assert "sign the package again with 'chartgen package --sign'" in refused.stderr


def test_package_of_the_stack_at_hand_is_meant_where_none_is_named(tmp_path, monkeypatch, chart):
    monkeypatch.chdir(tmp_path)
    assert "llm-stack-0.1.0.tgz: no such file" in run("site").stderr
