# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A deployment as an inventory: planned groups before anything exists, nodes found at the site after."""

from __future__ import annotations

DOCUMENTATION = r"""
name: deployment
short_description: A TOSCA deployment as an inventory
version_added: 0.1.0
author:
  - The indigo.paas authors (@indigo-paas)
description:
  - Plans a TOSCA template and gives its node groups as inventory groups, with the role arguments that are known.
  - Nodes of the deployment that exist are found at their site by label and given as hosts with their addresses,
    in the group C(paas_nodes) and in the group of their node template.
    Nodes that the plan no longer wants are in the group C(paas_leaving) instead.
  - The playbooks C(indigo.paas.deploy), C(indigo.paas.scale), C(indigo.paas.check) and C(indigo.paas.destroy)
    take all that they need to know from it.
  - The sites are hosts in the group C(paas_sites) of the inventory sources that are read before this one.
  - The file's name must end in C(.indigo.yml) or C(.indigo.yaml).
  - All values are data. Jinja in inputs or in this file's options is never evaluated, that in the template only where
    O(trust_template) says so. Role arguments that hold such Jinja are not among the host variables;
    the playbooks evaluate them when their stage runs.
options:
  plugin:
    description:
      - The name of this plugin.
    type: str
    required: true
    choices:
      - indigo.paas.deployment
  name:
    description:
      - Name of the deployment, by which its nodes are labelled. Lower-case letters, digits and hyphens, 40 at most.
      - The extra variable C(paas_name) wins over it.
    type: str
    required: true
  template:
    description:
      - Path of the TOSCA template, absolute or relative to this file.
      - The extra variable C(paas_template) wins over it.
    type: str
    required: true
  inputs:
    description:
      - Values of the template's inputs by name.
      - The extra variable C(paas_inputs) wins over it.
    type: dict
    default: {}
  site:
    description:
      - Name of the site. When it is left out, the best site that can hold the plan is chosen.
      - The extra variable C(paas_site) wins over it.
    type: str
  candidates:
    description:
      - Names of the only sites where the deployment is, or may be. Each of them must answer once nodes exist.
        When it is left out, all sites are looked at.
      - The extra variable C(paas_candidates) wins over it.
    version_added: 0.3.0
    type: list
    elements: str
    default: []
  spread:
    description:
      - Whether the nodes may go to several sites where no single one has room for all.
      - The extra variable C(paas_spread) wins over it.
    version_added: 0.3.0
    type: bool
    default: false
  max_providers_retry:
    description:
      - How many attempts to make the nodes may fail in all. By default as many as there are sites.
      - The extra variable C(paas_max_providers_retry) wins over it.
    version_added: 0.3.0
    type: int
  keep_last_attempt:
    description:
      - Whether the remains of the last attempt stay when no other site is left.
      - The extra variable C(paas_keep_last_attempt) wins over it.
    version_added: 0.3.0
    type: bool
    default: true
  provider_timeout:
    description:
      - How many minutes one attempt at one site may take. By default there is no limit but those of the site itself.
      - The extra variable C(paas_provider_timeout) wins over it.
    version_added: 0.3.0
    type: float
  may_move:
    description:
      - Whether a site may be left where the deployment has nodes already. Say so only while it was never complete.
      - The extra variable C(paas_may_move) wins over it.
    version_added: 0.3.0
    type: bool
    default: false
  counts:
    description:
      - How many nodes a node group shall have, by node template, in place of the template's count.
      - The extra variable C(paas_counts) wins over it.
    type: dict
    default: {}
  removals:
    description:
      - Names or site identifiers of nodes that shall go, in lists by node template.
      - The extra variable C(paas_removals) wins over it.
    type: dict
    default: {}
  strict:
    description:
      - Whether each leniency of the reader, such as an unknown property, is an error.
      - The extra variable C(paas_strict) wins over it.
    version_added: 0.2.0
    type: bool
    default: false
  trust_template:
    description:
      - Whether Jinja in the template's own texts is evaluated. It is code that runs on the controller with the rights
        of whoever runs the playbook, so say this only of a template that you have read. Inputs stay data.
      - The extra variable C(paas_trust_template) wins over it.
    version_added: 0.2.0
    type: bool
    default: false
  state_dir:
    description:
      - Directory of the deployment's SSH key and known hosts, absolute or relative to this file.
        Playbooks and roles from elsewhere are kept there, too, in C(artifacts).
      - By default a directory beside this file, named C(.NAME) after the deployment.
      - The extra variables C(paas_ssh_key), the path of a private key, and C(paas_artifacts_dir) win over it.
    type: str
"""

