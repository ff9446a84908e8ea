# SPDX-License-Identifier: Apache-2.0
"""The client that blocks."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack
from typing import Any, TypeVar

import httpx

from indigo_paas.client import calls, steps
from indigo_paas.client.calls import Answer, Call
from indigo_paas.client.connection import Connection, Token, Unreachable, answer_of
from indigo_paas.client.documents import Deployment, Event, Info, Resource, StatusChange
from indigo_paas.client.retries import Retries
from indigo_paas.client.steps import Give, Now, Open, Pause, Read, Send, Step, Steps
from indigo_paas.errors import BadInput

T = TypeVar("T")


class Orchestrator:
    """An Orchestrator's API. May be used by several threads at once.

    url: of the API; by default $INDIGO_PAAS_URL or $ORCHENT_URL. token: an access token, or a function that returns the
    present one, called before each request; by default $INDIGO_PAAS_TOKEN or $ORCHENT_TOKEN, and none without them.
    ca_file: PEM file of the authorities that may vouch for the server; by default $INDIGO_PAAS_CA_FILE or
    $ORCHENT_CAFILE, and the usual ones without them. timeout: seconds without a byte until an answer is given up.
    retries: how often a request is made again where that may help; one that changes something, only where the server
    did not get it or did nothing. transport: what carries requests, in place of the network.

    Raises BadInput for a wrong URL. Every method raises BadInput, Forbidden, NotFound, Conflict or IndigoError in the
    server's words, and Unreachable when no answer came.
    """

    def __init__(
        self,
        url: str | None = None,
        token: Token | None = None,
        *,
        ca_file: str | os.PathLike[str] | None = None,
        timeout: float = 60.0,
        retries: Retries | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._connection = Connection.of(url, token, ca_file, timeout)
        self._retries = retries or Retries()
        self._http = httpx.Client(transport=transport, **self._connection.options())

    @property
    def url(self) -> str:
        """Where the API is, without a slash at the end."""
        return self._connection.url

    def __enter__(self) -> Orchestrator:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def info(self) -> Info:
        """Return what answers at the URL. Needs no token at most servers."""
        return self._ask(calls.info())

    def configuration(self) -> Mapping[str, str]:
        """Return the URLs of the services beside the server, "" for one that there is not."""
        return self._ask(calls.configuration())

    def deployments(self, created_by: str | None = None, user_group: str | None = None) -> Iterator[Deployment]:
        """Yield the deployments of all pages, by default your own, or all for administrators.

        created_by: "me" or SUBJECT@ISSUER. user_group: only those made in the name of this group.
        """
        return self._stream(
            steps.listed(lambda number: calls.deployments(number, created_by, user_group), self._retries)
        )

    def deployment(self, uuid: str) -> Deployment:
        """Return one deployment."""
        return self._ask(calls.deployment(uuid))

    def create(self, template: str, parameters: Mapping[str, Any] | None = None, **options: Any) -> Deployment:
        """Ask for a new deployment and return it as it begins.

        template: the text of a TOSCA file. parameters: values of its inputs, as JSON knows them. options: the other
        fields of a DeploymentRequest, by the API's names: callback, timeoutMins, providerTimeoutMins,
        maxProvidersRetry, keepLastAttempt, userGroup, and name (`indigo-paas serve` only).
        """
        return self._ask(calls.create(template, parameters or {}, options))

    def update(self, uuid: str, template: str, parameters: Mapping[str, Any] | None = None, **options: Any) -> None:
        """Ask for a deployment to become what TEMPLATE says; parameters that are not named keep their values."""
        self._ask(calls.update(uuid, template, parameters or {}, options))

    def delete(self, uuid: str, force: bool = False) -> None:
        """Ask for a deployment to be deleted. force: even if its nodes cannot be (`indigo-paas serve` only)."""
        self._ask(calls.delete(uuid, force))

    def reset(self, uuid: str) -> None:
        """Give up a deletion that does not end: DELETE_FAILED, from where it can be deleted again."""
        self._ask(calls.reset(uuid))

    def template(self, uuid: str) -> str:
        """Return the text of the template of a deployment."""
        return self._ask(calls.template(uuid))

    def log(self, uuid: str) -> str:
        """Return what was said while the deployment was worked on."""
        return self._ask(calls.log(uuid))

    def extrainfo(self, uuid: str) -> list[Any]:
        """Return what the site says of the nodes; its form is the server's."""
        return self._ask(calls.extra_info(uuid))

    def resources(self, uuid: str, type: str | None = None) -> Iterator[Resource]:
        """Yield the resources of a deployment, of all pages; type: only those of this TOSCA type."""
        return self._stream(steps.listed(lambda number: calls.resources(uuid, number, type), self._retries))

    def resource(self, uuid: str, rid: str) -> Resource:
        """Return one resource of a deployment."""
        return self._ask(calls.resource(uuid, rid))

    def act(self, uuid: str, rid: str, action: str) -> None:
        """Ask for a node to "start" or "stop"."""
        self._ask(calls.act(uuid, rid, action))

    def events(
        self, uuid: str, after: int | None = None, until_now: bool = False
    ) -> Generator[Event | StatusChange, None, None]:
        """Yield what happens to a deployment and its statuses, as they come, until nothing works on it.

        after: the id of the last event that is known already. until_now: only what happened until now; the present
        status is then the last. `indigo-paas serve` only: others answer as if there were no such deployment.
        """
        return self._stream(steps.followed(uuid, after, until_now, self._retries))

    def wait(self, uuid: str, timeout: float | None = None, deleted: bool = False) -> Deployment | None:
        """Return the deployment when nothing works on it any more, None when it is gone.

        timeout: seconds after which TookTooLong is raised. deleted: it may be gone already.
        """
        return self._run(steps.wait(uuid, timeout, deleted, self._retries))

    def _ask(self, call: Call[T]) -> T:
        return self._run(steps.ask(call, self._retries))

    def _run(self, todo: Steps[T]) -> T:
        with ExitStack() as opened:
            performer = _Performer(self._http, self._connection, opened)
            try:
                step = next(todo)
                while True:
                    step = performer.perform(todo, step)
            except StopIteration as end:
                result: T = end.value
                return result

    def _stream(self, todo: Steps[None]) -> Generator[Any, None, None]:
        with ExitStack() as opened:
            performer = _Performer(self._http, self._connection, opened)
            try:
                step = next(todo)
                while True:
                    if isinstance(step, Give):
                        yield step.item
                        step = next(todo)
                    else:
                        step = performer.perform(todo, step)
            except StopIteration:
                return


