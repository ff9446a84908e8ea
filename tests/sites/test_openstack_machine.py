# SPDX-License-Identifier: Apache-2.0
"""A machine of a real OpenStack, started by an emulator: reached over SSH and configured, as a user does it."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import Command
from tests.sites.openstack_cloud.cloud import Project

pytestmark = [pytest.mark.engine, pytest.mark.slow]

NAME = "ost-machine"
TEXT = "{{ 6 * 7 }} $(touch /root/trap) 'öäü'"
TEMPLATE = """\
tosca_definitions_version: tosca_simple_yaml_1_3
imports:
  - indigo_custom_types: https://raw.githubusercontent.com/indigo-dc/tosca-types/master/custom_types.yaml
node_types:
  example.nodes.Notice:
    derived_from: tosca.nodes.SoftwareComponent
    properties:
      text: { type: string }
    interfaces:
      Standard:
        configure:
          implementation: notice.yml
          inputs:
            message: { get_property: [SELF, text] }
topology_template:
  inputs:
    text: { type: string }
  node_templates:
    notice:
      type: example.nodes.Notice
      properties:
        text: { get_input: text }
      requirements:
        - host: server
    server:
      type: tosca.nodes.indigo.Compute
      properties:
        os_users:
          - os_user_name: alice
            os_user_guid: 4711
      capabilities:
        host:
          properties:
            num_cpus: 1
            mem_size: 512 MB
        os:
          properties:
            distribution: debian
            version: 13
"""
PLAYBOOK = """\
---
- hosts: localhost
  connection: local
  tasks:
    - name: Write the notice
      copy:
        content: "{{ message }}"
        dest: /root/notice
        mode: "0644"
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    directory = tmp_path_factory.mktemp("template")
    (directory / "notice.yml").write_text(PLAYBOOK)
    (directory / "template.yaml").write_text(TEMPLATE)
    return directory / "template.yaml"


@pytest.fixture(scope="module")
def indigo(tmp_path_factory: pytest.TempPathFactory, run: Callable[..., Any], project: Project) -> Iterator[Command]:
    home = tmp_path_factory.mktemp("machine")
    options = project.options(private_network="guests", availability_zone="real", wait_for_ssh=True)
    site = {"ansible_connection": "local", **{f"site_{name}": value for name, value in options.items()}}
    (home / "sites.yml").write_text(json.dumps({"paas_sites": {"hosts": {"cloud": site}}}))
    command = Command(home / "home", run)
    command.env["INDIGO_PAAS_SITES"] = str(home / "sites.yml")
    yield command
    command("destroy", NAME, "--yes", status=None)
    assert project.left(NAME) == {}


def test_a_machine_is_made_configured_and_deleted(indigo: Command, template: pathlib.Path, project: Project):
    made = indigo.json("deploy", str(template), "--name", NAME, "-i", f"text={TEXT}")
    assert (made["status"], made["site"]) == ("CREATE_COMPLETE", "cloud")
    [node] = made["nodes"]
    [server] = project.connection.compute.servers()
    assert node["id"] == server.id

    def on_node(command: str) -> str:
        return str(indigo("ssh", NAME, "--", command).stdout).strip()

    assert on_node("cat /root/notice") == TEXT
    assert on_node("hostname; id -u alice; systemd-detect-virt").split() == [node["name"], "4711", "qemu"]
    # Only a machine that has read its user data has this key.
    host_key = on_node("cat /etc/ssh/ssh_host_ed25519_key.pub").split()[:2]
    assert " ".join(host_key) == server.metadata["indigo.paas.host_key"]

    indigo("destroy", NAME, "--yes")
    assert project.left(NAME) == {}
