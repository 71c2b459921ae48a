"""Who one is at a host: from a file, from the environment, or from Docker's configuration; never from an argument."""

from __future__ import annotations

import base64
import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import files
from ..problem import Faults, Problem, ToolError, fault
from ..programs.run import Endless, run
from ..reading import jsontext

USERNAME, PASSWORD, TOKEN = "CHARTGEN_USERNAME", "CHARTGEN_PASSWORD", "CHARTGEN_TOKEN"
MEND = "correct the file, or run 'docker login' again"


@dataclass(frozen=True)
class Login:
    """A user name with a password, or a bearer token alone."""

    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    @property
    def header(self) -> str:
        """The Authorization header."""
        return f"Bearer {self.token}" if self.token else f"Basic {self.basic}"

    @property
    def basic(self) -> str:
        return base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


def given(file: Path | None) -> Login | None:
    """What the caller gives: a file (`user:password`, or a token alone, on its first line), else the environment."""
    if file is not None:
        try:
            found = files.piped(file) if files.passing(file) else file.read_bytes()
            line = found.decode("utf-8").strip().partition("\n")[0].strip()
        except (OSError, ValueError) as error:
            what = getattr(error, "strerror", None) or "is not a text file"
            remedy = "name a file that contains user:password, or a token"
            raise Faults([Problem(str(file), 0, "", str(what), remedy)]) from None
        if not line:
            raise Faults([Problem(str(file), 0, "", "is empty", "write user:password or a token into it")])
        name, colon, password = line.partition(":")
        return Login(name, password) if colon else _token(line, str(file))
    if os.environ.get(TOKEN):
        return _token(os.environ[TOKEN].strip(), TOKEN)
    if os.environ.get(USERNAME):
        return Login(os.environ[USERNAME], os.environ.get(PASSWORD, ""))
    return None


def _token(token: str, where: str) -> Login:
    if not re.fullmatch(r"[!-~]+", token):  # what a header can hold
        raise fault(where, "is not a token: it has blanks, or characters that are not ASCII", "correct it")
    return Login(token=token)


def docker(host: str) -> Login | None:
    """What `docker login HOST` left: in config.json of DOCKER_CONFIG or ~/.docker, or with the helper named there.

    Faults where the file does not have Docker's form.
    """
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path(os.path.expanduser("~"), ".docker"))
    file = folder / "config.json"
    if not file.exists():
        return None
    config = _map(jsontext.read(file, MEND), file, "the file")
    helper = _map(config.get("credHelpers"), file, "credHelpers").get(host) or config.get("credsStore")
    if helper and not (isinstance(helper, str) and re.fullmatch(r"[\w.-]+", helper)):
        raise fault(file, "names a credential helper that is not a program's name", MEND)
    entry = _entry(_map(config.get("auths"), file, "auths"), host, file)
    return entry or (_asked(helper, host) if helper else None)


def _map(found: Any, file: Path, what: str) -> dict[str, Any]:
    if not isinstance(found, dict | None):
        raise fault(file, f"{what} is not a map", MEND)
    return found or {}


def _entry(auths: dict[str, Any], host: str, file: Path) -> Login | None:
    for key, given in auths.items():
        if key.removeprefix("https://").removeprefix("http://").split("/")[0] != host:
            continue
        value = _map(given, file, f"auths of {host}")
        texts = [value.get(name) or "" for name in ("auth", "username", "password")]
        if not all(isinstance(text, str) for text in texts):
            raise fault(file, f"auths of {host} has a value that is not text", MEND)
        auth, name, password = texts
        if auth:
            try:
                name, _, password = base64.b64decode(auth).decode("utf-8", "replace").partition(":")
            except ValueError:
                raise fault(file, f"auth of {host} is not base64", MEND) from None
        if name:
            return Login(name, password)
    return None


def _asked(helper: str, host: str) -> Login | None:
    """What a credential helper says: docs.docker.com/reference/cli/docker/login, "Credential helper protocol"."""
    try:
        done = run([f"docker-credential-{helper}", "get"], 30, given=host.encode())
        said = json.loads(done.output) if done.code == 0 else {}
    except (ToolError, ValueError, RecursionError, Endless):
        return None
    name, secret = (said.get(key) for key in ("Username", "Secret")) if isinstance(said, dict) else ("", "")
    return Login(name, secret) if name and isinstance(name, str) and isinstance(secret, str) else None
