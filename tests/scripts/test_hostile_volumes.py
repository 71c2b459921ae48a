"""What an adversary, a crash of the machine or a lying server once did to the loaders, in real shells."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import registry as registries
from scripts.harbour import Harbour, weights
from scripts.hub import TOKEN, hub, sha256
from scripts.modelkits import Part
from scripts.test_directory_script import Shelf
from scripts.test_huggingface_script import AWKS, FILES, MODEL, READER, WEIGHTS, Desk
from scripts.wire import wire
from scripts.workshop import PLACES, SCRIPTS, Ended, World, all_right, content, each_shell, terminated, wait_for

pytestmark = pytest.mark.slow

SECRET = "the-content-of-another-file"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    made = Shelf(tmp_path / "world")
    made.put("bert:v1", "sha256:one", config="small", weights="1" * 5000)
    made.ask_for("bert\tbert:v1\t")
    return made


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with hub() as served, wire(served.storage.removeprefix("http://")) as line:
        served.storage = f"http://{line.host}"
        served.publish(MODEL, FILES)
        yield Desk(tmp_path / "world", served, line)


@pytest.fixture
def harbour(tmp_path: Path) -> Iterator[Harbour]:
    with registries.registry(authentication=True) as server, wire(server.host) as line:
        made = Harbour(tmp_path / "world", server, line)
        made.ask_for(bert="ml/bert:v1")
        yield made


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path / "world")
    made.publish("tiny:1b")
    made.ask_for("tiny:1b")
    return made


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(SECRET)
    return path


def texts(folder: Path) -> str:
    return "".join(path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file())


# --- complete means every file that was requested -------------------------------------------------------------------


# busybox runs its own mkdir.
@pytest.mark.parametrize("shell", [["dash"], ["bash", "--posix"]], ids=["dash", "bash"])
def test_a_helper_that_cannot_take_its_turn_makes_no_model_ready(desk: Desk, shell: list[str]) -> None:
    mkdir = subprocess.run(["which", "mkdir"], capture_output=True, text=True, check=True).stdout.strip()
    desk.program("mkdir", f'case "$*" in */claims/*-*) exit 1 ;; esac; exec {mkdir} "$@"')
    ended = desk.load(shell=shell)
    assert ended.code != 0
    assert not (desk.target / ".ready").exists()
    assert not (desk.target / "tiny").exists()


@pytest.mark.parametrize("name", ["blobId", "sha256"])
@pytest.mark.parametrize("value", ["a/b", "", "zz", "0" * 63, "../../x"])
def test_a_sum_of_another_form_is_refused(desk: Desk, name: str, value: str) -> None:
    old = r"[0-9a-f]\{40\}" if name == "blobId" else r"[0-9a-f]\{64\}"
    curl = subprocess.run(["which", "curl"], capture_output=True, text=True, check=True).stdout.strip()
    replaced = value.replace("/", "\\/")
    desk.program(
        "curl",
        f'{curl} "$@"; code=$?; for json in "$TMPDIR"/*/of.tiny/json; do'
        f' if [ -e "$json" ]; then sed -i \'s/"{name}": "{old}"/"{name}": "{replaced}"/g\' "$json"; fi; done;'
        " exit $code",
    )
    ended = desk.load()
    assert ended.code == 70
    assert "does not return the size and the checksum of" in ended.err
    assert not (desk.target / ".ready").exists()


def test_a_source_that_leaves_a_file_out_is_not_believed(shelf: Shelf) -> None:
    script = shelf.root / "scripts/shelf.sh"
    script.write_text(script.read_text().replace("if cmp -s", 'if [ "$name" = ./weights ] || cmp -s'))
    ended = shelf.load()
    assert ended.code == 69
    assert "weights is missing or not as listed" in ended.err
    assert not (shelf.target / ".ready").exists()


@each_shell
def test_a_folder_that_leads_elsewhere_is_not_what_was_brought(shelf: Shelf, shell: list[str], tmp_path: Path) -> None:
    all_right(shelf.load(shell=shell))
    version = os.readlink(shelf.target / "bert").rsplit("/", 1)[1]
    (tmp_path / "other" / version).mkdir(parents=True)
    (shelf.target / "bert").unlink()
    (shelf.target / "bert").symlink_to(tmp_path / "other" / version)
    all_right(shelf.load(shell=shell))
    assert (shelf.target / "bert/config").read_text() == "small"


# --- what a crash of the machine leaves -----------------------------------------------------------------------------


@each_shell
def test_a_file_that_a_crash_filled_with_zeros_is_downloaded_again(desk: Desk, shell: list[str]) -> None:
    desk.wire.hold = lambda path: sha256(WEIGHTS) in path
    process = desk.start(shell=shell)
    wait_for(lambda: len(list(desk.target.glob(".work/*/tiny/*.part/*.json"))) > 0)
    os.killpg(process.pid, 9)
    process.communicate()
    wait_for(lambda: not desk.running())
    desk.wire.hold = None
    for path in desk.target.glob(".work/*/tiny/*.part/**/*"):
        if path.is_file():
            path.write_bytes(bytes(path.stat().st_size))
    all_right(desk.load(shell=shell))
    assert desk.holds(FILES)


def test_what_is_published_was_written_to_the_disk_before_its_rename(desk: Desk) -> None:
    for program in ("sync", "mv"):
        real = subprocess.run(["which", program], capture_output=True, text=True, check=True).stdout.strip()
        desk.program(program, f'echo {program} "$@" >>{desk.root}/order; exec {real} "$@"')
    all_right(desk.load())
    order = (desk.root / "order").read_text().splitlines()
    finished = next(n for n, line in enumerate(order) if re.search(r"^mv -T .*\.part ", line))
    assert any(re.search(r"^sync -f .*\.part$", line) for line in order[:finished])
    ready = next(n for n, line in enumerate(order) if line.endswith("/.ready"))
    assert order[ready].split()[2] in order[ready - 1]  # the sync of the same new file


# --- links on a shared volume ---------------------------------------------------------------------------------------

MARKERS = [".ready", ".models", ".digest", ".updated", ".last_sync", ".doing", ".ready.new"]


@each_shell
@pytest.mark.parametrize("marker", MARKERS)
def test_a_link_in_place_of_a_marker_is_neither_read_nor_written(
    shelf: Shelf, secret: Path, shell: list[str], marker: str
) -> None:
    (shelf.target / marker).symlink_to(secret)
    ended = all_right(shelf.load(shell=shell))
    assert secret.read_text() == SECRET
    (shelf.target / ".ready.new").unlink(missing_ok=True)
    assert SECRET not in texts(shelf.target) + ended.out + ended.err


def test_a_waiting_pod_does_not_print_what_a_link_leads_to(shelf: Shelf, secret: Path) -> None:
    for marker in (".doing", ".ready", ".models"):
        (shelf.target / marker).symlink_to(secret)
    command = ["sh", str(shelf.root / "scripts/wait.sh"), "now"]
    done = subprocess.run(command, env=shelf.env, capture_output=True, text=True)
    assert done.returncode == 1
    assert SECRET not in done.stdout + done.stderr


@pytest.mark.parametrize("folder", [".versions", ".work", ".versions/bert", "deep"])
def test_a_link_in_place_of_a_folder_is_refused(shelf: Shelf, tmp_path: Path, folder: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (shelf.target / folder).parent.mkdir(exist_ok=True)
    (shelf.target / folder).symlink_to(tmp_path / "elsewhere")
    shelf.ask_for("deep/bert\tbert:v1\t" if folder == "deep" else "bert\tbert:v1\t")
    ended = shelf.load()
    assert ended.code == 77
    assert f"{shelf.target / folder} is a link, which the loader does not follow on a volume; remove it" in ended.err
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_the_words_of_another_loader_are_printed_in_plain_characters(shelf: Shelf) -> None:
    (shelf.target / ".doing").write_bytes(b"\x1b[2Jdone \xff\xfe\x00 90%\nsecond line\n")
    command = ["sh", str(shelf.root / "scripts/wait.sh"), "now"]
    done = subprocess.run(command, env=shelf.env, capture_output=True)
    assert done.stderr == b"the models are not there yet: [2Jdone  90%\n"


def test_a_pipe_in_place_of_a_marker_blocks_no_one(shelf: Shelf) -> None:
    for marker in MARKERS:
        os.mkfifo(shelf.target / marker)
    all_right(shelf.load())


def test_links_among_unfinished_files_are_removed(desk: Desk, secret: Path) -> None:
    desk.wire.hold = lambda path: True
    process = desk.start()
    wait_for(lambda: bool(list(desk.target.glob(".work/*/tiny/*.part"))))
    time.sleep(0.3)
    os.killpg(process.pid, 9)
    process.communicate()
    wait_for(lambda: not desk.running())
    desk.wire.hold = None
    (part,) = desk.target.glob(".work/*/tiny/*.part")
    for place in [part / "onnx", part / "config.json", *desk.target.glob(".work/*/tiny/work/sha256-*")]:
        if place.is_dir():
            continue
        place.unlink(missing_ok=True)
        place.symlink_to(secret)
    all_right(desk.load())
    assert desk.holds(FILES)
    assert secret.read_text() == SECRET


@each_shell
@pytest.mark.parametrize("marker", [marker for marker in MARKERS if marker != ".ready.new"])
def test_a_folder_in_place_of_a_marker_is_named_unless_it_is_empty(shelf: Shelf, shell: list[str], marker: str) -> None:
    (shelf.target / marker).mkdir()
    (shelf.target / marker / "notes").write_text("of a person")
    ended = shelf.load(shell=shell)
    assert (ended.code, ended.err.strip()) == (
        77,
        f"{shelf.target / marker} is a folder, and the loader needs to write a file there; remove it",
    )
    assert (shelf.target / marker / "notes").read_text() == "of a person"
    (shelf.target / marker / "notes").unlink()
    all_right(shelf.load(shell=shell))


@each_shell
@pytest.mark.parametrize("folder", [".versions", ".work", ".versions/bert"])
def test_a_pipe_in_place_of_a_folder_is_replaced_and_a_file_is_named(
    shelf: Shelf, shell: list[str], folder: str
) -> None:
    place = shelf.target / folder
    place.parent.mkdir(exist_ok=True)
    place.write_text("of a person")
    ended = shelf.load(shell=shell)
    assert (ended.code, ended.err.strip()) == (
        77,
        f"{place} is not a folder, and the loader needs one there; remove it",
    )
    place.unlink()
    os.mkfifo(place)
    all_right(shelf.load(shell=shell))


@pytest.mark.parametrize("name", ["blobs", "manifests"])
def test_a_link_in_place_of_ollamas_folders_is_refused(world: World, tmp_path: Path, name: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (world.store / name).symlink_to(tmp_path / "elsewhere")
    ended = world.load()
    assert (ended.code, "is a link, which the loader does not follow" in ended.err) == (77, True)


def test_an_index_that_names_other_places_removes_nothing_there(shelf: Shelf, tmp_path: Path) -> None:
    (shelf.target / ".models").write_text("../precious\tx\ty\t1\tz\t\n.versions\tx\ty\t1\tz\t\na/../..\tx\ty\t1\tz\t\n")
    precious = shelf.target.parent / "precious"
    precious.write_text("kept")
    all_right(shelf.load(PRUNE="true"))
    assert precious.read_text() == "kept"
    assert (shelf.target / "bert/config").exists()


# --- limits on what comes from outside ------------------------------------------------------------------------------


class Endless:
    """A server that sends what `answer` says, and then `piece` for ever, every `pause` seconds."""

    def __init__(self, answer: bytes, piece: bytes, pause: float) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.answer, self.piece, self.pause, self.sent = answer, piece, pause, 0
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            client, _ = self.socket.accept()
            threading.Thread(target=self.feed, args=(client,), daemon=True).start()

    def feed(self, client: socket.socket) -> None:
        try:
            client.recv(65536)
            client.sendall(self.answer)
            while True:
                client.sendall(self.piece)
                self.sent += len(self.piece)
                time.sleep(self.pause)
        except OSError:
            client.close()


@each_shell
def test_a_file_without_end_is_stopped_at_its_listed_size(desk: Desk, shell: list[str]) -> None:
    endless = Endless(b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-599999/*\r\n\r\n", b"x" * 65536, 0)
    desk.hub.storage = endless.url
    ended = desk.load(shell=shell, RETRIES="2")
    assert ended.code == 69
    size = sum(path.stat().st_size for path in desk.target.rglob("*") if path.is_file())
    assert size < 2_000_000
    assert not (desk.target / ".ready").exists()


@each_shell
@pytest.mark.parametrize("parts", [1, 40], ids=["one-file", "many-files"])
def test_a_modelkit_that_is_much_larger_than_its_layers_is_stopped(
    harbour: Harbour, shell: list[str], parts: int
) -> None:
    zeros = bytes(30_000_000 // parts)
    harbour.ask_for(bert="ml/bomb:v1")
    harbour.push(
        "ml/bomb:v1",
        *[Part("datasets", f"data/{number}", zeros, f"zeros{number}", compressed=True) for number in range(parts)],
    )
    ended = harbour.load(shell=shell, SPARE="1000000", KIT_PACE="0.002")
    assert ended.code == 66, ended
    assert re.search(
        "ml/bomb:v1: it is larger than [0-9.]+ MB when it is unpacked, which is more than 10 times its layers",
        ended.err,
    ), ended
    sizes = [path.stat().st_size for path in harbour.target.rglob("*") if path.is_file()]
    assert sum(sizes) < 5_000_000
    assert not (harbour.target / ".ready").exists()
    all_right(harbour.load(shell=shell, SPARE="1000000", EXPANSION="1000", KIT_PACE=""))


@each_shell
@pytest.mark.parametrize("pace", ["0.02", ""], ids=["while-it-unpacks", "after-it-unpacked"])
def test_a_modelkit_with_more_files_than_are_allowed_is_stopped(harbour: Harbour, shell: list[str], pace: str) -> None:
    """Files without content use up a volume's inodes and no bytes."""
    harbour.ask_for(bert="ml/crumbs:v1")
    harbour.push("ml/crumbs:v1", *[Part("datasets", f"data/{n}", b"", f"none{n}") for n in range(60)])
    ended = harbour.load(shell=shell, MOST_FILES="30", KIT_PACE=pace)
    assert ended.code == 66, ended
    assert "ml/crumbs:v1: it has more than 30 files and directories" in ended.err
    assert "increase modelkit.maxFiles" in ended.err
    assert len([path for path in harbour.target.rglob("*") if path.parent.name == "data"]) == 0
    assert not (harbour.target / ".ready").exists()
    all_right(harbour.load(shell=shell, MOST_FILES="70", KIT_PACE=""))


