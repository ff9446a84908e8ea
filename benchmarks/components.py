# SPDX-License-Identifier: Apache-2.0
"""`indigo-paas deploy` of 10 and 50 components, each of which writes one file, on one node that is there already."""

from __future__ import annotations

import argparse
import pathlib
import tempfile

import yaml

from benchmarks.measure import ROOT, run, spread, table

NAME = "bench-components"


def write(count: int, directory: pathlib.Path) -> pathlib.Path:
    """Write a template with COUNT notes on one server, independent of each other and all the same; return its path."""
    template = yaml.safe_load((ROOT / "tests/templates/notes.yaml").read_text())
    topology = template["topology_template"]
    note = topology["node_templates"].pop("note")
    topology["node_templates"] |= {f"note_{number}": note for number in range(count)}
    topology["outputs"] = {"paths": {"value": {"get_attribute": ["note_0", "path"]}}}
    path = directory / f"notes_{count}.yaml"
    path.write_text(yaml.safe_dump(template))
    return path


def life(count: int) -> tuple[float, float]:
    """Make the node with one component, then give it COUNT, then again; return the seconds of the last two."""
    with tempfile.TemporaryDirectory() as directory:
        place = pathlib.Path(directory)
        env = {"INDIGO_PAAS_HOME": str(place / "home")}
        try:
            run("indigo-paas", "deploy", str(write(1, place)), "--name", NAME, env=env)
            update = ("indigo-paas", "update", NAME, "--template", str(write(count, place)))
            return run(*update, env=env)[0], run(*update, env=env)[0]
        finally:
            run("indigo-paas", "destroy", NAME, "--yes", env=env)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", nargs="*", type=int, default=[10, 50], help="numbers of components (10 50)")
    parser.add_argument("--runs", type=int, default=3, help="how many runs of each (default 3)")
    chosen = parser.parse_args()
    rows = []
    for count in chosen.counts:
        first, again = zip(*(life(count) for _ in range(chosen.runs)), strict=True)
        rows.append([count, spread(first), spread(again)])
    print(table(["components", "set up s", "again s"], rows))


if __name__ == "__main__":
    main()
