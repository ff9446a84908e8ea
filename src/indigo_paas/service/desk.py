# SPDX-License-Identifier: Apache-2.0
"""What users ask for: checked, written down in one transaction with the job that does it, and answered at once."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
import uuid as uuids
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from indigo_paas.engine import verbs, work
from indigo_paas.errors import BadInput, Busy, Conflict, Forbidden, IndigoError, NotFound
from indigo_paas.ground import lock, status
from indigo_paas.ground.progress import Event, Kind
from indigo_paas.ground.text import clean
from indigo_paas.service import resources
from indigo_paas.service.identity.users import NOBODY, may_change, may_deploy_for, may_see
from indigo_paas.service.model import ANONYMOUS, EVERY, Asked, Listing, Page, User, Which
from indigo_paas.service.planning import Planner
from indigo_paas.service.queue import CREATE, DELETE, DELETED, GIVEN_UP, START, STOP, UPDATE
from indigo_paas.service.settings import ServiceSettings
from indigo_paas.store import FAILED, QUEUED, RUNNING, Deployment, Job, Resource, Store, open_store
from indigo_paas.templates import kept_request

# The states of a node while it is acted on.
_ACTIONS = {START: resources.STARTING, STOP: resources.STOPPING}

# Parameters that were ignored, of a job: the argument that has their names.
_IGNORED = "ignored"


class Desk:
    """What users may ask of the service of SETTINGS. Every method may be called by several threads at once.

    Raises NotFound for what does not exist or is not the user's to see, Forbidden for what is not the user's to change,
    BadInput for what is wrong or too much, Conflict for what is not possible now, and TooMany for what is asked for too
    often at a time; then nothing was changed.
    """

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._engine = settings.engine()
        self._opening = threading.Lock()
        self._opened: Store | None = None
        self._planner = Planner(settings)

    @property
    def _store(self) -> Store:
        with self._opening:
            if self._opened is None:
                self._opened = open_store(self._engine.database or self._engine.home.database)
            return self._opened

    def start(self) -> None:
        """Get ready, so that the first request need not wait."""
        self._planner.start()

    def close(self) -> None:
        """Let go of the database, and of what plans."""
        self._planner.close()
        with self._opening:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def create(self, user: User, asked: Asked) -> Deployment:
        """Accept a new deployment, and return it: CREATE_IN_PROGRESS."""
        if not may_deploy_for(user, asked.user_group):
            raise Forbidden(f"You are not in the group {asked.user_group}.")
        self._require_room(user)
        name = str(uuids.uuid4())
        planned = self._planner.new(_owner(user), asked, name, _tries(asked, {"keep_last_attempt": False}))
        new = planned.wanted
        about = {
            "uuid": name,
            "owner_subject": user.subject,
            "owner_issuer": user.issuer,
            "user_group": asked.user_group,
            "title": asked.name,
            "callback": asked.callback,
            "timeout_mins": asked.timeout_mins,
            "job": _job(name, CREATE, user, asked.timeout_mins, **_ignored(planned.ignored)),
            "resources": resources.planned(name, new.plan),
        }
        try:
            return verbs.register(self._engine, new, about)
        except IndigoError:
            self._forget_files(name)
            raise

    def update(self, user: User, uuid: str, asked: Asked) -> Deployment:
        """Accept that a deployment becomes what is ASKED, and return it: UPDATE_IN_PROGRESS."""
        row = self._mine(user, uuid)
        _require_updatable(row)
        self._require_room(user)
        try:
            with work.existing(self._engine, row.name, "update") as doing:
                _require_updatable(doing.row)
                self._accept_update(user, doing, asked)
        except Busy as error:
            raise Conflict(str(error)) from error
        return self._row(uuid)

    def delete(self, user: User, uuid: str, force: bool = False) -> None:
        """Accept that a deployment is deleted; what the service does with it is stopped, a command is not.

        One without a site is gone at once. force: also where something of it stays at its site, because it could not be
        cleaned, deleted or asked.
        """
        row = self._mine(user, uuid)
        if row.status not in status.DELETABLE:
            raise Conflict(f"Deployment already in {row.status} state.")
        if self._drop(row):
            return
        job = _job(row.name, DELETE, user, row.timeout_mins, force=force)
        changes = {"status": status.DELETE_IN_PROGRESS, "reason": ""}
        states = {each.uuid: resources.DELETING for each in self._store.resources.of(row.name)}
        with self._no_command_on(row.name, DELETE):
            if not self._store.accept(row.name, status.DELETABLE, changes, job, cancel=DELETED, states=states):
                now = self._row(uuid)
                raise Conflict(f"Deployment already in {now.status} state.")

    def reset(self, user: User, uuid: str) -> None:
        """Give up a deletion that does not end: DELETE_FAILED, from where it can be deleted again."""
        row = self._mine(user, uuid)
        changes = {"status": status.DELETE_FAILED, "reason": GIVEN_UP, "task": status.NONE}
        with self._no_command_on(row.name, "reset"):
            if not self._store.accept(row.name, [status.DELETE_IN_PROGRESS], changes, cancel=GIVEN_UP):
                raise Conflict(f"Cannot reset a deployment in {self._row(uuid).status} state")

    def act(self, user: User, uuid: str, resource: str, action: str) -> None:
        """Accept that a node is started or stopped; the deployment keeps its status."""
        if action not in _ACTIONS:
            raise BadInput(f"There is no action {action!r}: use start or stop.")
        row = self._mine(user, uuid)
        found = self.resource(row, resource)
        if not found.node:
            raise BadInput(f"The resource {resource} is no node: it cannot be started or stopped.")
        self._require_room(user)
        job = _job(row.name, action, user, row.timeout_mins, resource=found.uuid, node=found.node)
        try:
            with work.existing(self._engine, row.name, action):
                if not self._store.accept(row.name, status.UPDATABLE, {}, job, states={found.uuid: _ACTIONS[action]}):
                    raise Conflict(f"Cannot {action} a resource of a deployment in {self._row(uuid).status} state")
        except Busy as error:
            raise Conflict(str(error)) from error

    def deployments(self, user: User, page: Page, which: Which = EVERY) -> Listing[Deployment]:
        """Return the deployments that WHICH says; only administrators may ask for what another user made."""
        created_by, group = which.created_by, which.user_group
        me = (user.subject, user.issuer)
        if created_by is not None and created_by != me and not user.admin:
            raise Forbidden(f"Only admin can retrieve deployments for {'@'.join(created_by)}")
        owners = None if user.admin else [me]
        if created_by is not None:
            owners = [created_by]
        elif me == (ANONYMOUS.subject, ANONYMOUS.issuer):
            owners = [me, NOBODY]
        groups = [(user.issuer, group)] if group in user.groups and created_by is None else []
        items, total = self._store.page(page.number, page.size, page.sort, owners, groups, group, which.excluded)
        return Listing(items, total)

    def deployment(self, user: User, uuid: str) -> Deployment:
        """Return a deployment that the user may see."""
        row = self._store.deployment_with_uuid(uuid)
        if row is None or not may_see(user, row):
            raise _unknown(uuid)
        return row

    def template(self, user: User, uuid: str) -> str:
        """Return the text of its template, without removal lists; of an update that waits, the new one."""
        row = self.deployment(user, uuid)
        files = self._engine.home.deployment(row.name)
        request = kept_request.read(files, proposed=True)
        try:
            return (files.root / request.template).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise NotFound(f"The template of {uuid} is an archive: it has no text.") from None

    def log(self, user: User, uuid: str) -> str:
        """Return what happened to a deployment, a line each."""
        events = [event for _number, event in self.events(user, uuid)]
        known = {event.text for event in events}
        for job in self._store.jobs.of(self.deployment(user, uuid).name):
            if _IGNORED in job.arguments:
                events.append(_warning(job))
            if job.state == FAILED and job.reason and job.reason not in known:
                # It failed outside of a run of playbooks, whose last event is the reason.
                events.append(Event(job.ended or job.created, Kind.ERROR, text=job.reason))
        return "".join(f"{_event_line(event)}\n" for event in sorted(events, key=lambda event: event.time))

    def extra_info(self, user: User, uuid: str) -> list[dict[str, Any]]:
        """Return what its site says of each node."""
        rows = self._resources(self.deployment(user, uuid))
        return [{"uuid": row.uuid, "name": row.node, **row.metadata} for row in rows if row.node]

    def resources(self, row: Deployment, page: Page, type: str | None = None) -> Listing[Resource]:
        """Return resources of a deployment, those of one TOSCA TYPE or all."""
        self._resources(row)
        items, total = self._store.resources.page(row.name, page.number, page.size, page.sort, type)
        return Listing(items, total)

    def resource(self, row: Deployment, rid: str) -> Resource:
        """Return one resource of a deployment."""
        found = next((each for each in self._resources(row) if each.uuid == rid), None)
        if found is None:
            raise NotFound(f"The resource <{rid}> in deployment <{row.uuid}> doesn't exist")
        return found

    def events(self, user: User, uuid: str, after: int = 0) -> list[tuple[int, Event]]:
        """Return the events of a deployment with their numbers, those AFTER one of them or all."""
        return self._store.events(self.deployment(user, uuid).name, after)

    def counts(self) -> dict[str, Any]:
        """Return what metrics tell: deployments {status: number}, queued and running jobs, and those that ended,
        {(kind, state): (number, seconds)}."""
        jobs = self._store.jobs.counts()
        return {
            "deployments": self._store.by_status(),
            "queued": jobs.get(QUEUED, 0),
            "running": jobs.get(RUNNING, 0),
            "ended": self._store.jobs.durations(),
        }

    def _accept_update(self, user: User, doing: work.Work, asked: Asked) -> None:
        before = self._resources(doing.row)
        named = {row.uuid: (row.name, row.node) for row in before}
        changed = self._planner.changed(_owner(user), doing.files, asked, named, _tries(asked))
        new = changed.wanted
        gone = set(changed.removed)
        gone |= {row.uuid for row in resources.leaving(new.plan, before)}
        stay = [row for row in before if row.uuid not in gone]
        changes = {
            "status": status.UPDATE_IN_PROGRESS,
            "reason": "",
            "template": new.template.title,
            "description": new.plan.get("description") or "",
            "timeout_mins": asked.timeout_mins,
            **({"callback": asked.callback} if asked.callback else {}),
        }
        verbs.propose(doing, new)
        job = _job(doing.row.name, UPDATE, user, asked.timeout_mins, **_ignored(changed.ignored))
        made = resources.planned(doing.row.name, new.plan, stay)
        states = dict.fromkeys(gone, resources.DELETING)
        if not self._store.accept(doing.row.name, [doing.row.status], changes, job, resources=made, states=states):
            doing.files.proposed.unlink(missing_ok=True)
            raise Conflict(f"Cannot update a deployment in {self._row(doing.row.uuid).status} state")

    def _drop(self, row: Deployment) -> bool:
        """Remove a deployment that has nothing at any site and that nothing works on; say whether that was so."""
        files = self._engine.home.deployment(row.name)
        if row.site is not None or self._store.runs(row.name) or lock.is_held(files.lock):
            return False
        if not self._store.remove_deployment(row.name, unless_running=True):
            return False
        self._forget_files(row.name)
        return True

    def _forget_files(self, name: str) -> None:
        if self._store.deployment(name) is None:
            shutil.rmtree(self._engine.home.deployment(name).root, ignore_errors=True)

    @contextlib.contextmanager
    def _no_command_on(self, name: str, verb: str) -> Iterator[None]:
        """Keep commands from a deployment for a moment; raise Conflict where one works on it.

        What the service does itself with it is none: a job, or another request to this process.
        """
        file = self._engine.home.deployment(name).lock
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(lock.hold(file, name, verb))
            except FileNotFoundError:
                # Without a directory there is nothing to work on.
                pass
            except Busy as error:
                holder = lock.holder(file)
                is_ours = holder is not None and holder.pid == os.getpid()
                if not is_ours and all(job.state != RUNNING for job in self._store.jobs.open(name)):
                    raise Conflict(str(error)) from error
            yield

    def _require_room(self, user: User) -> None:
        limit = self._settings.jobs.waiting_per_user
        if limit and self._store.jobs.open_of_user(user.subject, user.issuer) >= limit:
            raise Conflict(f"You have {limit} jobs that wait or run, which is the limit. Wait until some are over.")

    def _resources(self, row: Deployment) -> list[Resource]:
        """Return the resources of a deployment; where the command line changed it meanwhile, as its nodes are now."""
        rows = self._store.resources.of(row.name)
        known = {each.node for each in rows if each.node}
        if known == {node["name"] for node in row.nodes} or not self._is_at_rest(row):
            return rows
        with contextlib.suppress(IndigoError):
            files = self._engine.home.deployment(row.name)
            plan = self._planner.kept((row.owner_issuer, row.owner_subject), files)
            rows = resources.paired(row.name, plan, row.nodes, rows, row.status.endswith("_COMPLETE"))
            self._store.resources.replace(row.name, rows)
        return rows

    def _is_at_rest(self, row: Deployment) -> bool:
        return (
            status.is_over(row.status)
            and not self._store.jobs.open(row.name)
            and not lock.is_held(self._engine.home.deployment(row.name).lock)
        )

    def _mine(self, user: User, uuid: str) -> Deployment:
        row = self.deployment(user, uuid)
        if not may_change(user, row):
            raise Forbidden(f"Only the owner of the deployment {uuid} may change it.")
        return row

    def _row(self, uuid: str) -> Deployment:
        row = self._store.deployment_with_uuid(uuid)
        if row is None:
            raise _unknown(uuid)
        return row


def _ignored(names: Sequence[str]) -> dict[str, list[str]]:
    """Return the argument of a job that tells which parameters were ignored, where some were."""
    return {_IGNORED: list(names)} if names else {}


def _warning(job: Job) -> Event:
    names = ", ".join(map(repr, job.arguments[_IGNORED]))
    return Event(job.created, Kind.WARNING, text=f"Ignored, since the template has no such inputs: {names}.")


def _owner(user: User) -> tuple[str, str]:
    return user.issuer, user.subject


def _tries(asked: Asked, unsaid: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return how sites are tried, as `Request` names it; UNSAID where nothing is said of it."""
    said = {
        "max_providers_retry": asked.max_providers_retry,
        "keep_last_attempt": asked.keep_last_attempt,
        "provider_timeout": asked.provider_timeout_mins,
    }
    return {**(unsaid or {}), **{name: value for name, value in said.items() if value is not None}}


def _job(name: str, kind: str, user: User, minutes: int | None, **arguments: Any) -> Job:
    now = time.time()
    deadline = now + 60 * minutes if minutes else None
    return Job(name, kind, user.subject, user.issuer, arguments, created=now, deadline=deadline)


def _require_updatable(row: Deployment) -> None:
    if row.status not in status.UPDATABLE:
        raise Conflict(f"Cannot update a deployment in {row.status} state")


def _unknown(uuid: str) -> NotFound:
    return NotFound(f"The deployment <{uuid}> doesn't exist")


def _event_line(event: Event) -> str:
    when = datetime.fromtimestamp(event.time, UTC).strftime("%Y-%m-%d %H:%M:%S")
    parts = [part for part in (event.step, event.task, event.node, event.text.strip()) if part]
    return f"{when} {event.kind}: {clean(': '.join(parts))}"
