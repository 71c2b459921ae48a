"""The command: what it needs, what it prints, its exit code. 0: fine, 1: something is wrong, 2: a tool is broken."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from chartgen.problem import ToolError
from chartgen.programs import tools
from tests import proved
from tests import registry as registries
from tests.e2e.cluster import Refused, connected, get, resources
from tests.e2e.helm import Helm, environment

from . import images, lab, prometheus
from .batch_steps import BATCH_GROUPS
from .group_steps import GROUP_GROUPS
from .kit_steps import KIT_GROUPS
from .llamacpp_steps import LLAMACPP_GROUPS
from .policy_steps import POLICY_GROUPS
from .ray_steps import RAY_GROUPS
from .scene import Scene, Wrong
from .steps import GROUPS as OLLAMA_GROUPS
from .steps import Step
from .vllm_steps import VLLM_GROUPS

# The environment variable of the real program that steps need -> the steps; a batch program is a shell.
BY_PROGRAM = {
    "OLLAMA": {**OLLAMA_GROUPS, **POLICY_GROUPS},
    "KIT": KIT_GROUPS,
    "": BATCH_GROUPS,
    "LLAMACPP": LLAMACPP_GROUPS,
    "VLLM": {**VLLM_GROUPS, **GROUP_GROUPS},
    "RAY": RAY_GROUPS,
}
GROUPS = {name: steps for groups in BY_PROGRAM.values() for name, steps in groups.items()}
# Environment variable -> the program; the images of VLLM and RAY say their versions only when they run.
PROGRAMS = {"OLLAMA": "ollama", "KIT": "kit", "LLAMACPP": "llama.cpp"}
KINDS = {
    **dict.fromkeys(GROUP_GROUPS, "LeaderWorkerSet"),
    **dict.fromkeys(RAY_GROUPS, "RayService"),
}  # what the cluster must know for a group
# The environment variable that names, with its version, what enforces NetworkPolicies in the cluster.
ENFORCER = "ENFORCER"
EPILOGUE = """
\b
Needs  KUBECONFIG  a cluster with at least one real node, 1 CPU and 2 GiB of it free; nothing in it is touched
                   but what the run makes and removes
       kubectl     on PATH
       OLLAMA      a real ollama for the node's machine, one file that serves on CPUs, for the steps that are not below;
       ENFORCER    the name and version of what enforces NetworkPolicies, such as "calico 3.31.0", for the
                   steps policy, which need OLLAMA, too;
       KIT         a real kit of KitOps, one file, for the steps kit-…;
       LLAMACPP    a real llama-server of llama.cpp, one file without libraries of its own, for the steps llamacpp;
       VLLM        an image of vLLM for CPUs, packed in the OCI layout, for the steps vllm and group; those need 3 GiB,
                   and group the controller of LeaderWorkerSets in the cluster; the steps batch need none of these;
       RAY         an image of Ray with Ray Serve and vLLM for CPUs, packed in the OCI layout, whose vLLM calls the CPUs
                   Ray's GPU, for the steps ray; those need 12 GiB and KubeRay's operator, and let the node say that it
                   has GPUs; and
       IMPORT      a command that gives the node an image from a tar in the OCI layout, whose path it gets as its last
                   argument: "k3s ctr images import", "kind load image-archive", "ctr -n k8s.io images import"

With IMPORT, images are packed from this machine's programs, which must suit the node's processor, and imported under
the names that the chart asks for: use a cluster that is thrown away, they stay there. The real Open WebUI is replaced
by a small program; curl, the engines, kit and the registry are real. If Prometheus is on PATH, it is packed too, and
scrapes the engines. Without IMPORT, the node uses the images that it has, or fetches the chart's own. Steps whose needs
are missing are not run, and named, unless --group asks for them.
"""


@dataclass(frozen=True)
class Done:
    """A step: what it saw, or the lines of what is wrong."""

    group: str
    name: str
    seconds: float
    saw: str = ""
    wrong: tuple[str, ...] = ()


def say(text: str) -> None:
    """Progress, for people: on standard error."""
    click.echo(text, err=True)


@click.command(epilog=EPILOGUE, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.option("--chart", type=click.Path(path_type=Path, exists=True), default="charts/llm-stack", show_default=True)
@click.option("--node", default="", help="The real node to use; otherwise the first that takes pods.")
@click.option("--group", "groups", multiple=True, type=click.Choice([*GROUPS]), help="Only these steps.")
@click.option(
    "--timeout", type=click.IntRange(1), default=180, show_default=True, help="Seconds for a command of Helm."
)
@click.option("--keep", is_flag=True, help="Leave everything in the cluster.")
@click.option("--record", type=click.Path(path_type=Path), help="Write what was done to this file, docs/proved.yaml.")
def main(chart: Path, node: str, groups: tuple[str, ...], timeout: int, keep: bool, record: Path | None) -> None:
    """Prove the chart where containers really run: real engines answer, a real kit swaps models under a reader."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    start = time.monotonic()
    try:
        done = _perform(chart, node, groups, timeout, keep, record)
    except (ToolError, Refused) as error:
        say(f"e2e-real: {error}")
        sys.exit(2)
    except KeyboardInterrupt:
        say("e2e-real: stopped")
        sys.exit(130)
    for line in table(done):
        click.echo(line)
    failed = sum(bool(each.wrong) for each in done)
    left = [group for group in groups or GROUPS if group not in {each.group for each in done}]
    words = f"; not run: {', '.join(left)}" if left else ""
    click.echo(f"e2e-real: {len(done)} steps, {failed} failures in {time.monotonic() - start:.0f} s{words}")
    sys.exit(1 if failed else 0)


