# SPDX-License-Identifier: Apache-2.0
"""A pool of three nodes from its deployment to one node more, on plain nodes and on nodes from a prepared image.

Each figure is from the start of the command to its end, which is after the check: a real job has run then.
"""

from __future__ import annotations

import argparse
import json
import tempfile

from benchmarks.measure import run, spread, table

TEMPLATE = "examples/htcondor_pool.yaml"
NAME = "bench-life"


def life() -> dict[str, float]:
    """Deploy the pool, deploy it again, add a worker, destroy it; return the seconds of each."""
    with tempfile.TemporaryDirectory() as home:
        env = {"INDIGO_PAAS_HOME": home}
        deploy = ("indigo-paas", "deploy", TEMPLATE, "--name", NAME)
        return {
            "deploy": run(*deploy, env=env)[0],
            "again, nothing to do": run(*deploy, env=env)[0],
            "one worker more": run("indigo-paas", "scale", NAME, "wn_server=3", env=env)[0],
            "destroy": run("indigo-paas", "destroy", NAME, "--yes", env=env)[0],
        }


def rows(kind: str, lives: list[dict[str, float]]) -> list[list[str]]:
    """Return the rows of the table of one kind of nodes."""
    return [[kind, command, spread([each[command] for each in lives])] for command in lives[0]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="how many lives of each kind (default 3)")
    runs = parser.parse_args().runs
    # Builds the image of plain nodes, where it is not there yet.
    life()
    plain = [life() for _ in range(runs)]
    with tempfile.TemporaryDirectory() as home:
        env = {"INDIGO_PAAS_HOME": home}
        seconds, said = run("indigo-paas", "image", "prepare", TEMPLATE, "--again", "--json", env=env)
        try:
            prepared = [life() for _ in range(runs)]
        finally:
            # Left there, the plain nodes of the next measurement would start from it.
            names = [image["name"] for image in json.loads(said)["images"]]
            run("indigo-paas", "image", "delete", *names, env=env)
    print(
        table(["nodes", "command", "median s (least to greatest)"], rows("plain", plain) + rows("prepared", prepared))
    )
    print(f"\nThe image was prepared in {seconds:.1f} s.")


if __name__ == "__main__":
    main()
