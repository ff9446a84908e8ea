# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.indigo.paas.plugins.module_utils import fleet as fleets
from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError
from ansible_collections.indigo.paas.plugins.module_utils.fleet import (
    Fleet,
    FleetError,
    Order,
    delete_fleet,
    find_fleet,
    make_fleet,
)
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import read_groups
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Node, Result, reconcile

GB = 10**9


def group(name="wn", count=2):
    return {"name": name, "group": name, "hostname": name, "count": count, "size": {}, "image": {}, "removal_list": []}


class World:
    """Sites in memory: what each does when it is asked can be set."""

    def __init__(self, **rooms):
        self.rooms = rooms
        self.nodes = {name: {} for name in rooms}
        self.failing = {}
        self.stuck = set()
        self.silent = set()
        self.calls = []
        self.told = []

    def open(self, name, _options):
        return FakeSite(self, name)

    def describe(self, sites):
        return [self.description(name) for name in sites]

    def description(self, name):
        mine = {"cpus": 0, "memory": 0, "nodes": len(self.nodes[name])}
        return {
            "name": name,
            "available": name not in self.silent,
            "problem": "It is silent." if name in self.silent else None,
            "priority": -list(self.rooms).index(name),
            "images": [{"name": "debian-13"}],
            "references": [],
            "capacity": {"cpus": 99, "memory": 99 * GB, "nodes": self.rooms[name]},
            "largest_node": {"cpus": 8, "memory": 8 * GB},
            "used": {**mine, "deployments": {"p": mine} if self.nodes[name] else {}},
            "fabric": "net",
        }

    def say(self, site, line):
        self.told.append(f"{site}: {line}")

    def run(self, calls, say, _seconds):
        answers = {}
        for name, call in calls.items():
            try:
                answers[name] = call(lambda line, name=name: say(name, line))
            except SiteError as error:
                answers[name] = error
        return answers

    def make(self, dry_run=False, groups=None, **order):
        wanted = Order("p", {"groups": groups or [group()]}, "key", **order)
        return make_fleet(dict.fromkeys(self.rooms, {}), wanted, self.say, dry_run=dry_run, run=self.run)

    def left(self):
        return {site: sorted(nodes) for site, nodes in self.nodes.items() if nodes}


class FakeSite:
    leftovers: tuple[Problem, ...] = ()

    def __init__(self, world, name):
        self.world, self.name = world, name

    def _answer(self):
        if self.name in self.world.silent:
            raise SiteError(f"Site '{self.name}' does not answer")

    def list_nodes(self, _deployment):
        self._answer()
        return list(self.world.nodes[self.name].values())

    def ensure_nodes(self, deployment, groups, *, public_key, progress=None, dry_run=False):
        self._answer()
        here = self.world.nodes[self.name]
        changes = reconcile(read_groups(groups), here.values())
        if len(here) + len(changes.create) - len(changes.remove) > self.world.rooms[self.name]:
            raise SiteError(f"Site '{self.name}' cannot hold it", bad_input=True)
        self.world.calls.append((self.name, changes.names()))
        if not dry_run:
            for node in changes.remove:
                del here[node.name]
            for number, new in enumerate(changes.create):
                if self.name in self.world.failing and number == self.world.failing[self.name]:
                    raise SiteError(f"Site '{self.name}' is out of machines")
                here[new.name] = Node(new.name, new.group.safe_name, new.index, f"{self.name}-{new.name}")
        names = changes.names()
        return Result(list(here.values()), names["create"], [], names["remove"], names["keep"], bool(changes))

    def power_nodes(self, _deployment, names, *, running, dry_run=False):
        self._answer()
        unknown = sorted(set(names) - set(self.world.nodes[self.name]))
        if unknown:
            raise SiteError(f"Site '{self.name}' has no node '{unknown[0]}'", bad_input=True)
        self.world.calls.append((self.name, names, running, dry_run))
        return names

    def delete_nodes(self, _deployment, *, dry_run=False):
        self._answer()
        if self.name in self.world.stuck:
            raise SiteError(f"Site '{self.name}' deletes nothing")
        names = sorted(self.world.nodes[self.name])
        if not dry_run:
            self.world.nodes[self.name].clear()
        return names