@each_shell
def test_a_list_without_end_is_stopped(desk: Desk, shell: list[str]) -> None:
    endless = Endless(b'HTTP/1.1 200 OK\r\n\r\n{"siblings": [', b"1," * 32768, 0)
    ended = desk.load(shell=shell, ENDPOINT=endless.url, LISTING="1000000", RETRIES="1")
    assert (ended.code, "is larger than 1.0 MB" in ended.err) == (69, True), ended


@each_shell
def test_a_server_that_sends_a_byte_now_and_then_is_given_up(desk: Desk, shell: list[str]) -> None:
    desk.hub.storage = Endless(b"HTTP/1.1 206 Partial Content\r\nContent-Length: 600000\r\n\r\n", b"x", 0.2).url
    ended = desk.load(shell=shell, STALL="2", RETRIES="1")
    assert (ended.code, "1000 bytes/sec" in ended.err) == (69, True), ended


@pytest.mark.parametrize("awk", AWKS, ids=lambda awk: awk[0])
@pytest.mark.parametrize(
    "text",
    [
        '["' + "\\\\" * 100_000 + '"]',
        '["' + '\\"' * 100_000 + '"]',
        "[" * 200_000,
        f"[{'1' * 200_000}]",
        f"[{'1,' * 9999}1]",
    ],
    ids=["backslashes", "quotes", "brackets", "digits", "numbers"],
)
def test_json_that_is_made_to_take_long_takes_no_time(awk: list[str], text: str) -> None:
    began = time.monotonic()
    subprocess.run([*awk, "-f", READER], input=text, env=PLACES | {"LC_ALL": "C"}, capture_output=True, text=True)
    assert time.monotonic() - began < 10


