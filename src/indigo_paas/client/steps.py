# SPDX-License-Identifier: Apache-2.0
"""What the client does, step by step, without doing it: `Orchestrator` and `AsyncOrchestrator` perform the steps.

A function here yields what is to be done next and is sent what came of it. Unreachable is thrown in where no answer
came. So that what is done again, waited for and gone on with is written, and tested, once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from indigo_paas.client import calls, documents, sse
from indigo_paas.client.calls import Call
from indigo_paas.client.connection import Unreachable
from indigo_paas.client.documents import Deployment, Garbled, Page, Resource, StatusChange
from indigo_paas.client.retries import Retries
from indigo_paas.errors import IndigoError, NotFound

T = TypeVar("T")
Item = TypeVar("Item", Deployment, Resource)

# Between two looks at a deployment that is waited for (seconds).
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 15.0
# Before a stream that ended too early is opened again.
REOPEN_PAUSE = 0.5

DELETE_COMPLETE = "DELETE_COMPLETE"


@dataclass(frozen=True)
class Send:
    """Make a request; its Answer is sent in."""

    call: Call[Any]


@dataclass(frozen=True)
class Open:
    """Make a request whose answer comes bit by bit; its Answer, with a body only if it is no success, is sent in."""

    call: Call[Any]


@dataclass(frozen=True)
class Read:
    """Wait for the next bytes of what was opened; they are sent in, None at the end."""


@dataclass(frozen=True)
class Pause:
    seconds: float


@dataclass(frozen=True)
class Now:
    """Look at a clock that only goes forward; its seconds are sent in."""


@dataclass(frozen=True)
class Give:
    """Hand this to whoever iterates."""

    item: Any


Step = Send | Open | Read | Pause | Now | Give
Steps = Generator[Step, Any, T]


class TookTooLong(IndigoError):
    """The deployment was not at rest within the time."""


def ask(call: Call[T], retries: Retries) -> Steps[T]:
    """Make the request, again where that may help; return what its answer says. Raises the error that it says."""
    attempt, unsure = 0, False
    while True:
        attempt += 1
        try:
            answer = yield Send(call)
        except Unreachable as error:
            unsure = unsure or error.sent
            pause = None if error.hopeless else retries.after_failure(call, error.sent, attempt)
            if pause is None:
                raise
        else:
            if answer.status < 300:
                return call.read(answer)
            # An earlier try deleted it, and only its answer was lost.
            if unsure and call.method == "DELETE" and answer.status in (404, 409):
                return call.read(answer)
            unsure = unsure or answer.status in (502, 504)
            pause = retries.after_answer(call, answer, attempt)
            if pause is None:
                raise calls.failure(answer)
        yield Pause(pause)


def listed(page: Callable[[int], Call[Page[Item]]], retries: Retries) -> Steps[None]:
    """Give all of a list, page by page; what moves from one page to the next meanwhile is given once.

    The number of the page is asked for, never the URL that the server names: the token goes to no other host.
    """
    number, given = 0, set()
    while True:
        found = yield from ask(page(number), retries)
        for item in found.items:
            if item.uuid not in given:
                given.add(item.uuid)
                yield Give(item)
        if not found.more:
            return
        number += 1


def wait(uuid: str, timeout: float | None, deleted: bool, retries: Retries) -> Steps[Deployment | None]:
    """Look at a deployment until nothing works on it, and return it; None once it is gone."""
    began, pause, seen = (yield Now()), FIRST_PAUSE, deleted
    while True:
        try:
            found = yield from ask(calls.deployment(uuid), retries)
        except NotFound:
            if not seen:
                raise
            return None
        if found.at_rest:
            return found
        seen = True
        if timeout is not None:
            left = timeout - ((yield Now()) - began)
            if left <= 0:
                raise TookTooLong(f"The deployment {uuid} is still {found.status} after {timeout:g} s.")
            pause = min(pause, left)
        yield Pause(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)


def followed(uuid: str, after: int | None, until_now: bool, retries: Retries) -> Steps[None]:
    """Give the events of a deployment and its statuses, as they come, until nothing works on it.

    A stream that breaks is opened again behind the last event that came. until_now: end with the present status.
    """
    last, told, fails = after, None, 0
    while True:
        came = False
        try:
            answer = yield Open(calls.events(uuid, last))
            if answer.status == 204:
                return
            if answer.status >= 300:
                pause = retries.after_answer(calls.events(uuid, last), answer, fails + 1)
                if told and answer.status == 404:
                    yield Give(StatusChange(DELETE_COMPLETE))
                    return
                if pause is None:
                    raise calls.failure(answer)
                fails += 1
                yield Pause(pause)
                continue
            _require_stream(answer)
            reader = sse.Reader()
            while (data := (yield Read())) is not None:
                for message in reader.feed(data):
                    came = True
                    known = _read_message(message)
                    if isinstance(known, StatusChange):
                        if known != told:
                            told = known
                            yield Give(known)
                        if until_now:
                            return
                    elif known is not None and (last is None or known.id > last):
                        last = known.id
                        yield Give(known)
        except Unreachable as error:
            if error.hopeless:
                raise
            broken: Unreachable | None = error
        else:
            broken = None
            if told and told.at_rest:
                return
        fails = 0 if came else fails + 1
        if fails >= retries.attempts:
            raise broken or Garbled(f"The server's stream of the events of {uuid} ends at once, again and again.")
        yield Pause(retries.pause(fails) if fails else REOPEN_PAUSE)


def _require_stream(answer: calls.Answer) -> None:
    kind = answer.headers.get("content-type", "")
    if not kind.lower().startswith("text/event-stream"):
        raise Garbled(f"The server's answer is no stream of events but {kind or 'nothing'}.")


def _read_message(message: sse.Message) -> documents.Event | StatusChange | None:
    """Return what MESSAGE tells, None for what a newer server may say."""
    try:
        data = json.loads(message.data)
    except (ValueError, RecursionError):
        raise Garbled("The server's stream of events holds what is no JSON.") from None
    if message.event == "status":
        return documents.status_change(data)
    if message.id.isascii() and message.id.isdigit():
        return documents.event(int(message.id), data)
    return None
