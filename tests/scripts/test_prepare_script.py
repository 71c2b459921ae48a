"""Open WebUI's volume gets what the image carries in the same place, and keeps what lies there."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from conftest import ROOT

SCRIPT = ROOT / "chartgen/fragments/ui/open-webui/files/prepare.sh"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """What stands in the image: /app/backend with static files and a cache of models, one of them a link."""
    app = tmp_path / "app"
    for name in (
        "open_webui/static/logo.png",
        "data/cache/blobs/weights of it",
        "data/cache/config.json",
        "data/other",
    ):
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        (app / name).write_text(name, encoding="utf-8")
    (app / "data/cache/link").symlink_to("blobs/weights of it")
    return app


def prepare(image: Path, data: Path) -> subprocess.CompletedProcess[str]:
    data.mkdir(exist_ok=True)
    environment = {**os.environ, "APP": str(image), "DATA": str(data), "STATIC_DIR": str(image.parent / "static")}
    return subprocess.run(["sh", str(SCRIPT)], env=environment, capture_output=True, text=True, check=False)


def test_what_the_image_carries_is_copied_once(image, tmp_path):
    data = tmp_path / "data"
    done = prepare(image, data)
    assert done.returncode == 0, done.stderr
    assert (data / "cache/blobs/weights of it").read_text(encoding="utf-8") == "data/cache/blobs/weights of it"
    assert (data / "cache/link").is_symlink()
    assert not (data / "other").exists()
    assert (tmp_path / "static/logo.png").exists()
    assert prepare(image, data).stdout == ""


def test_what_lies_on_the_volume_stays(image, tmp_path):
    data = tmp_path / "data"
    (data / "cache").mkdir(parents=True)
    (data / "cache/config.json").write_text("mine", encoding="utf-8")
    assert prepare(image, data).returncode == 0
    assert (data / "cache/config.json").read_text(encoding="utf-8") == "mine"


def test_copy_of_another_pod_is_left_alone_until_it_is_surely_dead(image, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for name, minutes in ((".preparing-running", 1), (".preparing-dead", 61)):
        (data / name).write_text("cut short", encoding="utf-8")
        moment = time.time() - minutes * 60
        os.utime(data / name, (moment, moment))
    assert prepare(image, data).returncode == 0
    assert [path.name for path in data.glob(".preparing*")] == [".preparing-running"]


def test_volume_that_cannot_be_written_is_told_in_one_sentence(image, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o555)
    command = ["sh", str(SCRIPT)]
    if os.geteuid() == 0:  # whom no mode stops
        for path in (tmp_path, *list(tmp_path.parents)[:-2]):
            path.chmod(0o755)
        copy = tmp_path / "prepare.sh"
        copy.write_text(SCRIPT.read_text(encoding="utf-8"), encoding="utf-8")
        command = ["setpriv", "--reuid=1234", "--regid=1234", "--clear-groups", "sh", str(copy)]
    environment = {**os.environ, "APP": str(image), "DATA": str(data), "STATIC_DIR": "/tmp"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 77
    assert f"{data} is not writable for uid {1234 if os.geteuid() == 0 else os.geteuid()}" in done.stdout
