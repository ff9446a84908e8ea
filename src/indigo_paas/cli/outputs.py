# SPDX-License-Identifier: Apache-2.0
"""indigo-paas outputs"""

from __future__ import annotations

import click

from indigo_paas.cli import _common
from indigo_paas.errors import BadInput
from indigo_paas.ground.text import line, show
from indigo_paas.runner.settings import Settings


@click.command("outputs", short_help="Print the outputs of a deployment.")
@_common.name_argument
@click.argument("output", required=False)
@_common.json_option
@click.pass_obj
def command(settings: Settings, name: str, output: str | None, as_json: bool) -> None:
    """Print the outputs of the deployment NAME, or the value of one OUTPUT.

    \b
    Examples:
      indigo-paas outputs pool
      ping $(indigo-paas outputs pool cluster_ip)
    """
    from indigo_paas import deployments

    outputs = deployments.of(settings).outputs(name)
    if output is not None and output not in outputs:
        raise BadInput(f"{name} has no output {output!r}. It has {', '.join(outputs) or 'none yet'}.")
    if as_json:
        _common.print_json(dict(outputs) if output is None else {output: outputs[output]})
    elif output is not None:
        click.echo(show(outputs[output]))
    else:
        for key, value in outputs.items():
            click.echo(f"{line(key)}: {show(value)}")
