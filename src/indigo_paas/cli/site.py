# SPDX-License-Identifier: Apache-2.0
"""indigo-paas site"""

from __future__ import annotations

from dataclasses import asdict

import click

from indigo_paas.cli import _common
from indigo_paas.ground.text import line
from indigo_paas.runner.settings import Settings


@click.group("site", short_help="Look at one site.")
def command() -> None:
    """Look at one site of the inventory; 'indigo-paas sites' lists them."""


@command.command("check", short_help="Try a site's credentials and settings.")
@click.argument("name")
@_common.json_option
@click.pass_obj
@_common.here_only("it does not tell its sites")
def check(settings: Settings, name: str, as_json: bool) -> None:
    """Try the site NAME: its variables, its credentials, and the images and networks that they name.

    Nothing is made there. Says what is missing, one thing a line; exit code 1 where something is.

    \b
    Example:
      indigo-paas site check recas
    """
    from indigo_paas.engine import site_survey

    with _common.slow(lambda: f"Trying {name} ..."):
        found = site_survey.check(settings, name)
    if as_json:
        _common.print_json({**asdict(found), "ok": not found.missing})
    else:
        _print(found.name, found.type, found.seconds, found.missing, (found.description or {}).get("warnings", []))
    if found.missing:
        raise click.exceptions.Exit(1)


def _print(name: str, kind: str, seconds: float, missing: list[str], warnings: list[str]) -> None:
    state = "deployments can run there" if not missing else "deployments cannot run there as it is"
    click.echo(f"{line(name)} ({line(kind)}): {state}. It took {seconds:.2f} s to find out.")
    for told in missing:
        click.echo(f"  missing: {line(told)}")
    for told in warnings:
        if told not in missing:
            click.echo(f"  warning: {line(told)}")
