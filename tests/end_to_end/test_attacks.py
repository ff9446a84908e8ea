# SPDX-License-Identifier: Apache-2.0
"""A template that reaches for the controller is refused, by every way there is, before anything is made.

What it may say in free text reaches the node as that text, and runs neither there nor here.
"""

from __future__ import annotations

import json
import os
import re

import docker
import pytest
import yaml
from starlette.testclient import TestClient

from indigo_paas.service.app import make_app
from tests.service.core.conftest import Service

TEMPLATE = """\
tosca_definitions_version: tosca_simple_yaml_1_3
node_types:
  lab.Front:
    derived_from: tosca.nodes.indigo.LRMS.FrontEnd.HTCondor
    attributes: { x: { type: string } }
topology_template:
  node_templates:
    box: { type: tosca.nodes.indigo.Compute }
    front:
      type: lab.Front
      requirements: [ { host: box } ]
      interfaces:
        Standard:
          configure:
            PART
"""
ATTACKS = {
    "code": ("inputs: { ansible_ssh_extra_args: '-o ProxyCommand=\"touch MARKER\"' }", "keeps to itself"),
    "connection": ("inputs: { ansible_connection: local }", "keeps to itself"),
    "file": ("inputs: { htcondor_token_file: /etc/shadow }", "is for operators"),
    "secret": ("outputs: { vault_password: [SELF, x] }", "declares no output 'vault_password'"),
    "role": ("implementation: no.such.role", "is not installed"),
}


@pytest.fixture(params=ATTACKS)
def attack(request, tmp_path):
    """Return the template of an attack, and what is said of it; afterwards nothing may have run."""
    part, words = ATTACKS[request.param]
    marker = tmp_path / "marker"
    template = tmp_path / "template.yaml"
    template.write_text(TEMPLATE.replace("PART", part.replace("MARKER", str(marker))))
    yield template, words
    assert not marker.exists()


def test_the_command_refuses_it(indigo, attack):
    template, words = attack
    told = indigo("deploy", str(template), "--name", "attack", status=2).stderr
    assert words in told
    assert re.search(r"template\.yaml:1[45]:", told)
    assert indigo.json("list") == []


def test_translate_refuses_it(indigo, attack, tmp_path):
    template, words = attack
    told = indigo("translate", str(template), "-o", str(tmp_path / "project"), "--name", "attack", status=2).stderr
    assert words in told
    assert not (tmp_path / "project").exists()


def test_ansible_playbook_refuses_it(run, root, attack, tmp_path):
    template, words = attack
    cluster = tmp_path / "cluster.indigo.yml"
    cluster.write_text(f"plugin: indigo.paas.deployment\nname: attack\ntemplate: {template}\nsite: local\n")
    inventory = ("-i", str(root / "inventories/local"), "-i", str(cluster))
    done = run("ansible-playbook", *inventory, "indigo.paas.deploy", status=None)
    assert done.returncode != 0
    assert words in " ".join((done.stdout + done.stderr).split())


def test_the_service_refuses_it(attack, tmp_path):
    template, words = attack
    service = Service(tmp_path / "service", INDIGO_PAAS_IDENTITY_ANONYMOUS="true")
    try:
        client = TestClient(
            make_app(service.settings, service.desk), base_url="http://localhost", client=("127.0.0.1", 1)
        )
        answer = client.post("/deployments", json={"template": template.read_text()})
        assert answer.status_code == 400
        # What its operator did not allow is told first: a role from elsewhere is code from elsewhere.
        message = answer.json()["message"]
        assert words in message or "runs no code from elsewhere" in message
        assert client.get("/deployments").json()["content"] == []
    finally:
        service.close()


