# SPDX-License-Identifier: Apache-2.0
"""indigo-paas plan"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from indigo_paas.cli import _common
from indigo_paas.ground.text import clean
from indigo_paas.runner.settings import Settings

if TYPE_CHECKING:
    from indigo_paas.engine.verbs import Planned
    from indigo_paas.errors import Problem
    from indigo_paas.ground.masking import Masker
    from indigo_paas.templates.source import Template


@click.command("plan", short_help="Say what a template would make, and where.")
@_common.template_argument
@_common.reading_options
@_common.input_options
@_common.sites_option
@_common.spread_option
@click.option("--against", metavar="NAME", help="Say what would change of the deployment NAME.")
@click.option("--why", is_flag=True, help="Say by what the sites were compared.")
@_common.json_option
@click.pass_obj
@_common.here_only("it does not tell its sites, by which a plan is made")
def command(
    settings: Settings,
    template: Template,
    pairs: tuple[str, ...],
    file: Path | None,
    only: tuple[str, ...],
    spread: bool | None,
    against: str | None,
    why: bool,
    as_json: bool,
) -> None:
    """Check TEMPLATE and say what deploying it would make, and on which site.

    TEMPLATE is a file, a CSAR archive, an http(s) URL, or - for standard input. Nothing is made.
    For the sites that cannot hold it, the reasons are told; that none can is no error, unless --site
    asks for certain ones.

    \b
    Examples:
      indigo-paas plan pool.yaml -i wn_num=4
      indigo-paas plan pool.yaml --why
      indigo-paas plan pool-v2.yaml --against pool
      indigo-paas plan https://example.org/pool.yaml
    """
    inputs = _common.inputs_of(pairs, file)
    if against is not None:
        _print_changes(settings, against, template, inputs, as_json)
        return
    from indigo_paas.engine import verbs
    from indigo_paas.templates import collection

    with _common.slow(lambda: f"Waiting for {' and '.join(only) or 'the sites'} ..."):
        planned = verbs.plan(settings, template, inputs, only, spread=bool(spread))
    masker = collection.masker(template, {**planned.plan["inputs"], **inputs})
    warnings = [*collection.warnings(planned.plan, template, inputs), *planned.warnings]
    if as_json:
        _common.print_json(_report(planned, masker, warnings))
    else:
        _print(planned, masker, warnings)
        if why:
            _print_reasons(planned)
    is_empty = not planned.plan["groups"]
    if planned.site is None and (is_empty or only or not planned.candidates):
        for problem in planned.problems:
            click.echo(clean(problem), err=True)
        if not is_empty:
            raise click.exceptions.Exit(2)
    elif planned.site is None and not as_json:
        click.echo("No site can hold it, so it cannot be deployed now. Why not is told above.", err=True)


def _print_changes(settings: Settings, name: str, template: Template, inputs: dict[str, Any], as_json: bool) -> None:
    from indigo_paas.engine import preview

    difference, asked = preview.update(
        settings, name, inputs, template, template.strict or None, template.trust or None
    )
    _common.print_difference(difference, asked, name, as_json)


def _report(planned: Planned, masker: Masker, warnings: Sequence[Problem]) -> dict[str, object]:
    return {
        **masker.plan(planned.plan),
        "warnings": _common.problems_json(warnings),
        "site": planned.site,
        "placement": planned.placement,
        "candidates": planned.candidates,
        "images": planned.images,
        "problems": _common.problems_json(planned.problems),
    }


def _print(planned: Planned, masker: Masker, warnings: Sequence[Problem]) -> None:
    from indigo_paas.cli._plan_text import plan_lines

    for text in plan_lines(planned, masker):
        click.echo(text)
    _common.print_warnings(warnings)


def _print_reasons(planned: Planned) -> None:
    from indigo_paas.cli._why_text import why_lines

    for text in why_lines(planned.candidates):
        click.echo(text)
