"""`chartgen package`: the same bytes everywhere, what a release needs, a signature that Helm verifies."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zlib
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from conftest import CHART, ROOT, outcome

from chartgen import cli
from chartgen.compose import artifacthub, building
from chartgen.release import package
from chartgen.sources import stack as stacks

RECIPE = {
    "chart": {"name": "tiny", "version": "1.2.3", "description": "Tiny."},
    "fragmentPaths": ["fragments"],
    "fragments": ["a"],
}
CHANGES = """\
# Changelog

## 1.2.3 - 2026-01-31

### Fixed

- It works
  again.
- And this.

## 1.2.2

- Old.
"""
MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ printf "%s-map" .Release.Name | quote }}
  namespace: {{ .Release.Namespace | quote }}
  labels:
    app.kubernetes.io/name: tiny
    app.kubernetes.io/instance: {{ .Release.Name | quote }}
    app.kubernetes.io/component: map
    app.kubernetes.io/version: "1"
    app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
    helm.sh/chart: tiny
data: {}
"""
SCRIPT = """\
import os, sys
os.umask(int(sys.argv[1], 8))
from chartgen.cli import main
main(["package", "--no-proof", "-d", sys.argv[1]])
"""


@pytest.fixture
def tiny(write, monkeypatch):
    """A stack of one fragment, here: `tiny(changelog)`."""

    def made(changelog: str | None = CHANGES, **chart: object) -> Path:
        files = {"stack.yaml": RECIPE | {"chart": RECIPE["chart"] | chart}}
        files |= {"fragments/a/fragment.yaml": {"summary": "A."}, "fragments/a/templates/map.yaml": MAP}
        folder = write(files | ({"CHANGELOG.md": changelog} if changelog is not None else {}))
        monkeypatch.chdir(folder)
        return folder

    return made


def run(*arguments: str):
    result = CliRunner().invoke(cli.main, arguments)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def made(name: str | None = None) -> package.Package:
    found = building.composed(name)
    packed, problems = outcome(package.pack, found.stack, found.chart)
    assert not problems
    return packed