# --- text of others in awk ------------------------------------------------------------------------------------------


@each_shell
def test_a_filter_with_a_backslash_is_ready(desk: Desk, shell: list[str]) -> None:
    desk.ask_for(f"tiny\t{MODEL}@main\t\\config.json !\\\\n")
    all_right(desk.load(shell=shell))
    assert "already there" in all_right(desk.load(shell=shell)).out


def test_no_script_passes_text_to_awk_as_an_assignment() -> None:
    """awk interprets backslashes in the value of -v; the environment is passed as it is."""
    assert [
        f"{path.name}: {line}"
        for path in SCRIPTS
        for line in path.read_text().splitlines()
        if re.search(r"awk\b[^|;]* -v", line)
    ] == []


# --- locks, and programs that do not end ----------------------------------------------------------------------------


@each_shell
@pytest.mark.parametrize("name", [".nfs000001", "a name with blanks", "-rf"])
def test_a_lock_with_a_strange_file_is_taken_over(shelf: Shelf, shell: list[str], name: str) -> None:
    (shelf.target / ".lock").mkdir()
    (shelf.target / ".lock" / name).touch()
    all_right(shelf.load(shell=shell))


@each_shell
def test_a_lock_that_is_a_file_is_refused(shelf: Shelf, shell: list[str]) -> None:
    (shelf.target / ".lock").touch()
    ended = shelf.load(shell=shell)
    assert (ended.code, "is not a directory, so it cannot be a lock; remove it" in ended.err) == (77, True)


