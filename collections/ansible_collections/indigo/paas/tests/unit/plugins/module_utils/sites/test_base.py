# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup
from ansible_collections.indigo.paas.plugins.module_utils.sites import base
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Changes, Node, Option, reconcile


def group(name="wn", count=1, removal_list=(), **more):
    return NodeGroup(name, name, name, count=count, removal_list=tuple(removal_list), **more)


def node(index, name="wn", state="running", id=None):
    return Node(name=f"{name}-{index}", group=name, index=index, id=id or f"id-{name}-{index}-{state}", state=state)


def names(changes: Changes) -> dict[str, list[str]]:
    return {what: found for what, found in changes.names().items() if found}


class Switchboard(base.Site):
    """A site whose nodes can be switched."""

    type = "switchboard"

    def __init__(self, *nodes, switches=True):
        super().__init__("here", {})
        self.nodes = nodes
        self.switches = switches
        self.switched = []

    def describe(self):
        return self.description()

    def list_nodes(self, _deployment):
        return list(self.nodes)

    def begin(self, _order):
        raise NotImplementedError

    def delete_nodes(self, *_args, **_more):
        raise NotImplementedError

    def _power(self, deployment, nodes, running):
        if not self.switches:
            super()._power(deployment, nodes, running)
        self.switched += [(node.name, running) for node in nodes]


def test_only_nodes_in_the_other_state_are_switched():
    site = Switchboard(node(0), node(1, state="stopped"), node(2))
    assert site.power_nodes("d", ["wn-0", "wn-1"], running=False, dry_run=True) == ["wn-0"]
    assert site.switched == []
    assert site.power_nodes("d", ["wn-0", "wn-1"], running=False) == ["wn-0"]
    assert site.power_nodes("d", ["wn-0", "wn-1"], running=True) == ["wn-1"]
    assert site.switched == [("wn-0", False), ("wn-1", True)]


def test_a_site_that_switches_nothing_says_so():
    with pytest.raises(SiteError, match="'here' cannot be started or stopped: it is of the type switchboard") as told:
        Switchboard(node(0), switches=False).power_nodes("d", ["wn-0"], running=False)
    assert told.value.bad_input


def test_a_node_that_neither_runs_nor_is_stopped_is_not_switched():
    site = Switchboard(node(0), node(1, state="error"))
    with pytest.raises(SiteError, match="Node wn-1 is error: .* Run the deployment again"):
        site.power_nodes("d", ["wn-0", "wn-1"], running=False)
    with pytest.raises(SiteError, match="has no node 'wn-9'"):
        site.power_nodes("d", ["wn-9"], running=False)
    assert site.switched == []


def test_the_first_nodes_of_a_group_count_from_zero():
    assert names(reconcile([group(count=3)], [])) == {"create": ["wn-0", "wn-1", "wn-2"]}


def test_nodes_that_are_as_planned_are_kept():
    changes = reconcile([group(count=2)], [node(0), node(1)])
    assert names(changes) == {"keep": ["wn-0", "wn-1"]}
    assert not changes


def test_the_highest_index_goes_first():
    nodes = [node(index) for index in range(11)]
    assert names(reconcile([group(count=9)], nodes))["remove"] == ["wn-10", "wn-9"]


def test_a_gap_is_filled_first():
    assert names(reconcile([group(count=3)], [node(0), node(2)])) == {
        "keep": ["wn-0", "wn-2"],
        "create": ["wn-1"],
    }


def test_a_node_named_in_the_removal_list_goes_instead_of_the_highest():
    nodes = [node(0), node(1), node(2)]
    assert names(reconcile([group(count=2, removal_list=["wn-1"])], nodes)) == {
        "keep": ["wn-0", "wn-2"],
        "remove": ["wn-1"],
    }


def test_a_node_is_replaced_under_another_name_while_the_removal_list_names_it():
    nodes = [node(0), node(1)]
    assert names(reconcile([group(count=2, removal_list=["wn-0"])], nodes)) == {
        "keep": ["wn-1"],
        "remove": ["wn-0"],
        "create": ["wn-2"],
    }


def test_the_removal_list_takes_the_sites_identifiers_too():
    nodes = [node(0, id="f00"), node(1, id="ba7")]
    assert names(reconcile([group(count=1, removal_list=["f00"])], nodes)) == {
        "keep": ["wn-1"],
        "remove": ["wn-0"],
    }


def test_nodes_of_a_group_that_left_the_plan_go():
    assert names(reconcile([group()], [node(0), node(0, name="fe")])) == {
        "keep": ["wn-0"],
        "remove": ["fe-0"],
    }


@pytest.mark.parametrize("state", ["stopped", "unfinished", "error"])
def test_a_wanted_node_that_does_not_run_is_repaired(state):
    assert names(reconcile([group()], [node(0, state=state)])) == {"repair": ["wn-0"]}


def test_of_two_nodes_with_one_index_the_running_one_stays():
    changes = reconcile([group()], [node(0, state="unfinished"), node(0)])
    assert [kept.state for kept in changes.keep] == ["running"]
    assert [gone.state for gone in changes.remove] == ["unfinished"]


GROUP_NAMES = ("fe", "wn", "db")
STATES = ("running", "stopped", "unfinished", "error")
NODES = st.lists(st.tuples(st.sampled_from(GROUP_NAMES), st.integers(0, 6), st.sampled_from(STATES)), max_size=12).map(
    lambda found: [
        node(index, name=name, state=state, id=f"id{position}") for position, (name, index, state) in enumerate(found)
    ]
)
GROUPS = st.lists(
    st.builds(
        group,
        name=st.sampled_from(GROUP_NAMES),
        count=st.integers(0, 5),
        removal_list=st.lists(
            st.sampled_from([f"{name}-{index}" for name in GROUP_NAMES for index in range(7)]), max_size=4
        ),
    ),
    unique_by=lambda found: found.safe_name,
)


