#!/usr/bin/python
# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: wait_for_node
short_description: Wait until a node can be worked on
version_added: 0.4.0
author:
  - The indigo.paas authors (@indigo-paas)
description:
  - Waits as C(ansible.builtin.wait_for_connection) does, until Ansible can run modules on the node.
  - In check mode it neither waits nor gathers facts.
  - Where the node is known to be set up, a host key that is not known and a login that is refused end the wait at once,
    with what to do.
extends_documentation_fragment:
  - indigo.paas.attributes
  - indigo.paas.attributes.info
options:
  facts:
    description:
      - Which facts of the node to gather as soon as it answers, for the tasks that follow. That costs less than a task
        of its own.
      - V(common) are those that roles of services read, on the architecture, distribution, network and platform.
      - V(all) are those that C(ansible.builtin.setup) gathers by default.
    type: str
    choices: [none, common, all]
    default: none
    version_added: 0.5.0
  settled:
    description:
      - Whether the keys of the node are those that it will have. They are on a machine that existed before.
      - They are not yet on one that was just made, where the node puts keys in place while it starts. Then
        such failures count as a node that is not ready.
    type: bool
    default: false
  timeout:
    description:
      - How long to wait at most, in seconds.
    type: int
    default: 600
  connect_timeout:
    description:
      - How long one attempt may take, in seconds, where the connection has a test of its own.
    type: int
    default: 5
  delay:
    description:
      - How long to wait before the first attempt, in seconds.
    type: int
    default: 0
  sleep:
    description:
      - How long to wait between attempts, in seconds.
    type: int
    default: 1
seealso:
  - module: indigo.paas.fleet
"""

EXAMPLES = r"""
- name: Wait until the node answers
  indigo.paas.wait_for_node:
    timeout: 300
    facts: common
    settled: true
"""

RETURN = r"""
elapsed:
  description: How long it took, in seconds.
  returned: always
  type: int
  sample: 3
ansible_facts:
  description: What was found out about the node.
  returned: when O(facts) is not V(none), and not in check mode
  type: dict
  sample:
    architecture: x86_64
    distribution: Debian
"""
