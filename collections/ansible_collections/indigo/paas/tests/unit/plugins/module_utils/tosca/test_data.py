# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable

from ansible_collections.indigo.paas.plugins.module_utils.tosca import Plan, plan_template

HEAD = "tosca_definitions_version: tosca_simple_yaml_1_0\n"
TEMPLATE = """
topology_template:
  inputs:
    run: { type: string, default: run1 }
  node_templates:
    near:
      type: tosca.nodes.indigo.OnedataSpace
      properties: { space: { get_input: run }, oneproviders: [one.example.org], smartScheduling: true }
    mounted:
      type: tosca.nodes.indigo.OneDataStorage
      properties: { dataspace: [run2, run3], credential: { token: x } }
    whole:
      type: tosca.nodes.indigo.OneDataStorage
      properties: { oneprovider_host: [two.example.org], credential: { token: x } }
    server: { type: tosca.nodes.indigo.Compute }
"""


def test_the_data_that_a_template_works_on_is_in_the_plan(tmp_path):
    path = tmp_path / "data.yaml"
    path.write_text(HEAD + TEMPLATE)
    assert plan_template(str(path), {}).data == [
        {"name": "run1", "providers": ["one.example.org"], "required": True},
        {"name": "run2", "providers": [], "required": False},
        {"name": "run3", "providers": [], "required": False},
        {"name": "two.example.org", "providers": ["two.example.org"], "required": False},
    ]


def test_a_template_without_data_names_none(plan_text: Callable[..., Plan]):
    assert plan_text("node_templates: {one: {type: indigo.Compute}}").data == []
