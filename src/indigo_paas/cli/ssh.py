# SPDX-License-Identifier: Apache-2.0
"""indigo-paas ssh"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import click

from indigo_paas.cli import _common
from indigo_paas.errors import BadInput, IndigoError
from indigo_paas.ground.paths import DeploymentFiles
from indigo_paas.ground.text import line
from indigo_paas.runner.settings import Settings


class _WithCommand(click.Command):
    """Keeps apart what follows "--": click would take it for more arguments."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            where = args.index("--")
            ctx.meta["command"] = args[where + 1 :]
            args = args[:where]
        return super().parse_args(ctx, args)


@click.command(
    "ssh",
    short_help="Log in to a node, or run a command there.",
    cls=_WithCommand,
    options_metavar="NAME [NODE] [-- COMMAND ...]",
    add_help_option=True,
)
@click.argument("name", metavar="")
@click.argument("node", required=False, metavar="")
@click.pass_context
@_common.here_only("the key that opens the nodes stays with the server")
def command(ctx: click.Context, name: str, node: str | None) -> None:
    """Log in to NODE of the deployment NAME, by default its first node, or run COMMAND there.

    COMMAND in one word is a line for the node's shell; of several, each arrives as it is.
    The deployment's own key is used, and only a node with a known host key is talked to.

    \b
    Examples:
      indigo-paas ssh pool
      indigo-paas ssh pool wn-server-0 -- uname -a
      indigo-paas ssh pool -- 'condor_status | head'
    """
    from indigo_paas.engine.overview import view

    settings: Settings = ctx.obj
    files = settings.home.deployment(name)
    chosen = _node(name, view(settings, name).deployment.nodes, node)
    _require_remote(chosen)
    _require_key(name, files)
    arguments = _arguments(files, chosen, ctx.meta.get("command", []))
    try:
        os.execvp(arguments[0], arguments)
    except FileNotFoundError:
        raise IndigoError("The command ssh is not installed. Install OpenSSH's client.") from None


def _node(deployment: str, nodes: Sequence[Mapping[str, Any]], name: str | None) -> Mapping[str, Any]:
    """Return the node called NAME, the first one by default."""
    if not nodes:
        raise BadInput(f"{deployment} has no nodes yet.")
    names = [node["name"] for node in nodes]
    if name is None:
        if len(nodes) > 1:
            click.echo(f"To {line(names[0])}; other nodes: {', '.join(map(line, names[1:]))}.", err=True)
        return nodes[0]
    if name not in names:
        raise BadInput(f"{deployment} has no node {name!r}. It has {', '.join(names)}.")
    return nodes[names.index(name)]


def _require_remote(node: Mapping[str, Any]) -> None:
    if node.get("ansible_connection") == "local":
        raise BadInput(f"{node['name']} is this machine: there is nowhere to log in to.")


def _require_key(deployment: str, files: DeploymentFiles) -> None:
    if not files.ssh_key.exists():
        raise IndigoError(
            f"The SSH key of {deployment} is lost: {files.ssh_key} is not there. 'indigo-paas deploy TEMPLATE --name "
            f"{deployment}' makes another one, and anew the nodes that do not let it in."
        )


def _arguments(files: DeploymentFiles, node: Mapping[str, Any], command: Sequence[str]) -> list[str]:
    """Return ssh's command line to NODE; only a COMMAND of one word is open to its shell."""
    return [
        "ssh",
        "-i",
        str(files.ssh_key),
        "-o",
        "IdentitiesOnly=yes",
        "-o",
        "StrictHostKeyChecking=yes",
        "-o",
        f'UserKnownHostsFile="{files.known_hosts}"',
        "-p",
        str(node.get("ansible_port") or 22),
        "-l",
        str(node.get("ansible_user") or "root"),
        "--",
        str(node["ansible_host"]),
        *(command if len(command) < 2 else [shlex.join(command)]),
    ]
