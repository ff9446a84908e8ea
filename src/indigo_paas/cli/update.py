# SPDX-License-Identifier: Apache-2.0
"""indigo-paas update"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from indigo_paas.cli import _common
from indigo_paas.runner.settings import Settings

if TYPE_CHECKING:
    from indigo_paas.templates.source import Template


@click.command("update", short_help="Change inputs or the template.")
@_common.name_argument
@_common.input_options
@click.option(
    "--template",
    type=_common.a_template,
    metavar="TEMPLATE",
    help="Take this template from now on: a file, a CSAR archive, an http(s) URL, or - for standard input.",
)
@_common.strict_option("--strict/--no-strict")
@_common.trust_option("--trust-template/--no-trust-template", "trust")
@_common.dry_run_option
@_common.json_option
@click.pass_obj
def command(
    settings: Settings,
    name: str,
    pairs: tuple[str, ...],
    file: Path | None,
    template: Template | None,
    strict: bool | None,
    trust: bool | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Change inputs of the deployment NAME, or its template. Inputs that are not named stay.

    How the template is read stays, too, but a new one has to be trusted anew.

    \b
    Examples:
      indigo-paas update pool -i wn_num=3 --dry-run
      indigo-paas update pool -i wn_num=3
      indigo-paas update pool --template pool-v2.yaml
    """
    from indigo_paas import deployments
    from indigo_paas.cli._display import display

    if not (pairs or file or template) and strict is trust is None:
        raise click.UsageError("Say what to change: -i NAME=VALUE, --inputs FILE or --template TEMPLATE.")
    meant = deployments.of(settings)
    inputs = _common.inputs_of(pairs, file)
    if dry_run:
        _common.print_difference(*meant.preview_update(name, inputs, template, strict, trust), name, as_json)
        return 0
    with display(sys.stderr if as_json else sys.stdout, settings.verbosity) as observer:
        outcome = meant.update(name, inputs, observer, template, strict, trust)
    return _common.finish(meant, outcome, as_json)
