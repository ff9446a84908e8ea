# SPDX-License-Identifier: Apache-2.0
"""indigo-paas list"""

from __future__ import annotations

from dataclasses import asdict

import click

from indigo_paas.cli import _common
from indigo_paas.ground.text import clean, line
from indigo_paas.runner.settings import Settings


@click.command("list", short_help="List the deployments.")
@_common.json_option
@click.pass_obj
def command(settings: Settings, as_json: bool) -> None:
    """List the deployments and how they are.

    \b
    Example:
      indigo-paas list
    """
    from indigo_paas import deployments

    seen = deployments.of(settings).entries()
    if not settings.url:
        _tell_lost(settings)
    if as_json:
        _common.print_json([asdict(one) for one in seen])
        return
    if not seen:
        click.echo("There is no deployment. 'indigo-paas deploy TEMPLATE' makes one.", err=True)
        return
    called = [one.title if one.title != one.name else None for one in seen]
    # Only deployments that users of a service called so have one.
    with_called = ("CALLED",) if any(called) else ()
    head = ("NAME", *with_called, "STATUS", "SITE", "NODES", "UPDATED", "TEMPLATE")
    rows = [
        (
            one.name,
            *(title or "" for _ in with_called),
            one.status + (" (interrupted)" if one.interrupted else ""),
            one.site or "",
            "" if one.nodes is None else one.nodes,
            _common.when(one.updated),
            one.template or "",
        )
        for one, title in zip(seen, called, strict=True)
    ]
    _common.print_table(head, rows)
    for one in seen:
        if one.interrupted:
            click.echo(f"{line(one.name)}: {clean(one.reason)}")


def _tell_lost(settings: Settings) -> None:
    from indigo_paas.engine import recovery

    names = recovery.lost(settings)
    if names:
        told = f"warning: there are files of {', '.join(names)}, but the database does not know of them."
        click.echo(f"{line(told)} 'indigo-paas recover' takes over what still runs.", err=True)
