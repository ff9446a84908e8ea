# SPDX-License-Identifier: Apache-2.0
"""indigo-paas recover"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from indigo_paas.cli import _common
from indigo_paas.ground.text import clean, line
from indigo_paas.runner.settings import Settings

if TYPE_CHECKING:
    from indigo_paas.engine.recovery import Found, Recovery


@click.command("recover", short_help="Take over what still runs, when the database was lost.")
@click.argument("name", required=False)
@click.option("--site", metavar="SITE", help="Look at this site only; by default at all of the inventory.")
@_common.dry_run_option
@_common.json_option
@click.pass_obj
@_common.here_only("it has a database of its own")
def command(settings: Settings, name: str | None, site: str | None, dry_run: bool, as_json: bool) -> None:
    """Find deployments at the sites by the labels of their nodes, and take over those that are not known here.

    With NAME, only that one. Nothing is changed at a site. Where the home was kept, all is as it was; else what only it
    held is lost: the template and the inputs, which 'deploy TEMPLATE --name NAME' gives again, and the SSH key, without
    which nodes are made anew by that. 'destroy NAME' needs neither. Outputs are there after the next run.

    A site shows all deployments of its account. Where others use it too, name yours.

    \b
    Examples:
      indigo-paas recover --dry-run           what would be taken over
      indigo-paas recover --site recas pool
      indigo-paas deploy pool.yaml --name pool

    \b
    Exit codes: 0 done, also where nothing was to be taken over; 1 a site did not answer, or the database is damaged;
    2 there is no such site, or no site has nodes of NAME.
    """
    from indigo_paas.engine import recovery

    with _common.slow(lambda: "Asking the sites ..."):
        found = recovery.recover(settings, name, site, dry_run)
    if as_json:
        _common.print_json({**asdict(found), "dry_run": dry_run})
    else:
        _print(found, dry_run)
    for reason in found.silent.values():
        click.echo(f"warning: {clean(reason)}", err=True)
    if found.silent:
        raise click.exceptions.Exit(1)


def _print(found: Recovery, dry_run: bool) -> None:
    for each in found.taken:
        _print_one(each, dry_run)
    for name in found.known:
        click.echo(f"{line(name)}: known already.")
    if not found.taken and not found.known:
        click.echo("No site has nodes of a deployment.")


def _print_one(each: Found, dry_run: bool) -> None:
    said = "would be taken over" if dry_run else "taken over"
    click.echo(f"{line(each.name)}: {said}, at {line(', '.join(each.sites))} with {line(', '.join(each.nodes))}.")
    if each.missing:
        click.echo(f"  Lost: {', '.join(each.missing)}.")
    click.echo(f"  {line(each.next)}")
