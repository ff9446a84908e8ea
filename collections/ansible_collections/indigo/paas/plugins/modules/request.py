#!/usr/bin/python
# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: request
short_description: Take what a deployment shall be from another program
version_added: 0.3.1
author:
  - The indigo.paas authors (@indigo-paas)
description:
  - Reads what the service hands over to a job of AWX or Automation Controller, where there is no inventory source of
    the plugin P(indigo.paas.deployment#inventory).
  - It writes the template and the files that it needs, and returns the variables of the playbooks. All of them are
    data. Jinja in them is never evaluated, whatever AWX allows in extra variables.
  - It runs on the controller.
extends_documentation_fragment:
  - indigo.paas.attributes
attributes:
  check_mode:
    support: full
    details:
      - The files are written in check mode, too. What follows reads them.
  diff_mode:
    support: N/A
    details:
      - This module changes no node and no site.
  idempotent:
    support: N/A
    details:
      - The directory is one that is made for this run.
options:
  request:
    description:
      - What the service made of the deployment, as one text. It may hold secrets.
    type: str
    required: true
  directory:
    description:
      - An empty directory for the template, which has to last as long as the run.
    type: path
    required: true
seealso:
  - module: indigo.paas.plan
  - plugin: indigo.paas.deployment
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: Make a directory for the template
  ansible.builtin.tempfile:
    state: directory
  register: place

- name: Take the request
  indigo.paas.request:
    request: "{{ paas_request }}"
    directory: "{{ place.path }}"
  register: requested
  no_log: true

- name: Set the variables of the playbooks
  ansible.builtin.set_fact:
  args: "{{ requested.variables }}"
  no_log: true
"""

RETURN = r"""
variables:
  description: Variables of the playbooks, by name; C(paas_template) is the path of the template that was written.
  returned: success
  type: dict
  sample:
    paas_inputs: {wn_num: 2}
    paas_name: my-pool
    paas_template: /tmp/ansible.x1y2/template.yaml
problems:
  description: What is wrong with the request, one entry for each reason.
  returned: failure
  type: list
  elements: dict
  sample:
    - message: the request has the format 2, and this collection reads 1
      hint: Install the collection indigo.paas in the version of the service that sent it.
bad_input:
  description: Whether the request itself was at fault.
  returned: failure
  type: bool
  sample: true
"""
