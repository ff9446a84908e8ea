# SPDX-License-Identifier: Apache-2.0
"""Another number of nodes in the text of a template."""

from __future__ import annotations

import pytest
import yaml

from indigo_paas.deployments import rewrite
from indigo_paas.errors import BadInput

HEAD = "topology_template:\n  node_templates:\n"


def pool(server):
    return f"{HEAD}    # machines\n    wn_server:\n{server}    other: {{}}  # kept\n"


PLAIN = pool(
    """\
      type: tosca.nodes.indigo.Compute
      capabilities:
        scalable:
          properties:
            count: 2  # as many
            min_instances: 1
"""
)


def counts(text):
    return yaml.safe_load(text)["topology_template"]["node_templates"]["wn_server"]["capabilities"]["scalable"]


def test_a_number_is_changed_where_it_is_written():
    new = rewrite.scaled(PLAIN, {"wn_server": 4}, {})
    assert new.text == PLAIN.replace("count: 2", "count: 4")
    assert new.inputs == {}


def test_an_input_of_its_own_is_changed_instead():
    text = PLAIN.replace("count: 2", "count: { get_input: wn_num }")
    assert rewrite.scaled(text, {"wn_server": 4}, {}) == rewrite.Rewritten(text, {"wn_num": 4})


def test_an_input_that_says_more_is_not():
    text = PLAIN.replace("count: 2", "count: { get_input: n }").replace("min_instances: 1", "x: {get_input: n}")
    new = rewrite.scaled(text, {"wn_server": 4}, {})
    assert new == rewrite.Rewritten(text.replace("count: { get_input: n }", "count: 4"), {})


@pytest.mark.parametrize(
    "server",
    [
        "      type: t\n",
        "      type: t\n      capabilities: {}\n",
        "      type: t\n      capabilities:\n",
        "      type: t\n      capabilities:\n        host:\n          properties: {num_cpus: 1}\n",
        "      type: t\n      capabilities: {host: {properties: {num_cpus: 1}}}\n",
        "      type: t\n      capabilities:\n        scalable: {}\n",
        "      type: t\n      capabilities:\n        scalable:\n          properties: {min_instances: 1}\n",
        "      type: t\n      capabilities:\n        scalable:\n          properties:\n            min_instances: 1\n",
    ],
)
def test_a_number_that_is_not_written_is_added(server):
    text = pool(server)
    new = rewrite.scaled(text, {"wn_server": 3}, {}).text
    assert counts(new)["properties"]["count"] == 3
    assert "# machines" in new
    assert "# kept" in new
    before, after = (yaml.safe_load(each)["topology_template"]["node_templates"] for each in (text, new))
    assert after["other"] == before["other"]
    assert after["wn_server"]["type"] == "t"


def test_the_short_form():
    text = pool("      type: t\n      capabilities:\n        scalable: {count: 1}\n")
    assert counts(rewrite.scaled(text, {"wn_server": 3}, {}).text) == {"count": 3}


@pytest.mark.parametrize("text", [PLAIN, PLAIN.replace("min_instances: 1", "removal_list: []")])
def test_nodes_that_shall_go(text):
    new = rewrite.scaled(text, {"wn_server": 1}, {"wn_server": ["a-b", "c"]}).text
    properties = counts(new)["properties"]
    assert (properties["count"], properties["removal_list"]) == (1, ["a-b", "c"])


def test_a_list_over_several_lines_is_replaced():
    text = PLAIN.replace("min_instances: 1", "removal_list:\n              - a\n              - b  # last\n")
    new = rewrite.scaled(text, {}, {"wn_server": ["c"]}).text
    assert counts(new)["properties"] == {"count": 2, "removal_list": ["c"]}


@pytest.mark.parametrize(
    "text",
    [
        # What the anchor says of one is said of the other, too.
        HEAD + "    a: &a\n      capabilities: {scalable: {properties: {count: 1}}}\n    wn_server: *a\n",
        HEAD + "    a: &a\n      capabilities: {scalable: {properties: {count: 1}}}\n    wn_server: {<<: *a}\n",
        HEAD + "    wn_server: {capabilities: {scalable: [1]}}\n",
    ],
)
def test_what_would_change_more_is_refused(text):
    with pytest.raises(BadInput, match="cannot be changed for you"):
        rewrite.scaled(text, {"wn_server": 3}, {})


def test_groups_are_found_by_what_people_call_them():
    text = (
        PLAIN
        + "    worker: {requirements: [{dependency: x}, {host: wn_server}]}\n"
        + "    app: {requirements: [{host: {node: worker}}]}\n"
        + "    loop: {requirements: [{host: loop}]}\n"
    )
    for name in ("wn_server", "wn-server", "worker", "app"):
        assert rewrite.group_of(text, name) == "wn_server"
    assert rewrite.group_of(text, "loop") == "loop"
    with pytest.raises(BadInput, match="There is no node group 'x'. There is wn_server, other, worker, app, loop"):
        rewrite.group_of(text, "x")


@pytest.mark.parametrize("text", ["", "- a", "a: [", "\0", "topology_template: 5"])
def test_what_is_no_template(text):
    with pytest.raises(BadInput):
        rewrite.group_of(text, "x")
