#!/usr/bin/python
# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: images
short_description: Prepare images of nodes in which services are installed
version_added: 0.4.0
author:
  - The indigo.paas authors (@indigo-paas)
description:
  - Says which images the nodes of a plan would start faster from.
  - Makes them of machines on which the roles have run C(install).
  - The playbook C(indigo.paas.prepare) is the whole way, with the machines in between.
  - It runs on the controller.
extends_documentation_fragment:
  - indigo.paas.attributes
  - indigo.paas.sites
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  state:
    description:
      - With V(planned) nothing is changed, and RV(preparations) says what has to be prepared.
      - With V(present) images are made of O(nodes), and those that are too old or replaced are removed.
    type: str
    choices:
      - planned
      - present
    default: planned
  plan:
    description:
      - The plan, as in RV(indigo.paas.plan#module:plan).
      - Required when O(state=planned).
    type: dict
  roles:
    description:
      - Full names of roles that are installed besides those of the plan, with the arguments that the operator sets.
    type: list
    elements: str
    default: []
  again:
    description:
      - Whether images are made anew that are there and could be used.
    type: bool
    default: false
  preparations:
    description:
      - What V(planned) returned.
      - Required when O(state=present).
    type: list
    elements: dict
  nodes:
    description:
      - The nodes of its groups, as M(indigo.paas.nodes) returns them, sealed already.
      - Required when O(state=present).
    type: list
    elements: dict
seealso:
  - module: indigo.paas.nodes
"""

EXAMPLES = r"""
- name: See which images are missing
  indigo.paas.images:
    site: "{{ hostvars | indigo.paas.site('local') }}"
    plan: "{{ planned.plan }}"
  register: wanted
"""

RETURN = r"""
preparations:
  description: The images to be made, each with its node group, the arguments of the roles' C(install), and its labels.
  returned: when planned
  type: list
  elements: dict
  sample:
    - group: {"group": "image_0", "count": 1}
      roles: {"indigo.paas.htcondor": {"htcondor_series": "25.0"}}
      image: {"name": "debian-13-htcondor-0a1b2c3d"}
groups:
  description: The node groups of RV(preparations).
  returned: when planned
  type: list
  elements: dict
  sample: []
ready:
  description: The images that are there already.
  returned: when planned
  type: list
  elements: dict
  sample: []
begin:
  description: Shell script that runs on a machine before anything is installed.
  returned: when planned
  type: str
  sample: set -eu
seal:
  description: Shell script that takes out of a machine what is its own. The last thing that is done there.
  returned: when planned
  type: str
  sample: set -eu
images:
  description: The images that were made.
  returned: when present
  type: list
  elements: dict
  sample: []
removed:
  description: The images that were removed, too old or replaced.
  returned: when present
  type: list
  elements: dict
  sample: []
problems:
  description: What went wrong, one entry for each reason.
  returned: failure
  type: list
  elements: dict
  sample:
    - message: "Site 'lab' keeps no prepared images: it is of the type static"
bad_input:
  description: Whether the request itself was at fault, so that nothing was done and trying again cannot help.
  returned: failure
  type: bool
  sample: true
"""
