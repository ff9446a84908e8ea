# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes that were there before: a template may have those that the operator offers, not all that his account sees."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError, did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup, Volume


def require_offered(site: str, groups: Iterable[NodeGroup], offered: Iterable[Any]) -> None:
    """Raise SiteError (bad_input) where a volume of GROUPS is, or is a copy of, one that is not OFFERED at SITE.

    OFFERED are names or ids, as the option `volumes` of a site has them.
    """
    names = [str(each) for each in offered]
    problems = [
        Problem(
            f"Site '{site}' offers no {what} '{asked}', which the volume '{volume.name}' of '{group.name}' asks for",
            hint=f"{did_you_mean(asked, names, what='volumes') if names else 'It offers none.'} "
            "An operator offers one by site_volumes.",
        )
        for group in groups
        for volume in group.volumes
        for what, asked in _references(volume)
        if asked not in names
    ]
    if problems:
        raise SiteError(problems, bad_input=True)


def _references(volume: Volume) -> list[tuple[str, str]]:
    named = (("volume", volume.volume_id), ("snapshot", volume.snapshot_id))
    return [(what, str(value)) for what, value in named if value]
