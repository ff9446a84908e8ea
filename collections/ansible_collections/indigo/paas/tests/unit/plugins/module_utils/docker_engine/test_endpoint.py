# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.connection import no_engine
from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.endpoint import read_endpoint
from ansible_collections.indigo.paas.plugins.module_utils.docker_engine.tunnel import refusal, tunnel_command
from ansible_collections.indigo.paas.plugins.module_utils.errors import SiteError
from ansible_collections.indigo.paas.plugins.module_utils.sites import open_site
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import read_options
from ansible_collections.indigo.paas.plugins.module_utils.sites.docker import DockerSite

TLS = {"tls_ca": "/a/ca.pem", "tls_cert": "/a/cert.pem", "tls_key": "/a/key.pem"}


def endpoint(environment=None, **given):
    return read_endpoint("far", read_options("far", DockerSite.OPTIONS, given), environment or {})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("unix:///run/docker.sock", ("unix", "", None, True, True)),
        ("tcp://h:2375", ("tcp", "h", 2375, False, False)),
        ("https://h:2376", ("https", "h", 2376, False, True)),
        ("tcp://[2001:db8::1]:2375", ("tcp", "2001:db8::1", 2375, False, False)),
        ("ssh://me@h", ("ssh", "h", None, False, True)),
        ("ssh://h:2222", ("ssh", "h", 2222, False, True)),
    ],
)
def test_a_url_says_where_the_engine_is(url, expected):
    found = endpoint(endpoint=url)
    assert (found.scheme, found.host, found.port, found.is_local, found.is_encrypted) == expected


def test_the_files_for_tls_come_from_the_options():
    found = endpoint(endpoint="tcp://h:2376", **TLS)
    assert (found.ca, found.certificate, found.private_key) == tuple(TLS.values())
    assert found.uses_tls
    assert found.verify


def test_the_variables_of_docker_count_where_no_endpoint_is_given():
    environment = {"DOCKER_HOST": "tcp://h:2376", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/c"}
    found = endpoint(environment)
    assert (found.host, found.ca, found.certificate, found.private_key) == (
        "h",
        "/c/ca.pem",
        "/c/cert.pem",
        "/c/key.pem",
    )
    assert found.verify
    assert not endpoint({**environment, "DOCKER_TLS_VERIFY": ""}).verify
    assert not endpoint(environment, endpoint="tcp://other:2375").uses_tls


def test_an_ssh_engine_may_have_its_socket_elsewhere():
    assert endpoint(endpoint="ssh://me@h").socket == "/var/run/docker.sock"
    assert endpoint(endpoint="ssh://me@h/run/user/1000/docker.sock").socket == "/run/user/1000/docker.sock"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"endpoint": "ftp://h"}, "the endpoint 'ftp://h' is of no known kind. Write unix://PATH"),
        ({"endpoint": "h:2376"}, "is of no known kind"),
        ({"endpoint": "tcp://h"}, "names no port"),
        ({"endpoint": "tcp://:2376"}, "names no host"),
        ({"endpoint": "tcp://h:port"}, "is no URL"),
        ({"endpoint": "ssh://me:secret@h"}, "holds a password"),
        ({"endpoint": "tcp://h:2376", "tls_cert": "/c"}, "has the option 'tls_cert' without 'tls_key'"),
        ({"endpoint": "ssh://h", "tls_ca": "/c"}, "the option 'tls_ca' is of no use"),
        ({"endpoint": "tcp://h:1", "known_hosts": "/k"}, "the option 'known_hosts' is of no use"),
        ({"ssh_ports": "40000"}, "'ssh_ports' must be FIRST-LAST"),
        ({"ssh_ports": "40009-40000"}, "'ssh_ports' must be FIRST-LAST"),
        ({"publish_on": "eth0"}, "'publish_on' must be an address"),
    ],
)
def test_wrong_options_are_named(given, message):
    with pytest.raises(SiteError) as caught:
        open_site("far", {"type": "docker", **given})
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.bad_input


def test_a_file_that_is_not_there_is_named(tmp_path):
    site = open_site("far", {"type": "docker", "endpoint": "tcp://127.0.0.1:1", "tls_ca": f"{tmp_path}/none.pem"})
    assert site.describe()["problem"] == (
        f"Site 'far': the authority's certificate {tmp_path}/none.pem cannot be read. Correct site_tls_ca."
    )


def test_an_engine_that_does_not_answer_is_told():
    problem = open_site("far", {"type": "docker", "endpoint": "tcp://127.0.0.1:1"}).describe()["problem"]
    assert problem == (
        "No container engine answers at tcp://127.0.0.1:1: [Errno 111] Connection refused. "
        "Compare the address and the port, and look at the firewall."
    )


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            "[SSL: X] certificate verify failed: self-signed certificate (_ssl.c:1006)')))",
            "trusted: self-signed certificate.",
        ),
        ("Client sent an HTTP request to an HTTPS server.", "speaks TLS only."),
        ("[SSL: TLSV13_ALERT] tlsv13 alert certificate required (_ssl.c:2580)')", "let us in: certificate required."),
        ("something", "No container engine answers at tcp://h:2376: something."),
    ],
)
def test_the_first_answer_of_an_engine_is_explained(said, message):
    assert message in str(no_engine(endpoint(endpoint="tcp://h:2376", **TLS), Exception(said)))


def test_the_tunnel_asks_nothing_and_shares_nothing():
    words = tunnel_command(endpoint(endpoint="ssh://me@h:2222", key="~/k", known_hosts="/k h"), "/t/s")
    for option in ("BatchMode=yes", "StrictHostKeyChecking=yes", 'UserKnownHostsFile="/k h"', "ControlPath=none"):
        assert option in words
    assert words[words.index("-L") + 1] == "/t/s:/var/run/docker.sock"
    assert words[words.index("--") + 1] == "h"
    assert "~/k" not in words


def test_what_ssh_says_becomes_a_remedy():
    found = endpoint(endpoint="ssh://me@h")
    assert "site_known_hosts" in str(refusal("far", found, "Host key verification failed.\r\n"))
    assert "site_key" in str(refusal("far", found, "me@h: Permission denied (publickey).\r\n"))
    assert "it gave no reason" in str(refusal("far", found, ""))
