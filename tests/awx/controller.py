# SPDX-License-Identifier: Apache-2.0
"""A server that speaks the part of AWX's API (version 2) that runs need, as strictly as it is documented.

Whatever AWX would not know, a path, a filter, a field, is refused and kept in `violations`. What a job does is said by
`work`: `Played` gives events that a test wrote down; `tests.awx.real` runs the playbook.
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import re
import ssl
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

TOKEN = "a-token-of-awx"
API = "/api/v2"

Data = dict[str, Any]

_ACTIVE = ("new", "pending", "waiting", "running")
_LARGEST_PAGE = 200
_COMMON = {"page", "page_size", "order_by"}
# What may be asked for, by list; `no_truncate` is of events only.
_FILTERS = {
    "job_templates": _COMMON | {"name", "organization__name"},
    "jobs": _COMMON | {"status__in", "id__gt", "job_template"},
    "job_events": _COMMON | {"counter__gt", "no_truncate"},
}
_ORDERS = {"job_templates": {"id", "name"}, "jobs": {"id", "-id"}, "job_events": {"counter", "start_line"}}
_LAUNCH = {"extra_vars", "inventory", "limit", "credentials", "verbosity", "job_tags", "skip_tags"}
_STDOUT = 1024


@dataclass
class Template:
    """A job template. extra_vars: those that it has itself, credentials' among them."""

    id: int
    name: str
    playbook: str
    organization: str = "Default"
    asks: bool = True
    slices: int = 1
    extra_vars: Data = field(default_factory=dict)

    def to_dict(self) -> Data:
        return {
            "id": self.id,
            "type": "job_template",
            "name": self.name,
            "playbook": self.playbook,
            "ask_variables_on_launch": self.asks,
            "job_slice_count": self.slices,
            "summary_fields": {"organization": {"name": self.organization}},
        }


@dataclass
class Job:
    """A job. saved: the events that are in the database; written: all that there are. began, ended: monotonic times."""

    id: int
    template: Template
    extra_vars: Data
    status: str = "pending"
    explanation: str = ""
    written: list[Data] = field(default_factory=list)
    saved: list[Data] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)
    began: float = field(default_factory=time.monotonic)
    ended: float = float("inf")

    def to_dict(self, detail: bool) -> Data:
        told = {
            "id": self.id,
            "type": "job",
            "name": self.template.name,
            "job_template": self.template.id,
            "status": self.status,
            "failed": self.status in ("failed", "error", "canceled"),
            "extra_vars": json.dumps(self.extra_vars),
            "job_explanation": self.explanation,
            "playbook": self.template.playbook,
        }
        finished = self.status not in _ACTIVE and len(self.saved) == len(self.written)
        return {**told, "event_processing_finished": finished} if detail else told


class Work(Protocol):
    """What a job does. It writes events with `write` and returns the status in which the job ends."""

    def __call__(self, job: Job, write: Callable[[Data], None]) -> str:
        """Do it."""


@dataclass
class Played:
    """Gives events that were written down before. seconds: between two of them. ends: the status."""

    events: list[Data]
    ends: str = "successful"
    seconds: float = 0.0
    explanation: str = ""

    def __call__(self, job: Job, write: Callable[[Data], None]) -> str:
        for event in self.events:
            if job.cancelled.wait(self.seconds):
                return "canceled"
            write(dict(event))
        job.explanation = self.explanation
        return self.ends


@dataclass
class Fault:
    """An answer that something on the way gives instead. done: whether AWX got the request nevertheless."""

    method: str
    path: str
    status: int
    done: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1