class _Performer:
    """Does what steps say, one after another."""

    def __init__(self, http: httpx.Client, connection: Connection, opened: ExitStack) -> None:
        self._http, self._connection, self._opened = http, connection, opened
        self._bytes: Iterator[bytes] = iter(())

    def perform(self, todo: Steps[Any], step: Step) -> Step:
        """Do STEP, and return the one that follows in TODO."""
        try:
            came = self._do(step)
        except Unreachable as error:
            return todo.throw(error)
        return todo.send(came)

    def _do(self, step: Step) -> Any:
        match step:
            case Send(call):
                with self._connection.watched():
                    response = self._http.request(**self._connection.request(call, self._token()))
                    return answer_of(response, response.content)
            case Open(call):
                return self._open(call)
            case Read():
                with self._connection.watched():
                    return next(self._bytes, None)
            case Pause(seconds):
                time.sleep(seconds)
            case Now():
                return time.monotonic()
        return None

    def _open(self, call: Call[Any]) -> Answer:
        self._opened.close()
        with self._connection.watched():
            arguments = self._connection.request(call, self._token(), stream=True)
            response = self._opened.enter_context(self._http.stream(**arguments))
            if response.status_code >= 300:
                return answer_of(response, response.read())
        self._bytes = response.iter_bytes()
        return answer_of(response, b"")

    def _token(self) -> str | None:
        token = self._connection.token
        found = token() if callable(token) else token
        if found is not None and not isinstance(found, str):
            raise BadInput("A function of asyncio gives tokens to AsyncOrchestrator only.")
        return found
