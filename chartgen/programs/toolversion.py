"""What version a tool on PATH has, and whether it will do."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

from ..files import real, write
from ..problem import ToolError

# From the first version that will do to the first that will not.
FIT = {"helm": ((4, 0), (5,)), "helm3": ((3, 8), (4,)), "kubeconform": ((0, 6, 7), (1,))}
TRIED = "development (tested: it rejects an invalid document)"
TIMEOUT = 20  # seconds; helm takes 0.07


def fits(name: str, version: str) -> bool:
    """Whether a version, as `asked` gives it, is recent enough and not of a later major version."""
    low, high = FIT[name]
    return (
        version.startswith("development")
        or low <= tuple(map(int, re.findall(r"\d+", version.partition("-")[0]))) < high
    )


def remembered(name: str, path: Path, memory: Path) -> str:
    """As `asked`, the answer kept in the file `memory` for as long as the tool's file stays as it is."""
    state = path.stat()
    stamp = f"{state.st_mtime_ns} {state.st_size} "
    known = _read(memory)
    if known.get(str(path), "").startswith(stamp) and settled(name, path):
        return known[str(path)].removeprefix(stamp)
    version = asked(name, path)
    if version and settled(name, path):
        with suppress(OSError):  # a folder that cannot be written costs time, nothing else
            write(memory, json.dumps({**known, str(path): stamp + version}, indent=1, sort_keys=True).encode())
    return version


def settled(name: str, path: Path) -> bool:
    """Whether a file is the program. A script, or a launcher under many names, runs one that its settings name."""
    try:
        with path.open("rb") as file:
            script = file.read(2) == b"#!"
    except OSError:
        return False
    return not script and real(path).name.startswith(name.rstrip("0123456789"))


def asked(name: str, path: Path) -> str:
    """The version of a tool; empty where it is broken or something else.

    It is what the tool says; for a kubeconform that says "development", as every one built by hand does, what Go noted
    in the binary; else TRIED, when it answers as it should.
    """
    said = output([str(path), *(["-v"] if name == "kubeconform" else ["version", "--template={{.Version}}"])]).strip()
    if re.fullmatch(r"v\d+\.\d+\S*", said):
        return said
    if name != "kubeconform" or not said:
        return ""
    built = output(["go", "version", "-m", str(path)])
    noted = re.search(r"^\tmod\tgithub\.com/yannh/kubeconform\t(v\S+)", built, re.M)
    return noted[1] if noted else _tried(path)


def _tried(path: Path) -> str:
    """TRIED where it finds a schema by the words that ours are found by, and refuses what that schema forbids."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="chartgen-") as place:
        (Path(place) / "v1.37.0-v1-pod.json").write_text('{"additionalProperties": false}', encoding="ascii")
        location = f"{place}/{{{{.NormalizedKubernetesVersion}}}}-{{{{.Group}}}}-{{{{.ResourceKind}}}}.json"
        command = [str(path), "-strict", "-output=json", "-kubernetes-version=1.37.0", f"-schema-location={location}"]
        return TRIED if '"statusInvalid"' in output(command, "apiVersion: v1\nkind: Pod\n") else ""


def output(command: list[str], given: str = "") -> str:
    """What a command prints on standard output; nothing where it cannot be run or does not end."""
    import tempfile

    from .run import Endless, hermetic, run

    with tempfile.TemporaryDirectory(prefix="chartgen-") as place:
        try:
            return run(command, TIMEOUT, hermetic(Path(place)), given.encode()).output
        except (ToolError, Endless):
            return ""


def _read(memory: Path) -> dict[str, str]:
    try:
        known = dict(json.loads(memory.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}
    return {path: told for path, told in known.items() if isinstance(told, str)}
