# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plays of a translated project, as data: one for each step of a deployment, in the words of the template."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.translate import externals
from ansible_collections.indigo.paas.plugins.module_utils.translate.arguments import Arguments, Late
from ansible_collections.indigo.paas.plugins.module_utils.translate.yaml_text import Template, Unsafe

Data = Mapping[str, Any]
Play = dict[str, Any]

ON_CONTROLLER = {"hosts": "localhost", "connection": "local", "gather_facts": False}
_SITE = Template("{{ hostvars | indigo.paas.site(paas_site) }}")
_LOOP = {"loop_control": {"loop_var": "paas_host", "label": Template("{{ paas_host.name }}")}}
CONNECTION_TIMEOUT = 300


def nodes_plays(plan: Data) -> list[tuple[str, list[Play]]]:
    """Return the plays that drain the nodes that leave and make those that are missing, with comments."""
    return [
        ("Nodes that nodes.yml no longer wants finish their work before they go.", [_find(), _drain(plan)]),
        ("", [_make(plan)]),
    ]


def _find() -> Play:
    leaving = (
        "{{ paas_found.nodes | selectattr('name', 'in', paas_found.changes.remove)"
        " | selectattr('state', 'equalto', 'running') }}"
    )
    return {
        "name": "Look for nodes that leave",
        **ON_CONTROLLER,
        "any_errors_fatal": True,
        "vars_files": ["nodes.yml"],
        "tasks": [
            {
                "name": "Find the nodes that exist",
                "indigo.paas.nodes_info": {
                    "site": _SITE,
                    "deployment": Template("{{ paas_name }}"),
                    "groups": Template("{{ paas_groups }}"),
                },
                "register": "paas_found",
            },
            {
                "name": "Name the nodes that leave",
                "ansible.builtin.add_host": {"name": Template("{{ paas_host.name }}"), "groups": ["paas_leaving"]},
                "args": Template("{{ paas_host.vars }}"),
                "loop": Template(
                    "{{ {'groups': paas_groups} | indigo.paas.inventory_hosts(paas_going, paas_ssh_key) }}"
                ),
                **_LOOP,
                "changed_when": False,
                "vars": {"paas_going": Template(leaving)},
            },
        ],
    }


def _drain(plan: Data) -> Play:
    stages = [stage for stage in reversed(plan["stages"]) if not stage.get("external")]
    return {
        "name": "Drain the nodes that leave",
        "hosts": "paas_leaving",
        "gather_facts": False,
        "any_errors_fatal": True,
        "tasks": [
            {
                "name": "Read the variables of the node's group",
                "ansible.builtin.include_vars": {"file": Template("{{ paas_group_file }}")},
                "when": "paas_group_file is file",
                "vars": {"paas_group_file": Template("{{ playbook_dir }}/group_vars/{{ paas_node.group }}.yml")},
            },
            *(
                {
                    "name": f"Drain {stage['name']}",
                    "ansible.builtin.include_role": {"name": stage["role"], "tasks_from": "drain"},
                    "when": f"paas_node.group in {_names(stage['groups'])}",
                }
                for stage in stages
            ),
        ],
    }


def _make(plan: Data) -> Play:
    # The stages tell whether the nodes get the variables that playbooks from elsewhere count on.
    stages, files = (", 'stages': paas_external.stages", [externals.FILE]) if externals.stages_of(plan) else ("", [])
    planned = "{'groups': paas_groups" + stages + "}"
    return {
        "name": "Make the nodes",
        **ON_CONTROLLER,
        "any_errors_fatal": True,
        "vars_files": ["nodes.yml", *files],
        "tasks": [
            {
                "name": "Make the nodes at the site",
                "indigo.paas.nodes": {
                    "site": _SITE,
                    "deployment": Template("{{ paas_name }}"),
                    "groups": Template("{{ paas_groups }}"),
                    "ssh_key": Template("{{ paas_ssh_key }}"),
                },
                "register": "paas_made",
            },
            {
                "name": "Take the nodes into the inventory",
                "ansible.builtin.add_host": {
                    "name": Template("{{ paas_host.name }}"),
                    "groups": Template("{{ paas_host.groups }}"),
                },
                "args": Template("{{ paas_host.vars }}"),
                "loop": Template("{{ " + planned + " | indigo.paas.inventory_hosts(paas_made.nodes, paas_ssh_key) }}"),
                **_LOOP,
                "changed_when": False,
            },
        ],
    }


