# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A template to be looked at: its required inputs need no values. And the inputs that nothing uses."""

from __future__ import annotations

import json

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import TemplateError
from ansible_collections.indigo.paas.plugins.module_utils.tosca import plan_template
from ansible_collections.indigo.paas.plugins.module_utils.tosca.pictures import draw

TEXT = b"""tosca_definitions_version: tosca_simple_yaml_1_3
topology_template:
  inputs:
    number: { type: integer }
    cpus: { type: integer, constraints: [ greater_than: 3 ] }
    memory: { type: scalar-unit.size }
    text: { type: string }
    mapping: { type: map, entry_schema: { type: string } }
    ports: { type: map, entry_schema: { type: tosca.datatypes.network.PortSpec } }
    size: { type: scalar-unit.size }
  node_templates:
    front:
      type: tosca.nodes.indigo.Compute
      properties: { tags: { get_input: mapping } }
      capabilities:
        scalable: { properties: { count: { get_input: number } } }
        host: { properties: { num_cpus: { get_input: cpus }, mem_size: { get_input: memory } } }
        os: { properties: { type: linux, distribution: { get_input: text } } }
        endpoint: { properties: { network_name: { get_input: text }, ports: { get_input: ports } } }
      requirements:
        - local_storage:
            node: disk
            relationship: { type: tosca.relationships.AttachesTo, properties: { location: { get_input: text } } }
    disk: { type: tosca.nodes.BlockStorage, properties: { size: { get_input: size } } }
    soft:
      type: tosca.nodes.SoftwareComponent
      properties: { component_version: { concat: [ { get_input: text }, { get_input: [ mapping, x ] } ] } }
      requirements: [ host: front ]
  outputs:
    first:
      value: { token: [ { concat: [ { get_input: text }, { get_attribute: [ front, public_address, 0 ] } ] }, ".", 0 ] }
    second: { value: { get_property: [ front, host, num_cpus ] } }
  policies:
    - place:
        type: tosca.policies.indigo.SlaPlacement
        targets: [ front ]
        properties: { sla_id: { get_input: text } }
"""
UNUSED = b"""tosca_definitions_version: tosca_simple_yaml_1_3
node_types:
  my.Server: { derived_from: tosca.nodes.Compute, properties: { x: { type: string, default: { get_input: by_type } } } }
topology_template:
  inputs:
    used: { type: integer, default: 1 }
    by_type: { type: string, default: a }
    nested: { type: list, entry_schema: { type: string }, default: [ a ] }
    spare: { type: integer, default: 1 }
  node_templates:
    box:
      type: tosca.nodes.Compute
      capabilities: { host: { properties: { num_cpus: { get_input: used } } } }
  outputs:
    it: { value: { concat: [ { get_input: [ nested, 0 ] } ] } }
"""


@pytest.mark.parametrize("language", ["svg", "dot", "mermaid"])
def test_it_is_drawn_without_values(language):
    plan = plan_template(TEXT, sketch=True).to_dict()
    assert (plan["groups"][0]["count"], plan["groups"][0]["size"]["cpus"]) == (1, 1)
    assert "soft" in draw(plan, language, "t")
    assert json.loads(json.dumps(plan)) == plan


def test_a_value_that_is_given_counts_and_must_be_right():
    group = plan_template(TEXT, {"number": 3, "cpus": 4, "size": "1 GB"}, sketch=True).groups[0]
    assert (group["count"], group["size"]["cpus"], group["volumes"][0]["size"]) == (3, 4, 10**9)
    with pytest.raises(TemplateError, match="cpus"):
        plan_template(TEXT, {"cpus": 2}, sketch=True)


def test_what_is_to_be_deployed_needs_the_values():
    with pytest.raises(TemplateError, match="the input 'text' is required"):
        plan_template(TEXT)


def test_other_faults_are_told_all_the_same():
    with pytest.raises(TemplateError, match="no_such_node"):
        plan_template(TEXT.replace(b"[ host: front ]", b"[ host: no_such_node ]"), sketch=True)


@pytest.mark.parametrize("strict", [False, True])
def test_an_input_that_nothing_uses_is_told(strict):
    told = [each for each in plan_template(UNUSED, name="t", strict=strict).warnings if "input" in each["message"]]
    assert [(each["message"], each["line"]) for each in told] == [("nothing uses the input 'spare'", 9)]
