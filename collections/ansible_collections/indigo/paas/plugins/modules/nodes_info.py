#!/usr/bin/python
# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: nodes_info
short_description: Find the nodes of a deployment
version_added: 0.1.0
author:
  - The indigo.paas authors (@indigo-paas)
description:
  - Finds the nodes of a deployment at its sites by their labels, and compares them with a plan.
  - It runs on the controller.
extends_documentation_fragment:
  - indigo.paas.attributes
  - indigo.paas.attributes.info
  - indigo.paas.sites.deployment
options:
  site:
    description:
      - The site, as a dictionary of its C(name), its C(type) and the options of that type.
      - One of O(site) and O(sites) is required.
    type: dict
  sites:
    description:
      - Several sites by name, each a dictionary of its C(type) and the options of that type,
        as the filter P(indigo.paas.sites#filter) gives them.
    version_added: 0.3.0
    type: dict
  lenient:
    description:
      - Whether a site that cannot be asked is told in RV(silent), rather than being a failure.
    version_added: 0.3.0
    type: bool
    default: false
  groups:
    description:
      - The node groups of the plan, as in RV(indigo.paas.plan#module:plan.groups).
      - When it is left out, nothing is compared.
    type: list
    elements: dict
seealso:
  - module: indigo.paas.nodes
  - module: indigo.paas.plan
"""

EXAMPLES = r"""
- name: Find the nodes and compare them with the plan
  indigo.paas.nodes_info:
    site: "{{ hostvars | indigo.paas.site('local') }}"
    deployment: my-pool
    groups: "{{ planned.plan.groups }}"
  register: found

- name: Refuse to go on when a node is not well
  ansible.builtin.assert:
    that:
      - found.problems | length == 0
    fail_msg: "{{ found.problems | join(' ') }}"
"""

RETURN = r"""
nodes:
  description: The nodes that exist, sorted by group and index.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The node's host name.
      type: str
      sample: wn-server-0
    group:
      description: Its node group.
      type: str
      sample: wn_server
    index:
      description: Its number in the group.
      type: int
      sample: 0
    id:
      description: What the site calls it.
      type: str
      sample: 1dfee2a47ebba1bf390069bbe8e58bf06addb9fe8d366dc288031bc39a006f03
    state:
      description:
        - One of V(running), V(stopped) when it can be started again,
          V(unfinished) when its creation broke off, and V(error).
      type: str
      sample: running
    private_address:
      description: Its addresses in the deployment's network.
      type: list
      elements: str
      sample: ["172.18.0.4"]
    public_address:
      description: Its addresses for the world outside.
      type: list
      elements: str
      sample: []
    ansible_host:
      description: Where the controller reaches it.
      type: str
      sample: 172.18.0.4
    ansible_port:
      description: Port of its SSH server.
      type: int
      sample: 22
    ansible_user:
      description: The user to log in as.
      type: str
      sample: root
    site:
      description: The site where it is.
      type: str
      sample: local
    ansible_become:
      description: V(true) where who runs Ansible has to become root there, else null.
      type: bool
    named:
      description: Whether a name service of its site knows the deployment's nodes.
      type: bool
    leased:
      description: Whether the machine was there before, and stays when the deployment is gone.
      type: bool
    ansible_connection:
      description: C(local) where the node is the controller's own machine, null for SSH.
      type: str
      sample: null
    python:
      description: Path of its Python interpreter.
      type: str
      sample: /usr/bin/python3
    host_keys:
      description: Its public SSH host keys, learned from the site.
      type: list
      elements: str
      sample: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOcsOCLwqao/gCS988Mpai6f7yUkgBniFyVQ0QGM+BXS"]
    size:
      description: CPUs and bytes of memory that it was made with.
      type: dict
      sample: {"cpus": 1.0, "memory": 1000000000}
    problem:
      description: What is wrong with it. Null when nothing is.
      type: str
      sample: null
changes:
  description: Names of the nodes that M(indigo.paas.nodes) would create, repair, remove and keep.
  returned: when O(groups) is given
  type: dict
  sample:
    create: [wn-server-1]
    repair: []
    remove: []
    keep: [fe-server-0, wn-server-0]
leaving:
  description: The nodes that the plan does not want, like RV(nodes).
  returned: when O(groups) is given
  type: list
  elements: dict
  sample: []
silent:
  description: Why each site that could not be asked could not, by site. Empty unless O(lenient=true).
  returned: success
  type: dict
  sample: {}
problems:
  description: Where the nodes differ from the plan, one sentence a node. On failure, what went wrong.
  returned: when O(groups) is given, and on failure
  type: list
  elements: raw
  sample: ["Node wn-server-1 is missing."]
"""
