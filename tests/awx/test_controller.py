# SPDX-License-Identifier: Apache-2.0
"""Runs as jobs of AWX, at a server that stands for it: in order, once, and when things go wrong."""

from __future__ import annotations

import pathlib
import time
from collections.abc import Callable
from typing import Any

import pytest

from indigo_paas.errors import IndigoError, Lost
from indigo_paas.ground import progress
from indigo_paas.ground.paths import DeploymentFiles
from indigo_paas.runner import Job
from indigo_paas.runner.awx import Awx, Controller, request
from indigo_paas.runner.awx import controller as under_test
from indigo_paas.templates import kept_request
from indigo_paas.templates.kept_request import Copy, Request
from tests.awx.controller import TOKEN, Fault, Played
from tests.awx.controller import Controller as Server
from tests.certificates import certificate_in
from tests.servers import serving

DEPLOY = "Service: deploy"
NAME = "pool"


def events(*names: str) -> list[dict[str, Any]]:
    made = [{"event": name, "event_data": {"number": number}} for number, name in enumerate(names, 1)]
    return [{**event, "counter": number, "created": "2026-01-01T00:00:00Z"} for number, event in enumerate(made, 1)]


def playbook(tasks: int) -> list[dict[str, Any]]:
    return events("playbook_on_start", *["runner_on_ok"] * tasks, "playbook_on_stats")


class World:
    """A deployment, and an AWX that is to run its playbooks."""

    def __init__(self, directory: pathlib.Path, **said: Any) -> None:
        self.files = DeploymentFiles(directory / "home" / "deployments" / NAME)
        self.files.root.mkdir(parents=True)
        copy = Copy(
            {pathlib.Path("a/main.yaml"): b"tosca: {{ 1 }}", pathlib.Path("b.yaml"): b"\xff"},
            pathlib.Path("a/main.yaml"),
        )
        kept = kept_request.keep_template(self.files, copy)
        kept_request.write(self.files, Request(NAME, kept, inputs={"text": "{{ x }}"}, candidates=["here"]))
        self.server = Server(Played(playbook(3)))
        self.server.template(DEPLOY)
        self.said = {"poll": 0.02, "patience": 5.0, "token": TOKEN, **said}
        self.told: list[dict[str, Any]] = []
        self.stop = False

    def job(self, run: str = "run-1", **said: Any) -> Job:
        root = self.files.root
        return Job(NAME, run, "indigo.paas.deploy", self.files, root / "sites", root, root / "cache", **said)

    def run(self, url: str, on_event: Callable[[dict[str, Any]], None] | None = None, **said: Any) -> int:
        awx = Awx(url=url, **self.said)
        return Controller(awx).run(self.job(**said), on_event or self.told.append, lambda: self.stop)

    def begun(self) -> dict[str, Any]:
        """Make a job that an earlier run of the deployment left, and return its extra variables."""
        told = request.extra_variables(self.job("run-0"), request.mark_of(self.files))
        self.server.launch(self.server.templates[0], dict(told))
        return told


