# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.brokering import candidates, choose
from ansible_collections.indigo.paas.plugins.module_utils.brokering.placement import objections
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError

INDIGO = "tosca.policies.indigo."


def policy(kind, **properties):
    types = [INDIGO + kind, "tosca.policies.Placement", "tosca.policies.Root"]
    if kind == "CredentialsAwareSlaPlacement":
        types.insert(1, INDIGO + "SlaPlacement")
    return {"name": "p", "type": types[0], "types": types, "targets": ["wn"], "properties": properties}


def site(name="a", **more):
    return {
        "name": name,
        "available": True,
        "problem": None,
        "images": [{"name": "debian-13"}],
        "references": [],
        "capacity": {"cpus": 8, "memory": 10**10, "nodes": 8},
        "largest_node": {"cpus": 8, "memory": 10**10},
        "used": {"cpus": 0, "memory": 0, "nodes": 0, "deployments": {}},
        **more,
    }


def plan(*policies, **more):
    return {"groups": [], "policies": list(policies), **more}


def agreement(name):
    return {"id": name, "weight": 0, "targets": []}


@pytest.mark.parametrize(
    ("policies", "description", "reason"),
    [
        ([policy("Placement", cloud_id="a")], site(), None),
        ([policy("Placement", cloud_id="recas")], site(provider="recas"), None),
        ([policy("Placement", cloud_id="b")], site(), "The policy 'p' asks for the site 'b'."),
        ([policy("Placement", cloud_id="a", availability_zone="z")], site(zones=["z"]), None),
        (
            [policy("Placement", cloud_id="a", availability_zone="z")],
            site(zones=["x", "y"]),
            "The policy 'p' asks for the availability zone 'z'; it has x, y.",
        ),
        ([policy("SlaPlacement", sla_id="s")], site(agreements=[agreement("s")]), None),
        (
            [policy("SlaPlacement", sla_id="s")],
            site(agreements=[agreement("t")]),
            "The policy 'p' asks for the agreement 's', which there is not with it.",
        ),
        (
            [policy("CredentialsAwareSlaPlacement", sla_id="s", username="u", password="p")],
            site(agreements=[agreement("s")]),
            "The policy 'p' brings an account of the user's own, and it takes none: the operator's account is used. "
            "Use a policy of the type tosca.policies.indigo.SlaPlacement.",
        ),
        ([{**policy("x"), "types": ["tosca.policies.Placement"], "properties": {}}], site(), None),
    ],
)
def test_policies_restrict_the_choice(policies, description, reason):
    assert objections(plan(*policies), description) == ([reason] if reason else [])


def test_every_policy_counts():
    both = plan(policy("SlaPlacement", sla_id="s"), policy("SlaPlacement", sla_id="t"))
    assert len(objections(both, site(agreements=[agreement("s")]))) == 1


def test_a_policy_chooses_the_site():
    asked = plan(policy("Placement", cloud_id="b"))
    sites = [site("a", priority=9), site("b")]
    assert choose(asked, sites) == "b"
    assert [one["fits"] for one in candidates(asked, sites)] == [True, False]
    with pytest.raises(SiteError, match="Site 'a' cannot hold the deployment: The policy 'p' asks for the site 'b'"):
        choose(asked, sites, wanted=["a"])


def test_what_the_operator_requires():
    data = {"data": [{"name": "spaces/run1", "providers": ["one.example.org"], "required": False}]}
    strict = {"require": ["sla", "data"]}
    assert objections(plan(**data), site(ranking=strict)) == [
        "There is no agreement with it that is in force, and site_ranking requires one.",
        "It does not serve the data 'spaces/run1'.",
    ]
    served = site(ranking=strict, agreements=[agreement("s")], data=["ONE.example.org"])
    assert objections(plan(**data), served) == []
    assert objections(plan(**data), site()) == []


def test_a_template_may_require_its_data():
    data = {"data": [{"name": "run1", "providers": [], "required": True}]}
    assert objections(plan(**data), site()) == ["It does not serve the data 'run1'."]
    assert objections(plan(**data), site(data=["run1"])) == []


OWN = {"own_account": True, "agreements": [agreement("s")]}


@pytest.mark.parametrize(("policies", "fits"), [([], False), (["t"], False), (["s"], True), (["s", "t"], False)])
def test_a_site_on_the_user_s_own_account_is_chosen_only_by_its_agreement(policies, fits):
    asked = plan(*(policy("SlaPlacement", sla_id=name) for name in policies))
    (found,) = candidates(asked, [site(**OWN)])
    assert found["fits"] is fits
    reasons = objections(plan(), site(**OWN))
    assert reasons == [
        "Its account is the user's own, and no placement policy names an agreement with it. "
        "Name one in a policy of the type tosca.policies.indigo.SlaPlacement."
    ]


def test_the_name_of_such_a_site_is_not_enough():
    asked = plan(policy("Placement", cloud_id="a"))
    with pytest.raises(SiteError, match="Its account is the user's own"):
        choose(asked, [site(**OWN), site("b", priority=9)], wanted="a")
    assert choose(plan(), [site(**OWN, priority=9), site("b")]) == "b"
