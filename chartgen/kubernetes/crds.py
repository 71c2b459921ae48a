"""Schemas of custom resources, made from the CRDs in Go modules that gotools/crds/go.mod pins.

A CRD's schema is OpenAPI with Kubernetes' own words. What the API server does with it is said here in draft-07: what it
would drop (a field that is not declared) is refused, what it lets through stays open. What draft-07 cannot say (rules
in CEL, keys of lists) stays in the schema as it is, below SERVED: the prover reads it as the API server (served.py).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..problem import Say, ToolError
from ..programs import carried
from ..programs.gorun import GOTOOLS
from . import definitions

# Module -> which of its files hold the CRDs. Gateway API: the standard channel, what a cluster has without opting in.
MODULES = {
    "github.com/kedacore/keda/v2": ["config/crd/bases/keda.sh_*.yaml"],
    "github.com/prometheus-operator/prometheus-operator": [
        "example/prometheus-operator-crd/*_*monitors.yaml",
        "example/prometheus-operator-crd/*_prometheusrules.yaml",
    ],
    "github.com/ray-project/kuberay/ray-operator": ["config/crd/bases/ray.io_rayservices.yaml"],
    "istio.io/api": ["kubernetes/customresourcedefinitions.gen.yaml"],
    "sigs.k8s.io/gateway-api": ["config/crd/standard/*.yaml"],
    "sigs.k8s.io/gateway-api-inference-extension": ["config/crd/bases/*.yaml"],
    "sigs.k8s.io/lws": ["config/crd/bases/leaderworkerset*.yaml"],
}

PROSE = ("description", "title", "example", "externalDocs")
DROPPED = (*PROSE, "default", "nullable", "x-kubernetes-")
SCHEMA = "openAPIV3Schema"
SERVED = "served/"  # the folder of the schemas as the API server reads them


def schemas(say: Say) -> Iterator[tuple[str, dict[str, Any]]]:
    """(path by CRD_TEMPLATE, schema) of every version that is served, of the CRDs of MODULES; ToolError if not.

    They are in the package chartgen-prover, or Go fetches them.
    """
    known = carried.crds(pins())
    for crd in known if known is not None else _of_modules(say):
        yield from _served(crd)


def terse(say: Say) -> Iterator[dict[str, Any]]:
    """The CRDs of all modules with what schemas are made from, for the package chartgen-prover."""
    for crd in _of_modules(say):
        versions = [
            {"name": each["name"], "served": True, "schema": {SCHEMA: _terse(each["schema"][SCHEMA])}}
            for each in crd["spec"]["versions"]
            if each["served"]
        ]
        spec = {key: crd["spec"][key] for key in ("group", "scope")} | {"names": {"kind": crd["spec"]["names"]["kind"]}}
        yield {"kind": "CustomResourceDefinition", "spec": spec | {"versions": versions}}


def pins() -> str:
    """What says which CRDs are meant: the pins of their modules, and which of their files hold them."""
    texts = ((GOTOOLS / "crds" / file).read_text(encoding="utf-8") for file in ("go.mod", "go.sum"))
    return hashlib.sha256("\0".join((*texts, json.dumps(MODULES))).encode()).hexdigest()


def _of_modules(say: Say) -> Iterator[dict[str, Any]]:
    for module, place in fetched(say).items():
        made = [crd for file in files(module, place) for crd in _crds(file)]
        if not made:
            where = "chartgen/kubernetes/crds.py"
            raise ToolError(f"{module}: found no CRD in {', '.join(MODULES[module])}; correct MODULES in {where}")
        yield from made


def convert(schema: dict[str, Any]) -> dict[str, Any]:
    """An OpenAPI schema of a CRD as draft-07, closed wherever the API server drops what is not declared."""
    if schema.get("x-kubernetes-int-or-string"):
        return _lean(schema) | {"type": _type(["integer", "string"], schema)}
    made = definitions.inward(_lean(schema), convert)
    if "type" in schema:
        made["type"] = _type([schema["type"]], schema)
    if schema.get("nullable") and "enum" in made:
        made["enum"] = [*made["enum"], None]
    if schema.get("x-kubernetes-embedded-resource"):
        made["properties"] = {"apiVersion": {}, "kind": {}, "metadata": {}} | made.get("properties", {})
    if schema.get("type") == "object" and not schema.get("x-kubernetes-preserve-unknown-fields"):
        made.setdefault("additionalProperties", False)
    return made


def fetched(say: Say) -> dict[str, Path]:
    """Module -> the folder that Go has put it in, its checksum compared with go.sum."""
    from ..programs.gorun import go

    answer = go(["mod", "download", "-json", *sorted(MODULES)], GOTOOLS / "crds", say, "downloading CRDs")
    decoder, place, found = json.JSONDecoder(), 0, {}
    while answer[place:].strip():
        place += len(answer[place:]) - len(answer[place:].lstrip())
        module, place = decoder.raw_decode(answer, place)
        found[module["Path"]] = Path(module["Dir"])
    return found


def files(module: str, place: Path) -> list[Path]:
    """The files with CRDs of a module that is in the folder `place`."""
    return sorted(file for pattern in MODULES[module] for file in place.glob(pattern))


def in_file(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The schemas of the CRDs in a YAML file, each with its path, in draft-07 and as the API server reads them.

    Other objects and versions that are not served are left out.
    """
    for crd in _crds(file):
        yield from _served(crd)


def _crds(file: Path) -> Iterator[dict[str, Any]]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found = yaml.load_all(file.read_text(encoding="utf-8"), loader)
    return (each for each in found if (each or {}).get("kind") == "CustomResourceDefinition")


def _served(crd: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    spec = crd["spec"]
    for version in spec["versions"]:
        if version["served"]:
            path, bundle = _bundle(spec["group"], spec["names"]["kind"], version)
            yield path, bundle
            yield SERVED + path, {"scope": spec["scope"], "schema": _terse(version["schema"][SCHEMA])}


def _bundle(group: str, kind: str, version: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Where kubeconform looks for the version of a kind by CRD_TEMPLATE, and its schema."""
    api = f"{group}/{version['name']}"
    schema = definitions.without_status(convert(version["schema"][SCHEMA]))
    schema["properties"] = schema.get("properties", {}) | {
        "apiVersion": {"type": "string", "enum": [api]},
        "kind": {"type": "string", "enum": [kind]},
        "metadata": {"$ref": definitions.REFERENCE + definitions.OBJECT_META},
    }
    schema["required"] = sorted({*schema.get("required", ()), "apiVersion", "kind", "metadata"})
    bundle = {"$schema": definitions.DRAFT, **schema, "definitions": definitions.object_meta()}
    return f"{group}/{kind.lower()}_{version['name']}.json", bundle


def _lean(schema: dict[str, Any]) -> dict[str, Any]:
    """Without prose, defaults and Kubernetes' words, and with limits as draft-07 has them.

    What stands under allOf, anyOf, oneOf and not is kept: in a CRD these only add conditions, without types or prose.
    """
    lean = {word: value for word, value in schema.items() if not word.startswith(DROPPED)}
    for word, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if lean.pop(word, False):
            lean[word] = lean.pop(limit)
    return lean


def _terse(schema: dict[str, Any]) -> dict[str, Any]:
    """A CRD's schema without prose, which no rule reads."""
    return definitions.inward({word: value for word, value in schema.items() if word not in PROSE}, _terse)


def _type(types: list[str], schema: dict[str, Any]) -> str | list[str]:
    names = [*types, "null"] if schema.get("nullable") else types
    return names[0] if len(names) == 1 else names
