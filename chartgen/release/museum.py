"""ChartMuseum: uploads by its API, version 0.16 (pkg/chartmuseum/server/multitenant/routes.go).

A repository's URL is what `helm repo add` takes; where a museum has several, the last parts of its path name one:
`https://HOST/CONTEXT/ORG/REPO` is written to at `https://HOST/CONTEXT/api/ORG/REPO/charts`.
"""

from __future__ import annotations

import json
import secrets

from ..problem import Say, ToolError, fault
from ..remote import credentials, web
from ..remote.web import Passing, patiently
from .package import Package
from .target import DONE, Options, Published, outcome, same

# What the files of a repository begin with, by the ends of their names.
KINDS = {"tgz": b"\x1f\x8b", "prov": b"-----BEGIN PGP SIGNED MESSAGE-----"}


def publish(url: str, package: Package, provenance: str | None, options: Options, say: Say) -> Published:
    """Upload a package and its signature, and read both back."""
    museum = Museum(url.rstrip("/"), options, say)
    museum.most += len(package.data)
    there = museum.read(package.file)
    signature = museum.read(f"{package.file}.prov") if there is not None else None
    did = outcome(url, package, there, signature, provenance.encode() if provenance else None, options)
    if did in DONE:
        say(f"uploading {package.file}, {len(package.data) / 1e6:.1f} MB, to {url}")
        museum.upload(package, provenance, there)
        same(url, package, museum.read(package.file))
        say(f"read back: {package.digest}")
    return Published(did, f"{museum.url}/charts/{package.file}", package.digest, provenance is not None)


class Museum:
    """A museum's repository, and who one is there."""

    def __init__(self, url: str, options: Options, say: Say) -> None:
        self.url, self.options, self.say = url, options, say
        self.most = web.LARGEST
        parts = web.address(url)
        if parts.username or parts.password:
            raise fault(
                url,
                "contains a password, which is then visible to others",
                f"set {credentials.USERNAME} and {credentials.PASSWORD} instead",
            )
        if parts.scheme == "http" and not options.plain_http:
            raise fault(url, "does not use TLS", "use https://, or allow plain HTTP with --plain-http")
        context = "/" + options.context_path.strip("/") if options.context_path.strip("/") else ""
        if not f"{parts.path}/".startswith(f"{context}/"):
            raise fault(url, f"the URL's path does not begin with {context}", "correct --context-path")
        self.host = parts.netloc
        self.api = f"{parts.scheme}://{parts.netloc}{context}/api{parts.path[len(context) :]}"
        self.login = options.login or credentials.docker(parts.netloc)

    def read(self, name: str) -> bytes | None:
        """A file of the repository; None where it has none of that name."""
        status, body = self._patiently("GET", f"{self.url}/charts/{name}")
        if status == 404:
            return None
        self._refuse(status, body, f"{self.url}/charts/{name}")
        if status != 200 or not body.startswith(KINDS[name.rpartition(".")[2]]):
            what = f"answers HTTP {status} with something that is not {name}"
            raise ToolError(f"{self.host}: {what}; check the URL, and the proxies on the way")
        return body

    def upload(self, package: Package, provenance: str | None, there: bytes | None) -> None:
        """Send what is missing. An answer that is lost is no reason to send it twice: first it is looked for."""
        if there == package.data and provenance is not None:
            self._send("prov", "application/pgp-signature", provenance.encode(), package, provenance)
            return
        files = {"chart": (package.file, package.data)}
        if provenance is not None:
            files["prov"] = (f"{package.file}.prov", provenance.encode())
        self._send("charts", *_form(files), package, provenance)

    def _send(self, what: str, kind: str, body: bytes, package: Package, provenance: str | None) -> None:
        url = f"{self.api}/{what}{'?force' if self.options.force else ''}"
        tries = 0

        def once() -> None:
            nonlocal tries
            tries += 1
            if tries > 1 and self._arrived(package, provenance):
                return
            status, said = self._ask("POST", url, body, kind)
            if status == 409 and self._arrived(package, provenance):
                return
            self._refuse(status, said, url)

        patiently(url, once, self.options.pauses, self.say)

    def _arrived(self, package: Package, provenance: str | None) -> bool:
        chart = self._ask("GET", f"{self.url}/charts/{package.file}")
        if provenance is None or chart != (200, package.data):
            return chart == (200, package.data)
        return self._ask("GET", f"{self.url}/charts/{package.file}.prov") == (200, provenance.encode())

    def _patiently(self, method: str, url: str) -> tuple[int, bytes]:
        return patiently(url, lambda: self._ask(method, url), self.options.pauses, self.say)

    def _ask(self, method: str, url: str, body: bytes | None = None, kind: str = "") -> tuple[int, bytes]:
        """An answer's status and body; Passing where none comes, or one that says: later."""
        headers = {"Content-Type": kind} if kind else {}
        headers |= {"Authorization": self.login.header} if self.login else {}
        answer = web.ask(method, url, headers, body, self.options.ca_file, self.most)
        if answer.status in web.LATER:
            raise Passing(f"HTTP {answer.status} {_words(answer.body)}".strip())
        return answer.status, answer.body

    def _refuse(self, status: int, said: bytes, url: str) -> None:
        """Faults unless a status says that all is well."""
        if 200 <= status < 300:
            return
        login = f"{credentials.USERNAME} and {credentials.PASSWORD}, or {credentials.TOKEN}"
        sentences = {
            401: (
                "authentication failed" if self.login else "requires a login",
                f"set {login}, or name a file with --credentials",
            ),
            403: ("permission denied", "request the permission to push, or use another account"),
            404: ("no such repository", "check the URL, which is the one for 'helm repo add', and --context-path"),
            405: ("does not accept uploads", "enable ChartMuseum's API: it may run with --disable-api"),
            409: ("already has this version", "raise the version in stack.yaml, or replace it with --force"),
            413: ("the package is too large", "raise the size limit of ChartMuseum, or of the proxy in front of it"),
        }
        what, remedy = sentences.get(status, (f"answers HTTP {status}", "check the server's log"))
        words = _words(said)
        raise fault(url, f"{what} (HTTP {status}{': ' + words if words else ''})", remedy)


def _form(files: dict[str, tuple[str, bytes]]) -> tuple[str, bytes]:
    """Files as multipart/form-data (RFC 7578): the content type, the body."""
    boundary = secrets.token_hex(16)
    parts = []
    for field, (name, data) in files.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
        parts += [f"{head}Content-Type: application/octet-stream\r\n\r\n".encode(), data, b"\r\n"]
    return f"multipart/form-data; boundary={boundary}", b"".join([*parts, f"--{boundary}--\r\n".encode()])


def _words(said: bytes) -> str:
    """What a server says of an error: ChartMuseum's own words, a proxy's page is passed over."""
    try:
        return str(json.loads(said)["error"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
