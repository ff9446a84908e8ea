# SPDX-License-Identifier: Apache-2.0
"""The REST API with many stored deployments: latencies, requests per second, memory, and queries of each request.

The server is a process of its own on loopback, without workers, so that what is made only waits. Requests per second
are counted by `wrk` (Debian: wrk).
"""

from __future__ import annotations

import argparse
import contextlib
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator

import httpx
import psutil
from fastapi.testclient import TestClient
from sqlalchemy import create_engine

from benchmarks.measure import BIN, ROOT, table
from indigo_paas.service.app import make_app
from indigo_paas.service.settings import read
from tests.queries import queries
from tests.service.core.postgresql import Cluster
from tests.service.stored import fill

STORED = 10_000
REQUESTS = 300
SECONDS = 10
CONNECTIONS = 16
START_TIMEOUT = 60
TEMPLATE = ROOT / "examples" / "htcondor_pool.yaml"
# Nobody is held up, and whoever asks from this machine sees what nobody owns.
SETTINGS = """
[identity]
anonymous = true
requests = ""
changes = ""
[jobs]
workers = 0
waiting_per_user = 0
"""


@contextlib.contextmanager
def served(home: pathlib.Path, database: str | None) -> Iterator[tuple[str, psutil.Process]]:
    """Give the URL and the process of a server whose deployments are in DATABASE, the file in HOME when it is None."""
    config = home / "service.toml"
    config.write_text((f'database = "{database}"\n' if database else "") + SETTINGS)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(BIN / "indigo-paas"), "--home", str(home), "serve", "--config", str(config), "--port", str(port)]
    with open(home / "log", "wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, process, home / "log")
        yield url, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def _wait(url: str, process: subprocess.Popen[bytes], log: pathlib.Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/ready").is_success:
                return
        time.sleep(0.2)
    sys.exit(f"The server did not start:\n{log.read_text()}")


def latencies(ask: Callable[[], httpx.Response], count: int) -> tuple[str, str]:
    """Return median and 99th percentile of COUNT answers, in milliseconds."""
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        ask().raise_for_status()
        taken.append((time.perf_counter() - began) * 1000)
    return f"{statistics.median(taken):.1f}", f"{statistics.quantiles(taken, n=100)[-1]:.1f}"


def rate(url: str) -> str:
    """Return how many requests a second are answered."""
    command = ["wrk", "-t2", f"-c{CONNECTIONS}", f"-d{SECONDS}s", url]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in printed:
        sys.exit(f"Not all answers were good:\n{printed}")
    [found] = re.findall(r"Requests/sec:\s+([\d.]+)", printed)
    return f"{float(found):.0f}"


def measured(name: str, home: pathlib.Path, database: str | None, stored: int) -> list[list[str]]:
    """Return a row for each kind of request, and one for the memory."""
    names = fill(database or f"sqlite:///{home}/indigo-paas.db", stored)
    template = TEMPLATE.read_text()
    with served(home, database) as (url, process), httpx.Client(base_url=url) as client:
        before = process.memory_info().rss
        middle = names[len(names) // 2]
        gets = {
            "list": "/deployments",
            "last page": f"/deployments?page={stored // 10 - 1}",
            "show": f"/deployments/{middle}",
            "resources": f"/deployments/{middle}/resources",
        }
        rows = [
            [name, what, *latencies(lambda path=path: client.get(path), REQUESTS), rate(url + path)]
            for what, path in gets.items()
        ]
        create = latencies(lambda: client.post("/deployments", json={"template": template}), REQUESTS // 10)
        rows.append([name, "create", *create, ""])
        after = process.memory_info().rss
    rows.append([name, "memory in MB, before and after", f"{before / 1e6:.0f}", f"{after / 1e6:.0f}", ""])
    return rows


def plans(name: str, home: pathlib.Path, database: str | None, path: str) -> list[list[str]]:
    """Return a row for each statement of a GET of PATH: its beginning, and how the database carries it out."""
    said = {"INDIGO_PAAS_HOME": str(home), "INDIGO_PAAS_IDENTITY_ANONYMOUS": "true"}
    if database:
        said["INDIGO_PAAS_DATABASE"] = database
    app = make_app(read(environment=said))
    with TestClient(app, base_url="http://127.0.0.1:8080", client=("127.0.0.1", 1)) as client:
        client.get(path).raise_for_status()
        with queries() as sent:
            client.get(path).raise_for_status()
    engine = create_engine(database or f"sqlite:///{home}/indigo-paas.db")
    explain = "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF)" if database else "EXPLAIN QUERY PLAN"
    with engine.connect() as connection:
        rows = []
        for statement in sent:
            steps = connection.exec_driver_sql(f"{explain} {statement.text}", statement.parameters)
            table_of = statement.text.partition(" FROM ")[2].split()[0]
            what = "count" if "count(*)" in statement.text else "rows"
            rows.append(
                [name, path.partition("?")[0], f"{what} of {table_of}", "; ".join(step[-1].strip() for step in steps)]
            )
    engine.dispose()
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stored", type=int, default=STORED, help=f"stored deployments ({STORED})")
    arguments = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is needed to count requests: install it (Debian: wrk).")
    rows, how = [], []
    with contextlib.ExitStack() as stack:
        stores = {"SQLite": None, "PostgreSQL": stack.enter_context(stack.enter_context(Cluster.running()).database())}
        for name, database in stores.items():
            print(f"{name}: storing {arguments.stored} deployments and asking for them", file=sys.stderr, flush=True)
            home = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
            rows += measured(name, home, database, arguments.stored)
            how += plans(name, home, database, "/deployments")
    print(table(["store", "request", "median ms", "99 % ms", "requests per s"], rows))
    print()
    print(table(["store", "request", "statement", "how it is carried out"], how))


if __name__ == "__main__":
    main()
