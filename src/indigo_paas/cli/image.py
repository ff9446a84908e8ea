# SPDX-License-Identifier: Apache-2.0
"""indigo-paas image"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from indigo_paas.cli import _common
from indigo_paas.ground.text import clean, line
from indigo_paas.runner.settings import Settings

if TYPE_CHECKING:
    from indigo_paas.engine.work import Outcome

_HEAD = ("IMAGE", "SITE", "SERVICES", "DISTRIBUTION", "MADE", "SIZE", "MACHINES", "STATE")


@click.group("image", short_help="Prepare images from which nodes start faster.")
def command() -> None:
    """Keep images at a site in which services are installed already: nodes start from them in seconds.

    A deployment uses them by itself. It says which image each group of nodes starts from, and why; 'indigo-paas plan'
    says it beforehand. An image is not used where a role has changed since, or when it is older than the site allows
    (site_prepared_days). No secret, key, machine id or log is in one.

    \b
    Examples:
      indigo-paas image prepare pool.yaml
      indigo-paas image list
      indigo-paas image delete debian-13-htcondor-1a2b3c4d
    """


@command.command("prepare", short_help="Install services into images.")
@click.argument("what", nargs=-1, required=True, metavar="TEMPLATE|SERVICE...")
@_common.input_options
@_common.site_option
@click.option("--again", is_flag=True, help="Make images anew that are there and could be used.")
@_common.json_option
@click.pass_obj
@_common.here_only("its images are prepared where it runs")
def prepare(
    settings: Settings,
    what: tuple[str, ...],
    pairs: tuple[str, ...],
    file: Path | None,
    site: str | None,
    again: bool,
    as_json: bool,
) -> int:
    """Prepare the images that the nodes of each TEMPLATE start from, or one with each SERVICE.

    A TEMPLATE is a file or an http(s) URL. Inputs (-i) count for all templates. A SERVICE is a role, such as htcondor;
    it is installed on the site's usual image, with the arguments that the operator sets.

    One machine is made for each image, what the services need is installed there, its disk is kept as the image, and
    the machine is removed. What is ready stays as it is. Images that are too old or replaced are removed, unless nodes
    run from them. On hosts that exist there is nothing to do: what is installed there stays.

    \b
    Exit codes: 0 the images are there; 1 one could not be made; 2 wrong input; 130 interrupted.

    \b
    Examples:
      indigo-paas image prepare pool.yaml -i wn_num=4
      indigo-paas image prepare htcondor --site local
      indigo-paas image prepare pool.yaml --again
    """
    from indigo_paas.cli._display import display
    from indigo_paas.engine import images

    if site and not images.keeps_images(settings, site):
        return _nothing_to_do(site, as_json)
    inputs = _common.inputs_of(pairs, file)
    asked = images.read(what)
    outcomes = []
    for one in asked:
        click.echo(f"Preparing images for {line(one.title)}", err=True)
        with display(sys.stderr if as_json else sys.stdout, settings.verbosity) as observer:
            outcomes.append(images.prepare(settings, one, inputs, observer, site, again))
        if outcomes[-1].state != "ok":
            break
    if as_json:
        _common.print_json(_report(outcomes))
    for outcome in outcomes:
        _tell(outcome, err=as_json)
    return _common.EXIT_CODES[outcomes[-1].state]


@command.command("list", short_help="List the prepared images of the sites.")
@_common.site_option
@_common.json_option
@click.pass_obj
@_common.here_only("it does not tell its sites")
def list_images(settings: Settings, site: str | None, as_json: bool) -> None:
    """List the prepared images: what is in them, when they were made, and whether nodes start from them.

    \b
    Example:
      indigo-paas image list --site local
    """
    from indigo_paas.engine import images

    with _common.slow(lambda: f"Waiting for {site or 'the sites'} ..."):
        found, silent = images.find(settings, site)
    if as_json:
        _common.print_json({"images": found, "silent": silent})
    elif found:
        _common.print_table(_HEAD, map(_row, found))
    elif not silent:
        click.echo("There are no prepared images. 'indigo-paas image prepare TEMPLATE' makes some.")
    for name, reason in silent.items():
        click.echo(f"{line(name)}: {line(reason)}", err=True)
    if silent:
        raise click.exceptions.Exit(1)


@command.command("delete", short_help="Delete prepared images.")
@click.argument("names", nargs=-1, required=True, metavar="IMAGE...")
@_common.site_option
@_common.json_option
@click.pass_obj
@_common.here_only("it does not tell its sites")
def delete(settings: Settings, names: tuple[str, ...], site: str | None, as_json: bool) -> None:
    """Delete the prepared images IMAGE, as 'indigo-paas image list' names them, at every site that has them.

    One from which nodes run is kept, and exit code 2 says so.

    \b
    Example:
      indigo-paas image delete debian-13-htcondor-1a2b3c4d
    """
    from indigo_paas.engine import images

    gone = images.delete(settings, names, site)
    if as_json:
        _common.print_json({"deleted": gone})
        return
    for image in gone:
        click.echo(f"Deleted {line(image['name'])} at {line(image['site'])}.")


def _nothing_to_do(site: str, as_json: bool) -> int:
    told = f"Nothing to do: the site {site} keeps no prepared images. What is installed on its machines stays there."
    if as_json:
        _common.print_json({"images": [], "ready": [], "removed": [], "problems": []})
    click.echo(line(told), err=as_json)
    return 0


def _report(outcomes: list[Outcome]) -> dict[str, Any]:
    told: dict[str, Any] = {
        what: [image for outcome in outcomes for image in outcome.outputs.get(what, [])]
        for what in ("images", "ready", "removed")
    }
    reasons = [outcome.reason for outcome in outcomes if outcome.reason]
    return {
        **told,
        "problems": [{"message": clean(reason), "severity": "error"} for reason in reasons],
        "total_seconds": round(sum(outcome.seconds for outcome in outcomes), 3),
    }


def _tell(outcome: Outcome, err: bool) -> None:
    for text in _lines(outcome):
        click.echo(text, err=err or outcome.state != "ok")


def _lines(outcome: Outcome) -> Iterator[str]:
    if outcome.state != "ok":
        yield clean(outcome.reason)
        return
    where = f"at {line(outcome.site or '')}"
    for image in outcome.outputs.get("images", []):
        yield f"Prepared {line(image['name'])} {where} ({_services(image)}): {outcome.seconds:.1f} s."
    for image in outcome.outputs.get("ready", []):
        yield f"{line(image['name'])} {where} ({_services(image)}) is ready: made {line(image['made'])}."
    for image in outcome.outputs.get("removed", []):
        yield f"Removed {line(image['name'])} of {line(image['made'])}: too old, or replaced."
    if not outcome.outputs.get("images") and not outcome.outputs.get("ready"):
        yield "Nothing to do: none of its services can be installed before the deployment is known."


def _services(image: dict[str, Any]) -> str:
    return line(", ".join(sorted(role.rpartition(".")[2] for role in image["services"])))


def _row(image: dict[str, Any]) -> tuple[object, ...]:
    from indigo_paas.templates import collection

    size = collection.phrase("amount", image["size"]) if image["size"] else ""
    state = f"not used: {image['problem']}" if image["problem"] else "ready"
    made = image["made"].replace("T", " ")[:16]
    return image["name"], image["site"], _services(image), image["distribution"], made, size, image["machines"], state
