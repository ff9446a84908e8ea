# SPDX-License-Identifier: Apache-2.0
"""indigo-paas sites"""

from __future__ import annotations

from typing import Any

import click

from indigo_paas.cli import _common
from indigo_paas.ground.text import line
from indigo_paas.runner.settings import Settings

_LONGEST = 60
_HEAD = ("SITE", "TYPE", "LOCATION", "HEALTH", "CPUS", "MEMORY", "NODES", "IMAGES")


@click.command("sites", short_help="List the sites: health, use, images.")
@_common.json_option
@click.pass_obj
@_common.here_only("it does not tell its sites")
def command(settings: Settings, as_json: bool) -> None:
    """List the sites of the inventory: whether they answer, what is in use of what they have, and their images.

    'indigo-paas site check NAME' says what is missing at one of them.

    \b
    Example:
      indigo-paas sites
    """
    from indigo_paas.engine.site_survey import survey

    waiting: set[str] = set()
    with _common.slow(lambda: f"Waiting for {', '.join(sorted(waiting)) or 'the inventory of sites'} ..."):
        found = survey(settings, waiting)
    if as_json:
        _common.print_json(found)
        return
    _common.print_table(_HEAD, map(_row, found))
    for site in found:
        for told in [site["problem"]] if site["problem"] else site["warnings"]:
            click.echo(f"{line(site['name'])}: {line(told)}")


def _row(site: dict[str, Any]) -> tuple[object, ...]:
    from indigo_paas.templates import collection

    first = (site["name"], site["type"], site.get("location") or "")
    if not site["available"]:
        return (*first, "not available", "", "", "", "")
    used, capacity = site["used"], site["capacity"]
    images = ", ".join(image["name"] for image in site["images"])
    return (
        *first,
        f"ok, {site['seconds']:.2f} s" if not site["warnings"] else f"warnings, {site['seconds']:.2f} s",
        f"{used['cpus']:.10g}/{capacity['cpus']:.10g}",
        "/".join(collection.phrase("amount", part["memory"]) for part in (used, capacity)),
        f"{used['nodes']:.10g}/{capacity['nodes']:.10g}",
        images if len(images) <= _LONGEST else f"{images[: _LONGEST - 3]}...",
    )
