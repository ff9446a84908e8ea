# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan as an Ansible project that needs neither the template nor the command any more. Pure: paths to texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.translate import externals, plays, readme
from ansible_collections.indigo.paas.plugins.module_utils.translate.arguments import (
    ArgumentReader,
    Arguments,
    Hides,
    Vault,
)
from ansible_collections.indigo.paas.plugins.module_utils.translate.expressions import (
    TEXTS,
    Expressions,
    NeverKnown,
    key_of,
)
from ansible_collections.indigo.paas.plugins.module_utils.translate.yaml_text import Template, Unsafe, dump, playbook

Data = Mapping[str, Any]

_ADDRESSES_OF_NODES = {
    "private_address": Template("{{ paas_node.private_address | first }}"),
    "public_address": Template("{{ paas_node.public_address | first }}"),
}
_ADDRESS_OF_HOSTS = {"private_address": Template("{{ ansible_host | default(inventory_hostname) }}")}
_COLLECTIONS = (
    f"collections_path = {externals.DIRECTORY}/collections:~/.ansible/collections:/usr/share/ansible/collections\n"
)
_CONFIGURATION = """\
# Written by indigo-paas translate.
[defaults]
inventory = inventory
inject_facts_as_vars = false
stdout_callback = ansible.builtin.default
callback_result_format = yaml
retry_files_enabled = false

[inventory]
any_unparsed_is_failed = true
"""


@dataclass(frozen=True)
class Target:
    """Where a project runs: at a site with its options, or on hosts that exist.

    site     name of the site, None for hosts that exist
    options  the site's host variables with their prefix
    hosts    variables of each host, by the plan's safe group names; values may be marked as templates
    """

    site: str | None = None
    options: Data = field(default_factory=dict)
    hosts: Mapping[str, Mapping[str, Data]] = field(default_factory=dict)