EXAMPLES = r"""
---
# cluster.indigo.yml, used as
#   ansible-playbook -i inventories/local -i cluster.indigo.yml indigo.paas.deploy
plugin: indigo.paas.deployment
name: my-pool
template: examples/htcondor_pool.yaml
inputs:
  wn_num: 2
site: local
"""

import os
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible.template import Templar
from ansible.utils.vars import combine_vars, load_extra_vars
from ansible.vars.plugins import get_vars_from_inventory_sources

from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError
from ansible_collections.indigo.paas.plugins.module_utils.fleet import Fleet, find_fleet
from ansible_collections.indigo.paas.plugins.module_utils.host_entries import describes_host, with_hosts
from ansible_collections.indigo.paas.plugins.module_utils.tosca import hosts, plan_template, survey
from ansible_collections.indigo.paas.plugins.module_utils.tosca.jinja import holds_jinja
from ansible_collections.indigo.paas.plugins.plugin_utils.connection import connection_variables
from ansible_collections.indigo.paas.plugins.plugin_utils.inventory_groups import (
    LEAVING_GROUP,
    OF_NODES,
    require_own_groups,
)
from ansible_collections.indigo.paas.plugins.plugin_utils.plain import plain
from ansible_collections.indigo.paas.plugins.plugin_utils.sites import PREFIX, site_options
from ansible_collections.indigo.paas.plugins.plugin_utils.templates import require_marked_templates

SITES_GROUP = "paas_sites"