@pytest.fixture
def world(monkeypatch):
    def make(**rooms):
        world = World(**rooms)
        monkeypatch.setattr(fleets, "open_site", world.open)
        monkeypatch.setattr(fleets, "describe_sites", world.describe)
        return world

    return make


def test_the_best_site_makes_the_nodes(world):
    two = world(a=9, b=9)
    made = two.make()
    assert two.left() == {"a": ["wn-0", "wn-1"]}
    assert (made.site, made.result.created, made.attempts) == ("a", ["wn-0", "wn-1"], [])
    assert [(node["name"], node["site"]) for node in made.nodes] == [("wn-0", "a"), ("wn-1", "a")]
    again = two.make()
    assert (again.result.changed, again.result.kept) == (False, ["wn-0", "wn-1"])


def test_each_node_is_switched_where_it_is(world):
    two = world(a=9, b=9)
    two.nodes = {site: {name: Node(name, "wn", 0, name)} for site, name in (("a", "wn-0"), ("b", "wn-1"))}
    sites = dict.fromkeys(two.rooms, {})
    assert sorted(fleets.power_fleet(sites, "p", ["wn-1", "wn-0"], running=True)) == ["wn-0", "wn-1"]
    assert sorted(two.calls) == [("a", ["wn-0"], True, False), ("b", ["wn-1"], True, False)]
    with pytest.raises(SiteError, match=r"'p' has no node 'wn-2'. There is wn-0, wn-1"):
        fleets.power_fleet(sites, "p", ["wn-2"], running=True)
    two.silent.add("b")
    with pytest.raises(SiteError, match="Site 'b' does not answer"):
        fleets.power_fleet(sites, "p", ["wn-1"], running=True)


def test_a_site_that_fails_is_cleaned_and_left(world):
    two = world(a=9, b=9)
    two.failing["a"] = 1
    made = two.make()
    assert two.left() == {"b": ["wn-0", "wn-1"]}
    (attempt,) = made.attempts
    assert (attempt.site, attempt.removed, attempt.clean) == ("a", ["wn-0"], True)
    assert made.site == "b"
    assert two.told == [
        "a: Failed: Site 'a' is out of machines. Removed there: wn-0.",
        "b: Trying here after a failed",
    ]


def test_when_all_fail_all_causes_are_told_and_the_last_attempt_stays(world):
    three = world(a=9, b=9, c=1)
    three.failing.update(a=1, b=1)
    with pytest.raises(FleetError) as caught:
        three.make()
    assert three.left() == {"b": ["wn-0"]}
    assert [(attempt.site, attempt.clean) for attempt in caught.value.attempts] == [("a", True), ("b", False)]
    told = str(caught.value)
    assert "Site 'a' failed: Site 'a' is out of machines" in told
    assert "Site 'b' failed: Site 'b' is out of machines" in told
    assert "Site 'c' cannot hold the deployment" in told
    assert caught.value.details["attempts"][0]["problems"] == ["Site 'a' is out of machines"]


def test_the_last_attempt_goes_too_where_it_is_not_kept(world):
    two = world(a=9, b=9)
    two.failing.update(a=1, b=1)
    with pytest.raises(FleetError):
        two.make(keep_last=False)
    assert two.left() == {}


def test_no_more_sites_are_tried_than_asked_for(world):
    three = world(a=9, b=9, c=9)
    three.failing.update(a=0, b=0)
    with pytest.raises(FleetError) as caught:
        three.make(tries=2)
    assert [attempt.site for attempt in caught.value.attempts] == ["a", "b"]
    assert three.left() == {}


def test_a_site_with_nodes_from_before_is_not_left(world):
    two = world(a=9, b=9)
    two.make()
    two.failing["a"] = 0
    with pytest.raises(FleetError, match="^Site 'a' is out of machines$"):
        two.make(groups=[group(count=3)])
    assert two.left() == {"a": ["wn-0", "wn-1"]}


