"""Files that others wrote, spoilt at random by a seed: every command ends with a sentence and no traceback.

FUZZ_ROUNDS sets the number of inputs, FUZZ_SEED the seed.
"""

from __future__ import annotations

import functools
import gzip
import io
import os
import random
import shutil
import signal
import tarfile
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from chartgen import cli
from chartgen.chart.disk import MARK
from chartgen.release import package as packages
from chartgen.release.target import Options

ROUNDS, SEED = int(os.environ.get("FUZZ_ROUNDS", "200")), int(os.environ.get("FUZZ_SEED", "1"))
LONGEST = 30  # seconds for one command
RECIPE = "chart: {name: little, version: 1.0.0, description: Little.}\nfragmentPaths: [fragments]\nfragments: [g/a]\n"
SOURCES = {
    "stack.yaml": RECIPE,
    "README.md": "# Little\n<!-- values -->\n",
    "CHANGELOG.md": "# Changes\n\n## 1.0.0\n\n- First.\n",
    "NOTES.txt": "Hello {{ .Release.Name }}\n",
    "examples/a.yaml": "# Nothing set.\n# kubernetes: >=1.34\na: 1\n",
    "ci/a.yaml": "# Nothing set.\na: 2\n",
    "fragments/g/a/fragment.yaml": "summary: A little fragment.\n",
    "fragments/g/a/values.schema.yaml": "release:\n  a: {description: A., type: integer, default: 1, minimum: 0}\n",
    "fragments/g/a/templates/a.yaml": (
        "{{- if .Values.a }}\nkind: A\nmetadata: {name: {{ .Release.Name | quote }}}\n"
        'text: {{ .Files.Get "files/g/a/a.yaml" | quote }}\n{{- end }}\n'
    ),
    "fragments/g/a/files/a.yaml": "a: [1, {b: c}]\n",
    "fragments/g/a/cases/a.yaml": "# A case.\na: 1\n",
    "fragments/g/a/rejected/a.yaml": "# a: must be\na: x\n",
}
CHART = {
    "chart/Chart.yaml": f"{MARK}\napiVersion: v2\nname: little\nversion: 1.0.0\n",
    "chart/values.yaml": "a: 1\nb: {c: x}\n",
    "chart/values.schema.json": (
        '{"properties": {"a": {"type": "integer"}, "b": {"properties": {"c": {"pattern": "^x"}}}}}'
    ),
    "chart/templates/a.yaml": "kind: A\n",
    "values.yaml": "a: 2\n",
    "site/index.yaml": (
        "apiVersion: v1\nentries:\n  little:\n  - {name: little, version: 1.0.0, digest: abc, urls: [x]}\n"
    ),
    "docker/config.json": '{"auths": {"127.0.0.1:9": {"auth": "YTpi"}}, "credHelpers": {"a": "b"}}',
    "login": "user:password\n",
}
ODD = [
    *(b"\xff\xfe\x00", b"\x00", b"\xef\xbb\xbf", b"\r\n", b"\r", b"\t", b"\x1b[2J", b"\xe2\x80\xa8", b"\xed\xa0\x80"),
    *(b"{{", b"}}", b"{{ end }}", b'{{- define "x" -}}', b"[", b"{", b"]", b"}", b"'", b'"', b": ", b"- ", b"#"),
    *(b"&a ", b"*a", b"null", b"true", b"~", b"-1", b"1e999", b".nan", b"0x1", b"9" * 5000, b"!!binary x", b"<<: "),
    *(b"? ", b"---\n", b"...\n", b"../../x", b"/etc/hostname", b"a" * 300, b'"\\0"', b'"\\ud800"', b"(", b"^(a+"),
    *(b"$ref", b"[" * 3000, b"{a: " * 600),
]
COMMANDS = [
    "build",
    "build --check --json",
    "package --no-proof -d out",
    "fragments",
    "fragments g/a",
    "new fragment g/b --stack stack.yaml",
    "publish site little-1.0.0.tgz --dry-run",
    "publish http://127.0.0.1:9/x little-1.0.0.tgz --plain-http --dry-run --credentials login",
    "validate chart",
    "validate little-1.0.0.tgz --json",
    "images chart -f values.yaml",
    "plan chart -f values.yaml --json",
]


