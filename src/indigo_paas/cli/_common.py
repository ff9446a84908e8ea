# SPDX-License-Identifier: Apache-2.0
"""What commands share: options, printing, the end of a run."""

from __future__ import annotations

import contextlib
import functools
import json
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

from indigo_paas.errors import BadInput, IndigoError
from indigo_paas.ground.text import clean, line, show

if TYPE_CHECKING:
    from indigo_paas.deployments import Deployments
    from indigo_paas.engine.work import Outcome
    from indigo_paas.errors import Problem
    from indigo_paas.templates.source import Template
    from indigo_paas.templates.target import Target

P = ParamSpec("P")
R = TypeVar("R")

# What takes longer says what it waits for (seconds).
SLOW = 2.0

EXIT_CODES = {"ok": 0, "failed": 1, "interrupted": 130}


def a_template(given: str) -> Template:
    """Return the template that GIVEN is: a path, a CSAR archive, "-" for standard input, or an http(s) URL."""
    from indigo_paas.templates.source import Template

    return Template(given)


name_argument = click.argument("name")
template_argument = click.argument("template", type=a_template)
site_option = click.option("--site", metavar="SITE", help="The site; by default the best that can hold it.")
sites_option = click.option(
    "--site",
    "only",
    multiple=True,
    metavar="SITE",
    help="Look at this site only; repeat it for more. By default the best of all that can hold it.",
)
spread_option = click.option(
    "--spread/--no-spread",
    default=None,
    help="Whether nodes may go to several sites where no single one has room.",
)


dry_run_option = click.option("--dry-run", is_flag=True, help="Only say what would change; change nothing.")


strict_option = functools.partial(
    click.option, default=None, help="Take each leniency of the reader, such as an unknown property, for an error."
)
trust_option = functools.partial(
    click.option,
    default=None,
    help="Evaluate the Jinja in the template's own texts. It is code, and runs with your rights: "
    "say this only of a template that you have read.",
)


def input_options(function: Callable[P, R]) -> Callable[P, R]:
    """Add -i and --inputs."""
    one = click.option(
        "-i",
        "--input",
        "pairs",
        multiple=True,
        metavar="NAME=VALUE",
        help="Set an input of the template; the value is read as YAML. Repeat it for more.",
    )
    many = click.option(
        "--inputs",
        "file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Read inputs from a YAML file; -i wins over it.",
    )
    return one(many(function))


def reading_options(function: Callable[P, R]) -> Callable[P, R]:
    """Add --strict and --trust-template, which say how the argument TEMPLATE is read."""

    @strict_option("--strict", is_flag=True)
    @trust_option("--trust-template", "trust", is_flag=True)
    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        template: Any = kwargs["template"]
        strict, trust = kwargs.pop("strict"), kwargs.pop("trust")
        kwargs["template"] = template.read_as(bool(strict), bool(trust))
        return function(*args, **kwargs)

    return wrapped


def json_option(function: Callable[P, R]) -> Callable[P, R]:
    """Add --json: exactly one JSON object on stdout, for errors too."""

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout, the rest on stderr.")
    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except IndigoError as error:
            if kwargs.get("as_json"):
                print_json({"name": kwargs.get("name"), "status": None, "problems": problems_json(error.problems)})
            raise

    return wrapped


