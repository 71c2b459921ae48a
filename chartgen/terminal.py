"""What a person at a terminal sees: progress on one line, errors with their place marked, colour where it helps.

click writes styled text and removes the styles where the output is not a terminal. That is enough: rich would take
longer to import than click does, and a build, which prints one line, would wait for it.
"""

from __future__ import annotations

import os
import re
import sys
import time
from typing import Any

import click

from .problem import Problem, Say, escaped

HELD = 2.0  # seconds in which nothing is reported where the output is not a terminal
APART = 15.0  # seconds between two lines on one topic there
CLEAR = "\r\x1b[2K"
INTERRUPTED = 130  # the exit code after Ctrl-C: 128 and the number of SIGINT, as shells report it
PASSWORD = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,20}://)[^/?#\s\"'@]*(?:@[^/?#\s\"'@]*)*@")
# The same of an address without a scheme, such as an image; and tokens by the forms of those who make them.
USER = re.compile(r"[^\s\"'/:@]+:[^\s\"'/@]+@(?!sha256:)")
TOKEN = re.compile(
    r"(?<![A-Za-z0-9_-])(hf_|sk-|gh[pousr]_|glpat-|xox[abpr]-|AKIA|eyJ)(?:[A-Za-z0-9_-]{16,}[A-Za-z0-9_.-]*|[A-Za-z0-9]{8,}\b)"
)


def colour() -> bool | None:
    """Whether to write colour, by the environment; None leaves it to each stream: colour on a terminal, else none.

    NO_COLOR (https://no-color.org) comes first, then FORCE_COLOR and CLICOLOR_FORCE, CLICOLOR=0 and TERM=dumb.
    """
    if os.environ.get("NO_COLOR"):
        return False
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE"):
        if os.environ.get(name):
            return os.environ[name] != "0"
    if os.environ.get("CLICOLOR") == "0" or os.environ.get("TERM") == "dumb":
        return False
    return None


class Terminal:
    """Standard output and standard error of one command. `quiet` leaves out progress and summaries.

    `names` are the names under which values files are shown that were copied: path of the copy -> name.
    """

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self.names: dict[str, str] = {}
        self._line = False

    def progress(self, after: float | None = None) -> Say:
        """A function that reports what is going on, on standard error.

        On a terminal each report replaces the one before it on one line, and the line goes when the command ends.
        Otherwise reports are lines: none before `after` seconds (HELD) are over, since most commands have ended by
        then, and one every APART seconds on the same topic, which is the text before the first colon or ellipsis.
        """
        if self.quiet:
            return lambda text: None
        return self._replace if _interactive() else _lines(HELD if after is None else after)

    def _replace(self, text: str) -> None:
        text = printable(text.partition("\n")[0])
        width = _width() - 1
        text = text if len(text) <= width else f"{text[: width - 1]}…"
        sys.stderr.write(CLEAR + text)
        sys.stderr.flush()
        self._line = True

    def clear(self) -> None:
        """Remove the line of progress."""
        if self._line:
            sys.stderr.write(CLEAR)
            sys.stderr.flush()
            self._line = False

    def out(self, text: str, end: str = "\n") -> None:
        """Print a result on standard output."""
        self.clear()
        try:
            click.echo(_encodable(text) + end, nl=False)
        except OSError as error:
            raise type(error)(error.errno, error.strerror, "standard output") from None

    def summary(self, text: str) -> None:
        """Print, on standard output, what was done; nothing where it is quiet."""
        if not self.quiet:
            self.out(text)

    def remark(self, text: str) -> None:
        """Print, on standard error, what is worth knowing and no error; nothing where it is quiet."""
        if not self.quiet:
            self.err(text)

    def err(self, text: str) -> None:
        """Print a line on standard error."""
        self.clear()
        click.echo(_encodable(text), err=True)

    def fail(self, errors: list[str], as_json: bool = False) -> int:
        """Print why a tool failed: on standard error, or as JSON `{"errors": […]}`; the exit code, 2."""
        if as_json:
            self.json({"errors": list(map(printable, errors))})
        else:
            for text in errors:
                self.err(f"{click.style('chartgen:', fg='red', bold=True)} {printable(text)}")
        return 2

    def json(self, data: Any) -> None:
        """Print data as JSON on standard output."""
        import json

        self.out(json.dumps(data, indent=1, ensure_ascii=False))

    def complain(self, problems: list[Problem]) -> int:
        """Print every problem on standard error; 1 where there is any, else 0: an exit code."""
        for problem in self.named(problems):
            self.err(marked(problem))
        return 1 if problems else 0

    def warn(self, problems: list[Problem]) -> None:
        """Print every problem on standard error as a warning."""
        for problem in self.named(problems):
            self.err(f"{click.style('warning:', fg='yellow')} {marked(problem)}")

    def named(self, problems: list[Problem]) -> list[Problem]:
        """The problems as they are printed: each values file under the name that the person gave it."""
        found = []
        for each in problems:
            path = self.names.get(each.path, each.path)
            found.append(Problem(*map(_safe, (path, each.line, each.key, each.message, each.remedy))))
        return found


