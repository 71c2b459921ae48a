"""What stands in for Open WebUI where its image cannot be had: a page, /health and /ready, by Python alone.

It is ready only while the server answers that its environment names, OLLAMA_BASE_URL, and where it can write what the
real one writes; the page, and its log, list the models that the server has.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import urllib.request
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DATA = "/app/backend/data"


def models() -> list[str]:
    """The names of the server's models; OSError where it does not answer."""
    with urllib.request.urlopen(os.environ["OLLAMA_BASE_URL"] + "/api/tags", timeout=5) as answer:
        return [each["name"] for each in json.load(answer)["models"]]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        try:
            listed = [] if self.path == "/health" else models()
            print(f"{self.path}: {os.environ['OLLAMA_BASE_URL']} has {' '.join(listed) or 'nothing'}", flush=True)
        except OSError as error:
            self.answer(503, f"{os.environ['OLLAMA_BASE_URL']}: {error}")
        else:
            self.answer(200, "<html><ul>" + "".join(f"<li>{escape(name)}" for name in listed) + "</ul></html>")

    def log_message(self, *words: object) -> None:
        pass

    def answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(text.encode())


def main() -> None:
    for folder in (DATA, os.environ["HOME"], os.environ["STATIC_DIR"]):
        os.makedirs(folder, exist_ok=True)
        open(f"{folder}/webui.db", "a").close()
    if len(os.environ["WEBUI_SECRET_KEY"]) < 32:
        sys.exit("WEBUI_SECRET_KEY is short")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # as process 1 it would not hear it otherwise
    ThreadingHTTPServer(("", 8080), Handler).serve_forever()


if __name__ == "__main__":
    main()
