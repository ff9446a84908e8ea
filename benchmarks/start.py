# SPDX-License-Identifier: Apache-2.0
"""What it costs to start the command: the processor's seconds of the commands that one types most, with their floor.

Run it as `python -m benchmarks.start [--runs N] [--before BIN]`. The store holds ten deployments with twenty runs each.
The seconds are the processor's, of the command and all that it starts. --before names the folder with the command of
another checkout, whose store must have the same tables; it is measured in turn with this one.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence

from benchmarks.measure import BIN, ROOT, table
from indigo_paas import store
from indigo_paas.ground.paths import Home
from indigo_paas.templates import kept_request

DEPLOYMENTS, DEPLOYMENT_RUNS = 10, 20
EXAMPLE = "examples/htcondor_pool.yaml"
COMMANDS = {
    "--help": (["--help"], "import click"),
    "list": (["list"], "import click, sqlite3"),
    "show": (["show", "pool-3"], "import click, sqlite3, yaml"),
    "plan": (["plan", EXAMPLE], "import click, yaml, toscaparser.functions, docker"),
}


def make(home: Home) -> None:
    """Fill the store of HOME."""
    memory = store.open_store(home.database)
    for number in range(DEPLOYMENTS):
        name = f"pool-{number}"
        memory.add_deployment(name, status="CREATE_COMPLETE", template="pool.yaml", description="A pool")
        nodes = [{"name": f"{name}-{node}", "private_address": ["192.0.2.1"]} for node in range(3)]
        memory.change_deployment(name, nodes=nodes, outputs={"address": "192.0.2.1"})
        for run in range(DEPLOYMENT_RUNS):
            steps = [{"name": f"Step {step}", "seconds": 1.0} for step in range(7)]
            memory.add_run(store.Run(f"{name}-{run}", name, "deploy", run, run + 1.0, store.OK, 1, steps))
        home.deployment(name).root.mkdir(parents=True)
        kept_request.write(home.deployment(name), kept_request.Request(name, "template/pool.yaml"))
    memory.close()


def seconds(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Run COMMAND and return the processor's seconds of it and of all that it started."""
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    errors = process.stderr.read()
    _pid, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}\n{errors.decode()}")
    return used.ru_utime + used.ru_stime


def measure(commands: Mapping[str, Sequence[str]], home: Home, runs: int) -> dict[str, float]:
    """Return the median of RUNS runs of each of COMMANDS, in turn."""
    environment = {**os.environ, "INDIGO_PAAS_HOME": str(home.root)}
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _run in range(runs + 1):
        for name, command in commands.items():
            taken[name].append(seconds(command, environment))
    # The first run writes the byte code and fills the caches.
    return {name: statistics.median(each[1:]) for name, each in taken.items()}


def main() -> None:
    """Measure all and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="how often each command runs (%(default)s)")
    parser.add_argument("--before", type=pathlib.Path, metavar="BIN", help="the folder of another checkout's command")
    arguments = parser.parse_args()
    folders = {"before": arguments.before, "now": BIN} if arguments.before else {"now": BIN}
    rows = []
    with tempfile.TemporaryDirectory() as place:
        home = Home(pathlib.Path(place) / "home")
        make(home)
        for name, (words, imports) in COMMANDS.items():
            commands = {each: [str(folder / "indigo-paas"), *words] for each, folder in folders.items()}
            floors = {"floor": [sys.executable, "-c", imports], "python": [sys.executable, "-c", "pass"]}
            found = measure({**commands, **floors}, home, arguments.runs)
            rows.append([f"`{name}`", *(f"{found[each]:.2f}" for each in found), f"`{imports}`"])
    print(table(["command", *(f"{each} s" for each in folders), "floor s", "python s", "the floor is"], rows))


if __name__ == "__main__":
    main()
