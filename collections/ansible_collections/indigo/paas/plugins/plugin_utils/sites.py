# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites as the inventory describes them, and the objects that act for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.sites import open_site
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Site

PREFIX = "site_"


def site_options(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a site out of its host variables, the prefix ``site_`` taken off."""
    return {key.removeprefix(PREFIX): variables[key] for key in variables if key.startswith(PREFIX)}


def named_site(options: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return OPTIONS by the name of the site among them. Raises SiteError."""
    return {site_of(options).name: {key: value for key, value in options.items() if key != "name"}}


def site_of(options: dict[str, Any]) -> Site:
    """Return the site that OPTIONS, its name among them, describe. Raises SiteError."""
    if not options.get("name"):
        raise SiteError("The site has no name", hint="Give site as a dictionary with name and type.", bad_input=True)
    return open_site(options["name"], options)
