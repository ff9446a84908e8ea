# SPDX-License-Identifier: Apache-2.0
"""The pure parts of the engine: names of groups, counts that still hold, environments, sites."""

from __future__ import annotations

import pathlib

import pytest

from indigo_paas.engine import sites, verbs
from indigo_paas.errors import BadInput
from indigo_paas.runner import environment
from indigo_paas.templates import target

PLAN = {
    "groups": [
        {"name": "fe server", "group": "fe_server", "hostname": "fe", "count": 1},
        {"name": "wn", "group": "wn", "hostname": "wn", "count": 3},
    ],
    "components": [{"name": "front_end", "group": "fe server"}, {"name": "wn", "group": "wn"}],
}


@pytest.mark.parametrize("name", ["fe server", "fe_server", "fe", "front_end"])
def test_a_group_has_many_names(name):
    assert target.group_of(PLAN, name)["name"] == "fe server"


def test_an_unknown_group_names_the_known():
    with pytest.raises(BadInput, match="'workers'.*fe server, wn"):
        target.group_of(PLAN, "workers")


def test_removals_by_group():
    nodes = [
        {"name": "wn-0", "group": "wn"},
        {"name": "wn-1", "group": "wn"},
        {"name": "fe-0", "group": "fe_server"},
    ]
    assert target.removals_of(PLAN, nodes, ["wn-1", "fe-0", "wn-1"]) == {"wn": ["wn-1"], "fe server": ["fe-0"]}
    with pytest.raises(BadInput, match="'wn-7'.*wn-0, wn-1, fe-0"):
        target.removals_of(PLAN, nodes, ["wn-7"])


def test_a_scaled_count_holds_until_the_template_counts_otherwise():
    scaled = {"wn": 5, "fe": 2, "gone": 3, "new": 1}
    assert target.still_meant(scaled, {"wn": 2, "fe": 1, "gone": 1}, {"wn": 2, "fe": 3, "new": 1}) == {"wn": 5}


CANDIDATES = [{"site": name, "fits": name != "d", "reasons": []} for name in "abcd"]


@pytest.mark.parametrize(
    ("placement", "spread", "tries", "sites"),
    [
        ({"a": {"wn": 1}}, False, None, ["a", "b", "c"]),
        ({"a": {"wn": 1}}, False, 2, ["a", "b"]),
        ({"a": {"wn": 1}}, True, 2, ["d", "a", "b", "c"]),
        ({"a": {"wn": 1}, "d": {"wn": 1}}, False, 1, ["d", "a", "b", "c"]),
    ],
)
def test_where_a_deployment_may_come_to_be(placement, spread, tries, sites):
    planned = verbs.Planned(PLAN, CANDIDATES, placement, ["d", "a", "b", "c"])
    assert planned.to_try(spread, tries) == sites
    assert planned.site == "a"


def test_the_environment_of_ansible():
    base = {"PATH": "/usr/bin", "LANG": "C", "ANSIBLE_COLLECTIONS_PATH": "/mine", "TOKEN": "x"}
    made = environment.environment(base, pathlib.Path("/ours"), pathlib.Path("/venv/bin"))
    assert made["ANSIBLE_COLLECTIONS_PATH"] == "/ours:/mine"
    assert made["PATH"] == "/venv/bin:/usr/bin"
    assert made["LC_ALL"] == "C.UTF-8"
    assert made["ANSIBLE_HOST_KEY_CHECKING"] == "true"
    assert made["TOKEN"] == "x"
    assert "LC_ALL" not in environment.environment({"LANG": "de_DE.UTF-8"}, pathlib.Path("/o"), pathlib.Path("/b"))


def test_sites_of_a_listing():
    listing = {
        "paas_sites": {"hosts": ["a"], "children": ["clouds"]},
        "clouds": {"hosts": ["b", "a"]},
    }
    assert sites.hosts_of(listing, "paas_sites") == ["a", "b"]
    options = sites._options(
        sites._site_variables({"site_type": {"__ansible_unsafe": "docker"}, "site_x": [1, {"y": 2}], "other": 3})
    )
    assert options == {"type": "docker", "x": [1, {"y": 2}]}


def test_why_ansible_failed():
    assert sites.why("[WARNING]: a\n[ERROR]: broken file\nmore") == "broken file"
    assert sites.why("") == "it printed no reason."