@pytest.fixture
def world(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(under_test, "_SEARCHES", 3)
    return World(tmp_path)


def test_events_come_once_and_in_their_order(world):
    world.server.work, world.server.lag = Played(playbook(700), seconds=0.0005), 0.001
    with world.server.running() as url:
        assert world.run(url) == 0
    assert [event["counter"] for event in world.told] == list(range(1, 703))
    assert world.told[-1]["event"] == "playbook_on_stats"


def test_colours_are_taken_off_and_long_texts_are_whole(world):
    said = events("verbose", "playbook_on_stats")
    said[0]["stdout"] = "\x1b[1;35m[WARNING]: " + "x" * 3000 + "\x1b[0m"
    world.server.work = Played(said)
    with world.server.running() as url:
        assert world.run(url) == 0
    assert world.told[0]["stdout"] == "[WARNING]: " + "x" * 3000
    (warning,) = progress.Progress().feed(world.told[0])
    assert warning.kind is progress.Kind.WARNING


def test_a_job_is_told_everything_without_jinja(world):
    with world.server.running() as url:
        assert world.run(url, variables={"paas_force": True}) == 0
    (job,) = world.server.jobs
    assert set(job.extra_vars) == {"paas_name", "paas_mark", "paas_run", "paas_request"}
    assert "{" not in "".join(job.extra_vars.values())
    from ansible_collections.indigo.paas.plugins.module_utils import handover

    given = handover.unpack(job.extra_vars["paas_request"])
    assert given.files == {"a/main.yaml": b"tosca: {{ 1 }}", "b.yaml": b"\xff"}
    assert given.template == "a/main.yaml"
    assert given.variables["paas_inputs"] == {"text": "{{ x }}"}
    assert given.variables["paas_force"] is True


def test_what_travels_is_what_the_inventory_plugin_sets(world, collection):
    plugin = (collection / "plugins/inventory/deployment.py").read_text()
    body = plugin.partition("request = {")[2].partition("}")[0]
    set_there = {line.split('"')[1] for line in body.splitlines() if '"paas_' in line}
    travels = set(request._variables(kept_request.read(world.files))) | {"paas_template"}
    # AWX has the key, and playbooks from elsewhere do not run there.
    assert travels == set_there - {"paas_ssh_key", "paas_artifacts_dir"}


def test_a_lost_template_does_not_keep_from_destroying(world):
    kept_request.write(world.files, Request(NAME, "template/lost"))
    with world.server.running() as url:
        assert world.run(url) == 0


@pytest.mark.parametrize(
    ("ends", "why", "expected"),
    [
        ("failed", "", 2),
        ("canceled", "", "Job 1 of AWX was cancelled in AWX, and it does not say why."),
        ("failed", "Previous Task Failed: update", "Job 1 of AWX failed in AWX: Previous Task Failed: update."),
        ("error", "no image", Lost),
    ],
)
def test_an_end_without_success(world, ends, why, expected):
    told = [] if why else playbook(1)
    world.server.work = Played(told, ends, explanation=why)
    with world.server.running() as url:
        if isinstance(expected, int):
            assert world.run(url) == expected
            return
        with pytest.raises(IndigoError) as raised:
            world.run(url)
    assert why in str(raised.value)
    assert raised.type is expected if isinstance(expected, type) else str(raised.value) == expected


def test_a_playbook_that_failed_keeps_its_own_reason(world):
    world.server.work = Played(playbook(1), "failed", explanation="something else, too")
    with world.server.running() as url:
        assert world.run(url) == 2


def test_a_run_that_shall_stop_is_cancelled_and_waited_for(world):
    world.server.work, world.server.takes_long_to_cancel = Played(playbook(10_000), seconds=0.01), 0.3

    def hear(event):
        world.stop = event["counter"] > 3

    with world.server.running() as url:
        assert world.run(url, hear) == under_test.STOPPED
        assert [job.status for job in world.server.jobs] == ["canceled"]


def test_a_run_that_shall_stop_before_it_begins_does_not(world):
    world.stop = True
    with world.server.running() as url:
        assert world.run(url) == under_test.STOPPED
    assert world.server.jobs == []


@pytest.mark.parametrize("error", [RuntimeError("stop"), IndigoError("the database is gone")])
def test_what_a_caller_raises_ends_the_run(world, error):
    world.server.work = Played(playbook(10_000), seconds=0.01)

    def hear(event):
        raise error

    with world.server.running() as url:
        with pytest.raises(type(error), match=str(error)):
            world.run(url, hear)
        assert [job.status for job in world.server.jobs] == ["canceled"]


def test_earlier_jobs_of_the_deployment_are_ended_first(world):
    def work(job, write):
        if job.extra_vars.get("paas_run") == "run-1":
            return Played(playbook(3))(job, write)
        job.cancelled.wait()
        return "canceled"

    world.server.work = work
    mine = world.begun()
    others = [{**mine, "paas_name": "another"}, {**mine, "paas_mark": "another"}, {}]
    for told in others * 10:
        world.server.launch(world.server.templates[0], told)
    world.begun()
    world.server.takes_long_to_cancel = 1.0
    statuses = []

    def hear(event):
        statuses.append([job.status for job in world.server.jobs])

    with world.server.running() as url:
        assert world.run(url, hear) == 0
    assert statuses[0][:32] == ["canceled", *["running"] * 30, "canceled"]


def test_a_job_that_is_over_before_it_can_be_cancelled_is_left_alone(world):
    world.server.work = Played(playbook(1), seconds=0.05)
    world.begun()
    world.server.faults = [Fault("POST", r"/jobs/1/cancel/", 405)]
    with world.server.running() as url:
        assert world.run(url) == 0
    assert [job.status for job in world.server.jobs] == ["successful", "successful"]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 0])