def table(done: list[Done]) -> list[str]:
    """A row for each step: its namespace, its name, its seconds, what it saw."""
    rows = [("steps of", "step", "seconds", "saw"), *((d.group, d.name, f"{d.seconds:.1f}", _saw(d)) for d in done)]
    widths = [max(len(row[n]) for row in rows) for n in range(3)]
    return [f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]}" for row in rows]


def _saw(done: Done) -> str:
    return f"FAILED: {done.wrong[0].splitlines()[0]}" if done.wrong else done.saw


def _perform(
    chart: Path, node: str, groups: tuple[str, ...], timeout: int, keep: bool, record: Path | None
) -> list[Done]:
    """Run groups; each is written down as soon as it is over, since somebody may stop those that follow."""
    kubeconfig = os.environ.get("KUBECONFIG", "")
    if not kubeconfig:
        raise ToolError("KUBECONFIG is not set; let it name the cluster that may be used")
    found = tools.ensure(["helm"], say)["helm"]
    wanted = _images(chart)
    with connected(kubeconfig) as cluster, tempfile.TemporaryDirectory(prefix="e2e-real-") as place:
        folder, real, known = Path(place), lab.real_node(cluster, node), resources(cluster)
        groups = _possible(groups, {each.kind for each in known})
        stand_ins = _stand_ins(wanted, folder, groups)
        helm = Helm("helm", found.path, environment(folder / "helm", kubeconfig), timeout, threading.Event())
        run = secrets.token_hex(2)
        scene = Scene(cluster, known, helm, kubeconfig, chart, folder, real, run, stand_ins, say)
        say(
            f"Kubernetes {cluster.version}, helm {found.version}, node {lab.described(real)}, "
            f"namespaces e2e-real-…-{run}"
        )
        try:
            with lab.furnished(scene, wanted, groups, keep):
                done: list[Done] = []
                for group in groups:
                    mine = _group(scene, group, GROUPS[group])
                    if record:
                        proved.record(record, "e2e-real", entries(scene, found.version, mine), GROUPS)
                    done += mine
                return done
        except Wrong as error:
            raise ToolError(f"what the steps need cannot be made: {error}") from None


def _possible(chosen: tuple[str, ...], kinds: set[str]) -> tuple[str, ...]:
    """The groups whose needs are there; the others are named, and ToolError where one of them was asked for."""
    found = []
    for group in chosen or GROUPS:
        if not (why := lacking(group, kinds)):
            found.append(group)
        elif chosen:
            raise ToolError(f"{group}: {why}")
        else:
            say(f"{group}: not run: {why}")
    if not found:
        raise ToolError("nothing can be run; --help says what the steps need")
    return tuple(found)


def lacking(group: str, kinds: set[str]) -> str:
    """What a group needs and does not have, of this machine and of the kinds that the cluster knows."""
    variable, kind = _variable(group), KINDS.get(group)
    if kind and kind not in kinds:
        return f"the cluster knows no {kind}; install its controller"
    if variable and os.environ.get("IMPORT") and not os.environ.get(variable):
        return f"{variable} is not set; --help says what it is"
    if group in POLICY_GROUPS and len(os.environ.get(ENFORCER, "").split()) != 2:
        return f"{ENFORCER} is not a name and a version; --help says what it is"
    return ""


