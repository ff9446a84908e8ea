#!/usr/bin/python
# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: broker
short_description: Choose the site that suits a plan best
version_added: 0.1.0
author:
  - The indigo.paas authors (@indigo-paas)
description:
  - Asks sites what they hold and chooses the best of those that can hold the plan.
  - A site can hold a plan when it answers, has an image for every node group, can make a node of every size
    asked for, and has enough CPUs, memory and nodes left for all of them.
  - Of the sites that can, the one with the highest C(priority) is chosen,
    then the one with the lowest C(price), then the one with the least use.
  - It fails with the reasons of every site when there is none.
  - It runs on the controller.
extends_documentation_fragment:
  - indigo.paas.attributes
  - indigo.paas.attributes.info
  - indigo.paas.sites.several
options:
  plan:
    description:
      - The plan, as M(indigo.paas.plan) returns it.
    type: dict
    required: true
  site:
    description:
      - Name of the only site to consider.
    type: str
  deployment:
    description:
      - Name of the deployment that the plan is for.
      - A deployment does not move. When it has nodes at a site already, that site is the only choice,
        and what they use there counts as free.
    type: str
seealso:
  - module: indigo.paas.plan
  - module: indigo.paas.site_info
"""

EXAMPLES = r"""
- name: Plan
  indigo.paas.plan:
    template: examples/htcondor_pool.yaml
  register: planned

- name: Choose among all sites of the inventory
  indigo.paas.broker:
    plan: "{{ planned.plan }}"
    sites: "{{ hostvars | indigo.paas.sites(groups['paas_sites']) }}"
    deployment: my-pool
  register: brokered
"""

RETURN = r"""
site:
  description: Name of the site chosen.
  returned: success
  type: str
  sample: local
candidates:
  description: All sites considered, the best first, those that cannot hold the plan last.
  returned: success
  type: list
  elements: dict
  contains:
    site:
      description: The site's name.
      type: str
      sample: laptop
    fits:
      description: Whether it can hold the plan.
      type: bool
      sample: false
    reasons:
      description: Why it cannot.
      type: list
      elements: str
      sample:
        - A node of 'wn_server' asks for 64 CPUs; its largest node has 2.
problems:
  description: Why no site can hold the plan, one entry for each site and reason.
  returned: failure
  type: list
  elements: dict
  sample:
    - message: >-
        Site 'laptop' cannot hold the deployment: A node of 'wn_server' asks for 64 CPUs;
        its largest node has 2.
"""
