# SPDX-License-Identifier: Apache-2.0
"""How long it takes to read and plan a template, and how much memory, as the template grows.

Run it as `python -m benchmarks.planning [--json]`. Each size is measured in a process of its own: once for peak
memory over what the interpreter and the types take, then several times for the processor time. The vocabulary is read
before, as it is read once in a process; its own time is the first line.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time

from benchmarks.measure import ROOT, table

SIZES = (10, 100, 1000, 10000)
RUNS = 5
# Seconds that a size may take.
LIMITS = {1000: 2.0, 10000: 15.0}
HEAD = """tosca_definitions_version: tosca_simple_yaml_1_3
node_types:
  bench.Service:
    derived_from: tosca.nodes.SoftwareComponent
    properties:
      peer: {type: string, required: false}
      port: {type: integer, required: false, default: 80}
    attributes:
      url: {type: string}
    interfaces:
      Standard:
        configure:
          implementation: bench.paas.service
          inputs:
            service_port: {get_property: [SELF, port]}
            service_peer: {get_property: [SELF, peer]}
topology_template:
  inputs:
    cpus: {type: integer, default: 2}
  node_templates:
"""
SERVER = """    server_{n}:
      type: tosca.nodes.indigo.Compute
      capabilities:
        host: {{properties: {{num_cpus: {{get_input: cpus}}, mem_size: 2 GB}}}}
        os: {{properties: {{distribution: debian, version: 13}}}}
"""
SERVICE = """    service_{n}:
      type: bench.Service
      properties:
        peer: {{concat: ['http://', {{get_attribute: [server_{peer}, private_address, 0]}}]}}
      requirements:
        - host: server_{n}
"""


def template(size: int) -> str:
    """Return a template of `size` nodes: pairs of a server and a service, one after the other."""
    parts = [HEAD]
    for n in range(size // 2):
        parts += [SERVER.format(n=n), SERVICE.format(n=n, peer=max(n - 1, 0))]
        if n:
            parts.append(f"        - dependency: service_{n - 1}\n")
    parts.append("  outputs:\n    first: {value: {get_attribute: [server_0, public_address, 0]}}\n")
    return "".join(parts)


def peak_memory() -> int:
    """Return the largest resident size of this process so far, in bytes (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(size: int, runs: int) -> dict[str, float]:
    """Return seconds (medians) and bytes for one size; to be called in a fresh process."""
    from ansible_collections.indigo.paas.plugins.module_utils import tosca

    started = time.process_time()
    tosca.default_vocabulary()
    vocabulary = time.process_time() - started
    text = template(size)
    before = peak_memory()
    tosca.make_plan(tosca.load(text))
    memory = peak_memory() - before
    times = [_times(tosca, text) for _run in range(runs)]
    load, plan = (statistics.median(column) for column in zip(*times, strict=True))
    return {
        "nodes": size,
        "template_bytes": len(text),
        "vocabulary_seconds": vocabulary,
        "load_seconds": load,
        "plan_seconds": plan,
        "total_seconds": statistics.median(sum(pair) for pair in times),
        "peak_memory_bytes": memory,
    }


def _times(tosca: object, text: str) -> tuple[float, float]:
    started = time.process_time()
    topology = tosca.load(text)
    loaded = time.process_time()
    tosca.make_plan(topology)
    return loaded - started, time.process_time() - loaded


def in_fresh_process(size: int, runs: int) -> dict[str, float]:
    """Return what `measure` gives in a new interpreter."""
    command = [sys.executable, "-m", "benchmarks.planning", "--one", str(size), "--runs", str(runs)]
    done = subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def report(rows: list[dict[str, float]]) -> str:
    """Return the rows as Markdown."""
    vocabulary = statistics.median(row["vocabulary_seconds"] for row in rows)
    head = ["nodes", "template kB", "load s", "plan s", "total s", "limit s", "µs per node", "peak memory MB"]
    body = [
        [
            row["nodes"],
            f"{row['template_bytes'] / 1e3:.0f}",
            f"{row['load_seconds']:.3f}",
            f"{row['plan_seconds']:.3f}",
            f"{row['total_seconds']:.3f}",
            LIMITS.get(int(row["nodes"]), ""),
            f"{row['total_seconds'] / row['nodes'] * 1e6:.0f}",
            f"{row['peak_memory_bytes'] / 1e6:.1f}",
        ]
        for row in rows
    ]
    return f"Types, once in a process: {vocabulary:.2f} s\n\n{table(head, body)}"


def main() -> None:
    """Measure all sizes and print them; exit with 1 when one takes longer than it may."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    parser.add_argument("--runs", type=int, default=RUNS, help="how often each size is timed")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="numbers of node templates")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one is not None:
        print(json.dumps(measure(arguments.one, arguments.runs)))
        return
    rows = [in_fresh_process(size, arguments.runs) for size in arguments.sizes]
    print(json.dumps(rows, indent=2) if arguments.json else report(rows))
    if any(row["total_seconds"] > LIMITS.get(int(row["nodes"]), float("inf")) for row in rows):
        sys.exit("A size takes longer than it may.")


if __name__ == "__main__":
    main()
