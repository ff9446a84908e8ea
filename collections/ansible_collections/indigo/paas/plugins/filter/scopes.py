# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where what one component sets begins and ends, and what of it is read afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.indigo.paas.plugins.plugin_utils import arguments, scopes
from ansible_collections.indigo.paas.plugins.plugin_utils.plain import plain


def scope_begins(hostvars: Any, hosts: list[str], scope: str) -> bool:
    """Open SCOPE for HOSTS. Returns False, so that the meta task whose condition this is does nothing itself."""
    scopes.begin(hostvars, plain(hosts), str(scope))
    return False


def stage_begins(
    hostvars: Any,
    hosts: list[str],
    stage: dict[str, Any],
    planned: dict[str, Any],
    nodes: list[dict[str, Any]],
    refuse: bool = True,
) -> bool:
    """Open the scope of STAGE for HOSTS, and give the arguments of its role to those that take part in it.

    Arguments that turn out to be wrong, now that their values are known, end the run; unless REFUSE is false: then they
    are left out. Returns False, as C(scope_begins).
    """
    names, found = plain(hosts), plain(stage)
    scopes.begin(hostvars, names, found["scope"])
    arguments.give(scopes.manager_of(hostvars), names, found, plain(planned), plain(nodes), refuse)
    return False


def scope_ends(hostvars: Any, hosts: list[str], scope: str, tells: list[dict[str, Any]]) -> bool:
    """Close SCOPE for HOSTS but for the facts of TELLS. Returns False, as C(scope_begins)."""
    scopes.end(hostvars, plain(hosts), str(scope), plain(tells))
    return False


def told(hostvars: Any, hosts: list[str], component: str, operation: int, fact: str) -> Any:
    """Return what an operation of COMPONENT told on the first of HOSTS where it did; None when it did on none."""
    for host in hosts:
        found = hostvars[host].get(scopes.TOLD) or {}
        value = ((found.get(component) or {}).get(str(operation)) or {}).get(fact)
        if value is not None:
            return plain(value)
    return None


class FilterModule:
    """The filters of scopes."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "scope_begins": scope_begins,
            "scope_ends": scope_ends,
            "stage_begins": stage_begins,
            "told": told,
        }
