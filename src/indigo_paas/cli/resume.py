# SPDX-License-Identifier: Apache-2.0
"""indigo-paas resume"""

from __future__ import annotations

import sys

import click

from indigo_paas.cli import _common
from indigo_paas.runner.settings import Settings


@click.command("resume", short_help="Go on where a broken command was left.")
@_common.name_argument
@_common.json_option
@click.pass_obj
def command(settings: Settings, name: str, as_json: bool) -> int:
    """Go on with the deployment NAME where a failed or interrupted command left it.

    What was being deployed, scaled or updated is brought to its end; what was being destroyed is
    destroyed. A deployment that is complete is looked over and repaired.

    \b
    Example:
      indigo-paas resume pool
    """
    from indigo_paas import deployments
    from indigo_paas.cli._display import display

    meant = deployments.of(settings)
    with display(sys.stderr if as_json else sys.stdout, settings.verbosity) as observer:
        outcome = meant.resume(name, observer)
    return _common.finish(meant, outcome, as_json)
