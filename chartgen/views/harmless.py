"""What is printed of values: only what cannot be a credential, by what it is and where it is.

A value is printed if it is a number, a switch, an amount or a word of WORDS, or if its place is in the tables below and
it has the form of what belongs there. A text anywhere else, such as a variable or an annotation, is said to differ.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ..reading import conceal
from ..reading.yamlfile import Key

HIDDEN = conceal.HIDDEN
FEW = 4  # names in a sentence
LABEL = r"[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?"
PART = r"[A-Za-z0-9](?:[\w-]{0,61}[A-Za-z0-9])?"  # of the name of a host
HOST = rf"(?:\*\.)?{PART}(?:\.{PART})*|\*"
STEP = r"[A-Za-z0-9][\w.+-]{0,95}"  # of the path of a file
PATH = r"[\w./~*+@%-]{1,255}"
# Forms of values. A key, a user, a query or a fragment of a URL fits none of them.
FORMS: dict[str, str] = {
    "name": r"(?:[A-Za-z0-9_*][\w.:*-]{0,252}/)?[A-Za-z0-9_*][\w.:*-]{0,252}",
    "label": rf"(?:{LABEL})?",
    "host": HOST,
    "domain": rf"(?:\*\.)?{PART}(?:\.{PART})+",
    "block": r"[0-9A-Fa-f:.]{2,45}(?:/\d{1,3})?",
    "address": rf"[0-9A-Fa-f:.]{{2,45}}(?:/\d{{1,3}})?|{HOST}",
    "image": r"[\w.-]+(?::\d+)?(?:/[\w.-]+)*(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?",
    "path": PATH,
    "model": rf"{PATH}(?::[\w.-]{{1,128}})?",
    "url": rf"https?://(?:{HOST})(?::\d+)?(?:/(?:v\d|hf|api|openai|ollama|models|chat)){{0,3}}/?",
    "listen": rf"(?:https?://)?(?:{HOST})(?::\d+)?",
    "mounted": rf"/models(?:/{STEP})+",
    "schedule": r"@[a-z]{4,8}|(?:TZ=[\w/+-]{1,40} )?[\d*/,?LW#A-Z-]{1,40}(?: [\d*/,?LW#A-Z-]{1,40}){4}",
    "reference": r"(?:[a-z][a-z0-9]{1,15}://)?[\w./*+:-]{1,255}(?:@[\w.:-]{1,71})?",
    "hash": r"[0-9a-f]{16,64}",
    "call": r"every service|[\w.]{1,253}|\*",
    "port": r"[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?",
    "none": r"(?!)",
}
# Several of a form -> that form, and what is between them.
LISTS = {
    "domains": ("domain", ","),
    "blocks": ("block", ","),
    "names": ("name", ","),
    "models": ("model", ","),
    "urls": ("url", ";"),
}
# What fits everywhere: numbers too short for a key, amounts, times, shares, and references of Kubernetes.
NUMBER = r"[+-]?\d{1,7}(?:\.\d{1,6})?"
ANYWHERE = re.compile(
    rf"(?:{NUMBER}(?:[KMGTPE]i?B?|[mkB%])?|(?:\d{{1,6}}(?:\.\d{{1,3}})?(?:ms|[smhd])){{1,4}}|\$\([A-Za-z_]\w{{0,63}}\))?"
)
# Words of Kubernetes, of Gateway API and of engines that choose one of several; a key is none of them.
LISTED = """
true false yes no on off none null all auto default any Always Never IfNotPresent OnFailure RollingUpdate Recreate
OnDelete OrderedReady Parallel Retain Delete Recycle ClusterIP NodePort LoadBalancer ExternalName Headless ClientIP
None Cluster Local SingleStack PreferDualStack RequireDualStack IPv4 IPv6 TCP UDP SCTP HTTP HTTPS TLS GRPC http https
grpc tcp udp h2c Terminate Passthrough Exact Prefix PathPrefix ImplementationSpecific RegularExpression
ReplaceFullPath ReplacePrefixMatch GET HEAD POST PUT PATCH DELETE OPTIONS CONNECT TRACE URLRewrite RequestRedirect
RequestHeaderModifier ResponseHeaderModifier RequestMirror ExtensionRef Same Selector All ReadWriteOnce ReadOnlyMany
ReadWriteMany ReadWriteOncePod Filesystem Block Immediate WaitForFirstConsumer NoSchedule PreferNoSchedule NoExecute
Exists Equal In NotIn DoesNotExist Gt Lt DoNotSchedule ScheduleAnyway Honor Ignore Memory HugePages Directory
DirectoryOrCreate File FileOrCreate Socket CharDevice BlockDevice RuntimeDefault Localhost Unconfined OnRootMismatch
ClusterFirst ClusterFirstWithHostNet Default FallbackToLogsOnError HostToContainer Bidirectional Allow Forbid Replace
Indexed NonIndexed AlwaysAllow IfHealthyBudget Utilization Value AverageValue Resource Pods Object External
ContainerResource Max Min Disabled Percent Ingress Egress PreemptLowerPriority Opaque privileged baseline restricted
ExactCount Shared Exclusive NewCluster FailureTarget Complete kubernetes.io/tls kubernetes.io/dockerconfigjson
kubernetes.io/basic-auth Role ClusterRole ServiceAccount User Group Deployment StatefulSet DaemonSet Service Pod Job
CronJob Node LeaderWorkerSet LeaderCreated LeaderReady internal internet-facing nlb ip instance external auto half
float16 bfloat16 float float32 fp8 fp8_e4m3 fp8_e5m2 awq awq_marlin gptq gptq_marlin bitsandbytes gguf mxfp4 nvfp4
int8 int4 f16 f32 bf16 q8_0 q4_0 q4_1 q5_0 q5_1 iq4_nl mp ray uni explicit poll once refresh watch rollout huggingface
modelscope sh bash python python3 -c -m serve server run start vllm ollama llama-server tritonserver
sglang.launch_server sleep
edge reencrypt passthrough Redirect Rule FailOpen FailClose
"""
WORDS = frozenset(LISTED.split())
# Maps and lists of a user: what is in one is a text, whatever its key is.
FREE = (
    *("annotations", "data", "stringData", "binaryData", "volumeAttributes", "parameters", "attributes", "options"),
    *("args", "command", "params", "serveConfigV2", "openAPIV3Schema"),
    *("customRequestHeaders", "customResponseHeaders", "sslProxyHeaders", "plugin", "rayStartParams", "externalLabels"),
)
FREE_MAPS = ("headers",)  # where they are no lists of names and values
LABELS = ("labels", "matchLabels", "nodeSelector", "selector")
PAIRS = (("triggers", "metadata"), ("spec", "metadata"))  # of a ScaledObject and a RayJob
# The groups of objects whose fields are in PLACES. Of any other object only WHOLE is printed.
GROUPS = re.compile(
    r"|apps|batch|autoscaling|policy|(?:networking|rbac\.authorization|storage|scheduling|discovery|resource"
    r"|apiextensions|admissionregistration|gateway\.networking|inference\.networking|node|coordination)\.k8s\.io"
    r"|(?:gateway|inference)\.networking\.(?:x-)?k8s\.io|inference\.networking\.x-k8s\.io|leaderworkerset\.x-k8s\.io"
    r"|ray\.io|monitoring\.coreos\.com|keda\.sh|route\.openshift\.io|traefik\.io|traefik\.containo\.us"
)
WHOLE = (
    (r"apiVersion|kind|metadata\.(?:name|namespace|generateName)", "name"),
    (r"(?:.*\.)?image", "image"),
)
# Fields …Name that hold the name of an object or of a part of one.
NAMES = (
    *("ingressClass", "storageClass", "gatewayClass", "runtimeClass", "priorityClass", "deviceClass"),
    *(
        "volumeAttributesClass",
        "volumeSnapshotClass",
        "queue",
        "claim",
        "secret",
        "configMap",
        "service",
        "serviceAccount",
    ),
    *("volume", "scheduler", "node", "container", "resourceClaim", "resourceClaimTemplate", "section", "pod", "group"),
    *("nodePool", "cluster", "rayCluster", "job", "portal"),
)
# The end of a place -> the form of what is there. `[]` is an item of a list.
PLACES: tuple[tuple[str, str], ...] = (
    (
        r"name|namespace|generateName|kind|apiVersion|apiGroup"
        rf"|group|(?:{'|'.join(NAMES)})Name|driver|topologyKey|fieldPath|resource"
        r"|(?:secretKeyRef|configMapKeyRef|items\[\]|tolerations\[\]|matchExpressions\[\])\.key|tolerations\[\]\.value"
        r"|sectionName|metric|container"
        r"|(?:entryPoints|resources|verbs|apiGroups|resourceNames|accessModes|policyTypes|drop|add|finalizers)\[\]"
        r"|(?:runtimeHandler|timeZone|controllerName|loadBalancerClass|volumeName|seLinuxOptions\.\w+)",
        "name",
    ),
    (r"matchExpressions\[\]\.values\[\]", "label"),
    (r"port|targetPort|number|appProtocol|protocol", "port"),
    (r"image|reference", "image"),
    (
        r"mountPath|subPath|subPathExpr|httpGet\.path|paths\[\]\.path|path\.value|hostPath\.path|workingDir|items\[\]\.path"
        r"|serviceAccountToken\.path|replacePrefixMatch|replaceFullPath|terminationMessagePath|endpoints\[\]\.path"
        r"|spec\.path|localhostProfile|nonResourceURLs\[\]",
        "path",
    ),
    (r"hosts?|hosts\[\]|hostnames?|hostnames\[\]|externalName|subdomain|httpGet\.host", "host"),
    (
        r"ip|ips\[\]|cidr|except\[\]|loadBalancerIP|loadBalancerSourceRanges\[\]|externalIPs\[\]|clusterIPs?|clusterIPs\[\]"
        r"|hostIP|nameservers\[\]|podIP",
        "block",
    ),
    (
        r"addresses\[\]|addresses\[\]\.value",
        "address",
    ),
    (r"schedule", "schedule"),
)
# Annotations whose values people look at, and which lead no one in.
ANNOTATIONS: dict[str, str] = {
    r"checksum/[\w.-]+": "hash",
    r"external-dns\.(?:alpha\.)?kubernetes\.io/(?:internal-)?(?:hostname|target)": "domains",
    r"nginx\.ingress\.kubernetes\.io/server-alias": "domains",
    r"[\w.-]+/(?:white|allow|deny)-?list(?:-source-range)?": "blocks",
    r"helm\.sh/(?:hook|hook-delete-policy|resource-policy)": "names",
    r"kubernetes\.io/ingress\.class|cert-manager\.io/(?:cluster-)?issuer": "name",
}
# Arguments that the chart sets, and others of engines that many people set -> the form of their values.
OPTIONS: dict[str, str] = {
    r"--model|-m|--model-path|--served-model-name|--alias|-a|--tokenizer|--load-model": "model",
    r"--mmproj|-mm|--chat-template|--model-repository|--config-file|--input-file|-i|--output-file|-o": "path",
    r"--host|--master-addr|--dist-init-addr": "address",
    r"--dtype|--quantization|-q|--kv-cache-dtype|--load-format|--device|-dev|--tool-call-parser|--reasoning-parser"
    r"|--attention-backend|--distributed-executor-backend|--runner|--task|--load-mode|-lm|--model-control-mode"
    r"|--cache-type-[kv]|-ct[kv]|--split-mode|--pool-(?:group|name|namespace)|--tokenizer-mode|--scheduler": "name",
}
# The same for variables: those that the chart sets.
VARIABLES: dict[str, str] = {
    r"(?:OLLAMA_|OPENAI_API_)?BASE_URLS?|HF_ENDPOINT|ENDPOINT|SERVER(?:_URL)?|PAGE_URL|WEBUI_URL": "urls",
    r"OLLAMA_HOST": "listen",
    r"MODELS?|DEFAULT_MODELS?|CUSTOM_MODELS|TASK_MODEL(?:_EXTERNAL)?|RAG_EMBEDDING_MODEL": "models",
}
OPTION = re.compile(r"--[a-z][a-z0-9]{0,23}(?:[-_.][a-z0-9]{1,23}){0,6}|-[a-zA-Z]{1,4}")
_FORMS = {name: re.compile(form) for name, form in FORMS.items()}
_PLACE = re.compile("|".join(rf"(?:.*\.)?(?:{where})\Z(?P<{form}{n}>)" for n, (where, form) in enumerate(PLACES)))
_WHOLE = re.compile("|".join(rf"(?:{where})\Z(?P<{form}{n}>)" for n, (where, form) in enumerate(WHOLE)))


def fits(text: Any, form: str) -> bool:
    """Whether a text has the form that belongs to its place, and no credential of a known form in it."""
    if not isinstance(text, str):
        return True
    if form in LISTS:
        inner, between = LISTS[form]
        return all(fits(each.strip(), inner) for each in text.split(between) if each.strip())
    return bool(_FORMS[form].fullmatch(text)) and conceal.formless(text) == text


def formed(text: Any, form: str) -> str:
    """A text of a form for a sentence, or HIDDEN."""
    text = text if isinstance(text, int | float | None) else str(text)
    return str(text) if anywhere(text) or fits(text, form) else HIDDEN


def few(texts: Sequence[str]) -> str:
    """Texts for a sentence: the first of them, and how many more there are."""
    more = f" and {len(texts) - FEW} more" if len(texts) > FEW else ""
    return ", ".join(texts[:FEW]) + more


def anywhere(value: Any) -> bool:
    """Whether a value is printed wherever it is: a number, a switch, an amount, a word."""
    return not isinstance(value, str) or value in WORDS or bool(ANYWHERE.fullmatch(value))


def shown(value: Any, path: Key, group: str | None) -> Any:
    """A value of an object of an API group, HIDDEN in place of texts that are not printed; None is no known group."""
    if isinstance(value, dict):
        variable = value.get("name")
        named = bool(path) and path[-1] == "[]" and isinstance(variable, str)
        inner = (*path[:-1], f"[{variable}]") if named else path
        return {key(name): shown(each, (*inner, name), group) for name, each in value.items()}
    if isinstance(value, list):
        if path and path[-1] in ("args", "command"):
            return [word(each, value[n - 1] if n else "") for n, each in enumerate(value)]
        return [shown(each, (*path, "[]"), group) for each in value]
    return value if printed(value, path, group) else HIDDEN


def key(name: Any) -> Any:
    """The name of a place, HIDDEN if a credential of a known form is in it."""
    return name if not isinstance(name, str) or conceal.formless(name) == name else HIDDEN


def printed(value: Any, path: Key, group: str | None) -> bool:
    """Whether a value that is no map and no list is printed, by its place and what it is."""
    if isinstance(value, bool) or value is None or value == "":
        return True
    if conceal.named(path):
        return bool(conceal.PLAIN.fullmatch(str(value)))
    form = _form([str(step) for step in path], group)
    return anywhere(value) or bool(form and fits(value, form))


def _form(steps: list[str], group: str | None) -> str:
    """The form of what is at a place; "" where any text can be."""
    names = [step for step in steps if not step.startswith("[")]
    last, above = ("", "", *names)[-1], ("", "", *names)[-2]
    if above == "annotations":
        return _known(ANNOTATIONS, last)
    if (above, last) == ("env", "value"):
        return _known(VARIABLES, steps[-2].strip("[]"))
    if above in LABELS:
        return "label"
    maps = [step for step, inner in pairwise(steps) if not inner.startswith("[")]
    if any(name in FREE_MAPS for name in maps):
        return ""
    if any(name in FREE or tuple(names[n : n + 2]) in PAIRS for n, name in enumerate(names[:-1])):
        return ""
    place = "".join("[]" if step.startswith("[") else f".{step}" for step in steps).removeprefix(".")
    known = group is not None and GROUPS.fullmatch(group)
    found = (_PLACE if known else _WHOLE).fullmatch(place)
    return str(found.lastgroup).rstrip("0123456789") if found else ""


def _known(table: dict[str, str], name: str) -> str:
    return next((form for names, form in table.items() if re.fullmatch(names, name)), "")


def word(text: Any, before: Any = "") -> Any:
    """A word of a command, `before` the one before it: options, and what is known of their values."""
    if not isinstance(text, str) or option(text):
        return text
    name, equals, value = text.partition("=")
    if equals and option(name):
        return f"{name}={worth(name, value)}"
    # vLLM takes its model without an option.
    return worth(str(before), text) if option(before) else formed(text, "mounted")


def worth(name: str, value: str) -> str:
    """The value of an option, or HIDDEN."""
    return HIDDEN if conceal.told(name, value) else formed(value, _known(OPTIONS, name) or "none")


def option(text: Any) -> bool:
    """Whether a word of a command is an option without its value."""
    return isinstance(text, str) and bool(OPTION.fullmatch(text))


def identifier(name: str, value: Any, where: str) -> bool:
    """Whether the field `name` of an item of the list `where` can name it in a sentence."""
    if isinstance(value, int):
        return True
    form = {"mountPath": "path", "ip": "block", "host": "host", "port": "port"}.get(name, "name")
    known = name == "name" or where in KEYED.get(name, ())
    return isinstance(value, str) and known and fits(value, form)


# The lists whose items another field than their name or number can name.
KEYED: dict[str, tuple[str, ...]] = {
    "mountPath": ("volumeMounts",),
    "ip": ("hostAliases", "addresses"),
    "host": ("rules",),
    "port": ("ports", "endpoints"),
    "containerPort": ("ports",),
    "key": ("items", "tolerations", "matchExpressions"),
    "topologyKey": ("topologySpreadConstraints", "requiredDuringSchedulingIgnoredDuringExecution"),
    "type": ("metrics", "conditions", "policies"),
}
