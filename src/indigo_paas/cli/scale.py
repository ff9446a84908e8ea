# SPDX-License-Identifier: Apache-2.0
"""indigo-paas scale"""

from __future__ import annotations

import sys

import click

from indigo_paas.cli import _common
from indigo_paas.errors import BadInput
from indigo_paas.runner.settings import Settings

_LARGEST = 999999


@click.command("scale", short_help="Change how many nodes a deployment has.")
@_common.name_argument
@click.argument("counts", nargs=-1, metavar="[GROUP=COUNT]...")
@click.option("--remove", multiple=True, metavar="NODE", help="Let this node go; repeat it for more.")
@_common.spread_option
@_common.dry_run_option
@_common.json_option
@click.pass_obj
def command(
    settings: Settings,
    name: str,
    counts: tuple[str, ...],
    remove: tuple[str, ...],
    spread: bool | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Change how many nodes groups of the deployment NAME have.

    GROUP is a node template or a component that it hosts. Nodes that go are drained first.
    The numbers hold until an input or a new template says otherwise.

    \b
    Examples:
      indigo-paas scale pool wn_server=4 --dry-run
      indigo-paas scale pool wn_server=4
      indigo-paas scale pool wn_server=8 --spread
      indigo-paas scale pool wn_server=2 --remove wn-server-1
      indigo-paas scale pool --remove wn-server-1
    """
    from indigo_paas import deployments
    from indigo_paas.cli._display import display

    if not counts and not remove:
        raise click.UsageError("Say how many nodes, as in wn_server=4, or which to --remove.")
    meant = deployments.of(settings)
    wanted = dict(map(_count, counts))
    if dry_run:
        _common.print_difference(*meant.preview_scale(name, wanted, remove), name, as_json)
        return 0
    with display(sys.stderr if as_json else sys.stdout, settings.verbosity) as observer:
        outcome = meant.scale(name, wanted, observer, remove, spread)
    return _common.finish(meant, outcome, as_json)


def _count(pair: str) -> tuple[str, int]:
    """Return the two sides of GROUP=COUNT."""
    group, _, count = pair.rpartition("=")
    if not group or not count.isascii() or not count.isdigit() or len(count) > len(str(_LARGEST)):
        raise BadInput(
            f"{pair!r} is no count. Write GROUP=COUNT with a whole number from 0 to {_LARGEST}, as in wn_server=4."
        )
    return group, int(count)
