# SPDX-License-Identifier: Apache-2.0
"""Streams of events: cut anywhere, broken off, gone on with."""

from __future__ import annotations

import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as some

from indigo_paas.client import Event, StatusChange, sse
from indigo_paas.errors import IndigoError, NotFound
from tests.service.client.test_original import UUID

STREAM = (
    b'\xef\xbb\xbf: hello\r\nid: 1\nevent: step\ndata: {"a":\r\ndata: 1}\n\n\n'
    b"data\n\nid: 2\rdata:  caf\xc3\xa9 \xe2\x80\xa8\r\r: ping\n\ndata: never ends"
)
MESSAGES = [
    sse.Message("step", '{"a":\n1}', "1"),
    sse.Message("message", "", "1"),
    sse.Message("message", " café \u2028", "2"),
]


@given(some.lists(some.integers(0, len(STREAM))))
def test_a_stream_may_be_cut_anywhere(cuts):
    reader = sse.Reader()
    places = [0, *sorted(cuts), len(STREAM)]
    parts = [STREAM[start:end] for start, end in zip(places, places[1:], strict=False)]
    assert [message for part in parts for message in reader.feed(part)] == MESSAGES


@pytest.mark.parametrize("endless", [b"data: " + b"x" * 1000, b"data: " + b"x" * 1000 + b"\n"])
def test_a_stream_without_an_end_does_not_fill_the_memory(endless, monkeypatch):
    monkeypatch.setattr(sse, "LARGEST", 100_000)
    reader = sse.Reader()
    with pytest.raises(IndigoError, match="without an end"):
        [list(reader.feed(part)) for part in [endless] * 1000]


def an_event(number, kind="progress", **known):
    return f"id: {number}\nevent: {kind}\ndata: {json.dumps({'time': 5.0, 'kind': kind, **known})}\n\n"


def a_status(word, reason=""):
    return f"event: status\ndata: {json.dumps({'status': word, 'statusReason': reason})}\n\n"


class Breaking(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that breaks off behind its text."""

    def __init__(self, text, error):
        self.text, self.error = text, error

    def __iter__(self):
        yield self.text.encode()
        raise self.error

    async def __aiter__(self):
        yield self.text.encode()
        raise self.error


def streaming(*streams):
    """Return a handler that gives STREAMS one after another, and the requests that it got."""
    asked = []

    def handler(request):
        given = streams[len(asked)]
        asked.append(request)
        if isinstance(given, Exception):
            raise given
        if isinstance(given, int):
            return httpx.Response(given, json={"message": "so it is"})
        headers = {"content-type": "text/event-stream; charset=utf-8"}
        if isinstance(given, tuple):
            return httpx.Response(200, headers=headers, stream=Breaking(*given))
        return httpx.Response(200, headers=headers, content=given.encode())

    return handler, asked


def resumed(asked):
    return [request.headers.get("last-event-id") for request in asked]


def test_events_until_nothing_works_on_it(connect):
    stream = (
        a_status("CREATE_IN_PROGRESS")
        + an_event(3, "step", step="Make", text="x", seconds=1.5)
        + ": ping\n\n"
        + an_event(4, "dance")
        + a_status("CREATE_FAILED", "no room")
    )
    handler, asked = streaming(stream)
    assert list(connect(handler).events(UUID)) == [
        StatusChange("CREATE_IN_PROGRESS"),
        Event(3, "step", 5.0, "Make", None, None, "x", 1.5),
        Event(4, "dance", 5.0),
        StatusChange("CREATE_FAILED", "no room"),
    ]
    assert resumed(asked) == [None]
    assert asked[0].headers["accept"] == "text/event-stream"


@pytest.mark.parametrize(
    "error", [httpx.ReadError("reset"), httpx.ReadTimeout("silent"), httpx.RemoteProtocolError("x")]
)
def test_a_broken_stream_is_gone_on_with(connect, error):
    handler, asked = streaming(
        (a_status("CREATE_IN_PROGRESS") + an_event(1) + an_event(2), error),
        httpx.ConnectError("down"),
        502,
        a_status("CREATE_IN_PROGRESS") + an_event(2) + an_event(3) + a_status("CREATE_COMPLETE"),
    )
    found = list(connect(handler).events(UUID))
    assert [one.id if isinstance(one, Event) else one.status for one in found] == [
        "CREATE_IN_PROGRESS", 1, 2, 3, "CREATE_COMPLETE",
    ]  # fmt: skip
    assert resumed(asked) == [None, "2", "2", "2"]


def test_a_stream_that_the_server_ends_early_is_gone_on_with(connect, monkeypatch):
    monkeypatch.setattr("indigo_paas.client.steps.REOPEN_PAUSE", 0.001)
    handler, asked = streaming(a_status("CREATE_IN_PROGRESS") + an_event(7), an_event(8), 204)
    assert [one.id for one in connect(handler).events(UUID, after=6) if isinstance(one, Event)] == [7, 8]
    assert resumed(asked) == ["6", "7", "8"]


def test_a_deployment_that_is_gone_meanwhile_was_deleted(connect, monkeypatch):
    monkeypatch.setattr("indigo_paas.client.steps.REOPEN_PAUSE", 0.001)
    handler, _ = streaming(a_status("DELETE_IN_PROGRESS"), 404)
    assert [one.status for one in connect(handler).events(UUID)] == ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]


def test_one_that_never_was_is_not_found(connect):
    handler, _ = streaming(404)
    with pytest.raises(NotFound, match="so it is"):
        list(connect(handler).events(UUID))


def test_what_happened_until_now(connect):
    handler, _ = streaming((an_event(1) + a_status("CREATE_IN_PROGRESS"), AssertionError("read on")))
    found = list(connect(handler).events(UUID, until_now=True))
    assert found[-1] == StatusChange("CREATE_IN_PROGRESS")
    assert len(found) == 2


def test_a_stream_that_stays_broken_is_an_error(connect):
    handler, asked = streaming(*[httpx.ConnectError("down")] * 9)
    with pytest.raises(IndigoError, match="cannot be reached: down"):
        list(connect(handler).events(UUID))
    assert len(asked) == 3
    handler, asked = streaming(*[""] * 9)
    with pytest.raises(IndigoError, match="ends at once, again and again"):
        list(connect(handler).events(UUID))
    assert len(asked) == 3


def test_what_is_no_stream_is_an_error(connect):
    with pytest.raises(IndigoError, match="no stream of events but text/html"):
        list(connect(lambda _request: httpx.Response(200, html="<p>hello")).events(UUID))
    handler, _ = streaming("id: 1\ndata: {\n\n")
    with pytest.raises(IndigoError, match="what is no JSON"):
        list(connect(handler).events(UUID))