class InventoryModule(BaseInventoryPlugin):
    """Plan, find the nodes, tell the inventory."""

    NAME = "indigo.paas.deployment"

    def verify_file(self, path: str) -> bool:
        return super().verify_file(path) and path.endswith((".indigo.yml", ".indigo.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        require_marked_templates()
        self._read_config_data(path)
        try:
            request = self._request(path)
        except PaasError as error:
            raise AnsibleParserError(str(error)) from error
        for name, value in request.items():
            inventory.set_variable("all", name, value)
        # Also where there is no plan: playbooks name them, and Ansible warns of names that it does not know.
        for name in OF_NODES:
            inventory.add_group(name)
        try:
            self._populate(request)
        except PaasError as error:
            raise AnsibleParserError(str(error)) from error

    def _request(self, path: str) -> dict[str, Any]:
        """Return what is asked for, as the variables that the playbooks read; extra variables win."""
        here = os.path.dirname(os.path.abspath(path))
        options = plain(self.get_options())
        state_dir = options["state_dir"] or f".{options['name']}"
        request = {
            "paas_name": options["name"],
            "paas_template": os.path.join(here, options["template"]),
            "paas_inputs": options["inputs"],
            "paas_site": options["site"],
            "paas_candidates": options["candidates"],
            "paas_spread": options["spread"],
            "paas_max_providers_retry": options["max_providers_retry"],
            "paas_keep_last_attempt": options["keep_last_attempt"],
            "paas_provider_timeout": options["provider_timeout"],
            "paas_may_move": options["may_move"],
            "paas_counts": options["counts"],
            "paas_removals": options["removals"],
            "paas_strict": options["strict"],
            "paas_trust_template": options["trust_template"],
            "paas_ssh_key": os.path.join(here, state_dir, "ssh_key"),
            "paas_artifacts_dir": os.path.join(here, state_dir, "artifacts"),
        }
        extra = load_extra_vars(self.loader)
        request |= {name: plain(extra[name]) for name in request if name in extra}
        answers = {name: plain(extra[name]) for name in extra if survey.is_answer(str(name))}
        return {**request, "paas_inputs": {**request["paas_inputs"], **survey.survey_inputs(answers)}}

    def _populate(self, request: dict[str, Any]) -> None:
        plan = plan_template(
            request["paas_template"],
            request["paas_inputs"],
            request["paas_counts"],
            request["paas_removals"],
            strict=boolean(request["paas_strict"], strict=False),
            trust=boolean(request["paas_trust_template"], strict=False),
        ).to_dict()
        for name, value in connection_variables(request["paas_ssh_key"]).items():
            for group in OF_NODES:
                self.inventory.set_variable(group, name, value)
        fleet = self._fleet(request)
        self._require_own_groups(plan, fleet)
        for group in plan["groups"]:
            self.inventory.add_group(group["group"])
        if fleet is not None:
            self._add_nodes(plan, fleet)

    def _fleet(self, request: dict[str, Any]) -> Fleet | None:
        """Return the nodes that the deployment has at its sites; None where no site can be asked."""
        sites = self._sites()
        asked = [request["paas_site"]] if request["paas_site"] else request["paas_candidates"] or list(sites)
        try:
            fleet = find_fleet({name: sites[name] for name in asked if name in sites}, request["paas_name"])
        except PaasError as error:
            # The playbooks ask the site again and fail with the same words; the planned groups are still of use.
            self.display.warning(str(error))
            return None
        for reason in fleet.silent.values():
            self.display.warning(reason)
        return fleet

    def _require_own_groups(self, plan: dict[str, Any], fleet: Fleet | None) -> None:
        known = {name: [host.name for host in group.get_hosts()] for name, group in self.inventory.groups.items()}
        require_own_groups(plan["groups"], known, [node["name"] for node in fleet.to_list()] if fleet else [])

    def _add_nodes(self, plan: dict[str, Any], fleet: Fleet) -> None:
        leaving = fleet.leaving(plan["groups"]).to_list()
        names = {node["name"] for node in leaving}
        staying = [node for node in fleet.to_list() if node["name"] not in names]
        state = {"nodes": staying, "facts": {}}
        for host in hosts.inventory_hosts(plan, staying):
            self._add_host(host["name"], host["groups"], host["vars"])
            arguments = hosts.role_arguments(plan, state, host["name"])
            self._set(host["name"], {name: value for name, value in arguments.items() if not holds_jinja(value)})
        for host in hosts.inventory_hosts(plan, leaving):
            self._add_host(host["name"], [LEAVING_GROUP], host["vars"])

    def _add_host(self, name: str, groups: list[str], variables: dict[str, Any]) -> None:
        self.inventory.add_host(name)
        for group in groups:
            self.inventory.add_group(group)
            self.inventory.add_host(name, group)
        self._set(name, variables)

    def _set(self, host: str, variables: dict[str, Any]) -> None:
        for name, value in variables.items():
            self.inventory.set_variable(host, name, value)

    def _sites(self) -> dict[str, dict[str, Any]]:
        """Return the options of the sites that earlier inventory sources describe, by name."""
        group = self.inventory.groups.get(SITES_GROUP)
        found = group.get_hosts() if group else []
        return {host.name: with_hosts(site_options(self._variables(host)), self._hosts) for host in found}

    def _hosts(self, group: str) -> list[tuple[str, dict[str, Any]]]:
        found = self.inventory.groups.get(group)
        return [(host.name, self._variables(host)) for host in found.get_hosts()] if found else []

    def _variables(self, host: Any) -> dict[str, Any]:
        """Return what sites are told of HOST by its variables, evaluated."""
        variables = combine_vars(self._group_variables(host), host.get_vars())
        templar = Templar(self.loader, variables=variables)
        return {
            key: plain(templar.template(value))
            for key, value in variables.items()
            if key.startswith(PREFIX) or describes_host(key)
        }

    def _group_variables(self, host: Any) -> dict[str, Any]:
        variables: dict[str, Any] = {}
        for group in sorted(host.get_groups(), key=lambda group: (group.depth, group.priority, group.name)):
            variables = combine_vars(variables, group.get_vars())
        sources = self.inventory.processed_sources or []
        found = get_vars_from_inventory_sources(self.loader, sources, [*host.get_groups(), host], "inventory")
        variables = combine_vars(variables, found)
        return variables
