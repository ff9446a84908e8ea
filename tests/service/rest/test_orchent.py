# SPDX-License-Identifier: Apache-2.0
"""Each command of orchent, replayed request by request against a real server."""

from __future__ import annotations

import pytest

from indigo_paas import __version__
from indigo_paas.ground import status
from indigo_paas.ground.progress import Kind
from tests.service.rest.conftest import TEMPLATE
from tests.service.rest.orchent import Failed, Orchent


@pytest.fixture
def orchent(served):
    return Orchent(served, "alice")


@pytest.fixture
def made(orchent):
    return orchent.depcreate(TEMPLATE, '{"n": 2}')["uuid"]


def test_test(served):
    assert Orchent(served, None).test()["projectVersion"] == __version__


def test_showconf(orchent):
    assert set(orchent.showconf()) >= {"cpr_url", "slam_url", "cmdb_url", "im_url", "monitoring_url", "vault_url"}


def test_depcreate(orchent, desk):
    shown = orchent.depcreate(
        TEMPLATE,
        '{"n": "2"}',
        callback="https://hooks.example.org/x",
        maxProvidersRetry=3,
        keepLastAttempt="true",
        userGroup="cms",
    )
    assert shown["status"] == "CREATE_IN_PROGRESS"
    asked = desk.asked[shown["uuid"]]
    assert (asked.callback, asked.max_providers_retry, asked.keep_last_attempt, asked.user_group) == (
        "https://hooks.example.org/x",
        3,
        True,
        "cms",
    )
    assert asked.parameters == {"n": "2"}


def test_depls_follows_the_pages(orchent):
    made = [orchent.depcreate(TEMPLATE, "{}", userGroup="cms" if n % 2 else "")["uuid"] for n in range(23)]
    assert [one["uuid"] for one in orchent.depls()] == made[::-1]
    assert [one["uuid"] for one in orchent.depls(created_by="me", user_group="cms")] == made[1::2][::-1]
    assert orchent.depls(created_by="bob@https://iam.example.org/") == []


def test_depls_of_nothing(orchent):
    assert orchent.depls() == []


def test_depshow(orchent, made):
    shown = orchent.depshow(made)
    assert shown["uuid"] == made
    assert shown["createdBy"] == {"issuer": "https://iam.example.org/", "subject": "alice"}
    assert orchent.extrainfo(made) == []


def test_depupdate(orchent, desk, made):
    desk.change(made, status=status.CREATE_COMPLETE)
    assert orchent.depupdate(made, "other", "{}")["status"] == "UPDATE_IN_PROGRESS"


def test_depupdate_too_early(orchent, made):
    with pytest.raises(Failed, match=r"^Error 'Conflict' \[409\]: Cannot update a deployment in CREATE_IN_PROGRESS"):
        orchent.depupdate(made, "other", "{}")


def test_deptemplate_and_deplog(orchent, desk, made):
    desk.tell(made, Kind.STEP, "it begins")
    assert orchent.deptemplate(made) == TEMPLATE
    assert orchent.deplog(made) == "it begins"


@pytest.mark.parametrize("force", [False, True])
def test_depdel_and_depreset(orchent, made, force):
    orchent.depdel(made, force)
    assert orchent.depshow(made)["status"] == "DELETE_IN_PROGRESS"
    orchent.depreset(made)
    assert orchent.depshow(made)["status"] == "DELETE_FAILED"


def test_resls_and_resshow(orchent, made):
    listed = orchent.resls(made)
    assert len(listed) == 2
    assert orchent.resshow(made, listed[0]["uuid"]) == listed[0]


def test_what_is_not_there(orchent):
    with pytest.raises(Failed, match=r"^Error 'Not Found' \[404\]: The deployment <42> doesn't exist$"):
        orchent.depshow("42")


def test_a_wrong_template(orchent):
    with pytest.raises(Failed, match=r"^Error 'Bad Request' \[400\]: template.yaml:1:1: this is no TOSCA"):
        orchent.depcreate("wrong", "{}")


@pytest.mark.parametrize(("token", "error"), [(None, "unauthorized"), ("mallory", "invalid_token")])
def test_without_a_good_token(served, token, error):
    with pytest.raises(Failed, match=f"^Error '{error}': "):
        Orchent(served, token).depls()


def test_a_url_with_a_slash_at_its_end(served):
    assert Orchent(f"{served}/", "alice").depls() == []
