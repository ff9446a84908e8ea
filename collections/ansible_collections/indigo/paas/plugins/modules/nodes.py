#!/usr/bin/python
# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: nodes
short_description: Make the nodes at a site match a plan
version_added: 0.1.0
author:
  - The indigo.paas authors (@indigo-paas)
description:
  - Creates, repairs and removes the nodes of a deployment until they are those of the plan,
    and waits until each answers over SSH.
  - Nodes are found by the labels that they were made with.
    Running it again continues what a run before it left undone, however that run ended.
  - A stopped node is started again. A node whose creation broke off is made anew.
  - It runs on the controller.
extends_documentation_fragment:
  - indigo.paas.attributes
  - indigo.paas.sites
  - indigo.paas.sites.deployment
  - indigo.paas.sites.key
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  groups:
    description:
      - The node groups of the plan, as in RV(indigo.paas.plan#module:plan.groups).
      - Required when O(state=present).
    type: list
    elements: dict
  state:
    description:
      - With V(present) the nodes match O(groups). Those that O(groups) do not want are removed.
      - With V(absent) all that the deployment has at the site is deleted, its network included.
    type: str
    choices:
      - present
      - absent
    default: present
seealso:
  - module: indigo.paas.plan
  - module: indigo.paas.nodes_info
"""

EXAMPLES = r"""
- name: Make the nodes of the plan
  indigo.paas.nodes:
    site: "{{ hostvars | indigo.paas.site('local') }}"
    deployment: my-pool
    groups: "{{ planned.plan.groups }}"
    ssh_key: my-pool/ssh_key
  register: made

- name: Delete all that the deployment has at the site
  indigo.paas.nodes:
    site:
      name: local
      type: docker
    deployment: my-pool
    state: absent
"""

RETURN = r"""
nodes:
  description:
    - The nodes that there are now, sorted by group and index, as M(indigo.paas.nodes_info) returns them.
    - In check mode, those that would stay.
  returned: success
  type: list
  elements: dict
  sample:
    - name: wn-server-0
      group: wn_server
      index: 0
      id: 1dfee2a47ebba1bf390069bbe8e58bf06addb9fe8d366dc288031bc39a006f03
      state: running
      private_address: ["172.18.0.4"]
      public_address: []
      ansible_host: 172.18.0.4
      ansible_port: 22
      ansible_user: root
      python: /usr/bin/python3
      host_keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOcsOCLwqao/gCS988Mpai6f7yUkgBniFyVQ0QGM+BXS"]
      size: {"cpus": 1.0, "memory": 1000000000}
      problem: null
created:
  description: Names of the nodes that were made.
  returned: success
  type: list
  elements: str
  sample: [wn-server-1]
repaired:
  description: Names of the nodes that were started again, made anew, or taught the key.
  returned: success
  type: list
  elements: str
  sample: []
removed:
  description: Names of the nodes that were removed.
  returned: success
  type: list
  elements: str
  sample: []
kept:
  description: Names of the nodes that were as they should be.
  returned: success
  type: list
  elements: str
  sample: [fe-server-0, wn-server-0]
problems:
  description: What went wrong, one entry for each node or reason.
  returned: failure
  type: list
  elements: dict
  sample:
    - message: >-
        Site 'local' cannot hold 'my-pool': The deployment asks for 200 nodes in all; it has 100 nodes free.
bad_input:
  description: Whether the request itself was at fault, so that nothing was done and trying again cannot help.
  returned: failure
  type: bool
  sample: true
"""
