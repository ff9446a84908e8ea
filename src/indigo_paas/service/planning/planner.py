# SPDX-License-Identifier: Apache-2.0
"""Asks for plans, for the process that serves."""

from __future__ import annotations

import contextlib
import os
import pickle
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from indigo_paas.errors import BadInput
from indigo_paas.ground import site_capacity
from indigo_paas.ground.paths import DeploymentFiles, Home
from indigo_paas.service.model import Asked
from indigo_paas.service.planning.order import DONE, FAULT, LARGE, REFUSED, Order
from indigo_paas.service.planning.plans import Changed, Planned, Terms
from indigo_paas.service.planning.turns import Turns
from indigo_paas.service.settings import ServiceSettings
from indigo_paas.templates.target import Plan

COMMAND = (sys.executable, "-m", "indigo_paas.service.planning.zygote")

# Seconds that the end of a process may come late, and its start on a machine that is busy.
_GRACE = 30.0

Owner = tuple[str, str]


class Planner:
    """Plans templates for the service of SETTINGS, within its limits; for many threads.

    Of what is said for the owner (issuer, subject), so much at a time; raises TooMany or Unavailable beyond. What is
    wrong with a template, or too much in it, is BadInput.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        self._limits = settings.planning
        self._allow_external = settings.allow_external
        self._home = Home(settings.home)
        self._turns = Turns(self._limits)
        self._starting = threading.Lock()
        self._zygote: subprocess.Popen[bytes] | None = None
        self._server: socket.socket | None = None

    def new(self, owner: Owner, asked: Asked, name: str, tries: Mapping[str, Any]) -> Planned:
        """Return what the new deployment NAME shall be, as `plans.new`."""
        made: Planned = self._result_of(owner, "new", asked, name, tries, self._terms())
        return made

    def changed(
        self,
        owner: Owner,
        files: DeploymentFiles,
        asked: Asked,
        nodes: Mapping[str, tuple[str, str]],
        tries: Mapping[str, Any],
    ) -> Changed:
        """Return what a deployment shall become, as `plans.changed`."""
        made: Changed = self._result_of(owner, "changed", files, asked, nodes, tries, self._terms())
        return made

    def kept(self, owner: Owner, files: DeploymentFiles) -> Plan:
        """Return the plan of a deployment, as `plans.kept`."""
        made: Plan = self._result_of(owner, "kept", files)
        return made

    def start(self) -> None:
        """Get ready, so that the first one need not wait."""
        with self._starting:
            self._ready()

    def close(self) -> None:
        """End the process that others are forked from; those end by themselves."""
        with self._starting:
            self._end()

    def _terms(self) -> Terms:
        return Terms(self._allow_external, self._limits.nodes, site_capacity.known(self._home))

    def _result_of(self, owner: Owner, function: str, *arguments: Any) -> Any:
        limits = self._limits
        order = Order(function, arguments, limits.seconds, limits.memory, limits.largest_plan)
        with self._turns.taken(owner):
            began = time.monotonic()
            answer = self._answer(pickle.dumps(order))
            if not answer:
                raise self._no_answer(time.monotonic() - began)
        # What comes is made by our own code.
        kind, value = pickle.loads(answer)
        if kind == DONE:
            return value
        if kind == REFUSED:
            error, problems = value
            raise error(*problems)
        if kind == FAULT:
            raise RuntimeError(f"a template could not be planned:\n{value}")
        raise self._too_large() if kind == LARGE else self._too_much()

    def _answer(self, order: bytes) -> bytes:
        """Return what a new process answers to ORDER; nothing where it was ended."""
        with self._line() as line, contextlib.suppress(TimeoutError, BrokenPipeError, ConnectionResetError):
            line.settimeout(self._limits.seconds + _GRACE)
            line.sendall(order)
            line.shutdown(socket.SHUT_WR)
            with line.makefile("rb") as source:
                return source.read(self._limits.largest_plan)
        return b""

    def _line(self) -> socket.socket:
        """Return the line to a new process."""
        mine, theirs = socket.socketpair()
        with theirs:
            for _ in range(2):
                with self._starting, contextlib.suppress(OSError):
                    socket.send_fds(self._ready(), [b"+"], [theirs.fileno()])
                    return mine
        mine.close()
        raise RuntimeError("the process that plans cannot be started")

    def _ready(self) -> socket.socket:
        if self._zygote is None or self._server is None or self._zygote.poll() is not None:
            self._end()
            self._server, theirs = socket.socketpair()
            with theirs:
                self._zygote = subprocess.Popen(
                    [*COMMAND, str(theirs.fileno())],
                    env=_environment(),
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    # A signal for the service is not for it: it goes when its socket is closed.
                    start_new_session=True,
                )
        return self._server

    def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        if self._zygote is not None:
            self._zygote.kill()
            self._zygote.wait()
        self._server = self._zygote = None

    def _no_answer(self, seconds: float) -> BadInput:
        if seconds < self._limits.seconds:
            return self._too_much()
        return BadInput(
            f"It takes more than {self._limits.seconds:g} s to read and plan this template, which is the limit here. "
            "Make it smaller or simpler, or make several deployments."
        )

    def _too_much(self) -> BadInput:
        return BadInput(
            f"It takes more than {self._limits.memory // 1_000_000} MB of memory to read and plan this template, "
            "which is the limit here. Make it smaller or simpler, or make several deployments."
        )

    def _too_large(self) -> BadInput:
        return BadInput(
            f"What this template is planned as, or what is wrong with it, is larger than {self._limits.largest_plan} "
            "bytes, which is the limit here. Make it smaller, or make several deployments."
        )


def _environment() -> dict[str, str]:
    """Return the environment of processes that plan: nothing of the service's own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("INDIGO_PAAS_")}
