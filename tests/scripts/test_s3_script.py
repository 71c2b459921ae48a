"""The script that brings models from an S3-compatible store, in real shells with the real curl."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scripts.store import KEY, REGION, SECRET, Store, signature_of, store
from scripts.test_huggingface_script import AWKS, Desk
from scripts.wire import Wire, wire
from scripts.workshop import FRAGMENTS, PLACES, Ended, all_right, content, each_shell, terminated, wait_for

pytestmark = pytest.mark.slow

BUCKET, FOLDER = "blobs", "team/tiny/"  # the wire takes what lies below /blobs/ for large files
WEIGHTS = content("weights", 600_000)
FILES = {
    "config.json": b'{"architectures": ["Tiny"]}',
    "model-00001-of-00002.safetensors": WEIGHTS,
    "model-00002-of-00002.safetensors": content("more", 200_000),
    "onnx/model.onnx": content("onnx", 50_000),
    "docs/a b&c+[d] <'ü'>=%41~.md": b"a name that has to be written otherwise in a URL\n",
    "empty.txt": b"",
}
SIZE = sum(map(len, FILES.values()))


class Counter(Desk):
    """A store with a wire before it, and a target for models."""

    scripts = "source/s3/files"

    def __init__(self, root: Path, served: Store, line: Wire) -> None:
        super().__init__(root, served, line)  # type: ignore[arg-type]
        self.store = served
        self.env |= {
            "ENDPOINT": f"http://{line.host}",
            "REGION": REGION,
            "KEY_DIR": str(root / "credentials"),
        }
        self.ask_for(f"tiny\t{BUCKET}/team/tiny\t")
        self.key(KEY, SECRET)

    def key(self, access: str, secret: str) -> None:
        (self.root / "credentials/id").write_text(access)
        (self.root / "credentials/secret").write_text(secret)

    def sent(self) -> int:
        return self.wire.sent(f"/{BUCKET}/")

    def gets(self, name: str) -> list[str | None]:
        """The ranges that were asked for of a file."""
        return [one.range for one in self.store.seen if one.method == "GET" and one.path.endswith(name)]


@pytest.fixture
def counter() -> Iterator[Counter]:
    with tempfile.TemporaryDirectory() as folder, store() as served, wire(served.url.removeprefix("http://")) as line:
        served.put(BUCKET, FOLDER, FILES)
        served.put(BUCKET, "team/tiny-but-another/", {"config.json": b"{}"})
        yield Counter(Path(folder) / "world", served, line)


# --- the usual way --------------------------------------------------------------------------------------------------


@each_shell
def test_a_folder_of_a_bucket_is_brought_whole(counter: Counter, shell: list[str]) -> None:
    ended = all_right(counter.load(shell=shell))
    assert counter.holds(FILES)
    assert counter.sent() == SIZE
    assert "downloading 6 of 6 files, 850 KB of 850 KB" in ended.out
    (row,) = counter.table(".models")
    assert (row[:2], row[2][:7], row[3]) == (["tiny", f"{BUCKET}/team/tiny"], "sha256:", str(SIZE))
    assert counter.left_over() == []


@each_shell
def test_the_access_key_signs_and_is_seen_nowhere(counter: Counter, shell: list[str]) -> None:
    counter.program("curl", f'echo "$@" >>{counter.root}/arguments; exec {shutil.which("curl")} "$@"')
    ended = all_right(counter.load(shell=shell))
    assert all(one.authorization and SECRET not in one.authorization for one in counter.store.seen)
    for text in (ended.out, ended.err, (counter.root / "arguments").read_text()):
        assert KEY not in text
        assert SECRET not in text


@each_shell
def test_a_session_token_is_sent_signed_and_seen_nowhere(counter: Counter, shell: list[str]) -> None:
    counter.store.token = token = 'FwoGZXIv/token+"with\\odd=='
    (counter.root / "credentials/token").write_text(f"{token}\n")
    counter.program("curl", f'echo "$@" >>{counter.root}/arguments; exec {shutil.which("curl")} "$@"')
    ended = all_right(counter.load(shell=shell))
    assert counter.holds(FILES)
    for text in (ended.out, ended.err, (counter.root / "arguments").read_text()):
        assert token not in text


@pytest.mark.parametrize(
    ("token", "expired", "code", "sentence"),
    [
        ("old", True, 65, "the session token has expired; write a new access key into the Secret s3.existingSecret"),
        ("wrong", False, 65, "the store does not accept this session token; correct the Secret s3.existingSecret, its"),
        ("", False, 64, "the session token is empty; put it into the Secret s3.existingSecret under s3.tokenKey"),
    ],
)
def test_a_session_token_that_is_refused_says_what_to_do(
    counter: Counter, token: str, expired: bool, code: int, sentence: str
) -> None:
    counter.store.token, counter.store.expired = "right", expired
    (counter.root / "credentials/token").write_text(token)
    ended = counter.load()
    assert (ended.code, sentence in ended.err) == (code, True), ended


@each_shell
def test_a_public_bucket_wants_no_key(counter: Counter, shell: list[str]) -> None:
    shutil.rmtree(counter.root / "credentials")
    counter.store.public = True
    all_right(counter.load(shell=shell))
    assert counter.holds(FILES)
    assert {one.authorization for one in counter.store.seen} == {None}


def test_a_bucket_can_be_a_part_of_the_host_name(counter: Counter) -> None:
    counter.store.host = True
    counter.ask_for(f"tiny\t{BUCKET}/team/tiny/\t")
    all_right(counter.load(ADDRESSING="host", ENDPOINT=counter.store.url.replace("127.0.0.1", "localhost")))
    assert counter.holds(FILES)


@each_shell
def test_a_whole_bucket_is_brought(counter: Counter, shell: list[str]) -> None:
    counter.store.put("other", "", FILES)
    counter.ask_for("tiny\tother\t")
    all_right(counter.load(shell=shell))
    assert counter.holds(FILES)


@each_shell
def test_a_long_list_is_read_to_its_end(counter: Counter, shell: list[str]) -> None:
    counter.store.page = 2
    all_right(counter.load(shell=shell))
    assert counter.holds(FILES)
    lists = [one for one in counter.store.seen if "list-type=2" in one.path]
    assert len(lists) == 6  # three to resolve, three to fetch


@pytest.mark.parametrize("more", ["True", " TRUE ", "1", "\n  true\n", "perhaps", "false", None])
def test_a_token_continues_the_list_whatever_else_is_said(counter: Counter, more: str | None) -> None:
    counter.store.page, counter.store.more = 2, ("False", more)
    all_right(counter.load())
    assert counter.holds(FILES)


@pytest.mark.parametrize("last", ["False", " false\n", "FALSE", "0"])
def test_the_end_of_a_list_is_understood(counter: Counter, last: str) -> None:
    counter.store.more = (last, "true")
    all_right(counter.load())
    assert counter.holds(FILES)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (None, "does not say whether its list is complete: IsTruncated is neither true nor false"),
        ("", "does not say whether its list is complete"),
        ("perhaps", "does not say whether its list is complete"),
        ("true", "sends a part of its list and no NextContinuationToken, so it does not support ListObjectsV2"),
        ("True", "does not support ListObjectsV2"),
        ("1", "does not support ListObjectsV2"),
    ],
)
def test_a_part_of_a_list_is_never_taken_for_all_of_it(counter: Counter, more: str | None, sentence: str) -> None:
    counter.store.page, counter.store.tokens, counter.store.more = 2, False, (more, more)
    ended = counter.load()
    assert (ended.code, sentence in ended.err) == (70, True), ended
    assert len(ended.err.splitlines()) == len(counter.store.seen) == 1
    assert not (counter.target / "tiny").exists()


def test_a_list_without_an_end_is_left(counter: Counter) -> None:
    counter.store.put(BUCKET, FOLDER, {f"{number}": b"" for number in range(50)})
    counter.store.page = 1
    ended = counter.load()
    assert (ended.code, len(counter.store.seen)) == (64, 20)
    assert "contains more than 20 lists of files; use a folder with one model" in ended.err


def test_empty_objects_for_folders_are_no_files(counter: Counter) -> None:
    counter.store.put(BUCKET, FOLDER, FILES | {"": b"", "onnx/": b""})
    all_right(counter.load())
    assert counter.holds(FILES)


def test_filters_select_files(counter: Counter) -> None:
    counter.ask_for(f"tiny\t{BUCKET}/team/tiny\t*.safetensors config.json")
    all_right(counter.load())
    assert counter.holds({name: FILES[name] for name in FILES if "safetensors" in name or name == "config.json"})


def test_a_large_file_is_asked_for_piece_by_piece(counter: Counter) -> None:
    all_right(counter.load(PIECE="150000"))
    assert counter.holds(FILES)
    pieces = [f"bytes={at}-{at + 149_999}" for at in range(0, 600_000, 150_000)]
    assert counter.gets("model-00001-of-00002.safetensors") == pieces


# --- what is whole --------------------------------------------------------------------------------------------------


UNEQUAL = [(1_200_000, 1_000_000, 800_000), (800_000, 1_200_000, 1_000_000), (1_000_000, 999_999, 1_000_001)]


@each_shell
@pytest.mark.parametrize("part", [1_048_576, 1_500_001, 2_999_999, 700_000, *UNEQUAL])
def test_an_upload_in_parts_is_verified(counter: Counter, shell: list[str], part: int | tuple[int, ...]) -> None:
    """Parts of one size, or of the sizes that are listed."""
    files = {"weights": content("big", 3_000_000)}
    counter.store.put(BUCKET, FOLDER, files, part=part)
    counter.store.forge = {f"{FOLDER}weights"}
    ended = counter.load(shell=shell)
    assert (ended.code, "weights: the downloaded file is corrupt" in ended.err) == (69, True), ended
    counter.store.forge = set()
    before = counter.sent()
    all_right(counter.load(shell=shell))
    assert counter.holds(files)
    assert counter.sent() - before == 3_000_000


def test_a_file_waits_for_a_store_that_is_too_busy_to_name_its_parts(counter: Counter) -> None:
    files = {"weights": content("big", 3_000_000)}
    counter.store.put(BUCKET, FOLDER, files, part=UNEQUAL[0])
    counter.store.busy = 1
    ended = all_right(counter.load())
    assert "attempt 1 failed: weights: the store answers: HTTP 503" in ended.out
    assert counter.holds(files)
    assert counter.sent() == 3_000_000


@pytest.mark.parametrize("parts", UNEQUAL)
def test_parts_that_a_store_does_not_name_are_no_reason_to_download_again(
    counter: Counter, parts: tuple[int, ...]
) -> None:
    files = {"weights": content("big", 3_000_000)}
    counter.store.put(BUCKET, FOLDER, files, part=parts)
    counter.store.parts = False
    all_right(counter.load())
    assert counter.holds(files)
    assert counter.sent() == 3_000_000


@each_shell
@pytest.mark.parametrize("name", ["model-00001-of-00002.safetensors", "config.json"])
def test_a_corrupt_file_is_never_believed(counter: Counter, shell: list[str], name: str) -> None:
    counter.store.forge = {FOLDER + name}
    ended = counter.load(shell=shell)
    assert ended.code == 69
    assert f"gave up after 3 attempts without new data: {name}: the downloaded file is corrupt" in ended.err
    assert not (counter.target / ".ready").exists()
    counter.store.forge = set()
    before = counter.sent()
    all_right(counter.load(shell=shell))
    assert counter.holds(FILES)
    assert counter.sent() - before == len(FILES[name])


UNSEEN: list[dict[str, Any]] = [
    {"seal": "aws:kms"},
    {"seal": "aws:kms", "part": 100_000},
    {"tag": "W/1-a"},
    {"tag": "x" * 40},
]


@each_shell
@pytest.mark.parametrize("size", [0, 7, 10**6])
@pytest.mark.parametrize("kind", [*UNSEEN, {"part": 30_000}])
def test_a_list_is_not_believed_for_the_size_of_a_file(
    counter: Counter, shell: list[str], kind: dict[str, Any], size: int
) -> None:
    files = {"weights": WEIGHTS}
    counter.store.put(BUCKET, FOLDER, files, **kind)
    counter.store.lie = lambda one: one.update(Size=size)
    ended = counter.load(shell=shell, RETRIES="2")
    assert (ended.code, (counter.target / ".ready").exists()) == (69, False), ended
    if size < len(WEIGHTS):
        assert f"weights: the store lists {size} bytes, but does not say that the object has as many" in ended.err
    counter.store.lie = None
    all_right(counter.load(shell=shell))
    assert counter.holds(files)


@each_shell
@pytest.mark.parametrize("kind", UNSEEN)
def test_a_file_whose_etag_is_no_checksum_counts_by_its_size(
    counter: Counter, shell: list[str], kind: dict[str, Any]
) -> None:
    counter.store.put(BUCKET, FOLDER, FILES, **kind)
    counter.wire.cut = 300_000
    all_right(counter.load(shell=shell))
    assert counter.holds(FILES)
    assert counter.sent() < SIZE + 4 * 16 * 1024  # what one run has downloaded, it resumes


@pytest.mark.parametrize("kind", [*UNSEEN, {"part": 100_000, "parts": False}])
def test_what_lies_there_from_before_and_cannot_be_verified_is_brought_anew(
    counter: Counter, kind: dict[str, Any]
) -> None:
    counter.store.parts = kind.pop("parts", True)
    counter.store.put(BUCKET, FOLDER, FILES, **kind)
    counter.wire.slow = 0.1
    process = counter.start(CONCURRENCY="1")
    wait_for(lambda: counter.sent() > 250_000)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    (partial,) = [path for path in counter.target.glob(".work/*/tiny/work/*") if path.suffix != ".sums"]
    partial.write_bytes(bytes(partial.stat().st_size))
    counter.wire.slow = 0
    all_right(counter.load())
    assert counter.holds(FILES)


def test_zeros_that_a_crash_left_are_found(counter: Counter) -> None:
    counter.store.put(BUCKET, FOLDER, FILES, part=100_000)
    counter.wire.slow = 0.1
    process = counter.start(CONCURRENCY="1")
    wait_for(lambda: counter.sent() > 250_000)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    (partial,) = [path for path in counter.target.glob(".work/*/tiny/work/*") if path.suffix != ".sums"]
    partial.write_bytes(bytes(partial.stat().st_size))
    counter.wire.slow = 0
    ended = all_right(counter.load())
    assert "the downloaded file is corrupt" in ended.out
    assert counter.holds(FILES)


# --- what goes wrong on the way -------------------------------------------------------------------------------------


@each_shell
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_loader_goes_on_where_it_was(counter: Counter, shell: list[str], how: signal.Signals) -> None:
    counter.store.put(BUCKET, FOLDER, FILES, part=100_000)
    counter.wire.slow = 0.1
    process = counter.start(shell=shell)
    wait_for(lambda: counter.sent() > 250_000)
    if how == signal.SIGTERM:
        assert terminated(process).code == 143
    else:
        os.killpg(process.pid, how)
        assert Ended(process).code == -how
    wait_for(lambda: not counter.running())
    assert not (counter.target / "tiny").exists()
    counter.wire.slow = 0
    all_right(counter.load(shell=shell))
    assert counter.holds(FILES)
    assert counter.sent() < SIZE + 4 * 32 * 1024


def test_a_store_that_cannot_go_on_begins_anew(counter: Counter) -> None:
    counter.store.ranges = False
    counter.wire.cut = 300_000
    ended = all_right(counter.load(CONCURRENCY="1"))
    assert "the store cannot resume the download, so it starts again" in ended.out
    assert counter.holds(FILES)


def test_an_object_that_changes_meanwhile_is_not_mixed(counter: Counter) -> None:
    new = {"weights": content("new", 600_000)}
    counter.store.put(BUCKET, FOLDER, {"weights": WEIGHTS})
    counter.wire.slow = 0.05
    process = counter.start(PIECE="100000")
    wait_for(lambda: counter.sent() > 150_000)
    counter.store.put(BUCKET, FOLDER, new)
    ended = Ended(process)
    assert ended.code == 69
    assert "HTTP 412" in ended.out + ended.err
    assert "its files changed during the download" in ended.err
    counter.wire.slow = 0
    all_right(counter.load())
    assert counter.holds(new)


def test_a_store_that_asks_for_a_pause_gets_it(counter: Counter) -> None:
    counter.store.pauses = 1
    ended = all_right(counter.load())
    assert f"{BUCKET}/team/tiny: the store requests a pause of 1 s" in ended.out
    assert "the store answers: HTTP 503, SlowDown: Please reduce your request rate." in ended.out


@each_shell
def test_an_error_with_http_200_is_no_list(counter: Counter, shell: list[str]) -> None:
    counter.store.slips = 1
    ended = all_right(counter.load(shell=shell))
    assert "attempt 1 failed: the store answers: HTTP 200, InternalError: We encountered an internal" in ended.out
    assert counter.holds(FILES)
    counter.store.slips = 99
    ended = counter.load(shell=shell, MODE="refresh")
    assert (ended.code, "HTTP 200, InternalError" in ended.err) == (69, True), ended
    assert counter.holds(FILES)


def test_a_store_that_is_away_is_tried_as_often_as_told(counter: Counter) -> None:
    counter.store.down = True
    ended = counter.load(RETRIES="4", ENDPOINT=counter.store.url)
    assert (ended.code, len(counter.store.seen)) == (69, 4)
    assert "gave up after 4 attempts without new data: Empty reply from server" in ended.err
    assert counter.left_over() == []


def test_an_answer_that_is_no_http_is_tried_again(counter: Counter) -> None:
    asked = 0
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            nonlocal asked
            with contextlib.suppress(OSError):
                while True:
                    with server.accept()[0] as client:
                        asked += 1
                        client.recv(4096)
                        client.sendall(b"so it is\n")

        threading.Thread(target=answer, daemon=True).start()
        ended = counter.load(ENDPOINT=f"http://127.0.0.1:{server.getsockname()[1]}", RETRIES="2")
        server.shutdown(socket.SHUT_RDWR)
    assert (ended.code, asked) == (69, 2), ended
    assert "is not HTTP" in ended.err


def test_what_is_no_store_is_told(counter: Counter) -> None:
    counter.program("curl", f'{shutil.which("curl")} "$@"; cd "$TMPDIR"/*/of.tiny && echo "<html>" >json')
    ended = counter.load(RETRIES="1")
    assert ended.code == 69
    assert "is not a list of an S3-compatible store, or is incomplete" in ended.err


@pytest.mark.parametrize("path", ["../evil", "a/../../evil", "/evil", "a\\b", "a//b", "a\nb", "a\tb", "x" * 256])
def test_a_key_that_would_lie_elsewhere_is_refused(counter: Counter, path: str) -> None:
    counter.store.put(BUCKET, FOLDER, {"config.json": b"{}", path: b"evil"})
    ended = counter.load()
    assert ended.code == 70
    assert "returns a file with an invalid name" in ended.err
    assert not (counter.target / "tiny").exists()


@pytest.mark.parametrize(
    ("lie", "sentence"),
    [
        ({"Key": "elsewhere/config.json"}, "returns a file with an invalid name: '/elsewhere/config.json'"),
        ({"Key": f"{FOLDER}config.json"}, "returns the file config.json twice"),
        ({"Size": "-1"}, "does not return the size and the checksum of"),
        ({"Size": "9" * 16}, "does not return the size and the checksum of"),
        ({"ETag": ""}, "does not return the size and the checksum of"),
        ({"ETag": "a b"}, "does not return the size and the checksum of"),
    ],
)
def test_a_list_that_lies_is_refused(counter: Counter, lie: dict[str, str], sentence: str) -> None:
    counter.store.lie = lambda one: one.update(lie)
    ended = counter.load()
    assert (ended.code, sentence in ended.err) == (70, True), ended


def test_a_file_that_is_also_a_folder_is_refused(counter: Counter) -> None:
    counter.store.put(BUCKET, FOLDER, {"a": b"1", "a/b": b"2"})
    ended = counter.load()
    assert (ended.code, "returns a as a file and as a folder" in ended.err) == (70, True)


# --- who may --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "setting", "env", "code", "sentence"),
    [
        (
            (KEY, "another"),
            {},
            {},
            65,
            "the store does not accept this access key; correct the Secret s3.existingSecret",
        ),
        (("NOBODY", SECRET), {}, {}, 65, "the store does not accept this access key; correct the Secret"),
        ((KEY, SECRET), {"lists": False}, {}, 65, "this access key may not list or read blobs/team/tiny; allow s3:"),
        ((KEY, SECRET), {"reads": False}, {}, 65, "this access key may not list or read blobs/team/tiny; allow s3:"),
        ((KEY, SECRET), {"skew": True}, {}, 65, "the clock of this node differs from the store's"),
        (
            (KEY, SECRET),
            {},
            {"REGION": "us-1"},
            64,
            f"the bucket blobs is in another region or at another address, region {REGION}",
        ),
        ((KEY, ""), {}, {}, 64, "the access key is empty; put one into the Secret s3.existingSecret, under s3.idKey"),
        (None, {}, {}, 65, "blobs/team/tiny is not public; set s3.existingSecret to a Secret with an access key"),
        ((KEY, SECRET), {}, {"PLAIN_HTTP": "false"}, 64, "uses plain HTTP, which others on the network can read"),
        ((KEY, SECRET), {}, {"ENDPOINT": "minio"}, 64, "s3.endpoint: 'minio' is not a URL"),
    ],
)
def test_a_refusal_says_what_to_do(
    counter: Counter,
    key: tuple[str, str] | None,
    setting: dict[str, Any],
    env: dict[str, str],
    code: int,
    sentence: str,
) -> None:
    shutil.rmtree(counter.root / "credentials")
    if key:
        (counter.root / "credentials").mkdir()
        counter.key(*key)
    for name, value in setting.items():
        setattr(counter.store, name, value)
    ended = counter.load(**env)
    assert (ended.code, sentence in ended.err) == (code, True), ended
    assert len(ended.err.splitlines()) == 1


@each_shell
@pytest.mark.parametrize("length", [0, 260, 275])  # a message is shortened to 300 characters
def test_a_secret_that_a_store_sends_back_is_not_shown(counter: Counter, shell: list[str], length: int) -> None:
    counter.key("NOBODY", SECRET)
    counter.store.echo, counter.store.before = True, "x" * length
    ended = counter.load(shell=shell)
    assert ended.code == 65
    assert "the store does not accept this access key" in ended.err
    for part in (SECRET[:8], SECRET[-8:]):
        assert part not in ended.out + ended.err


@pytest.mark.parametrize(
    ("reference", "code", "sentence"),
    [
        ("nothing/team", 66, "the bucket nothing does not exist at http://"),
        (
            f"{BUCKET}/team/nobody",
            66,
            "contains no files; set model.name to BUCKET/FOLDER, and model.filter for one file",
        ),
        (f"{BUCKET}/team/tiny/config.json", 66, "contains no files"),
        (f"{BUCKET}/team/../tiny", 64, "is not a folder of a bucket; use BUCKET/FOLDER"),
        (f"{BUCKET}//team", 64, "is not a folder of a bucket"),
        ("../team", 64, "is not a folder of a bucket"),
        ("/team", 64, "is not a folder of a bucket"),
        ("bu cket/team", 64, "is not a folder of a bucket"),
    ],
)
def test_what_is_not_there_is_not_tried_again(counter: Counter, reference: str, code: int, sentence: str) -> None:
    counter.ask_for(f"tiny\t{reference}\t")
    ended = counter.load()
    assert (ended.code, sentence in ended.err) == (code, True), ended
    assert len(counter.store.seen) == (code == 66)


# --- what moves -----------------------------------------------------------------------------------------------------


@each_shell
def test_a_changed_folder_brings_only_what_changed(counter: Counter, shell: list[str]) -> None:
    all_right(counter.load(shell=shell))
    before = counter.sent()
    new = FILES | {"model-00002-of-00002.safetensors": content("new", 210_000), "moved.onnx": FILES["onnx/model.onnx"]}
    del new["onnx/model.onnx"]
    counter.store.put(BUCKET, FOLDER, new)
    assert "already there" in all_right(counter.load(shell=shell)).out
    assert "downloading 1 of 6 files" in all_right(counter.load(shell=shell, MODE="refresh")).out
    assert counter.holds(new)
    assert counter.sent() - before == 210_000


def test_two_files_with_one_tag_that_is_no_checksum_stay_two(counter: Counter) -> None:
    files = {"a": content("a", 3000), "b": content("b", 3000)}
    counter.store.put(BUCKET, FOLDER, files, tag="20261101-3000")
    all_right(counter.load())
    assert counter.holds(files)


# --- XML ------------------------------------------------------------------------------------------------------------

READER = FRAGMENTS / "source/s3/files/xml.awk"
LIST = "<?xml version='1.0'?><ListBucketResult xmlns='a'>{}</ListBucketResult>"


@pytest.mark.parametrize("awk", AWKS, ids=lambda awk: awk[0])
@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            LIST.format("\n <Contents>\n  <Key>a&amp;amp;b</Key><Size>1</Size>\n</Contents>"),
            ["Key\ta&amp;b", "Size\t1"],
        ),
        (
            LIST.format("<Contents><ETag>&quot;x&#34;</ETag><Key>&#x3c;&#62;&lt;ü</Key></Contents>"),
            ['ETag\t"x"', "Key\t<><ü"],
        ),
        (LIST.format("<Contents><Key>a&#xA;b&#x0d;\x01</Key></Contents>"), ["Key\ta//b////"]),
        (LIST.format("<Contents><Key>a</Key><Owner><ID>7</ID></Owner></Contents><Key>b</Key>"), ["Key\ta"]),
        (LIST.format("<Contents><Key/><Size>1</Size></Contents>"), ["Size\t1"]),
    ],
)
def test_xml_is_read_as_it_is(awk: list[str], text: str, lines: list[str]) -> None:
    done = read(awk, text)
    assert (done.returncode, done.stdout.splitlines()) == (0, [f"Contents/3/{line}" for line in lines])


@pytest.mark.parametrize("awk", AWKS, ids=lambda awk: awk[0])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html></html>",
        "<ListBucketResult><Contents><Key>a</Key></Contents>",
        LIST.format("<Contents><Key>a&b;</Key></Contents>"),
        LIST.format("<Contents><Key>a&b</Key></Contents>"),
        LIST.format("<Contents><Key><![CDATA[a]]></Key></Contents>"),
        "<!DOCTYPE a [<!ENTITY b 'c'>]>" + LIST.format(""),
    ],
)
def test_xml_that_is_not_whole_is_told(awk: list[str], text: str) -> None:
    assert read(awk, text).returncode == 1


def read(awk: list[str], text: str) -> subprocess.CompletedProcess[str]:
    env = PLACES | {"LC_ALL": "C", "FROM": "3"}
    return subprocess.run([*awk, "-f", READER], input=text, env=env, capture_output=True, text=True, encoding="utf-8")


def test_the_example_of_the_reference_is_signed_as_there() -> None:
    """The stand-in's way to a signature is that of the example for GET Bucket in AWS's reference of Signature 4."""
    key = b"AWS4wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    canonical = "GET\n/\nmax-keys=2&prefix=J\nhost:examplebucket.s3.amazonaws.com\nx-amz-content-sha256:"
    nothing = hashlib.sha256(b"").hexdigest()
    canonical += f"{nothing}\nx-amz-date:20130524T000000Z\n\nhost;x-amz-content-sha256;x-amz-date\n{nothing}"
    assert signature_of(key, "20130524T000000Z", "us-east-1", canonical) == (
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
    )
