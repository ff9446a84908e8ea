# SPDX-License-Identifier: Apache-2.0
"""The events of a deployment as they happen."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time

import httpx
import pytest

from indigo_paas.ground import status
from indigo_paas.ground.progress import Kind


def parsed(text):
    """Return the events of TEXT as a browser reads them."""
    events = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":"))
        if fields:
            fields["data"] = json.loads(fields["data"])
            events.append(fields)
    return events


@pytest.fixture
def over(desk, made):
    """The path of the events of a deployment that is at rest, with three events."""
    for kind, text in [(Kind.STEP, ""), (Kind.WARNING, "two\nlines"), (Kind.END, "")]:
        desk.tell(made["uuid"], kind, text)
    desk.change(made["uuid"], status=status.CREATE_FAILED, reason="too small")
    return f"/deployments/{made['uuid']}/events"


def test_the_stream_of_a_deployment_at_rest_ends(client, over):
    answer = client.get(over)
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = parsed(answer.text)
    assert [(event.get("id"), event["event"]) for event in events] == [
        ("1", "step"),
        ("2", "warning"),
        ("3", "end"),
        (None, "status"),
    ]
    assert events[1]["data"] == {
        "time": 1478125860.5,
        "kind": "warning",
        "step": "Make the nodes",
        "text": "two\nlines",
    }
    assert events[3]["data"] == {"status": "CREATE_FAILED", "statusReason": "too small"}


def test_a_client_that_comes_back_goes_on(client, over):
    events = parsed(client.get(over, headers={"Last-Event-ID": "2"}).text)
    assert [event["event"] for event in events] == ["end", "status"]


def test_a_client_that_has_all_is_told_not_to_come_back(client, over):
    answer = client.get(over, headers={"Last-Event-ID": "3"})
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("last", ["x", "-1", "9223372036854775808", "1.5"])
def test_a_last_event_that_cannot_be(client, over, last):
    assert client.get(over, headers={"Last-Event-ID": last}).status_code == 400


def stream(url, **params):
    return httpx.stream(
        "GET", url, params=params, headers={"Authorization": "Bearer alice"}, timeout=httpx.Timeout(20.0)
    )


def test_events_arrive_as_they_happen_and_the_stream_ends_with_the_work(served, desk, made):
    seen = []
    with stream(f"{served}/deployments/{made['uuid']}/events") as answer:
        for line in answer.iter_lines():
            if line.startswith("event: "):
                seen.append(line.removeprefix("event: "))
            if seen == ["status"]:
                desk.tell(made["uuid"], Kind.STEP, "first")
            if seen == ["status", "step"] and line.startswith("event: "):
                desk.tell(made["uuid"], Kind.END, "last")
                desk.change(made["uuid"], status=status.CREATE_COMPLETE)
            assert len(seen) < 20
    assert list(dict.fromkeys(seen)) == ["status", "step", "end"]
    assert seen[-1] == "status"


def test_the_stream_of_a_deleted_deployment_ends(served, desk, made):
    desk.change(made["uuid"], status=status.DELETE_IN_PROGRESS)
    statuses = []
    with stream(f"{served}/deployments/{made['uuid']}/events") as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                statuses.append(json.loads(line.removeprefix("data: "))["status"])
                if len(statuses) == 1:
                    desk.forget(made["uuid"])
    assert statuses == ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]


def test_who_follows_stays_until_he_goes(served, app, desk, made):
    desk.change(made["uuid"], status=status.CREATE_COMPLETE)
    with stream(f"{served}/deployments/{made['uuid']}/events", follow="true") as answer:
        lines = answer.iter_lines()
        assert next(line for line in lines if line.startswith("event: ")) == "event: status"
        desk.tell(made["uuid"], Kind.STEP, "much later")
        assert next(line for line in lines if line.startswith("event: ")) == "event: step"
        assert app.state.streams.open == 1
    deadline = time.monotonic() + 20
    while app.state.streams.open and time.monotonic() < deadline:
        time.sleep(0.05)
    assert app.state.streams.open == 0


def test_streams_too_many_are_refused_and_others_answered(served, client, desk, made):
    url = f"{served}/deployments/{made['uuid']}/events"
    with stream(url) as first, stream(url) as second, stream(url) as third:
        assert [answer.status_code for answer in (first, second, third)] == [200, 200, 503]
        assert third.headers["retry-after"] == "10"
        assert httpx.get(f"{served}/health", timeout=20.0).status_code == 200


def test_one_user_does_not_take_the_streams_of_others(app, served, desk, made, connect):
    app.state.streams.per_user = 1
    url = f"{served}/deployments/{made['uuid']}/events"
    with stream(url) as first, stream(url) as second:
        assert [first.status_code, second.status_code] == [200, 429]
        second.read()
        assert "1 of your streams of events are open, which is the limit" in second.json()["message"]
        others = connect("admin")
        desk.change(made["uuid"], status=status.CREATE_COMPLETE)
        assert others.get(f"/deployments/{made['uuid']}/events").status_code == 200


def test_a_client_that_goes_at_once_leaves_no_stream_behind(app, served, made):
    head = f"GET /deployments/{made['uuid']}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer alice\r\n\r\n"
    port = int(served.rpartition(":")[2])
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(head.encode())
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # Some may be read after others have ended: none is left behind when none has been open for a while.
    seen = [1]
    for _poll in range(400):
        time.sleep(0.05)
        seen = [*seen[-19:], app.state.streams.open]
        if not any(seen):
            break
    assert not any(seen)
    with stream(f"{served}/deployments/{made['uuid']}/events") as answer:
        assert answer.status_code == 200


def test_many_streams_need_few_threads(app, served, desk, made):
    app.state.streams.limit = app.state.streams.per_user = 100
    url = f"{served}/deployments/{made['uuid']}/events"
    before = threading.active_count()
    with httpx.Client(timeout=20.0, headers={"Authorization": "Bearer alice"}) as client:
        answers = [client.send(client.build_request("GET", url), stream=True) for _ in range(60)]
        time.sleep(0.5)
        assert app.state.streams.open == 60
        assert threading.active_count() - before < 15
        for answer in answers:
            answer.close()
