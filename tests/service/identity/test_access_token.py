# SPDX-License-Identifier: Apache-2.0
"""What runs for a user has a fresh token of that user, and nothing else has it."""

from __future__ import annotations

import logging
import os
import pathlib
import time

import psutil
import pytest
from starlette.testclient import TestClient

from indigo_paas.ground.paths import ACCESS_TOKEN_VARIABLE, Home
from indigo_paas.service import access_token, housekeeping
from indigo_paas.service.access_token import Kept, provided
from indigo_paas.service.app import make_app
from indigo_paas.service.identity import verify
from indigo_paas.store import Job
from tests.cli.conftest import TEMPLATE
from tests.service.core.conftest import Service, wait_until
from tests.service.identity.issuer import AUDIENCE, SERVICE_CLIENT

# Shows what a run may read, at its begin and some time later.
PLAYBOOK = """\
---
- name: Make the nodes
  hosts: localhost
  connection: local
  gather_facts: false
  vars:
    token: "{{ lookup('ansible.builtin.env', 'INDIGO_PAAS_ACCESS_TOKEN_FILE') }}"
    seen: "{{ lookup('ansible.builtin.env', 'FAKE_SEEN') }}"
  tasks:
    - name: Look
      ansible.builtin.command:
        cmd: "cp {{ token }} {{ seen }}/first"

    - name: Take a moment
      ansible.builtin.command:
        cmd: "sleep {{ lookup('ansible.builtin.env', 'FAKE_SLEEP') }}"

    - name: Look again
      ansible.builtin.command:
        cmd: "cp {{ token }} {{ seen }}/second"

    - name: Publish
      ansible.builtin.set_stats:
        data:
          paas_result: {site: here, nodes: "{{ paas_nodes }}", outputs: {}}
"""


@pytest.fixture
def file(tmp_path):
    return tmp_path / "access-tokens" / "1-1"


@pytest.fixture
def kept(service, file, monkeypatch):
    monkeypatch.setattr(access_token, "PAUSE", 0.05)
    monkeypatch.setattr(access_token, "PATIENCE", 1.0)
    return Kept(service.tokens, [("alice", service.provider.url)], file)


def test_the_file_is_there_for_its_time_only(service, kept, file):
    service.keep()
    with kept.fresh():
        assert verify.read(file.read_text()).claims["sub"] == "alice"
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o777 == 0o700
    assert list(file.parent.iterdir()) == []


def test_a_token_that_ends_is_replaced(service, kept, file):
    service.keep()
    with kept.fresh():
        first = file.read_text()
        service.expire()
        wait_until(lambda: file.read_text() != first, 10)
        assert service.verifier.user(file.read_text()).subject == "alice"


def test_a_token_that_was_revoked_is_taken_away_and_the_reason_told(service, kept, file, caplog):
    service.keep()
    with kept.fresh():
        service.revoke()
        service.expire()
        wait_until(lambda: not file.exists(), 10)
        time.sleep(0.2)
    told = [record for record in caplog.records if "Ask again" in record.getMessage()]
    assert len(told) == 1
    assert told[0].levelno == logging.WARNING


def test_one_who_comes_back_has_one_again(service, kept, file):
    with kept.fresh():
        assert not file.exists()
        service.keep()
        wait_until(file.exists, 10)


def test_an_issuer_that_is_down_is_waited_for_and_not_for_ever(own_provider, service, kept, file, monkeypatch):
    service.keep()
    service.expire()
    monkeypatch.setattr(access_token, "PATIENCE", 0.0)
    with own_provider.silent(), kept.fresh():
        assert not file.exists()
    monkeypatch.setattr(access_token, "PATIENCE", 30.0)
    with own_provider.silent(), kept.fresh(is_over=lambda: True):
        assert not file.exists()


@pytest.fixture
def alice(service):
    """A deployment of hers."""
    about = {"template": "t", "description": "", "status": "UPDATE_IN_PROGRESS", "site": "here"}
    return service.store.add_deployment("d", owner_subject="alice", owner_issuer=service.provider.url, **about)


def job_of(service, subject):
    return Job("d", "update", subject, service.provider.url, id=7, starts=2)


def test_a_run_has_the_token_of_the_owner_whoever_asked(service, alice):
    service.keep("alice")
    service.keep("root")
    with provided(service.settings, job_of(service, "root"), alice, lambda: False):
        file = pathlib.Path(os.environ[ACCESS_TOKEN_VARIABLE])
        assert file == Home(service.home).access_token(7, 2)
        assert verify.read(file.read_text()).claims["sub"] == "alice"
    assert ACCESS_TOKEN_VARIABLE not in os.environ
    assert not file.exists()


def test_where_the_owner_has_none_any_more_it_is_that_of_who_asked(service, alice):
    service.keep("root")
    with provided(service.settings, job_of(service, "root"), alice, lambda: False):
        assert verify.read(pathlib.Path(os.environ[ACCESS_TOKEN_VARIABLE]).read_text()).claims["sub"] == "root"


def test_without_any_the_job_goes_on_and_what_it_runs_finds_none(service, alice, caplog):
    with provided(service.settings, job_of(service, "alice"), alice, lambda: False):
        assert not pathlib.Path(os.environ[ACCESS_TOKEN_VARIABLE]).exists()
    assert "Ask again" in caplog.text


