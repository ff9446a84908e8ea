# SPDX-License-Identifier: Apache-2.0
"""indigo-paas template"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from indigo_paas.cli import _common
from indigo_paas.errors import BadInput
from indigo_paas.ground.text import counted, line

if TYPE_CHECKING:
    from indigo_paas.templates.source import Template


@click.group("template", short_help="Check templates, or describe them to an editor.")
def command() -> None:
    """Work on templates."""


@command.command("check")
@_common.template_argument
@_common.reading_options
@_common.input_options
@_common.json_option
def check(template: Template, pairs: tuple[str, ...], file: Path | None, as_json: bool) -> None:
    """Check TEMPLATE without looking for a site. Every problem is told with its line and column.

    With --json, an editor or a program gets the problems as data, each with file, line, column, end_column,
    message, hint and severity; lines and columns count from 1.

    \b
    Examples:
      indigo-paas template check pool.yaml
      indigo-paas template check --strict --json - < pool.yaml
    """
    from indigo_paas.templates import collection

    inputs = _common.inputs_of(pairs, file)
    plan = collection.plan_template(template, inputs)
    warnings = collection.warnings(plan, template, inputs)
    nodes = sum(group["count"] for group in plan["groups"])
    if as_json:
        told = _common.problems_json(warnings)
        _common.print_json({"template": template.name, "problems": [], "warnings": told, "nodes": nodes})
        return
    _common.print_warnings(warnings)
    services = ", ".join(line(stage["name"]) for stage in plan["stages"]) or "no services"
    size = f"{counted(nodes, 'node')} in {counted(len(plan['groups']), 'group')}"
    click.echo(f"{line(template.name)} is fine: {size}; {services}.")


@command.command("schema")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write to FILE.")
def schema(output: Path | None) -> None:
    """Print the JSON Schema of templates, by which an editor completes and checks them while you write.

    It knows all types that ship with the collection. Editors with yaml-language-server read it when the template's
    first line is "# yaml-language-server: $schema=tosca.json".

    \b
    Example:
      indigo-paas template schema -o tosca.json
    """
    from indigo_paas.templates import collection

    text = json.dumps(collection.template_schema(), indent=1)
    if output is None:
        click.echo(text)
        return
    try:
        output.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{output}: cannot write: {error.strerror}. Choose another file.") from error
