# SPDX-License-Identifier: Apache-2.0
"""What hostile templates cost as they grow, and whether the service answers others meanwhile.

Run it as `python -m benchmarks.limits`, or with `--growth` or `--health` for one of its two tables. Each size is
planned in a process of its own, which is ended after SECONDS of the processor; the types that ship with the collection
are read before. For /health, CLIENTS ask at once and again and again, from another process.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable

import httpx

from benchmarks.measure import BIN, ROOT, table

SECONDS = 30
MEMORY = 4 * 1024**3
CLIENTS = 20
# Seconds that /health is watched, and that those who attack have before.
WATCHED, BEFORE = 6, 2

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
    """Return seconds of the processor, MB and the end of planning CASE in SIZE; to be called in a fresh process."""
    from indigo_paas.errors import IndigoError
    from indigo_paas.templates import collection
    from indigo_paas.templates.source import Template

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    collection.plan_template(Template.of_text(HEAD + ONE_NODE), {})
    text = CASES[case][0](size)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    end = "planned"
    try:
        collection.plan_template(Template.of_text(text), {})
    except IndigoError as error:
        end = f"refused: {str(error)[:90]}"
    except MemoryError:
        end = f"needs more than {MEMORY >> 30} GiB"
    seconds = time.process_time() - began
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return {"kB": len(text) / 1000, "seconds": seconds, "MB": memory, "end": end}


def in_fresh_process(case: str, size: int) -> list[object]:
    """Return the row of CASE in SIZE."""
    command = [sys.executable, "-m", "benchmarks.limits", "--one", case, str(size)]
    done = subprocess.run(command, check=False, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        return [case, size, "", f"more than {SECONDS}", "", "was ended"]
    found = json.loads(done.stdout)
    return [case, size, f"{found['kB']:.0f}", f"{found['seconds']:.2f}", f"{found['MB']:.0f}", found["end"]]


def growth() -> str:
    """Return the table of all cases and sizes."""
    rows = [in_fresh_process(case, size) for case, (_make, sizes) in CASES.items() for size in sizes]
    return table(["what grows", "size", "kB", "processor s", "MB", "end"], rows)


# What clients do while /health is asked: the case and its size, or what they do with connections.
ATTACKS: dict[str, tuple[str, int]] = {
    "nothing": ("", 0),
    "a long line, 30 kB": ("a long line, thousand characters", 30),
    "a chain of 1000 types": ("deep types", 1000),
    "28 nested functions": ("nested functions", 28),
    "20000 nodes": ("many nodes", 20000),
    "count: 1000000": ("machines of one node", 1000000),
    "400 problems": ("many problems", 400),
    "40 slow patterns": ("slow patterns", 40),
    "heads that do not end": ("heads", 500),
    "bodies that do not end": ("bodies", 500),
    "510 streams": ("streams", 510),
}


def attack(url: str, case: str, size: int) -> None:
    """Do what ATTACKS say of CASE, until this process is ended."""
    if case in CASES:
        body = {"template": CASES[case][0](size)}
        threads = [threading.Thread(target=_post, args=(url, body)) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        return
    host, port = url.removeprefix("http://").split(":")
    head = "GET /info HTTP/1.1\r\nHost: x\r\nX-Endless: "
    if case == "bodies":
        head = f"POST /deployments HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
        head += "Content-Length: 9999\r\n\r\n{"
    if case == "streams":
        made = httpx.post(f"{url}/deployments", json={"template": HEAD + ONE_NODE}, timeout=60).json()["uuid"]
        head = f"GET /deployments/{made}/events?follow=true HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n"
    lines = []
    for _ in range(size):
        line = socket.create_connection((host, int(port)))
        line.sendall(head.encode())
        lines.append(line)
    time.sleep(10 * WATCHED)


def _post(url: str, body: dict[str, str]) -> None:
    with httpx.Client(timeout=10 * SECONDS) as client:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                answer = client.post(f"{url}/deployments", json=body)
                if answer.status_code in (429, 503):
                    time.sleep(0.2)


def watched(url: str, name: str) -> list[object]:
    """Return how fast /health answers while the attack NAME goes on."""
    command = [sys.executable, "-m", "benchmarks.limits", "--attack", url, name]
    attacker = subprocess.Popen(command, cwd=ROOT)
    times = []
    try:
        time.sleep(BEFORE)
        until = time.monotonic() + WATCHED
        while time.monotonic() < until:
            try:
                times.append(1000 * _asked(url))
            except (OSError, http.client.HTTPException) as error:
                return [name, len(times), "", "", f"{type(error).__name__}"]
            time.sleep(0.02)
    finally:
        attacker.kill()
        attacker.wait()
    times.sort()
    return [name, len(times), *(f"{times[int(part * (len(times) - 1))]:.0f}" for part in (0.5, 0.99, 1))]


def _asked(url: str) -> float:
    """Return the seconds in which /health answers."""
    host, port = url.removeprefix("http://").split(":")
    began = time.perf_counter()
    line = http.client.HTTPConnection(host, int(port), timeout=SECONDS)
    line.request("GET", "/health")
    if line.getresponse().status != 200:
        raise http.client.HTTPException("it does not answer with 200")
    line.close()
    return time.perf_counter() - began


def health() -> str:
    """Return the table of all attacks, each on a service of its own."""
    rows = []
    for name in ATTACKS:
        with tempfile.TemporaryDirectory() as home, tempfile.TemporaryFile("w+") as log:
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            env = {**os.environ, "INDIGO_PAAS_HOME": home, "INDIGO_PAAS_IDENTITY_ANONYMOUS": "true"}
            command = [str(BIN / "indigo-paas"), "serve", "--port", str(port), "--workers", "0"]
            service = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
            try:
                url = f"http://127.0.0.1:{port}"
                _wait_for(url)
                rows.append(watched(url, name))
            finally:
                service.kill()
                service.wait()
    return table(["meanwhile", "times asked", "/health, median ms", "99 % ms", "most ms"], rows)


def _wait_for(url: str) -> None:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(httpx.HTTPError):
            httpx.get(f"{url}/health").raise_for_status()
            return
        time.sleep(0.1)
    sys.exit("The service does not start.")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--growth", action="store_true", help="only how costs grow")
    parser.add_argument("--health", action="store_true", help="only how fast /health answers")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--attack", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(planned(arguments.one[0], int(arguments.one[1]))))
    elif arguments.attack:
        attack(arguments.attack[0], *ATTACKS[arguments.attack[1]])
    else:
        parts = [growth] * (not arguments.health) + [health] * (not arguments.growth)
        print("\n\n".join(part() for part in parts))


if __name__ == "__main__":
    main()
