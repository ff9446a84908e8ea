# SPDX-License-Identifier: Apache-2.0
"""indigo-paas show"""

from __future__ import annotations

from typing import Any

import click

from indigo_paas.cli import _common
from indigo_paas.ground.lock import Holder
from indigo_paas.ground.text import clean, line
from indigo_paas.runner.settings import Settings

_LAST_RUNS = 5


@click.command("show", short_help="Show one deployment: nodes, outputs, runs.")
@_common.name_argument
@_common.json_option
@click.pass_obj
def command(settings: Settings, name: str, as_json: bool) -> None:
    """Show the deployment NAME: status, inputs, nodes, outputs, and how long its runs took.

    \b
    Example:
      indigo-paas show pool
    """
    from indigo_paas import deployments

    known = deployments.of(settings).document(name)
    if as_json:
        _common.print_json(known)
        return
    _print(known)


def _print(known: dict[str, Any]) -> None:
    mark = " (interrupted)" if known["interrupted"] else ""
    click.echo(f"{line(known['name'])}: {known['status']}{mark} at {line(known['site'] or 'no site yet')}")
    if known["title"] not in (None, known["name"]):
        click.echo(f"  Its owner called it {line(repr(known['title']))}.")
    if known["working"]:
        click.echo(f"  It is being worked on by {line(Holder(**known['working']))}.")
    elif known["job"]:
        job = known["job"]
        click.echo(f"  The service has to {line(job['kind'])} it: job {job['id']} is {job['state']}.")
    for text in (known["reason"], known["description"]):
        if text:
            click.echo("  " + clean(text).strip().replace("\n", "\n  "))
    if known["template"]:
        click.echo(f"Template: {line(known['template'])}")
    click.echo(f"Made: {_common.when(known['created'])}, last changed: {_common.when(known['updated'])}")
    _common.print_mapping("Inputs", known["inputs"])
    _common.print_mapping("Scaled", known["counts"])
    if known["nodes"]:
        click.echo("Nodes:")
    several = len({node.get("site") for node in known["nodes"]}) > 1
    for node in known["nodes"]:
        addresses = ", ".join(dict.fromkeys([*node.get("public_address", []), *node.get("private_address", [])]))
        problem = f": {line(node['problem'])}" if node.get("problem") else ""
        place = f"  {line(node.get('site'))}" if several else ""
        click.echo(f"  {line(node['name'])}  {line(addresses)}{place}  {line(node.get('state', ''))}{problem}")
    _common.print_mapping("Outputs", known["outputs"])
    if known["runs"]:
        click.echo("Runs:")
    for run in known["runs"][-_LAST_RUNS:]:
        took = f", {run['ended'] - run['started']:.1f} s, {run['changed']} changed" if run["ended"] else ""
        click.echo(f"  {_common.when(run['started'])}  {run['command']}: {run['state']}{took}")
    for step in known["runs"][-1]["steps"] if known["runs"] else ():
        click.echo(f"    {step['seconds']:7.1f} s  {line(step['name'])}")
