# SPDX-License-Identifier: Apache-2.0
"""Prepared images of the sites: made for templates and services, listed, deleted."""

from __future__ import annotations

import difflib
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from indigo_paas.engine import sites, verbs, work
from indigo_paas.engine.work import Observer, Outcome
from indigo_paas.errors import BadInput, IndigoError
from indigo_paas.runner.settings import Settings
from indigo_paas.templates import collection
from indigo_paas.templates.source import Template

# A machine of the site's usual image, for a service that is asked for without a template.
_MACHINE = """\
tosca_definitions_version: tosca_simple_yaml_1_0
topology_template:
  node_templates:
    machine:
      type: tosca.nodes.indigo.Compute
"""


@dataclass(frozen=True)
class Asked:
    """What images are prepared for: a TEMPLATE as it was given, or the full name of a ROLE."""

    title: str
    template: str = ""
    role: str = ""


def read(what: Sequence[str]) -> list[Asked]:
    """Return WHAT is asked for, each a template or a service; raise BadInput for what is neither."""
    return [
        Asked(each, template=each) if _is_template(each) else Asked(each, role=collection.install_role(each))
        for each in dict.fromkeys(what)
    ]


def _is_template(given: str) -> bool:
    return bool(re.search(r"[/\\]|\.(ya?ml|csar|zip)$", given)) or Path(given).is_file()


def prepare(
    settings: Settings, asked: Asked, inputs: Mapping[str, Any], observer: Observer, site: str | None, again: bool
) -> Outcome:
    """Prepare the images for what is ASKED at SITE, or where it would be deployed; see `verbs.prepare`."""
    only = [site] if site else []
    if asked.template:
        return verbs.prepare(settings, Template(asked.template), inputs, observer, only, again=again)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{asked.role.replace('.', '-')}.yaml"
        file.write_text(_MACHINE, encoding="utf-8")
        return verbs.prepare(settings, Template(str(file)), {}, observer, only, [asked.role], again)


def keeps_images(settings: Settings, site: str) -> bool:
    """Return whether SITE can keep prepared images; raise BadInput where there is none."""
    return collection.keeps_images(site, _options(settings, site)[site])


def find(settings: Settings, site: str | None) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return the prepared images of SITE, or of all sites, and why some could not be asked, by their names."""
    found: list[dict[str, Any]] = []
    silent: dict[str, str] = {}
    for name, options in _options(settings, site).items():
        try:
            found += collection.prepared_images(name, options)
        except IndigoError as error:
            silent[name] = " ".join(map(str, error.problems))
    return found, silent


def delete(settings: Settings, names: Sequence[str], site: str | None) -> list[dict[str, Any]]:
    """Delete the prepared images NAMES at SITE, or at all sites that have them, and return them, each with its site.

    Raises BadInput for a name that no site has before anything is deleted, and for an image that is in use.
    """
    options = _options(settings, site)
    found, silent = find(settings, site)
    known = {image["name"] for image in found}
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else "'indigo-paas image list' shows those that there are."
            raise BadInput(f"There is no prepared image {name!r}. {' '.join([hint, *silent.values()])}")
    gone = []
    for place, name in dict.fromkeys((image["site"], image["name"]) for image in found if image["name"] in names):
        gone += [{**image, "site": place} for image in collection.delete_image(place, options[place], name)]
    return gone


def _options(settings: Settings, site: str | None) -> dict[str, sites.Options]:
    """Return the options of SITE, or of all sites, by name; raise BadInput for an unknown one."""
    found = sites.Reading(work.sites_source(settings)).result()
    if site is None:
        return found
    if site not in found:
        raise BadInput(f"There is no site {site!r}. There is {', '.join(found)}.")
    return {site: found[site]}
