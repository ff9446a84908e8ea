# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making servers until those that are wanted run: looked at all at once, one list for each round."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.indigo.paas.plugins.module_utils.errors import Problem, SiteError
from ansible_collections.indigo.paas.plugins.module_utils.openstack import errors, servers
from ansible_collections.indigo.paas.plugins.module_utils.openstack.servers import Server
from ansible_collections.indigo.paas.plugins.module_utils.parallel import each
from ansible_collections.indigo.paas.plugins.module_utils.retry import pause
from ansible_collections.indigo.paas.plugins.module_utils.sites.base import ERROR, RUNNING, STOPPED, Identity

FIRST_INTERVAL = 1.0
LONGEST_INTERVAL = 10.0
TRIES = 7  # rounds in a row in which nothing could be asked for

Request = Callable[[Identity], dict[str, Any]]


@dataclass
class Survey:
    """How the servers that are wanted were found."""

    running: dict[Identity, Server] = field(default_factory=dict)
    stopped: list[Server] = field(default_factory=list)
    waiting: list[Server] = field(default_factory=list)
    failed: list[Server] = field(default_factory=list)
    doubles: list[Server] = field(default_factory=list)
    missing: list[Identity] = field(default_factory=list)


def survey(found: Iterable[Server], wanted: Iterable[Identity]) -> Survey:
    """Sort the servers FOUND into what they mean for those WANTED.

    Of several with one identity the healthiest counts, among equals the one that was there first.
    """
    result = Survey()
    best: dict[Identity, Server] = {}
    wanted = list(wanted)
    for server in sorted(found, key=_health):
        if servers.is_going(server) or servers.identity(server) not in wanted:
            continue
        if servers.identity(server) in best:
            result.doubles.append(server)
        else:
            best[servers.identity(server)] = server
    kinds = {STOPPED: result.stopped, ERROR: result.failed}
    for identity in wanted:
        server = best.get(identity)
        if server is None:
            result.missing.append(identity)
        elif servers.state(server) == RUNNING:
            result.running[identity] = server
        else:
            kinds.get(servers.state(server), result.waiting).append(server)
    return result


def _health(server: Server) -> tuple[Any, ...]:
    order = [RUNNING, STOPPED]
    state = servers.state(server)
    rank = order.index(state) if state in order else (3 if state == ERROR else 2)
    return (rank, server.created_at or "", server.id)


