"""Whether a registry has an image, asked for its manifest alone: the OCI distribution specification, and its tokens."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from ..problem import Faults, Say, ToolError
from . import credentials, web
from .web import PAUSES, Passing, patiently

MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
LARGEST = 4 << 20  # bytes of a manifest: what the specification has registries take
# Where Docker Hub is asked, and under which name `docker login` keeps who one is there.
HUB, HUB_HOST, HUB_LOGIN = "docker.io", "registry-1.docker.io", "index.docker.io"


@dataclass(frozen=True)
class Reference:
    """An image as pods name it, in its parts; `version` is the digest where there is one, else the tag."""

    host: str
    repository: str
    version: str


@dataclass(frozen=True)
class Found:
    """What a registry says of an image: its digest; where it has none, what is wrong and what to do."""

    digest: str = ""
    fault: str = ""
    remedy: str = ""


def parse(image: str) -> Reference:
    """The parts of a reference, with what Docker lets one leave out."""
    named, _, digest = image.partition("@")
    place, _, name = named.rpartition("/")
    name, _, tag = name.partition(":")
    first = place.split("/")[0]
    host = first if "." in first or ":" in first or first == "localhost" else HUB
    path = place.removeprefix(host).strip("/")
    if host == HUB and not path:
        path = "library"
    return Reference(host, "/".join(part for part in (path, name) if part), digest or tag or "latest")


@dataclass
class Registries:
    """Asks registries; `plain` are the hosts that are spoken to without encryption."""

    plain: tuple[str, ...] = ()
    ca_file: Path | None = None
    pauses: tuple[float, ...] = PAUSES
    say: Say = print
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)

    def look(self, image: str) -> Found:
        """What its registry says of an image; ToolError where it does not answer, Faults where it cannot be trusted."""
        asked = parse(image)
        answer = patiently(asked.host, lambda: self._manifest(asked, "HEAD"), self.pauses, self.say)
        if answer.status < 300:
            return Found(_told(asked, answer) or self._read(asked))
        if answer.status == 404:
            return Found(
                fault=f"not found: {asked.host} has no {asked.version} of {asked.repository}",
                remedy="correct the repository, the tag or the digest, or push the image",
            )
        login = _login(asked.host)
        if answer.status in (401, 403):
            who = f"as {login.username}" if login and login.username else "without a login"
            # A registry that hides what one may not see says the same of what does not exist.
            return Found(
                fault=f"not found, or access denied: {asked.host} answers HTTP {answer.status} {who}",
                remedy=f"correct the image's name, or run 'docker login {asked.host}'",
            )
        raise ToolError(f"{asked.host}: answers HTTP {answer.status}; check the address, and --plain-http")

    def _read(self, asked: Reference) -> str:
        """The digest of a manifest that is read: a page that a proxy shows for everything is none."""
        answer = patiently(asked.host, lambda: self._manifest(asked, "GET"), self.pauses, self.say)
        digest = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
        pinned = asked.version if asked.version.startswith("sha256:") else digest
        try:
            manifest = json.loads(answer.body) if answer.status == 200 and digest == pinned else None
        except (ValueError, RecursionError):
            manifest = None
        if not isinstance(manifest, dict) or manifest.get("mediaType", _kind(answer)) not in MANIFESTS:
            what = f"answers HTTP {answer.status} with something that is not the manifest of {asked.repository}"
            raise ToolError(f"{asked.host}: {what}; check the address, and the proxies on the way")
        return digest

    def _manifest(self, asked: Reference, method: str) -> web.Answer:
        host = HUB_HOST if asked.host == HUB else asked.host
        scheme = "http" if asked.host in self.plain else "https"
        url = f"{scheme}://{host}/v2/{asked.repository}/manifests/{asked.version}"
        headers = {"Accept": ", ".join(MANIFESTS)}
        known = self.tokens.get((asked.host, asked.repository))
        answer = self._ask(method, url, headers | ({"Authorization": known} if known else {}))
        if answer.status == 401 and (proof := self._proof(asked, answer.headers.get("www-authenticate", ""))):
            self.tokens[asked.host, asked.repository] = proof
            answer = self._ask(method, url, headers | {"Authorization": proof})
        return answer

    def _proof(self, asked: Reference, challenge: str) -> str:
        """What a registry wants to hear first, by the challenge that it sets; empty where one has nothing to say."""
        login = _login(asked.host)
        own = login.header if login else ""
        scheme, _, rest = challenge.partition(" ")
        said = dict(re.findall(r'(\w+)="([^"]*)"', rest))
        if scheme.lower() != "bearer" or "realm" not in said:
            return own
        wanted = {"service": said.get("service", ""), "scope": f"repository:{asked.repository}:pull"}
        try:
            web.address(said["realm"])
        except Faults:
            what = f"names {said['realm']} as its token server, which is not an http:// or https:// URL"
            raise ToolError(f"{asked.host}: {what}; check the address") from None
        url = f"{said['realm']}?{urlencode({key: value for key, value in wanted.items() if value})}"
        # What docker login left is for nobody to read on the way, whatever the registry says.
        private = url.startswith("https://") or asked.host in self.plain
        answer = self._ask("GET", url, {"Authorization": own} if own and private else {})
        try:
            told = json.loads(answer.body)
            token = told.get("token") or told["access_token"]
            fine = answer.status < 300 and re.fullmatch(r"[!-~]+", token)  # what a header can hold
            return f"Bearer {token}" if fine else ""
        except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
            return ""

    def _ask(self, method: str, url: str, headers: dict[str, str]) -> web.Answer:
        answer = web.ask(method, url, headers, ca_file=self.ca_file, most=LARGEST)
        if answer.status in web.LATER:
            raise Passing(f"HTTP {answer.status}")
        return answer


def _told(asked: Reference, answer: web.Answer) -> str:
    """The digest that the head of an answer tells; empty where it does not say that it is a manifest, the asked one.

    Only then the manifest is read: for Docker Hub, reading one is a pull, of which it allows so many in an hour.
    """
    told = answer.headers.get("docker-content-digest", "")
    fine = _kind(answer) in MANIFESTS and DIGEST.fullmatch(told)
    return told if fine and (":" not in asked.version or told == asked.version) else ""


def _kind(answer: web.Answer) -> str:
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower()


def _login(host: str) -> credentials.Login | None:
    return credentials.docker(HUB_LOGIN if host == HUB else host)
