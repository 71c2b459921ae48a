"""A package's signature, its .prov file: made by GnuPG, and believed only once Helm has verified it.

The signed text is Helm's own (pkg/provenance/sign.go, 4.3): Chart.yaml, a line of three dots, and the sums of the files
as YAML. `helm package --sign` packs the chart anew, with other bytes than those that were proved.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from ..problem import Faults, Problem, ToolError
from ..programs.run import hermetic, run
from .package import Package

TIMEOUT = 120  # seconds for `helm verify`


def sign(package: Package, key: str, passphrase: Path | None, helm: Path) -> str:
    """The text of the .prov, signed with a secret key of GnuPG's keyring (GNUPGHOME), `key` its name or fingerprint.

    The passphrase comes from a file, or is asked for by GnuPG's agent. Faults where GnuPG does not sign with it.
    """
    message = f"{package.metadata}\n...\nfiles:\n  {package.file}: {package.digest}\n"
    secret = ["--pinentry-mode", "loopback", "--passphrase-file", str(passphrase)] if passphrase else []
    text = _gpg(
        ["--armor", "--local-user", key, "--digest-algo", "SHA512", *secret, "--clearsign"], message.encode(), key
    )
    signed = text.decode("utf-8")
    _verified(package, signed, key, helm)
    return signed


def fingerprint(key: str) -> str:
    """The 40 hexadecimal digits of a key of GnuPG's keyring."""
    said = _gpg(["--with-colons", "--list-keys", key], b"", key).decode("utf-8", "replace")
    return next((line.split(":")[9] for line in said.splitlines() if line.startswith("fpr:")), "")


def _verified(package: Package, signed: str, key: str, helm: Path) -> None:
    """ToolError unless Helm itself verifies the package by what was signed."""
    with tempfile.TemporaryDirectory(prefix="chartgen-sign-") as place:
        folder = Path(place)
        (folder / package.file).write_bytes(package.data)
        (folder / f"{package.file}.prov").write_text(signed, encoding="utf-8", newline="")
        # Helm reads OpenPGP's own form of a keyring, not that of GnuPG 2.
        (folder / "keys.gpg").write_bytes(_gpg(["--export", key], b"", key))
        command = [str(helm), "verify", str(folder / package.file), f"--keyring={folder / 'keys.gpg'}"]
        done = run(command, TIMEOUT, hermetic(folder))
    if done.code:
        raise ToolError(f"helm cannot verify the signature that gpg made: {done.last}")


def _gpg(arguments: list[str], given: bytes, key: str) -> bytes:
    try:
        done = subprocess.run(["gpg", "--batch", "--yes", *arguments], input=given, capture_output=True, check=False)
    except FileNotFoundError:
        raise ToolError("gpg: not on the PATH; install GnuPG") from None
    if done.returncode:
        words = [line.removeprefix("gpg: ") for line in done.stderr.decode("utf-8", "replace").splitlines() if line]
        remedy = (
            "name a key that 'gpg --list-secret-keys' shows, and provide its passphrase with --passphrase-file "
            "or gpg-agent"
        )
        raise Faults([Problem("--sign", 0, key, words[-1] if words else "gpg failed", remedy)])
    return done.stdout
