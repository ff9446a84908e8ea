# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a template says about several nodes at once: groups, and policies for nodes or groups."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import did_you_mean
from ansible_collections.indigo.paas.plugins.module_utils.tosca import dialect
from ansible_collections.indigo.paas.plugins.module_utils.tosca.document import key_place, value_place
from ansible_collections.indigo.paas.plugins.module_utils.tosca.drafts import Draft, Scope
from ansible_collections.indigo.paas.plugins.module_utils.tosca.report import Location, Report
from ansible_collections.indigo.paas.plugins.module_utils.tosca.settle import Settler
from ansible_collections.indigo.paas.plugins.module_utils.tosca.topology import Group, Policy
from ansible_collections.indigo.paas.plugins.module_utils.tosca.type_builder import mapping, section
from ansible_collections.indigo.paas.plugins.module_utils.tosca.vocabulary import Vocabulary


class PolicyReader:
    """Reads groups and policies of one topology_template; what is wrong goes to the report."""

    def __init__(
        self,
        body: Mapping[str, Any],
        drafts: Mapping[str, Draft],
        settler: Settler,
        vocabulary: Vocabulary,
        report: Report,
    ) -> None:
        self._body = body
        self._drafts = drafts
        self._settler = settler
        self._vocabulary = vocabulary
        self._report = report
        self._written = section(body, "node_templates", "'node_templates'", report)

    def groups(self) -> dict[str, Group]:
        """Return the groups by name."""
        written = section(self._body, "groups", "'groups'", self._report)
        found = {name: self._group(name, written) for name in written}
        return {name: group for name, group in found.items() if group is not None}

    def policies(self, groups: Mapping[str, Group]) -> tuple[Policy, ...]:
        """Return the policies; a target that is a group stands for its members."""
        found = [self._policy(name, body, at, groups) for name, body, at in self._entries()]
        return tuple(policy for policy in found if policy is not None)

    def _group(self, name: str, written: Mapping[str, Any]) -> Group | None:
        at = key_place(written, name)
        subject = f"the group '{name}'"
        body = mapping(written[name], subject, at, self._report)
        kind = dialect.find_type(
            self._vocabulary, "group_types", body.get("type"), value_place(body, "type", at), self._report
        )
        if kind is None:
            return None
        if body.get("interfaces"):
            hint = "Write its operations at the members, or at a component that runs on them."
            self._report.add(
                "not-supported", f"the 'interfaces' of {subject} are not run", key_place(body, "interfaces"), hint
            )
        # TOSCA 1.0 calls the members targets.
        key = "members" if "members" in body else "targets"
        members = self._names(body, key, self._drafts, self._written, f"{subject} has the member")
        given = section(body, "properties", f"the properties of {subject}", self._report)
        properties = self._settler.fields(given, kind.properties, Scope(), subject, at)
        return Group(name, kind, members, properties, at)

    def _entries(self) -> Iterator[tuple[str, Any, Location]]:
        """Yield the policies of a list of one-key mappings; of a mapping too, as some templates have it."""
        written = self._body.get("policies")
        at = value_place(self._body, "policies")
        if isinstance(written, Mapping):
            self._report.add("misplaced", "'policies' is read as a list", at, "Begin each policy with `- `.")
            written = [written]
        elif written is not None and not isinstance(written, list):
            self._report.add("shape", "'policies' must be a list", at, "Begin each policy with `- `.")
            return
        for index, entry in enumerate(written or []):
            if not isinstance(entry, Mapping) or (len(entry) != 1 and len(written or []) > 1):
                place = value_place(written, index, at)
                self._report.add(
                    "shape", "a policy must be one name and its body", place, "Write `- name: { type: ... }`."
                )
                continue
            for name, body in entry.items():
                yield name, body, key_place(entry, name, value_place(written, index, at))

    def _policy(self, name: str, body: Any, at: Location, groups: Mapping[str, Group]) -> Policy | None:
        subject = f"policy '{name}'"
        body = mapping(body, f"the {subject}", at, self._report)
        kind = dialect.find_type(
            self._vocabulary, "policy_types", body.get("type"), value_place(body, "type", at), self._report
        )
        if kind is None:
            return None
        for key in ("triggers", "triggers_definition"):
            if key in body:
                message = f"the '{key}' of {subject} start nothing here"
                self._report.add(
                    "not-supported", message, key_place(body, key), "Scale by command or by a policy's properties."
                )
        given = section(body, "properties", f"the properties of {subject}", self._report)
        properties = self._settler.fields(given, kind.properties, Scope(), subject, at, missing="policy")
        known = {**self._drafts, **groups}
        written = {*self._written, *section(self._body, "groups", "'groups'", self._report)}
        targets = self._names(body, "targets", known, written, f"the {subject} is for")
        members = [
            member for target in targets for member in (groups[target].members if target in groups else (target,))
        ]
        return Policy(name, kind, tuple(dict.fromkeys(members)), properties, at)

    def _names(
        self, body: Mapping[str, Any], key: str, known: Mapping[str, Any], names: Collection[str], claim: str
    ) -> tuple[str, ...]:
        """Return the names in a list that are known; report the others.

        `names` are also those of what is written but cannot be read, which has been reported.
        """
        written = body.get(key) or []
        written = written if isinstance(written, list) else [written]
        for index, name in enumerate(written):
            if not isinstance(name, str) or (name not in known and name not in names):
                at = value_place(body.get(key), index, value_place(body, key))
                message = f"{claim} '{str(name)[:80]}', which is no node template"
                self._report.add("dangling-target", message, at, _known_names(name, known))
        return tuple(name for name in written if isinstance(name, str) and name in known)


def _known_names(name: Any, known: Mapping[str, Any]) -> str:
    return did_you_mean(name, known, what="node templates")
