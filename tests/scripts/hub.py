"""A hub as the Hugging Face hub and ModelScope look from outside, with the storage that both send on to.

What it answers is taken over from their clients: huggingface_hub's hf_api.py, file_download.py and utils/_http.py, and
modelscope_hub's _legacy_api.py.
"""

from __future__ import annotations

import contextlib
import hashlib
import http
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from scripts.wire import Patient

LFS_FROM = 2000  # bytes; what is as large as this does not lie in git itself
TOKEN = "hf_aToken"


@dataclass
class Seen:
    """One request: which server saw it, its method and path, and the headers that matter."""

    server: str
    method: str
    path: str
    authorization: str | None
    cookie: str | None
    range: str | None


@dataclass
class Repository:
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    private: bool = False
    gated: bool = False


@dataclass
class Hub:
    """`url` and `storage` are where its two servers listen; a test may put a wire before the storage.

    `let_in` are the tokens that gated models are given to, `known` all that there are. `forge` names files for which
    something else is sent. `ranges` says whether a part of a file can be asked for, `signed` whether signed addresses
    still hold. `pauses` are answers of 429 that come first, `echo` sends a refused token back in the answer,
    after the text `before`.
    `lie` changes what is said of a file in a list.
    """

    repositories: dict[str, Repository] = field(default_factory=dict)
    known: set[str] = field(default_factory=lambda: {TOKEN})
    let_in: set[str] = field(default_factory=lambda: {TOKEN})
    forge: set[str] = field(default_factory=set)
    ranges: bool = True
    signed: bool = True
    pauses: int = 0
    down: bool = False
    echo: bool = False
    before: str = ""
    lie: Callable[[dict[str, Any]], None] | None = None
    url: str = ""
    storage: str = ""
    seen: list[Seen] = field(default_factory=list)

    def publish(self, name: str, files: dict[str, bytes], branch: str = "main", **kind: bool) -> str:
        """A new commit of the whole model, its hash."""
        repository = self.repositories.setdefault(name, Repository())
        for key, value in kind.items():
            setattr(repository, key, value)
        said = json.dumps([branch, len(repository.commits), sorted((path, git_name(files[path])) for path in files)])
        commit = hashlib.sha1(said.encode()).hexdigest()
        repository.commits[commit] = dict(files)
        for one in {branch, "master" if branch == "main" else branch}:  # which ModelScope calls it
            repository.branches[one] = commit
        return commit

    def blob(self, sha256: str) -> bytes | None:
        for repository in self.repositories.values():
            for files in repository.commits.values():
                for path, content in files.items():
                    if hashlib.sha256(content).hexdigest() == sha256:
                        return forged(content) if path in self.forge else content
        return None

    def requests(self, part: str = "", server: str = "") -> list[Seen]:
        return [one for one in list(self.seen) if part in one.path and server in one.server]