@pytest.mark.parametrize("path", [r"/job_templates/", r"/jobs/", r"/jobs/\d+/", r"/jobs/\d+/job_events/"])
def test_what_passes_is_waited_for(world, status, path):
    world.server.faults = [Fault("GET", path, status, times=2)]
    with world.server.running() as url:
        assert world.run(url) == 0
    assert len(world.server.jobs) == 1
    assert len(world.told) == 5
    assert world.server.faults[0].times == 0


@pytest.mark.parametrize("status", [502, 504, 0])
def test_a_launch_without_an_answer_is_found_again_and_not_repeated(world, status):
    world.server.faults = [Fault("POST", r"/job_templates/\d+/launch/", status, done=True)]
    with world.server.running() as url:
        assert world.run(url) == 0
    assert len(world.server.jobs) == 1
    assert len(world.told) == 5


def test_a_launch_of_which_nothing_is_known_is_not_repeated(world):
    world.server.faults = [Fault("POST", r"/job_templates/\d+/launch/", 502)]
    with world.server.running() as url, pytest.raises(Lost, match="not known whether AWX has taken the run: .* 502"):
        world.run(url)
    assert world.server.jobs == []


def test_a_launch_that_was_not_taken_is_repeated(world):
    world.server.faults = [Fault("POST", r"/job_templates/\d+/launch/", 429, headers={"Retry-After": "1"})]
    began = time.monotonic()
    with world.server.running() as url:
        assert world.run(url) == 0
    assert time.monotonic() - began >= 1
    assert len(world.server.jobs) == 1


def test_a_server_that_goes_away_makes_the_run_lost_and_the_job_goes_on(world):
    world.said["patience"] = 0.3
    world.server.work = Played(playbook(10_000), seconds=0.01)

    def hear(event):
        world.server.faults = [Fault("GET", ".*", 502, times=10_000)]

    with world.server.running() as url:
        with pytest.raises(Lost, match="answers 502: it does not work now"):
            world.run(url, hear)
        assert [job.status for job in world.server.jobs] == ["running"]


def test_a_server_that_is_not_there(world):
    world.said["patience"] = 0.1
    with pytest.raises(Lost, match=r"http://127.0.0.1:1/api/v2/ cannot be reached"):
        world.run("http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"asks": False}, "takes no variables. Let it ask for variables on launch"),
        ({"slices": 3}, "makes slices of a run"),
        ({"name": "other"}, "no job template 'Service: deploy'"),
    ],
)
def test_a_job_template_that_does_not_fit(world, said, message):
    world.server.templates = []
    world.server.template(**{"name": DEPLOY, **said})
    with world.server.running() as url, pytest.raises(IndigoError, match=message) as raised:
        world.run(url)
    assert not isinstance(raised.value, Lost)
    assert world.server.jobs == []


