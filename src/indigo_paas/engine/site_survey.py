# SPDX-License-Identifier: Apache-2.0
"""How the sites of the inventory are: what they have, and what keeps deployments from running there."""

from __future__ import annotations

import difflib
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from indigo_paas.engine import sites, work
from indigo_paas.errors import BadInput, IndigoError
from indigo_paas.runner.settings import Settings
from indigo_paas.templates import collection

Description = dict[str, Any]


@dataclass(frozen=True)
class Check:
    """What the check of a site found; nothing in `missing` says that deployments can run there.

    description: None where the site's variables are wrong.
    """

    name: str
    type: str
    seconds: float
    missing: list[str]
    description: Description | None


def survey(settings: Settings, waiting: set[str] | None = None) -> list[Description]:
    """Return the descriptions of all sites; one whose variables are wrong is described as not available.

    waiting: holds, while this runs, the names of the sites that have not answered yet.
    """
    found = sites.Reading(work.sites_source(settings)).result()
    waiting = set() if waiting is None else waiting
    waiting.update(found)

    def describe(name: str) -> Description:
        description = _describe(name, found[name])
        waiting.discard(name)
        return description

    with ThreadPoolExecutor(max_workers=16) as pool:
        return list(pool.map(describe, found))


def check(settings: Settings, name: str) -> Check:
    """Try the site NAME: its variables, its credentials, and what they lead to. Raises BadInput for an unknown one."""
    found = sites.Reading(work.sites_source(settings)).result()
    if name not in found:
        near = difflib.get_close_matches(name, found, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"There is {', '.join(found)}."
        raise BadInput(f"There is no site {name!r}. {hint}")
    began = time.monotonic()
    kind = str(found[name].get("type") or "")
    try:
        missing = collection.missing_at_site(name, found[name])
        described = _describe(name, found[name])
    except IndigoError as error:
        return Check(name, kind, round(time.monotonic() - began, 3), [str(problem) for problem in error.problems], None)
    return Check(name, kind, round(time.monotonic() - began, 3), missing, described)


def _describe(name: str, options: Mapping[str, Any]) -> Description:
    try:
        return collection.describe_sites({name: options})[0]
    except IndigoError as error:
        kind = str(options.get("type") or "")
        return {
            "name": name,
            "type": kind,
            "available": False,
            "problem": " ".join(map(str, error.problems)),
            "warnings": [],
        }
