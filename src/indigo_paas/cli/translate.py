# SPDX-License-Identifier: Apache-2.0
"""indigo-paas translate"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from indigo_paas.cli import _common
from indigo_paas.errors import BadInput, Problem
from indigo_paas.ground.text import clean, line
from indigo_paas.runner.settings import Settings

if TYPE_CHECKING:
    from indigo_paas.templates.source import Template


@click.command("translate", short_help="Write a template as an Ansible project.")
@_common.template_argument
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIRECTORY",
    help="Write the project there; it is made when it is missing.",
)
@_common.reading_options
@_common.input_options
@click.option("--name", metavar="NAME", help="Name of the deployment; by default made of the template's file name.")
@_common.site_option
@click.option(
    "--hosts",
    type=click.Path(path_type=Path),
    metavar="INVENTORY",
    help="Hosts that exist, in groups named as the template's groups of machines.",
)
@click.pass_obj
@_common.here_only("it does not tell its sites")
def command(
    settings: Settings,
    template: Template,
    output: Path,
    pairs: tuple[str, ...],
    file: Path | None,
    name: str | None,
    site: str | None,
    hosts: Path | None,
) -> None:
    """Write TEMPLATE as an Ansible project that ansible-playbook runs alone.

    Its plays make the nodes at a site, or take the hosts of INVENTORY, and set up the services as
    `deploy` does. Secrets are not written: its README says which variables to give. Run again, it
    changes only what differs, and nothing that was edited by hand.

    \b
    Examples:
      indigo-paas translate pool.yaml -o pool -i wn_num=4
      indigo-paas translate pool.yaml -o pool --hosts my_hosts.yml
    """
    from indigo_paas.engine import translation

    if site and hosts:
        raise BadInput("Say either --site or --hosts: nodes are made at a site, or exist.")
    inputs = _common.inputs_of(pairs, file)
    problems: Sequence[Problem] = ()
    if hosts:
        files = translation.for_hosts(template, inputs, hosts, name)
    else:
        files, problems = translation.for_site(settings, template, inputs, name, site)
    for problem in problems:
        click.echo(f"warning: {clean(problem)}", err=True)
    written = translation.write(files, output)
    for what, paths in (("wrote", written.made), ("changed", written.changed), ("removed", written.removed)):
        for path in paths:
            click.echo(f"{what} {line(output / path)}")
    if not (written.made or written.changed or written.removed):
        click.echo(f"{line(output)} is as it should be.")
    elif written.made:
        click.echo(f"Read {line(output / 'README.md')}; 'ansible-playbook site.yml' there does the rest.", err=True)
