# SPDX-License-Identifier: Apache-2.0
"""The command indigo-paas itself: its options, its commands, and what it says when something goes wrong."""

from __future__ import annotations

import difflib
import importlib
import io
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from indigo_paas import __version__
from indigo_paas.errors import IndigoError
from indigo_paas.ground.paths import DATABASE_VARIABLE, HOME_VARIABLE, SITES_VARIABLE, home
from indigo_paas.ground.text import clean, line
from indigo_paas.runner.settings import Settings

COMMANDS = (
    "sites",
    "site",
    "plan",
    "deploy",
    "list",
    "show",
    "events",
    "outputs",
    "ssh",
    "inventory",
    "check",
    "scale",
    "update",
    "resume",
    "destroy",
    "recover",
    "template",
    "graph",
    "survey",
    "translate",
    "image",
    "serve",
    "worker",
    "execution-node",
)

INTERRUPTED = 130


class Commands(click.Group):
    """The commands, in the order in which one meets them, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"indigo_paas.cli.{cmd_name.replace('-', '_')}").command
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        near = difflib.get_close_matches(args[0], COMMANDS, 1) if args[0] not in COMMANDS else []
        if near:
            raise click.UsageError(f"No such command '{line(args[0])}'. Did you mean '{near[0]}'?", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--home",
    "place",
    envvar=HOME_VARIABLE,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where deployments are kept; by default in your own data directory, on Linux ~/.local/share/indigo-paas.",
)
@click.option(
    "--sites",
    envvar=SITES_VARIABLE,
    type=click.Path(path_type=Path),
    help="Ansible inventory of the sites; by default HOME/sites, or else this machine's Docker.",
)
@click.option(
    "--database",
    envvar=DATABASE_VARIABLE,
    metavar="URL",
    help="Database of the deployments, as postgresql+psycopg://USER@HOST/NAME; by default a file in HOME.",
)
@click.option(
    "--url",
    metavar="URL",
    help="Work on the deployments of the server at URL; by default $INDIGO_PAAS_URL. An empty one is this machine.",
)
@click.option("-v", "verbosity", count=True, help="Show what Ansible prints; more with -vv, -vvv, ...")
@click.version_option(__version__, message="%(prog)s %(version)s")
@click.pass_context
def group(
    ctx: click.Context,
    place: Path | None,
    sites: Path | None,
    database: str | None,
    url: str | None,
    verbosity: int,
) -> None:
    """Turn a TOSCA template into running services, and keep them.

    \b
    A first deployment:
      indigo-paas plan pool.yaml            what would be made, and where
      indigo-paas deploy pool.yaml -i wn_num=2
      indigo-paas show pool                 nodes, outputs, how long it took
      indigo-paas ssh pool
      indigo-paas scale pool wn_server=3
      indigo-paas destroy pool

    \b
    Exit codes: 0 done; 1 the deployment or a check failed; 2 wrong input or usage, nothing was made;
    3 another command works on the deployment; 130 interrupted.
    """
    server = _server(os.environ) if url is None else url.strip() or None
    # A server does not tell what Ansible prints.
    told = 0 if server else verbosity
    ctx.obj = Settings(home(place), sites.expanduser() if sites else None, told, database, url=server)


def _server(environ: Mapping[str, str]) -> str | None:
    """Return the server that the environment names; the URL of orchent counts only with its token."""
    if "INDIGO_PAAS_URL" in environ:
        return environ["INDIGO_PAAS_URL"].strip() or None
    return environ.get("ORCHENT_URL") if environ.get("ORCHENT_TOKEN") else None


def main() -> None:
    """Run the command line of this process."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run the command with ARGUMENTS and return its exit code; no exception leaves it."""
    os.umask(0o077)
    try:
        code = group.main(list(arguments), prog_name="indigo-paas", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as end:
        return end.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _fail("Stopped.", INTERRUPTED)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        return _fail(clean(shown.getvalue()).rstrip(), error.exit_code)
    except IndigoError as error:
        return _fail("\n".join(clean(problem.shown) for problem in error.problems), error.exit_code)
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        _log(arguments)
        return _fail(line(f"{error.filename or 'The system'}: {error.strerror or error}."), 1)
    except Exception as error:
        where = _log(arguments)
        return _fail(f"{type(error).__name__}: {line(error)[:300]} This is a fault of indigo-paas; {where}", 1)


def _fail(message: str, code: int) -> int:
    click.echo(message, err=True)
    return code


def _log(arguments: Sequence[str]) -> str:
    """Write the traceback of the exception at hand to a file of its own, and say where it is."""
    import time
    import traceback

    context = click.get_current_context(silent=True)
    logs = (context.obj if context and context.obj else Settings(home(_home_in(arguments)))).home.logs
    file = logs / time.strftime("error-%Y%m%d-%H%M%S.txt")
    try:
        logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_text(traceback.format_exc(), encoding="utf-8")
    except OSError as error:
        return f"its traceback could not be written to {line(file)}: {error.strerror}."
    return f"its traceback is in {line(file)}."


def _home_in(arguments: Sequence[str]) -> str | None:
    """Return what follows --home in ARGUMENTS; click has forgotten it when an exception is here."""
    for option, value in zip(arguments, [*arguments[1:], ""], strict=False):
        if option == "--home":
            return value
        if option.startswith("--home="):
            return option.partition("=")[2]
    return None
