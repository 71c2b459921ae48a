"""From a stack to its package on disk: composed, proved as it will be installed, signed."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..compose.building import Composed
from ..conventions import STACK
from ..files import write
from ..problem import Faults, Problem, Say
from ..programs import tools
from ..proofs.validate import validate
from ..sources import stack as stacks
from ..sources.stack import Stack
from . import package as packages
from . import provenance
from .package import Package

SIGN_KEY = "artifacthub.io/signKey"


@dataclass(frozen=True)
class Made:
    """A package on disk. `proof` is what validation said of it, in a line; with problems, there is none."""

    file: Path
    package: Package
    proof: str = ""
    signature: Path | None = None
    problems: list[Problem] = field(default_factory=list)

    def summary(self) -> str:
        """What was made, for people."""
        lines = [f"proved: {self.proof}"] if self.proof else []
        lines.append(f"{self.file}: {len(self.package.data) / 1e6:.2f} MB, {self.package.digest}")
        return "\n".join(lines + ([f"{self.signature}: verified by helm"] if self.signature else []))

    def as_json(self) -> dict[str, Any]:
        """The same, for machines."""
        signature = str(self.signature) if self.signature else None
        known = {"name": self.package.name, "version": self.package.version, "digest": self.package.digest}
        return {"file": str(self.file), **known, "signature": signature, "proof": self.proof or None}


def make(made: Composed, folder: Path, key: str | None, passphrase: Path | None, proof: bool, say: Say) -> Made:
    """Make the package of a composed stack; Faults where it cannot be released."""
    package = packages.pack(made.stack, made.chart)
    if key is not None:
        _right_key(made.stack, key)
    file, words = folder / package.file, ""
    if proof:
        words, problems = _proved(package, made, say)
        if problems:
            return Made(file, package, problems=problems)
    signed = ""
    if key is not None:
        signed = provenance.sign(package, key, passphrase, tools.ensure(["helm"], say)["helm"].path)
    signature = file.with_name(f"{file.name}.prov")
    if signature.is_file() and package.digest not in signature.read_text(encoding="utf-8", errors="replace"):
        signature.unlink()  # it speaks of another package
    write(file, package.data)
    if signed:
        write(signature, signed.encode())
    return Made(file, package, words, signature if signed else None)


def expected() -> Path:
    """The package of ./stack.yaml, else of llm-stack, as `make` would call it in the working directory."""
    chart = stacks.read(stacks.find(None if Path("stack.yaml").is_file() else STACK)).chart
    return Path(f"{chart['name']}-{chart['version']}.tgz")


def _proved(package: Package, made: Composed, say: Say) -> tuple[str, list[Problem]]:
    """What validation says of the package itself, unpacked as Helm unpacks it."""
    with tempfile.TemporaryDirectory(prefix="chartgen-package-") as place:
        file = Path(place) / package.file
        file.write_bytes(package.data)
        report = validate(file, [], made, say, shown=package.file)
    return report.summary().removeprefix(f"{package.file}: "), report.problems


def _right_key(stack: Stack, key: str) -> None:
    """Faults where stack.yaml tells people of another key than the one that signs."""
    import yaml

    told = yaml.safe_load(stack.chart.get("annotations", {}).get(SIGN_KEY, "{}"))
    finger = provenance.fingerprint(key)
    if told and str(told.get("fingerprint", "")).replace(" ", "").upper() != finger:
        problem = stack.problem(
            ("chart", "annotations", SIGN_KEY),
            f"is not the fingerprint of the signing key, {finger}",
            "correct the fingerprint, or sign with that key",
        )
        raise Faults([problem])
