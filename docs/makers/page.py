"""Writes the pictures of `chartgen configure` with a real Chromium: `python -m docs.makers.page`."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from chartgen.chart import loaded
from chartgen.configure import server
from tests.configure.browser import PROGRAM, Page, browser

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs/pictures"
FINE = "document.querySelector('#state.good') !== null"
CHANGE = """(() => {{
  const input = document.getElementById("q-{key}");
  input.value = "{value}";
  for (const kind of ["input", "change"]) input.dispatchEvent(new Event(kind, {{bubbles: true}}));
}})()"""
# Nothing blinks or moves in a picture, and the bars of a phone are not seen for a time only.
STILL = """document.head.append(Object.assign(document.createElement("style"), {textContent: `
*, *::before { animation: none !important; transition: none !important; caret-color: transparent !important; }
.cm-cursor { display: none !important; }
::-webkit-scrollbar { display: none; }`}))"""
# A values file with two mistakes.
WRITE = """(() => {
  const text = document.getElementById("text");
  text.value = `# ours, on two GPUs
gpu:
  vendor: nvidia
  cuont: 2
model:
  name: deepseek-r1
  tag: 70b
  contextLength: many
`;
  text.dispatchEvent(new Event("input"));
})()"""


def still(page: Page) -> None:
    """Wait until the page is drawn as it stays."""
    page.run(STILL)
    page.run(
        "document.fonts.ready.then(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 300))))"
    )


def main() -> int:
    if not PROGRAM:
        print("page: no Chromium on PATH; the pictures of the page are left as they are", file=sys.stderr)
        return 0
    made = server.Server(loaded.load(ROOT / "charts/llm-stack", "charts/llm-stack"), 0, lambda text: None)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    with browser() as page:
        page.open(made.url, 1280, 760)
        page.wait(FINE)
        for key, value in (("gpu.vendor", "nvidia"), ("model.tag", "70b"), ("gpu.count", "2")):
            page.run(CHANGE.format(key=key, value=value))
            page.wait(f"document.getElementById('text').value.includes('{value}')")
        page.wait(FINE)
        page.run(
            "document.getElementById('tab-plan').click(); document.getElementById('q-gpu.vendor').scrollIntoView()"
        )
        still(page)
        page.picture(PICTURES / "configure.png")
        page.open(made.url, 1120, 560)
        page.wait(FINE)
        page.run(WRITE)
        page.wait("document.querySelectorAll('.cm-lint-marker-error').length === 2")
        page.point("document.querySelector('.cm-lint-marker-error')")
        page.wait("document.querySelector('.cm-tooltip-lint') !== null")
        still(page)
        page.picture(PICTURES / "refusal.png")
        page.open(made.url, 390, 720)
        page.wait("document.querySelectorAll('.cm-lint-marker-error').length === 2")
        page.point("document.body")  # from the mark, which shows its error after a time
        page.run("document.getElementById('state').scrollIntoView()")
        still(page)
        page.picture(PICTURES / "phone.png")
    made.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
