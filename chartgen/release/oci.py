"""An OCI registry: `helm push`, and `helm pull` to look before and after."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..problem import Faults, Say, ToolError, fault
from ..programs import tools
from ..programs.run import Endless, run
from ..remote import credentials, web
from ..remote.web import Passing, patiently
from .package import Package
from .target import DONE, WOULD, Options, Published, outcome, same

MISSING = r"not found|name unknown|NAME_UNKNOWN|MANIFEST_UNKNOWN|does not exist"


def publish(target: str, file: Path, package: Package, signed: bool, options: Options, say: Say) -> Published:
    """Push a package, with the .prov that lies beside it, and pull it back."""
    target = target.rstrip("/")
    reference = f"{target}/{package.name}"
    with tempfile.TemporaryDirectory(prefix="chartgen-publish-") as place:
        limit = web.TIMEOUT + len(package.data) / web.SLOWEST
        registry = Registry(target, Path(place), options, limit, say)
        there, signature, digest = registry.pull(package, reference)
        provenance = file.with_name(f"{file.name}.prov").read_bytes() if signed else None
        did = outcome(target, package, there, signature, provenance, options)
        if did in WOULD.values():
            digest = ""
        elif did in DONE:
            say(f"pushing {package.file}, {len(package.data) / 1e6:.1f} MB, to {target}")
            digest = registry.push(file)
            same(target, package, registry.pull(package, reference)[0])
            say(f"read back: {package.digest}")
    return Published(did, reference, package.digest, signed, digest)


class Registry:
    """Helm, told how to reach a registry and who one is there; `limit` is in seconds, for one command of Helm."""

    def __init__(self, target: str, place: Path, options: Options, limit: float, say: Say) -> None:
        host = target.removeprefix("oci://").partition("/")[0]
        if not re.fullmatch(r"[A-Za-z0-9.-]+(:[0-9]+)?|\[[0-9a-fA-F:]+\](:[0-9]+)?", host):
            remedy = f"write oci://HOST/PATH; set a password with {credentials.PASSWORD}"
            raise fault(target, "is not the address of a registry", remedy)
        self.target, self.host, self.place, self.options = target, host, place, options
        self.limit, self.say = limit, say
        self.helm = str(tools.ensure(["helm"], say)["helm"].path)
        self.flags = ["--plain-http"] if options.plain_http else []
        self.flags += [f"--ca-file={options.ca_file}"] if options.ca_file else []
        if options.login and options.login.token:
            remedy = f"set {credentials.USERNAME} and {credentials.PASSWORD}"
            raise fault(target, "needs a user name and a password, not a token", remedy)

    def push(self, file: Path) -> str:
        """Push; the digest of the manifest, as the registry has it. The same push once more changes nothing."""
        said = self._patiently(["push", str(file), self.target]) or ""
        if not _digest(said):
            raise ToolError(f"helm push: succeeded, but printed no digest: {said.strip()}")
        return _digest(said)

    def pull(self, package: Package, reference: str) -> tuple[bytes | None, bytes | None, str]:
        """The archive and the .prov of this version, None for what is not there; the manifest's digest."""
        with tempfile.TemporaryDirectory(dir=self.place) as folder:
            command = ["pull", reference, "--version", package.version, "--destination", folder]
            said = self._patiently([*command, "--prov"], missing=True) or self._patiently(command, missing=True) or ""
            archive, signature = Path(folder, package.file), Path(folder, f"{package.file}.prov")
            return _bytes(archive), _bytes(signature), _digest(said)

    def _patiently(self, command: list[str], missing: bool = False) -> str | None:
        return patiently(self.target, lambda: self._run(command, missing), self.options.pauses, self.say)

    def _run(self, command: list[str], missing: bool) -> str | None:
        """What Helm prints; None where it finds nothing and `missing` allows that."""
        with self._config() as config:
            try:
                done = run([self.helm, *command, *self.flags, *config], self.limit)
            except Endless:
                raise Passing(f"helm {command[0]} did not end within {self.limit:.0f} s") from None
        if done.code == 0:
            return done.output + done.errors
        said = done.errors.strip()
        refusal = self._refusal(said)
        # "credential not found" and the like come first: what one may not see may well be there.
        if missing and not isinstance(refusal, Faults) and re.search(MISSING, said, re.IGNORECASE):
            return None
        raise refusal

    def _refusal(self, said: str) -> Exception:
        """An error of Helm's as one of ours."""
        last = said.splitlines()[-1].removeprefix("Error: ") if said else "helm failed without an error message"
        last = re.sub(r'^failed to perform "\w+" on \w+: ', "", last)
        sentences = {
            r"\b401\b|unauthorized|basic credential not found|no basic auth|authentication required": (
                "authentication failed",
                f"run 'helm registry login {self.host}', set {credentials.USERNAME} and {credentials.PASSWORD}, "
                "or name a file with --credentials",
            ),
            r"\b403\b|denied|forbidden": (
                "permission denied",
                "request the permission to push, or use another account",
            ),
            r"\b413\b|too large": (
                "the package is too large",
                "raise the size limit of the registry, or of the proxy in front of it",
            ),
            r"server gave HTTP response to HTTPS client|first record does not look like a TLS": (
                "does not use TLS",
                "allow plain HTTP with --plain-http",
            ),
            r"client sent an HTTP request to an HTTPS server|status code 400: Bad Request$": (
                "uses TLS",
                "remove --plain-http",
            ),
            r"certificate signed by unknown authority|failed to verify certificate|x509": (
                "has an untrusted certificate",
                "name the CA's certificate with --ca-file",
            ),
        }
        for pattern, (what, remedy) in sentences.items():
            if re.search(pattern, said, re.IGNORECASE):
                return fault(self.target, f"{what} ({last})", remedy)
        return Passing(last)

    @contextmanager
    def _config(self) -> Iterator[list[str]]:
        """Helm's flag for a login that is given: a file, for as long as one command runs, that nobody else reads.

        Otherwise Helm takes its own logins, and Docker's.
        """
        login = self.options.login
        if login is None:
            yield []
            return
        file = self.place / "config.json"
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump({"auths": {self.host: {"auth": login.basic}}}, out)
        try:
            yield [f"--registry-config={file}"]
        finally:
            file.unlink()


def _digest(said: str) -> str:
    """What Helm says is the digest of what it pushed or pulled."""
    found = re.search(r"Digest: (sha256:[0-9a-f]{64})", said)
    return found[1] if found else ""


def _bytes(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None