def git_name(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def forged(content: bytes) -> bytes:
    return bytes([content[0] ^ 1]) + content[1:]


@contextlib.contextmanager
def hub(certificate: Path | None = None) -> Iterator[Hub]:
    """Both servers, for as long as the block lasts; with a certificate (and its key, in one file) both speak TLS."""
    made = Hub()
    with serving("hub", made, _Hub, certificate) as made.url, serving("storage", made, _Storage, certificate) as at:
        made.storage = at
        yield made


@contextlib.contextmanager
def serving(name: str, made: Hub, handler: type[_Handler], certificate: Path | None) -> Iterator[str]:
    server = Patient(("127.0.0.1", 0), type(name, (handler,), {"hub": made, "name": name}))
    server.daemon_threads, server.block_on_close = True, False
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # clients go away in the middle of it
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http{'s' if certificate else ''}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub
    name: str

    def do_GET(self) -> None:
        headers = self.headers
        self.hub.seen.append(
            Seen(self.name, self.command, self.path, headers["Authorization"], headers["Cookie"], headers["Range"])
        )
        url = urlsplit(self.path)
        self.query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if self.hub.down:
            self.close_connection = True
            return
        self.answer([unquote(part) for part in url.path.split("/")[1:]])

    do_HEAD = do_GET

    def answer(self, parts: list[str]) -> None:
        raise NotImplementedError

    def send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_json(self, status: int, value: Any, **headers: str) -> None:
        self.send(status, json.dumps(value, ensure_ascii=False).encode(), Content_Type="application/json", **headers)

    def send_file(self, content: bytes, **headers: str) -> None:
        asked = self.headers["Range"]
        if not asked or not self.hub.ranges:
            return self.send(200, content, **headers)
        first, last = asked.removeprefix("bytes=").split("-")
        begin, end = int(first), min(int(last or len(content)), len(content) - 1)
        if begin >= len(content):
            return self.send(416, Content_Range=f"bytes */{len(content)}")
        part = content[begin : end + 1]
        return self.send(206, part, Content_Range=f"bytes {begin}-{end}/{len(content)}", **headers)

    def token(self) -> str | None:
        return (self.headers["Authorization"] or "").removeprefix("Bearer ") or None

    def log_message(self, *_: object) -> None:
        pass


class _Storage(_Handler):
    """What lies in LFS, by signed addresses; who comes with another key as well is refused, as S3 does."""

    def answer(self, parts: list[str]) -> None:
        if self.headers["Authorization"]:
            return self.send(400, b"Only one auth mechanism allowed")
        if "signature" not in self.query or not self.hub.signed:
            return self.send(403, b"Request has expired")
        content = self.hub.blob(parts[1])
        return self.send(404) if content is None else self.send_file(content, ETag=f'"{parts[1]}"')


class _Hub(_Handler):
    def answer(self, parts: list[str]) -> None:
        if self.hub.pauses:
            self.hub.pauses -= 1
            return self.refuse(429, "", "We had to rate limit your IP", RateLimit='"api";r=0;t=1')
        match parts:
            case ["api", "models", owner, name]:
                return self.model(f"{owner}/{name}", "main")
            case ["api", "models", owner, name, "revision", revision]:
                return self.model(f"{owner}/{name}", revision)
            case ["api", "models", owner, name, "tree", revision]:
                return self.tree(f"{owner}/{name}", revision)
            case ["api", "resolve-cache", "models", owner, name, commit, *path]:
                return self.small(f"{owner}/{name}", commit, "/".join(path))
            case [owner, name, "resolve", revision, *path]:
                return self.resolve(f"{owner}/{name}", revision, "/".join(path))
            case ["api", "v1", "models", owner, name, "repo", "files"]:
                return self.modelscope_files(f"{owner}/{name}")
            case ["api", "v1", "models", owner, name, "repo"]:
                return self.modelscope_file(f"{owner}/{name}")
        return self.send(404)

    # --- as the Hugging Face hub ------------------------------------------------------------------------------------

    def refuse(self, status: int, code: str, message: str, **headers: str) -> None:
        if code:
            headers["X_Error_Code"] = code
        self.send_json(status, {"error": message}, X_Error_Message=message, **headers)

    def found(self, name: str, revision: str) -> tuple[Repository, str] | None:
        """The repository and the commit, or a refusal that was sent."""
        token, repository = self.token(), self.hub.repositories.get(name)
        if token and token not in self.hub.known:
            self.refuse(
                401,
                "",
                f"Invalid credentials {self.hub.before + token if self.hub.echo else ''}in Authorization header",
            )
        elif not repository or (repository.private and not token):
            # Whoever is not known learns nothing about what there is.
            if token:
                self.refuse(404, "RepoNotFound", "Repository not found")
            else:
                self.refuse(401, "RepoNotFound", "Invalid username or password.")
        else:
            commit = repository.branches.get(revision, revision)
            if commit in repository.commits:
                return repository, commit
            self.refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return None

    def model(self, name: str, revision: str) -> None:
        if not (found := self.found(name, revision)):
            return
        repository, commit = found
        siblings: list[dict[str, Any]] = []
        for path, content in sorted(repository.commits[commit].items()):
            one: dict[str, Any] = {"rfilename": path}
            if self.query.get("blobs"):
                one |= {"blobId": git_name(pointer(content)), "size": len(content)}
                if len(content) >= LFS_FROM:
                    one["lfs"] = {"sha256": sha256(content), "size": len(content), "pointerSize": 134}
                if self.hub.lie:
                    self.hub.lie(one)
            siblings.append(one)
        card = {"license": "mit", "widget": [{"text": 'He said: "{[hello]}", \\n'}], "lfs": None}
        self.send_json(
            200,
            {"_id": "1", "id": name, "private": repository.private, "tags": [], "downloads": 7, "gated": False}
            | {"sha": commit, "lastModified": "2026-11-01T12:00:00.000Z", "cardData": card, "siblings": siblings},
        )

    def tree(self, name: str, revision: str) -> None:
        if not (found := self.found(name, revision)):
            return
        repository, commit = found
        entries = []
        for path, content in sorted(repository.commits[commit].items()):
            one: dict[str, Any] = {"type": "file", "path": path, "size": len(content)}
            one["oid"] = git_name(pointer(content))
            if len(content) >= LFS_FROM:
                one["lfs"] = {"oid": sha256(content), "size": len(content), "pointerSize": 134}
            entries.append(one)
        self.send_json(200, entries)

    def resolve(self, name: str, revision: str, path: str) -> None:
        if not (found := self.found(name, revision)):
            return None
        repository, commit = found
        if repository.gated and self.token() not in self.hub.let_in:
            if self.token():
                why = "and you are not in the authorized list. Visit it to ask for access."
                return self.refuse(403, "GatedRepo", f"Access to model {name} is restricted {why}")
            why = "You must have access to it and be authenticated to access it. Please log in."
            return self.refuse(401, "GatedRepo", f"Access to model {name} is restricted. {why}")
        content = repository.commits[commit].get(path)
        if content is None:
            return self.refuse(404, "EntryNotFound", "Entry not found", X_Repo_Commit=commit)
        if len(content) < LFS_FROM:
            at = f"/api/resolve-cache/models/{name}/{commit}/{quote(path)}?etag={git_name(content)}"
            return self.send(307, Location=at, X_Repo_Commit=commit)
        return self.send(
            302,
            Location=self.signed(content),
            X_Repo_Commit=commit,
            X_Linked_Size=str(len(content)),
            X_Linked_Etag=f'"{sha256(content)}"',
        )

    def small(self, name: str, commit: str, path: str) -> None:
        content = self.hub.repositories[name].commits[commit][path]
        sent = forged(content) if path in self.hub.forge else content
        self.send_file(sent, X_Repo_Commit=commit, ETag=f'"{git_name(content)}"')

    def signed(self, content: bytes) -> str:
        return f"{self.hub.storage}/blobs/{sha256(content)}?signature=abc&expires=3600"

    # --- as ModelScope ----------------------------------------------------------------------------------------------

    def scoped(self, name: str) -> tuple[Repository, str] | None:
        repository, revision = self.hub.repositories.get(name), self.query.get("Revision", "master")
        token = self.token()
        if token and f"m_session_id={token}" != self.headers["Cookie"]:
            token = None
        if repository and (not repository.private or token in self.hub.let_in):
            commit = repository.branches.get(revision, revision)
            if commit in repository.commits:
                return repository, commit
            self.scope_error(404, 10010205003, "revision not exists")
        elif repository and self.token():
            self.scope_error(403, 10010205002, "The authentication token is invalid")
        else:
            self.scope_error(404, 10010205001, "record not found")
        return None

    def scope_error(self, status: int, code: int, message: str) -> None:
        self.send_json(status, {"Code": code, "Message": message, "RequestId": "1", "Success": False})

    def modelscope_files(self, name: str) -> None:
        if not (found := self.scoped(name)):
            return
        repository, commit = found
        files = repository.commits[commit]
        entries: list[dict[str, Any]] = [
            {"Name": folder.rsplit("/", 1)[-1], "Path": folder, "Type": "tree", "Size": 0, "Sha256": ""}
            for folder in sorted({path.rsplit("/", 1)[0] for path in files if "/" in path})
        ]
        for path, content in sorted(files.items()):
            one = {"Name": path.rsplit("/", 1)[-1], "Path": path, "Type": "blob", "Size": len(content)}
            one |= {"Sha256": sha256(content), "Revision": commit, "IsLFS": len(content) >= LFS_FROM}
            if self.hub.lie:
                self.hub.lie(one)
            entries.append(one)
        answer = {"Code": 200, "Data": {"Files": entries, "IsVisual": 0}, "Message": "success", "Success": True}
        text = json.dumps(answer).replace("&", "\\u0026")  # as Go writes it
        self.send(200, text.encode(), Content_Type="application/json")

    def modelscope_file(self, name: str) -> None:
        if not (found := self.scoped(name)):
            return None
        repository, commit = found
        content = repository.commits[commit].get(self.query["FilePath"])
        if content is None:
            return self.scope_error(404, 10010205004, "file not found")
        if len(content) >= LFS_FROM:
            return self.send(http.HTTPStatus.FOUND, Location=self.signed(content))
        return self.send_file(content)


def pointer(content: bytes) -> bytes:
    """What git holds: the content itself, or where LFS has it."""
    if len(content) < LFS_FROM:
        return content
    said = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256(content)}\nsize {len(content)}\n"
    return said.encode()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
