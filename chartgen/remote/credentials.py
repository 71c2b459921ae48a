"""Who one is at a host: from a file, from the environment, or from Docker's configuration; never from an argument."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..problem import Faults, Problem, ToolError
from ..programs.run import Endless, run

USERNAME, PASSWORD, TOKEN = "CHARTGEN_USERNAME", "CHARTGEN_PASSWORD", "CHARTGEN_TOKEN"


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
            line = file.read_text(encoding="utf-8").strip().partition("\n")[0].strip()
        except (OSError, UnicodeDecodeError) as error:
            what = getattr(error, "strerror", None) or "is not a text file"
            remedy = "name a file that contains user:password, or a token"
            raise Faults([Problem(str(file), 0, "", str(what), remedy)]) from None
        if not line:
            raise Faults([Problem(str(file), 0, "", "is empty", "write user:password or a token into it")])
        name, colon, password = line.partition(":")
        return Login(name, password) if colon else Login(token=line)
    if os.environ.get(TOKEN):
        return Login(token=os.environ[TOKEN])
    if os.environ.get(USERNAME):
        return Login(os.environ[USERNAME], os.environ.get(PASSWORD, ""))
    return None


def docker(host: str) -> Login | None:
    """What `docker login HOST` left: in config.json of DOCKER_CONFIG or ~/.docker, or with the helper named there."""
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    helper = config.get("credHelpers", {}).get(host) or config.get("credsStore")
    return _entry(config.get("auths", {}), host) or (_asked(helper, host) if helper else None)


def _entry(auths: dict[str, Any], host: str) -> Login | None:
    for key, value in auths.items():
        if key.removeprefix("https://").removeprefix("http://").split("/")[0] != host:
            continue
        if value.get("auth"):
            name, _, password = base64.b64decode(value["auth"]).decode("utf-8", "replace").partition(":")
            return Login(name, password)
        if value.get("username"):
            return Login(value["username"], value.get("password", ""))
    return None


def _asked(helper: str, host: str) -> Login | None:
    """What a credential helper says: docs.docker.com/reference/cli/docker/login, "Credential helper protocol"."""
    try:
        done = run([f"docker-credential-{helper}", "get"], 30, given=host.encode())
        said = json.loads(done.output) if done.code == 0 else {}
    except (ToolError, ValueError, Endless):
        return None
    return Login(said["Username"], said.get("Secret", "")) if said.get("Username") else None
