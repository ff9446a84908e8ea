#!/usr/bin/python
# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: fleet
short_description: Make a deployment's nodes at the sites that suit it best
version_added: 0.3.0
author:
  - The indigo.paas authors (@indigo-paas)
description:
  - Creates, repairs and removes the nodes of a deployment until they are those of the plan, at all its sites at once.
  - Where a site fails, because of a quota, an API that does not answer, machines that never come up, or
    O(provider_timeout), what was made there is removed and the best of the other sites is tried.
  - A site where the deployment had nodes before is not left, unless O(may_move=true).
  - Nodes are found by the labels that they were made with.
    Running it again continues what a run before it left undone, however that run ended.
  - It runs on the controller.
extends_documentation_fragment:
  - indigo.paas.attributes
  - indigo.paas.sites.several
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
  plan:
    description:
      - The plan, as M(indigo.paas.plan) returns it.
      - Required when O(state=present).
    type: dict
  nodes:
    description:
      - The nodes that the deployment has, as in RV(indigo.paas.nodes_info#module:nodes).
        When they are left out, they are looked for at all of O(sites).
    type: list
    elements: dict
  placement:
    description:
      - What each site is to hold, as in RV(indigo.paas.broker#module:placement). When it is left out, it is chosen now.
    type: dict
  state:
    description:
      - With V(present) the nodes match the plan. Those that it does not want are removed.
      - With V(absent) all that the deployment has at O(sites) is deleted, its networks included.
        A site that fails does not stop the others.
    type: str
    choices:
      - present
      - absent
    default: present
  force:
    description:
      - With O(state=absent), what cannot be asked or deleted stays, and is told by warnings, not a failure.
    type: bool
    default: false
  spread:
    description:
      - Whether the nodes may go to several sites where no single one has room for all.
    type: bool
    default: false
  max_providers_retry:
    description:
      - How many attempts may fail in all. By default as many as there are sites.
    type: int
  keep_last_attempt:
    description:
      - Whether the remains of the last attempt stay when no other site is left, to be looked at, or to be resumed.
    type: bool
    default: true
  provider_timeout:
    description:
      - How many minutes one attempt at one site may take. By default there is no limit but those of the site itself.
    type: float
  may_move:
    description:
      - Whether a site may be left where the deployment has nodes already. Say so only while it was never complete.
    type: bool
    default: false
seealso:
  - module: indigo.paas.broker
  - module: indigo.paas.nodes
  - module: indigo.paas.plan
"""

EXAMPLES = r"""
- name: Make the nodes of the plan at the best site
  indigo.paas.fleet:
    sites: "{{ hostvars | indigo.paas.sites(groups['paas_sites']) }}"
    deployment: my-pool
    plan: "{{ planned.plan }}"
    max_providers_retry: 3
    ssh_key: my-pool/ssh_key
  register: made

- name: Delete all that the deployment has anywhere
  indigo.paas.fleet:
    sites: "{{ hostvars | indigo.paas.sites(groups['paas_sites']) }}"
    deployment: my-pool
    state: absent
"""

RETURN = r"""
site:
  description: The main site, that of the plan's first group.
  returned: success, when O(state=present)
  type: str
  sample: local
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
      site: local
      state: running
      ansible_host: 172.18.0.4
attempts:
  description: The attempts that failed, in their order.
  returned: when O(state=present), and on failure
  type: list
  elements: dict
  contains:
    site:
      description: Where.
      type: str
      sample: recas
    problems:
      description: Why, one sentence each.
      type: list
      elements: str
      sample: ["Site 'recas' cannot hold 'my-pool': its quota leaves 3 nodes, and 5 are asked for."]
    removed:
      description: Names of the nodes that were removed there.
      type: list
      elements: str
      sample: [wn-server-0]
    clean:
      description: Whether nothing is left there.
      type: bool
      sample: true
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
  description: Names of the nodes that were removed because the plan does not want them.
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
  description: What went wrong, one entry for each site and reason.
  returned: failure
  type: list
  elements: dict
  sample:
    - message: "Site 'recas' failed: its API does not answer"
bad_input:
  description: Whether the request itself was at fault, so that nothing was done and trying again cannot help.
  returned: failure
  type: bool
  sample: false
"""
