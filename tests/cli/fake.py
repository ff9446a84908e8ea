# SPDX-License-Identifier: Apache-2.0
"""The command with a collection of small playbooks and one site that is always there.

Run as a program: $FAKE_COLLECTIONS is the directory of the collection that `write` made.
"""

from __future__ import annotations

import os
import pathlib
import sys
import typing

DESCRIPTION = {
    "name": "here",
    "type": "fake",
    "available": True,
    "problem": None,
    "images": [{"type": "linux", "distribution": "debian", "version": "13", "architecture": "x86_64"}],
    "capacity": {"cpus": 8, "memory": 8_000_000_000, "nodes": 10},
    "largest_node": {"cpus": 4, "memory": 4_000_000_000},
    "used": {"cpus": 0, "memory": 0, "nodes": 0},
    "location": None,
}

SITES = """\
---
paas_sites:
  hosts:
    here:
      site_type: fake
"""

INVENTORY = """\
DOCUMENTATION = '''
name: deployment
short_description: Reads what is asked for
description: Reads what is asked for.
options:
  plugin: {type: str, required: true, description: x}
  name: {type: str, required: true, description: x}
  template: {type: str, required: true, description: x}
  inputs: {type: dict, default: {}, description: x}
  site: {type: str, description: x}
  counts: {type: dict, default: {}, description: x}
  removals: {type: dict, default: {}, description: x}
  strict: {type: bool, default: false, description: x}
  trust_template: {type: bool, default: false, description: x}
  state_dir: {type: str, description: x}
'''
import json
import os
import yaml
from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin

class InventoryModule(BaseInventoryPlugin):
    NAME = "indigo.paas.deployment"

    def verify_file(self, path):
        return path.endswith(".indigo.yml")

    def wanted(self, here):
        # The indices of the nodes of the template's one group, which is called server.
        inputs, counts = self.get_option("inputs"), self.get_option("counts")
        gone = self.get_option("removals").get("server", [])
        try:
            with open(os.path.join(here, self.get_option("template"))) as file:
                default = yaml.safe_load(file)["topology_template"]["inputs"]["count"]["default"]
        except (OSError, ValueError, LookupError, TypeError, yaml.YAMLError):
            default = 1
        count = counts.get("server", inputs.get("count", default))
        return [index for index in range(count + len(gone)) if f"server-{index}" not in gone][:count]

    def parse(self, inventory, loader, path, cache=True):
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        if os.environ.get("FAKE_UNREADABLE"):
            raise AnsibleParserError("the site is on fire")
        inventory.set_variable("all", "paas_name", self.get_option("name"))
        inventory.set_variable("all", "paas_nodes", [
            {"name": f"server-{index}", "group": "server", "index": index, "id": "x", "state": "running",
             "ansible_host": "127.0.0.1", "ansible_port": 2, "ansible_user": "root",
             "private_address": ["127.0.0.1", "fd00::1"], "public_address": ["127.0.0.1"]}
            for index in self.wanted(os.path.dirname(path))
        ])
        inventory.set_variable("all", "paas_here", os.path.dirname(path))
        inventory.set_variable("all", "paas_asked", json.loads(json.dumps(self.get_options(), default=str)))
"""

DEPLOY = """\
---
- name: Make the nodes
  hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
    said: "{{ lookup('ansible.builtin.env', 'FAKE_SAYS') }}"
    moment: "{{ lookup('ansible.builtin.env', 'FAKE_SLEEP') | default('0', true) }}"
    token: "{{ lookup('ansible.builtin.env', 'INDIGO_PAAS_ACCESS_TOKEN_FILE') }}"
  tasks:
    - name: Publish the nodes
      ansible.builtin.set_stats:
        data:
          paas_result:
            nodes: "{{ paas_nodes }}"
      when: lookup('ansible.builtin.env', 'FAKE_NODES_FIRST') | length > 0

    - name: Take a moment
      ansible.builtin.command:
        cmd: "sleep {{ moment }}"
      changed_when: false
      when: moment != '0'

    - name: Change something
      ansible.builtin.file:
        path: "{{ paas_here }}/made"
        state: touch
        mode: "0600"
        access_time: preserve
        modification_time: preserve

    - name: Fail where it is wished
      ansible.builtin.fail:
        msg: "{{ said }} {{ paas_asked.inputs.password | default('') }}"
      when: lookup('ansible.builtin.env', 'FAKE_FAIL') | length > 0

    - name: Publish
      ansible.builtin.set_stats:
        data:
          paas_result:
            site: here
            nodes: "{{ paas_nodes }}"
            outputs:
              said: "{{ said }}"
              asked: "{{ paas_asked }}"
              token: "{{ lookup('ansible.builtin.file', token) if token else none }}"
      when: lookup('ansible.builtin.env', 'FAKE_SILENT') | length == 0
"""