def test_package_holds_the_committed_chart_and_nothing_else(tmp_path):
    with tarfile.open(fileobj=io.BytesIO(made("llm-stack").data)) as tar:
        tar.extractall(tmp_path, filter="data")
    inside = {file.relative_to(tmp_path): file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    outside = {file.relative_to(CHART.parent): file.read_bytes() for file in CHART.rglob("*") if file.is_file()}
    assert inside == outside


@pytest.mark.slow
def test_two_processes_make_the_same_bytes_whatever_their_clock_locale_and_umask(tiny):
    folder = tiny()
    for umask, more in (("022", {}), ("077", {"TZ": "Asia/Tokyo", "LC_ALL": "C", "SOURCE_DATE_EPOCH": "1"})):
        env = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": umask} | more
        subprocess.run([sys.executable, "-c", SCRIPT, umask], cwd=folder, env=env, check=True, capture_output=True)
    assert (folder / "022/tiny-1.2.3.tgz").read_bytes() == (folder / "077/tiny-1.2.3.tgz").read_bytes()


@pytest.mark.parametrize("size", [0, 1, package.BLOCK, package.BLOCK + 1, 3 * package.BLOCK])
def test_gzip_without_compression_is_read_by_everybody_and_written_by_no_library(size):
    data = bytes(n % 251 for n in range(size))
    zipped = package.zipped(data)
    assert gzip.decompress(zipped) == data
    assert zlib.decompress(zipped, 31) == data
    assert subprocess.run(["gzip", "-dc"], input=zipped, capture_output=True, check=True).stdout == data
    assert len(zipped) == 18 + size + 5 * max(1, -(-size // package.BLOCK))


def test_helm_installs_lints_and_shows_what_was_packed(helm, tiny):
    folder = tiny()
    assert run("package", "--no-proof").exit_code == 0
    for command in (["lint"], ["template", "x"], ["show", "chart"]):
        done = subprocess.run(
            [helm, *command, "tiny-1.2.3.tgz"], cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_package_is_proved_as_it_will_be_installed(tiny):
    tiny()
    said = json.loads(run("package", "--json").stdout)
    assert "0 problems" in said["proof"]
    assert said["digest"] == package.Package("tiny", "1.2.3", "", Path(said["file"]).read_bytes()).digest


def test_package_in_which_something_is_wrong_is_not_left(tiny):
    folder = tiny()
    (folder / "fragments/a/cases").mkdir()
    (folder / "fragments/a/cases/wrong.yaml").write_text("# A value that nobody knows.\nx: 1\n", encoding="utf-8")
    result = run("package")
    assert result.exit_code == 1
    assert "cases/wrong.yaml" in result.stderr
    assert not list(folder.glob("*.tgz"))


def test_package_is_named_and_not_the_folder_in_which_it_is_proved(tiny):
    folder = tiny()
    (folder / "examples").mkdir()
    (folder / "examples/wrong.yaml").write_text("x: 1\n", encoding="utf-8")
    assert run("package").stderr.startswith("tiny-1.2.3.tgz/examples/wrong.yaml:1: x: no such key")
    (folder / "examples/wrong.yaml").write_text("# No value.\n", encoding="utf-8")
    (folder / "fragments/a/templates/map.yaml").write_text(MAP.replace("ConfigMap", "Map"), encoding="utf-8")
    problems = json.loads(run("package", "--json").stdout)["problems"]
    assert {each["path"].partition("/")[0] for each in problems} == {"tiny-1.2.3.tgz"}


@pytest.mark.parametrize(
    ("changelog", "words"),
    [
        (None, "has no entry for 1.2.3; add '## 1.2.3'"),
        ("# Changelog\n\n## 1.2.30\n\n- Other.\n", "has no entry for 1.2.3"),
        ("# Changelog\n\n## 1.2.3\n\nNothing as a list.\n", "lists no change under 1.2.3"),
    ],
)
def test_version_without_an_entry_in_the_changelog_is_not_packed(tiny, changelog, words):
    tiny(changelog)
    result = run("package", "--no-proof")
    assert result.exit_code == 1
    assert words in result.stderr


def test_changes_that_are_long_are_shortened_with_what_breaks_first():
    text = f"Thing of `a.b` is new. It does much. {'x' * 60}"
    found = [{"kind": "added", "description": text} for _ in range(200)]
    found.append({"kind": "removed", "description": "A thing. It is gone."})
    made = artifacthub.shortened(found)
    assert made[0]["description"] == "Thing of `a.b` is new."
    assert made[-2:] == [found[-1], {"description": f"{len(found) - len(made) + 1} more changes are in CHANGELOG.md."}]
    assert 3800 < len(artifacthub.document(made).encode()) <= artifacthub.MOST
    assert artifacthub.shortened(found[-9:]) == found[-9:]


def test_changes_and_images_stand_in_the_annotations(tiny):
    tiny()
    metadata = yaml.safe_load(made().metadata)
    assert "CHANGELOG.md" not in building.composed(None).chart.files  # Helm would store it with each release
    assert yaml.safe_load(metadata["annotations"]["artifacthub.io/changes"]) == [
        {"kind": "fixed", "description": "It works again."},
        {"kind": "fixed", "description": "And this."},
    ]
    llm = yaml.safe_load(made("llm-stack").metadata)["annotations"]
    images = {item["name"]: item["image"] for item in yaml.safe_load(llm["artifacthub.io/images"])}
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))["images"]
    assert images == {name: f"{image['repository']}:{image['tag']}" for name, image in values.items()}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("category", "llm", "Artifact Hub has no category 'llm'"),
        ("changes", "- x", "is generated from CHANGELOG.md"),
        ("images", "- x", "is generated from the images of the values"),
        ("links", "name: x", "cannot be read"),
        ("links", "- {name: x}", "the key url is missing"),
        ("links", "- {name: x, url: y, kind: z}", "has no key kind"),
        ("crds", "- {kind: Server}", "the key version is missing"),
        ("signKey", "{fingerprint: A}", "the key url is missing"),
        ("containsSecurityUpdates", "maybe", "neither true nor false"),
    ],
)
def test_annotation_that_artifact_hub_would_pass_over_is_refused(tiny, name, text, words):
    tiny(annotations={f"artifacthub.io/{name}": text})
    result = run("package", "--no-proof")
    assert result.exit_code == 1
    assert words in result.stderr
    assert f"stack.yaml:1: chart.annotations.artifacthub.io/{name}" in result.stderr.replace('"', "")


def test_sound_annotations_are_taken_over(tiny):
    links = "- name: Docs\n  url: https://example.com\n"
    tiny(annotations={"artifacthub.io/links": links, "artifacthub.io/category": "networking", "example.com/own": "yes"})
    found = yaml.safe_load(made().metadata)["annotations"]
    assert (found["artifacthub.io/links"], found["example.com/own"]) == (links, "yes")


