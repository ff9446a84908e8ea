# SPDX-License-Identifier: Apache-2.0
"""What becomes of the nodes that an attempt has made which then failed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from indigo_paas import store
from indigo_paas.engine import work
from indigo_paas.engine.work import Observer, Outcome, Work
from indigo_paas.ground import status
from indigo_paas.ground.masking import Masker
from indigo_paas.templates import target
from indigo_paas.templates.target import Target

Node = Mapping[str, Any]


def undo(
    doing: Work, outcome: Outcome, asked: Target, before: Sequence[Node], observer: Observer, masker: Masker
) -> Outcome:
    """Remove the nodes that the attempt with this OUTCOME has made; return the outcome with those that are left.

    before: the nodes that there were when it began; they stay.
    """
    known = {_identity(node) for node in before}
    made = [node["name"] for node in outcome.nodes if _identity(node) not in known]
    if not made:
        return outcome
    groups = asked.plan["groups"]
    staying = [node["group"] for node in outcome.nodes if node["name"] not in made]
    variables = {
        "paas_counts": {group["name"]: staying.count(group["group"]) for group in groups},
        "paas_removals": target.removals_of(asked.plan, outcome.nodes, made),
    }
    undone = work.run(doing, status.UNDO, "indigo.paas.undo", observer, masker, variables=variables)
    names = ", ".join(made)
    told = f"Removed what was made: {names}." if undone.state == store.OK else _left(names, undone.reason)
    reason = f"{outcome.reason.rstrip('.')}. {told}"
    doing.store.change_deployment(doing.row.name, only=[outcome.status], reason=reason)
    doing.row = work.require(doing.store, doing.row.name)
    return dataclasses.replace(outcome, reason=reason, nodes=undone.nodes)


def _identity(node: Node) -> tuple[Any, ...]:
    return node.get("site"), node["name"], node["id"]


def _left(names: str, reason: str) -> str:
    return f"What was made, {names}, could not be removed: {reason}"
