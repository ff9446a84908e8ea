# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks from elsewhere in a translated project: what the module artifacts is told, and the plays around it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.download import is_url
from ansible_collections.indigo.paas.plugins.module_utils.tosca.hosts import operations_of
from ansible_collections.indigo.paas.plugins.module_utils.translate.arguments import Late
from ansible_collections.indigo.paas.plugins.module_utils.translate.yaml_text import Template, Unsafe

Data = Mapping[str, Any]

FILE = "external.yml"
# Where the module keeps what it fetches, below the project's directory.
DIRECTORY = "artifacts"
_ADDRESSES = {
    "IM_NODE_PRIVATE_IP": Template("{{ private_address }}"),
    "IM_NODE_PUBLIC_IP": Template("{{ public_address }}"),
    "IM_NODE_NET_0_IP": Template("{{ public_address | default(private_address) }}"),
    "IM_NODE_NET_1_IP": Template("{{ private_address }}"),
    "IM_NODE_HOSTNAME": Template("{{ inventory_hostname }}"),
    "IM_NODE_FQDN": Template("{{ inventory_hostname }}"),
}


def stages_of(plan: Data) -> list[Data]:
    """Return the stages that run a playbook from elsewhere."""
    return [stage for stage in plan["stages"] if stage.get("external")]


def external_of(stage: Data, plan: Data) -> Data:
    """Return what an external stage runs: {playbook, defined_in, galaxy_roles, collections}."""
    component = next(each for each in plan["components"] if each["name"] == stage["components"][0])
    (operation,) = operations_of(component, stage)
    external: Data = operation["external"]
    return external


def collections_of(plan: Data) -> list[str]:
    """Return the collections that the playbooks need, each once."""
    needed = (name for stage in stages_of(plan) for name in external_of(stage, plan)["collections"])
    return list(dict.fromkeys(needed))


def described(plan: Data) -> dict[str, Any]:
    """Return the part of a plan that the module artifacts reads, for YAML; of arguments it reads the names alone."""
    stages = stages_of(plan)
    names = {stage["components"][0] for stage in stages}
    return {
        "components": [
            {
                "name": Unsafe(component["name"]),
                "operations": [_operation(operation) for operation in component["operations"]],
            }
            for component in plan["components"]
            if component["name"] in names
        ],
        "stages": [
            {
                "name": stage["name"],
                "external": True,
                "operation": stage["operation"],
                "components": [Unsafe(name) for name in stage["components"]],
            }
            for stage in stages
        ],
    }


def _operation(operation: Data) -> dict[str, Any]:
    external = operation.get("external")
    if external is None:
        return {"operation": Unsafe(operation["operation"])}
    return {
        "operation": Unsafe(operation["operation"]),
        "arguments": {Unsafe(name): None for name in operation["arguments"]},
        "external": {
            "playbook": Unsafe(external["playbook"]),
            "defined_in": _place(external),
            "galaxy_roles": [Unsafe(name) for name in external["galaxy_roles"]],
            "collections": [Unsafe(name) for name in external["collections"]],
            "files": [
                {"file": Unsafe(each["file"]), "defined_in": _place(each), "required": each["required"]}
                for each in external.get("files", ())
            ],
        },
    }


def _place(external: Data) -> str:
    """Return the file that names a playbook or artifact: one of the project, or a URL; it says nothing of a URL."""
    defined_in = external["defined_in"] or ""
    if is_url(defined_in):
        return Unsafe(defined_in)
    return Unsafe("") if is_url(external.get("playbook", "")) else Template("{{ playbook_dir }}/" + defined_in)


def host_variables(name: str) -> dict[str, Any]:
    """Return the variables of existing hosts that published playbooks count on; those of nodes are made with them."""
    return {"paas_name": name, **_ADDRESSES}


def fetch_play(on_controller: Data) -> dict[str, Any]:
    """Return the play that makes the playbooks ready to run."""
    return {
        "name": "Fetch what the services need",
        **on_controller,
        "any_errors_fatal": True,
        "vars_files": [FILE],
        "tasks": [
            {
                "name": "Fetch what the services need",
                "indigo.paas.artifacts": {
                    "plan": Template("{{ paas_external }}"),
                    "directory": Template("{{ playbook_dir }}/" + DIRECTORY),
                },
                "register": "paas_artifacts",
            }
        ],
    }


def facts_play() -> dict[str, Any]:
    """Return the play that gathers the facts of all hosts, under their old names too."""
    return {
        "name": "Gather the facts that playbooks from elsewhere read",
        "hosts": "paas_nodes",
        "gather_facts": True,
        "any_errors_fatal": True,
        "tasks": [
            {
                "name": "Give the facts the names by which published playbooks read them",
                "ansible.builtin.set_fact": None,
                "args": Template("{{ ansible_facts | indigo.paas.variables_of_facts }}"),
            }
        ],
    }


def run_task(stage: Data) -> dict[str, Any]:
    """Return the task that runs the playbook of a stage; the stage's name is our own."""
    return {
        "name": "Run the plays",
        "ansible.builtin.include_role": {
            "name": Template("{{ paas_play }}"),
            "tasks_from": "paas_playbook",
            "vars_from": "paas_playbook",
            "handlers_from": "paas_playbook",
            "apply": {"become": True},
        },
        "loop": Template("{{ hostvars['localhost'].paas_artifacts.stages['" + stage["name"] + "'].roles }}"),
        "loop_control": {"loop_var": "paas_play", "label": Template("{{ paas_play | basename }}")},
    }


def arguments(late: Iterable[Late]) -> dict[str, Any]:
    """Return the variables of a stage's play; in paas_arguments is each argument that has a value."""
    late = list(late)
    sure = {each.name: each.value for each in late if not each.tests}
    open_ = [each for each in late if each.tests]
    if not open_:
        return {"paas_arguments": sure}
    maybe = [f"{{'{each.name}': paas_argument_{each.name}}} if {' and '.join(each.tests)} else {{}}" for each in open_]
    return {
        "paas_sure": sure,
        **{f"paas_argument_{each.name}": each.value for each in open_},
        "paas_arguments": Template("{{ paas_sure | combine(" + ", ".join(maybe) + ") }}"),
    }
