# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.indigo.paas.plugins.module_utils.brokering import (
    candidates,
    choose,
    match_image,
    misfits,
)
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import WantedImage, read_groups

GB = 10**9


def image(name="debian-13", distribution="debian", version="13", default=False, codename=None):
    return {
        "name": name,
        "distribution": distribution,
        "version": version,
        "codename": codename,
        "type": "linux",
        "architecture": "x86_64",
        "default": default,
    }


def site(name="local", **more):
    return {
        "name": name,
        "type": "docker",
        "available": True,
        "problem": None,
        "priority": 0,
        "price": 0.0,
        "images": [image(default=True, codename="trixie"), image("debian-12", version="12")],
        "references": ["mine:1"],
        "capacity": {"cpus": 64, "memory": 100 * GB, "nodes": 100},
        "largest_node": {"cpus": 2, "memory": 24 * GB},
        "used": {"cpus": 0, "memory": 0, "nodes": 0, "deployments": {}},
        **more,
    }


def used(deployment="p", cpus=1, memory=GB, nodes=1):
    use = {"cpus": cpus, "memory": memory, "nodes": nodes}
    return {**use, "deployments": {deployment: use}}


def group(name="wn_server", count=1, cpus=1, memory=GB, image=None, **size):
    return {
        "name": name,
        "group": name,
        "hostname": name,
        "count": count,
        "size": {"cpus": cpus, "memory": memory, **size},
        "image": image or {},
    }


def plan(*groups):
    return {"groups": list(groups)}


@pytest.mark.parametrize(
    ("group", "reason"),
    [
        (
            group(image={"distribution": "ubuntu", "version": "16.04"}),
            "It has no image for 'wn_server', which asks for distribution 'ubuntu', version '16.04'; "
            "it has debian-13, debian-12.",
        ),
        (
            group(image={"image": "ost://cloud/1"}),
            "It has no image for 'wn_server', which asks for the image 'ost://cloud/1'; it has debian-13, debian-12.",
        ),
        (group(cpus=64), "A node of 'wn_server' asks for 64 CPUs; its largest node has 2."),
        (
            group(memory=256 * GB, count=0),
            None,
        ),
        (
            group(memory=25 * GB),
            "A node of 'wn_server' asks for 25 GB of memory; its largest node has 24 GB.",
        ),
        (group(gpus=1), "A node of 'wn_server' asks for 1 GPUs; its largest node has 0."),
        (group(count=33, cpus=2), "The deployment asks for 66 CPUs in all; it has 64 CPUs free."),
        (
            group(count=5, memory=21 * GB),
            "The deployment asks for 105 GB of memory in all; it has 100 GB of memory free.",
        ),
        (
            group(count=101, cpus=0.1, memory=1),
            "The deployment asks for 101 nodes in all; it has 100 nodes free.",
        ),
        (group(), None),
    ],
)
def test_each_reason_is_a_sentence(group, reason):
    assert misfits(read_groups([group]), site()) == ([reason] if reason else [])


def test_a_limit_that_can_be_raised_says_how():
    small = site(capacity={"cpus": 64, "memory": 100 * GB, "nodes": 2}, remedies={"nodes": "Raise it."})
    assert misfits(read_groups([group(count=3)]), small) == [
        "The deployment asks for 3 nodes in all; it has 2 nodes free. Raise it."
    ]


def test_a_site_that_does_not_answer_gives_its_own_reason():
    assert misfits(read_groups([group()]), site(available=False, problem="It is down.")) == ["It is down."]


def test_use_by_others_counts():
    assert misfits(read_groups([group(count=64)]), site(used=used("other"))) == [
        "The deployment asks for 64 CPUs in all; it has 63 CPUs free."
    ]


def test_use_by_the_deployment_itself_does_not_count():
    full = site(used=used("p", cpus=64))
    assert misfits(read_groups([group(count=64)]), full, "p") == []


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ({}, "debian-13"),
        ({"type": "linux"}, "debian-13"),
        ({"type": "Linux", "distribution": "DEBIAN", "version": 12}, "debian-12"),
        ({"version": 13}, "debian-13"),
        ({"version": "13.0"}, "debian-13"),
        ({"version": "trixie"}, "debian-13"),
        ({"architecture": "x86_64", "image": None}, "debian-13"),
        ({"image": "Debian-12"}, "debian-12"),
        ({"distribution": "debian", "version": "1"}, None),
        ({"type": "windows"}, None),
        ({"architecture": "arm64"}, None),
    ],
)
def test_the_image_asked_for(wanted, name):
    found = match_image(site(), WantedImage(**wanted))
    assert (found and found["name"]) == name


def test_an_image_may_be_one_that_the_engine_holds():
    assert match_image(site(), WantedImage("mine:1")) == {"reference": "mine:1"}


def test_the_default_image_wins_wherever_it_stands():
    images = [image("a"), image("b", default=True)]
    assert match_image(site(images=images), WantedImage(distribution="debian"))["name"] == "b"


def test_the_best_site_is_chosen():
    sites = [site("b"), site("a"), site("dear", price=1.0), site("mine", priority=1)]
    assert choose(plan(group()), sites) == "mine"
    assert [candidate["site"] for candidate in candidates(plan(group()), sites)] == ["mine", "a", "b", "dear"]


def test_the_less_used_of_equal_sites_is_chosen():
    assert choose(plan(group()), [site("a", used=used("x", cpus=32)), site("b")]) == "b"


