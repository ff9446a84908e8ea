# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an update would change: groups and their nodes, components and arguments, outputs."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.plan_diff import field_differences, plan_diff


def group(name: str, count: int, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "group": name,
        "hostname": name,
        "count": count,
        "removal_list": [],
        "size": {"cpus": 1},
        **more,
    }


def component(name: str, on: str, **arguments: Any) -> dict[str, Any]:
    operation = {"operation": "configure", "role": "a.b.c", "arguments": arguments}
    return {"name": name, "type": "t", "group": on, "requires": [], "properties": {}, "operations": [operation]}


def node(name: str, index: int, state: str = "running") -> dict[str, Any]:
    return {"name": f"{name}-{index}", "group": name, "index": index, "id": f"{name}{index}", "state": state, "new": 1}


OLD = {
    "inputs": {"count": 2, "same": 1},
    "groups": [group("fe", 1), group("wn", 2), group("db", 1)],
    "components": [component("front", "fe", a=1, b="x"), component("worker", "wn", execute=True)],
    "applications": [{"name": "app", "type": "t", "group": None, "properties": {"cpus": 1}}],
    "outputs": {"ip": {"description": "", "value": "1"}, "gone": {"value": 1}},
}
NODES = [node("fe", 0), node("wn", 0), node("wn", 1), node("db", 0)]


def by_name(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {item["name"]: item for item in items}


def test_nothing_changes():
    found = plan_diff(OLD, copy.deepcopy(OLD), NODES)
    assert found["changed"] is False
    assert {item["change"] for name in found if name != "changed" for item in found[name]} == {"keep"}
    assert by_name(found["groups"])["wn"]["nodes"]["keep"] == ["wn-0", "wn-1"]


def test_groups_come_grow_shrink_and_go():
    new = {**OLD, "groups": [group("fe", 1), group("wn", 4), group("gpu", 1, size={"cpus": 8})]}
    groups = by_name(plan_diff(OLD, new, NODES)["groups"])
    assert {name: item["change"] for name, item in groups.items()} == {
        "fe": "keep",
        "wn": "change",
        "gpu": "create",
        "db": "remove",
    }
    assert (groups["wn"]["old_count"], groups["wn"]["new_count"]) == (2, 4)
    assert groups["wn"]["nodes"] == {"create": ["wn-2", "wn-3"], "keep": ["wn-0", "wn-1"], "repair": [], "remove": []}
    assert groups["gpu"]["nodes"]["create"] == ["gpu-0"]
    assert groups["db"]["nodes"]["remove"] == ["db-0"]


def test_a_named_node_goes_and_a_stopped_one_is_repaired():
    new = {**OLD, "groups": [group("fe", 1), group("wn", 1, removal_list=["wn-0"]), group("db", 1)]}
    nodes = [*NODES[:3], node("db", 0, "stopped")]
    found = plan_diff(OLD, new, nodes)
    groups = by_name(found["groups"])
    assert groups["wn"]["nodes"]["remove"] == ["wn-0"]
    assert groups["db"]["nodes"]["repair"] == ["db-0"]
    assert groups["db"]["change"] == "change"
    assert found["changed"]


def test_a_node_that_is_missing_is_a_change_though_the_plan_is_the_same():
    found = plan_diff(OLD, OLD, NODES[1:])
    assert found["changed"]
    assert by_name(found["groups"])["fe"]["nodes"]["create"] == ["fe-0"]


def test_sizes_are_fields():
    new = {**OLD, "groups": [group("fe", 1, size={"cpus": 4}), *OLD["groups"][1:]]}
    fe = by_name(plan_diff(OLD, new, NODES)["groups"])["fe"]
    assert fe["fields"] == [{"name": "size.cpus", "old": 1, "new": 4}]
    assert fe["change"] == "change"


def test_arguments_outputs_inputs_and_applications():
    new = {
        **OLD,
        "inputs": {"count": 3, "same": 1},
        "components": [component("front", "fe", a=True, c=2), component("extra", "fe")],
        "applications": [{"name": "app", "type": "t", "group": None, "properties": {"cpus": 2}}],
        "outputs": {"ip": {"description": "other", "value": "1"}, "new": {"value": 1}},
    }
    found = plan_diff(OLD, new, NODES)
    components = by_name(found["components"])
    assert components["front"]["fields"] == [
        {"name": "a.b.c: a", "old": 1, "new": True},
        {"name": "a.b.c: b", "old": "x", "new": None},
        {"name": "a.b.c: c", "old": None, "new": 2},
    ]
    assert (components["extra"]["change"], components["worker"]["change"]) == ("create", "remove")
    assert by_name(found["applications"])["app"]["fields"] == [{"name": "properties.cpus", "old": 1, "new": 2}]
    assert [item["change"] for item in found["outputs"]] == ["keep", "create", "remove"]
    assert found["inputs"][0] == {"name": "count", "change": "change", "old": 2, "new": 3}


def test_an_input_that_nothing_uses_changes_nothing():
    assert plan_diff(OLD, {**OLD, "inputs": {"count": 7}}, NODES)["changed"] is False


def test_against_nothing_all_is_new():
    found = plan_diff(None, OLD, [])
    assert {item["change"] for name in found if name != "changed" for item in found[name]} == {"create"}
    assert by_name(found["groups"])["wn"]["nodes"]["create"] == ["wn-0", "wn-1"]


DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(DATA, DATA)
def test_fields_differ_when_the_values_do(one, other):
    assert field_differences(one, copy.deepcopy(one)) == []
    for field in field_differences(one, other):
        assert (
            field["old"] != field["new"]
            or isinstance(field["old"], bool) != isinstance(field["new"], bool)
            or field["old"]
        )