def test_who_has_no_issuer_has_no_file(service):
    with provided(service.settings, Job("d", "update", "anonymous", ""), None, lambda: False):
        assert ACCESS_TOKEN_VARIABLE not in os.environ


def test_tokens_are_forgotten_when_the_last_deployment_is_gone(service, alice, monkeypatch):
    monkeypatch.setattr(housekeeping, "UNUSED", -1.0)

    def subjects():
        housekeeping.tidy(Home(service.home), service.store, 0)
        return [key[2] for key, _sealed in service.store.tokens.all()]

    service.keep("alice")
    service.keep("bob")
    number = service.store.jobs.add(Job("gone", "delete", "bob", service.provider.url))
    assert sorted(subjects()) == ["alice", "bob"]
    service.store.jobs.end(service.store.jobs.job(number), "ok")
    assert subjects() == ["alice"]
    service.store.remove_deployment("d")
    assert subjects() == []


def test_a_token_that_a_request_relies_on_is_kept(service):
    service.keep("alice")
    with service.store._database.writing() as connection:
        connection.exec_driver_sql("UPDATE tokens SET used = 0")
    service.keep("alice")
    housekeeping.tidy(Home(service.home), service.store, 0)
    assert service.store.tokens.all()


def test_files_of_processes_that_were_killed_are_removed(service):
    home = Home(service.home)
    home.access_tokens.mkdir()
    service.store.jobs.add(Job("d", "update"))
    job = service.store.jobs.claim(lambda waiting, _running: waiting[0], "here")
    mine, former, draft = home.access_token(job.id, 1), home.access_token(99, 1), home.access_tokens / ".99-1"
    for file in mine, former, draft:
        file.write_text("x")
    housekeeping.tidy(home, service.store, 0)
    assert list(home.access_tokens.iterdir()) == [mine]


SETTINGS = """\
[[identity.issuers]]
url = "{url}"
audience = ["{audience}"]
client_id = "{client[0]}"
client_secret = "{client[1]}"
exchange = true
"""


@pytest.fixture
def whole(own_provider, tmp_path):
    """A service whose users are those of a provider, and whose playbook shows what it may read."""
    config = tmp_path / "paas.toml"
    config.write_text(SETTINGS.format(url=own_provider.url, audience=AUDIENCE, client=SERVICE_CLIENT))
    made = Service(tmp_path, INDIGO_PAAS_CONFIG=str(config))
    deploy = tmp_path / "collections/ansible_collections/indigo/paas/playbooks/deploy.yml"
    deploy.write_text(PLAYBOOK)
    yield made
    made.close()


def test_a_run_sees_a_token_of_its_user_from_its_begin_to_its_end(whole, own_provider, verifier_of, tmp_path):
    own_provider.tell(seconds=12)
    seen = tmp_path / "seen"
    seen.mkdir()
    with TestClient(make_app(whole.settings)) as client:

        def ask(method, path, **more):
            return client.request(method, path, headers={"Authorization": f"Bearer {own_provider.token()}"}, **more)

        uuid = ask("POST", "/deployments", json={"template": TEMPLATE}).json()["uuid"]
        whole.supervisor(FAKE_SEEN=str(seen), FAKE_SLEEP="10")
        wait_until(lambda: whole.working(uuid))
        first = (seen / "first").read_text()
        assert first
        assert not [found for found in map(said_of, psutil.process_iter()) if first in found]
        assert whole.wait(uuid) == "CREATE_COMPLETE", whole.logs()
        second = (seen / "second").read_text()
        assert second != first
        verifier = verifier_of(own_provider)
        claims = verify.read(second).claims
        assert (verifier.user(second).subject, claims["client_id"]) == ("alice", "service")
        assert_kept_nowhere(whole.home, first, second)
        asked = own_provider.count("/token")
        # The token of the creation is still good, and so is asked for once.
        assert ask("DELETE", f"/deployments/{uuid}").status_code == 204
        assert own_provider.count("/token") == asked + 1
        assert whole.wait(uuid) == "GONE"


def said_of(process):
    try:
        return " ".join(process.cmdline()) + repr(process.environ())
    except psutil.Error:
        return ""


def assert_kept_nowhere(home, *tokens):
    files = [path for path in home.rglob("*") if path.is_file() and not path.is_socket()]
    assert len(files) > 5
    for path in files:
        data = path.read_bytes()
        assert not [token for token in tokens if token.encode() in data], path


def test_a_deletion_goes_on_without_a_token(whole, own_provider):
    with TestClient(make_app(whole.settings)) as client:
        headers = {"Authorization": f"Bearer {own_provider.token()}"}
        uuid = client.post("/deployments", json={"template": TEMPLATE}, headers=headers).json()["uuid"]
        with whole.store._database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM tokens")
        # Its keys are known, so that the token is good while the provider is silent.
        with own_provider.silent():
            assert client.put(f"/deployments/{uuid}", json={"template": TEMPLATE}, headers=headers).status_code == 503
            assert client.delete(f"/deployments/{uuid}", headers=headers).status_code == 204
    assert whole.status(uuid) == "GONE"
