# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directives leave a node template to the orchestrator; what cannot be left to this one is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem
from ansible_collections.indigo.paas.plugins.module_utils.tosca import Topology

Problems = Callable[..., list[Problem]]

TEXT = """
node_templates:
  server: {type: Compute}
  app:
    type: TYPE
    requirements: [host: server]
    directives: DIRECTIVES
"""


def text(directives: str, kind: str = "test.Pool") -> str:
    return TEXT.replace("DIRECTIVES", directives).replace("TYPE", kind)


@pytest.mark.parametrize("word", ["select", "selectable"])
def test_a_node_that_exists_already_is_not_made(problems: Problems, body: Callable[[str], str], word: str) -> None:
    (found,) = problems(body(text(f"[{word}]") + "    node_filter: {properties: [p: {equal: 1}]}\n"))
    assert found.message == f"'app' asks for a node that exists already ('{word}'), and every node is made here"
    assert found.hint == "Remove the directive to have it made."
    assert found.line == 8


@pytest.mark.parametrize("word", ["substitute", "substitutable"])
def test_a_node_that_nothing_makes_is_not_substituted(
    problems: Problems, body: Callable[[str], str], word: str
) -> None:
    (found,) = problems(body(text(f"[{word}]", "tosca.nodes.SoftwareComponent")))
    assert found.message == f"'app' asks for another template in its place ('{word}'), which is not done here"
    assert found.hint == "Write the node templates of that template instead."
    assert found.line == 8


def test_a_node_that_can_be_made_needs_no_substitute(load_text: Callable[..., Topology]) -> None:
    (warning,) = load_text(text("[substitute]")).warnings
    assert warning.message == "'substitute' of 'app' has no effect here: the node is made as it is written"


@pytest.mark.parametrize("more", ["    interfaces: {Standard: {create: a.yml}}\n", ""])
def test_own_operations_and_machines_can_be_made(load_text: Callable[..., Topology], more: str) -> None:
    written = text("substitute", "tosca.nodes.SoftwareComponent" if more else "Compute")
    written = written if more else written.replace("    requirements: [host: server]\n", "")
    (warning,) = load_text(written + more).warnings
    assert "'substitute' of 'app' has no effect here" in warning.message


def test_a_filter_alone_has_no_effect(load_text: Callable[..., Topology]) -> None:
    (warning,) = load_text(text("[]") + "    node_filter: {properties: [p: {equal: 1}]}\n").warnings
    assert warning.message == "'node_filter' of the node template 'app' has no effect here"


@pytest.mark.parametrize(
    ("directives", "message"),
    [
        ("[selct]", "'selct' of 'app' is no directive"),
        ("{a: b}", "the directives of 'app' must be a list of names"),
        ("[[select]]", "the directives of 'app' must be a list of names"),
    ],
)
def test_directives_that_are_wrong(
    problems: Problems, body: Callable[[str], str], directives: str, message: str
) -> None:
    (found,) = problems(body(text(directives)))
    assert found.message == message
    assert found.line == 8
    assert found.hint


def test_a_directive_of_another_orchestrator_is_kept(load_text: Callable[..., Topology]) -> None:
    (warning,) = load_text(text("[vnfm]")).warnings
    assert warning.message == "'vnfm' of 'app' is no directive"
