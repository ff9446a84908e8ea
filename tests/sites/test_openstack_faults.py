# SPDX-License-Identifier: Apache-2.0
"""The openstack site while the compute service fails in every way that clouds do: nothing is lost or doubled."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import keystoneauth1.session
import pytest

from ansible_collections.indigo.paas.plugins.module_utils import ssh_keys
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.sites import open_site
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import Site
from tests.sites.conftest import group
from tests.sites.openstack_cloud.cloud import OpenStackCloud, Project
from tests.sites.openstack_cloud.proxy import (
    DROP,
    DROP_AFTER,
    Answer,
    Proxy,
    Request,
    creates_server,
    lists_servers,
    times,
)

pytestmark = [pytest.mark.engine, pytest.mark.slow]

NUMBERS = itertools.count()
KEY = ssh_keys.generate().public


def deletes_server(request: Request) -> bool:
    return request.method == "DELETE" and "/servers/" in request.path


def creates_keypair(request: Request) -> bool:
    return request.method == "POST" and request.path.endswith("/os-keypairs")


@pytest.fixture
def faulty(project: Project, compute_proxy: Proxy) -> Site:
    """Give a site whose compute service is behind the proxy."""
    return open_site("cloud", options(project, compute_proxy))


def options(project: Project, proxy: Proxy, **more: Any) -> dict[str, Any]:
    return project.options(clouds_file=str(project.behind(compute_endpoint_override=f"{proxy.url}/v2.1")), **more)


@pytest.fixture
def deployment(project: Project) -> Iterator[str]:
    name = f"osf-{os.getpid()}-{next(NUMBERS)}"
    yield name
    open_site("cloud", project.options()).delete_nodes(name)
    assert project.left(name) == {}


@pytest.mark.parametrize(
    ("wanted", "number", "answer"),
    [
        pytest.param(creates_server, 3, Answer(500), id="500 three times"),
        pytest.param(creates_server, 2, DROP, id="connection lost before the server is made"),
        pytest.param(creates_server, 1, DROP_AFTER, id="connection lost after the server was made"),
        pytest.param(lists_servers, 3, DROP, id="lists lost"),
        pytest.param(creates_keypair, 1, Answer(502, after=True), id="502 after the keypair was made"),
    ],
)
def test_what_passes_makes_no_difference(faulty, deployment, project, compute_proxy, wanted, number, answer):
    compute_proxy.rule = times(number, wanted, answer)
    result = faulty.ensure_nodes(deployment, [group("wn", 2)], public_key=KEY)
    assert [(node.name, node.state) for node in result.nodes] == [("wn-0", "running"), ("wn-1", "running")]
    assert len(project.left(deployment)["servers"]) == 2
    assert sum(wanted(request) for request in compute_proxy.requests) > number - bool(answer.after)


def test_the_cloud_is_left_alone_for_as_long_as_it_asks(faulty, deployment, compute_proxy):
    seen: list[tuple[float, bool]] = []
    answer = times(1, creates_server, Answer(429, {"Retry-After": "4"}))

    def rule(request: Request) -> Answer | None:
        told = answer(request)
        seen.append((time.monotonic(), told is not None))
        return told

    compute_proxy.rule = rule
    faulty.ensure_nodes(deployment, [group()], public_key=KEY)
    refused = next(number for number, (_when, told) in enumerate(seen) if told)
    assert seen[refused + 1][0] - seen[refused][0] >= 4


def test_a_token_that_ends_in_the_middle_is_renewed(faulty, deployment, compute_proxy, openstack_cloud: OpenStackCloud):
    def revoke(_line: str) -> None:
        token = compute_proxy.requests[-1].token
        openstack_cloud.admin.identity.delete("/auth/tokens", headers={"X-Subject-Token": token})
        # A service may still have the token in its memory; that it is told of the end does not depend on that.
        compute_proxy.rule = times(1, creates_server, Answer(401))

    result = faulty.ensure_nodes(deployment, [group()], public_key=KEY, progress=revoke)
    assert result.nodes[0].state == "running"
    refused, accepted = [request for request in compute_proxy.requests if creates_server(request)]
    assert refused.token
    assert accepted.token
    assert refused.token != accepted.token


def test_deleting_goes_on_through_faults(faulty, deployment, project, compute_proxy):
    faulty.ensure_nodes(deployment, [group("wn", 2)], public_key=KEY)
    compute_proxy.rule = times(2, deletes_server, Answer(500))
    assert faulty.delete_nodes(deployment) == ["wn-0", "wn-1"]
    compute_proxy.rule = times(1, deletes_server, DROP_AFTER)
    faulty.ensure_nodes(deployment, [group()], public_key=KEY)
    assert faulty.delete_nodes(deployment) == ["wn-0"]
    assert project.left(deployment) == {}


def test_deleting_what_is_half_gone_succeeds(faulty, deployment, project):
    faulty.ensure_nodes(deployment, [group("wn", 2, volumes=[{"name": "d", "size": 1}])], public_key=KEY)
    cloud = project.connection
    first = next(cloud.compute.servers())
    cloud.compute.delete_server(first)
    cloud.compute.delete_keypair(f"indigo-paas-{deployment}")
    assert len(faulty.delete_nodes(deployment)) in (1, 2)
    assert project.left(deployment) == {}


def test_a_service_that_never_answers_is_told_and_not_waited_for_long(project, compute_proxy):
    compute_proxy.rule = lambda request: DROP
    site = open_site("cloud", options(project, compute_proxy))
    began = time.monotonic()
    description = site.describe()
    assert not description["available"]
    assert "Look whether the site's API can be reached from here" in description["problem"]
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"password": "wrong"}, "Correct the credentials of this cloud in clouds.yaml"),
        ({"auth_url": "http://127.0.0.1:9/v3"}, "Look whether the site's API can be reached from here"),
    ],
)
def test_credentials_that_do_not_open_the_cloud_are_told(project, change, problem):
    auth = {**project.auth, **change}
    site = open_site("cloud", project.options(clouds_file=str(project.behind(auth=auth))))
    description = site.describe()
    assert not description["available"]
    assert problem in description["problem"]


def test_a_cloud_that_clouds_yaml_does_not_name_is_told(project):
    site = open_site("cloud", project.options(cloud="elsewhere"))
    assert "Name a cloud of clouds.yaml in site_cloud" in site.describe()["problem"]


ENSURE = """
import json, sys
from ansible_collections.indigo.paas.plugins.module_utils.sites import open_site
options, deployment, groups, key = json.loads(sys.argv[1])
open_site("cloud", options).ensure_nodes(deployment, groups, public_key=key)
"""


@pytest.mark.parametrize(
    ("wanted", "number", "done"),
    [
        pytest.param(creates_keypair, 1, True, id="after the keypair was made"),
        pytest.param(creates_server, 1, True, id="after the first server was made"),
        pytest.param(creates_server, 2, False, id="before the second server is made"),
        pytest.param(lists_servers, 3, False, id="while it waits"),
    ],
)
def test_a_killed_run_leaves_nothing_that_the_next_does_not_find(
    project, compute_proxy, deployment, wanted, number, done
):
    groups = [group("wn", 2, volumes=[{"name": "d", "size": 1}])]
    arguments = json.dumps([options(project, compute_proxy, parallel=1), deployment, groups, KEY])
    left = [number]
    process: list[subprocess.Popen[bytes]] = []

    def kill(request: Request) -> Answer | None:
        if wanted(request):
            left[0] -= 1
            if left[0] == 0:
                process[0].send_signal(signal.SIGKILL)
                return DROP_AFTER if done else DROP
        return None

    compute_proxy.rule = kill
    process.append(subprocess.Popen([sys.executable, "-c", ENSURE, arguments]))
    assert process[0].wait(timeout=120) == -signal.SIGKILL
    compute_proxy.rule = lambda request: None
    result = open_site("cloud", project.options()).ensure_nodes(deployment, groups, public_key=KEY)
    assert [(node.name, node.state) for node in result.nodes] == [(f"wn-{n}", "running") for n in range(2)]
    left_there = project.left(deployment)
    assert (len(left_there["servers"]), len(left_there["volumes"]), len(left_there["keypairs"])) == (2, 2, 1)
    assert len(left_there["security groups"]) == 2


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the list of all calls of this process to any service, as they are made."""
    made: list[str] = []
    request = keystoneauth1.session.Session.request

    def counted(self, url, method, *args, **kwargs):
        made.append(f"{method} {url.partition('?')[0].rpartition('/')[2]}")
        return request(self, url, method, *args, **kwargs)

    monkeypatch.setattr(keystoneauth1.session.Session, "request", counted)
    return made