def applied(changes: Changes) -> list[Node]:
    """Return the nodes after CHANGES."""
    running = [
        dataclasses.replace(node, state="running", id=f"new-{node.id}") for node in (*changes.keep, *changes.repair)
    ]
    new = [
        Node(name=new.name, group=new.group.safe_name, index=new.index, id=f"new-{new.name}") for new in changes.create
    ]
    return running + new


@given(GROUPS, NODES)
def test_each_node_has_exactly_one_fate(groups, nodes):
    changes = reconcile(groups, nodes)
    fates = [*changes.keep, *changes.repair, *changes.remove]
    assert sorted(node.id for node in fates) == sorted(node.id for node in nodes)


@given(GROUPS, NODES)
def test_the_outcome_is_the_plan(groups, nodes):
    after = applied(reconcile(groups, nodes))
    assert len({node.name for node in after}) == len(after)
    for wanted in groups:
        members = [node for node in after if node.group == wanted.safe_name]
        assert len(members) == wanted.count
        assert not {node.name for node in members} & set(wanted.removal_list)
    assert {node.group for node in after} <= {wanted.safe_name for wanted in groups}


@given(GROUPS, NODES)
def test_a_second_look_finds_nothing_to_do(groups, nodes):
    assert not reconcile(groups, applied(reconcile(groups, nodes)))


@given(GROUPS, NODES, st.randoms())
def test_the_order_of_what_is_found_does_not_matter(groups, nodes, random):
    shuffled = random.sample(nodes, len(nodes))
    assert reconcile(groups, nodes).names() == reconcile(groups, shuffled).names()


def test_a_node_becomes_plain_data():
    assert json.loads(json.dumps(node(1).to_dict()))["name"] == "wn-1"


@pytest.mark.parametrize("name", ["a", "my-pool", "0", "a" * 40])
def test_names_of_deployments(name):
    base.check_deployment_name(name)


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a" * 41, "a.b", "a b", "a\n", "../x", "ü"])
def test_what_cannot_name_a_deployment(name):
    with pytest.raises(SiteError, match="cannot name a deployment") as caught:
        base.check_deployment_name(name)
    assert caught.value.bad_input


OPTIONS = {
    "endpoint": Option(str, None, ""),
    "parallel": Option(int, 8, ""),
    "ratio": Option(float, 1.5, ""),
    "images": Option(list, [], ""),
    "access": Option(str, "direct", "", ("direct", "published")),
}


def test_options_have_defaults():
    assert base.read_options("here", OPTIONS, {"type": "x", "name": "here", "endpoint": None}) == {
        "endpoint": None,
        "parallel": 8,
        "ratio": 1.5,
        "images": [],
        "access": "direct",
    }


def test_numbers_may_come_as_text():
    options = base.read_options("here", OPTIONS, {"parallel": "3", "ratio": "2"})
    assert (options["parallel"], options["ratio"]) == (3, 2.0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"paralel": 3}, "Site 'here' has no option 'paralel'. Did you mean 'parallel'?"),
        ({"parallel": "many"}, "Site 'here': option 'parallel' must be a whole number, not 'many'"),
        ({"parallel": True}, "Site 'here': option 'parallel' must be a whole number, not True"),
        ({"ratio": []}, "Site 'here': option 'ratio' must be a number, not []"),
        ({"images": "debian"}, "Site 'here': option 'images' must be a list, not 'debian'"),
        ({"access": "magic"}, "Site 'here': option 'access' must be one of direct, published, not 'magic'"),
    ],
)
def test_wrong_options_are_named(given, message):
    with pytest.raises(SiteError) as caught:
        base.read_options("here", OPTIONS, given)
    assert str(caught.value) == message
    assert caught.value.bad_input


def test_all_wrong_options_are_told_at_once():
    with pytest.raises(SiteError) as caught:
        base.read_options("here", OPTIONS, {"paralel": 3, "ratio": "x"})
    assert len(caught.value.problems) == 2


def test_an_added_node_is_called_just_as_the_template_says():
    added = group(count=2, dns_name="vnode-7")
    [new] = reconcile([added], [node(0)]).create
    assert (new.name, new.index) == ("wn-1", 1)
    other = Node(name="vnode-6", group="wn", index=0, id="x")
    [new] = reconcile([added], [other]).create
    assert (new.name, new.index) == ("vnode-7", 1)


def test_two_groups_that_state_one_name_get_two():
    groups = [group(name, dns_name="same") for name in ("fe", "wn")]
    assert [new.name for new in reconcile(groups, []).create] == ["same", "wn-0"]


def test_a_name_that_a_group_may_not_give_is_not_given():
    [new] = reconcile([group(dns_name="local", taken=frozenset({"local"}))], []).create
    assert new.name == "wn-0"


class Described(Switchboard):
    """A site that describes what is used there."""

    def __init__(self, **described):
        super().__init__()
        self.described = described

    def describe(self):
        return self.description(**self.described)


def test_a_site_lists_the_deployments_that_have_nodes_there():
    used = {"cpus": 2, "memory": 2, "nodes": 2, "deployments": {"pool": {}, "a": {}}}
    assert Described(used=used).list_deployments() == ["a", "pool"]
    assert Described().list_deployments() == []
    with pytest.raises(SiteError, match="It is down"):
        Described(available=False, problem="It is down.").list_deployments()
