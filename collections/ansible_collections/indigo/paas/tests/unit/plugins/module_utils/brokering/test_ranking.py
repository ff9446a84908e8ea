# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of sites: what must hold whatever the sites are."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.brokering import candidates, misfits
from ansible_collections.indigo.paas.plugins.module_utils.brokering.terms import WEIGHTS, terms
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import read_groups

GB = 10**9


def site(name, **more):
    return {
        "name": name,
        "available": True,
        "problem": None,
        "priority": 0,
        "price": 0.0,
        "images": [{"name": "debian-13"}],
        "references": [],
        "capacity": {"cpus": 64, "memory": 64 * GB, "nodes": 64},
        "largest_node": {"cpus": 8, "memory": 8 * GB},
        "used": {"cpus": 0, "memory": 0, "nodes": 0, "deployments": {}},
        **more,
    }


AMOUNT = st.integers(0, 2000)
TARGETS = st.builds(
    lambda kind, limit, guaranteed: {
        "type": kind,
        "restrictions": {"total_limit": limit, "user_guaranteed": guaranteed},
    },
    st.sampled_from(["public_ip", "computing_time", "moon"]),
    AMOUNT,
    AMOUNT,
)
AGREEMENTS = st.lists(
    st.builds(
        lambda name, weight, targets: {"id": name, "weight": weight, "targets": targets},
        st.sampled_from("stu"),
        st.sampled_from([0, 0, 1, 2.5]),
        st.lists(TARGETS, max_size=2),
    ),
    max_size=2,
)
METRICS = st.fixed_dictionaries(
    {}, optional={"create_result": st.sampled_from([0, 1, 1, 1]), "create_time": AMOUNT, "inspect_time": AMOUNT}
)
SITES = st.lists(
    st.builds(
        site,
        name=st.sampled_from("abcdef"),
        priority=st.sampled_from([0, 0, 0, 1]),
        price=st.sampled_from([0.0, 0.05, 0.5]),
        available=st.sampled_from([True, True, False]),
        agreements=AGREEMENTS,
        services=st.lists(st.builds(lambda metrics: {"id": "s", "metrics": metrics}, METRICS), max_size=2),
        data=st.sets(st.sampled_from(["run1", "run2"])).map(sorted),
        largest_node=st.fixed_dictionaries({"cpus": st.integers(1, 8), "memory": st.just(8 * GB)}),
        used=st.builds(
            lambda cpus, mine: {"cpus": cpus, "memory": 0, "nodes": cpus, "deployments": {"p": EMPTY} if mine else {}},
            st.integers(0, 70),
            st.booleans(),
        ),
    ),
    unique_by=lambda site: site["name"],
    min_size=1,
    max_size=6,
)
EMPTY = {"cpus": 0, "memory": 0, "nodes": 0}
PLANS = st.builds(
    lambda count, cpus, data: {
        "groups": [{"name": "wn", "count": count, "size": {"cpus": cpus, "memory": GB}, "image": {}}],
        "data": [{"name": name, "providers": [], "required": False} for name in data],
    },
    st.integers(0, 20),
    st.integers(1, 8),
    st.lists(st.sampled_from(["run1", "run2", "run3"]), unique=True),
)


@given(PLANS, SITES)
def test_every_site_has_its_place(plan, sites):
    found = candidates(plan, sites)
    assert sorted(one["site"] for one in found) == sorted(one["name"] for one in sites)
    fitting = [one for one in found if one["fits"]]
    assert [one["rank"] for one in fitting] == list(range(1, len(fitting) + 1))
    assert all(one["rank"] is None for one in found if not one["fits"])


@given(PLANS, SITES)
def test_no_site_that_cannot_hold_the_plan_comes_before_one_that_can(plan, sites):
    by_name = {one["name"]: one for one in sites}
    fits = [one["fits"] for one in candidates(plan, sites)]
    assert fits == sorted(fits, reverse=True)
    for one in candidates(plan, sites):
        if one["fits"]:
            assert not misfits(read_groups(plan["groups"]), by_name[one["site"]])
        else:
            assert one["reasons"]


@given(PLANS, SITES)
def test_the_table_explains_the_order(plan, sites):
    found = candidates(plan, sites, deployment="p")
    for one in found:
        assert one["score"] == pytest.approx(sum(row["points"] for row in one["terms"]), abs=1e-8)
        for row in one["terms"]:
            assert 0 <= row["value"] <= 1
            assert row["points"] == row["value"] * row["weight"]
            assert row["because"]

    def key(one):
        return (not one["fits"], not one["home"], -one["sla_weight"], -one["priority"], -one["score"], one["site"])

    assert found == sorted(found, key=key)