class Controller:
    """The server. lag: seconds until what a job writes is in the database, where bunches overtake each other.

    step: seconds in each state before it runs. lost: numbers of events that never get there.
    """

    def __init__(self, work: Work, lag: float = 0.0, step: float = 0.01) -> None:
        self.work = work
        self.lag = lag
        self.step = step
        self.templates: list[Template] = []
        self.jobs: list[Job] = []
        self.faults: list[Fault] = []
        self.violations: list[str] = []
        self.requests: list[tuple[str, str]] = []
        self.takes_long_to_cancel = 0.0
        self.lost: set[int] = set()
        self._lock = threading.RLock()

    def template(self, name: str, playbook: str = "x.yml", **said: Any) -> Template:
        made = Template(100 + len(self.templates), name, playbook, **said)
        self.templates.append(made)
        return made

    @contextlib.contextmanager
    def running(self, certificate: tuple[pathlib.Path, pathlib.Path] | None = None) -> Iterator[str]:
        """Serve, over TLS with a CERTIFICATE, and give the URL. Fails where it was asked for what AWX has not."""
        with ThreadingHTTPServer(("127.0.0.1", 0), _handler(self)) as server:
            server.daemon_threads = True
            if certificate:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(*certificate)
                server.socket = context.wrap_socket(server.socket, server_side=True)
            threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
            try:
                yield f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
            finally:
                server.shutdown()
                for job in self.jobs:
                    job.cancelled.set()
        assert self.violations == []

    def answer(self, method: str, path: str, query: dict[str, str], body: Data | None) -> tuple[int, Data]:
        """Return status and body of the answer to a request that has a token."""
        with self._lock:
            self.requests.append((method, path))
            for pattern, wanted, act in (
                (r"/job_templates/", "GET", self._list_templates),
                (r"/job_templates/(\d+)/launch/", "POST", self._launch),
                (r"/jobs/", "GET", self._list_jobs),
                (r"/jobs/(\d+)/", "GET", self._show_job),
                (r"/jobs/(\d+)/cancel/", "POST", self._cancel),
                (r"/jobs/(\d+)/job_events/", "GET", self._list_events),
            ):
                found = re.fullmatch(API + pattern, path)
                if found and method == wanted:
                    return act(*map(int, found.groups()), query=query, body=body)
            return self._violation(404, f"{method} {path} is no part of the API")

    def launch(self, template: Template, told: Data) -> Job:
        """Make a job and begin with it."""
        job = Job(1 + len(self.jobs), template, {**template.extra_vars, **told})
        self.jobs.append(job)
        threading.Thread(target=self._do, args=[job], daemon=True).start()
        return job

    def _do(self, job: Job) -> None:
        for status in ("pending", "waiting", "running"):
            job.status = status
            if job.cancelled.wait(self.step):
                job.status, job.ended = "canceled", time.monotonic()
                return
        saver = _Saver(self, job)
        ends = self.work(job, saver.write)
        if ends == "canceled":
            time.sleep(self.takes_long_to_cancel)
        job.status, job.ended = ends, time.monotonic()
        saver.end()

    def _list_templates(self, query: dict[str, str], body: Data | None) -> tuple[int, Data]:
        found = [
            one.to_dict()
            for one in self.templates
            if query.get("name", one.name) == one.name
            and query.get("organization__name", one.organization) == one.organization
        ]
        return self._page("job_templates", query, found)

    def _launch(self, number: int, query: dict[str, str], body: Data | None) -> tuple[int, Data]:
        template = next((one for one in self.templates if one.id == number), None)
        if template is None:
            return self._violation(404, f"there is no job template {number}")
        if not isinstance(body, dict) or not set(body) <= _LAUNCH:
            return self._violation(400, f"a launch takes {_LAUNCH}, not {body}")
        told = body.get("extra_vars", {})
        taken = told if template.asks else {}
        job = self.launch(template, taken)
        ignored = {} if template.asks else {"extra_vars": told}
        return 201, {"job": job.id, "ignored_fields": ignored, **job.to_dict(detail=True)}

    def _list_jobs(self, query: dict[str, str], body: Data | None) -> tuple[int, Data]:
        wanted = query["status__in"].split(",") if "status__in" in query else None
        found = [
            job.to_dict(detail=False)
            for job in self.jobs
            if (wanted is None or job.status in wanted)
            and job.id > int(query.get("id__gt", 0))
            and int(query.get("job_template", job.template.id)) == job.template.id
        ]
        return self._page("jobs", query, found)

    def _show_job(self, number: int, query: dict[str, str], body: Data | None) -> tuple[int, Data]:
        job = self._job(number)
        return (200, job.to_dict(detail=True)) if job else (404, {"detail": "Not found."})

    def _cancel(self, number: int, query: dict[str, str], body: Data | None) -> tuple[int, Data]:
        job = self._job(number)
        if job is None:
            return 404, {"detail": "Not found."}
        if job.status not in _ACTIVE:
            return 405, {"detail": 'Method "POST" not allowed.'}
        job.cancelled.set()
        return 202, {}

    def _list_events(self, number: int, query: dict[str, str], body: Data | None) -> tuple[int, Data]:
        job = self._job(number)
        if job is None:
            return 404, {"detail": "Not found."}
        found = [event for event in list(job.saved) if event["counter"] > int(query.get("counter__gt", 0))]
        if "no_truncate" not in query:
            found = [{**event, "stdout": event["stdout"][:_STDOUT]} for event in found]
        return self._page("job_events", query, found)

    def _page(self, what: str, query: dict[str, str], found: list[Data]) -> tuple[int, Data]:
        unknown = set(query) - _FILTERS[what]
        if unknown or query.get("order_by", "id") not in _ORDERS[what] | {"id"}:
            return self._violation(400, f"{what} cannot be asked for by {query}")
        order = query.get("order_by", "id")
        found = sorted(found, key=lambda one: one[order.lstrip("-")], reverse=order.startswith("-"))
        size = min(int(query.get("page_size", 25)), _LARGEST_PAGE)
        begin = (int(query.get("page", 1)) - 1) * size
        if begin and begin >= len(found):
            return 404, {"detail": "Invalid page."}
        more = len(found) > begin + size
        return 200, {"count": len(found), "next": "?" if more else None, "results": found[begin : begin + size]}

    def _job(self, number: int) -> Job | None:
        return next((job for job in self.jobs if job.id == number), None)

    def _violation(self, status: int, what: str) -> tuple[int, Data]:
        self.violations.append(what)
        return status, {"detail": what}

    def fault(self, method: str, path: str) -> Fault | None:
        """Return what goes wrong with this request, if anything; it counts as having gone wrong."""
        with self._lock:
            for fault in self.faults:
                if fault.times and fault.method == method and re.fullmatch(API + fault.path, path):
                    fault.times -= 1
                    return fault
        return None


