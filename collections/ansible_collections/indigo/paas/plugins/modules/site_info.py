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
      description: Sites of higher priority are chosen first.
      type: int
      sample: 0
    price:
      description: Price of one CPU for one hour. Among equals the cheapest site is chosen.
      type: float
      sample: 0.0
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
