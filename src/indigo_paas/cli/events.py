# SPDX-License-Identifier: Apache-2.0
"""indigo-paas events"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from indigo_paas.cli import _common
from indigo_paas.ground.text import clean, line
from indigo_paas.runner.settings import Settings

if TYPE_CHECKING:
    from indigo_paas.ground.progress import Event


@click.command("events", short_help="Tell what happened to a deployment.")
@_common.name_argument
@click.option("-f", "--follow", is_flag=True, help="Go on as long as a command works on the deployment.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list; with -f, one object a line.")
@click.pass_obj
def command(settings: Settings, name: str, follow: bool, as_json: bool) -> None:
    """Tell what happened to the deployment NAME.

    \b
    Examples:
      indigo-paas events pool
      indigo-paas events pool -f
    """
    from indigo_paas import deployments

    events = deployments.of(settings).events(name, follow)
    if as_json and not follow:
        _common.print_json([asdict(event) for event in events])
        return
    for event in events:
        _print(event, as_json)


def _print(event: Event, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(event)))
        return
    parts = [line(part) for part in (event.step, event.task, event.node) if part]
    seconds = f" ({event.seconds:.1f} s)" if event.seconds is not None else ""
    text = clean(event.text).strip().replace("\n", "\n" + " " * 32)
    told = ": ".join([*parts, *([text] if text else [])])
    click.echo(f"{_common.when(event.time)}  {event.kind:<9}  {told}{seconds}")
