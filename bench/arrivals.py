"""What comes over the wire until models have arrived: the loader's script, a real registry, and a wire that counts."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from .rows import Bench, Row

# Where pytest finds what tests share, and what they share finds itself.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import registry as registries
from scripts.harbour import KIT, Harbour, weights
from scripts.modelkits import Part
from scripts.wire import wire
from scripts.workshop import Ended

REPLICAS, NODES, A_NODE = 10, 3, 4
SIZE = 8_000_000
DOCS = "docs"
Made = Callable[[], AbstractContextManager[Harbour]]


def rows(bench: Bench) -> list[Row]:
    """One row for each way in which models arrive."""
    with registries.registry(authentication=True) as server:
        number = iter(range(1000))

        @contextmanager
        def made():
            with wire(server.host) as line:
                yield Harbour(bench.place / f"arrivals-{next(number)}", server, line)

        with made() as harbour:
            kit = harbour.push("ml/model:v1", weights("one", SIZE), Part(DOCS, "README.md", b"first\n"))
            changed = Part(DOCS, "README.md", b"second " * 30_000)
            harbour.push("ml/model:v2", weights("one", SIZE), changed)
        bench.say(f"{REPLICAS} replicas, {NODES} nodes: a model of {kit.size / 1e6:.1f} MB")
        return [
            _replicas(made, kit.size),
            _nodes(made, kit.size),
            _restart(made),
            _next(made, len(changed.data)),
        ]


def _replicas(made: Made, size: int) -> Row:
    with made() as harbour:
        harbour.ask_for(model="ml/model:v1")
        _all_right(harbour.start() for _ in range(REPLICAS))
        ours = harbour.wire.sent() / size
    with made() as harbour:
        harbour.ask_for(model="ml/model:v1")
        for _ in range(REPLICAS):
            # A folder of a pod's own is what an init container with `kit unpack` fills.
            _all_right([harbour.start()])
            shutil.rmtree(harbour.target)
            harbour.target.mkdir()
        each = harbour.wire.sent() / size
    more = (f"With a separate cache for each pod, it is {each:.2f} times the size of the model. {_by()}",)
    return _row(f"bytes for {REPLICAS} replicas on a shared claim, divided by the size of the model", ours, 1.05, more)


def _nodes(made: Made, size: int) -> Row:
    with made() as harbour:
        harbour.ask_for(model="ml/model:v1")
        for node in range(NODES):
            folder = harbour.root / f"node-{node}"
            folder.mkdir()
            harbour.env["TARGET"] = str(folder)
            _all_right(harbour.start() for _ in range(A_NODE))
        ours = harbour.wire.sent() / size
    more = (f"{A_NODE} loaders run at the same time on each node, as for {A_NODE} servers with a node cache.",)
    what = f"bytes for {NODES} nodes with a node cache, divided by the size of the model"
    return _row(what, ours, NODES * 1.05, more)


def _restart(made: Made) -> Row:
    with made() as harbour:
        harbour.ask_for(model="ml/model:v1")
        _all_right([harbour.start()])
        harbour.wire.passed.clear()
        _all_right([harbour.start()])
        return _row("bytes for a restart", harbour.wire.sent(), 0)


def _next(made: Made, changed: int) -> Row:
    with made() as harbour:
        harbour.ask_for(model="ml/model:v1")
        _all_right([harbour.start()])
        harbour.wire.passed.clear()
        harbour.ask_for(model="ml/model:v2")
        _all_right([harbour.start()])
        layers, sent = harbour.wire.sent("/blobs/"), harbour.wire.sent()
    more = (f"{sent:,} bytes in total, {layers:,} for layers and configuration; {changed:,} bytes changed.",)
    return _row(
        "bytes for a new version with the same weights, divided by the bytes that changed", sent / changed, 1.1, more
    )


def _row(what: str, measured: float, aim: float, more: tuple[str, ...] = ()) -> Row:
    return Row(what, f"{measured:.2f}", f"at most {aim:.3g}", measured <= aim, more)


def _by() -> str:
    return "Measured with kit." if KIT else "Measured with a stand-in for kit, because kit is not on PATH."


def _all_right(processes) -> None:
    """That all of them end well; they run at once."""
    for process in list(processes):
        ended = Ended(process, 120)
        assert ended.code == 0, ended