def test_one_that_was_never_complete_may_move(world):
    two = world(a=9, b=9)
    two.failing["a"] = 1
    with pytest.raises(FleetError):
        two.make(tries=1)
    assert two.left() == {"a": ["wn-0"]}
    two.failing["a"] = 0
    assert two.make(may_move=True).site == "b"
    assert two.left() == {"b": ["wn-0", "wn-1"]}


def test_what_cannot_be_removed_is_told(world):
    two = world(a=9, b=9)
    two.failing["a"] = 1
    two.stuck.add("a")
    made = two.make()
    (attempt,) = made.attempts
    assert not attempt.clean
    assert "could not be removed: Site 'a' deletes nothing" in str(attempt.problems[-1])
    assert made.site == "b"


def test_the_rest_goes_to_another_site_and_on_from_there(world):
    three = world(a=3, b=9, c=9)
    three.failing["b"] = 1
    made = three.make(groups=[group("fe", 1), group("wn", 4)], spread=True, placement=None)
    assert made.site in three.left()
    assert sorted(node for nodes in three.left().values() for node in nodes) == ["fe-0", "wn-0", "wn-1", "wn-2", "wn-3"]
    assert "b" not in three.left()


def test_a_part_that_fails_moves_and_the_others_stay(world):
    three = world(a=3, b=3, c=3)
    three.failing["b"] = 1
    made = three.make(groups=[group("fe", 1), group("wn", 4)], spread=True)
    assert three.left() == {"a": ["fe-0", "wn-0", "wn-1"], "c": ["wn-2", "wn-3"]}
    assert made.result.created == ["fe-0", "wn-0", "wn-1", "wn-2", "wn-3"]
    assert made.result.kept == []
    assert [(attempt.site, attempt.removed) for attempt in made.attempts] == [("b", ["wn-2"])]


def test_shrinking_takes_nodes_from_every_site(world):
    two = world(a=3, b=3)
    two.make(groups=[group("fe", 1), group("wn", 4)], spread=True)
    assert two.left() == {"a": ["fe-0", "wn-0", "wn-1"], "b": ["wn-2", "wn-3"]}
    made = two.make(groups=[group("fe", 1), group("wn", 1)])
    assert two.left() == {"a": ["fe-0", "wn-0"]}
    assert made.result.removed == ["wn-1", "wn-2", "wn-3"]


def test_a_dry_run_changes_nothing_and_does_not_move(world):
    two = world(a=9, b=9)
    foretold = two.make(dry_run=True)
    assert (foretold.result.created, two.left()) == (["wn-0", "wn-1"], {})
    assert [site for site, _changes in two.calls] == ["a"]


def test_no_room_anywhere_is_bad_input(world):
    with pytest.raises(SiteError) as caught:
        world(a=1, b=1).make()
    assert caught.value.bad_input


def test_a_site_that_does_not_answer_is_passed_over(world):
    two = world(a=9, b=9)
    two.silent.add("a")
    assert two.make().site == "b"
    found = find_fleet({"a": {}, "b": {}}, "p")
    assert set(found.silent) == {"a"}
    assert [node["site"] for node in found.to_list()] == ["b", "b"]


def test_deleting_goes_on_where_one_site_fails(world):
    three = world(a=2, b=2, c=2)
    three.make(groups=[group("fe", 1), group("wn", 5)], spread=True)
    three.stuck.add("b")
    with pytest.raises(SiteError, match="Site 'b' deletes nothing"):
        delete_fleet(dict.fromkeys("abc", {}), "p")
    assert set(three.left()) == {"b"}
    forced = delete_fleet(dict.fromkeys("abc", {}), "p", force=True)
    assert (forced.nodes, [str(problem) for problem in forced.left]) == (
        {"a": [], "c": []},
        ["Site 'b' deletes nothing"],
    )
    three.stuck.clear()
    assert delete_fleet(dict.fromkeys("abc", {}), "p").nodes == {"a": [], "b": ["wn-1", "wn-2"], "c": []}