def problems_json(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Return PROBLEMS as programs and editors read them."""
    return [problem.to_dict() for problem in problems]


def inputs_of(pairs: Iterable[str], file: Path | None) -> dict[str, Any]:
    """Return the inputs of --inputs and -i by name, as plain data; raise BadInput for what is neither."""
    from indigo_paas.templates import collection

    inputs = collection.read_inputs(file) if file else {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name.strip():
            raise BadInput(f"-i {pair!r} is no input. Write -i NAME=VALUE.")
        inputs[name.strip()] = collection.parse_value(value)
    return inputs


@contextlib.contextmanager
def slow(told: Callable[[], str]) -> Iterator[None]:
    """Print what TOLD returns on stderr, once, where what is done takes longer than two seconds."""
    timer = threading.Timer(SLOW, lambda: click.echo(line(told()), err=True))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def print_json(data: Any) -> None:
    """Print DATA as JSON in ASCII, so that nothing in it can steer a terminal."""
    click.echo(json.dumps(data, indent=2, default=str))


def write_text(output: Path | None, text: str) -> None:
    """Write TEXT to the file OUTPUT, or to stdout without one; raise BadInput when it cannot be written."""
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{output} cannot be written: {error.strerror}.") from None


def print_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print ROWS under HEAD, the columns aligned."""
    cells = [list(head), *([line(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        click.echo("  ".join(map(str.ljust, row, widths)).rstrip())


def print_mapping(title: str, values: Mapping[str, Any], indent: str = "  ") -> None:
    """Print TITLE and VALUES, one a line; nothing when there are none."""
    if values:
        click.echo(f"{title}:")
    for name, value in values.items():
        click.echo(f"{indent}{line(name)}: {show(value)}".replace("\n", f"\n{indent}  ").rstrip())


def print_warnings(problems: Iterable[Problem]) -> None:
    """Print PROBLEMS on stderr as warnings."""
    for problem in problems:
        click.echo(f"warning: {clean(problem.shown)}", err=True)


def print_difference(difference: Mapping[str, Any], asked: Target, name: str, as_json: bool) -> None:
    """Print what would change of the deployment NAME; nothing has been changed."""
    from indigo_paas.cli._difference_text import difference_lines
    from indigo_paas.templates import collection

    warnings = collection.warnings(asked.plan, asked.template, asked.request.inputs)
    if as_json:
        print_json({"name": name, **difference, "warnings": problems_json(warnings)})
        return
    for text in difference_lines(difference):
        click.echo(text)
    print_warnings(warnings)


def when(moment: float) -> str:
    """Return epoch seconds as local date and time."""
    return datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def finish(meant: Deployments, outcome: Outcome, as_json: bool = False) -> int:
    """Print what became of a run of one of the deployments that are MEANT, its outputs last; return the exit code."""
    if as_json:
        print_json(report(outcome))
    good = outcome.state == "ok"
    told = f"{outcome.seconds:.1f} s, {outcome.changed} changed"
    if outcome.command == "check":
        said = "serves" if good else "does not serve as it should"
        message = f"{outcome.name} ({outcome.status}) {said}: {told}."
    else:
        place = f" at {outcome.site}" if outcome.site else ""
        message = f"{outcome.name} is {outcome.status}{place}: {told}."
    print_warnings(outcome.warnings)
    click.echo(line(message), err=as_json or not good)
    if not good:
        click.echo(clean(outcome.reason), err=True)
        click.echo(f"'indigo-paas events {outcome.name}' tells what happened.", err=True)
        if outcome.state == "failed" and outcome.command != "check":
            click.echo(line(meant.how_to_go_on(outcome)), err=True)
    elif not as_json:
        print_mapping("Outputs", outcome.outputs)
    return EXIT_CODES[outcome.state]


def report(outcome: Outcome) -> dict[str, Any]:
    """Return what programs are told of OUTCOME; `seconds` are those of each step, by its name."""
    from dataclasses import asdict

    told = {key: value for key, value in asdict(outcome).items() if key not in ("command", "steps", "seconds")}
    return {
        **told,
        "warnings": problems_json(outcome.warnings),
        "seconds": {step["name"]: step["seconds"] for step in outcome.steps},
        "total_seconds": outcome.seconds,
    }


def here_only(why: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a command refuse to run while a server is named; WHY it cannot be asked of one, as the end of a sentence."""

    def wrap(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
            context = click.get_current_context()
            if context.obj.url:
                command = context.command_path.partition(" ")[2]
                raise BadInput(
                    f"'{command}' cannot be asked of {line(context.obj.url)}: {why}. "
                    f"About this machine, say 'indigo-paas --url \"\" {command} ...'."
                )
            return function(*args, **kwargs)

        return wrapped

    return wrap


def confirm(question: str) -> None:
    """Ask QUESTION on the terminal; raise BadInput when there is none, and end the command at a no."""
    if not sys.stdin.isatty():
        raise BadInput("This needs a yes, and there is no terminal to ask on. Say it with --yes.")
    if not click.confirm(question, err=True):
        click.echo("Nothing was done.", err=True)
        raise click.exceptions.Exit(1)
