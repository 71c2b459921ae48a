"""GPUs, and the resources of a server."""

from __future__ import annotations

from typing import Any

from .at import EMPTY, At
from .devices import device
from .function import row
from .typed import ANY, LIST, TEXT


@row("gpu", {"type": TEXT, "nvidiaResource": TEXT, "mig": {"enabled": ANY, "devices": {"*": TEXT}}})
def gpu(at: At) -> None:
    """The GPUs of ollama's chart."""
    found = at.value
    vendor = str(found.get("type") or "nvidia").lower()
    number = found.get("number", 1)
    mig = found.get("mig", {})
    devices = mig.get("devices") if mig.get("enabled") else None
    resource = str(found.get("nvidiaResource") or "")
    at.put("gpu.vendor", vendor, "enabled", "type", how=f"as {vendor}")
    if isinstance(devices, dict) and devices:
        (profile, count), *others = devices.items()
        text = "llm-stack gives a pod partitions of one profile; run another server for it"
        at.none(text, *[("mig", "devices", other) for other, _ in others]) if others else None
        _partition(at, profile, count, ("mig", "enabled"), ("mig", "devices", profile))
        return
    at.settled("ollama.gpu.mig.enabled is not true", "mig")
    if resource.startswith("nvidia.com/mig-"):
        _partition(at, resource.removeprefix("nvidia.com/mig-"), number, "nvidiaResource", "number")
        return
    at.put("gpu.count", number, "number")
    if found.get("draEnabled"):
        at.put("gpu.scheme", "dra", "draEnabled", how="as the scheme dra")
    at.settled("is the resource of the vendor", "nvidiaResource") if resource == "nvidia.com/gpu" else None
    at.settled("llm-stack has its own claim template", "draDriverClass", "draExistingClaimTemplate")


def _partition(at: At, profile: str, count: Any, *keys: Any) -> None:
    at.put("gpu.scheme", "mig", *keys[:1], how="as the scheme mig")
    at.put("gpu.partition", profile, *keys, how="the profile of the partitions")
    at.put("gpu.count", count, *keys[1:], how="the number of partitions")


@row("resources", {"*": {"*": TEXT}, "claims": LIST})
def resources(at: At) -> None:
    """Requests and limits; the GPUs among them go under gpu."""
    left: dict[str, Any] = {}
    kept: list[Any] = []
    devices: dict[str, list[Any]] = {}
    at.none("set gpu.scheme to dra, and gpu.vendor and gpu.count; llm-stack creates the claim", "claims")
    for kind, amounts in at.value.items():
        for name, amount in amounts.items() if isinstance(amounts, dict) else ():
            if device(name) and at.row.get("gpus", True):
                devices.setdefault(name, []).append((kind, name, amount))
            elif amount not in EMPTY:
                left.setdefault(kind, {})[name] = amount
                kept.append((kind, name))
    if left:
        at.put(at.row["to"], left, *kept)
    for name, uses in devices.items():
        set_device(at, name, uses[-1][2], *[(kind, name) for kind, name, _ in uses])


def set_device(at: At, resource: str, count: Any, *keys: Any) -> None:
    """A number of devices by the name of their resource."""
    found = device(resource)
    if not found:
        at.put(("gpu", "resources", resource), count, *keys)
        return
    if str(count) in ("0", ""):
        at.settled("is 0", *keys)
        return
    at.put("gpu.vendor", found.vendor, *keys, how=f"as {found.vendor}, with the number as gpu.count")
    at.put("gpu.count", count, *keys)
    for target, value in (("gpu.scheme", found.scheme), ("gpu.partition", found.partition)):
        if value:
            at.put(target, value, *keys)


@row("amounts", {"*": TEXT, "resources": ANY})
def amounts(at: At) -> None:
    """CPU, memory and GPUs as production-stack names them."""
    found = at.value
    left: dict[str, Any] = {}
    for key, (kind, name) in {
        "requestCPU": ("requests", "cpu"),
        "requestMemory": ("requests", "memory"),
        "limitCPU": ("limits", "cpu"),
        "limitMemory": ("limits", "memory"),
    }.items():
        if found.get(key) not in EMPTY:
            left.setdefault(kind, {})[name] = found[key]
    used = [key for key in ("requestCPU", "requestMemory", "limitCPU", "limitMemory") if found.get(key) not in EMPTY]
    if left and not found.get("resources"):
        at.put("resources", left, *used, how="under resources")
    elif left:
        at.settled("resources is used in its place", *used)
    count = found.get("requestGPU")
    if count in EMPTY or str(count) == "0":
        at.settled("is 0, so the model runs on CPUs", "requestGPU", "requestGPUType")
        return
    keys = [key for key in ("requestGPU", "requestGPUType") if key in found]
    set_device(at, str(found.get("requestGPUType") or "nvidia.com/gpu"), count, *keys)
    memory, cores = found.get("requestGPUMem"), found.get("requestGPUCores")
    if memory:
        at.put("gpu.scheme", "hami", "requestGPUMem", how="with the scheme hami")
        at.put("gpu.memory", f"{memory}Mi", "requestGPUMem", "limitGPUMem", how="with its unit")
    if cores:
        at.put("gpu.scheme", "hami", "requestGPUCores", how="with the scheme hami")
        at.put("gpu.coresPercent", cores, "requestGPUCores", "limitGPUCores")