@each_shell
@pytest.mark.parametrize("name", ["free", "pod.1.1.abcdef"])
def test_a_link_in_place_of_the_folder_of_another_loader_is_removed(
    shelf: Shelf, tmp_path: Path, shell: list[str], name: str
) -> None:
    elsewhere = tmp_path / "elsewhere/bert/work"
    elsewhere.mkdir(parents=True)
    (elsewhere / "file").write_text(SECRET)
    (shelf.target / ".work").mkdir()
    (shelf.target / ".work" / name).symlink_to(tmp_path / "elsewhere")
    all_right(shelf.load(shell=shell))
    assert (elsewhere / "file").read_text() == SECRET
    assert SECRET not in texts(shelf.target)


# --- a loader that was suspended ------------------------------------------------------------------------------------


def partial(desk: Desk) -> Path | None:
    """The file of a loader that is at work, with a part of the weights in it."""
    for path in desk.target.glob(f".work/*/tiny/work/sha256-{sha256(WEIGHTS)}"):
        if 0 < path.stat().st_size < len(WEIGHTS):
            return path
    return None


def published(desk: Desk) -> list[str]:
    """All but unfinished files: a loader that is about to be stopped can create some in its own folder."""
    paths = [path.relative_to(desk.target) for path in desk.target.rglob("*")]
    return sorted(str(path) for path in paths if path.parts[0] != ".work")


