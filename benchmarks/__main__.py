# SPDX-License-Identifier: Apache-2.0
"""All measurements, one after the other: `python -m benchmarks`; each alone: `python -m benchmarks.NAME --help`."""

from __future__ import annotations

from benchmarks import components, limits, lines, nodes, overhead, planning, pool_life, servers, service, start

TITLES = {
    "The start of the command": start.main,
    "Load and plan": planning.main,
    "Long lines and secrets": lines.main,
    "A pool, against a hand-written playbook": overhead.main,
    "The life of a pool": pool_life.main,
    "Many nodes": nodes.main,
    "Many components": components.main,
    "Servers of an OpenStack": servers.main,
    "The REST API": service.main,
    "What one request may cost": limits.main,
}

if __name__ == "__main__":
    for title, measure in TITLES.items():
        print(f"\n## {title}\n")
        measure()
