# SPDX-License-Identifier: Apache-2.0
"""indigo-paas template"""

from __future__ import annotations

from pathlib import Path

import click

from indigo_paas.cli import _common
from indigo_paas.text import Masker, clean, line


@click.group("template", short_help="Check templates.")
def command() -> None:
    """Work on templates."""


@command.command("check")
@_common.template_argument
@_common.input_options
@_common.json_option
def check(template: Path, pairs: tuple[str, ...], file: Path | None, as_json: bool) -> None:
    """Check TEMPLATE without looking for a site. Every problem is told with its line and column.

    \b
    Example:
      indigo-paas template check pool.yaml
    """
    from indigo_paas import collection

    plan = collection.plan_template(template, _common.inputs_of(pairs, file))
    hidden = Masker(plan["inputs"])
    warnings = [hidden.text(collection.problem_text(warning)) for warning in plan.get("warnings", [])]
    nodes = sum(group["count"] for group in plan["groups"])
    if as_json:
        _common.print_json({"template": str(template), "problems": [], "warnings": warnings, "nodes": nodes})
        return
    for warning in warnings:
        click.echo(f"warning: {clean(warning)}", err=True)
    services = ", ".join(line(stage["name"]) for stage in plan["stages"]) or "no services"
    click.echo(f"{line(template)} is fine: {nodes} nodes in {len(plan['groups'])} groups; {services}.")
