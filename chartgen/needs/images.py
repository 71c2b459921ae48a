"""Every image that a render uses, with who uses it, where it comes from, and whether its registry has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..chart import blame, loaded, valuesfile
from ..conventions import REGISTRY
from ..problem import Faults, Problem, Say, ToolError
from ..programs import helm as render
from ..programs import tools
from ..proofs import manifests
from ..remote.registries import Registries, parse


@dataclass(frozen=True)
class Image:
    """An image. `source` is what it is called without global.imageRegistry, `users` are `Kind/name: container`.

    `digest` is what the registry says, once it was asked.
    """

    image: str
    source: str
    users: tuple[str, ...]
    digest: str = ""

    def as_json(self) -> dict[str, Any]:
        """The image for `--json`."""
        return {"image": self.image, "source": self.source, "users": list(self.users), "digest": self.digest}


def images(chart: Path, files: list[Path], flags: list[str], say: Say) -> list[Image]:
    """The images of a chart with these values, by name; Faults where it cannot be rendered.

    Tests and other hooks are looked at too, and volumes that are images.
    """
    helm = tools.ensure(["helm"], say)["helm"].path
    valuesfile.present(files)
    with loaded.unpacked(chart) as folder:
        found = loaded.load(folder, str(chart))
        wanted = [
            render.Request(folder, tuple(files), sets=more, flags=tuple(flags)) for more in ((), (f"{REGISTRY}=",))
        ]
        here, plain = render.render(wanted, helm)
    if here.error:
        raise Faults(blame.blamed(found, files, flags, here.error, helm))
    sources = dict(_used(plain.text)) if not plain.error else {}
    users: dict[str, list[str]] = {}
    origins: dict[str, str] = {}
    for user, image in _used(here.text):
        users.setdefault(image, []).append(user)
        origins[image] = sources.get(user, image)
    return [Image(image, origins[image], tuple(users[image])) for image in sorted(users)]


def check(found: list[Image], shown: str, registries: Registries) -> tuple[list[Image], list[Problem], list[str]]:
    """Ask for each image at its registry: the images with their digests, those that are missing, who does not answer.

    A registry that did not answer once is not asked again.
    """
    told, problems = [], []
    passed: dict[str, str] = {}
    for each in found:
        host = parse(each.image).host
        if host in passed:
            continue
        try:
            said = registries.look(each.image)
        except Faults as fault:
            problems += fault.problems
            passed[host] = ""
            continue
        except ToolError as error:
            passed[host] = str(error)
            continue
        told.append(replace(each, digest=said.digest))
        if said.fault:
            problems.append(Problem(shown, 0, each.users[0], f"{each.image} {said.fault}", said.remedy))
    return told, problems, [error for error in passed.values() if error]


def lines(found: list[Image]) -> list[str]:
    """The images, for people."""
    said = []
    for each in found:
        said += [each.image, *([f"  from {each.source}"] if each.source != each.image else [])]
        said += [f"  {each.digest}"] if each.digest else []
        said += [f"  {user}" for user in each.users]
    return said


def _used(text: str) -> Iterator[tuple[str, str]]:
    """(`Kind/name: container`, image) of each container and each volume that is an image, in the render's order."""
    for pod in manifests.render_of(render.documents(text), frozenset()).pods:
        for _, container in pod.containers():
            if isinstance(container.get("image"), str):
                yield f"{pod.owner.title}: {container.get('name')}", container["image"]
        for _, volume in manifests.maps(pod.spec, "volumes[]"):
            image = manifests.map_at(volume, "image").get("reference")
            if isinstance(image, str):
                yield f"{pod.owner.title}: volume {volume.get('name')}", image
