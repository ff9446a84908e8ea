# SPDX-License-Identifier: Apache-2.0
"""indigo-paas list"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from indigo_paas.cli import _common
from indigo_paas.settings import Settings
from indigo_paas.text import clean

if TYPE_CHECKING:
    from indigo_paas.views import View


@click.command("list", short_help="List the deployments.")
@_common.json_option
@click.pass_obj
def command(settings: Settings, as_json: bool) -> None:
    """List the deployments and how they are.

    \b
    Example:
      indigo-paas list
    """
    from indigo_paas.views import views

    seen = views(settings)
    if as_json:
        _common.print_json([_entry(one) for one in seen])
        return
    if not seen:
        click.echo("There is no deployment. 'indigo-paas deploy TEMPLATE' makes one.", err=True)
        return
    head = ("NAME", "STATUS", "SITE", "NODES", "UPDATED", "TEMPLATE")
    rows = [
        (
            one.deployment.name,
            one.status + (" (interrupted)" if one.interrupted else ""),
            one.deployment.site or "",
            len(one.deployment.nodes),
            _common.when(one.deployment.updated),
            one.deployment.template,
        )
        for one in seen
    ]
    _common.print_table(head, rows)
    for one in seen:
        if one.interrupted:
            click.echo(f"{one.deployment.name}: {clean(one.reason)}")


def _entry(one: View) -> dict[str, object]:
    row = one.deployment
    return {
        "name": row.name,
        "uuid": row.uuid,
        "status": one.status,
        "interrupted": one.interrupted,
        "reason": one.reason,
        "site": row.site,
        "nodes": len(row.nodes),
        "created": row.created,
        "updated": row.updated,
        "template": row.template,
    }
