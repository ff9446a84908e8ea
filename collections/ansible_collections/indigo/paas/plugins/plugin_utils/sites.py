# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites as the inventory describes them."""

from __future__ import annotations

import typing as t

PREFIX = "site_"


def site_options(variables: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the options of a site out of its host variables, the prefix ``site_`` taken off."""
    return {key.removeprefix(PREFIX): variables[key] for key in variables if key.startswith(PREFIX)}
