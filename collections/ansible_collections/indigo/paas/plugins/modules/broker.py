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
  - It must also agree with the placement policies of the plan, and with what C(site_ranking) requires.
  - Of the sites that can, the one whose agreements (SLAs) have the highest weight is chosen, then the one with the
    highest C(priority), then the one with the highest score.
    RV(candidates[].terms) says what the score is made of.
  - It fails with the reasons of every site when there is none.
  - Nodes go to several sites where placement policies with different targets ask for different sites,
    and, with O(spread=true), where no single site has room.
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
  nodes:
    description:
      - The nodes that the deployment has, as in RV(indigo.paas.nodes_info#module:nodes).
        When they are left out and O(deployment) is given, they are looked for at all of O(sites).
    version_added: 0.3.0
    type: list
    elements: dict
  spread:
    description:
      - Whether the nodes may go to several sites where no single one has room for all.
      - Only sites of the same C(site_fabric) share a deployment in this way.
      - A template says the same of itself with the property C(hybrid) of its cluster.
    version_added: 0.3.0
    type: bool
    default: false
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
  description: Name of the site chosen, of the main one where there are several.
  returned: success
  type: str
  sample: local
placement:
  description:
    - What each site is to hold, the main site first. The C(groups) of each part are those of the plan with the
      C(count) and the C(indices) of the nodes that the site is to have.
  returned: success
  type: dict
  sample:
    site: local
    warnings: []
    parts:
      - site: local
        groups:
          - group: wn_server
            count: 2
            indices: [0, 1]
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
    rank:
      description: Its place among the sites that can, from 1. Null for the others.
      type: int
      sample: 2
    home:
      description: Whether it has nodes of the deployment.
      type: bool
      sample: false
    sla_weight:
      description: The highest weight of the agreements with it that are in force.
      type: float
      sample: 0.0
    priority:
      description: Its C(priority).
      type: int
      sample: 0
    score:
      description: The sum of the points of its terms.
      type: float
      sample: 2.5
    terms:
      description: What its score is made of.
      type: list
      elements: dict
      contains:
        name:
          description: The term.
          type: str
          sample: cost
        value:
          description: From 0, the worst, to 1.
          type: float
          sample: 0.5
        weight:
          description: How much the term counts.
          type: float
          sample: 1.0
        points:
          description: Value times weight.
          type: float
          sample: 0.5
        because:
          description: Where the value comes from.
          type: str
          sample: 0.1 a CPU and hour
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