@each_shell
@pytest.mark.parametrize("resumed", [False, True], ids=["new", "resumed"])
def test_a_loader_that_was_suspended_cannot_write_to_what_another_has_published(
    desk: Desk, shell: list[str], resumed: bool
) -> None:
    desk.wire.slow = 0.15
    if resumed:
        first = desk.start(shell=shell)
        wait_for(lambda: partial(desk))
        assert terminated(first).code == 143
    process = desk.start(shell=shell, LOCK_BEAT="5", LOCK_STALE="60")
    wait_for(lambda: partial(desk) and not (desk.target / ".work/free").exists())
    time.sleep(0.5)
    at_first = partial(desk)
    assert at_first
    opened = at_first.stat().st_ino
    os.killpg(process.pid, signal.SIGSTOP)
    desk.wire.slow = 0
    try:
        ended = Ended(desk.start(shell=shell, LOCK_STALE="1"), timeout=40)
        assert (ended.code, desk.holds(FILES)) == (0, True), ended
        assert opened not in {path.stat().st_ino for path in (desk.target / "tiny").resolve().rglob("*")}
        before = published(desk)
    finally:
        os.killpg(process.pid, signal.SIGCONT)
    suspended = Ended(process)
    assert (suspended.code, "another loader has taken over the lock" in suspended.err) == (143, True), suspended
    wait_for(lambda: not desk.running())
    assert desk.holds(FILES)
    assert (desk.target / ".ready").exists()
    assert published(desk) == before


@each_shell
def test_partial_blobs_of_ollama_are_copied_after_a_loader_that_was_suspended(world: World, shell: list[str]) -> None:
    weights = world.publish("tiny:1b", 400_000)[0]
    world.fault("hang-at", 100_000)
    process = world.start("load.sh", shell=shell, LOCK_BEAT="5", LOCK_STALE="60")
    begun = world.blob(weights).with_name(f"{world.blob(weights).name}-partial")
    wait_for(begun.exists)
    time.sleep(0.5)
    opened = begun.stat().st_ino
    os.killpg(process.pid, signal.SIGSTOP)
    world.mend("hang-at")
    try:
        all_right(Ended(world.start("load.sh", shell=shell, LOCK_STALE="1"), timeout=40))
        assert (world.blob(weights).read_bytes() == weights, world.blob(weights).stat().st_ino != opened) == (
            True,
            True,
        )
    finally:
        os.killpg(process.pid, signal.SIGCONT)
    assert Ended(process).code == 143
    assert world.blob(weights).read_bytes() == weights
    assert world.blob(weights).stat().st_mode & 0o777 == 0o644


