# SPDX-License-Identifier: Apache-2.0
"""Deployments that wait until nodes have no work, or that hang, keep nobody else waiting."""

from __future__ import annotations

import os
import signal

import pytest

from indigo_paas.service.model import Asked, User
from tests.cli import fake as playbooks
from tests.cli.conftest import TEMPLATE
from tests.service.core.conftest import OWNER, wait_until

# As the playbook deploy has it: a step that lasts until there is no work. Here, work is a file.
DRAIN = """\
---
- name: Drain the nodes that leave
  hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - name: Wait for its work
      ansible.builtin.wait_for:
        path: "{{ paas_here }}/work"
        state: absent
        sleep: 1
        timeout: 300
"""
OTHER = User("other", "https://issuer.example/")


@pytest.fixture
def draining(service):
    """A service with two workers, and two deployments that wait for their work, with a supervisor."""
    deploy = service.home.parent / "collections/ansible_collections/indigo/paas/playbooks/deploy.yml"
    deploy.write_text(DRAIN + playbooks.DEPLOY.removeprefix("---\n"))
    service.supervisor()
    uuids = [service.create() for _ in range(2)]
    for uuid in uuids:
        assert service.wait(uuid) == "CREATE_COMPLETE"
        (service.home / "deployments" / uuid / "work").touch()
        service.desk.update(OWNER, uuid, Asked(TEMPLATE, {"version": "9"}))
    wait_until(lambda: [job.draining for job in service.store.jobs.open()] == [True, True])
    return uuids


def finish(service, uuid):
    (service.home / "deployments" / uuid / "work").unlink()


def test_two_that_drain_leave_both_workers_to_others(service, draining):
    third = service.create(OTHER)
    assert service.wait(third) == "CREATE_COMPLETE"
    assert [service.status(uuid) for uuid in draining] == ["UPDATE_IN_PROGRESS"] * 2
    for uuid in draining:
        finish(service, uuid)
        assert service.wait(uuid) == "UPDATE_COMPLETE"
    assert [job.draining for uuid in draining for job in service.store.jobs.of(uuid)] == [False] * 4


def test_one_that_is_killed_while_it_drains_drains_again(service, draining):
    first, second = draining
    pid = service.job_process(first)
    os.kill(pid, signal.SIGKILL)

    def again():
        (job,) = service.store.jobs.open(first)
        return job.pid not in (None, pid) and job.draining

    wait_until(again)
    for uuid in first, second:
        finish(service, uuid)
        assert service.wait(uuid) == "UPDATE_COMPLETE"
    assert [job.starts for job in service.store.jobs.of(first)] == [1, 2]


def test_two_that_hang_keep_nobody_waiting_and_end_after_the_timeout_of_the_service(service):
    deploy = service.home.parent / "collections/ansible_collections/indigo/paas/playbooks/deploy.yml"
    hang = DRAIN.replace("Drain the nodes that leave", "Set up the services")
    deploy.write_text(hang + playbooks.DEPLOY.removeprefix("---\n"))
    hanging = [service.create(timeout_mins=100_000) for _ in range(2)]
    for uuid in hanging:
        (service.home / "deployments" / uuid / "work").touch()
    service.supervisor(INDIGO_PAAS_JOBS_TIMEOUT_MINS="0.5")
    service.job_process(hanging[0])
    other = service.create(OTHER)
    assert service.wait(other) == "CREATE_COMPLETE"
    assert [service.status(uuid) for uuid in hanging] == ["CREATE_IN_PROGRESS"] * 2
    for uuid in hanging:
        assert service.wait(uuid) == "CREATE_FAILED"
        assert "0.5 minutes at work, the timeout of the service" in service.desk.deployment(OWNER, uuid).reason
    assert service.processes() == []
