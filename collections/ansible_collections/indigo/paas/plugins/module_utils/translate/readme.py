# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README of a translated project."""

from __future__ import annotations

import posixpath
import urllib.parse
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.download import is_url
from ansible_collections.indigo.paas.plugins.module_utils.tosca import phrases
from ansible_collections.indigo.paas.plugins.module_utils.translate import externals

Data = Mapping[str, Any]

_FILES = {
    "site.yml": "what is done, one play for each step",
    "nodes.yml": "which nodes there are, how large and with which system",
    "destroy.yml": "deletes the nodes",
    "inventory/sites.yml": "where the nodes are made",
    "inventory/groups.yml": "the groups that the nodes come into",
    "inventory/hosts.yml": "the hosts",
    "group_vars/all/main.yml": "addresses and outputs",
    "requirements.yml": "the collections and roles that are needed",
    "ansible.cfg": "Ansible's settings",
    externals.FILE: "the playbooks from elsewhere that run",
}


def text(
    plan: Data,
    site: str | None,
    name: str,
    secrets: Mapping[str, str],
    left_out: Sequence[tuple[str, str]],
    files: Sequence[str],
) -> str:
    """Return the README: what is here, how to run it, what the administrator has to give."""
    parts = [
        f"# {name}",
        shown(plan.get("description") or "") or "A cluster.",
        "Written by `indigo-paas translate` from a TOSCA template. The template is not needed any more: this is an "
        "ordinary Ansible project, to be read, kept in Git and run by itself.",
        _run(site, bool(secrets)),
        "## What is here\n\n" + _table(("File", "What it is"), _file_rows(files, plan)),
        "## The nodes\n\n" + _table(("Group", "How many", "What each one is"), _group_rows(plan)),
    ]
    parts += [_secrets(secrets)] if secrets else []
    parts += [_externals(plan)] if any(stage.get("external") for stage in plan["stages"]) else []
    parts += [_applications(plan)] if plan.get("applications") else []
    parts += [_left_out(left_out)] if left_out else []
    return "\n\n".join(parts) + "\n"


def shown(value: object) -> str:
    """Return a text of the template on one line of Markdown, in which it is nothing but text."""
    line = " ".join("".join(char if char.isprintable() else " " for char in str(value)).split())
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>()#+-.!|&~$" and not _harmless(char) else char for char in line)


def _harmless(char: str) -> bool:
    """Say whether a sign means nothing in the middle of a Markdown line."""
    return char in "-.+()!"


def _run(site: str | None, vault: bool) -> str:
    ask = " --ask-vault-pass" if vault else ""
    lines = ["## Run it", "", "```console", "$ ansible-galaxy install -r requirements.yml"]
    lines += [f"$ ansible-playbook site.yml{ask}"]
    lines += [f"$ ansible-playbook destroy.yml{ask}   # deletes the nodes"] if site is not None else []
    lines += ["```", "", "Running it again changes nothing that is as it should be, and goes on where a run broke off."]
    if site is not None:
        lines += [
            "Change a `count` in `nodes.yml` and run it again: new nodes join, nodes that go are drained first.",
            "The SSH key of the nodes is made in `ssh/`. Keep it, but not in Git.",
        ]
    return "\n".join(lines)


def _file_rows(files: Sequence[str], plan: Data) -> list[tuple[str, str]]:
    names = {f"group_vars/{group['group']}.yml": group["name"] for group in plan["groups"]}
    told = {**_FILES, **{path: f"arguments of the roles on {shown(group)}" for path, group in names.items()}}
    return [(f"`{path}`", told[path]) for path in files if path in told]


def _group_rows(plan: Data) -> list[tuple[str, str, str]]:
    return [
        (
            f"`{group['group']}`",
            str(group["count"]),
            shown("; ".join(filter(None, [phrases.size_text(group["size"]), phrases.image_text(group["image"])]))),
        )
        for group in plan["groups"]
    ]


def _secrets(secrets: Mapping[str, str]) -> str:
    rows = [(f"`{variable}`", shown(path)) for variable, path in secrets.items()]
    return (
        "## Secrets that you give\n\n"
        "They are not written here. Put these variables into a file that Ansible Vault encrypts, with\n"
        "`ansible-vault create group_vars/all/vault.yml`:\n\n" + _table(("Variable", "What uses it"), rows)
    )


def _externals(plan: Data) -> str:
    rows = [
        (f"{stage['name']} ({', '.join(stage['components'])})", _named(externals.external_of(stage, plan)))
        for stage in externals.stages_of(plan)
    ]
    return (
        "## Playbooks from elsewhere\n\n"
        "These steps run playbooks that are not part of indigo.paas. They are code that runs with your rights: read\n"
        "them. Those by URL, and the roles and collections that they need, are fetched into\n"
        f"`{externals.DIRECTORY}/`, where `pins.json` keeps every run to the same bytes; keep it in Git.\n\n"
        + _table(("Step", "Playbook"), [(shown(step), shown(playbook)) for step, playbook in rows])
    )


def _named(external: Data) -> str:
    """Return the URL of a playbook, or its path in the project."""
    playbook: str = external["playbook"]
    defined_in: str = external["defined_in"] or ""
    if is_url(playbook) or is_url(defined_in):
        return urllib.parse.urljoin(defined_in, playbook)
    return posixpath.join(posixpath.dirname(defined_in), playbook)


def _applications(plan: Data) -> str:
    rows = [(shown(each["name"]), shown(phrases.short_type(each["type"]))) for each in plan["applications"]]
    return (
        "## Applications\n\nThey are submitted to the services when these run; this project does not do that.\n\n"
        + _table(("Name", "Type"), rows)
    )


def _left_out(left_out: Sequence[tuple[str, str]]) -> str:
    rows = [(f"`{where}`", shown(name)) for where, name in left_out]
    return "## Left out\n\nNothing sets what these wait for, so the roles' defaults hold.\n\n" + _table(
        ("Where", "What"), rows
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