def printable(text: str) -> str:
    """Text that others wrote as it can be printed: without passwords of URLs, tokens, and what moves a cursor."""
    return escaped(TOKEN.sub(r"\1…", USER.sub("…@", PASSWORD.sub(r"\1…@", text))))


def _encodable(text: str) -> str:
    """Text without what UTF-8 cannot encode, such as the bytes of a file's name."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _safe(part: Any) -> Any:
    return printable(part) if isinstance(part, str) else part


def marked(problem: Problem) -> str:
    """A problem as `str(problem)`, with its place, its key and what to do marked."""
    place = f"{problem.path}:{problem.line}" if problem.line else problem.path
    text = problem.message + (f"; {click.style(problem.remedy, fg='green')}" if problem.remedy else "")
    key = click.style(problem.key, fg="yellow") if problem.key else ""
    return ": ".join(part for part in (click.style(place, bold=True) if place else "", key, text) if part)


def good(text: str, fine: bool) -> str:
    """A summary in green where all is fine, else in red."""
    return click.style(text, fg="green" if fine else "red")


def _lines(after: float) -> Say:
    start, held = time.monotonic(), []
    last: dict[str, float] = {}

    def line(text: str) -> None:
        topic, now = text.partition(":")[0].partition(" …")[0], time.monotonic()
        if topic in last and now - last[topic] < APART:
            return
        last[topic] = now
        held.append(text)
        if now - start > after:
            for each in held:
                click.echo(printable(each), err=True)
            held.clear()

    return line


def _interactive() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _width() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


class Formatter(click.HelpFormatter):
    """Help with its headings marked."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, prefix or click.style("Usage: ", bold=True))

    def write_heading(self, heading: str) -> None:
        self.write(f"{'':>{self.current_indent}}{click.style(f'{heading}:', bold=True)}\n")


class Context(click.Context):
    """A command's context: its terminal, and colour as the environment wants it."""

    formatter_class = Formatter

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"color": colour(), **kwargs})
        self.meta.setdefault(__name__, Terminal())


class Command(click.Command):
    """A command with `examples` below its options; the list of commands shows its first paragraph in full."""

    context_class = Context

    def __init__(self, *args: Any, examples: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples

    def get_short_help_str(self, limit: int = 45) -> str:
        """The first paragraph of the help, on one line."""
        return " ".join((self.help or "").partition("\n\n")[0].split())

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples as they are typed."""
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"{'':>{formatter.current_indent}}{example}\n")


class Group(click.Group):
    """A group of such commands. A wrong command line with --json is JSON as well, and Ctrl-C has an exit code."""

    context_class = Context
    command_class = Command
    get_short_help_str = Command.get_short_help_str

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep whether --json is given, before an option can be wrong."""
        ctx.meta[f"{__name__}.json"] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; click.exceptions.Exit where the command line is wrong and JSON, or after Ctrl-C."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            if not ctx.meta[f"{__name__}.json"]:
                raise
            raise click.exceptions.Exit(here().fail([error.format_message()], True)) from None
        except KeyboardInterrupt:
            here().clear()
            raise click.exceptions.Exit(INTERRUPTED) from None


Group.group_class = Group


def here() -> Terminal:
    """The terminal of the command that runs."""
    return click.get_current_context().meta[__name__]
