# SPDX-License-Identifier: Apache-2.0
"""indigo-paas update"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from indigo_paas.cli import _common
from indigo_paas.settings import Settings


@click.command("update", short_help="Change inputs or the template.")
@_common.name_argument
@_common.input_options
@click.option("--template", type=click.Path(path_type=Path), metavar="FILE", help="Take this template from now on.")
@_common.json_option
@click.pass_obj
def command(
    settings: Settings,
    name: str,
    pairs: tuple[str, ...],
    file: Path | None,
    template: Path | None,
    as_json: bool,
) -> int:
    """Change inputs of the deployment NAME, or its template. Inputs that are not named stay.

    \b
    Examples:
      indigo-paas update pool -i wn_num=3
      indigo-paas update pool --template pool-v2.yaml
    """
    from indigo_paas import engine
    from indigo_paas.cli._display import display

    if not pairs and not file and not template:
        raise click.UsageError("Say what to change: -i NAME=VALUE, --inputs FILE or --template FILE.")
    inputs = _common.inputs_of(pairs, file)
    with display(sys.stderr if as_json else sys.stdout, settings.verbosity) as observer:
        outcome = engine.update(settings, name, inputs, observer, template)
    return _common.finish(outcome, as_json)
