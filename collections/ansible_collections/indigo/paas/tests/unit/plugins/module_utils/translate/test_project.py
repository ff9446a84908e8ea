# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A translated project runs with ansible-playbook alone and gives roles exactly what a deployment gives them."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import sysconfig
from typing import Any

import pytest
import yaml

from ansible_collections.indigo.paas.plugins.module_utils.artifacts.carried import carried
from ansible_collections.indigo.paas.plugins.module_utils.errors import PaasError, TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import hosts, plan_template
from ansible_collections.indigo.paas.plugins.module_utils.translate import Target, translate

ROOT = pathlib.Path(__file__).parents[9]
EVIL = "{{ lookup('ansible.builtin.pipe', 'touch pwned') }} $(touch pwned) #jinja2: x"


def call(name: str, *arguments: Any) -> dict[str, Any]:
    return {"$function": {name: list(arguments)}}


def attribute(*arguments: Any) -> dict[str, Any]:
    return call("get_attribute", *arguments)


def group(name: str, safe: str, count: int) -> dict[str, Any]:
    size = {"cpus": 1, "memory": 10**9, "disk": None, "gpus": 0, "instance_type": None}
    image = {"image": None, "type": "linux", "distribution": EVIL, "version": "13", "architecture": None}
    return {
        "name": name,
        "group": safe,
        "hostname": safe.replace("_", "-"),
        "type": "tosca.nodes.indigo.Compute",
        "count": count,
        "removal_list": [],
        "size": size,
        "image": image,
        "network": {"public": False, "name": EVIL, "dns_name": None},
        "ports": [],
        "volumes": [],
        "users": [],
        "tags": {EVIL: EVIL},
    }


def component(name: str, on: str, attributes: Any = None, **roles: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "type": "t",
        "group": on,
        "requires": [],
        "properties": {},
        "attributes": attributes or {},
        "operations": [
            {"operation": "configure", "role": role, "arguments": arguments} for role, arguments in roles.items()
        ],
    }


@pytest.fixture
def plan() -> dict[str, Any]:
    fe, wn = "fe " + EVIL, "wn"
    return {
        "format": 1,
        "description": EVIL + " | # [x](y)",
        "inputs": {},
        "groups": [group(fe, "fe", 1), group(wn, "wn", 2), group("idle", "idle", 0)],
        "components": [
            component(
                "front " + EVIL,
                fe,
                {"token": {"fact": "probe_token", "operation": 0}, "never": {"fact": "probe_never", "operation": 0}},
                probe={
                    "probe_text": EVIL,
                    "probe_data": {EVIL: [EVIL, 1, None, {"k": True}], "number": 1.5},
                    "probe_lines": "one\n  two\n" + EVIL,
                    "probe_own": attribute({"$self": fe}, "private_address"),
                    "probe_all": attribute(wn, "private_address"),
                    "probe_public": attribute(fe, "public_address", 0),
                    "probe_beyond": attribute(wn, "private_address", 7),
                    "probe_idle": attribute("idle", "private_address", 0),
                    "probe_user": attribute(fe, "endpoint", "credential", 0, "user"),
                },
            ),
            component(
                "worker",
                wn,
                probe={
                    "probe_url": call("concat", EVIL, attribute(fe, "private_address", 0), ":", 80, EVIL),
                    "probe_part": call("token", attribute(fe, "private_address", 0), ".", 1),
                    "probe_public": attribute(wn, "public_address", 1),
                    "probe_publics": attribute(wn, "public_address"),
                    "probe_nested": {"list": [attribute(wn, "private_address", 1), EVIL]},
                },
            ),
            component(
                "late", wn, other={"other_token": attribute("front " + EVIL, "token", "value", 0), "other_text": "w"}
            ),
            component("later", fe, other={"other_never": attribute("front " + EVIL, "never")}, again={}),
        ],
        "stages": [
            {
                "name": "probe",
                "role": "probe",
                "groups": ["fe", "wn"],
                "components": ["front " + EVIL, "worker"],
                "scope": "probe",
                "tells": [
                    {
                        "component": "front " + EVIL,
                        "operation": 0,
                        "group": "fe",
                        "facts": ["probe_never", "probe_token"],
                    }
                ],
            },
            {
                "name": "other",
                "role": "other",
                "groups": ["fe", "wn"],
                "components": ["late", "later"],
                "scope": "other",
                "tells": [],
            },
        ],
        "applications": [{"name": EVIL, "type": EVIL, "requires": [], "properties": {}, "artifacts": {}}],
        "outputs": {
            "address": {"value": attribute(fe, "private_address", 0)},
            "public": {"value": attribute(fe, "public_address", 0)},
            "publics": {"value": attribute(wn, "public_address")},
            "token": {"value": call("concat", "<", attribute("front " + EVIL, "token", "value", 0), ">")},
            "never": {"value": attribute("front " + EVIL, "never")},
            EVIL: {"value": EVIL},
        },
        "policies": [],
        "warnings": [],
    }


