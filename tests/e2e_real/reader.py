"""A server that reads a model from a folder, as a user's own would: run in a pod, by Python alone.

usage: reader.py PORT FOLDER

FOLDER holds config.json, {"version": V, "bytes": N}, and weights.bin, N bytes that begin with V and a line feed. The
server loads it once, and again when it is told. Beside that it looks at the folder for ever: it resolves it, reads both
files, and counts what it saw, so that half a model, or halves of two, would not go unnoticed.

GET /health   200 once a model is loaded
GET /state    {"loaded": V, "loads": N, "seen": {V: how often}, "faults": [what was not whole], "pid": N}
POST /reload  loads what is there now
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PAUSE = 0.02

state: dict[str, Any] = {"loaded": "", "loads": 0, "seen": {}, "faults": [], "pid": os.getpid()}


def version(folder: Path) -> str:
    """The version that lies there, whole; ValueError, which says what is wrong, where it is not."""
    at = Path(os.path.realpath(folder))
    config = json.loads((at / "config.json").read_text(encoding="utf-8"))
    with (at / "weights.bin").open("rb") as file:
        begins = file.readline(100).decode("ascii", "replace").strip()
        size = file.seek(0, os.SEEK_END)
    if (begins, size) != (config["version"], config["bytes"]):
        raise ValueError(f"{at}: weights of {begins}, {size} bytes, beside a config of {config}")
    return begins


def load(folder: Path) -> None:
    state["loaded"] = version(folder)
    state["loads"] += 1
    print(f"loaded {state['loaded']}", flush=True)


def look(folder: Path) -> None:
    """Forever, in a thread of its own."""
    while True:
        try:
            found = version(folder)
            state["seen"][found] = state["seen"].get(found, 0) + 1
        except (OSError, ValueError) as error:
            if len(state["faults"]) < 20:
                state["faults"].append(str(error))
        time.sleep(PAUSE)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/state":
            self.answer(200, json.dumps(state))
        else:
            self.answer(200 if self.path == "/health" and state["loaded"] else 404, "")

    def do_POST(self) -> None:
        if self.path != "/reload":
            return self.answer(404, "")
        try:
            load(self.server.folder)  # type: ignore[attr-defined]
        except (OSError, ValueError) as error:
            return self.answer(500, str(error))
        return self.answer(200, state["loaded"])

    def answer(self, status: int, text: str) -> None:
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())


def main(port: str, folder: str) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # as process 1 it would not hear it otherwise
    load(Path(folder))
    threading.Thread(target=look, args=(Path(folder),), daemon=True).start()
    server = ThreadingHTTPServer(("", int(port)), Handler)
    server.folder = Path(folder)  # type: ignore[attr-defined]
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
