# SPDX-License-Identifier: Apache-2.0
"""Rows of resources and the nodes of a site find each other, whatever happened before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from indigo_paas.service import resources

COMPUTE = "tosca.nodes.indigo.Compute"
GROUPS = ("front", "worker nodes", "db")


def safe(name):
    return name.replace(" ", "_")


def plan_of(counts, parts=()):
    return {
        "groups": [
            {"name": name, "group": safe(name), "type": COMPUTE, "count": count} for name, count in counts.items()
        ],
        "components": [{"name": name, "type": "tosca.nodes.SoftwareComponent"} for name in parts],
    }


def node(group, index, state="running"):
    return {"name": f"{safe(group)}-{index}", "group": safe(group), "index": index, "state": state, "id": "x"}


counts = st.dictionaries(st.sampled_from(GROUPS), st.integers(0, 4), min_size=1)
parts = st.sets(st.sampled_from(["lrms", "disk"]))
nodes = st.lists(
    st.builds(node, st.sampled_from(GROUPS), st.integers(0, 5), st.sampled_from(["running", "stopped", "error"])),
    unique_by=lambda each: each["name"],
)


@given(counts, parts)
def test_a_new_deployment_has_a_row_for_each_node_template_as_often_as_it_counts(counts, parts):
    rows = resources.planned("d", plan_of(counts, parts))
    assert sorted((row.name, row.index) for row in rows) == sorted(
        [(name, index) for name, count in counts.items() for index in range(count)] + [(name, 0) for name in parts]
    )
    assert len({row.uuid for row in rows}) == len(rows)
    assert {row.state for row in rows} <= {"CREATING"}


@given(st.lists(st.tuples(counts, parts, nodes, st.booleans()), min_size=1, max_size=6))
def test_every_node_has_one_row_that_stays_the_same(history):
    before = []
    for wanted, components, there, ok in history:
        plan = plan_of(wanted, components)
        rows = before + resources.planned("d", plan, before)
        assert len({(row.name, row.index) for row in rows if row.state != "DELETING"}) == len(
            [row for row in rows if row.state != "DELETING"]
        )
        after = resources.paired("d", plan, there, rows, ok)
        known = [each for each in there if each["group"] in {safe(name) for name in wanted}]
        here = [row for row in after if row.name in wanted]
        assert sorted(row.node for row in here if row.node) == sorted(each["name"] for each in known)
        assert len({row.uuid for row in after}) == len(after)
        for row in rows:
            if row.node and row.node in {each["name"] for each in known} and row.name in wanted:
                assert row.uuid in {each.uuid for each in after if each.node == row.node}
        if ok:
            assert {row.name for row in after} <= {*wanted, *components}
            assert all(row.node for row in here)
            assert {row.state for row in after if not row.node} <= {"STARTED"}
        for row in after:
            if row.name in wanted and not row.node:
                assert row.state == "ERROR"
        before = after


@given(counts, st.data())
def test_more_nodes_are_new_rows_at_once_and_named_ones_leave(counts, data):
    rows = resources.paired(
        "d", plan_of(counts), [node(name, index) for name, count in counts.items() for index in range(count)], [], True
    )
    more = {name: count + data.draw(st.integers(0, 3)) for name, count in counts.items()}
    made = resources.planned("d", plan_of(more), rows)
    assert len(made) == sum(more.values()) - sum(counts.values())
    gone = data.draw(st.sets(st.sampled_from([row.uuid for row in rows]))) if rows else set()
    stay = [row for row in rows if row.uuid not in gone]
    again = resources.planned("d", plan_of(counts), stay)
    assert len(again) == len(gone)


def test_a_node_template_that_is_gone_leaves():
    rows = resources.planned("d", plan_of({"front": 1, "db": 2}, ["lrms"]))
    leaving = resources.leaving(plan_of({"front": 1}), rows)
    assert sorted(row.name for row in leaving) == ["db", "db", "lrms"]


def test_states_only_advance():
    rows = resources.planned("d", plan_of({"front": 2}))
    rows = resources.advanced(rows, "CONFIGURING")
    assert {row.state for row in rows} == {"CONFIGURING"}
    assert resources.advanced(rows, "CREATED") == rows
    started = resources.marked(rows, "STARTED")
    assert resources.advanced(started, "CREATING") == started


def test_a_user_is_not_told_how_the_service_reaches_a_node():
    told = {**node("front", 0), "ansible_host": "10.0.0.1", "host_keys": ["k"], "private_address": ["10.0.0.1"]}
    (row,) = resources.paired("d", plan_of({"front": 1}), [told], [], True)
    assert row.metadata == {"id": "x", "state": "running", "private_address": ["10.0.0.1"]}


@given(counts, parts, nodes)
def test_while_a_job_goes_on_only_what_there_is_is_shown(counts, parts, there):
    rows = resources.marked(resources.planned("d", plan_of({"front": 2}, ["disk"])), "DELETING")
    rows += resources.planned("d", plan_of(counts, parts), rows)
    after = resources.meanwhile("d", plan_of(counts, parts), there, rows)
    assert not [row for row in after if row.state == "DELETING" and not row.node]
    assert {row.node for row in after if row.node} == {
        each["name"] for each in there if each["group"] in map(safe, counts)
    }
    states = {row.uuid: row.state for row in rows}
    assert all(row.state == states.get(row.uuid, "CREATED") for row in after)