def translate(
    plan: Data, target: Target, name: str, version: str, hides: Hides, playbooks: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the files of the project by their paths.

    name       of the deployment
    version    of the collection that the project is written for
    hides      says of a name and a value whether they are secret: those become variables of a vault
    playbooks  files of the project that the plan's external implementations name, as `artifacts.carried` gives them

    Raises TemplateError when the plan names what Ansible cannot take for a variable.
    """
    vault, expressions = Vault(hides), Expressions(plan)
    arguments = ArgumentReader(plan, expressions, vault).read()
    _refuse_conflicts(arguments, target)
    outputs, unknown = _outputs(plan, expressions, vault)
    inventory = _inventory(plan, target, vault)
    files = {
        "site.yml": _site(plan, target, arguments),
        "group_vars/all/main.yml": _for_all(plan, target, name, outputs, expressions.texts),
        **{f"group_vars/{group}.yml": _for_group(group, plan, found) for group, found in arguments.of_group.items()},
        "ansible.cfg": _configuration(plan),
        "requirements.yml": _requirements(plan, version),
        ".gitignore": f"/ssh/\n/.ansible/\n/{externals.DIRECTORY}/stages/\n",
        **inventory,
        **(playbooks or {}),
    }
    if externals.stages_of(plan):
        comment = "The playbooks from elsewhere, and what they need: what the module indigo.paas.artifacts is told."
        # Ansible looks for collections only in directories that are there when it starts.
        files[f"{externals.DIRECTORY}/collections/ansible_collections/.gitkeep"] = ""
        files[externals.FILE] = dump({"paas_external": externals.described(plan)}, comment)
    if target.site is not None:
        files["nodes.yml"] = dump(
            {"paas_groups": _groups(plan)}, "The nodes. Change a count here, then run site.yml again."
        )
        files["destroy.yml"] = playbook([("", [plays.destroy_play()])])
    files["README.md"] = readme.text(
        plan, target.site, name, vault.variables, [*arguments.left_out, *unknown], sorted(files)
    )
    return files


def _groups(plan: Data) -> list[dict[str, Any]]:
    """Return the node groups; their safe names and host names are our own words, all other texts are the user's."""
    expressions = Expressions(plan)
    return [
        {**expressions.value(group), "group": group["group"], "hostname": group["hostname"]} for group in plan["groups"]
    ]


def _configuration(plan: Data) -> str:
    """Return Ansible's settings; collections that are fetched are looked for where they come to lie."""
    head, rest = _CONFIGURATION.split("\n\n", 1)
    path = f"collections_path = {externals.DIRECTORY}/collections:{_COLLECTIONS}"
    return f"{head}\n{path}\n\n{rest}" if externals.collections_of(plan) else _CONFIGURATION


def _site(plan: Data, target: Target, arguments: Arguments) -> str:
    checked = [stage for stage in plan["stages"] if not stage.get("external") and stage["groups"]]
    foreign = externals.stages_of(plan)
    parts: list[tuple[str, list[Any]]] = [("", [externals.fetch_play(plays.ON_CONTROLLER)])] if foreign else []
    parts += [] if target.site is None else plays.nodes_plays(plan)
    parts.append(("", [plays.reach_play(exist=target.site is None), *([externals.facts_play()] if foreign else [])]))
    for stage in plan["stages"]:
        parts.append((_described(stage), [plays.stage_play(stage, arguments)]))
    parts += [("", [plays.check_play(stage)]) for stage in checked]
    parts.append(("", [plays.outputs_play()]))
    return playbook(parts)


def _described(stage: Data) -> str:
    if stage.get("external"):
        return f"A playbook that is not part of indigo.paas; {externals.FILE} names it."
    return f"The role {stage['role']} does it. Its arguments are in group_vars." if stage["groups"] else ""


def _refuse_conflicts(arguments: Arguments, target: Target) -> None:
    """Refuse a host in two groups that give an argument different values."""
    seen: dict[tuple[str, str], tuple[str, Any]] = {}
    for group, hosts in target.hosts.items():
        for host in hosts:
            for name, value in arguments.of_group.get(group, {}).items():
                other, earlier = seen.setdefault((host, name), (group, value))
                if earlier != value:
                    raise TemplateError(
                        f"the host '{host}' is in the groups '{other}' and '{group}', "
                        f"which give '{name}' different values",
                        hint="Put it into one of them.",
                    )


def _outputs(plan: Data, expressions: Expressions, vault: Vault) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return the outputs as variables; one that has no value yet is none, as a deployment tells it."""
    found: dict[str, Any] = {}
    unknown = []
    for name, output in plan["outputs"].items():
        try:
            found[key_of(name)] = vault.hidden(
                f"output_{name}", name, output["value"], lambda value: _or_none(value, expressions)
            )
        except NeverKnown:
            found[key_of(name)] = None
            unknown.append(("outputs", name))
    return found, unknown


def _or_none(value: Any, expressions: Expressions) -> Any:
    tests = expressions.tests(value)
    if not tests:
        return expressions.value(value)
    return Template("{{ " + f"{expressions.of(value).text} if {' and '.join(tests)} else none" + " }}")


def _for_all(plan: Data, target: Target, name: str, outputs: Data, texts: Sequence[str]) -> str:
    variables: dict[str, Any] = {}
    if target.site is not None:
        variables |= {"paas_name": name, "paas_site": Unsafe(target.site)}
        variables["paas_ssh_key"] = Template("{{ playbook_dir }}/ssh/ssh_key")
    elif externals.stages_of(plan):
        variables |= externals.host_variables(name)
    variables |= _ADDRESSES_OF_NODES if target.site is not None else _ADDRESS_OF_HOSTS
    variables["paas_outputs"] = dict(outputs)
    if texts:
        variables[TEXTS] = [Unsafe(text) for text in texts]
    return dump(
        variables,
        "For all hosts. An inventory may say otherwise of a host, such as which of its addresses the others use.\n"
        "Texts marked !unsafe are data: Ansible does not look for expressions in them.",
    )


def _for_group(group: str, plan: Data, found: Data) -> str:
    names = {each["group"]: each["name"] for each in plan["groups"]}
    comment = " ".join(f"Arguments of the roles that run on {names[group]}.".split())
    return dump(dict(found), "".join(char if char.isprintable() else " " for char in comment))


def _inventory(plan: Data, target: Target, vault: Vault) -> dict[str, str]:
    groups = [group["group"] for group in plan["groups"]]
    if target.site is not None:
        host = {target.site: _variables(target.options, "site", vault)}
        sites = {"paas_sites": {"hosts": host}}
        planned: Data = {"paas_nodes": {"children": {group: {} for group in groups}}, "paas_leaving": {}}
        return {
            "inventory/sites.yml": dump(sites, "Where the nodes are made."),
            "inventory/groups.yml": dump(planned, "The groups that the nodes come into when they exist."),
        }
    children = {
        group: {"hosts": {name: _variables(found, name, vault) for name, found in target.hosts.get(group, {}).items()}}
        for group in groups
    }
    return {"inventory/hosts.yml": dump({"paas_nodes": {"children": children}}, "The hosts, by what they are.")}


def _variables(variables: Data, owner: str, vault: Vault) -> dict[str, Any]:
    return {name: vault.hidden(f"{owner}_{name}", name, value, _marked) for name, value in variables.items()}


def _marked(value: Any) -> Any:
    """Return a value with its texts unsafe, but for those that are templates already."""
    if isinstance(value, Mapping):
        return {key_of(key): _marked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_marked(item) for item in value]
    return Unsafe(value) if isinstance(value, str) and not isinstance(value, Template) else value


def _requirements(plan: Data, version: str) -> str:
    own = {"name": "indigo.paas", "version": f">={version}"}
    roles = [stage["role"] for stage in plan["stages"] if stage.get("role")]
    others = list(dict.fromkeys(role.rpartition(".")[0] for role in roles))
    wanted = [name for name in dict.fromkeys(others) if name != own["name"]]
    content: dict[str, Any] = {"collections": [own, *({"name": name} for name in wanted)]}
    return dump(content, "ansible-galaxy install -r requirements.yml")
