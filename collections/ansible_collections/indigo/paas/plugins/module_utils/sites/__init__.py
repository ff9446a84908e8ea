# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites: places where nodes are made. Each other file of this folder but `base` is one type of site."""

from __future__ import annotations

import importlib
import pkgutil
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError, did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.evidence import gather
from ansible_collections.indigo.paas.plugins.module_utils.parallel import each
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Site


def site_types() -> list[str]:
    """Return the types of site that there are, sorted: the names of this folder's files."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "base")


def open_site(name: str, options: Mapping[str, Any]) -> Site:
    """Return the site NAME of the type ``options["type"]``; nothing is asked of it yet.

    Raises SiteError (bad_input) where the type or an option is unknown.
    """
    kind = options.get("type")
    known = site_types()
    if not kind:
        raise SiteError(
            f"Site '{name}' has no type",
            hint=f"Set its host variable site_type to one of: {', '.join(known)}.",
            bad_input=True,
        )
    if kind not in known:
        hint = did_you_mean(kind, known, what="types of site")
        raise SiteError(f"Site '{name}' has an unknown type '{kind}'", hint=hint, bad_input=True)
    return _site_class(kind)(name, options)


def _site_class(kind: str) -> type[Site]:
    module = importlib.import_module(f"{__name__}.{kind}")
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Site) and getattr(value, "type", None) == kind:
            return value
    raise SiteError(f"The file of the site type '{kind}' defines no Site of that type")


def describe_sites(sites: Mapping[str, Mapping[str, Any]], now: datetime | None = None) -> list[dict[str, Any]]:
    """Return the descriptions of SITES (options by name), asked all at once, with the evidence that ranks them.

    now   the moment (naive, UTC) at which agreements must be in force; by default this one

    `seconds` says how long each took to answer. A site that does not is described as that.
    Raises SiteError (bad_input) where options are wrong.
    """
    opened = [open_site(name, options) for name, options in sites.items()]
    described = each(_timed, opened, workers=16)
    return gather(described, now or datetime.now(UTC).replace(tzinfo=None))


def _timed(site: Site) -> dict[str, Any]:
    began = time.monotonic()
    return {**site.describe(), "seconds": round(time.monotonic() - began, 3)}