DESTROY = """\
---
- name: Delete the nodes
  hosts: localhost
  connection: local
  gather_facts: false
  vars:
    moment: "{{ lookup('ansible.builtin.env', 'FAKE_SLEEP') | default('0', true) }}"
  tasks:
    - name: Take a moment
      ansible.builtin.command:
        cmd: "sleep {{ moment }}"
      changed_when: false
      when: moment != '0'

    - name: Know the name
      ansible.builtin.assert:
        that:
          - paas_name is defined
          - lookup('ansible.builtin.env', 'FAKE_FAIL') | length == 0
"""

UNDO = """\
---
- name: Remove the nodes
  hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Fail where it is wished
      ansible.builtin.fail:
        msg: the site is down
      when: lookup('ansible.builtin.env', 'FAKE_FAIL') == 'always'

    - name: Publish
      ansible.builtin.set_stats:
        data:
          paas_result:
            nodes: "{{ paas_nodes | rejectattr('name', 'in', paas_removals.server) | list }}"
            counts: "{{ paas_counts }}"
"""

POWER = """\
---
- name: Start or stop nodes
  hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Publish
      ansible.builtin.set_stats:
        data:
          paas_result:
            nodes: "{{ others + switched | map('combine', {'state': paas_power_state}) | list }}"
      vars:
        others: "{{ paas_nodes | rejectattr('name', 'in', paas_power_nodes) | list }}"
        switched: "{{ paas_nodes | selectattr('name', 'in', paas_power_nodes) | list }}"
"""


def write(root: pathlib.Path) -> pathlib.Path:
    """Write the collection under ROOT and return ROOT."""
    collection = root / "ansible_collections" / "indigo" / "paas"
    playbooks, plugins = collection / "playbooks", collection / "plugins" / "inventory"
    playbooks.mkdir(parents=True)
    plugins.mkdir(parents=True)
    for name in ("deploy", "scale", "check"):
        (playbooks / f"{name}.yml").write_text(DEPLOY)
    (playbooks / "destroy.yml").write_text(DESTROY)
    (playbooks / "power.yml").write_text(POWER)
    (playbooks / "undo.yml").write_text(UNDO)
    (plugins / "deployment.py").write_text(INVENTORY)
    (root / "sites.yml").write_text(SITES)
    return root


NODE = {"name": "server-0", "group": "server", "index": 0, "id": "x", "state": "running", "ansible_host": "127.0.0.1"}


def deployments_at(sites: typing.Any) -> typing.Any:
    """Return the deployments that $FAKE_RUNNING names, at all SITES; $FAKE_SILENT_SITES: none of them answers."""
    if os.environ.get("FAKE_SILENT_SITES"):
        return {}, {site: f"Site '{site}' does not answer." for site in sites}
    return {name: list(sites) for name in os.environ.get("FAKE_RUNNING", "").split()}, {}


def main() -> int:
    """Run the command of this process with the fakes in place."""
    from indigo_paas import cli
    from indigo_paas.templates import collection

    collection.root = lambda: pathlib.Path(os.environ["FAKE_COLLECTIONS"])
    collection.describe_sites = lambda sites: [DESCRIPTION]
    collection.deployments_at = deployments_at
    collection.starting_images = lambda plan, sites: {}
    collection.lacks_images = lambda plan, name, options: False
    collection.nodes_at = lambda sites, name: [{**NODE, "site": site} for site in sites]
    return cli.run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
