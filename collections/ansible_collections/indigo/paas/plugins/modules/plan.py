#!/usr/bin/python
# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: plan
short_description: Translate a TOSCA template into a plan of nodes and roles
version_added: 0.1.0
author:
  - The indigo.paas authors (@indigo-paas)
description:
  - Reads a TOSCA template, checks it whole and returns what would be made of it, as plain data.
  - The node types of the template are translated into roles by the types' own C(interfaces),
    which live with the roles in C(meta/tosca.yml).
  - Nothing is made and no site is asked.
  - It runs on the controller.
extends_documentation_fragment:
  - indigo.paas.attributes
  - indigo.paas.attributes.info
options:
  template:
    description:
      - Path of the TOSCA template, or of a CSAR archive that holds it, on the controller.
    type: path
    required: true
  inputs:
    description:
      - Values of the template's inputs by name. An input that is left out takes its default.
      - Values are data. Jinja or TOSCA functions in them stay text.
    type: dict
    default: {}
  counts:
    description:
      - How many nodes a node group shall have, by the name of its node template, in place of the template's C(count).
    type: dict
    default: {}
  removals:
    description:
      - Names or site identifiers of the nodes that shall go, in lists by the name of their node template.
      - They are added to the template's C(removal_list).
    type: dict
    default: {}
  strict:
    description:
      - Whether each leniency of the reader, such as an unknown property, is an error.
    version_added: 0.2.0
    type: bool
    default: false
  trust:
    description:
      - Whether Jinja in the template's own texts is marked for evaluation, so that P(indigo.paas.evaluated#lookup)
        evaluates it. It is code that runs on the controller, so say this only of a template that you have read.
      - Inputs stay data.
    version_added: 0.2.0
    type: bool
    default: false
seealso:
  - module: indigo.paas.broker
  - module: indigo.paas.nodes
  - plugin: indigo.paas.evaluated
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Plan a pool of four workers
  indigo.paas.plan:
    template: examples/htcondor_pool.yaml
    inputs:
      wn_num: 4
  register: planned

- name: Show what would be made
  ansible.builtin.debug:
    msg: "{{ planned.plan.groups }}"
"""

RETURN = r"""
plan:
  description: What would be made.
  returned: success
  type: dict
  contains:
    description:
      description: The template's description.
      type: str
      sample: An HTCondor pool
    inputs:
      description: The inputs in force, defaults included.
      type: dict
      sample: {"wn_num": 4}
    groups:
      description: Node groups, one for each Compute of the template.
      type: list
      elements: dict
      sample:
        - name: wn_server
          group: wn_server
          hostname: wn-server
          count: 4
          size: {"cpus": 1, "memory": 1000000000}
    components:
      description: Software components with the roles that set them up and the roles' arguments.
      type: list
      elements: dict
    stages:
      description: Which role runs on which node groups, in order.
      type: list
      elements: dict
      sample:
        - name: htcondor
          role: indigo.paas.htcondor
          groups: [fe_server, wn_server]
          components: [front_end, wn_node]
    data:
      description: Spaces and datasets that the template works on, which may decide the site.
      type: list
      elements: dict
      sample: []
    outputs:
      description: The template's outputs, still to be evaluated.
      type: dict
    warnings:
      description: What was accepted although it looks wrong.
      type: list
      elements: dict
trusted:
  description: Whether Jinja in the template's texts is to be evaluated.
  returned: success
  type: bool
  sample: false
problems:
  description: What is wrong with the template or its inputs, each with file, line and column.
  returned: failure
  type: list
  elements: dict
  sample:
    - message: "unknown type 'tosca.nodes.indigo.Compte'"
      file: pool.yaml
      line: 12
      column: 13
      hint: "Did you mean 'tosca.nodes.indigo.Compute'?"
"""