@each_shell
def test_partial_layers_of_kit_are_copied_after_a_loader_that_was_suspended(harbour: Harbour, shell: list[str]) -> None:
    part = Part("model", "weights.bin", content("kit", 600_000), "weights")
    harbour.push("ml/bert:v1", part)
    harbour.wire.rest = 200_000
    process = harbour.start(shell=shell, LOCK_BEAT="60", LOCK_STALE="600", STALL="600")

    def begun() -> list[Path]:
        partials = harbour.target.glob(".work/*/bert/work/kit/storage/ingest/*")
        return [path for path in partials if path.stat().st_size]

    wait_for(begun, 60)
    (partial,) = begun()
    opened = partial.stat().st_ino
    os.killpg(process.pid, signal.SIGSTOP)
    harbour.wire.rest = 0
    try:
        all_right(Ended(harbour.start(shell=shell, LOCK_STALE="1"), timeout=120))
        inodes = {path.stat().st_ino for path in harbour.target.rglob("*")}
        assert opened not in inodes
    finally:
        os.killpg(process.pid, signal.SIGCONT)
    assert Ended(process, timeout=120).code == 143
    assert (harbour.target / "bert/weights.bin").read_bytes() == part.data


@each_shell
def test_unfinished_files_are_copied_only_if_their_loader_did_not_end_by_itself(desk: Desk, shell: list[str]) -> None:
    desk.wire.slow = 0.15
    inodes, owners = [], []
    for how in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL, signal.SIGTERM):
        process = desk.start(shell=shell, LOCK_STALE="1")
        wait_for(lambda: (left := partial(desk)) and left.parts[-4] not in {"free", *owners})
        time.sleep(0.2)
        left = partial(desk)
        assert left
        owners.append(left.parts[-4])
        inodes.append((left.stat().st_ino, left.stat().st_size))
        os.killpg(process.pid, how)
        process.communicate()
        wait_for(lambda: not desk.running())
    assert inodes[0][0] == inodes[1][0] == inodes[2][0] != inodes[3][0]
    assert [size for _, size in inodes] == sorted(size for _, size in inodes)  # nothing was lost
    desk.wire.slow = 0
    all_right(desk.load(shell=shell, LOCK_STALE="1"))
    assert desk.holds(FILES)
    assert [path.name for path in (desk.target / ".work").iterdir()] == ["free"]


class Clock:
    """The time of day, which can be set; without /proc/uptime, the scripts have no other clock."""

    def __init__(self, shelf: Shelf, alone: bool) -> None:
        self.offset = shelf.root / "offset"
        self.set(0)
        (shelf.root / "bin").mkdir()
        date = shelf.root / "bin/date"
        real = shutil.which("date")
        date.write_text(
            f'#!/bin/sh\ncase "$*" in +%s) echo $(($({real} +%s) + $(cat {self.offset}))) ;;'
            f' *) exec {real} "$@" ;; esac\n'
        )
        date.chmod(0o755)
        shelf.env["PATH"] = f"{shelf.root}/bin:{shelf.env['PATH']}"
        if alone:
            script = shelf.root / "scripts/loader.sh"
            text = script.read_text()
            assert "/proc/uptime" in text
            script.write_text(text.replace("/proc/uptime", "/proc/no-uptime"))

    def set(self, seconds: int) -> None:
        self.offset.write_text(str(seconds))


@each_shell
@pytest.mark.parametrize("alone", [False, True], ids=["uptime", "time-of-day"])
def test_a_clock_that_is_set_back_makes_nobody_wait_for_a_dead_loader(
    shelf: Shelf, shell: list[str], alone: bool
) -> None:
    clock = Clock(shelf, alone)
    (shelf.target / ".lock").mkdir()
    (shelf.target / ".lock/dead.1.1").touch()
    process = shelf.start(shell=shell, LOCK_STALE="2")
    time.sleep(1)
    clock.set(-3600)
    all_right(Ended(process))


