# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node that the role set up is seen to be, from outside and by its own tools."""

from __future__ import annotations

import http.client
import json
import shlex
import socket
import ssl
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from testinfra.host import Host

Ask = Callable[..., tuple[int, Any]]

UNITS = ["indigo-paas", "indigo-paas-worker"]
TEMPLATE = """\
tosca_definitions_version: tosca_simple_yaml_1_0
imports:
  - indigo_custom_types: https://raw.githubusercontent.com/indigo-dc/tosca-types/master/custom_types.yaml
topology_template:
  node_templates:
    server: { type: tosca.nodes.indigo.Compute }
  outputs:
    address: { value: { get_attribute: [ server, private_address, 0 ] } }
"""


@pytest.fixture
def fetch(node: Host, address: str) -> Callable[..., tuple[int, dict[str, str], str]]:
    """Return status, headers and text of what nginx answers to this machine, which trusts the node's certificate."""
    authority = node.file("/etc/indigo-paas/orchestrator/tls/self-signed.crt").content_string
    context = ssl.create_default_context(cadata=authority)

    def call(path: str, headers: dict[str, str] | None = None, method: str = "GET") -> tuple[int, dict[str, str], str]:
        connection = http.client.HTTPSConnection(address, context=context, timeout=30)
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read().decode()

    return call


