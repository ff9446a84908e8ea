# SPDX-License-Identifier: Apache-2.0
"""Servers of an OpenStack with virtual servers: made and deleted by our site, and by openstacksdk alone.

`loop` asks for one server after the other and then waits for each; `threads` does both in 8 threads, as the site does.
Neither looks for what is there, secures anything, or could be continued. Runs are paired, A B C A B C ..., so that a
change of the machine's speed strikes all.
"""

from __future__ import annotations

import argparse
import contextlib
import pathlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, cast

import keystoneauth1.session
import openstack

from ansible_collections.indigo.paas.plugins.module_utils import ssh_keys
from ansible_collections.indigo.paas.plugins.module_utils.sites import open_site
from benchmarks.measure import table
from tests.sites.conftest import group
from tests.sites.openstack_cloud.cloud import Project, running

DEPLOYMENT = "bench-servers"
ZONE = "fake"
WORKERS = 8
PAIRS = {1: 5, 20: 3, 200: 1}
LONGEST_WAIT = 3600


class Run(NamedTuple):
    """Seconds and calls of making and of deleting servers."""

    made: float
    made_calls: int
    deleted: float
    deleted_calls: int


@contextlib.contextmanager
def counted() -> Iterator[list[str]]:
    """Give the list of all calls to any service, as they are made."""
    made: list[str] = []
    request = keystoneauth1.session.Session.request

    def count(self: Any, url: str, method: str, *args: Any, **kwargs: Any) -> Any:
        made.append(f"{method} {url}")
        return request(self, url, method, *args, **kwargs)

    keystoneauth1.session.Session.request = count
    try:
        yield made
    finally:
        keystoneauth1.session.Session.request = request


def timed(make: Callable[[], None], delete: Callable[[], None]) -> Run:
    """Return what MAKE and DELETE, in this order, take."""
    with counted() as calls:
        began = time.monotonic()
        make()
        made, made_calls = time.monotonic() - began, len(calls)
        delete()
        return Run(made, made_calls, time.monotonic() - began - made, len(calls) - made_calls)


def by_site(project: Project, count: int) -> Run:
    """Make and delete by a site opened anew for each, as each command does."""
    options = project.options(availability_zone=ZONE, parallel=WORKERS)
    key = ssh_keys.generate().public

    def make() -> None:
        result = open_site("cloud", options).ensure_nodes(DEPLOYMENT, [group("wn", count)], public_key=key)
        if [node.state for node in result.nodes] != ["running"] * count:
            raise SystemExit(f"Not all nodes run: {result.nodes}")

    return timed(make, lambda: cast(None, open_site("cloud", options).delete_nodes(DEPLOYMENT)))


def by_sdk(project: Project, count: int, each: Callable[[Callable[..., Any], Iterable[Any]], list[Any]]) -> Run:
    """Make and delete by openstacksdk; EACH calls a function with each of some values."""
    made: list[Any] = []

    def connect() -> Any:
        return openstack.connect(**project.auth, region_name="RegionOne")

    def make() -> None:
        cloud = connect()
        request = {
            "image_id": cloud.image.find_image("debian-12", ignore_missing=False).id,
            "flavor_id": cloud.compute.find_flavor("m1.tiny", ignore_missing=False).id,
            "networks": [{"uuid": cloud.network.find_network("private", ignore_missing=False).id}],
            "availability_zone": ZONE,
        }
        made[:] = each(lambda number: cloud.compute.create_server(name=f"wn-{number}", **request), range(count))
        each(lambda server: cloud.compute.wait_for_server(server, wait=LONGEST_WAIT), made)

    def delete() -> None:
        cloud = connect()
        each(cloud.compute.delete_server, made)
        each(lambda server: cloud.compute.wait_for_delete(server, wait=LONGEST_WAIT), made)

    return timed(make, delete)


def in_a_loop(function: Callable[..., Any], values: Iterable[Any]) -> list[Any]:
    return [function(value) for value in values]


def in_threads(function: Callable[..., Any], values: Iterable[Any]) -> list[Any]:
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(function, values))


def median(numbers: Iterable[float]) -> str:
    """Return the median with the least and the greatest, or the number itself where there is one."""
    found = sorted(numbers)
    middle = f"{statistics.median(found):.4g}"
    return middle if len(found) == 1 else f"{middle} ({found[0]:.4g} to {found[-1]:.4g})"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", nargs="*", type=int, default=list(PAIRS), help="numbers of servers (1 20 200)")
    parser.add_argument("--keep", action="store_true", help="with the cloud of pytest --openstack=keep")
    parser.add_argument(
        "--by", action="append", choices=("site", "loop", "threads"), help="only by this; by default all"
    )
    parser.add_argument("--pairs", type=int, help="how many runs of each; by default 5, 3 and 1")
    arguments = parser.parse_args()
    ways: dict[str, Callable[[Project, int], Run]] = {
        "site": by_site,
        "loop": lambda project, count: by_sdk(project, count, in_a_loop),
        "threads": lambda project, count: by_sdk(project, count, in_threads),
    }
    ways = {way: ways[way] for way in arguments.by or ways}
    rows = []
    with (
        tempfile.TemporaryDirectory() as directory,
        running(pathlib.Path(directory), keep=arguments.keep) as cloud,
    ):
        project = cloud.project(instances=-1, cores=-1, ram=-1)
        for count in arguments.counts:
            runs: dict[str, list[Run]] = {way: [] for way in ways}
            for _ in range(arguments.pairs or PAIRS.get(count, 1)):
                for way, measure in ways.items():
                    runs[way].append(measure(project, count))
                    print(count, way, runs[way][-1], file=sys.stderr, flush=True)
            rows += [
                [count, way, *(median(numbers) for numbers in zip(*found, strict=True))] for way, found in runs.items()
            ]
    print(table(["servers", "by", "made in s", "calls", "deleted in s", "calls"], rows))


if __name__ == "__main__":
    main()
