"""Devices by the names of their resources, from the chart's own table of vendors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from ..paths import HERE
from ..reading import yamlfile

VENDORS = HERE / "fragments/gpu/files/vendors.yaml"
FIRST = ("devicePlugin", "mig")  # the schemes that a resource's name stands for where several have it, in this order


@dataclass(frozen=True)
class Device:
    """What a resource is: a vendor's card, by a scheme that is empty for the usual one, or a partition."""

    vendor: str
    scheme: str = ""
    partition: str = ""


@cache
def _known() -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    vendors = yamlfile.read(VENDORS).data
    schemes = dict.fromkeys([*FIRST, *(scheme for entry in vendors.values() for scheme in entry["schemes"])])
    for scheme in schemes:
        for vendor, entry in vendors.items():
            resource = entry["schemes"].get(scheme, {}).get("resource")
            if resource:
                found.setdefault(resource, (vendor, scheme))
    return found


def device(resource: str) -> Device | None:
    """The device that a resource is; None for all that the table does not have, such as cpu."""
    for name, (vendor, scheme) in _known().items():
        if name == resource:
            return Device(vendor, "" if scheme == FIRST[0] else scheme)
        pattern = re.escape(name).replace(r"\{partition\}", "(.+)")
        if "{partition}" in name and (match := re.fullmatch(pattern, resource)):
            return Device(vendor, scheme, match[1])
    return None


def label_of(vendor: str, scheme: str) -> str:
    """The label of nodes that says the type of a vendor's cards, where llm-stack chooses nodes by it."""
    entry = yamlfile.read(VENDORS).data.get(vendor, {}).get("schemes", {}).get(scheme, {})
    return str(entry.get("type", {}).get("nodeLabel", ""))
