"""The script that brings models from the Hugging Face hub and ModelScope, in real shells with the real curl."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripts.hub import TOKEN, Hub, hub, sha256
from scripts.wire import Wire, wire
from scripts.workshop import (
    FRAGMENTS,
    PLACES,
    QUICK,
    SHELLS,
    Ended,
    all_right,
    content,
    each_shell,
    read_quietly,
    started,
    terminated,
    wait_for,
)

pytestmark = pytest.mark.slow

MODEL = "team/tiny"
WEIGHTS = content("weights", 600_000)
FILES = {
    "config.json": b'{"architectures": ["Tiny"]}',
    "tokenizer.json": content("tokenizer", 3000),
    "model-00001-of-00002.safetensors": WEIGHTS,
    "model-00002-of-00002.safetensors": content("more", 200_000),
    "onnx/model.onnx": content("onnx", 50_000),
    "docs/a b&c+[d] ü.md": b"a name that has to be written otherwise in a URL\n",
    "empty.txt": b"",
}
SIZE = sum(map(len, FILES.values()))


class Desk:
    """A hub with a wire before its storage, and a target for models."""

    scripts = "source/huggingface/files"

    def __init__(self, root: Path, served: Hub, line: Wire) -> None:
        self.root, self.hub, self.wire, self.target = root, served, line, root / "models"
        for folder in ("models", "tmp", "scripts", "credentials", "bin"):
            (root / folder).mkdir(parents=True)
        for folder in ("loader/files", self.scripts):
            for path in (FRAGMENTS / folder).iterdir():
                shutil.copy(path, root / "scripts")
        self.env = (
            PLACES
            | QUICK
            | {
                "PATH": f"{root / 'bin'}:{PLACES['PATH']}",
                "TARGET": str(self.target),
                "MODELS_FILE": str(root / "models.tsv"),
                "TMPDIR": str(root / "tmp"),
                "HOME": str(root / "home"),
                "TOKEN_FILE": str(root / "credentials/token"),
                "CA_DIR": str(root / "ca"),
                "ENDPOINT": served.url,
                "PLAIN_HTTP": "true",
                "RETRIES": "3",
                "INTERVAL": "0.1",
            }
        )
        self.ask_for(f"tiny\t{MODEL}@main\t")

    def ask_for(self, *lines: str) -> None:
        (self.root / "models.tsv").write_text("".join(f"{line}\n" for line in lines))

    def token(self, text: str) -> None:
        (self.root / "credentials/token").write_text(text)

    def program(self, name: str, body: str) -> None:
        path = self.root / "bin" / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def start(self, shell: list[str] | None = None, **env: str) -> subprocess.Popen[str]:
        program, *arguments = shell or SHELLS[0]
        if program == "busybox":  # whose image has no other programs than its own, and curl
            applets = self.root / "applets"
            if not applets.exists():
                applets.mkdir()
                subprocess.run([shutil.which("busybox") or "", "--install", "-s", applets], check=True)
                (applets / "curl").symlink_to(shutil.which("curl") or "")
            env = {"PATH": f"{self.root / 'bin'}:{applets}"} | env
        command = [shutil.which(program) or "", *arguments, str(self.root / "scripts/load.sh")]
        return started(command, self.env | env, self.root)

    def load(self, **options: object) -> Ended:
        return Ended(self.start(**options))  # type: ignore[arg-type]

    def holds(self, files: dict[str, bytes], folder: str = "tiny") -> bool:
        """Whether the folder has these files and no others."""
        root = self.target / folder
        found = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if not path.is_dir()}
        return found == files

    def sent(self) -> int:
        """Bytes of large files that ever came over the wire."""
        return self.wire.sent("/blobs/")

    def left_over(self) -> list[str]:
        """Processes of this desk that still run, and what they left in the folder for scratch."""
        return self.running() + [path.name for path in (self.root / "tmp").iterdir()]

    def running(self) -> list[str]:
        marker = f"TARGET={self.target}".encode()
        return [
            read_quietly(path.with_name("cmdline")).replace(b"\0", b" ").decode()
            for path in Path("/proc").glob("[0-9]*/environ")
            if marker in read_quietly(path).split(b"\0")
        ]

    def table(self, name: str) -> list[list[str]]:
        return [line.split("\t") for line in (self.target / name).read_text().splitlines()]


LARGE = sum(len(one) for one in FILES.values() if len(one) >= 2000)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with tempfile.TemporaryDirectory() as folder, hub() as served, wire(served.storage.removeprefix("http://")) as line:
        served.storage = f"http://{line.host}"
        served.publish(MODEL, FILES)
        yield Desk(Path(folder) / "world", served, line)


# --- the usual way --------------------------------------------------------------------------------------------------


@each_shell
def test_a_model_is_brought_whole(desk: Desk, shell: list[str]) -> None:
    ended = all_right(desk.load(shell=shell))
    commit = desk.hub.repositories[MODEL].branches["main"]
    assert desk.holds(FILES)
    assert desk.sent() == LARGE
    assert f"{MODEL}@main: downloading 7 of 7 files, 853 KB of 853 KB" in ended.out
    assert f"all there: {MODEL}@main in tiny, {commit} (853 KB)" in ended.out
    (row,) = desk.table(".models")
    assert row[:4] + row[5:] == ["tiny", f"{MODEL}@main", commit, str(SIZE), ""]
    assert desk.left_over() == []


@each_shell
def test_the_index_names_every_file_and_no_other(desk: Desk, shell: list[str]) -> None:
    all_right(desk.load(shell=shell))
    (listed,) = (desk.target / ".versions/tiny").glob("*.files")
    lines = [line.split(" ", 1) for line in listed.read_text().splitlines()]
    assert {path.removeprefix("./"): int(size) for size, path in lines} == {name: len(FILES[name]) for name in FILES}


@each_shell
def test_what_is_here_is_asked_for_nowhere(desk: Desk, shell: list[str]) -> None:
    all_right(desk.load(shell=shell))
    desk.hub.down = True
    before = len(desk.hub.seen)
    assert "already there" in all_right(desk.load(shell=shell)).out
    assert len(desk.hub.seen) == before


def test_several_models_are_brought_side_by_side(desk: Desk) -> None:
    other = {"config.json": b"{}", "model.safetensors": content("other", 40_000)}
    desk.hub.publish("team/other", other)
    desk.ask_for(f"tiny\t{MODEL}@main\t", "deep/other/1\tteam/other\t")
    all_right(desk.load(PARALLEL="2"))
    assert desk.holds(FILES)
    assert desk.holds(other, "deep/other/1")


def test_a_content_with_two_names_is_brought_once(desk: Desk) -> None:
    files = {"a.bin": WEIGHTS, "original/b.bin": WEIGHTS, "c/empty": b"", "d/empty": b""}
    desk.hub.publish(MODEL, files)
    all_right(desk.load())
    assert desk.holds(files)
    assert desk.sent() == len(WEIGHTS)


def test_a_volume_without_hard_links_gets_copies(desk: Desk) -> None:
    desk.program("ln", f'case $1 in -f) exit 1 ;; esac; exec {shutil.which("ln")} "$@"')
    files = {"a.bin": WEIGHTS, "b.bin": WEIGHTS}
    desk.hub.publish(MODEL, files)
    all_right(desk.load())
    desk.hub.publish(MODEL, files | {"c.bin": WEIGHTS})
    all_right(desk.load(MODE="refresh"))
    assert desk.holds(files | {"c.bin": WEIGHTS})
    assert desk.sent() == len(WEIGHTS)


def test_a_large_file_is_asked_for_piece_by_piece(desk: Desk) -> None:
    all_right(desk.load(PIECE="150000"))
    assert desk.holds(FILES)
    ranges = [one.range for one in desk.hub.requests(sha256(WEIGHTS), "storage")]
    assert ranges == [f"bytes={at}-{at + 149_999}" for at in range(0, 600_000, 150_000)]


# --- filters --------------------------------------------------------------------------------------------------------


@each_shell
@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ("*.safetensors config.json", {name for name in FILES if "safetensors" in name} | {"config.json"}),
        ("!onnx/ !*.md", set(FILES) - {"onnx/model.onnx", "docs/a b&c+[d] ü.md"}),
        ("*.json !token*", {"config.json"}),
        ("docs/", {"docs/a b&c+[d] ü.md"}),
        ("model-0000[12]-of-*", {name for name in FILES if name.startswith("model-")}),
    ],
)
def test_filters_are_patterns(desk: Desk, shell: list[str], filters: str, wanted: set[str]) -> None:
    desk.ask_for(f"tiny\t{MODEL}@main\t{filters}")
    all_right(desk.load(shell=shell))
    assert desk.holds({name: FILES[name] for name in wanted})


@pytest.mark.parametrize(
    ("filters", "sentence"),
    [
        (
            "*.json *.gguf",
            "no file matches *.gguf; correct model.filter, in which * matches any text; the model contains ",
        ),
        ("!*", "the filter !* excludes every file"),
    ],
)
def test_a_filter_that_matches_nothing_is_refused(desk: Desk, filters: str, sentence: str) -> None:
    desk.ask_for(f"tiny\t{MODEL}@main\t{filters}")
    ended = desk.load()
    assert ended.code == 66
    assert ended.err.startswith(f"{MODEL}@main: {sentence}")
    assert len(ended.err.splitlines()) == 1
    assert desk.sent() == 0


# --- what goes wrong on the way -------------------------------------------------------------------------------------


@each_shell
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_loader_goes_on_where_it_was(desk: Desk, shell: list[str], how: signal.Signals) -> None:
    desk.wire.slow = 0.1
    process = desk.start(shell=shell)
    wait_for(lambda: desk.sent() > 250_000)
    if how == signal.SIGTERM:
        assert terminated(process).code == 143
    else:
        os.killpg(process.pid, how)
        assert Ended(process).code == -how
    assert how == signal.SIGKILL or desk.left_over() == []
    assert not (desk.target / "tiny").exists()
    wait_for(lambda: not desk.running())  # for as long as one is dying, its connection takes more
    desk.wire.slow = 0
    all_right(desk.load(shell=shell))
    assert desk.holds(FILES)
    assert desk.sent() < LARGE + 4 * 32 * 1024  # what was under way in four connections


@each_shell
def test_a_cut_connection_is_taken_up_where_it_was(desk: Desk, shell: list[str]) -> None:
    desk.wire.cut = 300_000
    ended = all_right(desk.load(shell=shell))
    assert "attempt 1 failed: " in ended.out
    assert desk.holds(FILES)
    assert desk.sent() < LARGE + 4 * 16 * 1024


def test_a_line_that_breaks_again_and_again_is_not_given_up_while_it_brings_something(desk: Desk) -> None:
    big = {"weights": content("big", 8_000_000)}
    desk.hub.publish(MODEL, big)
    desk.wire.cut, desk.wire.cuts = 1_500_000, 4
    ended = all_right(desk.load(RETRIES="2"))
    assert ended.out.count("attempt 1 failed") == 4
    assert desk.holds(big)


def test_a_hub_that_cannot_go_on_begins_anew(desk: Desk) -> None:
    desk.hub.ranges = False
    desk.wire.cut = 300_000
    ended = all_right(desk.load(CONCURRENCY="1"))
    assert "the hub cannot resume the download, so it starts again" in ended.out
    assert desk.holds(FILES)


def test_a_download_that_stands_still_is_taken_up_again(desk: Desk) -> None:
    desk.wire.hold = lambda path: "/blobs/" in path
    process = desk.start(STALL="1")
    wait_for(lambda: len(desk.hub.requests(sha256(WEIGHTS))) == 2)
    desk.wire.hold = None
    ended = all_right(Ended(process))
    assert "Less than 1000 bytes/sec transferred the last 1 seconds" in ended.out
    assert desk.holds(FILES)


@each_shell
@pytest.mark.parametrize("name", ["model-00001-of-00002.safetensors", "config.json"])
def test_a_corrupt_file_is_never_believed(desk: Desk, shell: list[str], name: str) -> None:
    desk.hub.forge = {name}
    ended = desk.load(shell=shell)
    assert ended.code == 69
    assert f"gave up after 3 attempts without new data: {name}: the downloaded file is corrupt" in ended.err
    assert not (desk.target / "tiny").exists()
    assert not (desk.target / ".ready").exists()
    desk.hub.forge = set()
    before = desk.sent()
    all_right(desk.load(shell=shell))
    assert desk.holds(FILES)
    assert desk.sent() - before == (len(FILES[name]) if len(FILES[name]) >= 2000 else 0)


@pytest.mark.parametrize("size", [100, 700_000])
def test_what_lies_there_from_before_and_does_not_fit_is_brought_anew(desk: Desk, size: int) -> None:
    work = desk.target / ".work/free/tiny/work"
    work.mkdir(parents=True)
    (work / f"sha256-{sha256(WEIGHTS)}").write_bytes(b"x" * size)
    (work / "sha256-of-what-nobody-wants").touch()
    ended = all_right(desk.load())
    assert "the downloaded file is corrupt" in ended.out or "bytes arrived instead of 600000" in ended.out
    assert desk.holds(FILES)
    assert [path.suffix for path in work.iterdir()] == [".sums"]


def test_a_signed_address_that_has_grown_old_is_asked_for_again(desk: Desk) -> None:
    desk.hub.signed = False
    ended = desk.load(RETRIES="2")
    assert ended.code == 69
    assert "the hub answers: HTTP 403, from the storage of the hub" in ended.err
    assert "signature" not in ended.out + ended.err


def test_a_hub_that_asks_for_a_pause_gets_it(desk: Desk) -> None:
    desk.hub.pauses = 1
    ended = all_right(desk.load())
    assert f"{MODEL}@main: the hub requests a pause of 1 s" in ended.out
    assert "HTTP 429, We had to rate limit your IP" in ended.out
    assert ended.seconds > 1


def test_a_hub_that_is_away_is_tried_as_often_as_told(desk: Desk) -> None:
    desk.hub.down = True
    ended = desk.load(RETRIES="4")
    assert ended.code == 69
    assert "gave up after 4 attempts without new data: Empty reply from server" in ended.err
    assert len(desk.hub.seen) == 4
    assert desk.left_over() == []


def test_an_answer_that_was_cut_is_not_believed(desk: Desk) -> None:
    desk.program(
        "curl",
        f'{shutil.which("curl")} "$@"; code=$?; cd "$TMPDIR"/*/of.tiny; head -c 99 json >j; mv j json; exit $code',
    )
    ended = desk.load(RETRIES="1")
    assert ended.code == 69
    assert "is not JSON, or is incomplete" in ended.err


@pytest.mark.parametrize("path", ["../evil", "a/../../evil", "/etc/evil", "a\\b", "a//b"])
def test_a_file_that_would_lie_elsewhere_is_refused(desk: Desk, path: str) -> None:
    desk.hub.publish(MODEL, {"config.json": b"{}", path: b"evil"})
    ended = desk.load()
    assert ended.code == 70
    assert "returns a file with an invalid name" in ended.err


# --- room -----------------------------------------------------------------------------------------------------------


def test_a_volume_without_room_is_told_before_anything_comes(desk: Desk) -> None:
    desk.program("df", "echo Filesystem 1024-blocks Used Available Capacity Mounted on; echo d 200 180 20 90% /models")
    ended = desk.load()
    assert ended.code == 74
    assert "is full: 20 KB free, at least 833 KB missing; increase the volume (modelCache.size)" in ended.err
    assert desk.sent() == 0


def test_a_volume_that_fills_up_says_so_once(desk: Desk) -> None:
    desk.program("curl", f'case "$*" in *Range*) exit 23 ;; esac; exec {shutil.which("curl")} "$@"')
    ended = desk.load()
    assert ended.code == 74
    assert len(ended.err.splitlines()) == 1
    assert f"{desk.target} does not accept a file although" in ended.err


# --- who may --------------------------------------------------------------------------------------------------------


@each_shell
def test_the_token_reaches_the_hub_and_nobody_else(desk: Desk, shell: list[str]) -> None:
    desk.program("curl", f'echo "$@" >>{desk.root}/arguments; exec {shutil.which("curl")} "$@"')
    desk.hub.publish(MODEL, FILES, private=True)
    desk.token(f"{TOKEN}\n")
    all_right(desk.load(shell=shell))
    assert {one.authorization for one in desk.hub.requests(server="hub")} == {f"Bearer {TOKEN}"}
    stored = desk.hub.requests(server="storage")
    assert stored
    assert {(one.authorization, one.cookie) for one in stored} == {(None, None)}
    assert TOKEN not in (desk.root / "arguments").read_text()


@pytest.mark.parametrize(
    ("token", "code", "sentence"),
    [
        (
            None,
            65,
            "team/tiny is gated; accept its licence at https://huggingface.co/team/tiny, and set",
        ),
        ("hf_other", 65, "team/tiny is gated, and the account of this token has no access; request access"),
        (
            "hf_nobody",
            65,
            "the hub does not accept this token; put a valid token into the Secret huggingface.existingSecret",
        ),
        (TOKEN, 0, ""),
    ],
)
def test_a_gated_model_wants_an_account_that_is_let_in(desk: Desk, token: str | None, code: int, sentence: str) -> None:
    desk.hub.known.add("hf_other")
    desk.hub.publish(MODEL, FILES, gated=True)
    if token:
        desk.token(token)
    ended = desk.load()
    assert ended.code == code
    assert ended.err.startswith(sentence)
    assert len(ended.err.splitlines()) == (code != 0)
    assert desk.holds(FILES) == (code == 0)


@each_shell
@pytest.mark.parametrize("length", [0, 250, 270, 950])  # a message is shortened to 300 characters
def test_a_token_that_a_hub_sends_back_is_not_shown(desk: Desk, shell: list[str], length: int) -> None:
    token = "hf_0123456789abcdefghijklmnopqrst"
    desk.hub.echo, desk.hub.before = True, "x" * length
    desk.token(token)
    ended = desk.load(shell=shell)
    assert (ended.code, "the hub does not accept this token" in ended.err) == (65, True), ended
    for part in (token[:4], token[-4:]):
        assert part not in ended.out + ended.err


@pytest.mark.parametrize("between", [" ", "  ", "\t"])
def test_a_token_with_blanks_in_it_is_not_shown(desk: Desk, between: str) -> None:
    token = "hf_0123456789abcdefghijklmnopqrst"
    desk.token(token)
    script = f'. {FRAGMENTS}/loader/files/loader.sh; hide "$1"; say "before $2 after"; beginning "before $2 after"'
    split = between.join([token[:16], token[16:]])
    done = subprocess.run(["sh", "-c", script, "sh", token, split], capture_output=True, text=True)
    assert done.stdout == "(a message that contains a credential is not shown)\n" * 2, done


@pytest.mark.parametrize(
    ("token", "sentence"),
    [
        (
            None,
            "team/tiny@main does not exist, or is private; check https://huggingface.co/team/tiny, and",
        ),
        ("hf_other", ""),
    ],
)
def test_a_private_model_looks_absent_without_a_token(desk: Desk, token: str | None, sentence: str) -> None:
    desk.hub.known.add("hf_other")
    desk.hub.publish(MODEL, FILES, private=True)
    if token:
        desk.token(token)
    ended = desk.load()
    assert ended.code == (66 if sentence else 0)
    assert ended.err.startswith(sentence)


@pytest.mark.parametrize(
    ("reference", "token", "sentence"),
    [
        ("team/nothing", None, "team/nothing@main does not exist, or is private; check"),
        (
            "team/nothing",
            TOKEN,
            "team/nothing@main does not exist, or the account of this token",
        ),
        (f"{MODEL}@v9", None, "team/tiny has no revision v9; find one at https://huggingface.co/team/tiny, and set"),
        (f"{MODEL}@{'0' * 40}", None, f"team/tiny has no revision {'0' * 40}; find one"),
    ],
)
def test_what_is_not_there_is_not_tried_again(desk: Desk, reference: str, token: str | None, sentence: str) -> None:
    if token:
        desk.token(token)
    desk.ask_for(f"tiny\t{reference}\t")
    ended = desk.load()
    assert ended.code == 66
    assert ended.err.startswith(sentence)
    assert len(desk.hub.seen) == 1


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"PLAIN_HTTP": "false"}, "uses plain HTTP, which others on the network can read and change"),
        ({"ENDPOINT": "hf-mirror.com"}, "huggingface.endpoint: 'hf-mirror.com' is not a URL"),
        ({"HUB": "gitee"}, "HUB must be huggingface or modelscope, not 'gitee'"),
    ],
)
def test_settings_that_are_wrong_are_named(desk: Desk, settings: dict[str, str], sentence: str) -> None:
    ended = desk.load(**settings)
    assert (ended.code, sentence in ended.err) == (64, True), ended


def test_an_image_without_curl_is_refused(desk: Desk) -> None:
    for folder in PLACES["PATH"].split(":")[::-1]:
        for program in Path(folder).glob("*"):
            if program.name != "curl":
                (desk.root / "bin" / program.name).unlink(missing_ok=True)
                (desk.root / "bin" / program.name).symlink_to(program)
    ended = desk.load(PATH=str(desk.root / "bin"))
    assert ended.code == 70
    assert ended.err == "this image does not contain curl; set images.huggingface to one that does\n"


@pytest.mark.parametrize("reference", ["gpt2", "team/tiny/more", "team/", "/tiny", "team/tiny@", "team/ti ny"])
def test_a_reference_that_is_none_is_refused(desk: Desk, reference: str) -> None:
    desk.ask_for(f"tiny\t{reference}\t")
    ended = desk.load()
    assert (ended.code, len(desk.hub.seen)) == (64, 0)
    assert f"'{reference}' is not a model of a hub; use organisation/name" in ended.err


def test_an_empty_token_is_refused(desk: Desk) -> None:
    desk.token("")
    ended = desk.load()
    assert ended.code == 64
    assert "the token is empty; put a token into the Secret huggingface.existingSecret" in ended.err


# --- what moves -----------------------------------------------------------------------------------------------------


@each_shell
def test_a_moved_branch_brings_only_what_changed(desk: Desk, shell: list[str]) -> None:
    all_right(desk.load(shell=shell))
    before, old = desk.sent(), (desk.target / "tiny").resolve()
    new = FILES | {"model-00002-of-00002.safetensors": content("new", 210_000), "config.json": b'{"new": 1}'}
    del new["onnx/model.onnx"]
    desk.hub.publish(MODEL, new)
    all_right(desk.load(shell=shell))
    assert desk.holds(FILES)
    ended = all_right(desk.load(shell=shell, MODE="refresh"))
    assert "downloading 2 of 6 files, 210 KB of 813 KB" in ended.out
    assert desk.holds(new)
    assert desk.sent() - before == 210_000
    name = "model-00001-of-00002.safetensors"
    assert (desk.target / "tiny" / name).stat().st_ino == (old / name).stat().st_ino
    assert (old / "onnx/model.onnx").exists()


@each_shell
def test_a_branch_that_moves_during_an_outage_costs_no_file_twice(desk: Desk, shell: list[str]) -> None:
    desk.wire.hold = lambda path: sha256(WEIGHTS) in path
    process = desk.start(shell=shell)
    others = [name for name in FILES if FILES[name] != WEIGHTS]
    wait_for(lambda: len([*desk.target.glob(".work/*/tiny/*.part/**/*.*")]) == len(others))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    wait_for(lambda: not desk.running())
    new = {f"moved/{name}": FILES[name] for name in others} | {"weights": content("new", 300_000)}
    desk.hub.publish(MODEL, new)
    all_right(desk.load(shell=shell))
    assert desk.holds(new)
    assert desk.sent() <= LARGE - len(WEIGHTS) + 300_000 + 16 * 1024  # what a connection held that was cut
    assert {path.suffix for path in (desk.target / ".versions/tiny").iterdir()} == {"", ".files"}
    assert [path.suffix for path in (desk.target / ".work/free/tiny/work").iterdir()] == [".sums"]


def test_a_look_that_finds_nothing_new_asks_once(desk: Desk) -> None:
    all_right(desk.load())
    before = len(desk.hub.seen)
    all_right(desk.load(MODE="refresh"))
    assert [one.path for one in desk.hub.seen[before:]] == [f"/api/models/{MODEL}/revision/main"]


@each_shell
def test_a_watch_takes_up_what_moves(desk: Desk, shell: list[str]) -> None:
    process = desk.start(shell=shell, MODE="watch")
    wait_for(lambda: (desk.target / ".ready").exists())
    updated = (desk.target / ".updated").read_text()
    new = FILES | {"config.json": b'{"new": 1}'}
    desk.hub.publish(MODEL, new)
    wait_for(lambda: (desk.target / "tiny/config.json").read_bytes() == new["config.json"])
    wait_for(lambda: (desk.target / ".updated").read_text() != updated)
    assert terminated(process).code == 143
    assert desk.holds(new)
    assert desk.sent() == LARGE


def test_a_watch_that_was_refused_takes_up_what_is_allowed_later(desk: Desk) -> None:
    all_right(desk.load())
    desk.hub.repositories[MODEL].gated = True
    new = FILES | {"config.json": b'{"new": 1}'}
    desk.hub.publish(MODEL, new)
    process = desk.start(MODE="watch")
    wait_for(lambda: len(desk.hub.requests("/resolve/", "hub")) > len(FILES))
    assert desk.holds(FILES)
    desk.hub.repositories[MODEL].gated = False
    wait_for(lambda: (desk.target / "tiny/config.json").read_bytes() == new["config.json"])
    ended = terminated(process)
    assert "team/tiny is gated" in ended.err
    assert "the present models stay" in ended.out
    assert desk.holds(new)


@each_shell
def test_a_commit_is_asked_for_nowhere_once_it_is_here(desk: Desk, shell: list[str]) -> None:
    commit = desk.hub.repositories[MODEL].branches["main"]
    desk.ask_for(f"tiny\t{MODEL}@{commit}\t")
    all_right(desk.load(shell=shell))
    assert not desk.hub.requests("/revision/main")
    desk.hub.publish(MODEL, {"config.json": b"moved"})
    desk.hub.down = True
    for mode in ("once", "refresh"):
        assert all_right(desk.load(shell=shell, MODE=mode)).seconds < 5
    assert desk.holds(FILES)


def test_a_hub_that_fails_leaves_the_last_good_model(desk: Desk) -> None:
    all_right(desk.load())
    desk.hub.publish(MODEL, {"config.json": content("torn", 5000)})
    desk.hub.forge = {"config.json"}
    assert desk.load(MODE="refresh").code == 69
    desk.hub.down = True
    assert desk.load(MODE="refresh").code == 69
    assert desk.holds(FILES)
    assert "already there" in all_right(desk.load()).out


@each_shell
def test_two_loaders_at_once_bring_it_once(desk: Desk, shell: list[str]) -> None:
    desk.wire.slow = 0.01
    both = [desk.start(shell=shell), desk.start(shell=shell)]
    for process in both:
        all_right(Ended(process))
    assert desk.holds(FILES)
    assert desk.sent() == LARGE


def test_a_file_that_was_lost_is_brought_again_alone(desk: Desk) -> None:
    all_right(desk.load())
    before = desk.sent()
    (desk.target / "tiny/onnx/model.onnx").unlink()
    all_right(desk.load())
    assert desk.holds(FILES)
    assert desk.sent() - before == len(FILES["onnx/model.onnx"])


# --- ModelScope -----------------------------------------------------------------------------------------------------


@pytest.fixture
def scope(desk: Desk) -> Desk:
    desk.env["HUB"] = "modelscope"
    desk.ask_for(f"tiny\t{MODEL}\t")
    return desk


@each_shell
def test_modelscope_brings_the_same(scope: Desk, shell: list[str]) -> None:
    scope.hub.publish(MODEL, FILES, private=True)
    scope.token(TOKEN)
    all_right(scope.load(shell=shell))
    assert scope.holds(FILES)
    assert scope.sent() == LARGE
    stored = scope.hub.requests(server="storage")
    assert {(one.authorization, one.cookie) for one in stored} == {(None, None)}
    (row,) = scope.table(".models")
    assert (row[1], row[2][:7], row[3]) == (MODEL, "sha256:", str(SIZE))


@each_shell
def test_modelscope_is_looked_at_again_by_what_it_holds(scope: Desk, shell: list[str]) -> None:
    all_right(scope.load(shell=shell))
    before = scope.sent()
    new = FILES | {"tokenizer.json": content("new", 4000)}
    scope.hub.publish(MODEL, new)
    all_right(scope.load(shell=shell, MODE="refresh"))
    assert scope.holds(new)
    assert scope.sent() - before == 4000


def test_modelscope_is_pinned_by_a_commit(scope: Desk) -> None:
    commit = scope.hub.repositories[MODEL].branches["master"]
    scope.hub.publish(MODEL, {"config.json": b"moved"})
    scope.ask_for(f"tiny\t{MODEL}@{commit}\t")
    all_right(scope.load())
    assert scope.holds(FILES)
    scope.hub.down = True
    all_right(scope.load(MODE="refresh"))


@pytest.mark.parametrize(
    ("reference", "private", "token", "code", "sentence"),
    [
        (
            "team/nothing",
            False,
            None,
            66,
            "team/nothing@master does not exist, or is private; check https://www.",
        ),
        (f"{MODEL}@v9", False, None, 66, "team/tiny@v9 does not exist"),
        (MODEL, True, None, 66, "team/tiny@master does not exist"),
        (
            MODEL,
            True,
            "ms-other",
            66,
            "team/tiny@master does not exist, or the account of this token",
        ),
    ],
)
def test_modelscope_refuses_in_words(
    scope: Desk, reference: str, private: bool, token: str | None, code: int, sentence: str
) -> None:
    scope.hub.publish(MODEL, FILES, private=private)
    if token:
        scope.token(token)
    scope.ask_for(f"tiny\t{reference}\t")
    ended = scope.load()
    assert ended.code == code
    assert ended.err.startswith(sentence)
    assert "(HTTP 40" in ended.err


# --- certificates ---------------------------------------------------------------------------------------------------


@pytest.fixture
def secure() -> Iterator[Desk]:
    """The same, by TLS with a certificate that only those believe who have been given it."""
    with tempfile.TemporaryDirectory() as folder:
        pair = Path(folder) / "pair.pem"
        command = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=hub -addext subjectAltName=IP:127.0.0.1"
        openssl = shutil.which("openssl")
        assert openssl, "openssl is not on PATH: install it, a certificate is made with it"
        made = [openssl, *command.split(), "-keyout", f"{folder}/key", "-out", f"{folder}/certificate"]
        subprocess.run(made, check=True, capture_output=True)
        pair.write_bytes(Path(f"{folder}/key").read_bytes() + Path(f"{folder}/certificate").read_bytes())
        with hub(pair) as served, wire(served.storage.removeprefix("https://")) as line:
            served.publish(MODEL, FILES)
            desk = Desk(Path(folder) / "world", served, line)
            desk.env["PLAIN_HTTP"] = "false"
            yield desk


def believe(desk: Desk) -> None:
    (desk.root / "ca").mkdir()
    shutil.copy(desk.root.parent / "certificate", desk.root / "ca/ca.crt")


def test_a_certificate_that_nobody_vouches_for_is_refused(secure: Desk) -> None:
    ended = secure.load()
    assert ended.code == 65
    assert ended.err.startswith(f"the certificate of {secure.hub.url}, or of a server that it")
    believe(secure)
    all_right(secure.load())
    assert secure.holds(FILES)


def test_a_hub_that_sends_on_to_plain_http_is_refused(secure: Desk) -> None:
    believe(secure)
    secure.hub.storage = f"http://{secure.wire.host}"
    ended = secure.load()
    assert ended.code == 65
    assert ended.err.startswith(f"{secure.hub.url} redirects to plain HTTP, which others on the network")
    assert secure.wire.passed == []


def test_plain_http_behind_an_address_of_tls_is_told(desk: Desk) -> None:
    ended = desk.load(ENDPOINT=desk.hub.url.replace("http:", "https:"), PLAIN_HTTP="false")
    assert ended.code == 65
    assert "uses plain HTTP; use http:// in huggingface.endpoint and set huggingface.plainHttp: true" in ended.err


# --- JSON -----------------------------------------------------------------------------------------------------------

READER = FRAGMENTS / "source/huggingface/files/json.awk"
AWKS = [words for words in (["mawk"], ["gawk", "--posix"], ["busybox", "awk"], ["awk"]) if shutil.which(words[0])]


def read(awk: list[str], text: str) -> subprocess.CompletedProcess[str]:
    env = PLACES | {"LC_ALL": "C"}
    return subprocess.run([*awk, "-f", READER], input=text, env=env, capture_output=True, text=True, encoding="utf-8")


def lines_of(value: object, path: str = "") -> Iterator[str]:
    """What the reader has to print, from Python's own reading."""
    if isinstance(value, (dict, list)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from lines_of(inner, f"{path}/{key}")
    else:
        yield f"{path[1:]}\t{value if isinstance(value, str) else json.dumps(value)}"


@pytest.mark.parametrize("awk", AWKS, ids=lambda awk: awk[0])
@pytest.mark.parametrize(
    "value",
    [
        {"sha": "abc", "empty": "", "number": -1.5, "none": None, "yes": True, "object": {}, "list": []},
        {"nested": [[1, 2], [{"a": [{"b": "c"}]}, "d"], []], "after": [{}, {"e": 3}]},
        {"text": 'quotes " and {[,:]} and /', "Größe": "ü 你好 😀", "a&b": "<é>"},
        {"files": [{"name": f"model-{number}.safetensors", "size": number} for number in range(300)]},
    ],
)
@pytest.mark.parametrize("style", [{}, {"indent": 2}, {"ensure_ascii": False}, {"separators": (",", ":")}])
def test_json_is_read_as_it_is(awk: list[str], value: object, style: dict[str, object]) -> None:
    done = read(awk, json.dumps(value, **style))  # type: ignore[arg-type]
    assert done.returncode == 0
    assert done.stdout.splitlines() == list(lines_of(value))


@pytest.mark.parametrize("awk", AWKS, ids=lambda awk: awk[0])
def test_line_breaks_in_json_break_no_line(awk: list[str]) -> None:
    assert read(awk, json.dumps(["a\nb\tc\\d\x01"])).stdout == "0\ta\\nb\\tc\\\\d\\u0001\n"


@pytest.mark.parametrize("awk", AWKS, ids=lambda awk: awk[0])
@pytest.mark.parametrize("text", ["", '{"a": 1', '{"a": "b', "<html>", '["a", {"b": 2]'])
def test_json_that_is_not_whole_is_told(awk: list[str], text: str) -> None:
    assert read(awk, text).returncode == 1