@pytest.fixture
def token(node: Host) -> Iterator[str]:
    """A token of the issuer in the settings, whose documents are served on the node meanwhile."""
    # Another key each time: the service remembers those that it has seen.
    kid = uuid.uuid4().hex
    issuer, key = "http://127.0.0.1:8089", ec.generate_private_key(ec.SECP256R1())
    public = {**json.loads(ECAlgorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig", "alg": "ES256"}
    documents = {
        ".well-known/openid-configuration": {"issuer": issuer, "jwks_uri": f"{issuer}/keys"},
        "keys": {"keys": [public]},
    }
    directory = "/root/issuer"
    node.check_output(f"mkdir -p {directory}/.well-known")
    for name, document in documents.items():
        node.check_output(f"printf %s {shlex.quote(json.dumps(document))} > {directory}/{name}")
    serve = f"python3 -m http.server 8089 --bind 127.0.0.1 --directory {directory}"
    node.check_output(f"systemd-run --quiet --collect --unit issuer {serve}")
    claims = {"iss": issuer, "aud": "paas", "sub": "alice", "iat": time.time(), "exp": time.time() + 600}
    yield jwt.encode(claims, key, algorithm="ES256", headers={"kid": kid})
    node.check_output(f"systemctl stop issuer && rm -r {directory}")


def _wait(what: Callable[[], Any], seconds: float = 60) -> Any:
    """Return the first true answer of WHAT, or the last one after SECONDS."""
    end = time.monotonic() + seconds
    while not (answer := what()) and time.monotonic() < end:
        time.sleep(1)
    return answer


def _main_pid(node: Host, unit: str) -> int:
    return int(node.check_output(f"systemctl show --property MainPID --value {unit}"))


def _jobs(node: Host) -> list[str]:
    return node.run("pgrep --euid indigo-paas --full 'indigo_paas[.]service[.]job'").stdout.split()


def _status(ask: Ask, deployment: str) -> str | None:
    status, answer = ask("GET", f"/deployments/{deployment}")
    return answer["status"] if status == 200 else None


def test_the_units_run_and_start_at_boot(node: Host) -> None:
    for unit in [*UNITS, "nginx", "postgresql"]:
        assert node.service(unit).is_running
        assert node.service(unit).is_enabled


def test_info_is_answered_with_a_certificate_for_the_address(fetch: Callable[..., Any]) -> None:
    status, _headers, text = fetch("/info")
    assert status == 200
    assert json.loads(text)["projectName"] == "indigo-paas"


def test_port_80_leads_to_tls(address: str) -> None:
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request("POST", "/deployments?x=1", headers={"Host": "evil.example.org"})
    answer = connection.getresponse()
    # Without a Host that is the node's, the distribution's own page is asked for.
    assert answer.status != 308
    answer.read()
    connection.request("POST", "/deployments?x=1")
    answer = connection.getresponse()
    assert answer.status == 308
    assert answer.getheader("Location") == f"https://{address}/deployments?x=1"


def test_old_tls_is_refused(address: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection((address, 443), timeout=30) as connection, pytest.raises((ssl.SSLError, OSError)):
        context.wrap_socket(connection)


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "//metrics", "/%6detrics", "/./metrics"])
def test_the_metrics_are_for_the_node_itself(node: Host, fetch: Callable[..., Any], path: str) -> None:
    assert fetch(path)[0] == 403
    own = "import ssl, urllib.request as u; c = ssl._create_unverified_context(); "
    own += "print(u.urlopen('https://127.0.0.1/metrics', context=c).read().decode())"
    assert "indigo_paas_jobs_running" in node.check_output(f'python3 -c "{own}"')


@pytest.mark.parametrize("headers", [{}, {"X-Forwarded-For": "127.0.0.1"}, {"Host": "localhost"}], ids=str)
def test_nobody_is_anonymous_from_elsewhere(fetch: Callable[..., Any], headers: dict[str, str]) -> None:
    assert fetch("/deployments", headers)[0] == 401


def test_a_user_with_a_token_is_let_in_from_elsewhere(node: Host, fetch: Callable[..., Any], token: str) -> None:
    def asked(token: str) -> int:
        return fetch("/deployments", {"Authorization": f"Bearer {token}"})[0]

    # The issuer needs a moment to start.
    assert _wait(lambda: asked(token) == 200)
    head, claims, _signature = token.split(".")
    assert asked(f"{head}.{claims}.{'A' * 86}") == 401
    assert claims not in node.check_output("journalctl --no-pager")
    assert node.run(f"grep --recursive --fixed-strings --files-with-matches {claims} /var/log").stdout == ""


def test_links_are_those_that_clients_reach(ask: Ask, address: str) -> None:
    status, answer = ask("GET", "/deployments")
    assert status == 200
    assert {link["href"].split("/deployments")[0] for link in answer["links"]} == {f"https://{address}"}


def test_only_nginx_is_reached_from_elsewhere(address: str) -> None:
    for port in (8080, 5432):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((address, port), timeout=30)


def test_the_service_can_change_neither_its_programs_nor_its_settings(node: Host) -> None:
    find = "find /opt/indigo-paas /etc/indigo-paas /etc/nginx /etc/systemd -writable -not -type l"
    found = node.run(f"runuser --user indigo-paas -- {find}")
    assert found.stdout == ""
    assert node.check_output(
        "runuser --user indigo-paas -- test -r /etc/indigo-paas/orchestrator/config.toml && echo yes"
    )
    assert node.run("runuser --user indigo-paas -- cat /etc/indigo-paas/orchestrator/tls/self-signed.key").rc != 0


def test_others_read_nothing_of_it(node: Host) -> None:
    find = "find /etc/indigo-paas/orchestrator /var/lib/indigo-paas /usr/local/sbin/indigo-paas -readable"
    assert node.run(f"runuser --user nobody -- {find}").stdout == ""


def test_no_key_is_in_a_log_or_a_temporary_file(node: Host) -> None:
    for key in ("/etc/indigo-paas/orchestrator/files/site_key", "/etc/indigo-paas/orchestrator/tls/self-signed.key"):
        line = node.check_output(f"sed -n 3p {key}")
        assert len(line) > 20
        places = "/var/log /tmp /var/tmp /run"
        assert node.run(f"grep --recursive --files-with-matches --fixed-strings -e '{line}' {places}").stdout == ""
        assert line not in node.check_output("journalctl --no-pager")


@pytest.mark.parametrize("unit", UNITS)
def test_the_units_are_confined(node: Host, unit: str) -> None:
    shown = node.check_output(f"systemd-analyze security --no-pager {unit}.service").splitlines()[-1]
    assert float(shown.split(":")[1].split()[0]) < 3.0, shown
    status = node.file(f"/proc/{_main_pid(node, unit)}/status").content_string
    assert "NoNewPrivs:\t1" in status
    assert "CapBnd:\t0000000000000000" in status
    assert "Seccomp:\t2" in status


def test_the_database_holds_unicode_and_needs_no_password(node: Host) -> None:
    query = "SELECT pg_encoding_to_char(encoding), pg_get_userbyid(datdba) FROM pg_database"
    query += " WHERE datname = current_database()"
    psql = f'psql --no-align --tuples-only --dbname indigo-paas --command "{query}"'
    assert node.check_output(f"cd / && runuser --user indigo-paas -- {psql}") == "UTF8|indigo-paas"
    tables = "SELECT count(*) FROM deployments"
    assert node.check_output(f"cd / && runuser --user postgres -- psql -At -d indigo-paas -c '{tables}'").isdecimal()


def test_a_database_of_its_own_is_closed_to_others(node: Host) -> None:
    assert node.run("cd / && runuser --user nobody -- psql --dbname indigo-paas --command 'SELECT 1'").rc != 0


def test_the_command_sees_what_the_service_has(node: Host) -> None:
    assert "There is no deployment" in node.run("/usr/local/sbin/indigo-paas list").stderr
    assert "here" in node.check_output("/usr/local/sbin/indigo-paas sites")


@pytest.mark.parametrize("unit", UNITS)
def test_it_survives_kill_9(node: Host, ask: Ask, unit: str) -> None:
    before = _main_pid(node, unit)
    node.check_output(f"kill -9 {before}")
    assert _wait(lambda: _main_pid(node, unit) not in (0, before))
    assert _wait(lambda: ask("GET", "/ready")[0] == 200)


@pytest.fixture
def deployment(ask: Ask) -> Iterator[str]:
    """The uuid of a deployment that was asked for just now."""
    status, answer = ask("POST", "/deployments", {"template": TEMPLATE, "parameters": {}})
    assert status == 201, answer
    yield answer["uuid"]
    ask("DELETE", f"/deployments/{answer['uuid']}")


def test_a_deployment_is_made_and_deleted_although_everything_is_restarted(
    node: Host, address: str, ask: Ask, deployment: str
) -> None:
    (job,) = _wait(lambda: _jobs(node))
    node.check_output("systemctl restart indigo-paas indigo-paas-worker")
    assert _wait(lambda: ask("GET", "/ready")[0] == 200)
    # The restart did not end the job: the same process goes on, or has done its work by now.
    assert _jobs(node) in ([job], [])
    assert _wait(lambda: _status(ask, deployment) != "CREATE_IN_PROGRESS", 180)
    made = ask("GET", f"/deployments/{deployment}")[1]
    assert (made["status"], made["outputs"]) == ("CREATE_COMPLETE", {"address": address}), made
    lease = json.loads(node.file("/etc/indigo-paas/lease.json").content_string)
    assert deployment in json.dumps(lease)

    assert ask("DELETE", f"/deployments/{deployment}")[0] == 204
    assert _wait(lambda: _status(ask, deployment) is None, 180)
    assert not node.file("/etc/indigo-paas/lease.json").exists


def test_a_wrong_template_is_refused(ask: Ask) -> None:
    status, answer = ask("POST", "/deployments", {"template": "topology_template: {}\n", "parameters": {}})
    assert status == 400
    assert "tosca_definitions_version" in answer["message"]


def test_nothing_of_the_checks_is_left(node: Host, ask: Ask) -> None:
    assert ask("GET", "/deployments")[1]["page"]["totalElements"] == 0
    assert node.check_output("ls /var/lib/indigo-paas/tmp") == ""
