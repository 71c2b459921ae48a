"""What is tried with the chart's NetworkPolicies: a network plugin that enforces them, an ollama, and a UI."""

from __future__ import annotations

from typing import Any

from tests.e2e.cluster import Object

from .asking import NAME, POD, client, heard
from .scene import FIXTURES, Scene, apply, expect, inside, new_server, pods, ready, until, values
from .steps import Step

GROUP = "policy"
SERVER = "http://{}:11434/api/version"
API = "https://kubernetes.default:443/version"
# What a curl, and what Python, says of a URL: `open` if anything answers there.
CURL = "curl -ks --noproxy '*' --connect-timeout 4 --max-time 8 -o /dev/null {} && echo open || echo closed"
PYTHON = (
    "import ssl, sys, urllib.error, urllib.request\n"
    "try: urllib.request.urlopen(sys.argv[1], timeout=4, context=ssl._create_unverified_context())\n"
    "except urllib.error.HTTPError: pass\n"
    "except OSError: sys.exit(1)"
)
# ollama asks the server that its environment names; something that speaks HTTP answers, if only that it is another.
OLLAMA = (
    "(OLLAMA_HOST={} ollama list >/tmp/said 2>&1 & p=$!; sleep 5; kill $p 2>/dev/null; cat /tmp/said)"
    " | grep -qiE 'certificate|404|unauthorized|NAME|forbidden' && echo open || echo closed"
)


def control(scene: Scene) -> str:
    """Without policies all of it is open that the policies are to close: these questions can be answered."""
    for group in (GROUP, FIXTURES):
        client(scene, group)
    apply(scene, GROUP, "install", given(scene, "first"))
    found = asked(scene)
    expect(set(found.values()) == {"open"}, f"without policies, these are closed: {found}")
    return f"{len(found)} ways, all open"


def closed(scene: Scene) -> str:
    """With policies only what the release needs is open, and no pod restarts."""
    before = {pod["metadata"]["uid"] for pod in _pods(scene)}
    apply(scene, GROUP, "upgrade", given(scene, "first", networkPolicy={"enabled": True}))
    until(scene, GROUP, "a stranger is kept out", lambda: _stranger(scene, GROUP) == "closed")
    found = asked(scene)
    wanted = {way: "open" if way in NEEDED else "closed" for way in found}
    expect(found == wanted, *(f"{way} is {found[way]}" for way in found if found[way] != wanted[way]))
    expect(before == {pod["metadata"]["uid"] for pod in _pods(scene)}, "the pods are others")
    shut = [way for way in found if found[way] == "closed"]
    return f"closed: {', '.join(shut)}; open: {', '.join(NEEDED)}; the same pods"


def tested(scene: Scene) -> str:
    """The pods of `helm test` reach the server and the UI."""
    return heard(scene, GROUP, f"{scene.model}:first")


def loaded(scene: Scene) -> str:
    """A loader reaches the registry that its values name."""
    apply(scene, GROUP, "upgrade", given(scene, "second", networkPolicy={"enabled": True}))
    new_server(scene, GROUP)
    return f"another model, ready; {heard(scene, GROUP, f'{scene.model}:second')}"


def named(scene: Scene) -> str:
    """A client that the values name comes in, others do not."""
    here = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": scene.namespace(FIXTURES)}}}
    apply(scene, GROUP, "upgrade", given(scene, "second", networkPolicy={"enabled": True, "clients": [here]}))
    until(scene, GROUP, "the client that is named comes in", lambda: _stranger(scene, FIXTURES) == "open")
    expect(_stranger(scene, GROUP) == "closed", "a pod that is not named comes in, too")
    return "a pod of the namespace that networkPolicy.clients names comes in, one of the release's own does not"


POLICY_GROUPS: dict[str, tuple[tuple[str, Step], ...]] = {
    GROUP: (
        ("without policies", control),
        ("with policies", closed),
        ("helm test", tested),
        ("a loader", loaded),
        ("a client that is named", named),
    ),
}
NEEDED = ("UI to server",)


def given(scene: Scene, tag: str, **more: Any) -> dict[str, Any]:
    return values(scene, tag, ui=True, **more)


def asked(scene: Scene) -> dict[str, str]:
    """Each way -> open or closed."""
    server, ui = new_server(scene, GROUP), _ui(scene)
    registry = f"http://{scene.model.split('/')[0]}/"
    return {
        "UI to server": _python(scene, ui, SERVER.format("llm-server")),
        "UI to the registry": _python(scene, ui, registry),
        "UI to the API server": _python(scene, ui, API),
        "server to the API server": _said(scene, GROUP, server, "server", OLLAMA.format(API.removesuffix("/version"))),
        "another pod of its namespace to server": _stranger(scene, GROUP),
        "another namespace to server": _stranger(scene, FIXTURES),
        "another namespace to UI": _said(
            scene, FIXTURES, POD, NAME, CURL.format(f"http://llm-open-webui.{scene.namespace(GROUP)}/")
        ),
    }


def _stranger(scene: Scene, group: str) -> str:
    """Whether a pod of that namespace, which is not of the release, reaches the server."""
    url = SERVER.format(f"llm-server.{scene.namespace(GROUP)}")
    return _said(scene, group, POD, NAME, CURL.format(url))


def _python(scene: Scene, pod: Object, url: str) -> str:
    return _said(scene, GROUP, pod, "open-webui", f"python3 -c '{PYTHON}' {url} && echo open || echo closed")


def _said(scene: Scene, group: str, pod: Object, container: str, script: str) -> str:
    _, said = inside(scene, group, pod, container, script)
    return said.splitlines()[-1] if said else ""


def _pods(scene: Scene) -> list[Object]:
    return [*pods(scene, GROUP, "server"), *pods(scene, GROUP, "open-webui")]


def _ui(scene: Scene) -> Object:
    def one() -> Object | None:
        found = pods(scene, GROUP, "open-webui")
        return found[0] if len(found) == 1 and ready(found[0]) else None

    return until(scene, GROUP, "the UI is ready", one)