NODES = [
    {"name": "a", "group": "fe", "index": 0, "private_address": ["10.0.0.1"], "public_address": []},
    {"name": "b", "group": "wn", "index": 0, "private_address": ["10.0.0.2"], "public_address": []},
    {"name": "c", "group": "wn", "index": 1, "private_address": ["10.0.0.3"], "public_address": ["1.2.3.4"]},
]
FACTS = {"a": {"front " + EVIL: {"0": {"probe_token": {"value": [EVIL]}}}}}
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ansible_user": "root"}
UNSET = "__unset__"


def target() -> Target:
    found: dict[str, Any] = {"fe": {}, "wn": {}}
    for node in NODES:
        addresses = {kind: node[kind][0] for kind in ("private_address", "public_address") if node[kind]}
        found[node["group"]][node["name"]] = {**LOCAL, **addresses}
    return Target(hosts=found)


def nothing(_name: str, _value: Any) -> bool:
    return False


def save(files: dict[str, str], place: pathlib.Path) -> pathlib.Path:
    for path, text in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text, encoding="utf-8")
    return place


def run(*command: str, cwd: pathlib.Path, **more: str) -> str:
    scripts = pathlib.Path(sys.executable).parent
    place = scripts if (scripts / "ansible-playbook").exists() else pathlib.Path(sysconfig.get_path("scripts"))
    env = {**os.environ, "PATH": f"{place}:{os.environ['PATH']}", "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections")}
    done = subprocess.run(command, cwd=cwd, env={**env, **more}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def probe_role(place: pathlib.Path, role: str, names: list[str], sets: dict[str, Any]) -> None:
    """Write a role that writes down what it was given, and publishes SETS on the host `a`."""
    values = "q('ansible.builtin.vars', *names, default='" + UNSET + "')"
    tasks = [
        {
            "name": "Write down the arguments",
            "ansible.builtin.copy": {
                "dest": str(place / (role + "-{{ inventory_hostname }}.json")),
                "content": "{{ dict(names | zip(" + values + ")) | to_json }}",
                "mode": "0600",
            },
            "vars": {"names": names},
        },
    ]
    text = yaml.safe_dump(tasks)
    if sets:
        text += "- name: Publish\n  when: inventory_hostname == 'a'\n  ansible.builtin.set_fact:\n"
        text += "".join(f"    {name}: {{value: [!unsafe {json.dumps(value)}]}}\n" for name, value in sets.items())
    (place / "roles" / role / "tasks").mkdir(parents=True)
    (place / "roles" / role / "tasks/main.yml").write_text(text)
    (place / "roles" / role / "tasks/check.yml").write_text("[]\n")


def test_roles_and_outputs_get_what_a_deployment_gives(plan, tmp_path):
    save(translate(plan, target(), "pool", "0.1.0", nothing), tmp_path)
    arguments = {
        role: sorted(
            {
                name
                for part in plan["components"]
                for operation in part["operations"]
                if operation["role"] == role
                for name in operation["arguments"]
            }
        )
        for role in ("probe", "other")
    }
    probe_role(tmp_path, "probe", arguments["probe"], {"probe_token": EVIL})
    probe_role(tmp_path, "other", arguments["other"], {})
    told = run("ansible-playbook", "site.yml", cwd=tmp_path, ANSIBLE_CALLBACK_RESULT_FORMAT="json")
    assert not list(tmp_path.rglob("pwned"))

    nodes = [{**node, "ansible_user": "root", "id": "x", "state": "running"} for node in NODES]
    before, after = {"nodes": nodes, "facts": {}}, {"nodes": nodes, "facts": FACTS}
    for stage, state in (("probe", before), ("other", after)):
        for node in NODES:
            given = json.loads((tmp_path / f"{stage}-{node['name']}.json").read_text())
            expected = hosts.role_arguments(plan, state, node["name"], stage)
            earlier = hosts.role_arguments(plan, before, node["name"], "probe") if stage == "other" else {}
            wanted = {name: expected.get(name, earlier.get(name, UNSET)) for name in given}
            assert given == wanted, (stage, node["name"])

    outputs = json.loads(told[told.index('{\n    "paas_outputs"') :].partition("\n}\n")[0] + "\n}")["paas_outputs"]
    wanted = hosts.outputs(plan, after)
    assert outputs == wanted


def test_a_project_for_a_site_is_one_that_ansible_reads(tmp_path):
    plan = plan_template(str(ROOT / "examples" / "htcondor_pool.yaml")).to_dict()
    options = {"site_type": "docker", "site_location": EVIL, "site_password": "geheim"}
    files = translate(plan, Target("lo'cal", options), "pool", "0.1.0", lambda name, _value: "password" in name)
    save(files, tmp_path)
    assert "geheim" not in "".join(files.values())
    assert "`vault_site_password`" in files["README.md"]
    run("ansible-playbook", "--syntax-check", "site.yml", "destroy.yml", cwd=tmp_path)
    listing = json.loads(run("ansible-inventory", "--list", cwd=tmp_path))
    assert set(listing["paas_nodes"]["children"]) == {"fe_server", "wn_server"}
    variables = listing["_meta"]["hostvars"]["lo'cal"]
    assert variables["site_location"] == {"__ansible_unsafe": EVIL}
    plays = [play["name"] for play in yaml.load(files["site.yml"], Loader=Loader)]
    assert plays == [
        "Look for nodes that leave",
        "Drain the nodes that leave",
        "Make the nodes",
        "Reach the nodes",
        "Set up htcondor: front_end, worker_node",
        "Check htcondor",
        "Tell the outputs",
    ]
    groups = yaml.load(files["nodes.yml"], Loader=Loader)["paas_groups"]
    assert groups == plan["groups"]
    workers = yaml.load(files["group_vars/wn_server.yml"], Loader=Loader)
    assert workers["htcondor_manager_address"] == "{{ hostvars[groups['fe_server'][0]].private_address }}"
    assert workers["htcondor_memory"] == 1_000_000_000
    assert "a.b" not in files["requirements.yml"]


class Loader(yaml.SafeLoader):
    """Reads !unsafe as the text that it marks."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


@pytest.fixture
def foreign(plan):
    """A plan with a stage that is external."""
    operation = {
        "operation": "configure",
        "external": {
            "playbook": "https://example.org/" + EVIL,
            "defined_in": "template.yaml",
            "galaxy_roles": ["indigo-dc.x"],
            "collections": ["a.b"],
        },
        "arguments": {"x": EVIL, "y": attribute("wn", "public_address", 0), "probe_url": "its own"},
    }
    plan["components"].append({**component("foreign", "wn"), "operations": [operation]})
    stage = {"name": "configure", "role": None, "external": True, "operation": 0, "scope": "configure", "tells": []}
    plan["stages"].append({**stage, "groups": ["wn"], "components": ["foreign"]})
    return plan


def test_an_external_stage_is_fetched_and_run(foreign, tmp_path):
    files = translate(foreign, target(), "pool", "0.1.0", nothing)
    plays = {play["name"]: play for play in yaml.load(files["site.yml"], Loader=Loader)}
    assert next(iter(plays)) == "Fetch what the services need"
    play = plays["Set up configure: foreign"]
    assert play["vars"]["paas_sure"] == {"x": EVIL, "probe_url": "its own"}
    assert play["vars"]["paas_arguments"].startswith("{{ paas_sure | combine({'y': paas_argument_y} if ")
    assert "stages['configure'].roles" in play["tasks"][1]["loop"]
    told = yaml.load(files["external.yml"], Loader=Loader)["paas_external"]
    assert told["stages"] == [{"name": "configure", "external": True, "operation": 0, "components": ["foreign"]}]
    (operation,) = told["components"][0]["operations"]
    assert operation["arguments"] == {"x": None, "y": None, "probe_url": None}
    assert operation["external"]["playbook"] == "https://example.org/" + EVIL
    assert "Playbooks from elsewhere" in files["README.md"]
    assert "collections_path = artifacts/collections:" in files["ansible.cfg"]
    # Else the owner of a node could overwrite the operator's variables by its facts.
    assert "inject_facts_as_vars = false" in files["ansible.cfg"]
    assert "a.b" not in files["requirements.yml"]
    assert yaml.load(files["group_vars/all/main.yml"], Loader=Loader)["IM_NODE_NET_1_IP"] == "{{ private_address }}"
    save(files, tmp_path)
    run("ansible-playbook", "--syntax-check", "site.yml", cwd=tmp_path)


def test_nodes_of_an_external_stage_get_the_variables_of_published_playbooks(foreign):
    plays = {
        play["name"]: play
        for play in yaml.load(translate(foreign, Target("s"), "pool", "0.1.0", nothing)["site.yml"], Loader=Loader)
    }
    made = plays["Make the nodes"]
    assert made["vars_files"] == ["nodes.yml", "external.yml"]
    assert "'stages': paas_external.stages" in made["tasks"][1]["loop"]


def test_local_playbooks_are_carried_into_the_project(foreign, tmp_path):
    (tmp_path / "books/templates").mkdir(parents=True)
    (tmp_path / "books/site.yml").write_text("- hosts: localhost\n")
    (tmp_path / "books/templates/x.j2").write_text("x")
    external = foreign["components"][-1]["operations"][0]["external"]
    external |= {"playbook": "books/site.yml", "defined_in": str(tmp_path / "template.yaml")}
    made, playbooks = carried(foreign)
    assert playbooks == {"external/1/site.yml": "- hosts: localhost\n", "external/1/templates/x.j2": "x"}
    files = translate(made, target(), "pool", "0.1.0", nothing, playbooks)
    assert files["external/1/templates/x.j2"] == "x"
    told = yaml.load(files["external.yml"], Loader=Loader)["paas_external"]
    found = told["components"][0]["operations"][0]["external"]
    assert (found["playbook"], found["defined_in"]) == ("site.yml", "{{ playbook_dir }}/external/1/template")
    assert "external/1/site" in files["README.md"]
    assert external["playbook"] == "books/site.yml"
    (tmp_path / "books/templates/x.j2").write_bytes(b"\xff")
    with pytest.raises(PaasError, match="x.j2: this file of a playbook is no text"):
        carried(foreign)


def test_only_keys_of_machines_that_exist_are_known_to_be_settled(plan):
    def reached(where: Target) -> dict[str, Any]:
        plays = yaml.load(translate(plan, where, "pool", "0.1.0", nothing)["site.yml"], Loader=Loader)
        play = next(play for play in plays if play["name"] == "Reach the nodes")
        wait: dict[str, Any] = play["tasks"][0]["indigo.paas.wait_for_node"]
        return wait

    assert reached(target())["settled"] is True
    assert reached(Target("s"))["settled"] == "{{ paas_node.leased }}"


def test_secrets_become_variables_of_a_vault(plan):
    plan["components"][0]["operations"][0]["arguments"] = {
        "probe_password": "correct-horse",
        "probe_users": [{"name": "ann", "password": "battery"}, {"name": "bob", "password": "staple"}],
        "probe_url": "http://u:correct-horse@x",
    }

    def hides(name: str, value: Any) -> bool:
        return isinstance(value, str) and ("password" in name or "correct-horse" in value)

    files = translate(plan, target(), "pool", "0.1.0", hides)
    everything = "".join(files.values())
    assert not [secret for secret in ("correct-horse", "battery", "staple") if secret in everything]
    written = yaml.load(files["group_vars/fe.yml"], Loader=Loader)
    assert written["probe_password"] == "{{ vault_probe_password }}"
    first, second = (user["password"] for user in written["probe_users"])
    assert first != second
    for variable in (first, second, written["probe_url"]):
        assert f"`{variable[3:-3]}`" in files["README.md"]


def test_a_name_that_is_no_variable_is_refused(plan):
    plan["components"][0]["operations"][0]["arguments"] = {"{{ x }}": 1}
    with pytest.raises(TemplateError, match="no name of a variable"):
        translate(plan, target(), "pool", "0.1.0", nothing)


def test_a_host_in_two_groups_that_disagree_is_refused(plan):
    plan["components"][1]["operations"][0]["arguments"]["probe_text"] = "other"
    both = Target(hosts={"fe": {"a": LOCAL}, "wn": {"a": LOCAL}})
    with pytest.raises(TemplateError, match="'a' is in the groups 'fe' and 'wn'"):
        translate(plan, both, "pool", "0.1.0", nothing)
