# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which attributes are given by what runs: by machines, and by the outputs of operations."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ansible_collections.indigo.paas.plugins.module_utils.tosca.drafts import Draft
from ansible_collections.indigo.paas.plugins.module_utils.tosca.interfaces import LIFECYCLE
from ansible_collections.indigo.paas.plugins.module_utils.tosca.lifecycle import ON_SOURCE, ORDER
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.type_builder import read_interfaces
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import ADDRESSES, COMPUTE, Operation

_OF_MACHINES = (*ADDRESSES, "tosca_id", "state")
_OF_ENDPOINTS = ("ip_address", "credential")


class RunAttributes:
    """Knows the attributes that only a deployment gives a value; for all others the template has the last word."""

    def __init__(self, nodes: Mapping[str, Draft]) -> None:
        self._nodes = nodes
        self._set = {(draft.name, name) for draft in nodes.values() for name in _outputs(draft)}

    def gives(self, draft: Draft, capability: str | None, name: str) -> bool:
        """Say whether something that runs may give a value to an attribute of an entity or of its capability."""
        if capability is None:
            of_machine = draft.type.is_a(COMPUTE) and name in _OF_MACHINES
            return name == "tosca_name" or of_machine or (draft.name, name) in self._set
        if draft.type.is_a(COMPUTE):
            return capability == "endpoint" and name in _OF_ENDPOINTS
        return name == "ip_address" and self._is_on_a_machine(draft)

    def _is_on_a_machine(self, draft: Draft) -> bool:
        for _step in range(len(self._nodes)):
            if draft.host is None or draft.type.is_a(COMPUTE):
                break
            draft = self._nodes[draft.host]
        return draft.type.is_a(COMPUTE)


def _outputs(draft: Draft) -> Iterator[str]:
    """Yield the attributes of a node that its operations set, and those of its relationships that run on it."""
    yield from _set_by(_operations(draft), "SELF", ORDER)
    for requirement in draft.requirements:
        yield from _set_by(_operations(requirement.relationship), "SOURCE", ON_SOURCE)


def _operations(draft: Draft) -> Mapping[tuple[str, str], Operation]:
    if "interfaces" not in draft.body:
        return draft.type.operations
    return read_interfaces(draft.body, draft.type.operations, Report())


def _set_by(operations: Mapping[tuple[str, str], Operation], owner: str, run: Collection[str]) -> Iterator[str]:
    for (interface, name), operation in operations.items():
        if operation.implementation is None or interface not in LIFECYCLE or name not in run:
            continue
        for target in operation.outputs.values():
            if isinstance(target, list) and len(target) == 2 and target[0] == owner and isinstance(target[1], str):
                yield target[1]