def entries(scene: Scene, helm: str, done: list[Done]) -> dict[str, proved.Entry]:
    """What is written down of the run, by group; with what stood in for programs of the chart's images."""
    found = {}
    for group in dict.fromkeys(each.group for each in done):
        mine = [each for each in done if each.group == group]
        given = [proved.used(scene.chart, [file], scene.helm.path) for file in scene.given.get(group, ())]
        variable = _variable(group)
        own = dict(scene.programs.get(group, {}))
        if variable in PROGRAMS and scene.stand_ins:
            own[PROGRAMS[variable]] = proved.version(_program(variable))
        if group in POLICY_GROUPS:
            name, own_version = os.environ[ENFORCER].split()
            own[name] = own_version
        steps = [{"step": each.name, "saw": each.saw} for each in mine if not each.wrong]
        versions = {"kubernetes": scene.cluster.version, "helm": [helm], "programs": own}
        used = scene.others.get(group, set()).union(*given)
        failed = [each.name for each in mine if each.wrong]
        found[group] = proved.entry(used, failed, steps=steps, **versions)
    return found


def _variable(group: str) -> str:
    """The environment variable that names the real program of a group."""
    return next(variable for variable, groups in BY_PROGRAM.items() if group in groups)


def _images(chart: Path) -> dict[str, Any]:
    """The chart's `images` values."""
    import yaml

    return yaml.safe_load((chart / "values.yaml").read_text(encoding="utf-8"))["images"]


def _stand_ins(wanted: dict[str, Any], folder: Path, groups: tuple[str, ...]) -> bool:
    """Pack and import images, where IMPORT says how; whether it did."""
    command = shlex.split(os.environ.get("IMPORT", ""))
    if not command:
        for name in BY_PROGRAM:
            if os.environ.get(name):
                raise ToolError(f"IMPORT is not set; --help says what it is, or leave out {name}")
        return False
    needed = {_variable(group) for group in groups}
    ollama, kit, llamacpp = (_program(name) if name in needed else None for name in PROGRAMS)
    registry, file = registries.program() if kit else None, folder / "image.tar"
    packed = images.stand_ins(wanted, ollama, kit, registry, llamacpp)
    if needed & {"LLAMACPP", "VLLM"} and shutil.which(prometheus.NAME):
        packed.append(images.Image(images.reference(prometheus.IMAGE), images.programs(prometheus.NAME)))
    for image in packed:
        images.write(image, file)
        _import(command, file, f"{image.name}, {len(image.files)} files")
    for variable, image in {"VLLM": "vllmCpu", "RAY": "rayLlm"}.items():
        if variable in needed:
            name = images.reference(wanted[image])
            images.renamed(_file(variable), name, file)
            _import(command, file, name)
    return True


def _import(command: list[str], file: Path, what: str) -> None:
    """Give an image to the node."""
    say(f"importing {what}, {file.stat().st_size / 1e6:.0f} MB")
    try:
        subprocess.run([*command, str(file)], check=True, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ToolError(f"IMPORT: {error}") from None


def _program(variable: str) -> Path:
    """The program that an environment variable names."""
    path = _file(variable)
    if not os.access(path, os.X_OK):
        raise ToolError(f"{variable}: {path} is no program")
    return path


def _file(variable: str) -> Path:
    path = os.environ.get(variable, "")
    if not os.path.isfile(path):
        raise ToolError(f"{variable}: {path or 'nothing'} is no file")
    return Path(path).resolve()


def _group(scene: Scene, group: str, steps: tuple[tuple[str, Step], ...]) -> list[Done]:
    """The steps of a namespace, until one fails; the rest is counted as failed, too."""
    done: list[Done] = []
    for name, step in steps:
        if done and done[-1].wrong:
            done.append(Done(group, name, 0, wrong=("not run, since an earlier step failed",)))
            continue
        done.append(_step(scene, group, name, step))
        say(f"{group}: {name}: {done[-1].seconds:.1f} s: {done[-1].saw}")
        for line in done[-1].wrong:
            say(f"{group}: {name}: FAILED: {line}")
    return done


def _step(scene: Scene, group: str, name: str, step: Step) -> Done:
    """A step, and that no pod of the run is where no container runs: there everything is green."""
    start = time.monotonic()
    saw, wrong = "", ()
    try:
        saw = step(scene)
    except Wrong as error:
        wrong = error.lines
    except (Refused, subprocess.TimeoutExpired) as error:
        wrong = (str(error),)
    real = {node["metadata"]["name"] for node in get(scene.cluster, "/api/v1/nodes")["items"] if not lab.faked(node)}
    wrong = (*wrong, *lab.strangers(lab.everywhere(scene), real))
    return Done(group, name, time.monotonic() - start, saw, wrong)


if __name__ == "__main__":
    main(prog_name="e2e-real")
