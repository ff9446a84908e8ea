# SPDX-License-Identifier: Apache-2.0
"""indigo-paas inventory"""

from __future__ import annotations

import click

from indigo_paas.cli import _common
from indigo_paas.runner.settings import Settings


@click.command("inventory", short_help="Print the path of a deployment's inventory.")
@_common.name_argument
@click.option("--list", "as_list", is_flag=True, help="Print the inventory itself, as ansible-inventory --list does.")
@click.pass_obj
@_common.here_only("the inventory of a deployment stays with the server")
def command(settings: Settings, name: str, as_list: bool) -> None:
    """Print the path of an Ansible inventory of the deployment NAME, for use with ansible -i.

    It holds the sites, the planned groups, and the nodes that exist, in the group paas_nodes.

    \b
    Example:
      ansible -i "$(indigo-paas inventory pool)" paas_nodes -m ansible.builtin.ping
    """
    from indigo_paas.engine import inventory

    place = inventory.make(settings, name)
    click.echo(inventory.listing(place) if as_list else str(place), nl=not as_list)
