# SPDX-License-Identifier: Apache-2.0
"""Machines that exist: containers of the local engine with an operator's key, and the sites that they make up."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Iterator
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils import ssh_keys
from ansible_collections.indigo.paas.plugins.module_utils.sites import open_site
from tests.sites.conftest import group


@contextlib.contextmanager
def existing_hosts(directory: pathlib.Path, name: str, **counts: int) -> Iterator[dict[str, dict[str, Any]]]:
    """Give the variables of static sites that have COUNTS hosts each; keys are kept in DIRECTORY.

    name   labels the machines at the engine, which is the local one; they are removed in the end
    """
    engine = open_site("local", {"type": "docker"})
    try:
        public = ssh_keys.ensure_key(str(directory / "key"))
        nodes = engine.ensure_nodes(name, [group("host", sum(counts.values()))], public_key=public).nodes
        (directory / "known_hosts").write_text(ssh_keys.known_hosts([node.to_dict() for node in nodes]))
        free = iter(nodes)
        yield {site: _variables(directory, [next(free) for _ in range(count)]) for site, count in counts.items()}
    finally:
        engine.delete_nodes(name)


def _variables(directory: pathlib.Path, nodes: list[Any]) -> dict[str, Any]:
    return {
        "ansible_connection": "local",
        "site_type": "static",
        "site_hosts": [{"name": node.name, "address": node.ansible_host, "cpus": 2} for node in nodes],
        "site_key": str(directory / "key"),
        "site_known_hosts": str(directory / "known_hosts"),
    }