class _Saver:
    """Writes the events of a job into the database, some time later, in bunches of which the second comes first."""

    def __init__(self, controller: Controller, job: Job) -> None:
        self._job, self._lag, self._lost = job, controller.lag, controller.lost
        self._waiting: list[Data] = []

    def write(self, event: Data) -> None:
        self._job.written.append({"stdout": "", "event_data": {}, **event, "job": self._job.id})
        self._waiting.append(self._job.written[-1])
        if len(self._waiting) >= 6:
            self._save()

    def end(self) -> None:
        self._save()

    def _save(self) -> None:
        half = len(self._waiting) // 2
        for bunch in (self._waiting[half:], self._waiting[:half]):
            time.sleep(self._lag)
            self._job.saved.extend(event for event in bunch if event["counter"] not in self._lost)
        self._waiting = []


def _handler(controller: Controller) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._do("GET", None)

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Content-Type") != "application/json":
                self._say(415, {"detail": "Unsupported media type in request."})
                return
            self._do("POST", json.loads(text or b"{}"))

        def _do(self, method: str, body: Data | None) -> None:
            path, _mark, query = self.path.partition("?")
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                self._say(401, {"detail": "Authentication credentials were not provided."})
                return
            fault = controller.fault(method, path)
            if fault is None or fault.done:
                status, told = controller.answer(method, path, dict(urllib.parse.parse_qsl(query)), body)
            if fault is None:
                self._say(status, told)
            elif fault.status:
                self._say(fault.status, {"detail": "it does not work now"}, fault.headers)
            else:
                self.close_connection = True

        def _say(self, status: int, told: Data, headers: Mapping[str, str] | None = None) -> None:
            data = json.dumps(told).encode() if told or status == 200 else b""
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *arguments: object) -> None:
            return

    return Handler
