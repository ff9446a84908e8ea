# SPDX-License-Identifier: Apache-2.0
"""A cloud that fails in the middle: its remains are counted at its API, and the nodes run at the engine instead."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.indigo.paas.plugins.module_utils import ssh_keys
from ansible_collections.indigo.paas.plugins.module_utils.fleet import FleetError, Made, Order, delete_fleet, make_fleet
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Site
from tests.sites.conftest import group
from tests.sites.openstack_cloud.cloud import OpenStackCloud, Project
from tests.sites.openstack_cloud.proxy import DROP, Answer, Proxy, Request, creates_server

pytestmark = [pytest.mark.engine, pytest.mark.slow]

NUMBERS = itertools.count()
KEY = ssh_keys.generate().public
LOCAL = {"type": "docker"}


@pytest.fixture
def deployment(project: Project, site: Site) -> Iterator[str]:
    name = f"osm-{os.getpid()}-{next(NUMBERS)}"
    yield name
    delete_fleet({"cloud": project.options(), "local": LOCAL}, name)
    assert project.left(name) == {}


def make(cloud: dict[str, Any], deployment: str, count: int = 2, **order: Any) -> tuple[Made, list[str]]:
    """Make nodes, at the cloud if it will; return what was made, and what was told meanwhile."""
    told: list[str] = []
    sites = {"cloud": {**cloud, "priority": 9}, "local": LOCAL}
    wanted = Order(deployment, {"groups": [group("wn", count)]}, KEY, **order)
    return make_fleet(sites, wanted, lambda site, line: told.append(f"{site}: {line}")), told


def broken(project: Project, _proxy: Proxy | None = None, _cloud: OpenStackCloud | None = None) -> dict[str, Any]:
    """Every server ends in error."""
    return project.options(availability_zone="broken", replacements=0)


def silent(project: Project, _proxy: Proxy, _cloud: OpenStackCloud) -> dict[str, Any]:
    """No server lets anybody in."""
    return project.options(wait_for_ssh=True, boot_timeout=3)


def exhausted(project: Project, proxy: Proxy, cloud: OpenStackCloud) -> dict[str, Any]:
    """The quota shrinks after the first server."""
    made = itertools.count()

    def rule(request: Request) -> Answer | None:
        if creates_server(request) and next(made):
            cloud.set_quotas(project.id, instances=1)
        return None

    proxy.rule = rule
    return behind(project, proxy, parallel=1)


def behind(project: Project, proxy: Proxy, **more: Any) -> dict[str, Any]:
    return project.options(clouds_file=str(project.behind(compute_endpoint_override=f"{proxy.url}/v2.1")), **more)


@pytest.mark.parametrize(
    ("failing", "cause"),
    [
        pytest.param(broken, "error", id="servers in error"),
        pytest.param(silent, "no SSH server answers", id="ssh never answers"),
        pytest.param(exhausted, "Quota exceeded", id="quota used up halfway"),
    ],
)
def test_what_fails_at_the_cloud_runs_at_the_engine(
    project, openstack_cloud, site, compute_proxy, deployment, failing, cause
):
    made, told = make(failing(project, compute_proxy, openstack_cloud), deployment)
    openstack_cloud.set_quotas(project.id, instances=10)
    assert made.site == "local"
    assert [(node["name"], node["site"], node["state"]) for node in made.nodes] == [
        ("wn-0", "local", "running"),
        ("wn-1", "local", "running"),
    ]
    (attempt,) = made.attempts
    assert (attempt.site, attempt.clean) == ("cloud", True)
    assert cause in " ".join(map(str, attempt.problems)).replace("ERROR", "error")
    assert project.left(deployment) == {}
    assert any(line.startswith("cloud: Failed: ") for line in told)


def test_an_attempt_that_takes_too_long_is_cut_off(project, site, deployment):
    made, _told = make(project.options(wait_for_ssh=True, boot_timeout=600), deployment, seconds=25)
    assert made.site == "local"
    (attempt,) = made.attempts
    assert [str(problem) for problem in attempt.problems] == ["It was not done after 25 s"]
    assert project.left(deployment) == {}


def test_what_an_api_that_is_gone_keeps_is_told_and_removed_when_it_is_back(project, site, compute_proxy, deployment):
    gone = [False]

    def rule(request: Request) -> Answer | None:
        if creates_server(request):
            gone[0], before = True, gone[0]
            return DROP if before else None
        return DROP if gone[0] else None

    cloud = behind(project, compute_proxy, parallel=1)
    compute_proxy.rule = rule
    made, _told = make(cloud, deployment)
    assert made.site == "local"
    (attempt,) = made.attempts
    assert not attempt.clean
    assert "could not be removed" in str(attempt.problems[-1])
    assert len(project.left(deployment)["servers"]) == 1
    compute_proxy.rule = lambda _request: None
    assert delete_fleet({"cloud": cloud, "local": LOCAL}, deployment).nodes == {
        "cloud": ["wn-0"],
        "local": ["wn-0", "wn-1"],
    }
    assert project.left(deployment) == {}


def test_where_no_site_is_left_all_causes_are_told(project, openstack_cloud: OpenStackCloud, deployment):
    second = openstack_cloud.project()
    sites = {"one": broken(project), "two": broken(second)}
    wanted = Order(deployment, {"groups": [group("wn", 1)]}, KEY, keep_last=False)
    with pytest.raises(FleetError) as caught:
        make_fleet(sites, wanted, lambda _site, _line: None)
    assert "Site 'one' failed: " in str(caught.value)
    assert "Site 'two' failed: " in str(caught.value)
    assert (project.left(deployment), second.left(deployment)) == ({}, {})
