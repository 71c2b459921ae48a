"""Limits of control groups, of both versions, as files of a container or a slice."""

from __future__ import annotations

import os

import pytest

from chartgen.programs import limits

MOST = 1 << 40


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """Writes the files of control groups, and what the process says of its own."""
    monkeypatch.setattr(limits, "GROUPS", tmp_path / "groups")
    monkeypatch.setattr(limits, "OWN", tmp_path / "own")
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(64)), raising=False)

    def write(own: str = "", **files: str) -> None:
        (tmp_path / "own").write_text(own, encoding="utf-8")
        for place, text in files.items():
            file = tmp_path / "groups" / place.replace("__", "/").replace("_dot_", ".")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")

    return write


@pytest.mark.parametrize(
    ("own", "files", "wanted"),
    [
        ("", {}, 64),
        ("0::/\n", {"cpu_dot_max": "max 100000\n"}, 64),
        ("0::/\n", {"cpu_dot_max": "200000 100000\n"}, 2),
        ("0::/\n", {"cpu_dot_max": "150000 100000\n"}, 2),
        ("0::/\n", {"cpu_dot_max": "10000 100000\n"}, 1),
        ("0::/a/b\n", {"a__cpu_dot_max": "300000 100000\n", "a__b__cpu_dot_max": "max 100000\n"}, 3),
        ("4:cpu,cpuacct:/\n", {"cpu__cpu_dot_cfs_quota_us": "400000", "cpu__cpu_dot_cfs_period_us": "100000"}, 4),
        ("4:cpu,cpuacct:/\n", {"cpu__cpu_dot_cfs_quota_us": "-1", "cpu__cpu_dot_cfs_period_us": "100000"}, 64),
        ("4:cpu:/x\n", {"cpu__x__cpu_dot_cfs_quota_us": "50000", "cpu__x__cpu_dot_cfs_period_us": "100000"}, 1),
        ("4:memory:/x\n", {"cpu__x__cpu_dot_cfs_quota_us": "50000", "cpu__x__cpu_dot_cfs_period_us": "100000"}, 64),
        ("nonsense\n", {"cpu_dot_max": "nonsense\n"}, 64),
        ("0::/\n", {"cpu_dot_max": "200000 0\n"}, 64),
    ],
)
def test_processors(groups, own, files, wanted):
    groups(own, **files)
    assert limits.cores() == wanted


@pytest.mark.parametrize(
    ("own", "files", "wanted"),
    [
        ("0::/\n", {"memory_dot_max": "1048576\n"}, 1 << 20),
        ("0::/\n", {"memory_dot_max": "max\n"}, None),
        ("0::/a/b\n", {"a__memory_dot_max": "2097152\n", "a__b__memory_dot_max": "max\n"}, 2 << 20),
        ("9:memory:/\n", {"memory__memory_dot_limit_in_bytes": "3145728\n"}, 3 << 20),
        ("9:memory:/\n", {"memory__memory_dot_limit_in_bytes": "9223372036854771712\n"}, None),
        ("9:memory:/x/y\n", {"memory__x__memory_dot_limit_in_bytes": "4194304\n"}, 4 << 20),
    ],
)
def test_memory(groups, own, files, wanted):
    groups(own, **files)
    machine = min(MOST, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    assert limits.memory(MOST) == (machine if wanted is None else wanted)


def test_at_most_what_is_allowed(groups):
    groups()
    assert limits.memory(1000) == 1000
