"""The commands: their arguments, what they print, their exit codes. 0: fine, 1: the input is at fault, 2: a tool is."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from . import __version__
from .problem import Faults, Problem, ToolError, fault

STACK = "A stack file, a folder that holds stack.yaml, or one of chartgen's own stacks."


def say(text: str) -> None:
    """Progress, for people: on standard error."""
    click.echo(text, err=True)


def patient(after: float = 2.0) -> Callable[[str], None]:
    """As `say`; where nobody watches, what is said in the first seconds is held back until there are more of them."""
    start, held = time.monotonic(), []

    def later(text: str) -> None:
        held.append(text)
        if sys.stderr.isatty() or time.monotonic() - start > after:
            for line in held:
                say(line)
            held.clear()

    return later


def tell(data: Any) -> None:
    """Data as JSON, on standard output."""
    import json

    click.echo(json.dumps(data, indent=1, ensure_ascii=False))


def exits(command: Callable[..., int | None]) -> Callable[..., None]:
    """Run a command; problems become lines and exit code 1, broken tools a line and exit code 2."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            code = command(*args, **kwargs)
        except Faults as fault:
            code = complain(fault.problems)
        except ToolError as error:
            say(f"chartgen: {error}")
            code = 2
        except BrokenPipeError:
            code = 1
        except OSError as error:
            say(f"chartgen: {error.filename or 'a file'}: {error.strerror}; is the folder there, and yours to write?")
            code = 2
        sys.exit(code or 0)

    return run


def complain(problems: list[Problem]) -> int:
    """Print every problem; 1 where there is any."""
    for problem in problems:
        click.echo(str(problem), err=True)
    return 1 if problems else 0


