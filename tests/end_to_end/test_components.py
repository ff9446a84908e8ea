# SPDX-License-Identifier: Apache-2.0
"""Components that share a machine are strangers to each other: each has its own arguments, facts and attributes."""

from __future__ import annotations

import json
import os

import docker
import pytest

pytestmark = pytest.mark.engine

NAME = f"scope-{os.getpid()}"
# Set in every way in which a task can set something, after all has been seen.
PLAYBOOK = """\
- hosts: all
  gather_facts: false
  vars:
    shade: "own of {{ colour }}"
  tasks:
    - name: See what there is before anything is set
      ansible.builtin.lineinfile:
        path: /root/seen
        create: true
        mode: "0600"
        line: >-
          {{ colour }} {{ more | default('-') }} {{ shade }} {{ result is defined }} {{ of_file is defined }}
          {{ paint_url | default('-') }}
    - name: Tidy the argument
      ansible.builtin.set_fact: { colour: "{{ colour | upper }}", shade: of another }
    - name: Register
      ansible.builtin.command: { argv: [echo, "{{ colour }}"] }
      register: result
      changed_when: false
    - name: Include
      ansible.builtin.include_vars: { file: more.yml }
    - name: Tell
      ansible.builtin.set_fact: { paint_url: "paint://{{ result.stdout }}/{{ of_file }}", more: leaked }
"""
TEMPLATE = """\
tosca_definitions_version: tosca_simple_yaml_1_3
node_types:
  lab.Paint:
    derived_from: tosca.nodes.SoftwareComponent
    properties:
      colour: { type: string }
      more: { type: string, required: false }
    attributes:
      url: { type: string }
      secret: { type: string }
    interfaces:
      Standard:
        configure:
          implementation: play/paint.yml
          inputs:
            colour: { get_property: [SELF, colour] }
            more: { get_property: [SELF, more] }
          outputs:
            paint_url: [SELF, url]
            vault_secret: [SELF, secret]
topology_template:
  node_templates:
    one: { type: tosca.nodes.indigo.Compute }
    two: { type: tosca.nodes.indigo.Compute }
    first: { type: lab.Paint, properties: { colour: red, more: m }, requirements: [ { host: one } ] }
    second: { type: lab.Paint, properties: { colour: blue }, requirements: [ { host: HOST }, { dependency: first } ] }
    third:
      type: lab.Paint
      properties: { colour: { get_attribute: [first, url] } }
      requirements: [ { host: HOST }, { dependency: second } ]
  outputs:
    first: { value: { get_attribute: [first, url] } }
    second: { value: { get_attribute: [second, url] } }
    third: { value: { get_attribute: [third, url] } }
    secret: { value: { get_attribute: [first, secret] } }
"""
OUTPUTS = {
    "first": "paint://RED/f",
    "second": "paint://BLUE/f",
    "third": "paint://PAINT://RED/F/f",
    "secret": None,
}
SEEN = [
    "red m own of red False False -",
    "blue - own of blue False False -",
    "paint://RED/f - own of paint://RED/f False False -",
]


@pytest.fixture
def template(tmp_path):
    (tmp_path / "play" / "vars").mkdir(parents=True)
    (tmp_path / "play" / "paint.yml").write_text(PLAYBOOK)
    (tmp_path / "play" / "vars" / "more.yml").write_text("of_file: f\n")
    sites = {"paas_sites": {"hosts": {"local": {"site_type": "docker"}}}, "all": {"vars": {"vault_secret": "geheim"}}}
    (tmp_path / "sites.json").write_text(json.dumps(sites))
    return tmp_path / "template.yaml"


@pytest.fixture
def name(indigo):
    yield NAME
    indigo("destroy", NAME, "--yes", status=None)


def seen():
    """Return what the playbooks saw, of one machine after another."""
    found = docker.from_env().containers.list(filters={"label": f"indigo.paas.deployment={NAME}"})
    texts = [
        node.exec_run(["sh", "-c", "cat /root/seen 2>/dev/null"]).output.decode()
        for node in sorted(found, key=lambda node: node.name)
    ]
    return [line for text in texts for line in text.splitlines()]


@pytest.mark.parametrize("host", ["one", "two"])
def test_on_one_machine_as_on_two(indigo, name, template, host):
    template.write_text(TEMPLATE.replace("HOST", host))
    indigo.env["INDIGO_PAAS_SITES"] = str(template.parent / "sites.json")
    made = indigo.json("deploy", str(template), "--name", name)
    assert made["outputs"] == OUTPUTS
    assert seen() == SEEN
