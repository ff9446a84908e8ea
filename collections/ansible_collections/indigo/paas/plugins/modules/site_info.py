#!/usr/bin/python
# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: site_info
short_description: Say what sites are and hold
version_added: 0.1.0
author:
  - The indigo.paas authors (@indigo-paas)
description:
  - Asks sites for their images, their capacity and its use.
  - A site that does not answer is no failure. It says so in RV(sites[].problem).
  - It runs on the controller.
extends_documentation_fragment:
  - indigo.paas.attributes
  - indigo.paas.attributes.info
  - indigo.paas.sites.several
seealso:
  - module: indigo.paas.broker
"""

EXAMPLES = r"""
- name: Ask all sites of the inventory
  indigo.paas.site_info:
    sites: "{{ hostvars | indigo.paas.sites(groups['paas_sites']) }}"
  register: asked

- name: Show the sites that cannot be used, and why
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.problem }}"
  loop: "{{ asked.sites | rejectattr('available') }}"
  loop_control:
    label: "{{ item.name }}"
"""

RETURN = r"""
sites:
  description: What each site is and holds, in the order of O(sites).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The site's name.
      type: str
      sample: local
    type:
      description: The type of site.
      type: str
      sample: docker
    endpoint:
      description: The URL of its API. Null where that is not said.
      type: str
      sample: https://keystone.cloud.example:5000/v3
    available:
      description: Whether it answers.
      type: bool
      sample: true
    problem:
      description: Why it does not answer and what to do about it. Null when it does.
      type: str
      sample: >-
        No container engine answers at unix:///var/run/docker.sock.
        Start it (systemctl start docker), or install one with setup/engine.sh.
    seconds:
      description: How long it took to answer.
      type: float
      sample: 0.12
    warnings:
      description: What it cannot do as one would expect.
      type: list
      elements: str
      sample: []
    location:
      description: Where it is, for people to read.
      type: str
      sample: this machine
    priority:
      description: Sites of higher priority are chosen first, among those of equal agreements.
      type: int
      sample: 0
    price:
      description: Price of one CPU for one hour.
      type: float
      sample: 0.0
    provider:
      description: By which name SLAM, CMDB and monitoring know its provider. Null for the site's own name.
      type: str
      sample: provider-RECAS-BARI
    service:
      description: Which of the provider's services it is. Null for all that compute.
      type: str
      sample: 4401ac5dc8cfbbb737b0a02575e81d9b
    own_account:
      description:
        - Whether its account is the user's own, so that it is chosen only where a policy names an agreement with it.
        - As C(site_own_account) says, or where CMDB says that its service is Amazon's, Microsoft's or T-Systems'.
      type: bool
    agreements:
      description: The agreements (SLAs) with it that are in force, each with C(id), C(weight) and C(targets).
      type: list
      elements: dict
      sample: []
    services:
      description: Its services that are monitored, each with C(id) and C(metrics).
      type: list
      elements: dict
      sample: []
    metrics:
      description: What its own variables say of its monitoring.
      type: dict
      sample: {}
    data:
      description: Names of the spaces and datasets that it serves, and of its data providers.
      type: list
      elements: str
      sample: []
    ranking:
      description: How sites are ranked, as C(site_ranking) says.
      type: dict
      sample: {}
    zones:
      description: Names of its availability zones.
      type: list
      elements: str
      sample: []
    machines:
      description:
        - The machines that exist at it, where a node is one of them.
        - Null where nodes are made to any size.
      type: list
      elements: dict
      sample: []
    images:
      description: Images that nodes can be made of.
      type: list
      elements: dict
      sample:
        - name: debian-13
          distribution: debian
          version: "13"
          codename: trixie
          type: linux
          architecture: x86_64
          default: true
    references:
      description: Names of further images, beyond RV(sites[].images), that a template may ask for.
      type: list
      elements: str
      sample: []
    capacity:
      description: How many CPUs, bytes of memory and nodes may be asked of the site in all.
      type: dict
      sample: {"cpus": 64.0, "memory": 101106057216, "nodes": 100}
    remedies:
      description: How RV(sites[].capacity) can be raised, by its keys.
      type: dict
      sample: {}
    largest_node:
      description: How many CPUs and bytes of memory one node can have.
      type: dict
      sample: {"cpus": 2, "memory": 25276514304}
    flavors:
      description: The sizes that nodes can have, where the site offers only some, from the smallest.
      returned: where the site has flavors
      type: list
      elements: dict
      sample:
        - {"name": "m1.small", "cpus": 1, "memory": 2147483648, "disk": 10737418240, "gpus": 0}
    response_times:
      description: How many seconds the services of the site took to answer, all asked at once.
      returned: where the site is a cloud with several services
      type: dict
      sample: {"compute": 0.41, "flavor": 0.22, "image": 0.35, "network": 0.18, "quota": 0.12, "zone": 0.1}
    used:
      description: How much of RV(sites[].capacity) is in use, in all and by deployment.
      type: dict
      sample:
        cpus: 1.0
        memory: 1000000000
        nodes: 1
        deployments:
          my-pool: {"cpus": 1.0, "memory": 1000000000, "nodes": 1}
problems:
  description: What is wrong with the sites' options.
  returned: failure
  type: list
  elements: dict
  sample:
    - message: "Site 'local' has no option 'max_node'"
      hint: "Did you mean 'max_nodes'?"
"""
