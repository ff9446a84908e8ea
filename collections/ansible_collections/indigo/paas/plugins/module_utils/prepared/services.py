# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a plan can be installed before the deployment is known: the services of each group, with their digests.

A service can be prepared where its role has the entry point `install` and all the arguments of that are known when the
plan is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.prepared.images import service_digest
from ansible_collections.indigo.paas.plugins.module_utils.prepared.role_content import InstallRole

Data = Mapping[str, Any]
Find = Callable[[str], "InstallRole | None"]
# What the planner leaves in an argument that is known later, or evaluated on the nodes.
UNKNOWN = ("$function", "$jinja")


def installs(plan: Data, find: Find, variables: Data | None = None) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the arguments of `install` of each role that can be prepared, by safe name of group and role.

    find       gives a role that has `install` by its full name, None for any other
    variables  what the operator sets; arguments of the plan win over it

    Two components that give one role different arguments on one machine cannot be told apart in an image: their role
    is not prepared there.
    """
    found: dict[str, dict[str, dict[str, Any]]] = {}
    unclear: set[tuple[str, str]] = set()
    for component in plan.get("components") or ():
        for operation in component.get("operations") or ():
            name, group = operation.get("role"), component.get("group")
            role = find(name) if name and group else None
            if role is None:
                continue
            arguments = install_arguments(role, {**(variables or {}), **(operation.get("arguments") or {})})
            known = found.setdefault(group, {}).setdefault(name, arguments or {})
            if arguments is None or known != arguments:
                unclear.add((group, name))
    return {
        group: {name: told for name, told in roles.items() if (group, name) not in unclear}
        for group, roles in found.items()
    }


def install_arguments(role: InstallRole, given: Data) -> dict[str, Any] | None:
    """Return the arguments of the `install` of ROLE out of those GIVEN; None where one is not known yet."""
    arguments = {name: given.get(name, default) for name, default in role.arguments.items()}
    return None if any(_is_unknown(value) for value in arguments.values()) else arguments


def wanted_services(plan: Data, find: Find, variables: Data | None = None) -> dict[str, dict[str, str]]:
    """Return the digest of each service that can be prepared, by safe name of group and role: see `installs`."""
    return {
        group: {name: digest_of(name, arguments, find) for name, arguments in roles.items()}
        for group, roles in installs(plan, find, variables).items()
    }


def digest_of(name: str, arguments: Data, find: Find) -> str:
    """Return the digest of the service of the role NAME, which `find` knows, with these ARGUMENTS of its `install`."""
    role = find(name)
    return service_digest(role.digest if role else "", arguments)


def _is_unknown(value: Any) -> bool:
    if isinstance(value, dict):
        return any(key in value for key in UNKNOWN) or any(map(_is_unknown, value.values()))
    return isinstance(value, list) and any(map(_is_unknown, value))
