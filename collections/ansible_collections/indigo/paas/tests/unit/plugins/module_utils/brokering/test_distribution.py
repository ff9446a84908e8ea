# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.brokering import distribute, misfits
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import read_groups

GB = 10**9
PLACEMENT = "tosca.policies.indigo.Placement"


def site(name, nodes=10, fabric="net", **more):
    return {
        "name": name,
        "available": True,
        "problem": None,
        "images": [{"name": "debian-13"}],
        "references": [],
        "capacity": {"cpus": 64, "memory": 64 * GB, "nodes": nodes},
        "largest_node": {"cpus": 8, "memory": 8 * GB},
        "used": {"cpus": 0, "memory": 0, "nodes": 0, "deployments": {}},
        "fabric": fabric,
        **more,
    }


def down(name):
    return site(name, available=False, problem="It is down.")


def group(name, count):
    return {"name": name, "group": name.replace("-", "_"), "hostname": name, "count": count, "size": {}, "image": {}}


def plan(fe=1, wn=2, policies=(), **more):
    components = [{"name": "worker", "group": "wn_server"}]
    return {
        "groups": [group("fe_server", fe), group("wn_server", wn)],
        "policies": list(policies),
        "components": components,
        **more,
    }


def policy(name, where, *targets):
    return {
        "name": name,
        "type": PLACEMENT,
        "types": [PLACEMENT],
        "targets": targets,
        "properties": {"cloud_id": where},
    }


def nowhere(made):
    return {group["group"]: dict.fromkeys(range(group["count"])) for group in made["groups"]}


def shares(placed):
    """Return the indices of each group at each site, without those that are empty."""
    return {
        part["site"]: {group["group"]: group["indices"] for group in part["groups"] if group["indices"]}
        for part in placed["parts"]
    }


def test_one_site_takes_all_where_one_has_room():
    made = plan()
    placed = distribute(made, [site("b"), site("a", priority=1)], nowhere(made), spread=True)
    assert placed["site"] == "a"
    assert shares(placed) == {"a": {"fe_server": [0], "wn_server": [0, 1]}}
    assert [group["count"] for group in placed["parts"][0]["groups"]] == [1, 2]


def test_without_leave_nodes_are_not_spread():
    made = plan(wn=5)
    with pytest.raises(SiteError, match="Site 'a' cannot hold the deployment: The deployment asks for 6 nodes in all"):
        distribute(made, [site("a", 4), site("b", 4)], nowhere(made))


def test_workers_go_on_where_the_first_site_is_full():
    made = plan(wn=5)
    placed = distribute(made, [site("a", 4), site("b", 4)], nowhere(made), spread=True)
    assert placed["site"] == "a"
    assert shares(placed) == {"a": {"fe_server": [0], "wn_server": [0, 1, 2]}, "b": {"wn_server": [3, 4]}}
    assert placed["warnings"] == []


def test_a_hybrid_template_may_be_spread():
    made = plan(wn=5, hybrid=True)
    assert set(shares(distribute(made, [site("a", 4), site("b", 4)], nowhere(made)))) == {"a", "b"}


def test_nodes_that_could_not_reach_each_other_are_not_spread():
    made = plan(wn=5)
    with pytest.raises(SiteError) as caught:
        distribute(made, [site("a", 4), site("b", 4, fabric=None)], nowhere(made), spread=True)
    assert "Its nodes and those at 'a' are not known to reach each other" in str(caught.value)


def test_what_stands_stays_and_only_the_new_goes_elsewhere():
    made = plan(wn=4)
    use = {"cpus": 0, "memory": 0, "nodes": 3}
    full = site("b", 3, used={**use, "deployments": {"p": use}})
    standing = {"fe_server": {0: "b"}, "wn_server": {0: "b", 2: "b", 1: None, 3: None}}
    placed = distribute(made, [site("a", 10, priority=9), full], standing, deployment="p", spread=True)
    assert placed["site"] == "b"
    assert shares(placed) == {"b": {"fe_server": [0], "wn_server": [0, 2]}, "a": {"wn_server": [1, 3]}}


