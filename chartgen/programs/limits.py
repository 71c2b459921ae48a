"""How many processors and how much memory this process may use: the machine's, or less in a container or a slice."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

GROUPS, OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def cores() -> int:
    """How many processors this process may use, rounded up."""
    affinity = hasattr(os, "sched_getaffinity")
    found = [len(os.sched_getaffinity(0)) if affinity else os.cpu_count() or 1]
    found += [math.ceil(quota / period) for quota, period in _quotas() if quota > 0 and period > 0]
    return max(min(found), 1)


def memory(most: int) -> int:
    """How many bytes of memory this process may use, and at most `most`."""
    found = [most]
    with suppress(AttributeError, OSError, ValueError):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for folder in _groups("memory"):
        for limit in ("memory.max", "memory.limit_in_bytes"):
            found += [number for number in _numbers(folder / limit) if number > 0]
    return min(found)


def _quotas() -> Iterator[tuple[int, int]]:
    """(microseconds of CPU, in how many microseconds) of each group that has a limit."""
    for folder in _groups("cpu"):
        both = _numbers(folder / "cpu.max")
        both = both or [*_numbers(folder / "cpu.cfs_quota_us"), *_numbers(folder / "cpu.cfs_period_us")]
        if len(both) == 2:
            yield both[0], both[1]


def _groups(controller: str) -> Iterator[Path]:
    """The folders of the control group of this process and of those around it: version 2, and 1 of a controller.

    In a container its own group is often at the top, whatever OWN calls it.
    """
    yield GROUPS
    yield GROUPS / controller
    with suppress(OSError, ValueError):
        for line in OWN.read_text(encoding="utf-8").splitlines():
            _, controllers, place = line.split(":", 2)
            if controllers and controller not in controllers.split(","):
                continue
            top = GROUPS / controller if controllers else GROUPS
            parts = [part for part in place.split("/") if part and part != ".."]
            yield from (top.joinpath(*parts[:number]) for number in range(1, len(parts) + 1))


def _numbers(file: Path) -> list[int]:
    """The numbers in a file; none where it is not there, or has a word such as `max`, which is no limit."""
    with suppress(OSError, ValueError):
        return [int(word) for word in file.read_text(encoding="ascii").split()]
    return []
