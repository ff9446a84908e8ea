# SPDX-License-Identifier: Apache-2.0
"""Deployments that run at sites, but that nothing here knows of any more: found by their labels and taken over.

Nothing is changed at a site. What only the lost state knew stays lost: it is said what that is.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indigo_paas.engine import sites, work
from indigo_paas.errors import BadInput, IndigoError
from indigo_paas.ground import names, status
from indigo_paas.ground.paths import DeploymentFiles
from indigo_paas.runner.settings import Settings
from indigo_paas.templates import collection, kept_request

if TYPE_CHECKING:
    from indigo_paas.store import Store

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# What may be missing of a deployment.
TEMPLATE, KEY = "template and inputs", "SSH key"


@dataclass(frozen=True)
class Found:
    """A deployment that was taken over, or would be.

    sites: where it has nodes. nodes: their names. missing: what is lost of it. next: the sentence that says what to do.
    """

    name: str
    sites: list[str]
    nodes: list[str]
    missing: list[str] = field(default_factory=list)
    next: str = ""


@dataclass(frozen=True)
class Recovery:
    """What was found: what is taken over, the names of what was known all along, and why sites could not be asked."""

    taken: list[Found]
    known: list[str]
    silent: dict[str, str]


def recover(settings: Settings, name: str | None = None, only: str | None = None, dry_run: bool = False) -> Recovery:
    """Take over the deployments that sites have nodes of and that are not known here: all of them, or the one of NAME.

    only: the site to look at. dry_run: only find them. Raises BadInput for a site that there is not, and for a NAME
    that no site has nodes of, IndigoError where no site answers.
    """
    options = _chosen_sites(sites.Reading(work.sites_source(settings)).result(), only)
    listed, silent = collection.deployments_at(options)
    places = {each: at for each, at in listed.items() if names.is_valid(each) and name in (None, each)}
    if len(silent) == len(options):
        raise IndigoError(*silent.values())
    with work.opened(settings, make=not dry_run) as memory:
        known = [each for each in sorted(places) if memory.deployment(each) is not None]
        if name is not None and not places:
            raise BadInput(_nowhere(name, list(options), silent))
        new = {each: places[each] for each in sorted(places) if each not in known}
        nodes = {each: collection.nodes_at({site: options[site] for site in new[each]}, each) for each in new}
        taken = [_what_is_left(settings, each, new[each], nodes[each]) for each in new if nodes[each]]
        for found in [] if dry_run else taken:
            _take_over(settings, memory, found, nodes[found.name])
    return Recovery(taken, known, silent)


def lost(settings: Settings) -> list[str]:
    """Return the names of the deployments whose files are here, but that the store does not know, sorted."""
    directory = settings.home.deployment("any").root.parent
    known = {row.name for row in work.looked(settings, lambda memory: memory.deployments())}
    with contextlib.suppress(OSError):
        return sorted(each.name for each in directory.iterdir() if each.name not in known and _has_request(each))
    return []


def _has_request(directory: Path) -> bool:
    return DeploymentFiles(directory).source.exists()


def _chosen_sites(found: Mapping[str, sites.Options], only: str | None) -> Mapping[str, sites.Options]:
    if only is None:
        return found
    if only not in found:
        raise BadInput(f"There is no site {only!r}. There is {', '.join(found)}.")
    return {only: found[only]}


def _nowhere(name: str, asked: list[str], silent: Mapping[str, str]) -> str:
    missed = f" {' '.join(silent.values())}" if silent else ""
    answered = ", ".join(site for site in asked if site not in silent)
    return f"There are no nodes of {name!r} at {answered}.{missed}"


def _what_is_left(settings: Settings, name: str, places: list[str], nodes: list[dict[str, Any]]) -> Found:
    files = settings.home.deployment(name)
    missing = [] if _request(files) else [TEMPLATE]
    if not files.ssh_key.exists():
        missing.append(KEY)
    return Found(name, places, [node["name"] for node in nodes], missing, _next(name, missing))


def _next(name: str, missing: list[str]) -> str:
    if TEMPLATE in missing:
        return (
            f"'indigo-paas deploy TEMPLATE --name {name}' gives it a template again; "
            f"'indigo-paas destroy {name}' deletes it."
        )
    return f"'indigo-paas resume {name}' brings it up to date."


def _request(files: DeploymentFiles) -> kept_request.Request | None:
    """Return what the deployment in FILES is asked to be, None where that or its template is lost."""
    with contextlib.suppress(IndigoError):
        request = kept_request.read(files)
        return request if (files.root / request.template).exists() else None
    return None


def _take_over(settings: Settings, memory: Store, found: Found, nodes: list[dict[str, Any]]) -> None:
    request = _request(settings.home.deployment(found.name))
    memory.add_deployment(
        found.name,
        # It is somewhere, so it was complete once as far as anybody knows: it must not move to another site.
        status=status.UPDATE_FAILED,
        template=Path(request.template).name if request else "",
        description="",
        site=found.sites[0],
        sites=str(settings.sites.absolute()) if settings.sites else None,
        uuid=found.name if _UUID.fullmatch(found.name) else None,
    )
    lost = f" Lost: {', '.join(found.missing)}." if found.missing else ""
    reason = f"It was taken over from what runs at {', '.join(found.sites)}.{lost} {found.next}"
    memory.change_deployment(found.name, nodes=nodes, reason=reason)
