#!/usr/bin/python
# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: power
short_description: Start or stop nodes of a deployment
version_added: 0.3.1
author:
  - The indigo.paas authors (@indigo-paas)
description:
  - Starts or stops nodes of a deployment, at whichever of its sites they are, and waits until that is done.
  - A node that is stopped keeps its disks, its place and, at most sites, its addresses.
    M(indigo.paas.fleet) and M(indigo.paas.nodes) start it again.
  - It runs on the controller.
extends_documentation_fragment:
  - indigo.paas.attributes
  - indigo.paas.sites.several
  - indigo.paas.sites.deployment
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  nodes:
    description:
      - Names of the nodes, as in RV(indigo.paas.nodes_info#module:nodes).
    type: list
    elements: str
    required: true
  state:
    description:
      - Whether they shall run. A node that is started answers by SSH when the task is over.
    type: str
    choices:
      - running
      - stopped
    required: true
seealso:
  - module: indigo.paas.fleet
  - module: indigo.paas.nodes_info
"""

EXAMPLES = r"""
- name: Stop a worker for the night
  indigo.paas.power:
    sites: "{{ hostvars | indigo.paas.sites(groups['paas_sites']) }}"
    deployment: my-pool
    nodes: [wn-server-0]
    state: stopped
"""

RETURN = r"""
switched:
  description: Names of the nodes that were started or stopped, sorted.
  returned: success
  type: list
  elements: str
  sample: [wn-server-0]
problems:
  description: What went wrong, one entry for each reason.
  returned: failure
  type: list
  elements: dict
  sample:
    - message: "'my-pool' has no node 'wn-server-7'"
      hint: There is fe-server-0, wn-server-0.
bad_input:
  description: Whether the request itself was at fault, so that nothing was done and trying again cannot help.
  returned: failure
  type: bool
  sample: true
"""