def spoilt(chance: random.Random, data: bytes) -> bytes:
    """A text with one or a few places changed."""
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(len(data) + 1)
        to = min(len(data), at + chance.choice((0, 1, 3, 20)))
        data = data[:at] + chance.choice([b"", *ODD]) + data[to:]
    return chance.choice((data, data, data, data[: len(data) // 2], b""))


def broken(chance: random.Random, path: Path) -> str:
    """Put something else in the place of a file; what it is."""
    kind = chance.choice(("text",) * 8 + ("link", "loop", "pipe", "folder", "none"))
    data = path.read_bytes()
    if kind == "text":
        path.write_bytes(spoilt(chance, data))
        return repr(path.read_bytes()[:200])
    path.unlink()
    if kind in ("link", "loop"):
        path.symlink_to("/proc/self/environ" if kind == "link" else path.name)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    return kind


def packed(chance: random.Random | None) -> bytes:
    """A package, spoilt before or after it is compressed."""
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w") as tar:
        for name, text in CHART.items():
            if name.startswith("chart/"):
                entry = tarfile.TarInfo(name.replace("chart/", "little/"))
                entry.size = len(text.encode())
                if chance and chance.random() < 0.1:
                    entry.type = chance.choice([b"1", b"2", b"3", b"6", b"S", b"x", b"g", b"Z"])
                    entry.linkname = "/etc/passwd"
                tar.addfile(entry, io.BytesIO(text.encode()))
    if not chance:
        return packages.zipped(memory.getvalue())
    data = chance.choice((packages.zipped, gzip.compress))(
        spoilt(chance, memory.getvalue()) if chance.random() < 0.5 else memory.getvalue()
    )
    return spoilt(chance, data) if chance.random() < 0.5 else data


def cases() -> list[tuple[str, str, int]]:
    """(the command, the file that is spoilt, its seed)."""
    chance = random.Random(SEED)
    files = [*SOURCES, *CHART, "little-1.0.0.tgz"]
    # Those that run Helm take a hundred times as long.
    weights = [1 if command.startswith(("validate", "images", "plan")) else 4 for command in COMMANDS]
    return [
        (chance.choices(COMMANDS, weights)[0], chance.choice(files), chance.randrange(1 << 30)) for _ in range(ROUNDS)
    ]


@pytest.fixture
def world(tmp_path, monkeypatch) -> Callable[[], None]:
    """Makes everything anew, in an empty folder. No name is sent to any host."""
    place = tmp_path / "world"
    monkeypatch.setenv("DOCKER_CONFIG", "docker")
    monkeypatch.setattr("chartgen.remote.web.PAUSES", ())
    monkeypatch.setattr("chartgen.release.publish.Options", functools.partial(Options, pauses=()))
    monkeypatch.setattr("chartgen.files.PATIENCE", 0.1)

    def fresh() -> None:
        monkeypatch.chdir(tmp_path)
        shutil.rmtree(place, ignore_errors=True)
        for name, text in {**SOURCES, **CHART}.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text, encoding="utf-8", newline="")
        (place / "little-1.0.0.tgz").write_bytes(packed(None))
        monkeypatch.chdir(place)

    return fresh


def late(*_: object) -> None:
    raise AssertionError(f"it did not end within {LONGEST} s")


def wrong(done: Result) -> str:
    """What is wrong with how a command ended; empty where nothing is."""
    if not isinstance(done.exception, SystemExit | None):
        return "".join(traceback.format_exception(done.exception)[-4:])
    if done.exit_code not in (0, 1, 2):
        return f"the exit code is {done.exit_code}"
    said = "; " in done.output or '"problems"' in done.output or '"changes"' in done.output
    if done.exit_code and not said:
        return "it does not say what to do"
    return "it moves the cursor" if "\x1b[2J" in done.stderr else ""


@pytest.mark.slow
def test_no_input_ends_in_a_traceback(world):
    before = signal.signal(signal.SIGALRM, late)
    found, codes = [], set()
    for command, file, seed in cases():
        chance = random.Random(seed)
        world()
        if file.endswith(".tgz"):
            Path(file).write_bytes(packed(chance))
            what = "a package"
        else:
            what = broken(chance, Path(file))
        signal.alarm(LONGEST)
        done = CliRunner().invoke(cli.main, command.split())
        signal.alarm(0)
        codes.add(done.exit_code)
        if problem := wrong(done):
            found.append(f"{command!r} with {file}, seed {seed}: {what}\n{done.output[:300]}\n{problem}")
    signal.signal(signal.SIGALRM, before)
    assert not found, "\n\n".join(found)
    assert {0, 1} <= codes


@pytest.mark.parametrize(
    "command", ["build", "fragments g/a", "package --no-proof -d out", "plan chart -f values.yaml"]
)
def test_the_files_are_read_as_they_are(world, command):
    world()
    assert CliRunner().invoke(cli.main, command.split()).exit_code == (1 if command.startswith("plan") else 0)
