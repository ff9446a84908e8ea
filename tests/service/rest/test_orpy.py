# SPDX-License-Identifier: Apache-2.0
"""orpy, the real one: the library with a token, and the command with an oidc-agent."""

from __future__ import annotations

import json
import socket
import threading

import pytest
from orpy import exceptions
from orpy.client.client import OrpyClient

from indigo_paas import __version__
from indigo_paas.ground import status
from tests.service.rest.conftest import TEMPLATE


@pytest.fixture
def orpy(served):
    return OrpyClient(served, token="alice")


@pytest.fixture
def made(orpy):
    return orpy.deployments.create(TEMPLATE, parameters={"n": "2"}).uuid


def test_info_and_configuration(orpy):
    assert orpy.info.get().to_dict()["projectVersion"] == __version__
    assert orpy.config.get().to_dict()["im_url"] == ""


def test_create(orpy, desk):
    made = orpy.deployments.create(
        TEMPLATE, callback_url="https://hooks.example.org/x", max_providers_retry=2, parameters={"n": "2"}
    )
    assert made.status == "CREATE_IN_PROGRESS"
    asked = desk.asked[made.uuid]
    assert (asked.parameters, asked.callback, asked.max_providers_retry) == (
        {"n": "2"},
        "https://hooks.example.org/x",
        2,
    )
    assert asked.keep_last_attempt is None  # It writes the name of this field in another way.


def test_list_is_whole_where_others_get_several_pages(orpy):
    made = [orpy.deployments.create(TEMPLATE).uuid for _ in range(23)]
    assert [one.uuid for one in orpy.deployments.list()] == made[::-1]


def test_show_update_delete(orpy, desk, made):
    assert orpy.deployments.show(made).cloudProviderEndpoint == {}
    desk.change(made, status=status.CREATE_COMPLETE)
    assert orpy.deployments.update(made, "other").status == "UPDATE_IN_PROGRESS"
    assert orpy.deployments.get_template(made).template == "other"
    assert orpy.deployments.delete(made) is None
    assert orpy.deployments.show(made).status == "DELETE_IN_PROGRESS"


def test_resources(orpy, made):
    listed = orpy.resources.list(made)
    assert len(listed) == 2
    assert orpy.resources.show(made, listed[0].uuid).to_dict() == listed[0].to_dict()


def test_errors_have_their_messages(orpy, made, desk):
    with pytest.raises(exceptions.ClientError, match="The deployment <42> doesn't exist"):
        orpy.deployments.show("42")
    with pytest.raises(exceptions.ClientError, match="Cannot update a deployment in CREATE_IN_PROGRESS state"):
        orpy.deployments.update(made, TEMPLATE)
    with pytest.raises(exceptions.ClientError, match=r"template\.yaml:1:1: this is no TOSCA"):
        orpy.deployments.create("wrong")


def test_without_a_good_token(served):
    with pytest.raises(exceptions.ClientError, match=r"The token is not known\."):
        OrpyClient(served, token="mallory").deployments.list()


def test_a_url_with_a_slash_at_its_end(served):
    client = OrpyClient(f"{served}/", token="alice")
    assert client.deployments.show(client.deployments.create(TEMPLATE).uuid).status == "CREATE_IN_PROGRESS"


@pytest.fixture
def agent(tmp_path):
    """An oidc-agent that has a token of alice's; its socket."""
    path = tmp_path / "oidc"
    asked = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def answer():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    asked.append(json.loads(connection.recv(4096)))
                    told = {"status": "success", "access_token": "alice", "issuer": "https://iam.example.org/"}
                    connection.sendall(json.dumps(told).encode())

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield path, asked
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


@pytest.fixture
def command(run, served, agent):
    def call(*arguments, code=0):
        options = ("--url", served, "--oidc-agent-sock", str(agent[0]), "--oidc-agent-account", "indigo")
        return run("orpy", *options, *arguments, status=code)

    return call


def test_the_command(command, agent, desk, tmp_path):
    """Every command of it, as a table and as JSON."""
    template = tmp_path / "pool.yaml"
    template.write_text(TEMPLATE)
    assert __version__ in command("info").stdout
    assert "im_url" in command("configuration", "show").stdout
    made = json.loads(command("deployment", "create", "-f", "json", str(template), "n=2", "name=x y").stdout)["uuid"]
    assert desk.asked[made].parameters == {"n": "2", "name": "x y"}
    assert {one["request"] for one in agent[1]} == {"access_token"}
    listed = json.loads(command("deployment", "list", "-f", "json").stdout)
    assert [one["uuid"] for one in listed] == [made]
    assert "CREATE_IN_PROGRESS" in command("dep", "list").stdout
    assert made in command("deployment", "show", made).stdout
    assert "tosca_definitions_version" in command("deployment", "template", made).stdout
    desk.change(made, status=status.CREATE_COMPLETE, site="recas")
    assert "UPDATE_IN_PROGRESS" in command("deployment", "update", made, str(template), "n=3").stdout
    resources = json.loads(command("resource", "list", made, "-f", "json").stdout)
    assert len(resources) == 2
    assert "tosca.nodes.indigo.Compute" in command("resource", "show", made, resources[0]["uuid"]).stdout
    command("deployment", "delete", made)
    assert desk.rows[made].status == "DELETE_IN_PROGRESS"
    failed = command("deployment", "delete", made, code=1)
    assert "Deployment already in DELETE_IN_PROGRESS state." in failed.stdout + failed.stderr