def test_entry_of_a_version_ends_where_the_next_begins():
    assert artifacthub.entry(CHANGES, "1.2.2") == ["", "- Old."]
    assert artifacthub.entry(CHANGES, "1.2") is None
    assert artifacthub.entry("## [1.2]\n- x", "1.2") == ["- x"]


def test_every_stack_of_chartgen_can_be_released():
    for folder in sorted((ROOT / "chartgen/stacks").iterdir()):
        stack, problems = outcome(stacks.read, folder / "stack.yaml")
        assert not problems
        assert artifacthub.problems(stack) == []


# --- signatures -----------------------------------------------------------------------------------------------------

PHRASE = "correct horse"


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """GnuPG's folder, with a secret key that a passphrase guards; the keyring as Helm reads it lies in it."""
    assert shutil.which("gpg"), "GnuPG is not on PATH; install it, signatures are to be made"
    # A socket's path has to be short.
    folder = Path(subprocess.run(["mktemp", "-d"], capture_output=True, text=True, check=True).stdout.strip())
    env = os.environ | {"GNUPGHOME": str(folder)}
    (folder / "phrase").write_text(f"{PHRASE}\n", encoding="utf-8")
    (folder / "wrong").write_text("wrong\n", encoding="utf-8")
    phrase = ["--pinentry-mode", "loopback", "--passphrase-file", str(folder / "phrase")]
    make = ["gpg", "--batch", *phrase, "--quick-gen-key", "Ada <ada@example.com>", "rsa3072", "sign", "never"]
    subprocess.run(make, env=env, check=True, capture_output=True)
    ring = subprocess.run(["gpg", "--export"], env=env, check=True, capture_output=True).stdout
    (folder / "ring.gpg").write_bytes(ring)
    yield folder
    subprocess.run(["gpgconf", "--kill", "all"], env=env, check=False)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def gnupg(keys, monkeypatch):
    monkeypatch.setenv("GNUPGHOME", str(keys))
    subprocess.run(["gpgconf", "--kill", "gpg-agent"], check=True)  # it remembers passphrases
    return keys


@pytest.mark.slow
def test_signature_is_verified_by_helm(helm, tiny, gnupg):
    folder = tiny()
    result = run("package", "--no-proof", "--sign", "ada@example.com", "--passphrase-file", str(gnupg / "phrase"))
    assert result.exit_code == 0, result.stderr
    verify = [helm, "verify", "tiny-1.2.3.tgz", f"--keyring={gnupg / 'ring.gpg'}"]
    assert subprocess.run(verify, cwd=folder, capture_output=True, check=False).returncode == 0
    with (folder / "tiny-1.2.3.tgz").open("ab") as file:
        file.write(b"x")
    assert subprocess.run(verify, cwd=folder, capture_output=True, check=False).returncode == 1


@pytest.mark.slow
def test_wrong_passphrase_leaves_nothing(tiny, gnupg):
    folder = tiny()
    result = run("package", "--no-proof", "--sign", "ada@example.com", "--passphrase-file", str(gnupg / "wrong"))
    assert result.exit_code == 1
    assert "Bad passphrase" in result.stderr
    assert not list(folder.glob("*.tgz*"))


def test_key_that_is_not_there_is_told(tiny, gnupg):
    tiny()
    result = run("package", "--no-proof", "--sign", "bob@example.com")
    assert result.exit_code == 1
    assert "bob@example.com" in result.stderr
    assert "gpg --list-secret-keys" in result.stderr


def test_key_other_than_the_one_that_people_are_told_of_is_refused(tiny, gnupg):
    told = f"fingerprint: {'A' * 40}\nurl: https://example.com/key.asc\n"
    tiny(annotations={"artifacthub.io/signKey": told})
    result = run("package", "--no-proof", "--sign", "ada@example.com", "--passphrase-file", str(gnupg / "phrase"))
    assert result.exit_code == 1
    assert "is not the fingerprint of the signing key" in result.stderr


@pytest.mark.slow
def test_old_signature_does_not_stay_beside_a_new_package(tiny, gnupg):
    folder = tiny()
    sign = ("package", "--no-proof", "--sign", "ada@example.com", "--passphrase-file", str(gnupg / "phrase"))
    assert run(*sign).exit_code == 0
    tiny(CHANGES.replace("And this", "And that"))
    assert run("package", "--no-proof").exit_code == 0
    assert not (folder / "tiny-1.2.3.tgz.prov").exists()