def test_what_only_an_administrator_can_delete_is_a_warning(world, monkeypatch):
    one = world(a=2)
    one.make(groups=[group("wn", 1)])
    left = [Problem("The security group g stays", severity="warning")]
    monkeypatch.setattr(FakeSite, "leftovers", left)
    deleted = delete_fleet({"a": {}}, "p")
    assert (deleted.nodes, deleted.left) == ({"a": ["wn-0"]}, left)


def test_one_machine_at_two_sites_is_refused(world):
    two = world(a=2, b=2)
    node = Node("wn-0", "wn", 0, "x", host_keys=["ssh-ed25519 A"])
    two.nodes = {"a": {"wn-0": node}, "b": {"wn-0": node}}
    with pytest.raises(SiteError, match="The sites 'a' and 'b' are one and the same: both have the node wn-0"):
        find_fleet({"a": {}, "b": {}}, "p")


def test_a_fleet_is_what_it_was_told():
    node = Node("wn-0", "wn", 0, "x")
    fleet = Fleet({"a": [node], "b": [dataclasses.replace(node, name="wn-1", index=1, id="y")]})
    assert Fleet.of(fleet.to_list()) == fleet
    assert fleet.standing([group(count=3)]) == {"wn": {0: "a", 1: "b", 2: None}}


def stating(dns_name, name="wn", count=2):
    return {**group(name, count), "network": {"dns_name": dns_name}}


def test_an_added_node_is_called_just_as_the_template_says_at_whichever_site(world):
    sites = world(a=1, b=9)
    sites.make(groups=[stating("vnode-1", count=1)])
    assert sites.left() == {"a": ["vnode-1"]}
    sites.make(groups=[stating("vnode-2", count=2)], spread=True)
    assert sites.left() == {"a": ["vnode-1"], "b": ["vnode-2"]}


def test_nodes_of_one_group_at_several_sites_have_several_names(world):
    sites = world(a=1, b=1)
    sites.make(groups=[stating("wn")], spread=True)
    assert sites.left() == {"a": ["wn-0"], "b": ["wn-1"]}


def test_nodes_of_two_groups_at_two_sites_do_not_share_a_name(world):
    sites = world(a=1, b=1)
    sites.make(groups=[stating("same", "fe", 1), stating("same", "wn", 1)], spread=True)
    assert sorted(name for names in sites.left().values() for name in names) in (["fe-0", "same"], ["same", "wn-0"])


def test_no_node_is_called_by_what_ansible_knows_already(world):
    sites = world(a=9)
    sites.make(groups=[stating("a", count=1)], reserved={"a", "wn-0"})
    assert sites.left() == {"a": ["wn-1"]}


def test_deployments_are_found_at_all_sites(world, monkeypatch):
    sites = world(a=1, b=1, c=1)
    there = {"a": ["p", "q"], "b": ["p"]}

    def listed(site):
        if site.name == "c":
            raise SiteError("Site 'c' does not answer")
        return there[site.name]

    monkeypatch.setattr(FakeSite, "list_deployments", listed, raising=False)
    found, silent = fleets.find_deployments(dict.fromkeys(sites.rooms, {}))
    assert found == {"p": ["a", "b"], "q": ["a"]}
    assert silent == {"c": "Site 'c' does not answer"}


def test_sites_that_keep_images_are_told_what_nodes_are_to_have(world, monkeypatch):
    found = world(a=9)
    opened = []
    monkeypatch.setattr(fleets, "ImageKeeper", FakeSite)
    monkeypatch.setattr(fleets, "open_site", lambda name, _options: opened.append(FakeSite(found, name)) or opened[-1])
    found.make(services={"wn": {"indigo.paas.htcondor": "aaaa-1111"}})
    assert opened[-1].services == {"wn": {"indigo.paas.htcondor": "aaaa-1111"}}
