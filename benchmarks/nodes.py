# SPDX-License-Identifier: Apache-2.0
"""`indigo-paas deploy` of 1, 10 and 50 local nodes with a role of one file: what a node costs."""

from __future__ import annotations

import argparse
import json
import tempfile

from benchmarks.measure import run, table

TEMPLATE = "tests/templates/notes.yaml"
NAME = "bench-nodes"


def deploy(count: int) -> tuple[dict[str, float], float, float, float]:
    """Deploy COUNT nodes, deploy them again, destroy them; return steps and seconds of each."""
    with tempfile.TemporaryDirectory() as home:
        env = {"INDIGO_PAAS_HOME": home}
        command = ("indigo-paas", "deploy", TEMPLATE, "--name", NAME, "-i", f"count={count}", "--json")
        first, output = run(*command, env=env)
        again, _ = run(*command, env=env)
        destroyed, _ = run("indigo-paas", "destroy", NAME, "--yes", env=env)
        return json.loads(output)["seconds"], first, again, destroyed


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", nargs="*", type=int, default=[1, 10, 50], help="numbers of nodes (1 10 50)")
    rows = []
    for count in parser.parse_args().counts:
        by_step, first, again, destroyed = deploy(count)
        rows.append(
            [
                count,
                f"{first:.1f}",
                f"{again:.1f}",
                f"{destroyed:.1f}",
                *(f"{s:.1f}" for s in by_step.values()),
            ]
        )
        names = list(by_step)
    print(table(["nodes", "deploy s", "again s", "destroy s", *names], rows))


if __name__ == "__main__":
    main()
