# SPDX-License-Identifier: Apache-2.0
"""The calls about security groups."""

from __future__ import annotations

from tests.sites.nebula_cloud import documents, rules
from tests.sites.nebula_cloud.machines import BOOT, BOOT_FAILURE, UNKNOWN, Machine
from tests.sites.nebula_cloud.refusals import ACTION, API, INTERNAL, NO_EXISTS, Refused, unauthorized
from tests.sites.nebula_cloud.things import Attributes, Group


class Firewall:
    """The security groups of the user, and the rights to make something."""

    rights: set[str]
    groups: dict[int, Group]
    machines: dict[int, Machine]
    step: float
    _next: dict[str, int]

    def _number(self, kind: str) -> int:
        self._next[kind] += 1
        return self._next[kind]

    def _require_right(self, kind: str) -> None:
        if kind not in self.rights:
            raise unauthorized(f"Not authorized to perform CREATE {kind}")

    def secgroup_allocate(self, template: str) -> int:
        self._require_right("SECGROUP")
        attributes = documents.attributes_of(template)
        (name,) = attributes.pop("NAME")
        taken = [number for number, known in self.groups.items() if known.name == name]
        if taken:
            raise Refused(INTERNAL, f"NAME is already taken by SecurityGroup {taken[0]}.")
        number = self._number("secgroup")
        self.groups[number] = Group(name, "ci", _with_rules(attributes), step=self.step)
        return number

    def secgroup_update(self, number: int, template: str, kind: int) -> int:
        group = self._group(number)
        if kind not in (0, 1):
            raise Refused(API, "Wrong update type")
        said = documents.attributes_of(template)
        said.pop("NAME", None)
        group.attributes = _with_rules(said if kind == 0 else {**group.attributes, **said})
        self._commit(group, group.machines)
        return number

    def secgroup_commit(self, number: int, recover: bool) -> int:
        group = self._group(number)
        self._commit(group, group.updating | group.error if recover else group.machines)
        return number

    def _commit(self, group: Group, machines: set[int]) -> None:
        """Begin to tell MACHINES of the GROUP its rules.

        Those that boot cannot be told. Those that are ending will be let go of and then written down again, for ever.
        """
        now = {number: self.machines[number] for number in machines}
        group.outdate(
            told={number for number, machine in now.items() if machine.state not in (BOOT, BOOT_FAILURE, UNKNOWN)},
            ending={number for number, machine in now.items() if machine.ending},
            machines=set(now),
        )

    def secgroup_delete(self, number: int) -> int:
        if self._group(number).machines:
            raise Refused(ACTION, "Cannot delete security group. The security group has VMs using it")
        del self.groups[number]
        return number

    def _group(self, number: int) -> Group:
        if number not in self.groups:
            raise Refused(NO_EXISTS, f"Error getting security group [{number}].")
        return self.groups[number]


def _with_rules(attributes: Attributes) -> Attributes:
    for rule in attributes.get("RULE", []):
        rules.require_rule(rule)
    return {**attributes, "RULE": rules.without_duplicates(attributes.get("RULE", []))}
