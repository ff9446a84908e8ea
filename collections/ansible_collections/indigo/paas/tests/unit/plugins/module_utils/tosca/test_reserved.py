# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reserved names are all that Ansible itself lists, and all by which its plugins are steered."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from ansible import constants
from ansible.vars.reserved import get_reserved_names

from ansible_collections.indigo.paas.plugins.filter.deployment import variables_of_facts
from ansible_collections.indigo.paas.plugins.module_utils.tosca.reserved import HARMLESS, is_reserved, is_variable

KINDS = ("become", "connection", "shell")


def variables_of_plugins(kind: str) -> set[str]:
    """Return the variables that set options of Ansible's own plugins of a kind."""
    program = Path(sys.executable).parent / "ansible-doc"
    done = subprocess.run(
        [program, "--type", kind, "--json", "--metadata-dump", "--no-fail-on-errors", "ansible.builtin"],
        capture_output=True,
        check=True,
        text=True,
    )
    plugins = json.loads(done.stdout)["all"][kind].values()
    options = [option for each in plugins for option in (each.get("doc") or {}).get("options", {}).values()]
    names = {variable["name"] for option in options for variable in option.get("vars", ())}
    # What a task delegates is no variable of a host.
    return {name for name in names if not name.startswith("delegated_vars[")}


@pytest.mark.parametrize("kind", KINDS)
def test_no_name_that_sets_an_option_of_a_plugin_is_free(kind: str) -> None:
    names = variables_of_plugins(kind)
    assert len(names) > 2
    assert [name for name in names if not is_reserved(name)] == []


def test_no_name_that_ansible_lists_is_free_but_for_the_harmless() -> None:
    connection = [name for names in constants.MAGIC_VARIABLE_MAPPING.values() for name in names]
    static = [*constants.INTERNAL_STATIC_VARS, *constants.COMMON_CONNECTION_VARS, *constants.RESTRICTED_RESULT_KEYS]
    listed = {*get_reserved_names(), *connection, *static}
    assert len(listed) > 100
    assert {name for name in listed if not is_reserved(name)} <= HARMLESS


@pytest.mark.parametrize("kind", KINDS)
def test_no_fact_of_a_machine_sets_an_option_of_a_plugin(kind: str) -> None:
    hostile = dict.fromkeys(variables_of_plugins(kind), "x") | {"os_family": "Debian"}
    assert variables_of_facts(hostile) == {"ansible_os_family": "Debian"}


def test_no_fact_of_a_machine_sets_an_option_of_ansible_itself() -> None:
    definitions = constants.config.get_configuration_definitions().values()
    names = {variable["name"] for each in definitions for variable in each.get("vars") or ()}
    assert len(names) > 5
    assert not names & variables_of_facts(dict.fromkeys(names, "x")).keys()


def test_the_harmless_set_no_option_of_any_plugin() -> None:
    steering = {name for kind in KINDS for name in variables_of_plugins(kind)}
    assert not HARMLESS & steering


@pytest.mark.parametrize(
    "name",
    ["paas_name", "__htcondor_pools", "ANSIBLE_connection", "ansible_ssh_extra_args", "item", "vars", "hostvars"],
)
def test_names_of_ours_and_of_loops_are_not_free(name: str) -> None:
    assert is_reserved(name)


@pytest.mark.parametrize("name", ["port", "site_name", "db_name", "colour", "ansiblex", "_x"])
def test_other_names_are_free(name: str) -> None:
    assert not is_reserved(name)


@pytest.mark.parametrize(
    "name", ["", "1a", "a-b", "a.b", "ａnsible_user", "a\n", " a", "é", 1, True, None, ("a",), b"a"]
)
def test_what_is_no_name_of_a_variable(name: object) -> None:
    assert not is_variable(name)
