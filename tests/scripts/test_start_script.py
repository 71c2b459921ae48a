"""Pipelines are started as another user than root: packages have a place, and SIGTERM reaches the server."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT

SCRIPT = ROOT / "chartgen/fragments/ui/pipelines/files/start.sh"


@pytest.fixture
def world(tmp_path: Path) -> dict[str, str]:
    """The image's folder with its start.sh, and its programs: what they are given is written down in `heard`."""
    (tmp_path / "app").mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / "pipelines").mkdir()
    heard = f'printf "%s %s\\n" "${{0##*/}}" "$*" >> {tmp_path}/heard\n'
    (tmp_path / "app/start.sh").write_text(f"{heard}exit ${{SETUP:-0}}\n", encoding="utf-8")
    user = 'echo "$PYTHONUSERBASE/lib/python3.11/site-packages"\n'
    for name, text in (("uvicorn", f"{heard}pwd\nkill -STOP $$\n"), ("python", f"{heard}{user}")):
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{text}", encoding="utf-8")
        (tmp_path / "bin" / name).chmod(0o755)
    return {
        "PATH": f"{tmp_path}/bin:{os.environ['PATH']}",
        "APP": f"{tmp_path}/app",
        "PIPELINES_DIR": f"{tmp_path}/pipelines",
        "PYTHONUSERBASE": f"{tmp_path}/pipelines/.python",
    }


def test_server_takes_the_scripts_place_once_all_is_prepared(world, tmp_path):
    script = subprocess.Popen(["sh", str(SCRIPT)], env=world | {"PORT": "1"}, stdout=subprocess.PIPE, text=True)
    os.waitid(os.P_PID, script.pid, os.WSTOPPED | os.WNOWAIT)
    script.send_signal(signal.SIGTERM)
    script.send_signal(signal.SIGCONT)
    said, _ = script.communicate()
    assert script.returncode == -signal.SIGTERM
    assert said == f"{tmp_path}/app\n"
    assert (tmp_path / "pipelines/.python/lib/python3.11/site-packages").is_dir()
    assert (tmp_path / "heard").read_text(encoding="utf-8").splitlines() == [
        "python -m site --user-site",
        "start.sh --mode setup",
        "uvicorn main:app --host 0.0.0.0 --port 1 --forwarded-allow-ips * --loop auto",
    ]


def test_server_is_not_started_where_preparing_fails(world, tmp_path):
    done = subprocess.run(["sh", str(SCRIPT)], env=world | {"SETUP": "3"}, check=False)
    assert done.returncode == 3
    assert "uvicorn" not in (tmp_path / "heard").read_text(encoding="utf-8")


def test_volume_that_cannot_be_written_is_told_in_one_sentence(world, tmp_path):
    (tmp_path / "pipelines").chmod(0o555)
    command = ["sh", str(SCRIPT)]
    if os.geteuid() == 0:  # whom no mode stops
        for path in (tmp_path, *list(tmp_path.parents)[:-2]):
            path.chmod(0o755)
        copy = tmp_path / "start.sh"
        copy.write_text(SCRIPT.read_text(encoding="utf-8"), encoding="utf-8")
        command = ["setpriv", "--reuid=1234", "--regid=1234", "--clear-groups", "sh", str(copy)]
    done = subprocess.run(command, env=world, capture_output=True, text=True, check=False)
    assert done.returncode == 77
    user = 1234 if os.geteuid() == 0 else os.geteuid()
    assert f"{world['PIPELINES_DIR']} is not writable for uid {user}" in done.stdout
