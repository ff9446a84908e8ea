# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a plan can be prepared, with the operator's variables of this run of Ansible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup
from ansible_collections.indigo.paas.plugins.module_utils.prepared.keeper import ImageKeeper
from ansible_collections.indigo.paas.plugins.module_utils.prepared.preparation import Machine
from ansible_collections.indigo.paas.plugins.module_utils.prepared.role_content import find_install_role
from ansible_collections.indigo.paas.plugins.module_utils.prepared.services import (
    digest_of,
    install_arguments,
    installs,
    wanted_services,
)
from ansible_collections.indigo.paas.plugins.plugin_utils.plain import plain

Data = dict[str, Any]


def services_of(plan: Data, variables: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the digests of the services of each group of PLAN that can be prepared; VARIABLES are those of the run."""
    return wanted_services(plan, find_install_role, _set_by_operator(_roles(plan), variables))


def machines_of(site: ImageKeeper, plan: Data, more: Iterable[str], variables: Mapping[str, Any]) -> list[Machine]:
    """Return what images at SITE can be prepared from for PLAN, each group with the roles MORE besides its own."""
    more = list(more)
    told = _set_by_operator({*_roles(plan), *more}, variables)
    found = installs(plan, find_install_role, told)
    machines = []
    for group in plan["groups"]:
        roles = {**found.get(group["group"], {}), **_besides(more, told)}
        base = site.image_base(NodeGroup.from_plan(group).image)
        services = {name: digest_of(name, arguments, find_install_role) for name, arguments in roles.items()}
        machines.append(Machine(group, base.name, base.distribution, roles, services))
    return machines


def _besides(names: Iterable[str], variables: Data) -> dict[str, Data]:
    roles = {name: find_install_role(name) for name in names}
    return {name: install_arguments(role, variables) or {} for name, role in roles.items() if role}


def _roles(plan: Data) -> set[str]:
    operations = [each for component in plan.get("components") or () for each in component.get("operations") or ()]
    return {operation["role"] for operation in operations if operation.get("role")}


def _set_by_operator(names: Iterable[str], variables: Mapping[str, Any]) -> Data:
    """Return those of VARIABLES that are arguments of the `install` of the roles NAMES."""
    arguments = {argument for name in names if (role := find_install_role(name)) for argument in role.arguments}
    return {name: plain(variables[name]) for name in arguments if name in variables}
