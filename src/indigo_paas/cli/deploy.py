# SPDX-License-Identifier: Apache-2.0
"""indigo-paas deploy"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from indigo_paas.cli import _common
from indigo_paas.runner.settings import Settings

if TYPE_CHECKING:
    from indigo_paas.templates.source import Template


@click.command("deploy", short_help="Make what a template describes, and check it.")
@_common.template_argument
@_common.reading_options
@_common.input_options
@click.option("--name", metavar="NAME", help="Name of the deployment; by default made of the template's file name.")
@_common.sites_option
@_common.spread_option
@click.option(
    "--max-providers-retry",
    type=click.IntRange(1),
    metavar="N",
    help="How many sites may fail before it is given up; by default all that can hold it.",
)
@click.option(
    "--keep-last-attempt/--no-keep-last-attempt",
    default=None,
    help="Whether the nodes of the last attempt stay when every site has failed. They do unless you say no.",
)
@click.option(
    "--provider-timeout",
    type=click.FloatRange(0, min_open=True),
    metavar="MINUTES",
    help="How long making the nodes at one site may take.",
)
@_common.json_option
@click.pass_obj
def command(
    settings: Settings,
    /,
    template: Template,
    pairs: tuple[str, ...],
    file: Path | None,
    name: str | None,
    only: tuple[str, ...],
    as_json: bool,
    **tries: Any,
) -> int:
    """Make what TEMPLATE describes: nodes, services, and a check that the services serve.

    TEMPLATE is a file, a CSAR archive, an http(s) URL, or - for standard input. The deployment keeps its own
    copy of it, with all that it imports.

    When a site fails while the nodes are made, they are removed there and the next best site is tried.
    Running it again for the same deployment changes nothing that is as it should be,
    repairs what is not, and goes on where a broken run was left.

    \b
    Examples:
      indigo-paas deploy pool.yaml
      indigo-paas deploy pool.yaml -i wn_num=4 --name physics --site local
      indigo-paas deploy pool.yaml --site bari --site padova --provider-timeout 20
      generate-pool | indigo-paas deploy - --name physics
    """
    from indigo_paas import deployments
    from indigo_paas.cli._display import display

    meant = deployments.of(settings)
    inputs = _common.inputs_of(pairs, file)
    if name is None:
        name = template.deployment_name()
        click.echo(f"The deployment is called {name}, after its template; --name gives it another name.", err=True)
    with display(sys.stderr if as_json else sys.stdout, settings.verbosity) as observer:
        said = {key: value for key, value in tries.items() if value is not None}
        outcome = meant.deploy(template, inputs, observer, name, only, said)
    return _common.finish(meant, outcome, as_json)
