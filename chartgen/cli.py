"""The commands: their arguments, what they print, their exit codes. 0: fine, 1: the input is wrong, 2: a tool is."""

from __future__ import annotations

import errno
import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from . import __version__, terminal
from .problem import Faults, Problem, ToolError, fault
from .terminal import here

STACK = "A stack file, a folder that holds stack.yaml, or the name of a stack that chartgen includes."
FILE = click.Path(path_type=Path)
EXISTING = click.Path(path_type=Path, exists=True, dir_okay=False)
# What to do about an error of the system's that is in the way of a command.
REMEDIES = {
    errno.ENAMETOOLONG: "use a shorter path",
    errno.EEXIST: "name a folder, not a file",
    errno.ENOTDIR: "name a folder, not a file",
    errno.ENOSPC: "free some space there",
}
# Helm's flags for single values: the flag, what it takes, its help.
SETS = (
    ("--set", "KEY=VALUE", "A value, as Helm's --set takes it."),
    ("--set-string", "KEY=VALUE", "A value that is text, such as a tag or a number in quotes."),
    ("--set-json", "KEY=JSON", "A value as JSON."),
    ("--set-file", "KEY=FILE", "A value that is the text of a file."),
)
SIDES = ("old", "new", "side")  # arguments that are what to compare or draw


def exits(command: Callable[..., int | None]) -> Callable[..., None]:
    """Run a command with -q; problems become exit code 1, broken tools exit code 2, both as lines or as JSON."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        _ended(lambda: command(*args, **kwargs), kwargs.get("as_json", False))

    said = "Print no progress and no summary; errors and the data that you requested are printed."
    return click.option("-q", "--quiet", is_flag=True, expose_value=False, callback=_quiet, help=said)(run)


def _ended(command: Callable[[], int | None], as_json: bool) -> NoReturn:
    """Run a command, print why it failed, and exit."""
    try:
        code = command()
    except Faults as faults:
        code = failed(faults.problems, as_json)
    except ToolError as error:
        code = here().fail([str(error)], as_json)
    except BrokenPipeError:
        code = 1
    except OSError as error:
        import tempfile

        remedy = REMEDIES.get(error.errno or 0, "check that the path exists and is writable")
        # What is written to a file of the user's is named by its writer, and standard output by the terminal.
        place = error.filename or f"a temporary file in {tempfile.gettempdir()}"
        code = here().fail([f"{place}: {error.strerror}; {remedy}"], as_json)
    except KeyboardInterrupt:
        code = terminal.INTERRUPTED
    finally:
        here().clear()
    sys.exit(code or 0)


def _quiet(context: click.Context, option: click.Parameter, value: bool) -> None:
    here().quiet = value


def failed(problems: list[Problem], as_json: bool) -> int:
    """Print the problems that ended a command, as lines or as JSON; the exit code."""
    if as_json:
        here().json({"problems": [problem.as_json() for problem in here().named(problems)]})
        return 1
    return here().complain(problems)


def takes_values(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command values as Helm takes them: it is called with `given`, a chart.given.Given.

    Its arguments of SIDES can be pipes, too; they are in `given`.
    """

    @functools.wraps(command)
    def run(*args: Any, files: tuple[Path, ...], **kwargs: Any) -> Any:
        from .chart.given import given

        flags = [f"{name}={value}" for name, _, _ in SETS for value in kwargs.pop(_parameter(name))]
        sides = [side for name in SIDES if name in kwargs and (side := kwargs.pop(name))]

        def with_values() -> int | None:
            with given(files, flags, sides) as values:
                here().names.update(values.names)
                return command(*args, given=values, **kwargs)

        _ended(with_values, kwargs.get("as_json", False))

    for name, metavar, said in reversed(SETS):
        run = click.option(name, _parameter(name), multiple=True, metavar=metavar, help=said)(run)
    said = "A values file, or - for standard input. Repeat it to merge several, as Helm does."
    return click.option("-f", "--values", "files", multiple=True, type=FILE, metavar="FILE", help=said)(run)


