# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments of a stage's role, given to all its hosts at once.

A task that sets them would cost a worker for each host and stage, and each would look at the variables of all hosts. In
the main process, where scopes begin, what other components have told is read once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from ansible.errors import AnsibleError
from ansible.template import Templar, trust_as_template

from ansible_collections.indigo.paas.plugins.module_utils.tosca import hosts as at_hosts
from ansible_collections.indigo.paas.plugins.module_utils.tosca import jinja
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Report
from ansible_collections.indigo.paas.plugins.plugin_utils import scopes
from ansible_collections.indigo.paas.plugins.plugin_utils.plain import plain

Data = Mapping[str, Any]


def give(manager: Any, names: Iterable[str], stage: Data, planned: Data, nodes: Sequence[Data], refuse: bool) -> None:
    """Set the arguments of STAGE for those hosts of NAMES that take part in it.

    MANAGER is Ansible's variable manager. PLANNED is what the module plan returns, NODES what a site gives; all three
    are plain data. With REFUSE, arguments that turn out to be wrong are an AnsibleError; else they are left out.
    """
    given = set(names)
    taking_part = [node["name"] for node in nodes if node["name"] in given and node["group"] in stage["groups"]]
    state = {"nodes": nodes, "facts": {node["name"]: scopes.told_by(manager, node["name"]) for node in nodes}}
    report = Report()
    found = {name: at_hosts.role_arguments(planned["plan"], state, name, stage["name"], report) for name in taking_part}
    if refuse and report.error_count:
        raise AnsibleError("\n".join(map(str, report.errors)))
    for name, arguments in found.items():
        manager.set_nonpersistent_facts(name, _without_jinja(manager, name, arguments, planned["trusted"]))


def evaluated(value: Any, templar: Templar) -> Any:
    """Return VALUE, of a trusted template, with each piece of Jinja in it evaluated by itself."""

    def evaluate(text: str) -> Any:
        try:
            return plain(templar.template(trust_as_template(text)))
        except AnsibleError as error:
            raise AnsibleError(f"The Jinja of the template cannot be evaluated: {text!r}: {error}") from error

    return jinja.evaluated(value, evaluate)


def _without_jinja(manager: Any, name: str, arguments: dict[str, Any], trusted: bool) -> dict[str, Any]:
    if not trusted or not jinja.holds_jinja(arguments):
        return cast("dict[str, Any]", jinja.source(arguments))
    variables = manager.get_vars(host=manager._inventory.get_host(name))
    return cast("dict[str, Any]", evaluated(arguments, Templar(manager._loader, variables)))