@pytest.mark.engine
def test_ansible_playbook_puts_no_node_into_a_group_of_the_operator(run, tmp_path):
    """Its variables would be the node's: the password for the operator's hosts would be sent to it."""
    farm = {"hosts": {"db": None}, "vars": {"ansible_password": "geheim"}}
    sites = {"paas_sites": {"hosts": {"local": {"site_type": "docker"}}}, "farm": farm}
    (tmp_path / "sites.yml").write_text(json.dumps(sites))
    types = {"farm": {"type": "tosca.nodes.indigo.Compute"}}
    template = {"tosca_definitions_version": "tosca_simple_yaml_1_3", "topology_template": {"node_templates": types}}
    (tmp_path / "template.yaml").write_text(json.dumps(template))
    cluster = {"plugin": "indigo.paas.deployment", "name": "attack", "template": "template.yaml", "site": "local"}
    (tmp_path / "cluster.indigo.yml").write_text(json.dumps(cluster))
    by_plugin = ("-i", str(tmp_path / "sites.yml"), "-i", str(tmp_path / "cluster.indigo.yml"))
    given = {"paas_name": "attack", "paas_template": str(tmp_path / "template.yaml"), "paas_site": "local"}
    by_variables = ("-i", str(tmp_path / "sites.yml"), "-e", json.dumps(given))
    for inventory in (by_plugin, by_variables):
        done = run("ansible-playbook", *inventory, "indigo.paas.deploy", status=None)
        assert done.returncode != 0
        told = " ".join((done.stdout + done.stderr).split())
        assert "The inventory has hosts of its own in the group 'farm'" in told


NAME = f"attack-{os.getpid()}"
PLAYBOOK = """\
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.copy:
        dest: /root/given
        content: "{{ {'text': text, 'tree': tree} | to_json }}"
        mode: "0600"
    - ansible.builtin.set_fact: { said: "{{ tree }}" }
"""


def trap(directory, place):
    """Return text that leaves a file named after PLACE where Jinja, a shell or ssh takes it for its own."""
    leave = f"touch {directory}/{place}"
    lookup = f"lookup('ansible.builtin.pipe', '{leave}')"
    return (
        f"-oProxyCommand={leave} {{{{ {lookup} }}}} {{% if {lookup} %}}x{{% endif %}} !unsafe $({leave}) `{leave}` "
        f"; {leave} | {leave} && {leave} # ' ; {leave} ' \" ; {leave} \" \\ é"
    )


def hostile(directory):
    """Return a template of which every text is a trap, and what shall arrive of its arguments."""
    node, component, output = (trap(directory, place) for place in ("node", "component", "output"))
    tree = {
        trap(directory, "key"): [trap(directory, "item"), {"ansible_connection": "local", "x": "{{ 7 * 7 }}"}],
        "paas_told": {component: [{"text": "forged"}]},
        "__ansible_unsafe": trap(directory, "unsafe"),
        "__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\n00",
    }
    inputs = {"text": {"get_property": ["SELF", "text"]}, "tree": tree}
    said = {"implementation": "play.yml", "inputs": inputs, "outputs": {"said": ["SELF", "said"]}}
    types = {
        "lab.Said": {
            "derived_from": "tosca.nodes.SoftwareComponent",
            "properties": {"text": {"type": "string"}},
            "attributes": {"said": {"type": "map"}},
            "interfaces": {"Standard": {"configure": said}},
        }
    }
    network = {"endpoint": {"properties": {"dns_name": trap(directory, "dns_name")}}}
    nodes = {
        node: {
            "type": "tosca.nodes.indigo.Compute",
            "properties": {"tags": {"trap": trap(directory, "tag")}},
            "capabilities": network,
        },
        component: {
            "type": "lab.Said",
            "properties": {"text": {"concat": [{"get_input": "given"}, trap(directory, "property")]}},
            "requirements": [{"host": node}],
        },
    }
    topology = {
        "inputs": {"given": {"type": "string"}},
        "node_templates": nodes,
        "groups": {trap(directory, "group"): {"type": "tosca.groups.Root", "members": [node]}},
        "outputs": {output: {"value": {"get_attribute": [component, "said"]}}},
    }
    template = {
        "tosca_definitions_version": "tosca_simple_yaml_1_3",
        "node_types": types,
        "topology_template": topology,
    }
    given = {"text": trap(directory, "input") + trap(directory, "property"), "tree": tree}
    return template, given, output


