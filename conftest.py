# SPDX-License-Identifier: Apache-2.0
"""What holds for the tests of the package and of the collection alike."""

from __future__ import annotations

import pathlib
import typing

import pytest
from hypothesis import settings

pytest_plugins = ["tests.proofs.plugin"]

# A busy machine makes no test fail: time is measured by benchmarks/, not here.
settings.register_profile("project", deadline=None)
settings.load_profile("project")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--openstack",
        choices=("own", "keep", "skip"),
        default="own",
        help="the OpenStack that tests run against: made for this run (own, by default), "
        "left running for the next one (keep), or none, so that its tests are skipped (skip)",
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: typing.Any) -> typing.Any:
    """Give tests that run at the same time to workers by their groups."""
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return ByGroup(config, log)


def group_of(nodeid: str) -> str:
    """Return the group of the test with this id; of a group, one test runs after another.

    The tests of one file are a group. All that need the OpenStack are one, whatever their file, for there is one of it.
    Where a process is killed, each moment is one; so is each scenario of molecule.
    """
    path = nodeid.partition("::")[0]
    if path.startswith("tests/sites/test_openstack"):
        return "openstack"
    name = pathlib.PurePath(path).name
    return nodeid if name in ("test_kill.py", "test_molecule.py") else path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what is soon done, and go on with what takes longest."""
    items.sort(key=lambda item: 0 if _is_quick(item) else 1 if group_of(item.nodeid) == "openstack" else 2)


def _is_quick(item: pytest.Item) -> bool:
    return not (item.get_closest_marker("engine") or item.get_closest_marker("slow"))
