# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces and their operations are those that a type declares; what would never run is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem
from ansible_collections.indigo.paas.plugins.module_utils.tosca import Plan, Topology, load

Problems = Callable[..., list[Problem]]

NODE = """
node_templates:
  server: {type: Compute}
  app:
    type: tosca.nodes.SoftwareComponent
    requirements: [host: server]
    interfaces:
      INTERFACE:
        OPERATION: {implementation: a.yml}
"""
OWN = """tosca_definitions_version: tosca_simple_yaml_1_3
interface_types:
  my.interfaces.Base:
    derived_from: tosca.interfaces.Root
    operations:
      backup: {description: Saves.}
  my.interfaces.Care:
    derived_from: my.interfaces.Base
    restore: {description: Brings back.}
node_types:
  my.App:
    derived_from: tosca.nodes.SoftwareComponent
    interfaces:
      Care:
        type: my.interfaces.Care
        verify: {description: Looks.}
topology_template:
  node_templates:
    server: {type: Compute}
    app:
      type: my.App
      requirements: [host: server]
      interfaces: {INTERFACE: {OPERATION: {inputs: {a: 1}}}}
"""


def node(interface: str, operation: str) -> str:
    return NODE.replace("INTERFACE", interface).replace("OPERATION", operation)


def own(interface: str, operation: str) -> str:
    return OWN.replace("INTERFACE", interface).replace("OPERATION", operation)


@pytest.mark.parametrize(
    ("interface", "operation", "message", "hint"),
    [
        ("Standard", "confgure", "'app' has no operation 'confgure' in 'Standard'", "Did you mean 'configure'?"),
        ("Standrad", "configure", "'app' has no interface 'Standrad'", "Did you mean 'Standard'?"),
    ],
)
def test_a_misspelt_interface_or_operation_is_refused(
    problems: Problems, body: Callable[[str], str], interface: str, operation: str, message: str, hint: str
) -> None:
    (found,) = problems(body(node(interface, operation)))
    assert (found.message, found.hint) == (message, hint)
    assert found.line in (9, 10)


@pytest.mark.parametrize(
    ("interface", "operation", "message"),
    [
        ("Standard", "polish", "'app' has no operation 'polish' in 'Standard'"),
        ("Tuning", "polish", "'app' has no interface 'Tuning'"),
        ("Standard", "stop", "'Standard.stop' of 'app' is not run"),
        ("Standard", "delete", "'Standard.delete' of 'app' is not run"),
    ],
)
def test_an_operation_that_nobody_runs_is_told(
    plan_text: Callable[..., Plan], interface: str, operation: str, message: str
) -> None:
    plan = plan_text(node(interface, operation))
    assert message in [warning["message"] for warning in plan.warnings]
    assert not plan.stages


@pytest.mark.parametrize("interface", ["Standard", "tosca.interfaces.node.lifecycle.Standard"])
def test_the_operations_of_the_lifecycle_run(plan_text: Callable[..., Plan], interface: str) -> None:
    plan = plan_text(node(interface, "configure"))
    assert not plan.warnings
    assert len(plan.stages) == 1


@pytest.mark.parametrize("operation", ["backup", "restore", "verify"])
def test_operations_that_the_type_declares_are_known(vocabulary: Any, operation: str) -> None:
    assert load(own("Care", operation), vocabulary=vocabulary).warnings == ()


def test_operations_are_known_by_their_interface(problems: Problems) -> None:
    (found,) = problems(own("Care", "restor"))
    assert found.message == "'app' has no operation 'restor' in 'Care'"
    assert found.hint == "Did you mean 'restore'?"


def test_an_implemented_operation_of_another_interface_is_not_run(vocabulary: Any) -> None:
    text = own("Care", "restore").replace("inputs: {a: 1}", "implementation: a.yml")
    topology = load(text, vocabulary=vocabulary)
    assert [warning.message for warning in topology.warnings] == ["'Care.restore' of 'app' is not run"]
    assert topology.nodes["app"].operations == ()


def test_a_create_of_another_interface_is_not_that_of_the_lifecycle(vocabulary: Any) -> None:
    text = own("Care", "create").replace("inputs: {a: 1}", "implementation: a.yml").replace("restore:", "create:")
    assert load(text, vocabulary=vocabulary).nodes["app"].operations == ()


def test_an_unknown_interface_type_is_refused(problems: Problems) -> None:
    (found,) = problems(own("Care", "verify").replace("type: my.interfaces.Care", "type: my.interfaces.Car"))
    assert found.message == "the interface type is unknown: 'my.interfaces.Car'"
    assert found.line == 15
    assert found.hint == "Did you mean 'my.interfaces.Care'?"


def test_interface_types_that_derive_from_each_other_end(problems: Problems) -> None:
    text = own("Care", "verify").replace("derived_from: tosca.interfaces.Root", "derived_from: my.interfaces.Care")
    (found,) = problems(text)
    assert found.message.startswith("types derived from each other: my.interfaces.")


def test_a_type_may_not_misspell_an_operation_of_the_lifecycle(problems: Problems) -> None:
    text = own("Care", "verify").replace(
        "      Care:\n        type", "      Standard: {confgure: a.yml}\n      Care:\n        type"
    )
    (found,) = problems(text)
    assert found.message == "'my.App' has no operation 'confgure' in 'Standard'"


def test_operations_of_relationships_are_known_under_either_name(load_text: Callable[..., Topology]) -> None:
    for interface in ("Configure", "Standard"):
        topology = load_text(f"""
        node_templates:
          server: {{type: Compute}}
          disk: {{type: tosca.nodes.BlockStorage, properties: {{size: 1 GB}}}}
          other:
            type: Compute
            requirements:
              - local_storage:
                  node: disk
                  relationship:
                    type: tosca.relationships.AttachesTo
                    properties: {{location: /mnt}}
                    interfaces: {{{interface}: {{pre_configure_source: a.yml}}}}
        """)
        assert topology.warnings == ()


def test_a_misspelt_operation_of_a_relationship_is_refused(problems: Problems, body: Callable[[str], str]) -> None:
    text = """
    node_templates:
      server: {type: Compute}
      app:
        type: tosca.nodes.SoftwareComponent
        requirements:
          - host:
              node: server
              relationship: {type: HostedOn, interfaces: {Configure: {pre_configure_sorce: a.yml}}}
    """
    (found,) = problems(body(text))
    assert found.message == "the requirement 'host' of 'app' has no operation 'pre_configure_sorce' in 'Configure'"
    assert found.hint == "Did you mean 'pre_configure_source'?"
