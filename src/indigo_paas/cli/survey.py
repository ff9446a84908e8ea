# SPDX-License-Identifier: Apache-2.0
"""indigo-paas survey"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from indigo_paas.cli import _common

if TYPE_CHECKING:
    from indigo_paas.templates.source import Template


@click.command("survey", short_help="Make an AWX survey of a template's inputs.")
@_common.template_argument
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write FILE.")
def command(template: Template, output: Path | None) -> None:
    """Make the survey that an AWX job template asks for the inputs of TEMPLATE, as JSON.

    Defaults, choices and ranges are those of the template. Secrets are asked for as passwords and
    have no default.

    \b
    Example:
      indigo-paas survey pool.yaml -o pool.json
    """
    from indigo_paas.ground import names
    from indigo_paas.templates import collection

    spec = collection.survey(template, names.default_name(template.stem))
    _common.write_text(output, json.dumps(spec, indent=2) + "\n")