class Batch:
    """The servers of one deployment.

    workers        how many are asked for at a time
    patience       for how many seconds nothing may change before waiting is given up
    replacements   how many servers in error are replaced before that is given up
    """

    def __init__(
        self,
        project: Any,
        deployment: str,
        site: str,
        *,
        workers: int,
        patience: float,
        replacements: int,
        say: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._project = project
        self._deployment = deployment
        self._site = site
        self._workers = workers
        self._patience = patience
        self._replacements = replacements
        self._say = say
        self._sleep = sleep
        self._clock = clock

    def make(self, wanted: Iterable[Identity], request: Request, prepare: Callable[[list[Identity]], None]) -> None:
        """Return when each of the identities WANTED has a running server.

        request   returns what to ask for
        prepare   called with the identities that are about to be asked for

        Raises SiteError where servers stay in error or nothing happens any more, SDK errors for bad requests.
        """
        wanted = list(wanted)
        progress = _Progress(self._clock, self._patience)
        fruitless = 0
        started: set[str] = set()
        while wanted:
            found = self._project.servers(self._deployment)
            now = survey(found, wanted)
            if len(now.running) == len(wanted) and not now.doubles:
                return
            self._delete(now.doubles)
            self._replace(now.failed)
            self._start(now.stopped, started)
            if now.missing:
                prepare(now.missing)
                fruitless = fruitless + 1 if self._create(now.missing, request, fruitless + 1) else 0
            if progress.stalled(found):
                raise self._stalled(now)
            self._sleep(pause(fruitless) if fruitless else progress.interval())

    def power(self, ids: set[str], running: bool) -> None:
        """Start or stop the servers IDS, and return when they are so. Raises SiteError where they stay as they are."""
        wanted = RUNNING if running else STOPPED
        asked: set[str] = set()
        progress = _Progress(self._clock, self._patience)
        while True:
            found = [server for server in self._project.servers(self._deployment) if server.id in ids]
            late = [server for server in found if servers.state(server) != wanted or server.task_state]
            if not late:
                return
            new = [server for server in late if servers.state(server) != wanted and server.id not in asked]
            each(self._project.start_server if running else self._project.stop_server, new, self._workers)
            asked |= {server.id for server in new}
            if progress.stalled(found):
                raise SiteError([Problem(f"Server {server.name} stays {server.status}") for server in late])
            self._sleep(progress.interval())

    def remove(self, victims: Iterable[Server]) -> None:
        """Delete servers and return when they are gone. Raises SiteError where they stay."""
        ids = {server.id for server in victims}
        left = [server for server in victims if not servers.is_going(server)]
        progress = _Progress(self._clock, self._patience)
        while ids:
            self._delete(left)
            found = [server for server in self._project.servers(self._deployment) if server.id in ids]
            if not found:
                return
            if progress.stalled(found):
                raise SiteError(
                    [Problem(f"Server {server.name} is not deleted: it stays {server.status}") for server in found],
                    hint="Ask the site's administrators to delete it.",
                )
            # One whose deletion the cloud has forgotten is asked to go again.
            left = [server for server in found if not servers.is_going(server)]
            self._sleep(progress.interval())

    def _delete(self, victims: Iterable[Server]) -> None:
        each(lambda server: self._project.delete_server(server.id), victims, self._workers)

    def _start(self, stopped: list[Server], started: set[str]) -> None:
        new = [server for server in stopped if server.id not in started]
        each(self._project.start_server, new, self._workers)
        started |= {server.id for server in new}

    def _replace(self, failed: list[Server]) -> None:
        """Delete the servers that FAILED, so that the next round asks for them anew, as long as that is allowed."""
        if not failed:
            return
        if len(failed) > self._replacements:
            raise SiteError(
                [Problem(f"Server {server.name} is in error: {servers.fault(server)}") for server in failed]
                + [
                    Problem(
                        "No more servers in error are replaced", hint="Try again later, or raise site_replacements."
                    )
                ]
            )
        self._replacements -= len(failed)
        for server in failed:
            self._say(f"{server.name} is in error and made anew: {servers.fault(server)}")
        self.remove(failed)

    def _create(self, missing: list[Identity], request: Request, attempt: int) -> bool:
        """Ask for the servers MISSING; return whether none could be asked for, for reasons that may pass."""
        failures = [error for error in each(lambda one: self._ask(request(one)), missing, self._workers) if error]
        lasting = [error for error in failures if not self._project.retry.passes(error)]
        given_up = failures if len(failures) == len(missing) and attempt >= TRIES else []
        if lasting or given_up:
            raise _combined_error(self._site, lasting or given_up)
        return len(failures) == len(missing)

    def _ask(self, request: dict[str, Any]) -> Exception | None:
        try:
            self._project.create_server(request)
        except errors.ERRORS as error:
            return error
        return None

    def _stalled(self, now: Survey) -> SiteError:
        late = [*now.waiting, *now.stopped]
        problems = [Problem(f"Server {server.name} stays {server.status}") for server in late]
        text = f"Nothing has happened at site '{self._site}' for {self._patience:.0f} s"
        return SiteError([*problems, Problem(text, hint="Try again later, or raise site_build_timeout.")])


class _Progress:
    """Whether something still happens to the servers, and how long to wait before looking again."""

    def __init__(self, clock: Callable[[], float], patience: float) -> None:
        self._clock = clock
        self._patience = patience
        self._seen: Any = None
        self._since = clock()
        self._interval = FIRST_INTERVAL / 1.5

    def stalled(self, found: Iterable[Server]) -> bool:
        seen = {(server.id, server.status, server.task_state) for server in found}
        if seen != self._seen:
            self._seen, self._since = seen, self._clock()
        return self._clock() - self._since > self._patience

    def interval(self) -> float:
        self._interval = min(self._interval * 1.5, LONGEST_INTERVAL)
        return self._interval


def _combined_error(site: str, failures: list[Exception]) -> SiteError:
    """Return one error that tells each different reason among FAILURES once."""
    told: dict[str, SiteError] = {}
    for failure in failures:
        error = errors.explained("Making a server", site, failure)
        told.setdefault(str(error), error)
    return SiteError(
        [problem for error in told.values() for problem in error.problems],
        bad_input=all(error.bad_input for error in told.values()),
    )
