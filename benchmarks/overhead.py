# SPDX-License-Identifier: Apache-2.0
"""A pool by `indigo-paas deploy` against a hand-written playbook, from nothing to the first job done.

Both make the same containers from the same image (which is there before), use the same role,
and end when a job has run.
Runs are paired, A B A B ..., so that a change of the machine's speed strikes both.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import statistics
import tempfile

import docker

from benchmarks.measure import ROOT, run, spread, table

TEMPLATE = "examples/htcondor_pool.yaml"
PLAYBOOK = ROOT / "benchmarks" / "baseline" / "pool.yml"
NAME = "bench-pool"


def image() -> str:
    """Make sure that the image of the nodes exists; return its name."""
    with tempfile.TemporaryDirectory() as home:
        env = {"INDIGO_PAAS_HOME": home}
        run("indigo-paas", "deploy", "tests/templates/notes.yaml", "--name", "bench-image", env=env)
        engine = docker.from_env()
        (node,) = engine.containers.list(filters={"label": "indigo.paas.deployment=bench-image"})
        name = str(node.attrs["Config"]["Image"])
        run("indigo-paas", "destroy", "bench-image", "--yes", env=env)
        return name


def by_command() -> tuple[float, dict[str, float]]:
    """Deploy by the command; return its seconds, whole and by step."""
    with tempfile.TemporaryDirectory() as home:
        env = {"INDIGO_PAAS_HOME": home}
        seconds, output = run("indigo-paas", "deploy", TEMPLATE, "--name", NAME, "--json", env=env)
        run("indigo-paas", "destroy", NAME, "--yes", env=env)
        return seconds, json.loads(output)["seconds"]


def by_hand(image_name: str) -> float:
    """Deploy by the hand-written playbook; return its seconds."""
    with tempfile.TemporaryDirectory() as directory:
        arguments = [
            str(PLAYBOOK),
            "-i",
            "localhost,",
            "-e",
            f"image={image_name}",
            "-e",
            f"directory={directory}",
        ]
        seconds, _ = run("ansible-playbook", *arguments)
        run("ansible-playbook", str(pathlib.Path(PLAYBOOK).with_name("remove.yml")), "-i", "localhost,")
        return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5, help="how many pairs of runs (default 5)")
    pairs = parser.parse_args().pairs
    name = image()
    ours, theirs, parts = [], [], []
    for _ in range(pairs):
        seconds, by_step = by_command()
        ours.append(seconds)
        parts.append(by_step)
        theirs.append(by_hand(name))
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    print(
        table(
            ["", "median s (least to greatest)"],
            [
                ["indigo-paas deploy", spread(ours)],
                ["hand-written playbook", spread(theirs)],
                [
                    "ratio, pair by pair",
                    f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
                ],
            ],
        )
    )
    print()
    named = {name: [part.get(name, 0.0) for part in parts] for name in parts[0]}
    before = [seconds - sum(part.values()) for seconds, part in zip(ours, parts, strict=True)]
    rows = [[step, spread(seconds)] for step, seconds in named.items()]
    print(
        table(
            ["step of the deployment", "median s"],
            [*rows, ["around the playbook (start, checks, records)", spread(before)]],
        )
    )


if __name__ == "__main__":
    main()
