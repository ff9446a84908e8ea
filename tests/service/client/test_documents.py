# SPDX-License-Identifier: Apache-2.0
"""Whatever a server says is read, or is an error that says so."""

from __future__ import annotations

import contextlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from indigo_paas.client import Deployment, Event, Resource, documents
from indigo_paas.client.calls import Answer, failure
from indigo_paas.client.documents import Garbled
from indigo_paas.deployments import from_server
from indigo_paas.errors import IndigoError
from indigo_paas.ground.progress import Kind, Progress

KEYS = [
    "uuid",
    "status",
    "name",
    "statusReason",
    "creationTime",
    "updateTime",
    "cloudProviderName",
    "physicalId",
    "outputs",
    "task",
    "callback",
    "userGroup",
    "createdBy",
    "links",
    "state",
    "toscaNodeType",
    "requiredBy",
    "metadata",
    "content",
    "page",
    "number",
    "totalPages",
    "kind",
    "time",
    "seconds",
    "text",
    "rel",
    "href",
    "subject",
    "message",
    "error",
]
ATOMS = some.none() | some.booleans() | some.integers() | some.just(10**400) | some.floats() | some.text(max_size=8)
JSON = some.recursive(
    ATOMS,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.sampled_from(KEYS), inner, max_size=4),
    max_leaves=10,
)
DOCUMENTS = some.fixed_dictionaries(
    {"uuid": some.just("1"), "status": some.just("UNKNOWN"), "kind": some.just("step")},
    optional={key: JSON for key in KEYS if key not in ("uuid", "status", "kind")},
)


@given(JSON | DOCUMENTS)
def test_any_json_is_read_or_garbled(data):
    for read in (
        documents.deployment,
        documents.resource,
        documents.info,
        documents.configuration,
        documents.extra_info,
        documents.status_change,
        lambda data: documents.page(data, documents.deployment),
        lambda data: documents.event(1, data),
    ):
        with contextlib.suppress(Garbled):
            read(data)


@given(some.integers(300, 999), some.binary(max_size=50) | JSON.map(lambda data: json.dumps(data).encode()))
def test_any_failure_has_words(status, body):
    found = failure(Answer(status, {"content-type": "text/plain"}, body))
    assert isinstance(found, IndigoError)
    assert str(found).strip()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(1.5, 1.5), (2, 2.0), (math.inf, None), (math.nan, None), (10**400, None), (-1, None), (True, None)],
)
def test_seconds_are_finite(text, seconds):
    assert documents.event(1, {"kind": "end", "time": 1, "seconds": text}).seconds == seconds


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("2016-11-02T22:31+0000", 1478125860),
        ("2016-11-02T23:31+0100", 1478125860),
        ("2016-11-02T22:31:00Z", 1478125860),
        ("2016-11-02T22:31:00.500+00:00", 1478125860.5),
        ("0001-01-01T00:00+0000", None),
        ("9999-12-31T23:59-1200", None),
        ("yesterday", None),
        (None, None),
        (5, None),
    ],
)
def test_dates(date, seconds):
    assert documents.seconds(date) == seconds


def test_nodes_are_what_our_service_says_of_them_or_else_resources():
    machine = Resource("1", "STARTED", "t", "wn", "vm-3", metadata={"public_address": "198.51.100.7"})
    service = Resource("2", "STARTED", "t", "app")
    assert from_server.nodes([{"name": "wn-0", "state": "running"}], [machine]) == [
        {"name": "wn-0", "state": "running", "private_address": [], "public_address": []}
    ]
    (node,) = from_server.nodes([{"vmProperties": []}], [machine, service])
    assert (node["name"], node["state"], node["public_address"]) == ("vm-3", "STARTED", ["198.51.100.7"])


def test_runs_of_events():
    def event(number, kind, **known):
        return Event(number, kind, 100.0 + number, **known)

    events = [
        event(1, "changed"),
        event(2, "command", text="deploy"),
        event(3, "step", step="Make"),
        event(4, "somersault"),
        event(5, "end", text="no room"),
        event(6, "command", text="update"),
        event(7, "step", step="Make"),
        event(8, "changed", step="Make"),
        event(9, "step_done", step="Make", text="1 changed", seconds=2.0),
    ]
    first, second = from_server.runs("pool", events)
    assert (first["command"], first["state"], first["reason"], first["ended"]) == ("deploy", "failed", "no room", 105)
    assert (second["command"], second["state"], second["ended"], second["changed"]) == ("update", "running", None, 1)
    assert second["steps"] == [{"name": "Make", "seconds": 2.0, "changed": 1}]


def test_events_may_be_told_by_another_clock():
    assert from_server.event(Event(1, "step", 100.0, "Make"), shift=5.0).time == 105.0
    assert from_server.event(Event(1, "somersault", 100.0)) is None


def test_progress_goes_on_without_the_beginning():
    progress = Progress()
    for kind in Kind:
        event = from_server.event(Event(1, kind.value, 1.0, "Make", "task"))
        assert event is not None
        from_server.feed(progress, event)
    assert [step.name for step in progress.steps] == ["Make"]
    from_server.feed(progress := Progress(), from_server.event(Event(1, "step_done", 1.0, "Make")))
    assert progress.steps == []


def test_a_deployment_is_shown_by_what_is_known():
    shown = from_server.document(Deployment("1", "UNKNOWN"), [], [])
    assert (shown["name"], shown["status"], shown["created"], shown["template"]) == ("1", "UNKNOWN", 0.0, None)
