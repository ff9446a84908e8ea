# SPDX-License-Identifier: Apache-2.0
"""What hostile templates cost as they grow, and whether the service answers others meanwhile.

Run it as `python -m benchmarks.limits [--health]`. Each size is planned in a process of its own, which is ended after
SECONDS; the types that ship with the collection are read before.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks.measure import ROOT, table

SECONDS = 60
MEMORY = 4 * 1024**3

HEAD = "tosca_definitions_version: tosca_simple_yaml_1_3\n"
ONE_NODE = """topology_template:
  node_templates:
    server: {type: tosca.nodes.Compute}
"""


def long_line(size: int) -> str:
    """Return a template with an error in a line of SIZE thousand characters."""
    return f"{HEAD}{ONE_NODE}    wrong: {{type: no.such.Type, properties: {{text: {'a-' * (500 * size)}}}}}\n"


def deep_types(size: int) -> str:
    """Return a chain of SIZE types, each with a property of its own."""
    types = "".join(
        f"  t{n}:\n    derived_from: {f't{n - 1}' if n else 'tosca.nodes.SoftwareComponent'}\n"
        f"    properties: {{p{n}: {{type: string, required: false}}}}\n"
        for n in range(size)
    )
    return f"{HEAD}node_types:\n{types}{ONE_NODE}"


def wide_types(size: int) -> str:
    """Return SIZE types that are derived from one."""
    types = "".join(
        f"  t{n}: {{derived_from: tosca.nodes.Compute, properties: {{p{n}: {{type: string, required: false}}}}}}\n"
        for n in range(size)
    )
    return f"{HEAD}node_types:\n{types}{ONE_NODE}"


def nested_functions(size: int) -> str:
    """Return SIZE properties, each of which is the one before, twice."""
    properties = "".join(f"      p{n}: {{type: string, required: false}}\n" for n in range(size))
    values = "".join(
        f"        p{n}: {{concat: [{{get_property: [SELF, p{n - 1}]}}, {{get_property: [SELF, p{n - 1}]}}]}}\n"
        for n in range(1, size)
    )
    return (
        f"{HEAD}node_types:\n  twice:\n    derived_from: tosca.nodes.Root\n    properties:\n{properties}"
        "topology_template:\n  node_templates:\n    one:\n      type: twice\n      properties:\n"
        f"        p0: '0123456789'\n{values}"
    )


def many_nodes(size: int) -> str:
    """Return SIZE servers in few characters each."""
    nodes = "".join(f"    n{n}: {{type: tosca.nodes.Compute}}\n" for n in range(size))
    return f"{HEAD}topology_template:\n  node_templates:\n{nodes}"


def many_machines(size: int) -> str:
    """Return one group of SIZE servers."""
    return (
        f"{HEAD}topology_template:\n  node_templates:\n    n:\n      type: tosca.nodes.indigo.Compute\n"
        f"      capabilities: {{scalable: {{properties: {{count: {size}}}}}}}\n"
    )


def many_problems(size: int) -> str:
    """Return SIZE servers, each with a property that resembles many others and is none."""
    types = "".join(f"      property_number_{n}: {{type: string, required: false}}\n" for n in range(2000))
    nodes = "".join(f"    n{n}: {{type: many, properties: {{property_numbre_{n}: 1}}}}\n" for n in range(size))
    return (
        f"{HEAD}node_types:\n  many:\n    derived_from: tosca.nodes.Root\n    properties:\n{types}"
        f"topology_template:\n  node_templates:\n{nodes}"
    )


def slow_patterns(size: int) -> str:
    """Return SIZE inputs whose patterns would take years."""
    inputs = "".join(
        f"    i{n}: {{type: string, default: {'a' * 3000}!, constraints: [{{pattern: '(a|aa)+b(a|aa)+{n}'}}]}}\n"
        for n in range(size)
    )
    return f"{HEAD}topology_template:\n  inputs:\n{inputs}{ONE_NODE.partition(chr(10))[2]}"


CASES: dict[str, tuple[Callable[[int], str], tuple[int, ...]]] = {
    "a long line, thousand characters": (long_line, (8, 16, 32, 500)),
    "deep types": (deep_types, (125, 250, 500, 1000)),
    "wide types": (wide_types, (1000, 2000, 4000, 8000)),
    "nested functions": (nested_functions, (7, 14, 21, 28)),
    "many nodes": (many_nodes, (2500, 5000, 10000, 20000)),
    "machines of one node": (many_machines, (100, 10000, 1000000)),
    "many problems": (many_problems, (50, 100, 200, 400)),
    "slow patterns": (slow_patterns, (1, 10, 20)),
}


def planned(case: str, size: int) -> dict[str, object]:
    """Return seconds, MB and the end of planning CASE in SIZE; to be called in a fresh process."""
    from indigo_paas import collection
    from indigo_paas.errors import IndigoError
    from indigo_paas.source import Template

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    collection.plan_template(Template.of_text(HEAD + ONE_NODE), {})
    text = CASES[case][0](size)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    end = "planned"
    try:
        collection.plan_template(Template.of_text(text), {})
    except IndigoError as error:
        end = f"refused: {str(error)[:90]}"
    except MemoryError:
        end = f"needs more than {MEMORY >> 30} GiB"
    seconds = time.perf_counter() - began
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return {"kB": len(text) / 1000, "seconds": seconds, "MB": memory, "end": end}


def in_fresh_process(case: str, size: int) -> list[object]:
    """Return the row of CASE in SIZE."""
    command = [sys.executable, "-m", "benchmarks.limits", "--one", case, str(size)]
    try:
        done = subprocess.run(
            command, check=True, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return [case, size, "", f"more than {SECONDS}", "", "was ended"]
    found = json.loads(done.stdout)
    return [case, size, f"{found['kB']:.0f}", f"{found['seconds']:.2f}", f"{found['MB']:.0f}", found["end"]]


def growth() -> str:
    """Return the table of all cases and sizes."""
    rows = [in_fresh_process(case, size) for case, (_make, sizes) in CASES.items() for size in sizes]
    return table(["what grows", "size", "kB", "seconds", "MB", "end"], rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(planned(arguments.one[0], int(arguments.one[1]))))
        return
    print(growth())


if __name__ == "__main__":
    main()
