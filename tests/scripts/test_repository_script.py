"""Triton's repository of models, made of links to what loaders bring, in real shells."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT
from scripts.workshop import SHELLS

SCRIPT = ROOT / "chartgen/fragments/engine/triton/files/repository.sh"


class Pod:
    """What a pod of Triton has: models as a loader leaves them, a layout, a server that tells how it was started."""

    def __init__(self, root: Path, shell: list[str]) -> None:
        self.models, self.repository, self.files = root / "models", root / "repository", root / "files"
        for folder in (self.models, self.repository, self.files, root / "bin"):
            folder.mkdir()
        server = root / "bin/tritonserver"
        server.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
        server.chmod(0o755)
        self.shell = shell
        self.env = {
            "PATH": f"{root / 'bin'}:{os.environ['PATH']}",
            "MODELS": str(self.models),
            "REPOSITORY": str(self.repository),
            "LAYOUT": str(self.files / "repository.tsv"),
            "CONFIGS": str(self.files),
        }

    def bring(self, folder: str, version: str, *files: str) -> Path:
        """A loader's version of a folder, and the swap to it."""
        place = self.models / ".versions" / folder.replace("/", "=") / version
        for name in files or ("model.pt",):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(f"{folder} {version}")
        link = self.models / folder
        link.parent.mkdir(exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(place, link.parent))
        return place

    def lay_out(self, *lines: str) -> None:
        (self.files / "repository.tsv").write_text("".join(f"{line}\n" for line in lines))

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*self.shell, str(SCRIPT), *words], env=self.env, capture_output=True, text=True)

    def serve(self) -> subprocess.CompletedProcess[str]:
        return self.run("serve", "tritonserver", "--model-control-mode=explicit")

    def tree(self) -> dict[str, str]:
        """Where each link of the repository leads, below the models; other files are their text."""
        top = self.repository / "models"
        return {
            str(path.relative_to(top)): os.path.relpath(os.readlink(path), self.models)
            if path.is_symlink()
            else path.read_text()
            for path in sorted(top.glob("*/*"))
        }


@pytest.fixture(params=SHELLS, ids=lambda shell: shell[0])
def pod(request, tmp_path):
    return Pod(tmp_path, request.param)


def test_repository_leads_to_versions_that_were_brought(pod):
    pod.bring("bert/1", "a")
    pod.bring("bert/2", "b")
    pod.bring("resnet", "c")
    pod.lay_out("bert/1\tbert\t1", "bert/2\tbert\t2", "resnet\tresnet\t")
    (pod.files / "bert.pbtxt").write_text("max_batch_size: 8")
    done = pod.serve()
    assert done.returncode == 0, done.stderr
    assert pod.tree() == {
        "bert/1": ".versions/bert=1/a",
        "bert/2": ".versions/bert=2/b",
        "bert/config.pbtxt": "max_batch_size: 8",
        "bert/changed": "",
        "resnet/1": ".versions/resnet/c",
        "resnet/changed": "",
    }


def test_folder_of_versions_is_taken_as_it_is(pod):
    pod.bring("bert", "a", "1/model.pt", "3/model.pt", "config.pbtxt", "labels.txt")
    pod.lay_out("bert\tbert\t")
    assert pod.serve().returncode == 0
    names = ("1", "3", "config.pbtxt", "labels.txt")
    assert pod.tree() == {f"bert/{name}": f".versions/bert/a/{name}" for name in names} | {"bert/changed": ""}


def test_config_of_the_values_takes_the_place_of_the_models_own(pod):
    place = pod.bring("bert", "a", "1/model.pt", "config.pbtxt")
    pod.lay_out("bert\tbert\t")
    (pod.files / "bert.pbtxt").write_text("max_batch_size: 8")
    assert pod.serve().returncode == 0
    assert pod.tree()["bert/config.pbtxt"] == "max_batch_size: 8"
    assert (place / "config.pbtxt").read_text() == "bert a"


def test_server_is_given_a_key_that_stays_in_the_pod(pod):
    pod.lay_out()
    keys = []
    for _ in range(2):
        arguments = pod.serve().stdout.splitlines()
        assert arguments[0] == "--model-control-mode=explicit"
        guard = re.fullmatch(
            "--http-restricted-api=(model-repository,trace,logging:repository-key=([0-9a-f]{64}))", arguments[1]
        )
        assert arguments[2] == f"--grpc-restricted-protocol={guard[1]}"
        assert (pod.repository / "key").read_text() == f"repository-key: {guard[2]}\n"
        assert stat.S_IMODE((pod.repository / "key").stat().st_mode) == 0o600
        keys.append(guard[2])
    assert keys[0] != keys[1]


