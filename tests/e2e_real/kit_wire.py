"""The wire of the tests in front of a registry, run in a pod by Python alone.

usage: kit_wire.py PORT UPSTREAM

/tmp/slow says how many seconds it waits after each piece of 16 KB of a blob. For what has passed it prints `sent BYTES
PATH`, a line whenever that has grown; the log is what the test reads.
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

from wire import wire

SLOW = Path("/tmp/slow")


def main(port: str, upstream: str) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # as process 1 it would not hear it otherwise
    told: dict[int, int] = {}
    with wire(upstream, "0.0.0.0", int(port)) as made:
        while True:
            if SLOW.exists():
                made.slow = float(SLOW.read_text() or 0)
            for number, one in enumerate(list(made.passed)):
                if one.bytes > told.get(number, 0):
                    print(f"sent {one.bytes - told.get(number, 0)} {one.path}", flush=True)
                    told[number] = one.bytes
            time.sleep(0.1)


if __name__ == "__main__":
    main(*sys.argv[1:])
