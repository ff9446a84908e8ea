# SPDX-License-Identifier: Apache-2.0
"""The API does what its OpenAPI document says, whatever it is asked: schemathesis asks thousands of things."""

from __future__ import annotations

import pathlib
import uuid

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from indigo_paas.ground import status
from indigo_paas.service.app import make_app
from indigo_paas.service.desk import Desk
from indigo_paas.service.identity.settings import Identity
from indigo_paas.service.model import Asked
from indigo_paas.service.settings import Jobs, Rest, ServiceSettings
from indigo_paas.store import Store
from tests.cli.conftest import TEMPLATE as WHOLE
from tests.service.rest.conftest import ALICE, TEMPLATE
from tests.service.rest.memory import MemoryDesk, Tokens

# Of each operation: with the desk in memory, and with the real one and its database.
EXAMPLES, REAL_EXAMPLES = 70, 50
REQUESTS = 2000

STATUSES = (status.CREATE_COMPLETE, status.CREATE_IN_PROGRESS, status.DELETE_IN_PROGRESS, status.UPDATE_FAILED)


NODE = {"name": "server-0", "group": "server", "index": 0, "state": "running"}


class InMemory:
    """The desk in memory, with one deployment."""

    def __init__(self) -> None:
        self.desk = MemoryDesk()
        self.known = self.desk.create(ALICE, Asked(TEMPLATE)).uuid
        self.resource = self.desk.nodes[self.known][0].uuid

    def turn(self, status: str) -> None:
        self.desk.change(self.known, status=status)


class Real:
    """The desk of the service in HOME, with one deployment. Its jobs are accepted, and nobody does them."""

    def __init__(self, home: pathlib.Path) -> None:
        self.desk = Desk(ServiceSettings(home, jobs=Jobs(waiting_per_user=0)))
        self.known = self.desk.create(ALICE, Asked(WHOLE)).uuid
        self.resource = self._store.resources.of(self.known)[0].uuid
        with self._store._database.writing() as connection:
            connection.exec_driver_sql(f"UPDATE resources SET node = '{NODE['name']}', state = 'STARTED'")

    @property
    def _store(self) -> Store:
        return self.desk._store

    def turn(self, status: str) -> None:
        for job in self._store.jobs.open(self.known):
            self._store.jobs.end(job, "cancelled")
        # With a site it is not gone at once when it is deleted.
        self._store.change_deployment(self.known, status=status, site="here", nodes=[NODE])

    def close(self) -> None:
        self.desk.close()


class World:
    """One app for all that is asked, and how often it was."""

    def __init__(self, behind: InMemory) -> None:
        options = Rest(stream_seconds=0.05, poll=0.02)
        # Nothing is written there: the desk is given.
        settings = ServiceSettings(pathlib.Path("nowhere"), identity=Identity(anonymous=True), rest=options)
        self.app = make_app(settings, behind.desk)
        self.app.state.guard = Tokens(alice=ALICE)
        self.asked = 0
        self.answered: dict[str, dict[int, int]] = {"InMemory": {}, "Real": {}}

    def ask(self, behind: InMemory | Real, case) -> None:
        """Ask for CASE of what is BEHIND, and hold the answer against the document."""
        self.app.state.desk = behind.desk
        self.aim(behind, case)
        # What a template must be, JSON Schema cannot say: the real desk may refuse what it calls good.
        excluded = [positive_data_acceptance] if isinstance(behind, Real) else []
        answer = case.call_and_validate(headers={"Authorization": "Bearer alice"}, excluded_checks=excluded)
        self.asked += 1
        counts = self.answered[type(behind).__name__]
        counts[answer.status_code] = counts.get(answer.status_code, 0) + 1

    def aim(self, behind: InMemory | Real, case) -> None:
        """Let half of what is asked of any deployment be asked of one that exists, in a status or another.

        JSON Schema has no words for two things: that one number is not above another, and what a good URL is.
        """
        if isinstance(case.body, dict):
            if {"timeoutMins", "providerTimeoutMins"} <= set(case.body):
                del case.body["timeoutMins"]
            if str(case.body.get("callback")).startswith(("http://", "https://")):
                case.body["callback"] = "https://hooks.example.org/x"
        chance = uuid.uuid5(uuid.NAMESPACE_OID, repr((case.path_parameters, case.query, case.body))).int
        behind.turn(STATUSES[chance % len(STATUSES)])
        if isinstance(case.body, dict) and "template" in case.body and chance // 16 % 4 == 0:
            case.body |= {"template": WHOLE, "parameters": {"count": 2}}
        if case.path_parameters and chance // 8 % 2:
            for name, value in (("id", behind.known), ("rid", behind.resource)):
                if name in case.path_parameters:
                    case.path_parameters[name] = value


memory = InMemory()
world = World(memory)


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    made = Real(tmp_path_factory.mktemp("real"))
    yield made
    made.close()


schema = schemathesis.openapi.from_asgi("/openapi.json", world.app)
# Texts with NUL are refused, which JSON Schema has no word for. Parameters that are not known are ignored.
schema.config.generation.update(allow_x00=False, allow_extra_parameters=False, with_security_parameters=False)


OPERATIONS = [each.ok().definition.raw["operationId"] for each in schema.get_all_operations()]


# Hypothesis would call large cases and slow answers a fault of the test: here they are what is asked for.
def _often(examples: int):
    return settings(max_examples=examples, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


def _test_in_memory(operation: str):
    @schema.include(operation_id=operation).parametrize()
    @_often(EXAMPLES)
    def test(case):
        world.ask(memory, case)

    return test


def _test_of_the_real_desk(operation: str):
    @schema.include(operation_id=operation).parametrize()
    @_often(REAL_EXAMPLES)
    def test(case, real):
        world.ask(real, case)

    return test


# Tests of one function would all have one id, and of those pytest-xdist runs one.
for _operation in OPERATIONS:
    globals()[f"test_{_operation}_answers_as_documented"] = _test_in_memory(_operation)
    globals()[f"test_{_operation}_of_the_real_desk_answers_as_documented"] = _test_of_the_real_desk(_operation)


def test_that_many_things_were_asked():
    assert world.asked >= REQUESTS
    for answered in world.answered.values():
        assert {200, 201, 202, 204, 400, 404, 409} <= set(answered), world.answered
