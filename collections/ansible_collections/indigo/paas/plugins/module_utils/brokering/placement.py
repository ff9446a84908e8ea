# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the placement policies of a plan, and the demands of the operator, allow of a site."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.brokering.terms import serves

Data = Mapping[str, Any]

ON_SITE = "tosca.policies.indigo.Placement"
BY_AGREEMENT = "tosca.policies.indigo.SlaPlacement"
OWN_ACCOUNT = "tosca.policies.indigo.CredentialsAwareSlaPlacement"


def places(policy: Data) -> bool:
    """Return whether POLICY says where nodes go."""
    return not {ON_SITE, BY_AGREEMENT, OWN_ACCOUNT}.isdisjoint(policy.get("types") or [policy["type"]])


def refused(plan: Data, description: Data) -> list[str]:
    """Return the reasons why the policies of PLAN keep it from the site of DESCRIPTION; none where they do not."""
    return [reason for policy in plan.get("policies") or () for reason in _policy(policy, description)]


def objections(plan: Data, description: Data) -> list[str]:
    """Return the reasons, as sentences, why PLAN may not go to the site of DESCRIPTION; none where it may."""
    accounts = _account(plan, description)
    return [*refused(plan, description), *accounts, *_agreement(description), *_data(plan, description)]


def _policy(policy: Data, description: Data) -> Iterator[str]:
    types, properties = policy.get("types") or [policy["type"]], policy["properties"]
    if ON_SITE in types:
        yield from _site(policy["name"], properties, description)
    if BY_AGREEMENT in types and properties.get("sla_id") not in _agreements(description):
        wanted = properties.get("sla_id")
        yield f"The policy '{policy['name']}' asks for the agreement '{wanted}', which there is not with it."
    if OWN_ACCOUNT in types:
        yield (
            f"The policy '{policy['name']}' brings an account of the user's own, and it takes none: "
            "the operator's account is used. Use a policy of the type tosca.policies.indigo.SlaPlacement."
        )


def _site(name: str, properties: Data, description: Data) -> Iterator[str]:
    wanted, zone = properties.get("cloud_id"), properties.get("availability_zone")
    if wanted not in (description["name"], description.get("provider")):
        yield f"The policy '{name}' asks for the site '{wanted}'."
    elif zone and zone not in (description.get("zones") or ()):
        known = ", ".join(description.get("zones") or ()) or "none"
        yield f"The policy '{name}' asks for the availability zone '{zone}'; it has {known}."


def _account(plan: Data, description: Data) -> Iterator[str]:
    policies = [
        policy for policy in plan.get("policies") or () if BY_AGREEMENT in (policy.get("types") or [policy["type"]])
    ]
    named = {policy["properties"].get("sla_id") for policy in policies}
    if description.get("own_account") and not named & _agreements(description):
        yield (
            "Its account is the user's own, and no placement policy names an agreement with it. "
            f"Name one in a policy of the type {BY_AGREEMENT}."
        )


def _agreement(description: Data) -> Iterator[str]:
    if "sla" in _required(description) and not _agreements(description):
        yield "There is no agreement with it that is in force, and site_ranking requires one."


def _data(plan: Data, description: Data) -> Iterator[str]:
    always = "data" in _required(description)
    for entry in plan.get("data") or ():
        if (always or entry.get("required")) and not serves(entry, description):
            yield f"It does not serve the data '{entry['name']}'."


def _agreements(description: Data) -> set[Any]:
    return {agreement["id"] for agreement in description.get("agreements") or ()}


def _required(description: Data) -> Sequence[str]:
    found: Sequence[str] = (description.get("ranking") or {}).get("require") or ()
    return found
