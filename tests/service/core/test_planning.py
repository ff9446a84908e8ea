# SPDX-License-Identifier: Apache-2.0
"""Templates are planned apart from the process that serves, within limits."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indigo_paas.errors import BadInput, TooMany, Unavailable
from indigo_paas.ground import site_capacity
from indigo_paas.ground.paths import Home
from indigo_paas.service.model import Asked
from indigo_paas.service.planning import Planner
from indigo_paas.service.planning.turns import Turns
from indigo_paas.service.settings import Planning, ServiceSettings
from indigo_paas.templates.source import Template
from tests.service.core.conftest import wait_until

ALICE, BOB, CAROL = ("issuer", "alice"), ("issuer", "bob"), ("issuer", "carol")
HEAD = "tosca_definitions_version: tosca_simple_yaml_1_3\n"
ONE = f"{HEAD}topology_template:\n  node_templates:\n    server: {{type: tosca.nodes.indigo.Compute}}\n"


def of_count(count: object) -> str:
    scalable = f"capabilities: {{scalable: {{properties: {{count: {count}}}}}}}"
    return ONE.replace("Compute}", f"Compute, {scalable}}}")


def of_nodes(count: int) -> str:
    nodes = "".join(f"    n{n}: {{type: tosca.nodes.indigo.Compute}}\n" for n in range(count))
    return f"{HEAD}topology_template:\n  node_templates:\n{nodes}"


@pytest.fixture
def planner(tmp_path):
    """Make planners with limits; each is ended afterwards."""
    with contextlib.ExitStack() as opened:

        def make(**limits):
            settings = ServiceSettings(home=tmp_path, planning=Planning(**limits))
            return opened.enter_context(contextlib.closing(Planner(settings)))

        yield make


def plan(planner: Planner, text: str, owner: tuple[str, str] = ALICE) -> object:
    return planner.new(owner, Asked(text), "name", {}).wanted


def test_what_is_planned_comes_back_with_what_is_kept_of_it(planner):
    made = plan(planner(), of_count(3))
    assert made.plan["groups"] == [
        {"name": "server", "group": "server", "type": "tosca.nodes.indigo.Compute", "count": 3}
    ]
    assert made.template.copy().files.popitem()[1] == of_count(3).encode()
    assert made.template.copy() is made.template.copy()


def test_what_is_wrong_comes_back_with_its_place(planner):
    with pytest.raises(BadInput) as caught:
        plan(planner(), of_count("many"))
    (problem,) = caught.value.problems
    assert problem.text.startswith("template.yaml:4:")
    assert problem.place["line"] == 4
    assert "^" in problem.excerpt


@pytest.mark.parametrize(
    ("limits", "text", "said"),
    [
        ({"memory": 5_000_000}, of_nodes(3000), "more than 5 MB of memory"),
        ({"seconds": 0.5}, of_nodes(15_000), "more than 0.5 s"),
        ({"largest_plan": 10_000, "nodes": 9999}, of_nodes(1000), "is larger than 10000 bytes"),
        ({}, of_count(1_000_000), "asks for 1000000 machines and parts on them, and a deployment may have 1000"),
        ({"nodes": 10}, of_nodes(11), "asks for 11 machines"),
    ],
)
def test_too_much_is_refused_with_the_limit_and_what_to_do(planner, limits, text, said):
    with pytest.raises(BadInput, match=said) as caught:
        plan(planner(**limits), text)
    assert "make several deployments" in str(caught.value)


def test_more_machines_than_any_site_could_hold_are_refused(planner, tmp_path):
    made = planner()
    home = Home(tmp_path)
    site_capacity.note(home, 10)
    assert plan(made, of_count(10))
    with pytest.raises(BadInput, match="asks for 11 machines, and all sites of this service could hold 10"):
        plan(made, of_count(11))
    site_capacity.note(home, None)
    assert plan(made, of_count(11))


def test_what_sites_could_hold_is_known_for_a_while(tmp_path, monkeypatch):
    home = Home(tmp_path)
    assert site_capacity.known(home) is None
    site_capacity.note(home, 7)
    assert site_capacity.known(home) == 7
    now = time.time() + site_capacity.FRESH
    monkeypatch.setattr(site_capacity.time, "time", lambda: now)
    assert site_capacity.known(home) is None
    home.capacity.write_text("[]")
    assert site_capacity.known(home) is None


def _site(nodes, available=True):
    return {"available": available, "capacity": {"nodes": nodes}}


@pytest.mark.parametrize(
    ("sites", "machines"),
    [
        ([], None),
        ([_site(3), _site(4)], 7),
        ([_site(3), _site(0, available=False)], None),
        ([_site(3), _site(float("inf"))], None),
    ],
)
def test_what_all_sites_could_hold(sites, machines):
    assert site_capacity.machines(sites) == machines


def test_after_too_much_others_are_planned(planner):
    made = planner(seconds=1, memory=20_000_000)
    for _ in range(3):
        with pytest.raises(BadInput):
            plan(made, of_nodes(30_000))
    assert plan(made, of_count(1))


def forks(planner: Planner) -> list[psutil.Process]:
    return psutil.Process(planner._zygote.pid).children()


def test_a_plan_that_is_killed_hurts_nobody_else(planner):
    made = planner(seconds=60, memory=10**9)
    plan(made, ONE)
    failed = []

    def long():
        with pytest.raises(BadInput) as caught:
            plan(made, of_nodes(60_000))
        failed.append(caught.value)

    thread = threading.Thread(target=long)
    thread.start()
    (victim,) = wait_until(lambda: forks(made), 20)
    os.kill(victim.pid, signal.SIGKILL)
    thread.join()
    assert len(failed) == 1
    assert plan(made, ONE)


def test_the_process_that_forks_is_started_again(planner):
    made = planner()
    plan(made, ONE)
    before = made._zygote.pid
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: not psutil.pid_exists(before) or psutil.Process(before).status() == psutil.STATUS_ZOMBIE)
    assert plan(made, ONE)
    assert made._zygote.pid != before


def test_nothing_of_the_service_goes_to_those_that_plan(planner, monkeypatch):
    monkeypatch.setenv("INDIGO_PAAS_DATABASE", "postgresql://secret@db")
    made = planner()
    made.start()
    assert "INDIGO_PAAS_DATABASE" not in psutil.Process(made._zygote.pid).environ()


def test_a_template_is_copied_once(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text(ONE)
    template = Template(str(file))
    assert template.copy() is template.read_as(True, False).copy()


class Held:
    """Turns that are taken, each in a thread of its own until it is let go."""

    def __init__(self, turns: Turns) -> None:
        self.turns, self.order, self._threads = turns, [], {}

    def take(self, name: str, user: tuple[str, str]) -> None:
        release, begun = threading.Event(), threading.Event()

        def work() -> None:
            with self.turns.taken(user):
                self.order.append(name)
                begun.set()
                release.wait()

        thread = threading.Thread(target=work)
        waiting = len(self.turns._waiting) + self.turns._running.total()
        thread.start()
        self._threads[name] = (thread, release)
        wait_until(lambda: len(self.turns._waiting) + self.turns._running.total() > waiting)

    def release(self, name: str) -> None:
        thread, release = self._threads.pop(name)
        release.set()
        thread.join()

    def close(self) -> None:
        while self._threads:
            for name in [name for name in self._threads if name in self.order]:
                self.release(name)


@pytest.fixture
def held() -> Iterator[Held]:
    made = Held(Turns(Planning(workers=2, waiting=6, per_user=4)))
    yield made
    made.close()


def test_the_next_turn_is_of_whoever_has_fewest(held):
    for name in ("a1", "a2", "a3", "a4"):
        held.take(name, ALICE)
    held.take("b1", BOB)
    wait_until(lambda: len(held.order) == 2)
    assert held.order == ["a1", "b1"], "one worker is left to others"
    held.take("c1", CAROL)
    held.release("b1")
    wait_until(lambda: len(held.order) == 3)
    assert held.order[2] == "c1"
    held.release("a1")
    wait_until(lambda: len(held.order) == 4)
    assert held.order[3] == "a2"


def test_one_worker_is_for_everybody():
    only = Held(Turns(Planning(workers=1)))
    only.take("a1", ALICE)
    only.take("a2", ALICE)
    only.release("a1")
    wait_until(lambda: only.order == ["a1", "a2"])
    only.close()


def test_a_user_with_too_many_is_told_and_others_are_not(held):
    for name in ("a1", "a2", "a3", "a4"):
        held.take(name, ALICE)
    with pytest.raises(TooMany, match="4 of your templates are being planned") as caught, held.turns.taken(ALICE):
        raise AssertionError
    assert not isinstance(caught.value, Unavailable)
    held.take("b1", BOB)


def test_too_many_of_all_are_told_so(held):
    for number in range(3):
        held.take(f"a{number}", ALICE)
        held.take(f"b{number}", BOB)
    with pytest.raises(Unavailable, match="Try again"), held.turns.taken(CAROL):
        raise AssertionError


@given(st.lists(st.sampled_from([ALICE, BOB]), max_size=6))
def test_turns_that_are_given_back_leave_nothing(users):
    turns = Turns(Planning())
    for user in users:
        with contextlib.suppress(KeyError), turns.taken(user):
            raise KeyError
    assert not turns._waiting
    assert not turns._running
