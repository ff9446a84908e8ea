# SPDX-License-Identifier: Apache-2.0
"""A template that reaches for the controller is refused, by every way there is, before anything is made."""

from __future__ import annotations

import re

import pytest
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
