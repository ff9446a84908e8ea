# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making the machines of a plan: what is missing is made, what is not well is repaired, all is looked at together."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils import ssh_keys
from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError
from ansible_collections.indigo.paas.plugins.module_utils.nebula import documents, ending, machines
from ansible_collections.indigo.paas.plugins.module_utils.nebula.attempts import Attempts
from ansible_collections.indigo.paas.plugins.module_utils.nebula.blueprints import (
    Blueprint,
    blueprint,
    require_shareable,
)
from ansible_collections.indigo.paas.plugins.module_utils.nebula.client import Unreachable
from ansible_collections.indigo.paas.plugins.module_utils.nebula.cloud import Cloud
from ansible_collections.indigo.paas.plugins.module_utils.nebula.firewall import Firewall
from ansible_collections.indigo.paas.plugins.module_utils.node_groups import NodeGroup
from ansible_collections.indigo.paas.plugins.module_utils.parallel import each
from ansible_collections.indigo.paas.plugins.module_utils.prepared.images import PreparedImage
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import (
    ERROR,
    STOPPED,
    Changes,
    Foreseen,
    NewNode,
    Node,
    Order,
    Work,
    reconcile,
)

Data = dict[str, Any]


class Making(Work):
    """One call of ensure_nodes.

    description   the site's, with its images
    prepared      returns the prepared images that groups start from, by safe name
    wait          returns when nodes answer
    """

    def __init__(
        self,
        cloud: Cloud,
        order: Order,
        description: Data,
        prepared: Callable[[list[NodeGroup]], Mapping[str, PreparedImage]],
        wait: Callable[..., None],
    ) -> None:
        self._cloud = cloud
        self._api = cloud.api
        self._deployment = order.deployment
        self._groups = order.groups
        self._description = description
        self._find_prepared = prepared
        self._prepared: Mapping[str, PreparedImage] = {}
        self._public_key = order.public_key
        self._say = order.say
        self._wait = wait
        self.found = cloud.nodes(order.deployment)
        self._deadline = 0.0
        self._attempts = Attempts(cloud.name, cloud.options["attempts"])
        self._firewall = Firewall(cloud, order.deployment, order.groups)
        self._security: dict[str, int] = {}
        self._blueprints: dict[str, Blueprint] = {}
        self._told: set[str] = set()

    def prepare(self, changes: Changes) -> Foreseen:
        coming = {node.group.safe_name for node in changes.create}
        again = {node.group for node in changes.repair if node.state != STOPPED}
        making = [group for group in self._groups if group.safe_name in coming | again]
        self._prepared = self._find_prepared(making) if making else {}
        each(self._made_of, making, workers=1)
        require_shareable(self._cloud.name, making, self._blueprints, coming)
        return Foreseen(touched=self._firewall.differs)

    def _made_of(self, group: NodeGroup) -> Blueprint:
        """Return what machines of GROUP are made of, which is looked for once."""
        name = group.safe_name
        if name not in self._blueprints:
            self._blueprints[name] = blueprint(self._cloud, self._description, group, self._prepared.get(name))
        return self._blueprints[name]

    def apply(self, changes: Changes) -> tuple[list[Node], bool]:
        kept = {node.name for node in changes.keep}
        nodes = self._run(changes) if changes or self._firewall.differs else list(changes.keep)
        self._wait([node for node in nodes if node.name not in kept], self._say)
        return nodes, False

    def _run(self, changes: Changes) -> list[Node]:
        """Bring CHANGES about and return all nodes when they run. Raises SiteError."""
        going = self._going(changes)
        ending.end_all(self._cloud, self._deployment, going)
        self._deadline = time.monotonic() + self._cloud.options["boot_timeout"]
        self._security = self._firewall.ensure()
        changes = reconcile(self._groups, self._cloud.nodes(self._deployment)) if going else changes
        while changes:
            self._make(changes.create)
            self._cloud.each(self._repair, changes.repair)
            self._cloud.each(lambda node: ending.end(self._cloud, node), changes.remove)
            changes = reconcile(self._groups, self._cloud.nodes(self._deployment))
            if changes:
                self._require_time(changes)
                time.sleep(ending.INTERVAL)
        self._firewall.finish()
        return list(changes.keep)

    def _going(self, changes: Changes) -> list[Node]:
        """Return what goes first: it makes room in the quota, and no security group may change while a machine ends."""
        others = changes.repair if self._firewall.outdated else ()
        ending_too = [node for node in others if node.state == ERROR or node.problem == machines.LEAVING]
        return [*changes.remove, *ending_too]

    def _require_time(self, changes: Changes) -> None:
        if time.monotonic() < self._deadline:
            return
        raise SiteError(
            [
                Problem(f"Site '{self._cloud.name}': node {node.name} does not run: {node.problem}")
                for node in changes.repair
            ]
            + [Problem(f"Site '{self._cloud.name}': node {node.name} does not go") for node in changes.remove]
            or f"Site '{self._cloud.name}': machines that were made are not listed"
        )

    def _make(self, nodes: Sequence[NewNode]) -> None:
        if nodes:
            self._say(f"Making {len(nodes)} nodes" if len(nodes) > 1 else f"Making the node {nodes[0].name}")
            self._cloud.each(self._create, nodes)

    def _create(self, node: NewNode) -> None:
        """Make the machine of NODE, its labels with it; an answer that is lost is looked for by them."""
        self._attempts.make(node.name)
        host_key = ssh_keys.generate()
        made_of = self._made_of(node.group)
        attributes = documents.machine(
            node.group,
            documents.labels(self._deployment, node, host_key.public),
            nics=self._nics(node.group),
            disks=made_of.disks,
            context=documents.context(node.name, self._public_key, host_key.private, node.group, made_of.context),
            cpu_share=self._cloud.options["cpu_share"],
        )
        body = documents.to_xml(attributes)
        try:
            if made_of.template is not None:
                name = dict(attributes[:1])["NAME"]
                self._api.change("template.instantiate", made_of.template, name, False, body, False)
            else:
                self._api.change("vm.allocate", body, False)
        except Unreachable:
            self._say(f"The answer about {node.name} was lost: looking for it")

    def _repair(self, node: Node) -> None:
        if node.state == STOPPED:
            self._cloud.act("resume", node)
        elif node.state == ERROR:
            if self._attempts.fail(node):
                self._say(f"Node {node.name} failed: {node.problem}")
            ending.end(self._cloud, node)
        elif machines.is_refused(node) and f"{node.name}{node.problem}" not in self._told:
            self._told.add(f"{node.name}{node.problem}")
            self._say(f"Node {node.name}: {node.problem}")
        # One that has not started yet is only waited for.

    def _nics(self, group: NodeGroup) -> list[Data]:
        names = ["private_network", *(["public_network"] if group.public else [])]
        security = {"SECURITY_GROUPS": str(self._security[group.safe_name])}
        return [{"NETWORK_ID": str(self._cloud.network_id(name)), **security} for name in names]