@given(PLANS, SITES, st.randoms())
def test_the_order_of_the_inventory_does_not_matter(plan, sites, random):
    before = copy.deepcopy(sites)
    assert candidates(plan, random.sample(sites, len(sites))) == candidates(plan, sites)
    assert sites == before


@given(PLANS, SITES)
def test_a_site_that_goes_does_not_turn_the_order_of_the_rest(plan, sites):
    whole = [one["site"] for one in candidates(plan, sites)]
    for gone in whole:
        rest = [one for one in sites if one["name"] != gone]
        assert [one["site"] for one in candidates(plan, rest)] == [name for name in whole if name != gone]


def better(kind, site):
    site = copy.deepcopy(site)
    if kind == "weight":
        site["agreements"].append({"id": "more", "weight": 9, "targets": []})
    elif kind == "priority":
        site["priority"] += 1
    elif kind == "sla":
        target = {"type": "public_ip", "restrictions": {"total_limit": 500}}
        site["agreements"].append({"id": "more", "weight": 0, "targets": [target]})
    elif kind == "monitoring":
        faster = {"create_result": 1, "create_time": 1}
        for service in site["services"]:
            service["metrics"] |= {name: faster[name] for name in service["metrics"] if name in faster}
    elif kind == "cost":
        site["price"] /= 2
    elif kind == "data":
        site["data"] = ["run1", "run2", "run3"]
    elif kind == "use":
        site["used"] = {**site["used"], "cpus": site["used"]["cpus"] // 2, "nodes": site["used"]["nodes"] // 2}
    return site


@pytest.mark.parametrize("kind", ["weight", "priority", "sla", "monitoring", "cost", "data", "use"])
@given(plan=PLANS, sites=SITES, data=st.data())
def test_a_site_that_gets_better_does_not_fall(kind, plan, sites, data):
    chosen = data.draw(st.sampled_from(sites))
    place = [one["site"] for one in candidates(plan, sites)].index(chosen["name"])
    improved = [better(kind, one) if one is chosen else one for one in sites]
    assert [one["site"] for one in candidates(plan, improved)].index(chosen["name"]) <= place


@pytest.mark.parametrize("kind", list(WEIGHTS))
@given(plan=PLANS, sites=SITES)
def test_each_term_reacts_in_its_direction_and_alone(kind, plan, sites):
    before, after = terms(plan, sites[0]), terms(plan, better(kind, sites[0]))
    assert after[kind].value >= before[kind].value
    assert {name: term for name, term in after.items() if name != kind} == {
        name: term for name, term in before.items() if name != kind
    }


@pytest.mark.parametrize("kind", ["sla", "cost", "data", "use"])
@given(plan=PLANS, sites=SITES)
def test_a_term_without_weight_changes_nothing(kind, plan, sites):
    off = {"weights": {kind: 0}}
    plain = [{**one, "ranking": off} for one in sites]
    changed = [better(kind, {**one, "ranking": off}) for one in sites]
    order = [one["site"] for one in candidates(plan, plain) if one["fits"]]
    after = [one["site"] for one in candidates(plan, changed)]
    assert [name for name in after if name in order] == order


def order(*sites, **plan):
    return [one["site"] for one in candidates({"groups": [], **plan}, sites)]


def test_the_weight_of_agreements_comes_first():
    low = site("a", priority=9, agreements=[])
    high = site("b", price=5.0, agreements=[{"id": "s", "weight": 1, "targets": []}])
    assert order(low, high) == ["b", "a"]


def test_then_the_priority_then_the_score():
    assert order(site("a"), site("b", priority=1, price=5.0)) == ["b", "a"]
    assert order(site("a", price=5.0), site("b")) == ["b", "a"]


def test_a_probe_that_fails_is_worse_than_none():
    failing = site("a", services=[{"id": "s", "metrics": {"create_result": 0}}])
    assert order(failing, site("b")) == ["b", "a"]


def test_weights_turn_the_order():
    near, cheap = site("near", data=["run1"], price=0.5), site("cheap")
    wanted = {"data": [{"name": "run1", "providers": [], "required": False}]}
    for weights, first in (({"cost": 3}, "cheap"), ({"data": 3}, "near")):
        sites = [{**one, "ranking": {"weights": weights}} for one in (near, cheap)]
        assert order(*sites, **wanted)[0] == first


def test_sites_that_are_measured_differently_are_refused():
    sites = [site("a"), site("b", ranking={"weights": {"cost": 2}})]
    with pytest.raises(SiteError, match="'a' and 'b' have different weights.*group paas_sites") as caught:
        order(*sites)
    assert caught.value.bad_input


def test_the_terms_are_those_that_have_weights():
    assert [row["name"] for row in candidates({"groups": []}, [site("a")])[0]["terms"]] == list(WEIGHTS)
