# SPDX-License-Identifier: Apache-2.0
"""A run as a job of AWX: launched from a job template, followed to its end, never twice at a time."""

from __future__ import annotations

import contextlib
import logging
import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from indigo_paas.errors import IndigoError, Lost
from indigo_paas.runner.awx import request
from indigo_paas.runner.awx.api import Api, Data, Query, Refused, Unanswered
from indigo_paas.runner.awx.order import InOrder
from indigo_paas.runner.awx.settings import Awx
from indigo_paas.runner.job import STOPPED, TICK, Event, Job

# What ansible-playbook returns when a task failed.
FAILED = 2

# How long a cancelled job is given to end, and events that AWX has not written down yet to come (seconds).
CANCEL_PATIENCE = 300.0
EVENT_PATIENCE = 60.0
# While somebody waits for an end, a server that does not answer is given less time.
STOP_PATIENCE = 30.0
_LONGEST_PAUSE = 30.0
_SEARCHES = 5

_UNFINISHED = "new,pending,waiting,running"
_OVER = {"successful", "failed", "error", "canceled"}
# A page of jobs holds their templates, a page of events what the tasks gave back.
_JOBS_PAGE, _EVENTS_PAGE = 25, 200

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Controller:
    """Runs playbooks as jobs of AWX."""

    def __init__(self, awx: Awx) -> None:
        self._awx = awx

    def run(self, job: Job, on_event: Callable[[Event], None], should_stop: Callable[[], bool]) -> int:
        """Run JOB, as `Execution` says; return 0, FAILED, or STOPPED.

        `should_stop` is called between requests. A deployment's earlier jobs, whose server must have lost them, are
        ended first. Raises IndigoError where AWX does not take the run or ends it by itself; Lost where it does not
        answer any more: the job goes on there until the next run of the deployment begins.
        """
        if job.external:
            raise IndigoError(
                "The template brings playbooks from elsewhere. They are kept with the deployment, where AWX does not "
                "reach: such templates need other settings of [execution]."
            )
        with Api(self._awx) as api:
            return _Visit(api, self._awx, job, on_event, should_stop).run()


class _Stopped(Exception):
    """The run shall end, and none of it has begun."""


