# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""substitution_mappings have no effect; what is wrong in them is told all the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem
from ansible_collections.indigo.paas.plugins.module_utils.tosca import Topology

Problems = Callable[..., list[Problem]]

TEXT = """
node_templates:
  server: {type: Compute}
substitution_mappings:
  MAPPINGS
"""
RIGHT = [
    "node_type: Compute",
    "{node_type: Compute, properties: {p: [i]}, attributes: {a: [server, state]}, interfaces: {Standard: {}}}",
    "{node_type: Compute, capabilities: {host: [server, host]}, requirements: {local_storage: [server, x]}}",
    "{node_type: Compute, capabilities: {host: {mapping: [server, host]}}}",
    "{node_type: Compute, substitution_filter: {properties: [{p: {equal: 1}}], capabilities: []}}",
    "{node_type: Compute, substitution_filter: {node_filter: {properties: [{p: {equal: 1}}]}}}",
]
WRONG = [
    ("{properties: {}}", "'substitution_mappings' names no node_type", 5),
    ("node_type: my.Own", "the node type is unknown: 'my.Own'", 6),
    ("{node_type: Compute, substitution_filters: {}}", "has the unknown key 'substitution_filters'", 6),
    ("{node_type: Compute, capabilities: [host]}", "the capabilities of 'substitution_mappings' must be a mapping", 6),
    ("{node_type: Compute, capabilities: {hst: [server, host]}}", "'tosca.nodes.Compute' has no capability 'hst'", 6),
    ("{node_type: Compute, capabilities: {host: server}}", "must be a node template and its capability", 6),
    ("{node_type: Compute, requirements: {local_storage: [sever, x]}}", "'sever', which is no node template", 6),
    ("{node_type: Compute, requirements: {local_storage: [{a: b}, x]}}", "must be a node template and its", 6),
    ("{node_type: Compute, substitution_filter: {node_filter: {propertis: []}}}", "the unknown key 'propertis'", 6),
    ("{node_type: Compute, substitution_filter: {properties: {p: 1}}}", "substitution_filter must be a list", 6),
    ("{node_type: Compute, substitution_filter: {node_filter: {capabilities: {}}}}", "must be a list", 6),
]


@pytest.mark.parametrize("mappings", RIGHT)
def test_right_mappings_have_no_effect(load_text: Callable[..., Topology], mappings: str) -> None:
    (warning,) = load_text(TEXT.replace("MAPPINGS", mappings)).warnings
    assert warning.message == "'substitution_mappings' has no effect here"


@pytest.mark.parametrize(("mappings", "message", "line"), WRONG)
def test_wrong_mappings_are_refused(
    problems: Problems, body: Callable[[str], str], mappings: str, message: str, line: int
) -> None:
    (found,) = problems(body(TEXT.replace("MAPPINGS", mappings)))
    assert message in found.message
    assert found.line == line
    assert found.hint


def test_a_key_that_resembles_none_is_kept(load_text: Callable[..., Topology]) -> None:
    text = TEXT.replace("MAPPINGS", "{node_type: Compute, zebra: 1}")
    assert "the unknown key 'zebra'" in load_text(text).warnings[1].message