def test_variables_that_were_ignored_end_the_job(world, monkeypatch):
    # The job template is changed between the look at it and the launch.
    shown = world.server.templates[0].to_dict()
    world.server.templates[0].asks = False
    monkeypatch.setattr(type(world.server.templates[0]), "to_dict", lambda self: shown)
    world.server.work = Played(playbook(10_000), seconds=0.01)
    with world.server.running() as url, pytest.raises(IndigoError, match="takes no variables"):
        world.run(url)
    assert [job.status for job in world.server.jobs] == ["canceled"]


def test_two_job_templates_of_a_name_need_an_organization(world):
    world.server.template(DEPLOY, organization="Physics")
    with world.server.running() as url:
        with pytest.raises(IndigoError, match=r"AWX has 2 job templates .* Set execution.awx.organization"):
            world.run(url)
        world.said["organization"] = "Physics"
        assert world.run(url) == 0
    assert [job.template.organization for job in world.server.jobs] == ["Physics"]


def test_events_that_are_lost_before_the_end_do_not_matter(world, monkeypatch):
    monkeypatch.setattr(under_test, "EVENT_PATIENCE", 0.3)
    world.server.work = Played(playbook(3))
    world.server.lost = {2}
    with world.server.running() as url:
        assert world.run(url) == 0
    assert [event["counter"] for event in world.told] == [1, 3, 4, 5]


def test_a_run_whose_result_is_lost_is_lost(world, monkeypatch):
    monkeypatch.setattr(under_test, "EVENT_PATIENCE", 0.3)
    world.server.lost = {5}
    with world.server.running() as url, pytest.raises(Lost, match="Job 1 of AWX is over, but AWX lost events of it"):
        world.run(url)


def test_the_token_comes_from_a_file_and_is_told_to_nobody_else(world, tmp_path, caplog):
    file = tmp_path / "token"
    world.said.update(token=None, token_file=file)
    with world.server.running() as url:
        with pytest.raises(IndigoError, match="cannot be read: .*token: No such file"):
            world.run(url)
        file.write_text("two words")
        with pytest.raises(IndigoError, match="must hold a token for AWX"):
            world.run(url)
        file.write_text("wrong-secret\n")
        with pytest.raises(IndigoError, match="does not take the token") as raised:
            world.run(url)
        file.write_text(f"{TOKEN}\n")
        caplog.set_level("DEBUG")
        assert world.run(url) == 0
    assert "wrong-secret" not in str(raised.value)
    assert TOKEN not in caplog.text + repr(Awx(url=url, token=TOKEN))


def test_only_a_server_with_a_known_authority_is_told_the_token(world, tmp_path):
    files = certificate_in(tmp_path)
    with world.server.running(files) as url:
        with pytest.raises(IndigoError, match=r"cannot be trusted: .* execution.awx.ca_file") as raised:
            world.run(url)
        assert not isinstance(raised.value, Lost)
        assert world.server.requests == []
        world.said["ca_file"] = files[0]
        assert world.run(url) == 0
        world.said["ca_file"] = files[1]
        with pytest.raises(IndigoError, match=r"key.pem is no file of certificates"):
            world.run(url)


@pytest.mark.parametrize("answer", [b"<html>", b"{}", b"[]"])
def test_something_else_than_awx(world, answer):
    said = "does not answer as the API of AWX does"
    with serving({"/api/v2/job_templates/": answer}) as url, pytest.raises(IndigoError, match=said):
        world.run(url)


def test_playbooks_from_elsewhere_are_refused(world):
    with world.server.running() as url, pytest.raises(IndigoError, match="brings playbooks from elsewhere"):
        world.run(url, external=True)
    assert world.server.requests == []


def test_the_mark_stays_and_is_each_deployments_own(world, tmp_path):
    other = DeploymentFiles(tmp_path / "other")
    other.root.mkdir()
    assert request.mark_of(world.files) == request.mark_of(world.files) != request.mark_of(other)
