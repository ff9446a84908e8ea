# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of a deployment's playbooks, on a plan made of a real template."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.indigo.paas.plugins.filter import deployment
from ansible_collections.indigo.paas.plugins.module_utils.tosca import plan_template

ROOT = pathlib.Path(__file__).parents[8]
NODES = [
    {"name": "server-0", "group": "server", "index": 0, "id": "a", "state": "running", "private_address": ["10.0.0.2"]},
    {"name": "server-1", "group": "server", "index": 1, "id": "b", "state": "running", "private_address": ["10.0.0.3"]},
]
FOR_ALL = {"public_address": [], "ansible_host": "10.0.0.2", "ansible_port": 22, "ansible_user": "root"}


@pytest.fixture
def plan():
    template = ROOT / "tests" / "templates" / "notes.yaml"
    return plan_template(str(template), {"text": "{{ x }}", "count": 2}).to_dict()


@pytest.fixture
def nodes():
    return [{**FOR_ALL, **node, "python": "/usr/bin/python3", "host_keys": [], "problem": None} for node in NODES]


def test_hosts_have_groups_and_know_how_they_are_reached(plan, nodes):
    hosts = deployment.inventory_hosts(plan, nodes, "/state/ssh_key")
    assert [host["name"] for host in hosts] == ["server-0", "server-1"]
    assert all({"paas_nodes", "server"} <= set(host["groups"]) for host in hosts)
    assert hosts[0]["vars"]["ansible_ssh_private_key_file"] == "/state/ssh_key"


def test_arguments_are_values_to_the_letter(plan, nodes):
    assert deployment.role_arguments(plan, nodes, {}, "server-1") == {"note_text": "{{ x }}"}


def test_outputs_wait_for_what_roles_publish(plan, nodes):
    before = deployment.outputs(plan, nodes, {})
    told = {"note_path": "a variable that is no fact", "paas_told": {"note": {"0": {"note_path": "/root/note"}}}}
    after = deployment.outputs(plan, nodes, {"server-0": told})
    assert before == {"path": None, "address": "10.0.0.2", "text": "{{ x }}"}
    assert after["path"] == "/root/note"
    assert deployment.outputs(plan, nodes, {"server-0": {"note_path": "of an operator"}}) == before


@pytest.fixture
def wrong(plan):
    """A plan with an argument and an output that no machine can have."""
    function = {"$function": {"token": [{"$function": {"get_attribute": ["server", "private_address", 0]}}, ".", 9]}}
    (component,) = plan["components"]
    component["operations"][0]["arguments"]["note_text"] = function
    plan["outputs"] = {"part": {"description": "", "value": function, "at": ["notes.yaml", 7, 3]}}
    return plan


def test_arguments_of_a_stage_that_turn_out_to_be_wrong_are_an_error(wrong, nodes):
    with pytest.raises(AnsibleFilterError, match="'note_text' of '[a-z]+' of 'note': 'token' finds only 4 parts"):
        deployment.role_arguments(wrong, nodes, {}, "server-1", wrong["stages"][0]["name"])
    assert deployment.role_arguments(wrong, nodes, {}, "server-1") == {}
    (first, *_others) = deployment.peers(wrong, nodes, {}, wrong["stages"][0]["name"])
    assert first["arguments"] == {}


def test_an_output_that_cannot_be_computed_is_told(wrong, nodes, tmp_path):
    known = tmp_path / "known.json"
    known.write_text(json.dumps({"plan": wrong, "nodes": nodes}))
    task = {
        "ansible.builtin.set_fact": {"found": "{{ known.plan | indigo.paas.outputs(known.nodes, hostvars) }}"},
        "vars": {"known": "{{ lookup('ansible.builtin.file', 'known.json') | from_json }}"},
    }
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    paths = f"{ROOT / 'collections'}:{os.environ.get('ANSIBLE_COLLECTIONS_PATH', '')}"
    command = [str(pathlib.Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "-v", "play.yml"]
    env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": paths}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    said = " ".join((done.stdout + done.stderr).split())
    assert "notes.yaml:7:3: the output 'part' is null: 'token' finds only 4 parts in the text, counted from 0" in said


def test_a_site_is_its_options_and_its_name():
    hostvars = {"here": {"site_type": "docker", "site_mtu": 1400, "other": 1}}
    assert deployment.site(hostvars, "here") == {"name": "here", "type": "docker", "mtu": 1400}
    assert deployment.sites(hostvars, ["here"]) == {"here": {"type": "docker", "mtu": 1400}}


class RawHostVars(dict):
    """Hands out variables as Ansible's hostvars does: evaluated, or as they were given."""

    def raw_get(self, name):
        return self[name]["raw"]


def test_answers_of_a_survey_are_taken_as_they_were_given():
    raw = {"paas_input_text": "{{ 7 * 7 }}", "paas_yaml_input_list": "['{{ x }}']", "other": 1}
    hostvars = RawHostVars(localhost={"raw": raw, "paas_input_text": "49"})
    assert deployment.survey_inputs(hostvars, "localhost") == {"text": "{{ 7 * 7 }}", "list": ["{{ x }}"]}
    assert deployment.survey_inputs({"localhost": {"paas_input_n": 4}}, "localhost") == {"n": 4}


def test_facts_have_the_names_of_old_and_cannot_change_how_a_host_is_reached():
    facts = {"os_family": "Debian", "default_ipv4": {"address": "{{ x }}"}, "ssh_host_key_ed25519_public": "k"}
    hostile = {"connection": "local", "host": "h", "python_interpreter": "/x", "become_user": "x", "ssh_args": "x"}
    assert deployment.variables_of_facts({**facts, **hostile}) == {
        "ansible_os_family": "Debian",
        "ansible_default_ipv4": {"address": "{{ x }}"},
        "ansible_ssh_host_key_ed25519_public": "k",
    }


def test_a_hosts_file_names_the_nodes_that_have_an_address(nodes):
    nodes[1]["private_address"] = []
    assert deployment.hosts_file(nodes) == "10.0.0.2 server-0"


def test_a_site_that_there_is_not_is_named():
    hostvars = {"bari": {"groups": {"paas_sites": ["bari"]}, "site_type": "docker"}}
    with pytest.raises(AnsibleFilterError, match=r"There is no site 'bary'. Did you mean 'bari'\?"):
        deployment.sites(hostvars, ["bary"])


def test_stages_are_chosen_by_what_their_roles_can_do():
    stages = [
        {"name": "pool", "role": "indigo.paas.htcondor"},
        {"name": "other", "role": "nobody.nothing.here"},
        {"name": "play", "external": True},
    ]
    assert deployment.stages_with(stages, "clean") == stages[:1]
    assert deployment.stages_with(stages, "drain") == stages[:1]
    assert deployment.stages_with(stages, "vanish") == []


def test_the_components_of_a_stage_are_named_with_their_nodes():
    plan = {
        "groups": [{"name": "my server", "group": "my_server"}, {"name": "b", "group": "b"}],
        "components": [
            {"name": "one", "group": "my server"},
            {"name": "two", "group": "b"},
            {"name": "x", "group": "b"},
        ],
    }
    assert deployment.parts(plan, {"components": ["one", "two"]}) == "one (my_server); two (b)"