def test_swapped_folder_is_not_seen_before_it_is_asked_for(pod):
    pod.bring("bert/1", "a")
    pod.lay_out("bert/1\tbert\t1")
    pod.serve()
    pod.bring("bert/1", "b")
    assert (pod.repository / "models/bert/1/model.pt").read_text() == "bert/1 a"
    done = pod.run("link", "bert/1")
    assert done.returncode == 0, done.stderr
    assert (pod.repository / "models/bert/1/model.pt").read_text() == "bert/1 b"


def test_version_that_is_older_counts_as_a_change(pod):
    """Triton takes the newest of all times below a model for what tells a change."""
    place = pod.bring("bert/1", "a")
    pod.lay_out("bert/1\tbert\t1")
    pod.serve()
    before = (pod.repository / "models/bert/changed").stat().st_mtime_ns
    os.utime(pod.repository / "models/bert/changed", ns=(before - 10**9, before - 10**9))
    pod.bring("bert/1", "b")
    pod.run("link", "bert/1")
    pod.bring("bert/1", "a")
    os.utime(place / "model.pt", ns=(0, 0))
    stamp = (pod.repository / "models/bert/changed").stat().st_mtime_ns
    assert stamp >= before
    pod.run("link", "bert/1")
    assert (pod.repository / "models/bert/changed").stat().st_mtime_ns > stamp


def test_only_the_folder_that_changed_is_led_anew(pod):
    pod.bring("bert", "a")
    pod.bring("resnet", "a")
    pod.lay_out("bert\tbert\t", "resnet\tresnet\t")
    pod.serve()
    pod.bring("bert", "b")
    pod.bring("resnet", "b")
    pod.run("link", "resnet")
    assert (pod.tree()["bert/1"], pod.tree()["resnet/1"]) == (".versions/bert/a", ".versions/resnet/b")


def test_version_that_a_folder_holds_no_more_goes(pod):
    pod.bring("bert", "a", "1/model.pt", "2/model.pt")
    pod.lay_out("bert\tbert\t")
    pod.serve()
    pod.bring("bert", "b", "2/model.pt", "3/model.pt")
    pod.run("link", "bert")
    assert pod.tree() == {"bert/2": ".versions/bert/b/2", "bert/3": ".versions/bert/b/3", "bert/changed": ""}


def test_a_link_that_leaves_the_models_is_refused(pod, tmp_path):
    pod.bring("bert", "a")
    pod.lay_out("bert\tbert\t")
    link = pod.models / "bert"
    link.unlink()
    (tmp_path / "elsewhere").mkdir()
    link.symlink_to(tmp_path / "elsewhere")
    done = pod.run("serve", "tritonserver")
    assert done.returncode == 66
    assert f"which is not below {pod.models}" in done.stderr


def test_what_an_earlier_container_left_goes(pod):
    shutil.copytree(pod.files, pod.repository / "models/stray")
    pod.bring("bert", "a")
    pod.lay_out("bert\tbert\t")
    pod.serve()
    assert set(os.listdir(pod.repository / "models")) == {"bert"}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["serve", "tritonserver"], 66, "bert does not exist; put the model there, or correct its path"),
        (["serve"], 64, "serve: the command is missing"),
        (["link", "resnet"], 64, "'resnet' is not a folder in"),
        (["link"], 64, "'' is not a folder in"),
        (["poll"], 64, "the first argument must be serve or link, not 'poll'"),
    ],
    ids=["missing", "no-command", "stranger", "no-folder", "word"],
)
def test_what_is_wrong_is_told_in_one_sentence(pod, words, code, said):
    pod.lay_out("bert\tbert\t")
    done = pod.run(*words)
    assert done.returncode == code
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_repository_that_cannot_be_written_is_told(pod):
    pod.bring("bert", "a")
    pod.lay_out("bert\tbert\t")
    (pod.repository / "models").write_text("")
    pod.env["REPOSITORY"] = str(pod.repository / "models")
    done = pod.serve()
    assert done.returncode == 74
    assert "is not writable" in done.stderr


@pytest.mark.parametrize("name", ["od", "tr"])
def test_there_is_no_server_without_a_key(tmp_path: Path, name: str) -> None:
    """An empty key would open what it guards."""
    pod = Pod(tmp_path, SHELLS[0])
    pod.bring("bert", "one")
    pod.lay_out("bert\tbert\t1")
    (tmp_path / "bin" / name).write_text("#!/bin/sh\nkill -KILL $$\n")
    (tmp_path / "bin" / name).chmod(0o755)
    done = pod.serve()
    assert (done.returncode, done.stdout) == (70, ""), done
    assert "no key could be created" in done.stderr
