# SPDX-License-Identifier: Apache-2.0
"""What is asked again, and what is not."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from indigo_paas.client import Retries, Unreachable, calls
from indigo_paas.client.calls import Answer
from indigo_paas.client.retries import retry_after
from indigo_paas.errors import BadInput, Conflict, IndigoError
from tests.service.client.test_original import NEW, UUID

READ, MAKE, CHANGE, DELETE = (
    calls.deployment(UUID),
    calls.create("t", {}, {}),
    calls.update(UUID, "t", {}, {}),
    calls.delete(UUID),
)


def answering(*answers):
    """Return a handler that gives ANSWERS one after another, the last one again and again, and what it was asked."""
    asked = []

    def handler(request):
        answer = answers[min(len(asked), len(answers) - 1)]
        asked.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else httpx.Response(*answer[:1], **answer[1])

    return handler, asked


OK = (200, {"json": NEW})
REFUSED, BROKEN, SILENT = httpx.ConnectError("refused"), httpx.ReadError("reset"), httpx.ReadTimeout("slow")


@pytest.mark.parametrize("trouble", [REFUSED, BROKEN, SILENT, (502, {}), (503, {}), (504, {}), (429, {})])
def test_reading_is_tried_again(connect, trouble):
    handler, asked = answering(trouble, trouble, OK)
    assert connect(handler).deployment(UUID).uuid == UUID
    assert len(asked) == 3


@pytest.mark.parametrize("trouble", [REFUSED, BROKEN, SILENT, (503, {})])
def test_but_not_for_ever(connect, trouble):
    handler, asked = answering(trouble)
    with pytest.raises(IndigoError):
        connect(handler).deployment(UUID)
    assert len(asked) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 500])
def test_what_will_not_change_is_not_tried_again(connect, status):
    handler, asked = answering((status, {}))
    with pytest.raises(IndigoError):
        connect(handler).deployment(UUID)
    assert len(asked) == 1


@pytest.mark.parametrize("trouble", [BROKEN, SILENT, (502, {}), (503, {}), (504, {})])
def test_what_may_have_been_taken_is_not_made_twice(connect, trouble):
    handler, asked = answering(trouble)
    with pytest.raises(IndigoError):
        connect(handler).create("text")
    assert len(asked) == 1


@pytest.mark.parametrize(
    "trouble",
    [REFUSED, httpx.ConnectTimeout("x"), (429, {}), (503, {"headers": {"Retry-After": "0"}}),
     (409, {"headers": {"Retry-After": "0"}})],
)  # fmt: skip
def test_what_the_server_did_nothing_of_is_made_again(connect, trouble):
    handler, asked = answering(trouble, (201, {"json": NEW}))
    assert connect(handler).create("text").uuid == UUID
    assert len(asked) == 2


@pytest.mark.parametrize("second", [404, 409])
def test_what_was_deleted_while_the_answer_was_lost_is_deleted(connect, second):
    handler, asked = answering(BROKEN, (second, {"json": {"message": "already"}}))
    assert connect(handler).delete(UUID) is None
    assert len(asked) == 2


def test_what_is_being_deleted_by_others_is_not(connect):
    handler, _ = answering(REFUSED, (409, {"json": {"message": "Deployment already in DELETE_IN_PROGRESS state."}}))
    with pytest.raises(Conflict, match="already"):
        connect(handler).delete(UUID)


def test_an_authority_that_is_not_known_is_not_asked_again(connect):
    handler, asked = answering(httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"))
    with pytest.raises(Unreachable, match="INDIGO_PAAS_CA_FILE"):
        connect(handler).info()
    assert len(asked) == 1


def test_a_server_that_wants_more_time_than_we_have(connect):
    handler, asked = answering((429, {"headers": {"Retry-After": "3600"}, "json": {"message": "Too many requests."}}))
    began = time.monotonic()
    with pytest.raises(IndigoError, match="429: Too many requests"):
        connect(handler).info()
    assert len(asked) == 1
    assert time.monotonic() - began < 60


def test_pauses_grow_and_have_an_end():
    retries = Retries(attempts=99, first=1, longest=10)
    pauses = [retries.after_failure(READ, True, attempt) for attempt in range(1, 10)]
    assert all(
        0.5 * bound <= pause <= bound for pause, bound in zip(pauses, [1, 2, 4, 8, 10, 10, 10, 10, 10], strict=True)
    )


def test_the_server_says_how_long():
    retries = Retries()
    assert retries.after_answer(READ, Answer(503, {"retry-after": "7"}), 1) == 7
    assert retries.after_answer(READ, Answer(503, {"retry-after": "31"}), 1) is None
    assert retries.after_answer(READ, Answer(429, {"retry-after": "0"}), 1) > 0
    assert retries.after_answer(CHANGE, Answer(503), 1) is None
    assert retries.after_answer(DELETE, Answer(503), 1) is not None
    assert retries.after_answer(MAKE, Answer(409), 1) is None


def test_retry_after_may_be_a_date():
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    assert 90 < retry_after(later) <= 100
    assert retry_after(format_datetime(datetime.now(UTC) - timedelta(seconds=100), usegmt=True)) == 0
    assert retry_after("soon") is None
    assert retry_after("-5") is None
    assert retry_after(None) is None


def test_a_token_may_be_asked_for_each_time(connect):
    handler, asked = answering((503, {}), OK)
    tokens = iter(["one", "two\n"])
    connect(handler, token=lambda: next(tokens)).deployment(UUID)
    assert [request.headers["authorization"] for request in asked] == ["Bearer one", "Bearer two"]


@pytest.mark.parametrize("token", ["a b", "a\nb", "café", "a\0"])
def test_what_is_no_token_is_not_sent(connect, token):
    handler, asked = answering(OK)
    with pytest.raises(BadInput, match="The token holds characters that no token has"):
        connect(handler, token=token).info()
    assert asked == []


@pytest.mark.parametrize(
    "url",
    ["", "paas.example.org", "ftp://x", "https://", "https://u:p@x", "https://x?y=1", "https://x:port", "file:///x"],
)
def test_what_is_no_url(connect, url):
    with pytest.raises(BadInput) as caught:
        connect(url=url)
    assert "p@" not in str(caught.value)


def test_the_environment_says_what_is_not_said(connect, monkeypatch):
    handler, asked = answering(OK)
    monkeypatch.setenv("ORCHENT_URL", "https://old.example.org/orchestrator/")
    monkeypatch.setenv("ORCHENT_TOKEN", "old")
    connect(handler, url=None, token=None).deployment(UUID)
    monkeypatch.setenv("INDIGO_PAAS_URL", "https://new.example.org")
    monkeypatch.setenv("INDIGO_PAAS_TOKEN", "new")
    connect(handler, url=None, token=None).deployment(UUID)
    assert [(str(request.url), request.headers["authorization"]) for request in asked] == [
        (f"https://old.example.org/orchestrator/deployments/{UUID}", "Bearer old"),
        (f"https://new.example.org/deployments/{UUID}", "Bearer new"),
    ]


def test_a_file_of_authorities_must_be_one(connect, tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(BadInput, match=r"ca\.pem is no file of certificates"):
        connect(ca_file=tmp_path / "ca.pem")
    with pytest.raises(BadInput, match=r"none\.pem is no file of certificates: No such file"):
        connect(ca_file=tmp_path / "none.pem")