def with_values(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command values as Helm takes them: files, and single ones."""
    file = click.Path(path_type=Path)
    said = "A values file; several are merged as Helm does."
    files = click.option("-f", "--values", "files", multiple=True, type=file, metavar="FILE", help=said)
    sets = click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="A value, as Helm's --set takes it.")
    return files(sets(command))


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="chartgen")
def main() -> None:
    """Compose a Helm chart from reusable fragments, and prove what it renders.

    Exit codes: 0 fine, 1 something in your files is wrong (each fault is a line `path:line: key: what; what to do`),
    2 a tool is missing or broken.
    """


@main.command()
@click.argument("stack", required=False)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where the chart on disk differs from its sources.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The chart's folder.  [default: charts/NAME]")
@exits
def build(stack: str | None, check: bool, output: Path | None) -> int:
    """Make the chart of STACK.

    STACK is a stack file, a folder that holds stack.yaml, or one of chartgen's own stacks; by default ./stack.yaml
    where there is one, else llm-stack. The chart is written whole or not at all; files that it no longer has are
    removed.
    """
    from .chart import disk
    from .compose import building

    made = building.composed(stack).chart
    folder = output or Path("charts") / made.name
    if check:
        return _stale(disk.difference(made, folder), folder)
    changes = disk.write(made, folder)
    click.echo(f"{folder}: {len(made.files)} files, {_count(changes)}")
    return 0


def _stale(changes: list[str], folder: Path) -> int:
    for change in changes:
        what, path = change.split(" ", 1)
        click.echo(f"{folder}/{path}: {what}: is not what its sources make; run 'chartgen build'", err=True)
    if not changes:
        click.echo(f"{folder}: up to date")
    return 1 if changes else 0


def _count(changes: list[str]) -> str:
    if not changes:
        return "nothing changed"
    kinds = [change.split(" ", 1)[0] for change in changes]
    words = {"changed": "changed", "missing": "added", "extra": "removed"}
    return ", ".join(f"{kinds.count(kind)} {word}" for kind, word in words.items() if kind in kinds)


@main.command()
@click.argument("chart", required=False, type=click.Path(path_type=Path))
@click.option(
    "-f",
    "--values",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A values file of your own, in place of the examples; several are merged as Helm does.",
)
@click.option("--stack", help=STACK + "  [default: ./stack.yaml, or the one of the chart's name]")
@click.option(
    "--only",
    "fragments",
    multiple=True,
    metavar="FRAGMENT",
    help="Check only this fragment of the stack, with its cases and rejections. Can be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print all that was found as JSON.")
@exits
def validate(
    chart: Path | None, files: tuple[Path, ...], stack: str | None, fragments: tuple[str, ...], as_json: bool
) -> int:
    """Prove CHART, a folder or a package, for every supported Kubernetes version.

    Without -f its defaults, its examples, and the cases of its fragments are rendered by Helm and checked; with it,
    your own values. By default the chart of ./stack.yaml, else charts/llm-stack.

    At the top of a values file, comments say what it is for: `# kubernetes: >=1.34`, `# pod-security: privileged`,
    `# needs: Secret/x, PersistentVolumeClaim/y` (what the cluster has already).

    While you write a fragment, --only checks it in seconds, on the newest Kubernetes version. It composes the chart in
    memory and does not need `chartgen build`.
    """
    from .chart import loaded
    from .proofs import validate as proofs
    from .sources import stack as stacks

    if fragments and (chart or files):
        raise fault("--only", "composes the chart from the stack", "leave CHART and -f out, or leave --only out")
    recipe = stacks.find(stack) if stack else None
    if fragments:
        report = proofs.only(list(fragments), stacks.find(stack), patient())
    else:
        report = proofs.validate(chart or loaded.default(stack), list(files), recipe, patient())
    if as_json:
        tell(report.as_json())
        return 1 if report.problems else 0
    if report.note:
        say(report.note)
    if report.layers:
        click.echo(report.summary())
    return complain(report.problems)


@main.command()
@click.argument("chart", required=False, type=click.Path(path_type=Path))
@with_values
@click.option("--json", "as_json", is_flag=True, help="Print it all as JSON.")
@exits
def plan(chart: Path | None, files: tuple[Path, ...], sets: tuple[str, ...], as_json: bool) -> int:
    """Say what the models of a values file need, before the install.

    For each server: weights, KV cache and all of it together, which cards hold that, what the pods request, and the
    volume to ask for. It is the chart's own sum. Exit code 1 where something does not fit or is refused.
    """
    from .chart import loaded
    from .needs import plan as planning

    found = planning.plan(chart or loaded.default(None), list(files), list(sets), patient())
    if as_json:
        tell({"servers": [each.as_json() for each in found.plans], "refusals": found.refusals})
    else:
        click.echo("\n".join(planning.lines(found)).strip())
    return 1 if found.refusals or not all(each.fits for each in found.plans) else 0


@main.command()
@click.argument("chart", required=False, type=click.Path(path_type=Path))
@with_values
@click.option("--plain", is_flag=True, help="A line an image: where it comes from, and what the pods call it.")
@click.option("--check", is_flag=True, help="Ask each image's registry whether it is there.")
@click.option("--plain-http", multiple=True, metavar="HOST", help="Speak http without encryption to this registry.")
@click.option(
    "--ca-file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Certificates to trust, in PEM."
)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@exits
def images(
    chart: Path | None,
    files: tuple[Path, ...],
    sets: tuple[str, ...],
    plain: bool,
    check: bool,
    plain_http: tuple[str, ...],
    ca_file: Path | None,
    as_json: bool,
) -> int:
    """List every image that these values need, tests included, with who uses it.

    --check asks each registry, as whom `docker login` has left there: exit code 1 where an image is missing, 2 where a
    registry does not answer. --plain is for filling a mirror: `FROM TO` on each line, which differ where
    global.imageRegistry names one.
    """
    from .chart import loaded
    from .needs import images as listing
    from .remote import registries

    chart = chart or loaded.default(None)
    say_later = patient()
    found = listing.images(chart, list(files), list(sets), say_later)
    problems, silent = [], []
    if check:
        asked = registries.Registries(plain_http, ca_file, say=say_later)
        found, problems, silent = listing.check(found, str(files[-1] if files else chart), asked)
    if as_json:
        tell({"images": [each.as_json() for each in found], "problems": [each.as_json() for each in problems]})
    elif plain:
        click.echo("".join(f"{each.source} {each.image}\n" for each in found), nl=False)
    else:
        click.echo("\n".join(listing.lines(found)))
    code = complain(problems)
    for line in silent:
        say(f"chartgen: {line}")
    return 2 if silent else code


@main.command()
@click.argument("stack", required=False)
@click.option(
    "-d",
    "--destination",
    type=click.Path(path_type=Path),
    default=".",
    show_default=True,
    help="The folder that it goes to.",
)
@click.option("--sign", "key", metavar="KEY", help="Sign it with this secret key of GnuPG's, by name or fingerprint.")
@click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Where the key's passphrase stands; otherwise GnuPG's agent asks for it.",
)
@click.option("--no-proof", is_flag=True, help="Do not prove it: it was, by 'chartgen validate', a moment ago.")
@click.option("--json", "as_json", is_flag=True, help="Print what was made as JSON.")
@exits
def package(
    stack: str | None, destination: Path, key: str | None, passphrase_file: Path | None, no_proof: bool, as_json: bool
) -> int:
    """Make the package of STACK's chart, NAME-VERSION.tgz, and prove it.

    STACK is as for build. The same sources make the same bytes, on any machine. CHANGELOG.md beside the stack file
    must say what is new in this version. What is proved is the package itself; where that finds a problem, none is
    left. --sign also makes NAME-VERSION.tgz.prov, which `helm install --verify` looks at.
    """
    from .compose import building
    from .release import releasing

    made = releasing.make(building.composed(stack), destination, key, passphrase_file, not no_proof, patient())
    if made.problems:
        return complain(made.problems)
    if as_json:
        tell(made.as_json())
    else:
        click.echo(made.summary())
    return 0


@main.command()
@click.argument("target")
@click.argument("package", required=False, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Look at what is there, and send nothing.")
@click.option("--force", is_flag=True, help="Replace this version where it is there with other contents.")
@click.option(
    "--credentials",
    "credentials_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A file that holds user:password, or a bearer token.",
)
@click.option(
    "--ca-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Certificates to trust, in PEM.",
)
@click.option("--plain-http", is_flag=True, help="Speak http without encryption.")
@click.option("--context-path", default="", help="ChartMuseum's, where it runs with --context-path.")
@click.option("--site-url", default="", help="What stands before the files of a folder in its index; empty: relative.")
@click.option("--json", "as_json", is_flag=True, help="Print where it is as JSON.")
@exits
def publish(target: str, package: Path | None, credentials_file: Path | None, as_json: bool, **chosen: Any) -> int:
    """Publish PACKAGE, with the .prov beside it, to TARGET, and read it back.

    TARGET is oci://HOST/PATH, the URL of a ChartMuseum's repository (as `helm repo add` takes it), or a folder that a
    web server shows. By default PACKAGE is the one of ./stack.yaml, else of llm-stack, in the working directory.

    Who you are is said by --credentials, by CHARTGEN_USERNAME and CHARTGEN_PASSWORD, by CHARTGEN_TOKEN, or by what
    `docker login` (for a registry also `helm registry login`) left. The same package once more changes nothing; a
    version that is there with other contents is refused.
    """
    from .release import publish, releasing
    from .remote import credentials

    options = publish.Options(login=credentials.given(credentials_file), **chosen)
    done = publish.publish(target, package or releasing.expected(), options, patient())
    if as_json:
        tell(vars(done))
    else:
        signed = ", signed" if done.signed else ""
        click.echo(f"{done.did}: {done.reference} {done.manifest_digest or done.digest}{signed}")
    return 0


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@exits
def tools(as_json: bool) -> None:
    """Show helm, kubeconform and the Kubernetes schemas; install or make what is missing."""
    from .kubernetes import definitions, prepare
    from .programs.tools import ensure

    found = ensure(["helm", "kubeconform"], say).values()
    prepare.prepare(say)
    versions, locations = definitions.versions(), prepare.schema_locations()
    if as_json:
        programs = [{**vars(tool), "path": str(tool.path)} for tool in found]
        tell({"tools": programs, "kubernetes_versions": versions, "schema_locations": locations})
        return
    for tool in found:
        click.echo(f"{tool.name:12} {tool.version:10} {tool.path} ({tool.origin})")
    click.echo(f"{'kubernetes':12} {versions[0]} to {versions[-1]}, schemas of {len(versions)} versions")


@main.command()
@click.argument("name", required=False, metavar="[STACK|NAME]")
@click.option("-v", "--verbose", is_flag=True, help="Show slots and values of each.")
@click.option("--json", "as_json", is_flag=True, help="Print all that they state as JSON.")
@exits
def fragments(name: str | None, verbose: bool, as_json: bool) -> None:
    """List the fragments there are, those of a stack, or show one in full: its slots and its values."""
    from .compose import describe

    found = describe.fragments(name)
    if as_json:
        tell([describe.as_json(fragment) for fragment in found])
    elif verbose or [fragment.id for fragment in found] == [name]:
        click.echo("\n\n".join("\n".join(describe.details(fragment)) for fragment in found))
    else:
        click.echo("\n".join(describe.brief(found)))


@main.group()
def new() -> None:
    """Create a fragment or a stack."""


@new.command("fragment")
@click.argument("name")
@click.option("--in", "folder", type=click.Path(path_type=Path), help="The folder of fragments to create it in.")
@click.option("--stack", help="A stack file. The fragment is added to it, after the others.")
@exits
def new_fragment(name: str, folder: Path | None, stack: str | None) -> None:
    """Create the fragment NAME from the skeleton of its kind.

    The group in NAME is the kind: engine/NAME, source/NAME, delivery/NAME, storage/NAME, scale/NAME, ui/NAME,
    expose/NAME, observe/NAME, verify/NAME. Any other NAME gets a small general skeleton. The fragment has cases and
    rejections, and validates before you change it.
    """
    from .sources import scaffold

    click.echo("\n".join(scaffold.create(name, folder, stack)))


@new.command("stack")
@click.argument("name")
@click.option("--in", "folder", type=click.Path(path_type=Path), help="The folder to create.  [default: NAME]")
@exits
def new_stack(name: str, folder: Path | None) -> None:
    """Create the stack NAME in a folder: stack.yaml, a fragment, an example, README.md and CHANGELOG.md.

    The stack composes chartgen's fragments with your own. Run the other commands in its folder.
    """
    from .sources import scaffold

    click.echo("\n".join(scaffold.create_stack(name, folder)))
