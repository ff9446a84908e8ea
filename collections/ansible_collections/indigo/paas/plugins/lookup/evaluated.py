# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jinja of a trusted template, evaluated with the variables of the host at hand."""

from __future__ import annotations

DOCUMENTATION = r"""
name: evaluated
short_description: Evaluates the Jinja in texts of a trusted TOSCA template
version_added: 0.2.0
author:
  - The indigo.paas authors (@indigo-paas)
description:
  - Returns values, such as those of P(indigo.paas.role_arguments#filter), with the Jinja in them evaluated.
  - Only text of the template is marked as Jinja in a plan, and only where M(indigo.paas.plan) was told to trust the
    template. All other text, that of inputs above all, stays what it is, whatever it looks like.
  - Each piece of Jinja is evaluated by itself, and a text that is joined of several is joined afterwards. So a value
    between two pieces can never become a part of an expression.
options:
  _terms:
    description:
      - The values, lists and dictionaries in any depth.
    required: true
  trust:
    description:
      - Whether the Jinja is evaluated. Otherwise the text of the template is returned as it is written.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Hand a role its arguments
  ansible.builtin.set_fact:
  args: "{{ lookup('indigo.paas.evaluated', arguments, trust=planned.trusted) }}"
  vars:
    arguments: "{{ planned.plan | indigo.paas.role_arguments(nodes, hostvars, inventory_hostname) }}"
"""

RETURN = r"""
_raw:
  description: The values, one for each that was given.
  type: list
  elements: raw
"""

from typing import Any

from ansible.plugins.lookup import LookupBase

from ansible_collections.indigo.paas.plugins.module_utils.tosca import jinja
from ansible_collections.indigo.paas.plugins.plugin_utils import arguments
from ansible_collections.indigo.paas.plugins.plugin_utils.plain import plain


class LookupModule(LookupBase):
    """One call of the evaluator, with Ansible's own templating."""

    def run(self, terms: Any, variables: Any = None, **kwargs: Any) -> list[Any]:
        self.set_options(var_options=variables, direct=kwargs)
        if not self.get_option("trust"):
            return [jinja.source(plain(term)) for term in terms]
        self._templar.available_variables = variables
        return [arguments.evaluated(plain(term), self._templar) for term in terms]
