# SPDX-License-Identifier: Apache-2.0
"""indigo-paas plan"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from indigo_paas.cli import _common
from indigo_paas.settings import Settings
from indigo_paas.text import Masker, clean, line

if TYPE_CHECKING:
    from indigo_paas.engine import Planned


@click.command("plan", short_help="Say what a template would make, and where.")
@_common.template_argument
@_common.input_options
@_common.site_option
@_common.json_option
@click.pass_obj
def command(
    settings: Settings,
    template: Path,
    pairs: tuple[str, ...],
    file: Path | None,
    site: str | None,
    as_json: bool,
) -> None:
    """Check TEMPLATE and say what deploying it would make, and on which site.

    Nothing is made. For the sites that cannot hold it, the reasons are told.

    \b
    Example:
      indigo-paas plan pool.yaml -i wn_num=4
    """
    from indigo_paas import engine

    planned = engine.plan(settings, template, _common.inputs_of(pairs, file), site)
    if as_json:
        _common.print_json(_report(planned))
    else:
        _print(planned)
    if planned.site is None:
        for problem in planned.problems:
            click.echo(clean(problem), err=True)
        raise click.exceptions.Exit(2)


def _report(planned: Planned) -> dict[str, object]:
    plan: dict[str, object] = Masker(planned.plan["inputs"]).data(planned.plan)
    return {
        **plan,
        "site": planned.site,
        "candidates": planned.candidates,
        "problems": list(planned.problems),
    }


def _print(planned: Planned) -> None:
    from indigo_paas import collection

    plan = planned.plan
    hidden = Masker(plan["inputs"])
    if plan.get("description"):
        click.echo(clean(hidden.text(plan["description"])).strip())
    _common.print_mapping("Inputs", hidden.data(plan["inputs"]))
    click.echo("Nodes:")
    for group in plan["groups"]:
        click.echo(f"  {line(group['name'])}: {group['count']} x {_size(group['size'])}{_image(group['image'])}")
    click.echo("Services, in their order:")
    for stage in plan["stages"]:
        parts = ", ".join(map(line, stage["components"]))
        click.echo(f"  {line(stage['name'])}: {parts} on {', '.join(map(line, stage['groups']))}")
    click.echo("Sites:")
    for candidate in planned.candidates:
        chosen = "chosen" if candidate["site"] == planned.site else "can hold it"
        told = chosen if candidate["fits"] else "; ".join(map(line, candidate["reasons"]))
        click.echo(f"  {line(candidate['site'])}: {told}")
    for warning in plan.get("warnings", []):
        click.echo(f"warning: {clean(hidden.text(collection.problem_text(warning)))}", err=True)


def _size(size: dict[str, object]) -> str:
    known = [f"{size['cpus']} CPU"] if size.get("cpus") else []
    for key in ("memory", "disk"):
        amount = size.get(key)
        if isinstance(amount, int | float):
            known.append(f"{amount / 1e9:.1f} GB {key}")
    known += [f"{size['gpus']} GPU"] if size.get("gpus") else []
    known += [line(size["instance_type"])] if size.get("instance_type") else []
    return ", ".join(known) or "any size"


def _image(image: dict[str, object]) -> str:
    named = image.get("image") or " ".join(str(image[key]) for key in ("distribution", "version") if image.get(key))
    return f", {line(named)}" if named else ""