def test_sites_that_do_not_fit_come_last_whatever_their_rank():
    small = site("small", priority=9, largest_node={"cpus": 1, "memory": GB})
    found = candidates(plan(group(cpus=2)), [small, site()])
    assert [(one["site"], one["fits"], one["reasons"], one["rank"]) for one in found] == [
        ("local", True, [], 1),
        ("small", False, ["A node of 'wn_server' asks for 2 CPUs; its largest node has 1."], None),
    ]


def test_a_deployment_stays_where_it_is():
    sites = [site("a", priority=5), site("home", used=used("p"))]
    assert choose(plan(group()), sites, deployment="p") == "home"
    assert choose(plan(group()), sites, deployment="q") == "a"


def test_a_deployment_does_not_move():
    sites = [site("a"), site("home", used=used("p"))]
    with pytest.raises(SiteError, match="'p' is at site 'home' and cannot move to 'a'. Destroy it first"):
        choose(plan(group()), sites, wanted=["a"], deployment="p")


def test_a_deployment_that_outgrows_its_site_is_refused_there():
    sites = [site("a"), site("home", used=used("p"), largest_node={"cpus": 1, "memory": GB})]
    with pytest.raises(SiteError, match="Site 'home' cannot hold"):
        choose(plan(group(cpus=2)), sites, deployment="p")


def test_only_the_site_wanted_is_considered():
    sites = [site("a", priority=1), site("b")]
    assert choose(plan(group()), sites, wanted=["b"]) == "b"
    assert [candidate["site"] for candidate in candidates(plan(group()), sites, wanted=["b"])] == ["b"]


def test_an_unknown_site_is_named_with_the_nearest():
    with pytest.raises(SiteError, match="There is no site 'locla'. Did you mean 'local'") as caught:
        choose(plan(group()), [site()], wanted=["locla"])
    assert caught.value.bad_input


def test_without_sites_one_is_told_where_to_describe_them():
    with pytest.raises(SiteError, match="There is no site to deploy on.*paas_sites"):
        choose(plan(group()), [])


def test_every_reason_of_every_site_is_told():
    sites = [site("a"), site("b", available=False, problem="It is down.")]
    with pytest.raises(SiteError) as caught:
        choose(plan(group(cpus=3, gpus=1)), sites)
    assert caught.value.bad_input
    assert [problem.message for problem in caught.value.problems] == [
        "Site 'a' cannot hold the deployment: A node of 'wn_server' asks for 3 CPUs; its largest node has 2.",
        "Site 'a' cannot hold the deployment: A node of 'wn_server' asks for 1 GPUs; its largest node has 0.",
        "Site 'b' cannot hold the deployment: It is down.",
    ]


SIZES = {"cpus": st.integers(1, 8), "memory": st.integers(1, 64 * GB)}
GROUPS = st.lists(st.builds(group, count=st.integers(0, 30), **SIZES), max_size=4)
SITES = st.lists(
    st.builds(
        site,
        name=st.sampled_from("abcdef"),
        priority=st.integers(-2, 2),
        price=st.sampled_from([0.0, 0.5]),
        available=st.booleans(),
        largest_node=st.fixed_dictionaries(SIZES),
        used=st.one_of(
            st.just(used("other", 0, 0, 0)),
            st.builds(used, st.sampled_from(["p", "q"]), cpus=st.integers(0, 60), nodes=st.integers(0, 100)),
        ),
    ),
    unique_by=lambda site: site["name"],
    min_size=1,
)


@given(GROUPS, SITES)
def test_what_is_chosen_fits_and_what_does_not_fit_says_why(groups, sites):
    before = copy.deepcopy(sites)
    found = candidates(plan(*groups), sites)
    assert sorted(candidate["site"] for candidate in found) == sorted(site["name"] for site in sites)
    assert all(candidate["fits"] == (not candidate["reasons"]) for candidate in found)
    if any(candidate["fits"] for candidate in found):
        chosen = choose(plan(*groups), sites)
        assert not misfits(read_groups(groups), next(site for site in sites if site["name"] == chosen))
    else:
        with pytest.raises(SiteError):
            choose(plan(*groups), sites)
    assert sites == before


@given(GROUPS, SITES, st.randoms())
def test_the_order_of_sites_does_not_matter(groups, sites, random):
    shuffled = random.sample(sites, len(sites))
    assert candidates(plan(*groups), sites) == candidates(plan(*groups), shuffled)


@given(GROUPS, SITES)
def test_a_larger_site_holds_whatever_the_smaller_one_held(groups, sites):
    for small in sites:
        large = copy.deepcopy(small)
        large["capacity"] = {what: 2 * value for what, value in small["capacity"].items()}
        large["largest_node"] = {what: 2 * value for what, value in small["largest_node"].items()}
        assert len(misfits(read_groups(groups), large)) <= len(misfits(read_groups(groups), small))


def test_machines_that_exist_have_to_suit_node_by_node():
    """In all there is room for both nodes; but only one machine is large enough for either."""
    machines = [
        {"name": name, "cpus": cpus, "memory": 8 * GB, "gpus": 0, "image": image(), "deployment": None}
        for name, cpus in (("small", 1), ("large", 8))
    ]
    farm = site(machines=machines, largest_node={"cpus": 8, "memory": 8 * GB})
    wanted = {"name": "wn", "size": {"cpus": 4, "memory": GB}, "image": {}}
    assert misfits(read_groups([{**wanted, "count": 1}]), farm) == []
    told = "Its free machines are too small, or have other images, for 1 of the nodes of 'wn'."
    assert misfits(read_groups([{**wanted, "count": 2}]), farm) == [told]
    machines[1]["deployment"] = "pool"
    assert misfits(read_groups([{**wanted, "count": 1}]), farm) == [told]
    assert misfits(read_groups([{**wanted, "count": 1}]), farm, "pool") == []