@each_shell
@pytest.mark.parametrize("alone", [False, True], ids=["uptime", "time-of-day"])
def test_a_clock_that_is_set_back_keeps_no_stalled_program_alive(shelf: Shelf, shell: list[str], alone: bool) -> None:
    clock = Clock(shelf, alone)
    shelf.fault("stall")
    process = shelf.start(shell=shell, STALL="2", RETRIES="1", GRACE="2")
    time.sleep(1)
    clock.set(-3600)
    ended = Ended(process)
    assert (ended.code, "no progress for 2 seconds" in ended.err) == (69, True), ended


def test_only_the_functions_for_it_read_the_clock() -> None:
    """Differences of `date +%s` are wrong when the clock is set; `now` and `passed` are not."""
    readers = [
        f"{path.name}: {line.strip()}"
        for path in SCRIPTS
        for line in path.read_text().splitlines()
        if "date +%s" in line and "/proc/uptime" not in line and not line.startswith("me=")
    ]
    assert readers == []


@each_shell
def test_a_program_that_ignores_sigterm_is_killed(harbour: Harbour, shell: list[str]) -> None:
    harbour.program("kit", f"trap '' TERM HUP INT\necho $$ >>{harbour.root}/pids\nwhile :; do sleep 0.1; done")
    process = harbour.start(shell=shell, GRACE="3")
    wait_for(lambda: (harbour.root / "pids").exists())
    ended = terminated(process)
    assert (ended.code, ended.seconds < 10) == (143, True), ended
    pid = int((harbour.root / "pids").read_text().split()[0])
    wait_for(lambda: not Path(f"/proc/{pid}").exists())


def test_a_stalled_program_that_ignores_sigterm_is_killed(harbour: Harbour) -> None:
    harbour.program("kit", "trap '' TERM HUP INT\nwhile :; do sleep 0.1; done")
    ended = harbour.load(STALL="1", RETRIES="1", GRACE="3")
    assert (ended.code, "no progress for 1 seconds" in ended.err) == (69, True), ended


# --- a signature is part of ready -----------------------------------------------------------------------------------


def test_a_signature_that_is_required_later_is_verified(harbour: Harbour, tmp_path: Path) -> None:
    harbour.push("ml/bert:v1", weights("one"))
    all_right(harbour.load())
    ready = (harbour.target / ".ready").read_text()
    harbour.program(
        "cosign",
        f'echo "$*" >>{harbour.root}/cosigned; [ -e {harbour.root}/signed ] || {{'
        ' echo "Error: no signatures found" >&2; exit 10; }',
    )
    (harbour.root / "cosign.pub").write_text("a key")
    (harbour.root / "terms").write_text('{"key":"cosign.pub"}')
    signed = {"COSIGN_KEY": str(harbour.root / "cosign.pub")}
    ended = harbour.load(**signed)
    assert (ended.code, "has no signature" in ended.err) == (65, True), ended
    assert (harbour.target / ".ready").read_text() == ready
    (harbour.root / "signed").touch()
    all_right(harbour.load(**signed))
    assert len((harbour.target / ".ready").read_text().splitlines()) == 2
    calls = len((harbour.root / "cosigned").read_text().splitlines())
    assert "already there" in all_right(harbour.load(**signed)).out
    (harbour.root / "cosign.pub").write_text("another key")
    all_right(harbour.load(**signed))
    assert len((harbour.root / "cosigned").read_text().splitlines()) > calls


# --- credentials ----------------------------------------------------------------------------------------------------


def test_a_hub_that_sends_the_token_back_does_not_get_it_into_the_log(desk: Desk) -> None:
    desk.token(TOKEN)
    desk.hub.known = set()
    desk.hub.echo = True
    ended = desk.load()
    assert ended.code == 65
    assert TOKEN not in ended.out + ended.err
    assert "contains a credential is not shown" in ended.err


# --- errors name their cause ----------------------------------------------------------------------------------------


def test_a_name_that_is_too_long_is_not_a_full_disk(desk: Desk) -> None:
    desk.hub.publish(MODEL, {"a" * 256: b"x"})
    ended = desk.load()
    assert (ended.code, "returns a file with an invalid name" in ended.err) == (70, True), ended


def test_a_full_scratch_is_not_a_full_volume(desk: Desk) -> None:
    place = desk.root / "tmp"
    command = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=1777", "tmpfs", str(place)]
    if os.getuid() or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        desk.hub.publish(MODEL, {f"file-{number}": b"%d" % number for number in range(900)})
        ended = desk.load(RETRIES="1")
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
    assert ended.code == 74
    assert "scratch space of the pod" in ended.err
    assert "modelCache.size" not in ended.err
