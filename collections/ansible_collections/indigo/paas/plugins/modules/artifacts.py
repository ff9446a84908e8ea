#!/usr/bin/python
# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: artifacts
short_description: Make the playbooks of a plan that come from elsewhere ready to run
version_added: 0.2.0
author:
  - The indigo.paas authors (@indigo-paas)
description:
  - An operation of a TOSCA template that no role implements names a playbook by URL or by path,
    and the Ansible Galaxy roles and collections that the playbook needs.
  - This module brings all of them into the deployment's directory and makes a role of each playbook.
  - What is in the deployment's directory stays as it is, so that the deployment always runs the same bytes.
    Else it is taken from the cache, else it is fetched into the cache.
    A playbook by path is taken anew whenever the file has changed.
  - It fails with all that cannot be had, each with the path in the cache where it can be put by hand.
  - Playbooks and roles are code. They run on the nodes as root, and where they say so on the controller.
  - It runs on the controller.
extends_documentation_fragment:
  - indigo.paas.attributes
attributes:
  check_mode:
    support: full
    details:
      - Nothing is fetched. The stages are told only when nothing is missing.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  plan:
    description:
      - The plan, as M(indigo.paas.plan) returns it.
    type: dict
    required: true
  directory:
    description:
      - Directory of the deployment in which its artifacts are kept. It is made when missing.
    type: path
    required: true
  cache:
    description:
      - Directory of what was fetched for any deployment. It is made when missing.
    type: path
    default: ~/.cache/indigo-paas/artifacts
seealso:
  - module: indigo.paas.plan
"""

EXAMPLES = r"""
- name: Plan
  indigo.paas.plan:
    template: cluster.yaml
  register: planned

- name: Fetch what the services need
  indigo.paas.artifacts:
    plan: "{{ planned.plan }}"
    directory: .my-cluster/artifacts
"""

RETURN = r"""
fetched:
  description: What was brought into the deployment's directory, in check mode what would be, as paths relative to it.
  returned: success
  type: list
  elements: str
  sample:
    - playbooks/example.org/playbooks/import.yml
    - roles/example.mysql
stages:
  description: What runs in each external stage, by its name.
  returned: success
  type: dict
  sample:
    configure:
      roles:
        - /deployments/my-cluster/artifacts/stages/configure-1
  contains:
    roles:
      description:
        - The directories of the roles to include, one a play of the playbook, each with the
          entry point C(paas_playbook).
      type: list
      elements: str
problems:
  description: What cannot be had or cannot be run, each with file, line and column where it has one.
  returned: failure
  type: list
  elements: dict
  sample:
    - message: "the playbook https://example.org/import.yml that 'database' needs cannot be had: the server answers 404"
      hint: "Or put the file at /cache/playbooks/example.org/import.yml and run this again."
"""
