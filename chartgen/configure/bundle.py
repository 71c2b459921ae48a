"""The editor of the page, bundled from its source and pinned packages: `python -m chartgen.configure.bundle`.

The bundle is a part of chartgen, so that nobody needs npm to use the page; `make editor` makes it again.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
from pathlib import Path

from .. import files
from ..problem import Say, ToolError
from ..programs import renderer, tools
from . import pagepython

SOURCE = Path(__file__).with_name("editor")
PAGE = Path(__file__).with_name("page")
LOCK = ("package.json", "package-lock.json")


def made(say: Say) -> dict[str, bytes]:
    """The files of the bundle by name; ToolError where npm or node fails."""
    pinned = hashlib.sha256(b"\0".join((SOURCE / name).read_bytes() for name in LOCK)).hexdigest()
    place = renderer.kept("editor", pinned)
    if not place.is_dir():
        with tools.locked("page", say):
            if not place.is_dir():
                with renderer.making(place) as fresh:
                    for name in LOCK:
                        shutil.copyfile(SOURCE / name, fresh / name)
                    command = ["npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"]
                    pagepython.run(command, fresh, "getting the editor's packages from npm", say)
    with tempfile.TemporaryDirectory(prefix="chartgen-editor-") as out:
        command = ["node", str(SOURCE / "build.mjs"), str(place), str(SOURCE / "editor.js"), out]
        pagepython.run(command, place, "bundling the editor", say)
        return {file.name: file.read_bytes() for file in sorted(Path(out).iterdir())}


def main() -> None:
    """Write the bundle into the page."""
    try:
        bundle = made(lambda text: print(text, file=sys.stderr))
    except ToolError as error:
        sys.exit(f"error: {error}")
    for name, data in bundle.items():
        files.write(PAGE / name, data)
        print(f"written: {name}: {len(data)} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