@pytest.mark.engine
def test_free_text_reaches_the_node_and_runs_nowhere(indigo, tmp_path):
    traps = tmp_path / "traps"
    traps.mkdir()
    template, given, output = hostile(traps)
    (tmp_path / "play.yml").write_text(PLAYBOOK)
    (tmp_path / "template.yaml").write_text(yaml.safe_dump(template, allow_unicode=True, sort_keys=False))
    (tmp_path / "inputs.yaml").write_text(yaml.safe_dump({"given": trap(traps, "input")}))
    asked = (str(tmp_path / "template.yaml"), "--inputs", str(tmp_path / "inputs.yaml"), "--name", NAME)
    try:
        made = indigo.json("deploy", *asked)
        (node,) = docker.from_env().containers.list(filters={"label": f"indigo.paas.deployment={NAME}"})
        arrived = json.loads(node.exec_run(["cat", "/root/given"]).output)
        sprung = node.exec_run(["sh", "-c", f"ls {traps} 2>/dev/null"]).output.decode()
    finally:
        indigo("destroy", NAME, "--yes", status=None)
    assert arrived == given
    assert made["outputs"] == {output: given["tree"]}
    assert sprung == ""
    assert list(traps.iterdir()) == []


# What root of a node may put between Ansible and its modules: each answer carries results that are not its own, once
# as values that Ansible adds up, and once as an event written into a warning with ansible-runner's marks.
LIAR = """\
#!{python}.real
import base64, json, subprocess, sys
done = subprocess.run(["{python}.real", *sys.argv[1:]], input=sys.stdin.buffer.read(), stdout=subprocess.PIPE)
answer = done.stdout
try:
    told = json.loads(answer)
    forged = {{"ansible_stats": {{"data": {{"paas_result": {result}}}, "aggregate": False, "per_host": False}}}}
    about = {{"host": "localhost", "task": "t", "task_action": "set_stats", "res": forged}}
    event = json.dumps({{"uuid": "forged", "event": "runner_on_ok", "event_data": about}}).encode()
    mark = base64.b64encode(event).decode()
    warning = "\\x1b[K%s\\x1b[%dD\\x1b[K" % (mark, len(mark))
    answer = json.dumps({{**told, **forged, "warnings": [warning]}}).encode()
except ValueError:
    pass
sys.stdout.buffer.write(answer)
sys.exit(done.returncode)
"""
FORGED = {"site": "nowhere", "sites": ["nowhere"], "nodes": [{"name": "x"}], "outputs": {"told": "forged"}}
LYING_NODE = """\
tosca_definitions_version: tosca_simple_yaml_1_3
node_types:
  lab.Said:
    derived_from: tosca.nodes.SoftwareComponent
    interfaces: { Standard: { configure: play.yml } }
topology_template:
  node_templates:
    box: { type: tosca.nodes.indigo.Compute }
    said: { type: lab.Said, requirements: [ { host: box } ] }
  outputs: { told: { value: true } }
"""


@pytest.mark.engine
def test_what_a_node_answers_does_not_change_what_is_kept_of_the_deployment(indigo, tmp_path):
    name = f"{NAME}-liar"
    (tmp_path / "play.yml").write_text("- hosts: all\n  tasks: [ { ansible.builtin.command: 'true' } ]\n")
    (tmp_path / "template.yaml").write_text(LYING_NODE)
    deploy = ("deploy", str(tmp_path / "template.yaml"), "--name", name)
    try:
        made = indigo.json(*deploy)
        (node,) = docker.from_env().containers.list(filters={"label": f"indigo.paas.deployment={name}"})
        python = node.exec_run(["readlink", "-f", "/usr/bin/python3"]).output.decode().strip()
        liar = LIAR.format(python=python, result=repr(FORGED))
        lie = f"mv {python} {python}.real && cat > {python} <<'END'\n{liar}END\nchmod 755 {python}"
        assert node.exec_run(["sh", "-c", lie]).exit_code == 0
        again = indigo.json(*deploy)
        shown = indigo.json("show", name)
    finally:
        ended = indigo("destroy", name, "--yes", status=None)
    assert (again["outputs"], again["changed"] > 0) == (made["outputs"], True)
    assert (shown["site"], len(shown["nodes"])) == ("local", 1)
    assert ended.returncode == 0
    assert docker.from_env().containers.list(all=True, filters={"label": f"indigo.paas.deployment={name}"}) == []