def reach_play(exist: bool) -> Play:
    """Return the play that waits for the nodes, of which it is known whether all EXIST before it runs."""
    return {
        "name": "Reach the nodes",
        "hosts": "paas_nodes",
        "gather_facts": False,
        "any_errors_fatal": True,
        "tasks": [
            {
                "name": "Wait until the node answers",
                "indigo.paas.wait_for_node": {
                    "timeout": CONNECTION_TIMEOUT,
                    "settled": True if exist else Template("{{ paas_node.leased }}"),
                    "facts": "common",
                },
            }
        ],
    }


def stage_play(stage: Data, arguments: Arguments) -> Play:
    """Return the play of one stage on the hosts of its groups."""
    parts = ", ".join(stage["components"])
    late = arguments.late.get(stage["name"], [])
    name = f"Set up {stage['name']}: {parts}"
    if stage.get("external"):
        return _on_groups(stage, name, _scoped(stage, [externals.run_task(stage)]), externals.arguments(late))
    tasks = [*(_late(each, stage) for each in late), _role(f"Set up {stage['name']}", stage)]
    return _on_groups(stage, name, _scoped(stage, tasks))


def check_play(stage: Data) -> Play:
    """Return the play in which a stage's role proves that its service serves."""
    name = f"Check {stage['name']}"
    return _on_groups(stage, name, _scoped(stage, [_role(name, stage, "check")]))


def _scoped(stage: Data, tasks: Sequence[Data]) -> list[Data]:
    """Return tasks between those that begin and end the scope of what they set."""
    scope = f"ansible_play_hosts_all, '{stage['scope']}'"
    begin = f"hostvars | indigo.paas.scope_begins({scope})"
    end = f"hostvars | indigo.paas.scope_ends({scope}, paas_tells)"
    told = [{**told, "component": Unsafe(told["component"])} for told in stage["tells"]]
    return [
        {"name": "Begin with nothing that others have set", "ansible.builtin.meta": "clear_facts", "when": begin},
        *tasks,
        {"name": "Restart what changed", "ansible.builtin.meta": "flush_handlers"},
        {
            "name": "End with what others may read",
            "ansible.builtin.meta": "clear_facts",
            "when": end,
            "vars": {"paas_tells": told},
        },
    ]


def outputs_play() -> Play:
    """Return the play that tells the template's outputs."""
    return {
        "name": "Tell the outputs",
        **ON_CONTROLLER,
        "tasks": [{"name": "Outputs", "ansible.builtin.debug": {"var": "paas_outputs"}}],
    }


def destroy_play() -> Play:
    """Return the play that deletes all that the deployment has at its site."""
    return {
        "name": "Delete the nodes",
        **ON_CONTROLLER,
        "tasks": [
            {
                "name": "Delete the nodes at the site",
                "indigo.paas.nodes": {
                    "site": _SITE,
                    "deployment": Template("{{ paas_name }}"),
                    "state": "absent",
                },
            }
        ],
    }


def _on_groups(stage: Data, name: str, tasks: Sequence[Data], variables: Data | None = None) -> Play:
    return {
        "name": Unsafe(name),
        "hosts": ":".join(stage["groups"]),
        "strategy": "ansible.builtin.linear",
        "gather_facts": False,
        "any_errors_fatal": True,
        **({"vars": dict(variables)} if variables else {}),
        "tasks": list(tasks),
    }


def _role(name: str, stage: Data, tasks_from: str | None = None) -> Data:
    role = {"name": stage["role"], **({"tasks_from": tasks_from} if tasks_from else {})}
    return {"name": name, "ansible.builtin.include_role": role}


def _late(argument: Late, stage: Data) -> Data:
    where = [] if stage["groups"] == [argument.group] else [f"'{argument.group}' in group_names"]
    when = [*where, *argument.tests]
    return {
        "name": f"Set {argument.name}",
        "ansible.builtin.set_fact": {argument.name: argument.value},
        **({"when": when if len(when) > 1 else when[0]} if when else {}),
    }


def _names(names: Iterable[str]) -> str:
    return "[" + ", ".join(f"'{name}'" for name in names) + "]"
