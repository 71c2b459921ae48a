"""A real Chromium, driven over its own debugging protocol through two pipes."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--no-sandbox",  # a sandbox needs rights that a container rarely has; the page is ours
)
PATIENCE = 30.0  # seconds
CONTROL, SHIFT = 2, 8  # keys that are held
CODES = {"Enter": 13, "Tab": 9, "Escape": 27, " ": 32}


class Page:
    """One tab: scripts are run in it, and every address that it requested is in `requested`."""

    def __init__(self, write: int, read: int) -> None:
        self._write, self._read, self._left = write, read, b""
        self._numbers = itertools.count(1)
        self._session = ""
        self.requested: list[str] = []
        self.logged: list[str] = []
        target = self._send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._send(f"{domain}.enable")
        # Workers have requests of their own; one waits until they are heard.
        self._send("Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=True, flatten=True)

    def open(self, url: str, width: int = 1280, height: int = 900) -> None:
        """Show an address in a window of that size."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self._send("Emulation.setDeviceMetricsOverride", **metrics)
        self._leave(lambda: self._send("Page.navigate", url=url))

    def reload(self) -> None:
        """Show the same address again, as by the browser's button."""
        self._leave(lambda: self._send("Page.reload"))

    def _leave(self, go: Callable[[], object]) -> None:
        """Go to another page, and wait for that one: the old page answers scripts until it is gone."""
        mark = f"left{next(self._numbers)}"
        self.run(f"document.documentElement.dataset.{mark} = ''")
        go()
        end = time.monotonic() + PATIENCE
        there = f"document.readyState === 'complete' && document.documentElement.dataset.{mark} === undefined"
        while time.monotonic() < end:
            done = self._call("Runtime.evaluate", expression=there, returnByValue=True)
            if done.get("result", {}).get("result", {}).get("value"):
                return
            time.sleep(0.02)
        raise AssertionError("the next page never came")

    def run(self, script: str) -> Any:
        """The value of an expression, a promise's when it is kept; AssertionError with what it throws."""
        done = self._send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def wait(self, script: str, patience: float = PATIENCE) -> Any:
        """The value of an expression as soon as it is true."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if value := self.run(script):
                return value
            time.sleep(0.02)
        raise AssertionError(f"never true: {script}: {self.run('document.body.innerText')[:2000]}")

    def tree(self) -> list[tuple[str, str]]:
        """What a screen reader is given: (role, name) of everything that is not ignored."""
        nodes = self._send("Accessibility.getFullAXTree")["nodes"]
        kept = [node for node in nodes if not node.get("ignored")]
        return [(str(n.get("role", {}).get("value")), str(n.get("name", {}).get("value", ""))) for n in kept]

    def dark(self) -> None:
        """Show the page as for a person who prefers dark."""
        self._send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])

    def key(self, name: str, held: int = 0) -> None:
        """Press a key, such as ArrowRight, while others are `held`: CONTROL, SHIFT."""
        code = CODES.get(name, ord(name.upper()) if len(name) == 1 else 0)
        what = {"key": name, "code": name if len(name) > 1 else f"Key{name.upper()}", "windowsVirtualKeyCode": code}
        text = {"text": "\r"} if name == "Enter" else {}
        self._send("Input.dispatchKeyEvent", type="keyDown", modifiers=held, **what, **text)
        self._send("Input.dispatchKeyEvent", type="keyUp", modifiers=held, **what)

    def type(self, text: str) -> None:
        """Type a text where the focus is."""
        for line, each in enumerate(text.split("\n")):
            if line:
                self.key("Enter")
            for letter in each:
                self._send("Input.insertText", text=letter)

    def point(self, place: str) -> None:
        """Move the mouse to the left end of the element that an expression says."""
        box = self.run(f"(({{x, y, height}}) => [x + 4, y + height / 2])({place}.getBoundingClientRect())")
        self._send("Input.dispatchMouseEvent", type="mouseMoved", x=box[0] - 1, y=box[1])
        self._send("Input.dispatchMouseEvent", type="mouseMoved", x=box[0], y=box[1])

    def picture(self, file: Path) -> None:
        """Write what is seen as PNG."""
        file.write_bytes(base64.b64decode(self._send("Page.captureScreenshot")["data"]))

    def _tell(self, method: str, session: str, **parameters: Any) -> int:
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        message |= {"sessionId": session} if session else {}
        os.write(self._write, json.dumps(message).encode() + b"\0")
        return number

    def _send(self, method: str, **parameters: Any) -> dict[str, Any]:
        said = self._call(method, **parameters)
        assert "error" not in said, said
        return said["result"]

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """What the browser answers, an error too."""
        number = self._tell(method, self._session, **parameters)
        while True:
            said = self._next()
            if said.get("id") == number:
                return said
            if said.get("method") == "Network.requestWillBeSent":
                self.requested.append(said["params"]["request"]["url"])
            elif said.get("method") == "Target.attachedToTarget" and said["params"]["waitingForDebugger"]:
                for each in ("Network.enable", "Runtime.runIfWaitingForDebugger"):
                    self._tell(each, said["params"]["sessionId"])
            elif said.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
                self.logged.append(json.dumps(said["params"]))

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._left:
            part = os.read(self._read, 1 << 16)
            assert part, "the browser ended"
            self._left += part
        said, _, self._left = self._left.partition(b"\0")
        return json.loads(said)


@contextmanager
def browser() -> Iterator[Page]:
    """A browser with one tab, for as long as it is used."""
    assert PROGRAM
    to_read, to_write = os.pipe()
    from_read, from_write = os.pipe()

    def join() -> None:
        os.dup2(to_read, 3)
        os.dup2(from_write, 4)

    with tempfile.TemporaryDirectory(prefix="chromium-") as place:
        command = [PROGRAM, *FLAGS, f"--user-data-dir={place}"]
        process = subprocess.Popen(
            command, stderr=subprocess.DEVNULL, preexec_fn=join, close_fds=True, pass_fds=(3, 4, to_read, from_write)
        )
        os.close(to_read)
        os.close(from_write)
        try:
            yield Page(to_write, from_read)
        finally:
            process.kill()
            process.wait()
            os.close(to_write)
            os.close(from_read)
            shutil.rmtree(place, ignore_errors=True)
            os.makedirs(place, exist_ok=True)
