"""A chart is written whole or not at all."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chartgen.chart import disk
from chartgen.compose.compose import Chart
from chartgen.problem import Faults

OLD = Chart("c", {"Chart.yaml": "# Made by chartgen\nname: c\n", "templates/a.yaml": "a: 1\n"})
NEW = Chart("c", {"Chart.yaml": "# Made by chartgen\nname: c\n", "templates/b.yaml": "b: 1\n"})


def test_what_is_no_longer_made_is_removed(tmp_path):
    disk.write(OLD, tmp_path / "c")
    assert disk.write(NEW, tmp_path / "c") == ["extra templates/a.yaml", "missing templates/b.yaml"]
    assert sorted(path.name for path in (tmp_path / "c").rglob("*.yaml")) == ["Chart.yaml", "b.yaml"]


def test_second_write_touches_nothing(tmp_path):
    disk.write(OLD, tmp_path / "c")
    before = (tmp_path / "c/Chart.yaml").stat()
    assert disk.write(OLD, tmp_path / "c") == []
    assert (tmp_path / "c/Chart.yaml").stat() == before
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def test_difference_names_changed_missing_and_extra_files(tmp_path):
    disk.write(OLD, tmp_path)
    (tmp_path / "templates/a.yaml").unlink()
    (tmp_path / "extra.yaml").write_text("")
    (tmp_path / "Chart.yaml").write_text("# Made by chartgen\n")
    assert disk.difference(OLD, tmp_path) == ["changed Chart.yaml", "extra extra.yaml", "missing templates/a.yaml"]


def test_folder_that_chartgen_did_not_make_stays_as_it_is(tmp_path):
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(Faults, match="was not made by chartgen"):
        disk.write(OLD, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_what_killed_builds_left_is_swept(tmp_path):
    left = tmp_path / ".c.chartgen-999999999"
    left.mkdir()
    disk.write(OLD, tmp_path / "c")
    assert not left.exists()


def test_what_a_build_killed_after_its_swap_left_is_swept_by_one_that_changes_nothing(tmp_path):
    disk.write(OLD, tmp_path / "c")
    (tmp_path / ".c.chartgen-999999999").mkdir()
    assert disk.write(OLD, tmp_path / "c") == []
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


FLIP = """
import sys
from pathlib import Path
from chartgen.chart import disk
from chartgen.compose.compose import Chart
one, other = (
    Chart("c", {"Chart.yaml": "# Made by chartgen\\n", **{f"{name}{n}": name for n in range(50)}}) for name in "ab"
)
print("ready", flush=True)
while True:
    disk.write(one, Path(sys.argv[1]))
    disk.write(other, Path(sys.argv[1]))
"""


@pytest.mark.slow
def test_kill_at_any_moment_leaves_the_old_tree_or_the_new(tmp_path):
    folder = tmp_path / "c"
    for n in range(8):
        process = subprocess.Popen([sys.executable, "-c", FLIP, str(folder)], stdout=subprocess.PIPE, cwd=Path.cwd())
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(0.02 + 0.013 * n)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        if folder.exists():
            names = {path.name for path in folder.iterdir()} - {"Chart.yaml"}
            assert names in ({f"a{i}" for i in range(50)}, {f"b{i}" for i in range(50)})
