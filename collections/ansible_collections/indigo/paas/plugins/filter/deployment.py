# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan says once more is known: hosts, role arguments, outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display
from ansible.vars.clean import clean_facts

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.host_entries import describes_host, with_hosts
from ansible_collections.indigo.paas.plugins.module_utils.tosca import hosts, survey
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.reserved import STEERING, is_variable
from ansible_collections.indigo.paas.plugins.plugin_utils.connection import connection_variables
from ansible_collections.indigo.paas.plugins.plugin_utils.plain import plain
from ansible_collections.indigo.paas.plugins.plugin_utils.roles import has_entry_point
from ansible_collections.indigo.paas.plugins.plugin_utils.scopes import TOLD
from ansible_collections.indigo.paas.plugins.plugin_utils.sites import site_options

SITES_GROUP = "paas_sites"


def sites(hostvars: Mapping[str, Any], names: list[str]) -> dict[str, dict[str, Any]]:
    """Return the options of the sites NAMES, by name."""
    return {str(name): _options(hostvars, name) for name in names}


def site(hostvars: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the options of the site NAME, its name among them."""
    return {**sites(hostvars, [name])[str(name)], "name": str(name)}


def survey_inputs(hostvars: Any, name: str) -> dict[str, Any]:
    """Return the template's inputs that host NAME has from a survey of AWX, by name.

    They are taken as they were given, so that Jinja in an answer is text even where extra variables are templates.
    """
    variables = hostvars.raw_get(name) if hasattr(hostvars, "raw_get") else hostvars[name]
    answers = {key: plain(variables[key]) for key in variables if survey.is_answer(str(key))}
    return survey.survey_inputs(answers)


def inventory_hosts(
    plan: dict[str, Any], nodes: list[dict[str, Any]], ssh_key: str | None = None
) -> list[dict[str, Any]]:
    """Return the inventory's view of NODES: dicts with ``name``, ``groups`` and ``vars``."""
    planned = plain(plan)
    return [
        {**host, "vars": {**host["vars"], **connection_variables(ssh_key)}}
        for host in hosts.inventory_hosts(planned, plain(nodes))
    ]


def hosts_file(nodes: list[dict[str, Any]]) -> str:
    """Return the lines of a hosts file that name NODES, each at its first private address."""
    return "\n".join(f"{node['private_address'][0]} {node['name']}" for node in plain(nodes) if node["private_address"])


def role_arguments(
    plan: dict[str, Any],
    nodes: list[dict[str, Any]],
    hostvars: Mapping[str, Any],
    host: str,
    stage: str | None = None,
) -> dict[str, Any]:
    """Return the role arguments of HOST in STAGE (in all stages when None), by name.

    Those of a stage that turn out to be wrong, now that their values are known, are an error.
    """
    report = Report()
    found = hosts.role_arguments(plain(plan), _state(nodes, hostvars), str(host), stage, report)
    if stage is not None and report.error_count:
        raise AnsibleFilterError("\n".join(map(str, report.errors)))
    return found


def peers(
    plan: dict[str, Any], nodes: list[dict[str, Any]], hostvars: Mapping[str, Any], stage: str
) -> list[dict[str, Any]]:
    """Return the nodes of the service of STAGE, each with its name, address, group, index and arguments."""
    return hosts.peers(plain(plan), _state(nodes, hostvars), str(stage))


def variables_of_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return FACTS by the names that variables of facts have: ``ansible_os_family`` for ``os_family``.

    What would change how Ansible reaches a host is left out: the machine says it, and may be a stranger's.
    """
    named = {name if name.startswith("ansible_") else f"ansible_{name}": value for name, value in plain(facts).items()}
    return {name: value for name, value in clean_facts(named).items() if is_variable(name) and name not in STEERING}


def stages_with(stages: list[dict[str, Any]], entry_point: str) -> list[dict[str, Any]]:
    """Return those of STAGES whose role has the tasks file ENTRY_POINT; external stages have none."""
    return [stage for stage in plain(stages) if stage.get("role") and has_entry_point(stage["role"], entry_point)]


def parts(plan: dict[str, Any], stage: dict[str, Any]) -> str:
    """Return the components of STAGE, each with the group of its nodes, as it is told while the stage runs."""
    planned, wanted_names = plain(plan), plain(stage)["components"]
    groups = {group["name"]: group["group"] for group in planned["groups"]}
    found = {component["name"]: groups.get(component["group"]) for component in planned["components"]}
    return "; ".join(f"{name} ({found.get(name)})" for name in wanted_names)


def outputs(plan: dict[str, Any], nodes: list[dict[str, Any]], hostvars: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of the template's outputs, by name; null where nothing is known.

    One that cannot be computed is null, too, with a warning.
    """
    warnings: list[Problem] = []
    found = hosts.outputs(plain(plan), _state(nodes, hostvars), warnings)
    for warning in warnings:
        Display().warning(str(warning))
    return found


def _options(hostvars: Mapping[str, Any], name: str) -> dict[str, Any]:
    if name not in hostvars:
        known: Any = next((hostvars[host]["groups"].get(SITES_GROUP, []) for host in hostvars), [])
        hint = did_you_mean(name, map(str, known), what="sites")
        raise AnsibleFilterError(f"There is no site '{name}'. {hint}")

    def hosts(group: str) -> list[tuple[str, dict[str, Any]]]:
        names = hostvars[name]["groups"].get(group, [])
        return [
            (str(host), {key: hostvars[host][key] for key in hostvars[host] if describes_host(key)}) for host in names
        ]

    options: dict[str, Any] = plain(with_hosts(site_options(hostvars[name]), hosts))
    return options


def _state(nodes: list[dict[str, Any]], hostvars: Mapping[str, Any]) -> dict[str, Any]:
    names = [str(node["name"]) for node in nodes]
    facts = {name: plain(hostvars[name].get(TOLD) or {}) for name in names if name in hostvars}
    return {"nodes": plain(nodes), "facts": facts}


class FilterModule:
    """The filters of a deployment's playbooks."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "site": site,
            "sites": sites,
            "survey_inputs": survey_inputs,
            "inventory_hosts": inventory_hosts,
            "hosts_file": hosts_file,
            "role_arguments": role_arguments,
            "peers": peers,
            "stages_with": stages_with,
            "outputs": outputs,
            "parts": parts,
            "variables_of_facts": variables_of_facts,
        }
