# SPDX-License-Identifier: Apache-2.0
"""indigo-paas graph"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from indigo_paas.cli import _common
from indigo_paas.errors import BadInput

if TYPE_CHECKING:
    from indigo_paas.templates.source import Template

_BY_SUFFIX = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".mmd": "mermaid", ".mermaid": "mermaid"}


@click.command("graph", short_help="Draw what a template describes.")
@_common.template_argument
@_common.input_options
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write FILE.")
@click.option(
    "--format",
    "language",
    type=click.Choice(["svg", "dot", "mermaid"]),
    help=f"By default what FILE ends in ({', '.join(_BY_SUFFIX)}), without FILE svg. Another ending needs it.",
)
def command(
    template: Template,
    pairs: tuple[str, ...],
    file: Path | None,
    output: Path | None,
    language: str | None,
) -> None:
    """Draw TEMPLATE: its machines, what runs on them, and what needs what.

    SVG is for browsers and documents, Mermaid for Markdown, DOT for Graphviz. No other program is needed.
    Inputs need no values: what they say is drawn as if the template left it out.

    \b
    Examples:
      indigo-paas graph pool.yaml -o pool.svg
      indigo-paas graph pool.yaml -i wn_num=4 --format mermaid
    """
    from indigo_paas.templates import collection

    chosen = language or _language(output)
    inputs = _common.inputs_of(pairs, file)
    plan = collection.plan_template(template, inputs, sketch=True)
    masker = collection.masker(template, {**plan["inputs"], **inputs})
    picture = collection.draw(masker.plan(plan), chosen, template.stem)
    _common.write_text(output, picture)


def _language(output: Path | None) -> str:
    if output is None:
        return "svg"
    if output.suffix.lower() not in _BY_SUFFIX:
        raise BadInput(f"{output} says no format. Let it end in {', '.join(_BY_SUFFIX)}, or add --format.")
    return _BY_SUFFIX[output.suffix.lower()]
