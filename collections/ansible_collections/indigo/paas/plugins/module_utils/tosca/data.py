# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data that a template works on, which may decide the site."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.tosca.functions import plain
from ansible_collections.indigo.paas.plugins.module_utils.tosca.topology import NodeTemplate, Topology

SPACE = "tosca.nodes.indigo.OnedataSpace"
STORAGE = "tosca.nodes.indigo.OneDataStorage"


def wanted_data(topology: Topology) -> list[dict[str, Any]]:
    """Return the data that the template names, each {"name", "providers", "required"}, in its order.

    `providers` are the hosts that are asked for, `required` says that no other site will do. What is not known
    before a machine runs cannot decide, and is left out.
    """
    return [entry for node in topology.nodes.values() for entry in _entries(node)]


def is_data(node: NodeTemplate) -> bool:
    """Say whether a node stands for data."""
    return node.type.is_a(SPACE) or node.type.is_a(STORAGE)


def _entries(node: NodeTemplate) -> Iterator[dict[str, Any]]:
    if node.type.is_a(SPACE):
        names: Any = [node.properties.get("space")]
        providers = node.properties.get("oneproviders")
    elif node.type.is_a(STORAGE):
        names, providers = node.properties.get("dataspace"), node.properties.get("oneprovider_host")
    else:
        return
    required = node.properties.get("smartScheduling") is True
    for name in _texts(names) or _texts(providers):
        yield {"name": name, "providers": _texts(providers), "required": required}


def _texts(value: Any) -> list[str]:
    return [text for text in plain(value) if isinstance(text, str)] if isinstance(value, (list, tuple)) else []
