"""Kubernetes' own schemas, made from those that the package kubernetes-validate carries.

kubeconform cannot read the package's files as they are: each has an `$id` on the web that its `$ref`s resolve against.
So every kind becomes one file that holds the definitions it reaches and no others, without descriptions. The layout is
that of CRD schemas, `v1.37.0/<group>/<kind>_<version>.json`: kubeconform's usual `{{.KindSuffix}}` keeps only the first
word of a group, and would take `Deployment` of `apps.example.org/v1` for Kubernetes' own.

Two definitions are replaced (REPLACED): a quantity gets the pattern that the API server's parser accepts, where the
package lets any text pass, and both say their types in one list, for a message of one line.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from ..problem import ToolError
from . import rules

OLDEST = (1, 29)
PACKAGE = "kubernetes-validate"
DRAFT = "http://json-schema.org/draft-07/schema#"
REFERENCE = "#/definitions/"
STATUS = ".status"  # what the names of definitions end with that are for the status of an object
SUFFIX = "-local-strict"
TEMPLATE = "{{.NormalizedKubernetesVersion}}/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"
CRD_TEMPLATE = "{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"

# apimachinery's ParseQuantity: a sign, digits with at most one point, then a binary suffix, a decimal one or an
# exponent. Written for RE2 and for Python alike.
QUANTITY = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$"
REPLACED = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": ["string", "number"], "pattern": QUANTITY},
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["string", "integer"]},
}

# What values may be typed as: `chartgen build` reads these from schemas/kubernetes-definitions.json.
CORE = "io.k8s.api.core.v1."
OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
VALUES = (
    *(
        CORE + name
        for name in (
            "Affinity",
            "EnvFromSource",
            "EnvVarSource",
            "LocalObjectReference",
            "PodDNSConfig",
            "PodSecurityContext",
            "Probe",
            "SecurityContext",
            "Toleration",
            "TopologySpreadConstraint",
            "Volume",
            "VolumeMount",
        )
    ),
    *(f"io.k8s.api.autoscaling.v2.{name}" for name in ("HorizontalPodAutoscalerBehavior", "MetricSpec")),
    *(f"io.k8s.api.networking.v1.{name}" for name in ("IPBlock", "NetworkPolicyEgressRule", "NetworkPolicyPeer")),
)


def versions() -> list[str]:
    """The Kubernetes versions there are schemas for, in full (`1.29.0`), the oldest supported first, newest last."""
    names = (folder.name for folder in package().iterdir() if folder.name.endswith(SUFFIX))
    found = sorted((tuple(map(int, name.removesuffix(SUFFIX)[1:].split("."))), name) for name in names)
    return [name.removesuffix(SUFFIX)[1:] for number, name in found if number >= OLDEST]


def definitions(names: Iterable[str], version: str = "") -> dict[str, Any]:
    """Draft-07 definitions by name (`io.k8s.api.core.v1.Affinity`) and all that they reach, for use in a values schema.

    Closed, without descriptions and formats, and without null: a null in values is a mistake, and reaches a manifest
    as one. `version` is full, the newest by default. KeyError where Kubernetes has no such definition.
    """
    known = known_definitions(version or versions()[-1])
    return {name: _without_null(schema) for name, schema in sorted(reached(names, known).items())}


def definitions_file() -> str:
    """The text of schemas/kubernetes-definitions.json: one definition a line, so that a change can be read."""
    version = versions()[-1]
    lines = (f'  "{name}": {compact(schema)}' for name, schema in definitions(VALUES, version).items())
    return f'{{\n "kubernetes": "{version}",\n "definitions": {{\n' + ",\n".join(lines) + "\n }\n}\n"


def object_meta() -> dict[str, Any]:
    """ObjectMeta of the newest Kubernetes and what it reaches, by name: a CRD leaves its `metadata` to the server."""
    return reached([OBJECT_META], known_definitions(versions()[-1]))


def reached(names: Iterable[str], known: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = known[name]
            waiting += _references(known[name])
    return found


def _references(schema: Any) -> list[str]:
    if isinstance(schema, list):
        return [name for inner in schema for name in _references(inner)]
    if not isinstance(schema, dict):
        return []
    own = [schema["$ref"].removeprefix(REFERENCE)] if isinstance(schema.get("$ref"), str) else []
    return own + [name for inner in schema.values() for name in _references(inner)]


@cache
def known_definitions(version: str, nullable: bool = False) -> dict[str, Any]:
    """Every definition of a version by name, with what the API server refuses besides (rules.yaml).

    With `nullable`, the rules are for manifests, in which a key with null is as good as none.
    """
    known = {name: _eased(schema, name) for name, schema in published(version).items()}
    return rules.stricter(known | REPLACED, nullable)


def _eased(schema: dict[str, Any], name: str) -> dict[str, Any]:
    """A definition that requires no key that the newest Kubernetes does not require.

    Older schemas had keys as required that no API server ever asked for, such as a StatefulSet's serviceName; what the
    API server itself asks for is in rules.yaml.
    """
    newest = published(versions()[-1]).get(name, schema)
    keys = [key for key in schema.get("required", ()) if key in newest.get("required", ())]
    return schema | ({"required": keys} if keys != schema.get("required", []) else {})


@cache
def published(version: str) -> dict[str, Any]:
    """Every definition of a version by name, as it is published, lean and with references as draft-07 has them."""
    file = package() / f"v{version}{SUFFIX}" / "_definitions.json"
    try:
        known = json.loads(file.read_text(encoding="utf-8"))["$defs"]
    except FileNotFoundError:
        raise ToolError(f"{PACKAGE} has no schemas of Kubernetes {version}; it has {', '.join(versions())}") from None
    except (OSError, ValueError, KeyError) as error:
        raise ToolError(f"{file}: cannot be read ({error}); install {PACKAGE} again") from None
    return {name: _lean(schema) for name, schema in known.items()}


def _lean(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without descriptions and Kubernetes' own words, at every depth."""
    if "$ref" in schema:
        return {"$ref": REFERENCE + schema["$ref"].rpartition("/")[2]}
    own = {word: value for word, value in schema.items() if word != "description" and word[:13] != "x-kubernetes-"}
    return inward(own, _lean)


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A lean schema that refuses null at every depth; formats go too, they bind nothing here (int32, int64, byte)."""
    own = {word: value for word, value in schema.items() if word != "format"}
    if "enum" in own:
        own["enum"] = [choice for choice in own["enum"] if choice is not None]
    if isinstance(own.get("type"), list):
        types = [name for name in own["type"] if name != "null"]
        own["type"] = types if len(types) > 1 else types[0]
    return inward(own, _without_null)


def inward(schema: dict[str, Any], change: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """The schema with `change` made to each schema directly in it (properties, items, additionalProperties, oneOf)."""
    result = dict(schema)
    if "properties" in schema:
        result["properties"] = {key: change(inner) for key, inner in schema["properties"].items()}
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict):
            result[word] = change(schema[word])
    if "oneOf" in schema:
        result["oneOf"] = [change(inner) for inner in schema["oneOf"]]
    return result


def without_status(kind: dict[str, Any]) -> dict[str, Any]:
    """The schema of a kind of custom resource in which `status` is any map: the API server drops it of manifests."""
    properties = kind.get("properties", {})
    own = {"status": {"type": ["object", "null"]}} if "status" in properties else {}
    return kind | {"properties": properties | own}


def typed_status(kind: dict[str, Any], version: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schema of a kind of Kubernetes' own in which `status` needs its types alone, and the definitions for that.

    The API server reads the status of a manifest, so that keys and types have to be right, and then drops it.
    """
    status = kind.get("properties", {}).get("status", {})
    names = _references(status)
    if not names:
        return kind, {}
    found = {f"{name}{STATUS}": _typed(schema) for name, schema in reached(names, published(version)).items()}
    return kind | {"properties": kind["properties"] | {"status": _typed(status)}}, found


