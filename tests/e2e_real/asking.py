"""What is asked of a real engine, through the Service by its name, by a pod beside it that has curl."""

from __future__ import annotations

import json
import re
import shlex
import time
from typing import Any

from tests.e2e.cluster import Object, get, request

from .scene import Scene, expect, helm, inside, ready, until

NAME = "client"
POD: Object = {"metadata": {"name": NAME}}
IDLE = "trap 'exit 0' TERM; while :; do sleep 1; done"
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
# Without requests it would get no processor while an engine computes, and see a stream only when it is over.
RESOURCES = {"requests": {"cpu": "100m", "memory": "64Mi"}}
SERVICE = "llm-server"
STREAM = "stream"  # its file in the pod


def client(scene: Scene, group: str) -> None:
    """The pod that asks, once it runs."""
    container = {
        "name": NAME,
        "image": scene.image("curl"),
        "command": ["sh", "-c", IDLE],
        "resources": RESOURCES,
        "securityContext": RESTRICTED,
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }
    spec = {
        "containers": [container],
        "nodeSelector": {"kubernetes.io/hostname": scene.hostname},
        "terminationGracePeriodSeconds": 1,
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }
    where = f"/api/v1/namespaces/{scene.namespace(group)}/pods"
    request(scene.cluster, "POST", where, {"apiVersion": "v1", "kind": "Pod", **POD, "spec": spec})
    until(scene, group, "the client runs", lambda: ready(get(scene.cluster, f"{where}/{NAME}")))


def asked(scene: Scene, group: str, path: str, body: Any = None, seconds: int = 20) -> tuple[int, str]:
    """The status of an answer and its text; 0 and curl's words where none comes in that time."""
    command = f"curl -sS --noproxy '*' --max-time {seconds} -w '\\n%{{http_code}}' {_request(scene, group, path, body)}"
    _, said = inside(scene, group, POD, NAME, command)
    text, _, code = said.rpartition("\n")
    return (int(code), text.strip()) if code.isdigit() else (0, said)


def question(model: str, count: int, **more: Any) -> dict[str, Any]:
    """A chat request for so many tokens."""
    return {"model": model, "messages": [{"role": "user", "content": "Say hello."}], "max_tokens": count, **more}


def chatted(scene: Scene, group: str, model: str, count: int = 8, seconds: int = 20) -> str:
    """What the model says, always the same; empty where it does not answer."""
    body = question(model, count, temperature=0)
    status, text = asked(scene, group, "/v1/chat/completions", body, seconds)
    return json.loads(text)["choices"][0]["message"]["content"] if status == 200 else ""


def answering(scene: Scene, group: str, model: str, since: float, what: str, seconds: float) -> int:
    """Wait until the model answers; the seconds that have passed since a moment."""

    def tried() -> bool:
        time.sleep(0.7)
        return bool(chatted(scene, group, model))

    until(scene, group, what, tried, seconds)
    return round(time.monotonic() - since)


def heard(scene: Scene, group: str, model: str, seconds: float = 0) -> str:
    """What `helm test` heard: an answer of this model, whole and streamed, through the Service by its name."""
    said = helm(scene, group, "test", "--logs", seconds=seconds)
    whole = re.search(rf'the answer is: .*"model": ?"{re.escape(model)}"', said)
    pieces = re.search(r"the streamed answer has (\d+) chunks", said)
    expect(whole and pieces, "helm test was content, but there is no answer in its log", said)
    text = re.search(r'"content": ?"((?:[^"\\]|\\.)*)"', said)
    return f"answered {text[1] if text else ''} in {pieces[1] if pieces else 0} chunks"


def begin(scene: Scene, group: str, model: str, tokens: int) -> int:
    """Ask for a stream of so many tokens, which goes on in the client's pod; the pieces of it that have come."""
    body = question(model, tokens, stream=True, ignore_eos=True)
    curl = f"curl -sSN --noproxy '*' {_request(scene, group, '/v1/chat/completions', body)}"
    count = f"grep -c '^data: *{{' {STREAM}"
    script = (
        f"cd /tmp; rm -f {STREAM}*; ({curl} >{STREAM} 2>{STREAM}.said; echo $? >{STREAM}.code) >/dev/null 2>&1 & "
        f"cd /tmp; n=0; while [ $n -lt 200 ] && [ ! -e {STREAM}.code ]; do "
        f'if [ -e {STREAM} ] && [ "$({count})" -ge 5 ]; then {count}; exit 0; fi; n=$((n + 1)); sleep 0.2; done; exit 9'
    )
    code, said = inside(scene, group, POD, NAME, script)
    expect(code == 0, f"no stream goes on, of {tokens} tokens: {ending(scene, group)} {said}")
    return int(said)


def chunks(scene: Scene, group: str) -> int:
    """The pieces of the stream that have come."""
    _, said = inside(scene, group, POD, NAME, f"grep -c '^data: *{{' /tmp/{STREAM}")
    return int(said) if said.isdigit() else 0


def ending(scene: Scene, group: str) -> str:
    """How the stream has ended: `whole`, or what curl says and the last line; empty while it goes on."""
    script = f"cd /tmp; cat {STREAM}.code 2>/dev/null || exit 9; cat {STREAM}.said; grep . {STREAM} | tail -n 1"
    code, said = inside(scene, group, POD, NAME, script)
    if code == 9 or not said:
        return ""
    return "whole" if re.fullmatch(r"0\ndata: *\[DONE\]", said) else f"cut: curl's exit code {said}"


def watch(scene: Scene, group: str, model: str) -> None:
    """Ask again and again, until `watched` is called."""
    curl = _request(scene, group, "/v1/chat/completions", question(model, 1))
    one = f"curl -s --noproxy '*' -o /dev/null --max-time 10 -w '%{{http_code}}\\n' {curl}"
    script = f"cd /tmp; rm -f stop codes; (while [ ! -e stop ]; do {one}; sleep 1; done >codes) >/dev/null 2>&1 &"
    code, said = inside(scene, group, POD, NAME, script)
    expect(code == 0, f"asking again and again cannot begin: {said}")


def watched(scene: Scene, group: str) -> int:
    """The answers since `watch`; Wrong where one was missing."""
    _, said = inside(scene, group, POD, NAME, "cd /tmp; touch stop; sleep 1; sort codes | uniq -c")
    counts = {code: int(count) for count, code in (line.split() for line in said.splitlines())}
    expect(counts.keys() == {"200"}, f"not every request was answered: {said.strip()}")
    return counts["200"]


def exported(scene: Scene, group: str, path: str) -> dict[str, str]:
    """The metrics of an engine: name -> type."""
    status, text = asked(scene, group, path)
    expect(status == 200, f"{path}: HTTP {status}: {text[:200]}")
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))


def _request(scene: Scene, group: str, path: str, body: Any) -> str:
    """The arguments of curl."""
    service = get(scene.cluster, f"/api/v1/namespaces/{scene.namespace(group)}/services/{SERVICE}")
    url = shlex.quote(f"http://{SERVICE}:{service['spec']['ports'][0]['port']}{path}")
    if body is None:
        return url
    return f"-H 'Content-Type: application/json' --data {shlex.quote(json.dumps(body))} {url}"
