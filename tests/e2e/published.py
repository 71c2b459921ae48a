"""The way of a release: packed, published, found by Helm, installed on the cluster that KUBECONFIG names, removed.

From each of the three kinds of places: an OCI registry that wants a password, a ChartMuseum, a folder that a web server
shows. The fake nodes of the test cluster suffice: what is proved is that what arrives is what was packed.
"""

from __future__ import annotations

import functools
import http.server
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chartgen.compose import building
from chartgen.programs import tools
from chartgen.release import publish, releasing
from chartgen.remote import credentials
from tests import museum as museums
from tests import registry as registries

from .cluster import connected, delete
from .helm import environment

VALUES = ("--set=openWebui.enabled=false", "--set=modelCache.type=emptyDir")


def main() -> int:
    if not os.environ.get("KUBECONFIG"):
        print("published: KUBECONFIG is not set; let it name the cluster that may be used", file=sys.stderr)
        return 2
    failures = 0
    helm = str(tools.ensure(["helm"], print)["helm"].path)
    with tempfile.TemporaryDirectory(prefix="chartgen-published-") as place:
        folder = Path(place)
        made = releasing.make(building.composed("llm-stack"), folder, None, None, False, print)
        env = environment(folder / "helm", os.environ["KUBECONFIG"])
        for kind in (_registry, _museum, _site):
            start = time.monotonic()
            try:
                with kind(folder, made.file) as (repository, source):
                    done = publish.publish(*repository, print)
                    again = publish.publish(*repository, print)
                    assert (done.did, again.did) == ("published", "was there"), (done, again)
                    _install(helm, env, source)
                print(f"published: {done.reference}: {time.monotonic() - start:.1f} s")
            except (AssertionError, subprocess.CalledProcessError) as error:
                failures += 1
                print(f"published: {kind.__name__}: FAILED: {error} {getattr(error, 'stderr', '')}")
    print(f"published: 3 places, {failures} failures")
    return 1 if failures else 0


def _install(helm: str, env: dict[str, str], source: list[str]) -> None:
    """Install from a reference, or from a repository by its URL, each with Helm's own arguments; and remove it."""
    namespace = f"e2e-published-{secrets.token_hex(2)}"
    usual = [f"--namespace={namespace}"]
    run = functools.partial(subprocess.run, env=env, check=True, capture_output=True, text=True)
    if not source[0].startswith("oci://"):
        run([helm, "repo", "add", "here", *source, "--force-update"])
        source = ["here/llm-stack"]
    try:
        run([helm, "install", "llm", *source, *usual, "--create-namespace", "--wait", "--timeout=120s", *VALUES])
        said = run([helm, "list", *usual, "--output=json"]).stdout
        assert '"chart":"llm-stack-' in said, said
        run([helm, "uninstall", "llm", *usual])
    finally:
        with connected(os.environ["KUBECONFIG"]) as cluster:
            delete(cluster, f"/api/v1/namespaces/{namespace}")


@contextmanager
def _registry(folder: Path, file: Path) -> Iterator[tuple]:
    login = credentials.Login(registries.USER, registries.PASSWORD)
    with registries.registry(authentication=True) as server:
        target = f"oci://{server.host}/charts"
        source = [f"{target}/llm-stack", "--version", publish.read(file)[0].version, "--plain-http"]
        source += [f"--username={login.username}", f"--password={login.password}"]
        yield (target, file, publish.Options(login=login, plain_http=True)), source


@contextmanager
def _museum(folder: Path, file: Path) -> Iterator[tuple]:
    options = publish.Options(login=credentials.Login("u", "p"), plain_http=True, context_path=museums.CONTEXT)
    server = museums.real() if museums.on_path() else museums.stand_in()
    with server as museum:
        url = museum if isinstance(museum, str) else museum.url
        yield (url, file, options), [url, "--username=u", "--password=p"]


@contextmanager
def _site(folder: Path, file: Path) -> Iterator[tuple]:
    site = folder / "site"
    handler = functools.partial(_Quiet, directory=str(site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        yield (str(site), file, publish.Options()), [url]
    finally:
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words: object) -> None:
        pass


if __name__ == "__main__":
    sys.exit(main())
