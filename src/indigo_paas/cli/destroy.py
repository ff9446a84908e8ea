# SPDX-License-Identifier: Apache-2.0
"""indigo-paas destroy"""

from __future__ import annotations

import sys

import click

from indigo_paas.cli import _common
from indigo_paas.ground.text import line
from indigo_paas.runner.settings import Settings


@click.command("destroy", short_help="Delete a deployment with all its nodes.")
@_common.name_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help="Also where a part of it cannot be cleaned or deleted, which then stays.")
@_common.json_option
@click.pass_obj
def command(settings: Settings, name: str, yes: bool, force: bool, as_json: bool) -> int:
    """Delete all that the deployment NAME has at its sites, then its files and its history.

    Hosts that existed before it are cleaned and given back. With --force, what does not answer or cannot be cleaned
    does not keep the rest from being deleted: it is told, and has to be looked after by hand.

    \b
    Example:
      indigo-paas destroy pool --yes
    """
    from indigo_paas import deployments
    from indigo_paas.cli._display import display

    meant = deployments.of(settings)
    known = meant.document(name)
    nodes = ", ".join(line(node["name"]) for node in known["nodes"])
    if not yes:
        site = known["site"] or "no site yet"
        places = ", ".join(dict.fromkeys(line(node.get("site") or site) for node in known["nodes"])) or line(site)
        _common.confirm(f"Destroy {name} at {places}{f' with its nodes {nodes}' if nodes else ''}?")
    with display(sys.stderr if as_json else sys.stdout, settings.verbosity) as observer:
        outcome = meant.destroy(name, observer, force)
    code = _common.finish(meant, outcome, as_json)
    if code == 0:
        click.echo(f"Removed: {f'the nodes {nodes}, ' if nodes else ''}{meant.kept(name)}.", err=as_json)
    return code
