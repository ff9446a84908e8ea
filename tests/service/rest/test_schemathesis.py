# SPDX-License-Identifier: Apache-2.0
"""The API does what its OpenAPI document says, whatever it is asked: schemathesis asks thousands of things."""

from __future__ import annotations

import pathlib
import uuid

import schemathesis
from hypothesis import HealthCheck, settings

from indigo_paas import status
from indigo_paas.service.app import make_app
from indigo_paas.service.identity.settings import Identity
from indigo_paas.service.model import Asked
from indigo_paas.service.settings import Rest, ServiceSettings
from tests.service.rest.conftest import ALICE, TEMPLATE
from tests.service.rest.memory import MemoryDesk, Tokens

EXAMPLES = 110
REQUESTS = 2000

STATUSES = (status.CREATE_COMPLETE, status.CREATE_IN_PROGRESS, status.DELETE_IN_PROGRESS, status.UPDATE_FAILED)


class World:
    """One app for all that is asked, and how often it was."""

    def __init__(self, home) -> None:
        self.desk = MemoryDesk()
        options = Rest(stream_seconds=0.05, poll=0.02)
        self.app = make_app(ServiceSettings(home, identity=Identity(anonymous=True), rest=options), self.desk)
        self.app.state.guard = Tokens(alice=ALICE)
        self.known = self.desk.create(ALICE, Asked(TEMPLATE)).uuid
        self.asked = 0
        self.answered: dict[int, int] = {}

    def aim(self, case) -> None:
        """Let half of what is asked of any deployment be asked of one that exists, in a status or another.

        JSON Schema has no words for two things: that one number is not above another, and what a good URL is.
        """
        if isinstance(case.body, dict):
            if {"timeoutMins", "providerTimeoutMins"} <= set(case.body):
                del case.body["timeoutMins"]
            if str(case.body.get("callback")).startswith(("http://", "https://")):
                case.body["callback"] = "https://hooks.example.org/x"
        chance = uuid.uuid5(uuid.NAMESPACE_OID, repr((case.path_parameters, case.query, case.body))).int
        self.desk.change(self.known, status=STATUSES[chance % len(STATUSES)])
        if case.path_parameters and chance // 8 % 2:
            for name, value in (("id", self.known), ("rid", self.desk.nodes[self.known][0].uuid)):
                if name in case.path_parameters:
                    case.path_parameters[name] = value


# Nothing is written there: the desk keeps all in memory.
world = World(pathlib.Path("nowhere"))

schema = schemathesis.openapi.from_asgi("/openapi.json", world.app)
# Texts with NUL are refused, which JSON Schema has no word for. Parameters that are not known are ignored.
schema.config.generation.update(allow_x00=False, allow_extra_parameters=False, with_security_parameters=False)


OPERATIONS = [each.ok().definition.raw["operationId"] for each in schema.get_all_operations()]


# Hypothesis would call large cases and slow answers a fault of the test: here they are what is asked for.
def _test_of(operation: str):
    @schema.include(operation_id=operation).parametrize()
    @settings(max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    def test(case):
        world.aim(case)
        answer = case.call_and_validate(headers={"Authorization": "Bearer alice"})
        world.asked += 1
        world.answered[answer.status_code] = world.answered.get(answer.status_code, 0) + 1

    return test


# Tests of one function would all have one id, and of those pytest-xdist runs one.
globals().update({f"test_{operation}_answers_as_documented": _test_of(operation) for operation in OPERATIONS})


def test_that_many_things_were_asked():
    assert world.asked >= REQUESTS
    assert {200, 201, 202, 204, 400, 404, 409} <= set(world.answered)
