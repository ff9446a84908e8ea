# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What HOST means where a node runs on none, and how what points nowhere is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem

Problems = Callable[..., list[Problem]]
FUNCTIONS = [
    "{get_property: [HOST, num_cpus]}",
    "{get_attribute: [HOST, private_address, 0]}",
    "{get_artifact: [HOST, image]}",
    "{get_operation_output: [HOST, Standard, configure, token]}",
]
TEXT = """
node_templates:
  server:
    type: SERVER
    interfaces: {Standard: {configure: {implementation: a.yml, inputs: {x: FUNCTION}}}}
  more: {type: tosca.nodes.Root, requirements: [dependency: server]}
"""


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_node_without_a_host_is_told(problems: Problems, body: Callable[[str], str], function: str) -> None:
    (found,) = problems(body(TEXT.replace("SERVER", "Compute").replace("FUNCTION", function)))
    assert found.message == "HOST has no meaning here: 'server' runs on no node"
    assert found.hint == "Name a node template, or add `- host: ...` to the requirements of 'server'."
    assert found.line == 6


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_host_that_is_wrong_is_told_once(problems: Problems, body: Callable[[str], str], function: str) -> None:
    text = TEXT.replace("SERVER", "test.Pool\n    requirements: [host: absent]").replace("FUNCTION", function)
    (found,) = problems(body(text))
    assert found.message == "the requirement 'host' of 'server' points to 'absent', which is no node template"


CONNECTED = """
node_templates:
  app:
    type: test.Pool
    properties: {queue: FUNCTION}
    requirements: [host: {node: box, relationship: wire}]
  box: {type: Compute}
  other: {type: tosca.nodes.Root, requirements: [dependency: box]}
relationship_templates: {wire: {type: tosca.relationships.HostedOn}}
"""


def test_each_known_name_is_told_once(problems: Problems, body: Callable[[str], str]) -> None:
    (found,) = problems(body(CONNECTED.replace("FUNCTION", "{get_property: [elsewhere, size]}")))
    assert found.message == "'elsewhere' is no node template"
    assert found.hint == "Known node templates: app, box, other, wire."


@pytest.mark.parametrize("function", ["get_property", "get_attribute"])
@pytest.mark.parametrize(
    ("keyword", "called"),
    [
        ("SELF", "'SELF' (the node 'app')"),
        ("HOST", "'HOST' of the node 'app'"),
        ("box", "'box'"),
        ("wire", "'wire'"),
    ],
)
def test_a_keyword_is_told_with_the_node_that_it_means(
    problems: Problems, body: Callable[[str], str], function: str, keyword: str, called: str
) -> None:
    (found,) = problems(body(CONNECTED.replace("FUNCTION", f"{{{function}: [{keyword}, db, port]}}")))
    what = function.removeprefix("get_")
    assert found.message == f"{function}: {called} has no {what} 'db.port'"