def test_single_nodes_are_not_left_without_the_first_site():
    """The only site with room for the large single node is the main one, though the other ranks higher."""
    made = plan(wn=5)
    made["groups"][0]["size"] = {"cpus": 8, "memory": GB}
    weak = site("a", 5, priority=9, largest_node={"cpus": 2, "memory": 8 * GB})
    placed = distribute(made, [weak, site("b", 2)], nowhere(made), spread=True)
    assert placed["site"] == "b"
    assert shares(placed) == {"b": {"fe_server": [0], "wn_server": [0]}, "a": {"wn_server": [1, 2, 3, 4]}}


def test_policies_put_groups_apart():
    policies = [policy("front", "a", "fe_server"), policy("work", "b", "worker")]
    made = plan(policies=policies)
    placed = distribute(made, [site("a"), site("b"), site("c", priority=9)], nowhere(made))
    assert shares(placed) == {"a": {"fe_server": [0]}, "b": {"wn_server": [0, 1]}}
    assert placed["site"] == "a"
    assert placed["warnings"] == []


def test_groups_apart_are_warned_of_where_networks_are_not_joined():
    made = plan(policies=[policy("front", "a", "fe_server"), policy("work", "b", "wn_server")])
    placed = distribute(made, [site("a", fabric=None), site("b", fabric=None)], nowhere(made))
    assert len(placed["warnings"]) == 1
    assert "'b'" in placed["warnings"][0]


def test_a_policy_for_some_nodes_draws_the_others_along_unless_they_may_be_spread():
    policies = [policy("work", "b", "wn_server")]
    sites = [site("a", priority=9), site("b")]
    made = plan(policies=policies)
    assert set(shares(distribute(made, sites, nowhere(made)))) == {"b"}
    hybrid = plan(policies=policies, hybrid=True)
    assert shares(distribute(hybrid, sites, nowhere(hybrid)))["b"]["wn_server"] == [0, 1]


def test_only_the_wanted_sites_are_looked_at():
    made = plan(wn=5)
    sites = [site("a", 4), site("b", 4), site("c", 40)]
    assert set(shares(distribute(made, sites, nowhere(made), ["a", "b"], spread=True))) == {"a", "b"}
    with pytest.raises(SiteError, match=r"There is no site 'x'"):
        distribute(made, sites, nowhere(made), ["x"])


def test_a_deployment_is_not_taken_from_where_it_is():
    made = plan()
    standing = {"fe_server": {0: "a"}, "wn_server": {0: "b", 1: None}}
    with pytest.raises(SiteError, match="has nodes at site 'a', which is not among those to look at"):
        distribute(made, [site("a"), site("b")], standing, ["b"], "p")


def test_sites_that_are_down_take_nothing():
    made = plan(wn=5)
    with pytest.raises(SiteError, match="It is down"):
        distribute(made, [site("a", 4), down("b")], nowhere(made), spread=True)


@given(
    wn=st.integers(0, 30),
    rooms=st.lists(st.integers(0, 12), min_size=1, max_size=5),
    data=st.data(),
)
def test_each_node_has_one_place_and_no_site_holds_more_than_it_can(wn, rooms, data):
    made = plan(wn=wn)
    descriptions = [site(f"s{number}", room) for number, room in enumerate(rooms)]
    try:
        placed = distribute(made, descriptions, nowhere(made), spread=True)
    except SiteError:
        assert sum(rooms) < wn + 1
        return
    places = [(name, index) for held in shares(placed).values() for name in held for index in held[name]]
    assert sorted(places) == sorted([("fe_server", 0), *(("wn_server", index) for index in range(wn))])
    by_name = {description["name"]: description for description in descriptions}
    for part in placed["parts"]:
        assert misfits(read_groups(part["groups"]), by_name[part["site"]]) == []
    shuffled = data.draw(st.permutations(descriptions))
    assert shares(distribute(made, shuffled, nowhere(made), spread=True)) == shares(placed)
