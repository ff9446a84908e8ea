# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions that read a machine by its index, of a group that shall not have so many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.tosca.components import ComponentMaker
from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import calls, list_index
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.topology import Topology
from ansible_collections.indigo.paas.plugins.module_utils.tosca.types import ADDRESSES


def check_indexes(topology: Topology, software: ComponentMaker, counts: Mapping[str, int], report: Report) -> None:
    """Report each index that no machine will have; `counts` says how many machines each Compute shall have.

    It is an error in what runs: that would fail when other machines are deleted already. Outputs would be null.
    """
    for owner, machine, call in software.calls():
        for name, value in call.arguments.items() if counts[machine] else ():
            for what, group, index in _beyond(value, counts):
                read = _described(what, group, index, counts[group])
                message = f"'{name}' of '{call.name}' of '{owner}' reads {read}"
                hint = f"Give '{group}' at least {_machines(index + 1)}, or '{machine}' none."
                report.add("no-machine", message, call.place_in(topology.file, name), hint)
    for output in topology.outputs.values():
        for what, group, index in _beyond(output.value, counts):
            message = f"the output '{output.name}' reads {_described(what, group, index, counts[group])}"
            report.add("not-implemented", message, output.at, "It is null.")


def _beyond(value: Any, counts: Mapping[str, int]) -> Iterator[tuple[str, str, int]]:
    """Yield attribute, group and index of what is read of machines that there are none of."""
    for name, arguments in calls(value):
        if name != "get_attribute" or not all(isinstance(each, str) for each in arguments[:2]):
            continue
        group, attribute, *path = arguments
        if attribute == "endpoint" and path[:1] == ["credential"]:
            attribute, path = "credential", path[1:]
        index = list_index(path[0]) if path and attribute in (*ADDRESSES, "credential") else None
        if index is not None and index >= counts.get(group, index + 1):
            yield attribute, group, index


def _described(what: str, group: str, index: int, count: int) -> str:
    return f"'{what}' {index} of '{group}', which shall have {_machines(count)}"


def _machines(count: int) -> str:
    return f"{count or 'no'} machine{'' if count == 1 else 's'}"