def test_calls_grow_with_the_servers_only_where_something_is_made_or_deleted(project, deployment, calls):
    def without_lists(number: int) -> tuple[int, int]:
        """Return the calls that make and delete NUMBER servers, each with a volume and a floating address.

        Lists in which something is waited for are left out: their number grows with the time that the cloud takes.
        """
        site = open_site("cloud", project.options(public_network="public"))
        wanted = group("wn", number, network={"public": True}, volumes=[{"name": "d", "size": 1}])
        calls.clear()
        site.ensure_nodes(deployment, [wanted], public_key=KEY)
        made = len(calls) - calls.count("GET detail")
        calls.clear()
        site.delete_nodes(deployment)
        return made, len(calls) - calls.count("GET detail")

    few, more = without_lists(1), without_lists(3)
    # A server, a volume and an address.
    assert more[0] - few[0] == 2 * 3
    assert more[1] - few[1] == 2 * 3


def test_ssh_that_never_answers_is_told_for_each_node(project, deployment):
    site = open_site("cloud", project.options(wait_for_ssh=True, boot_timeout=3))
    with pytest.raises(SiteError) as caught:
        site.ensure_nodes(deployment, [group("wn", 2)], public_key=KEY)
    assert len(caught.value.problems) == 2
    assert "Node wn-0: no SSH server answers after 3 s" in str(caught.value)
    assert "openstack console log show" in str(caught.value)