def _parameter(option: str) -> str:
    return option.strip("-").replace("-", "_")


def _listed(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """The fragments of the stack, for a shell that completes a name."""
    from .sources import stack as stacks

    return [id for id in stacks.listed(context.params.get("stack")) if id.startswith(begun)]


def _known(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """All fragments and stacks, for a shell that completes a name."""
    from .compose import describe

    return [name for name in describe.names() if name.startswith(begun)]


def _kinds(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """The kinds of fragments, for a shell that completes a name."""
    from .sources import scaffold

    return [f"{kind}/" for kind in scaffold.kinds() if kind.startswith(begun)]


def as_json(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --json."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, errors included.")(command)


@click.group(cls=terminal.Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="chartgen")
def main() -> None:
    """Build a Helm chart from reusable fragments, and check everything that it renders.

    \b
    Exit codes:
      0  success
      1  your files have errors; each is a line `path:line: key: what is wrong; what to do`
      2  the command line is wrong, a tool is missing or broken, or a server does not answer
      130  interrupted with Ctrl-C

    With --json, standard output is one JSON document. `problems` lists what ends in exit code 1, `errors` in 2.

    Colour is used on a terminal. NO_COLOR turns it off, FORCE_COLOR turns it on.
    """


@main.command(
    examples=("chartgen build", "chartgen build --check", "chartgen build path/to/stack.yaml -o path/to/chart")
)
@click.argument("stack", required=False)
@click.option("--check", is_flag=True, help="Write nothing. Exit with 1 if the chart on disk differs from its sources.")
@click.option("-o", "--output", type=FILE, help="The folder of the chart.  [default: charts/NAME]")
@as_json
@exits
def build(stack: str | None, check: bool, output: Path | None, as_json: bool) -> int:
    """Build the chart of STACK.

    STACK is a stack file, a folder that holds stack.yaml, or the name of a stack that chartgen includes. The default is
    ./stack.yaml, and llm-stack at the top of chartgen's own checkout. The chart is replaced in one step; files that it
    no longer has are removed.
    """
    from .compose import unchanged
    from .sources import stack as stacks

    recipe = stacks.find(stack)
    if check and (known := unchanged.known(recipe, output)):
        if as_json:
            here().json({"chart": str(known[0]), "files": known[1], "changes": []})
            return 0
        return _stale([], known[0])

    from .chart import disk
    from .compose import building

    sources = unchanged.seal(recipe)
    made = building.of_stack(recipe).chart
    unchanged.remember(sources, recipe, made)
    folder = output or Path("charts") / made.name
    changes = disk.difference(made, folder) if check else disk.write(made, folder)
    if as_json:
        here().json({"chart": str(folder), "files": len(made.files), "changes": _changes(changes)})
        return 1 if check and changes else 0
    if check:
        return _stale(changes, folder)
    here().summary(f"{folder}: {len(made.files)} files, {_count(changes)}")
    return 0


def _changes(changes: list[str]) -> list[dict[str, str]]:
    return [dict(zip(("change", "file"), change.split(" ", 1), strict=True)) for change in changes]


def _stale(changes: list[str], folder: Path) -> int:
    if not changes:
        here().summary(f"{folder}: up to date")
    said = {"changed": "differs from its sources", "missing": "is missing", "extra": "is not made by its sources"}
    return here().complain(
        [
            Problem(f"{folder}/{each['file']}", 0, "", said[each["change"]], "run 'chartgen build'")
            for each in _changes(changes)
        ]
    )


def _count(changes: list[str]) -> str:
    if not changes:
        return "nothing changed"
    kinds = [change.split(" ", 1)[0] for change in changes]
    words = {"changed": "changed", "missing": "added", "extra": "removed"}
    return ", ".join(f"{kinds.count(kind)} {word}" for kind, word in words.items() if kind in kinds)


@main.command(
    examples=(
        "chartgen validate",
        "chartgen validate -f values.yaml --set-string model.tag=7b",
        "helm get values llm | chartgen validate -f -",
        "chartgen validate --only engine/vllm",
    )
)
@click.argument("chart", required=False, type=FILE)
@takes_values
@click.option("--stack", help=STACK + "  [default: ./stack.yaml, or the stack with the chart's name]")
@click.option(
    "--only",
    "fragments",
    multiple=True,
    metavar="FRAGMENT",
    shell_complete=_listed,
    help="Check only this fragment of the stack, with its cases and rejections. Can be repeated.",
)
@click.option(
    "--schema-location",
    "schemas",
    multiple=True,
    metavar="PLACE",
    help="A folder of more schemas, as for kubeconform. The folder schemas next to stack.yaml is used by default.",
)
@click.option("--junit", type=FILE, metavar="FILE", help="Also write the report as JUnit XML.")
@click.option("--sarif", type=FILE, metavar="FILE", help="Also write the report as SARIF.")
@as_json
@exits
def validate(
    chart: Path | None,
    given: Any,
    stack: str | None,
    fragments: tuple[str, ...],
    schemas: tuple[str, ...],
    junit: Path | None,
    sarif: Path | None,
    as_json: bool,
) -> int:
    """Check CHART, a folder or a package, for every supported Kubernetes version.

    With -f or --set, your values are checked: against the chart's schema, then every object that Helm renders from
    them. Without them, the chart's defaults, its examples and the cases of its fragments are checked. The default
    CHART is the chart of ./stack.yaml, else charts/llm-stack.

    Comments at the top of a values file describe its cluster: `# kubernetes: >=1.34`, `# pod-security: privileged`,
    `# needs: Secret/x, PersistentVolumeClaim/y` (objects that already exist).

    In your own values, what breaks the policy but works is a warning, which does not change the exit code, and so is an
    object that your values name and the release does not create. Kinds in extraObjects that have no schema are named
    as not checked.

    While you write a fragment, --only checks it in seconds, on the newest Kubernetes version. It composes the chart in
    memory and does not need `chartgen build`. A value or a choice that no case sets is a warning.
    """
    from .chart import loaded
    from .needs.advice import advice
    from .proofs import formats
    from .proofs import validate as proofs
    from .sources import stack as stacks

    if fragments and (chart or given):
        raise click.UsageError("--only composes the chart from the stack; leave CHART, -f and --set out, or --only")
    if fragments:
        report = proofs.only(list(fragments), stacks.find(stack), here().progress(), schemas, here().remark)
    else:
        recipe, place = stacks.find(stack) if stack else None, chart or loaded.default(stack)
        report = proofs.validate(
            place, given.files, recipe, here().progress(), given.flags, schemas, advise=advice, remark=here().remark
        )
        if given.files:
            report.problems = _foreign(place, given.files, report.problems)
    formats.write(report, here().named, junit, sarif)
    if as_json:
        lists = {"problems": report.problems, "warnings": report.warnings}
        named = {word: [each.as_json() for each in here().named(found)] for word, found in lists.items()}
        here().json(report.as_json() | named)
        return 1 if report.problems else 0
    for line in (*report.access, *filter(None, [report.note])):
        here().remark(line)
    if report.layers:
        here().summary(terminal.good(report.summary(), not report.problems))
    here().warn(report.warnings)
    return here().complain(report.problems)


def _foreign(place: Path, files: list[Path], problems: list[Problem]) -> list[Problem]:
    """The problems, where those of a values file for another chart are what its values are called in llm-stack."""
    from .chart import loaded
    from .importing.foreign import foreign, strange

    with loaded.unpacked(place) as folder:
        schema = loaded.load(folder, str(place)).schema
    for file in files if schema else ():
        if hints := foreign(file, schema or {}):
            problems = [problem for problem in problems if problem.path != str(file)] + hints
        else:
            problems = strange(file, schema or {}, problems)
    return problems


@main.command(
    "import",
    examples=(
        "chartgen import my-values.yaml -o values.yaml",
        "chartgen import helmrelease.yaml > values.yaml",
        "chartgen import deployment.yaml service.yaml --report report.txt -o values.yaml",
    ),
)
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
@click.option("-o", "--output", type=FILE, metavar="FILE", help="Write the values to this file.  [default: print them]")
@click.option("--report", "report_file", type=FILE, metavar="FILE", help="Write the report to this file.")
@click.option("--chart", default="", metavar="NAME", help="The chart that the values are for, if it is not recognised.")
@as_json
@exits
def import_(files: tuple[Path, ...], output: Path | None, report_file: Path | None, chart: str, as_json: bool) -> int:
    """Write values for llm-stack from files of other charts, from Kubernetes manifests and from compose files.

    FILE is a values file of another chart, of an umbrella chart that contains it, a HelmRelease of Flux, an Application
    or ApplicationSet of Argo CD, a plain manifest, or a compose file. The report has one line for each value of the
    input: where it is written now, how it changed, or what to do if llm-stack has no such value. Values that llm-stack
    refuses are left out and reported, so the result always passes `chartgen validate -f`.

    The values are printed, and the report is printed to standard error. With -o, the report is printed.
    """
    from .files import write
    from .importing import importer, report

    for file in (output, report_file):
        if file and file.is_file():
            raise fault(file, "already exists", "name another file, or remove this one")
    made = importer.import_files(list(files), chart, here().progress())
    told = report.as_text(made.draft)
    if output:
        write(output, made.text.encode())
    if report_file:
        write(report_file, told.encode())
    if as_json:
        here().json({"values": str(output) if output else made.text, **report.as_json(made.draft)})
    elif output:
        here().out(told.rstrip("\n") if not report_file else report.summary(report.lines(made.draft)))
    else:
        here().out(made.text, end="")
        if not report_file:
            here().err(told.rstrip("\n"))
    return 0


@main.command(
    examples=(
        "chartgen plan",
        "chartgen plan --set-string model.tag=70b --set gpu.vendor=nvidia --set gpu.count=2",
        "chartgen plan -f values.yaml --json",
        "chartgen plan --config Qwen3-8B/config.json --set model.contextLength=32768",
    )
)
@click.argument("chart", required=False, type=FILE)
@click.option("--config", type=FILE, metavar="FILE", help="The config.json of a model that the chart does not have.")
@takes_values
@as_json
@exits
def plan(chart: Path | None, config: Path | None, given: Any, as_json: bool) -> int:
    """Print what the models need before you install: memory, GPUs, requests and volume size.

    For each server: the size of the weights and of the KV cache, their sum, the pods' resource requests, and the
    volume size to request. For each GPU on which the engine runs with the data type and the quantization of the model:
    how many hold it, the memory that is left for the KV cache, and how many conversations fit at the same time. The
    chart computes the sums itself, so a plan and an install cannot differ. Exits with 1 if a model does not fit, or if
    the chart refuses the values.
    """
    from .chart import loaded
    from .needs import plan as planning

    row, flags = planning.of_config(config, given.flags, given.files) if config else (None, given.flags)
    plans = planning.plan(chart or loaded.default(None), given.files, flags, here().progress(), row=row)
    if as_json:
        here().json({"servers": [each.as_json() for each in plans]})
    else:
        here().out("\n".join(planning.lines(plans)).strip())
        if row:
            here().out(f"\nvalues of this model: {', '.join(row.values())}")
    return 0 if all(each.fits for each in plans) else 1


@main.command(
    examples=(
        "chartgen images -f values.yaml",
        "chartgen images --set global.imageRegistry=registry.example.com --plain",
        "chartgen images -f values.yaml --check",
    )
)
@click.argument("chart", required=False, type=FILE)
@takes_values
@click.option("--plain", is_flag=True, help="Print one line for each image: its source, and its name in the pods.")
@click.option("--check", is_flag=True, help="Check that each image exists in its registry.")
@click.option("--plain-http", multiple=True, metavar="HOST", help="Use HTTP without TLS for this registry.")
@click.option("--ca-file", type=EXISTING, help="A PEM file of certificates to trust.")
@as_json
@exits
def images(
    chart: Path | None,
    given: Any,
    plain: bool,
    check: bool,
    plain_http: tuple[str, ...],
    ca_file: Path | None,
    as_json: bool,
) -> int:
    """List every image that these values use, tests included, and the containers that use it.

    --plain prints `SOURCE IMAGE` lines for filling a mirror; the two differ if global.imageRegistry is set. --check
    sends a request to each registry, with the credentials of `docker login`. It exits with 1 if an image is missing,
    and with 2 if a registry does not answer.
    """
    from .chart import loaded
    from .needs import images as listing
    from .remote import registries

    chart, say = chart or loaded.default(None), here().progress()
    found = listing.images(chart, given.files, given.flags, say)
    problems, silent = [], []
    if check:
        asked = registries.Registries(plain_http, ca_file, say=say)
        found, problems, silent = listing.check(found, str(given.files[-1] if given.files else chart), asked)
    if as_json:
        faults = [each.as_json() for each in here().named(problems)]
        errors = list(map(terminal.printable, silent))
        here().json({"images": [each.as_json() for each in found], "problems": faults, "errors": errors})
        return 2 if silent else 1 if problems else 0
    if plain:
        here().out("".join(f"{each.source} {each.image}\n" for each in found), end="")
    else:
        here().out("\n".join(listing.lines(found)))
    code = here().complain(problems)
    return here().fail(silent) if silent else code


@main.command(
    examples=(
        "chartgen diff old-values.yaml new-values.yaml",
        "chartgen diff llm-stack-0.1.0.tgz charts/llm-stack -f values.yaml",
        "chartgen diff release/llm values.yaml -n ai --fail-on restart",
        "kustomize build new | chartgen diff release/llm -",
    )
)
@click.argument("old")
@click.argument("new")
@takes_values
@click.option("--chart", type=FILE, help="The chart of values files.  [default: as for validate]")
@click.option("--release", help="The name of the release.  [default: that of release/NAME, or llm]")
@click.option("-n", "--namespace", default="default", show_default=True, help="The namespace of the release.")
@click.option("--kube-version", default="", help="The Kubernetes version to render for.  [default: that of helm]")
@click.option(
    "--fail-on",
    type=click.Choice(["change", "restart", "outage", "loss", "refused", "never"]),
    default="loss",
    show_default=True,
    help="Exit with 1 if a difference is at least this severe.",
)
@as_json
@exits
def diff(
    given: Any,
    chart: Path | None,
    release: str | None,
    fail_on: str,
    as_json: bool,
    **where: str,
) -> int:
    """Show what an upgrade from OLD to NEW does, object by object.

    OLD and NEW are values files for one chart, charts (folders or packages) for the values of -f and --set, files of
    manifests, or release/NAME for a release that runs in your cluster; - is standard input. Prints which pods restart
    and why, fields that Kubernetes does not change and the way out, claims that are deleted or kept, GPUs that the
    rollout needs, and addresses that open or close.

    \b
    Severities:
      change   no effect on pods that run
      restart  pods are replaced
      outage   for a time, or from now on, something does not answer
      loss     data is deleted
      refused  the API server refuses the upgrade
    """
    from .views import diff as views
    from .views import sides

    old, new = given.sides
    named = sides.release(release, old, new)
    context = sides.Context(chart, tuple(given.files), tuple(given.flags), named, names=given.names, **where)
    found = views.diff(old, new, context, here().progress())
    if as_json:
        here().json(found.as_json())
    else:
        here().out("\n".join(views.lines(found)))
    return 1 if fail_on != "never" and found.at_least(fail_on) else 0


@main.command(
    examples=(
        "chartgen diagram -f values.yaml -o release.svg",
        "chartgen diagram release/llm -n ai -o release.mmd",
    )
)
@click.argument("side", required=False, metavar="[CHART|MANIFESTS|release/NAME]")
@takes_values
@click.option("-o", "--output", type=FILE, help="The file to write: .svg, or .mmd for Mermaid.  [default: Mermaid]")
@click.option("--release", help="The name of the release.  [default: that of release/NAME, or llm]")
@click.option("-n", "--namespace", default="default", show_default=True, help="The namespace of the release.")
@as_json
@exits
def diagram(given: Any, output: Path | None, release: str | None, as_json: bool, **where: str) -> None:
    """Draw a release: how it is reached, its UIs and model servers, their GPUs and volumes, and the sources of models.

    The picture is made from the manifests: of CHART with your values, of a file of manifests or - for standard input,
    or of a release that runs in your cluster. Solid arrows are requests, dashed arrows are files.
    """
    from .chart import loaded
    from .views import diagram as views
    from .views import sides

    side = given.sides[0] if given.sides else str(loaded.default(None))
    named = sides.release(release, side)
    context = sides.Context(None, tuple(given.files), tuple(given.flags), named, names=given.names, **where)
    drawn = views.diagram(side, context, here().progress())
    if as_json:
        here().json(drawn.as_json())
    elif output:
        views.write(drawn, output)
        here().summary(f"{output}: {drawn.summary()}")
    else:
        here().out(drawn.mermaid(), end="")


@main.command(
    examples=(
        "chartgen configure",
        "chartgen configure -o site/configure",
        "chartgen configure llm-stack-0.1.0.tgz -o page --published oci://registry.example.com/charts",
        "chartgen configure llm-stack-0.1.0.tgz --port 8080 --no-browser",
    )
)
@click.argument("chart", required=False, type=FILE)
@click.option("-o", "--output", type=FILE, help="Write the page to this folder, for any web server.")
@click.option(
    "--published", default="", metavar="URL", help="Where CHART is published: oci://HOST/PATH or a repository."
)
@click.option("--serve", is_flag=True, help="Serve the page on 127.0.0.1, which is the default without --output.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port to use.  [default: any free port]")
@click.option("--no-browser", is_flag=True, help="Print the URL and do not open a browser.")
@exits
def configure(
    chart: Path | None, output: Path | None, published: str, serve: bool, port: int, no_browser: bool
) -> None:
    """Configure CHART on a page in your browser: questions, and live what your answers mean.

    The page shows the values file, errors at the question that they concern, the plan, a picture of the release, the
    manifests, and the commands to install it. It is served on 127.0.0.1 until you press Ctrl-C; nothing is sent to
    other machines.

    With --output, it is written to a folder that any web server can serve, below any path. That page does the same in
    the browser alone: it loads about 15 MB once, and then needs no network. Writing it needs Go and Node.js with npm.
    Its commands install CHART from the URL of --published.
    """
    from .chart import loaded

    place = chart or loaded.default(None)
    if output and (serve or port or no_browser):
        raise click.UsageError(
            "--output writes the page and serves nothing; leave out --serve, --port and --no-browser"
        )
    if published and not output:
        raise click.UsageError("--published is for a page that is written; add --output")
    with loaded.unpacked(place) as folder:
        found = loaded.load(folder, str(place))
        if output:
            from .configure import static

            changes = static.write(found, output, here().progress(), published)
            here().out(f"{'written' if changes else 'unchanged'}: {output}: open it by a web server")
            return
        from .configure import server

        def ready(url: str) -> None:
            here().out(f"{url} (Ctrl-C to end)")
            if not no_browser:
                import webbrowser

                webbrowser.open(url)

        server.serve(found, port, here().progress(), ready)


@main.command(
    examples=(
        "chartgen package",
        "chartgen package -d dist --sign ada@example.com",
        "chartgen package path/to/stack.yaml --no-proof",
    )
)
@click.argument("stack", required=False)
@click.option("-d", "--destination", type=FILE, default=".", show_default=True, help="The folder of the package.")
@click.option("--sign", "key", metavar="KEY", help="Sign it with this GnuPG secret key, by name or fingerprint.")
@click.option(
    "--passphrase-file", type=EXISTING, help="A file that holds the key's passphrase. By default GnuPG's agent is used."
)
@click.option(
    "--no-proof", is_flag=True, help="Do not validate the package. Use it directly after 'chartgen validate'."
)
@as_json
@exits
def package(
    stack: str | None, destination: Path, key: str | None, passphrase_file: Path | None, no_proof: bool, as_json: bool
) -> int:
    """Package the chart of STACK as NAME-VERSION.tgz, and validate the package.

    STACK is as for build. The same sources give the same bytes on every machine. The CHANGELOG.md next to the stack
    file must have an entry for this version. If validation finds an error, no package is written. --sign also writes
    NAME-VERSION.tgz.prov for `helm install --verify`.
    """
    from .compose import building
    from .release import releasing

    made = releasing.make(building.composed(stack), destination, key, passphrase_file, not no_proof, here().progress())
    if made.problems:
        return failed(made.problems, as_json)
    if as_json:
        here().json(made.as_json())
    else:
        here().summary(made.summary())
    return 0


@main.command(
    examples=(
        "chartgen publish oci://registry.example.com/charts",
        "chartgen publish https://charts.example.com/team llm-stack-0.1.0.tgz",
        "chartgen publish ./site --site-url https://example.com/charts",
    )
)
@click.argument("target")
@click.argument("package", required=False, type=FILE)
@click.option("--dry-run", is_flag=True, help="Check the target, and send nothing.")
@click.option("--force", is_flag=True, help="Replace this version if the target has it with other contents.")
@click.option(
    "--credentials",
    "credentials_file",
    type=FILE,
    metavar="FILE",
    help="A file that holds user:password, or a bearer token.",
)
@click.option("--ca-file", type=EXISTING, help="A PEM file of certificates to trust.")
@click.option("--plain-http", is_flag=True, help="Use HTTP without TLS.")
@click.option("--context-path", default="", help="The --context-path that ChartMuseum runs with.")
@click.option("--site-url", default="", help="The URL prefix of packages in a folder's index; empty means relative.")
@as_json
@exits
def publish(target: str, package: Path | None, credentials_file: Path | None, as_json: bool, **chosen: Any) -> int:
    """Publish PACKAGE, and its .prov file if there is one, to TARGET, and verify the upload.

    TARGET is oci://HOST/PATH, the URL of a ChartMuseum repository (as for `helm repo add`), or a folder that a web
    server serves. The default PACKAGE is that of ./stack.yaml, else of llm-stack, in the working directory.

    Credentials are read from --credentials, from CHARTGEN_USERNAME and CHARTGEN_PASSWORD, from CHARTGEN_TOKEN, or from
    the credential store of `docker login` and `helm registry login`. Publishing the same package again changes nothing.
    A version that exists with other contents is refused.
    """
    from .release import publish, releasing
    from .remote import credentials

    if package and target.endswith(".tgz"):
        raise click.UsageError(f"'{target}' is a package; the target comes first: chartgen publish TARGET {target}")
    options = publish.Options(login=credentials.given(credentials_file), **chosen)
    done = publish.publish(target, package or releasing.expected(), options, here().progress())
    if as_json:
        here().json(vars(done))
    else:
        signed = ", signed" if done.signed else ""
        here().summary(f"{done.did}: {done.reference} {done.manifest_digest or done.digest}{signed}")
    return 0


@main.command(examples=("chartgen tools", "chartgen tools --json"))
@as_json
@exits
def tools(as_json: bool) -> None:
    """Show which helm, kubeconform and Kubernetes schemas are used, and install what is missing."""
    from .kubernetes import definitions, prepare
    from .programs.tools import built, ensure

    say = here().progress(after=0)
    found = [*ensure(["helm", "kubeconform"], say).values(), *filter(None, [built("prover", say)])]
    prepare.prepare(say)
    versions, locations = definitions.versions(), prepare.schema_locations()
    if as_json:
        programs = [{**vars(tool), "path": str(tool.path)} for tool in found]
        here().json({"tools": programs, "kubernetes_versions": versions, "schema_locations": locations})
        return
    for tool in found:
        here().out(f"{tool.name:12} {tool.version:10} {tool.path} ({tool.origin})")
    here().out(f"{'kubernetes':12} {versions[0]} to {versions[-1]}, schemas of {len(versions)} versions")


@main.command(examples=("chartgen fragments", "chartgen fragments engine/vllm", "chartgen fragments llm-stack -v"))
@click.argument("name", required=False, metavar="[STACK|NAME]", shell_complete=_known)
@click.option("-v", "--verbose", is_flag=True, help="Show the slots and the values of each.")
@click.option("--rules", is_flag=True, help="Print the rules that `chartgen build` applies to fragments.")
@as_json
@exits
def fragments(name: str | None, verbose: bool, rules: bool, as_json: bool) -> None:
    """List all fragments or those of a stack, or show one fragment with its slots and its values."""
    from .compose import describe

    if rules:
        here().out("\n".join(describe.rules()))
        return
    found = describe.fragments(name)
    if as_json:
        here().json([describe.as_json(fragment) for fragment in found])
    elif verbose or [fragment.id for fragment in found] == [name]:
        here().out("\n\n".join("\n".join(describe.details(fragment)) for fragment in found))
    else:
        here().out("\n".join(describe.brief(found)))


@main.group()
def new() -> None:
    """Create a fragment or a stack."""


@new.command("fragment", examples=("chartgen new fragment observe/hello --stack stack.yaml",))
@click.argument("name", shell_complete=_kinds)
@click.option("--in", "folder", type=FILE, help="The folder of fragments to create it in.")
@click.option("--stack", help="A stack file. The fragment is added to it, with those that it and its cases use.")
@click.option("--other-group", is_flag=True, help="Create a group whose name is like that of a kind.")
@exits
def new_fragment(name: str, folder: Path | None, stack: str | None, other_group: bool) -> None:
    """Create the fragment NAME from the skeleton of its kind.

    The group in NAME is the kind: engine/NAME, source/NAME, delivery/NAME, storage/NAME, scale/NAME, ui/NAME,
    expose/NAME, observe/NAME, verify/NAME. Any other NAME gets a small general skeleton. The fragment has cases and
    rejections, and validates before you change it. With --stack, the stack gets the fragments that it and its cases
    use, if it does not have them.
    """
    from .sources import scaffold

    here().summary("\n".join(scaffold.create(name, folder, stack, other_group)))


@new.command("stack", examples=("chartgen new stack tiny-llm",))
@click.argument("name")
@click.option("--in", "folder", type=FILE, help="The folder to create.  [default: NAME]")
@exits
def new_stack(name: str, folder: Path | None) -> None:
    """Create the stack NAME in a folder: stack.yaml, a fragment, an example, README.md and CHANGELOG.md.

    The stack composes chartgen's fragments with your own. Run the other commands in its folder.
    """
    from .sources import scaffold

    here().summary("\n".join(scaffold.create_stack(name, folder)))


if __name__ == "__main__":
    main(prog_name="chartgen")