class _Visit:
    """One run at AWX."""

    def __init__(
        self,
        api: Api,
        awx: Awx,
        job: Job,
        on_event: Callable[[Event], None],
        should_stop: Callable[[], bool],
    ) -> None:
        self._api = api
        self._awx = awx
        self._job = job
        self._on_event = on_event
        self._should_stop = should_stop
        self._mark = request.mark_of(job.files)
        self._stopping = False
        self._over = False

    def run(self) -> int:
        try:
            template = self._template()
            self._end_others()
            number = self._launch(template)
        except _Stopped:
            return STOPPED
        try:
            return self._follow(number)
        except Refused as error:
            raise Lost(f"{_named(number)} cannot be followed: {error}") from error
        except Lost:
            raise
        except BaseException:
            if not self._over:
                # What a caller raises ends the run; where AWX does not answer, the next run does it.
                with contextlib.suppress(IndigoError):
                    self._end(number)
            raise

    def _template(self) -> Data:
        """Return the job template of the playbook, one that takes what it will be told."""
        name = self._awx.templates.by_playbook()[self._job.playbook]
        owner = {"organization__name": self._awx.organization} if self._awx.organization else {}
        found = self._begin(lambda: self._api.page("job_templates/", {"name": name, **owner}))
        if not found:
            raise IndigoError(
                f"AWX has no job template {name!r} that the token's user may see. The settings of "
                "[execution.awx.templates] name them, and awx/configure.yml makes them."
            )
        if len(found) > 1:
            raise IndigoError(f"AWX has {len(found)} job templates {name!r}. Set execution.awx.organization.")
        (template,) = found
        if not template.get("ask_variables_on_launch", True):
            raise _takes_no_variables(name)
        if template.get("job_slice_count", 1) > 1:
            raise IndigoError(f"The job template {name!r} of AWX makes slices of a run. Set its job slicing to 1.")
        return dict(template)

    def _end_others(self) -> None:
        """Cancel the deployment's jobs that are not over, and wait until they are."""
        for made in self._unfinished():
            if request.is_of(made, self._job.deployment, self._mark):
                _log.warning(
                    "%s, which an earlier run of %s left, is cancelled", _named(made["id"]), self._job.deployment
                )
                self._begin(partial(self._cancel, made["id"]))
                self._wait_for_end(made["id"])

    def _wait_for_end(self, number: int) -> None:
        deadline = time.monotonic() + CANCEL_PATIENCE
        while self._begin(lambda: self._api.get(f"jobs/{number}/"))["status"] not in _OVER:
            if time.monotonic() > deadline:
                raise Lost(
                    f"{_named(number)}, an earlier run of {self._job.deployment}, was cancelled and does not end."
                )
            self._pause(self._awx.poll)
            self._require_wanted()

    def _unfinished(self) -> Iterator[Data]:
        # By number and not by page: of those that end meanwhile none may push another one out of sight.
        after = 0
        while True:
            query: Query = {"status__in": _UNFINISHED, "id__gt": after, "order_by": "id", "page_size": _JOBS_PAGE}
            page = self._begin(partial(self._api.page, "jobs/", query))
            if not page:
                return
            yield from page
            after = page[-1]["id"]

    def _launch(self, template: Data) -> int:
        path = f"job_templates/{template['id']}/launch/"
        told = {"extra_vars": request.extra_variables(self._job, self._mark)}
        try:
            answer = self._patiently(lambda: self._post_once(path, told), self._require_wanted)
        except _Unsure as error:
            number = self._find(template)
            if number is None:
                raise Lost(f"It is not known whether AWX has taken the run: {error}") from error
            return number
        if "job" not in answer:
            raise IndigoError(f"AWX made no job of the job template {template['name']!r}, but something else.")
        number = int(answer["job"])
        if answer["ignored_fields"]:
            self._end(number)
            raise _takes_no_variables(template["name"])
        _log.info("%s runs %s for %s", _named(number), self._job.playbook, self._job.deployment)
        return number

    def _post_once(self, path: str, body: Data) -> Data:
        """Post BODY; raise _Unsure where AWX may have taken it, for then it must not be asked again."""
        try:
            return self._api.post(path, body)
        except Unanswered as error:
            if error.taken:
                raise _Unsure(str(error)) from error
            raise

    def _find(self, template: Data) -> int | None:
        """Return the number of this run's job, None where AWX has none."""
        query: Query = {"job_template": template["id"], "order_by": "-id", "page_size": _JOBS_PAGE}
        for _search in range(_SEARCHES):
            for made in self._patiently(lambda: self._api.page("jobs/", query)):
                if request.is_run(made, self._job.run, self._mark):
                    return int(made["id"])
            self._pause(self._awx.poll)
        return None

    def _follow(self, number: int) -> int:
        """Tell the events of a job until it is over, end it where that is wanted, and return its code."""
        seen, heard = InOrder(), time.monotonic()
        cancelled = False
        while True:
            made = self._patiently(lambda: self._api.get(f"jobs/{number}/"))
            self._over = over = made["status"] in _OVER
            if over and made["event_processing_finished"]:
                self._tell_rest(number, seen)
                return self._code(made, seen, cancelled)
            if self._tell(number, seen) or not over:
                heard = time.monotonic()
            if over and time.monotonic() - heard > EVENT_PATIENCE:
                self._tell_rest(number, seen)
                return self._code_of_incomplete(made, seen, cancelled)
            self._pause(self._awx.poll)
            if self._stopping and not cancelled:
                self._patiently(lambda: self._cancel(number))
                cancelled = True

    def _tell(self, number: int, seen: InOrder) -> bool:
        """Tell what is new and follows without a gap; say whether there was any."""
        before = seen.after
        while True:
            page = self._events(number, seen.after)
            told = 0
            for event in seen.take(page):
                self._on_event(event)
                told += 1
            if told < _EVENTS_PAGE:
                return seen.after > before

    def _tell_rest(self, number: int, seen: InOrder) -> None:
        while page := self._events(number, seen.after):
            for event in seen.take_all(page):
                self._on_event(event)

    def _events(self, number: int, after: int) -> list[Data]:
        query: Query = {"counter__gt": after, "order_by": "counter", "page_size": _EVENTS_PAGE, "no_truncate": 1}
        return self._patiently(lambda: self._api.page(f"jobs/{number}/job_events/", query))

    def _code(self, made: Data, seen: InOrder, cancelled: bool) -> int:
        """Return the code of a job that is over. Raises IndigoError where it was not the playbook that ended it."""
        state, why = made["status"], str(made.get("job_explanation") or "").strip()
        if state == "successful":
            return 0
        if cancelled:
            return STOPPED
        if state == "canceled":
            raise IndigoError(f"{_named(made['id'])} was cancelled in AWX{_because(why)}")
        if state == "error":
            raise Lost(f"{_named(made['id'])} ended with an error of AWX{_because(why)}")
        if why and not seen.whole:
            raise IndigoError(f"{_named(made['id'])} failed in AWX{_because(why)}")
        return FAILED

    def _code_of_incomplete(self, made: Data, seen: InOrder, cancelled: bool) -> int:
        code = self._code(made, seen, cancelled)
        if not seen.whole and not cancelled:
            raise Lost(f"{_named(made['id'])} is over, but AWX lost events of it.")
        return code

    def _end(self, number: int) -> None:
        """Cancel a job and wait until it is over."""
        self._stopping = True
        self._patiently(lambda: self._cancel(number))
        deadline = time.monotonic() + CANCEL_PATIENCE
        while self._patiently(lambda: self._api.get(f"jobs/{number}/"))["status"] not in _OVER:
            if time.monotonic() > deadline:
                raise Lost(f"{_named(number)} was cancelled and does not end.")
            time.sleep(TICK)

    def _cancel(self, number: int) -> Data:
        try:
            return self._api.post(f"jobs/{number}/cancel/")
        except Refused as error:
            # Method not allowed: it is over.
            if error.status == 405:
                return {}
            raise

    def _begin(self, ask: Callable[[], T]) -> T:
        """Return what ASK gives, as `_patiently`; raise _Stopped where the run shall end meanwhile."""
        answer = self._patiently(ask, self._require_wanted)
        self._require_wanted()
        return answer

    def _require_wanted(self) -> None:
        if self._stopping or self._should_stop():
            raise _Stopped

    def _patiently(self, ask: Callable[[], T], between: Callable[[], None] = lambda: None) -> T:
        """Return what ASK gives; where no answer comes, ask again. Raises Lost when patience is at its end."""
        since, pause = time.monotonic(), self._awx.poll
        while True:
            try:
                return ask()
            except Unanswered as error:
                patience = min(STOP_PATIENCE, self._awx.patience) if self._stopping else self._awx.patience
                if time.monotonic() - since > patience:
                    raise Lost(str(error)) from error
                _log.warning("%s", error)
                self._pause(max(min(error.pause, _LONGEST_PAUSE), pause * random.uniform(0.5, 1.0)))
                pause = min(2 * pause, _LONGEST_PAUSE)
                between()

    def _pause(self, seconds: float) -> None:
        """Wait; less where the run shall end."""
        deadline = time.monotonic() + seconds
        while True:
            if not self._stopping:
                self._stopping = self._should_stop()
                if self._stopping:
                    return
            left = deadline - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(TICK, left))


class _Unsure(Exception):
    """AWX may have launched a job, or not."""


def _takes_no_variables(name: str) -> IndigoError:
    return IndigoError(
        f"The job template {name!r} of AWX takes no variables. Let it ask for variables on launch "
        "(ask_variables_on_launch), as awx/configure.yml does."
    )


def _named(number: int) -> str:
    return f"Job {number} of AWX"


def _because(why: str) -> str:
    return f": {why.rstrip('.')}." if why else ", and it does not say why."