def _typed(schema: dict[str, Any]) -> dict[str, Any]:
    """A lean schema that requires no key, at every depth; its references are to others like it."""
    if "$ref" in schema:
        return {"$ref": schema["$ref"] + STATUS}
    return inward({word: value for word, value in schema.items() if word != "required"}, _typed)


def compact(schema: dict[str, Any]) -> str:
    return json.dumps(schema, sort_keys=True, separators=(",", ":"))


@cache
def package() -> Path:
    """The package's folder of schemas, found without importing it: that would load jsonschema."""
    from importlib.util import find_spec

    spec = find_spec(PACKAGE.replace("-", "_"))
    place = Path(spec.origin).parent / "kubernetes-json-schema" if spec and spec.origin else None
    if place is None or not place.is_dir():
        raise ToolError(f"the Python package {PACKAGE} is not installed; install it with 'pip install {PACKAGE}'")
    return place


@cache
def inputs() -> str:
    """What tells one state of the package from another: its version, and the sizes of the files that are read."""
    files = [package() / f"v{version}{SUFFIX}" / "_definitions.json" for version in versions()]
    version = (package().parent / "version.py").read_text(encoding="utf-8")
    sizes = "".join(f"{file.parent.name} {file.stat().st_size}\n" for file in files if file.exists())
    return version + sizes + rules.inputs()
