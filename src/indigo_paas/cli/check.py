# SPDX-License-Identifier: Apache-2.0
"""indigo-paas check"""

from __future__ import annotations

import sys

import click

from indigo_paas.cli import _common
from indigo_paas.runner.settings import Settings


@click.command("check", short_help="Ask the services whether they serve.")
@_common.name_argument
@_common.json_option
@click.pass_obj
def command(settings: Settings, name: str, as_json: bool) -> int:
    """Ask every service of the deployment NAME whether it serves. Nothing is changed.

    \b
    Example:
      indigo-paas check pool && echo fine
    """
    from indigo_paas import deployments
    from indigo_paas.cli._display import display

    meant = deployments.of(settings)
    with display(sys.stderr if as_json else sys.stdout, settings.verbosity) as observer:
        outcome = meant.check(name, observer)
    return _common.finish(meant, outcome, as_json)
