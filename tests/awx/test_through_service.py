# SPDX-License-Identifier: Apache-2.0
"""A deployment of the service whose playbooks run as jobs of an AWX: a server that stands for it, and real playbooks.

Its only node is this machine. All that it leaves is a file in /root, which goes.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import cast

import pytest
import yaml

from ansible_collections.indigo.paas.plugins.module_utils.leases import LEASE
from indigo_paas.ground.progress import Kind
from indigo_paas.runner.awx import Awx
from indigo_paas.service.desk import Desk
from indigo_paas.service.model import Asked, User
from indigo_paas.service.settings import read
from indigo_paas.store import open_store
from tests.awx.controller import TOKEN
from tests.awx.controller import Controller as Server
from tests.awx.real import Real
from tests.service.core.conftest import AT_REST, wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="this machine can be a node for root only"),
]

OWNER = User("owner", "https://issuer.example/")
NOTE, LEASE_HERE = pathlib.Path("/root/note"), pathlib.Path(LEASE)
SITE = {"site_type": "static", "site_hosts": [{"name": "here", "connection": "local"}]}
HOSTILE = "{{ lookup('ansible.builtin.pipe', 'id') }}"


class Service:
    """A service, and the AWX that runs its playbooks."""

    def __init__(self, directory: pathlib.Path, root: pathlib.Path, url: str) -> None:
        (directory / "token").write_text(TOKEN)
        sites = directory / "sites.yml"
        sites.write_text(json.dumps({"paas_sites": {"hosts": {"here": SITE}}}))
        config = directory / "paas.toml"
        config.write_text(
            f'home = "{directory / "home"}"\nsites = "{sites}"\nallow_external = true\n[execution]\nby = "awx"\n'
            f'[execution.awx]\nurl = "{url}"\ntoken_file = "{directory / "token"}"\npoll = 0.5\n'
        )
        self.home = directory / "home"
        self.settings = read(config, {})
        self.desk = Desk(self.settings)
        self.store = open_store(self.settings.engine().home.database)
        collections = f"{root / 'collections'}:{root / 'tests' / 'collections'}"
        self._env = {**os.environ, "INDIGO_PAAS_CONFIG": str(config), "ANSIBLE_COLLECTIONS_PATH": collections}
        self._root = root
        self._worker: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with open(self.home / "worker.txt", "ab") as log:
            self._worker = subprocess.Popen(
                [str(pathlib.Path(sys.executable).parent / "indigo-paas"), "worker"],
                env=self._env,
                cwd=self._root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def wait(self, uuid: str) -> str:
        def at_rest() -> str:
            row = self.store.deployment_with_uuid(uuid)
            state = row.status if row else "GONE"
            return state if state in AT_REST and not self.store.jobs.open(uuid) else ""

        try:
            return cast(str, wait_until(at_rest, 900))
        except AssertionError:
            logs = [file.read_text()[-3000:] for file in [self.home / "worker.txt", *self.home.glob("logs/*.txt")]]
            raise AssertionError("\n".join(logs)) from None

    def close(self) -> None:
        if self._worker:
            self._worker.terminate()
            self._worker.wait(60)
        self.desk.close()
        self.store.close()


@pytest.fixture
def trusting(request: pytest.FixtureRequest) -> bool:
    """Whether AWX takes extra variables for templates."""
    return bool(getattr(request, "param", False))


@pytest.fixture
def awx(trusting: bool, tmp_path: pathlib.Path, root: pathlib.Path) -> Iterator[tuple[Server, str]]:
    """An AWX with the project, the inventory and the job templates that awx/ makes."""
    groups = list(yaml.safe_load((root / "awx" / "project" / "inventory" / "sites.yml").read_text()))
    inventory = {
        "all": {"children": groups},
        "paas_sites": {"hosts": ["here"]},
        "_meta": {"hostvars": {"here": SITE}},
    }
    environment = {"ANSIBLE_COLLECTIONS_PATH": f"{root / 'collections'}:{root / 'tests' / 'collections'}"}
    server = Server(Real(tmp_path, root / "awx" / "project", inventory, environment, trusting), lag=0.2)
    settings = yaml.safe_load((root / "awx" / "settings.yml").read_text())
    for playbook, name in settings["awx_service"].items():
        server.template(name, f"service/{playbook}.yml", extra_vars={"paas_public_key": "ssh-ed25519 AAAA awx"})
    with server.running() as url:
        yield server, url


@pytest.fixture
def service(tmp_path: pathlib.Path, root: pathlib.Path, awx: tuple[Server, str]) -> Iterator[Service]:
    for path in (NOTE, LEASE_HERE):
        if path.exists():
            pytest.fail(f"This machine is in use: {path} is there already")
    made = Service(tmp_path, root, awx[1])
    yield made
    made.close()
    NOTE.unlink(missing_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if json.loads(LEASE_HERE.read_text())["deployment"] in {job.extra_vars["paas_name"] for job in awx[0].jobs}:
            LEASE_HERE.unlink()


def test_the_names_of_the_job_templates_are_those_that_the_settings_have(root):
    made = yaml.safe_load((root / "awx" / "settings.yml").read_text())["awx_service"]
    assert {f"indigo.paas.{playbook}": name for playbook, name in made.items()} == Awx().templates.by_playbook()


@pytest.mark.parametrize("trusting", [False, True], ids=["usual", "trusting"], indirect=True)
def test_a_life(service, awx, root):
    server, _url = awx
    template = (root / "tests/templates/notes.yaml").read_text()
    uuid = service.desk.create(OWNER, Asked(template, {"text": HOSTILE})).uuid
    service.start()
    assert service.wait(uuid) == "CREATE_COMPLETE", service.store.deployment_with_uuid(uuid)
    row = service.desk.deployment(OWNER, uuid)
    assert NOTE.read_text() == HOSTILE
    assert json.loads(LEASE_HERE.read_text())["deployment"] == uuid
    assert row.outputs["path"] == str(NOTE)
    assert row.outputs["text"] == HOSTILE
    (node,) = row.nodes
    assert (node["site"], node["ansible_connection"]) == ("here", "local")
    log = service.desk.log(OWNER, uuid)
    assert "Make the nodes" in log
    assert "Check the services" in log
    assert Kind.WARNING not in {event.kind for _number, event in service.store.events(uuid)}, log

    service.desk.update(OWNER, uuid, Asked(template, {"text": "another one"}))
    assert service.wait(uuid) == "UPDATE_COMPLETE", service.store.deployment_with_uuid(uuid)
    assert NOTE.read_text() == "another one"

    service.desk.delete(OWNER, uuid)
    assert service.wait(uuid) == "GONE"
    assert not NOTE.exists()
    assert not LEASE_HERE.exists()
    ran = [(job.template.playbook, job.status) for job in server.jobs]
    assert ran == [
        ("service/deploy.yml", "successful"),
        ("service/deploy.yml", "successful"),
        ("service/destroy.yml", "successful"),
    ]
    assert not list((service.home / "deployments").glob("*"))
    assert TOKEN not in "".join(file.read_text() for file in service.home.glob("logs/*.txt"))


def test_a_run_whose_process_is_killed_is_not_run_twice_at_a_time(service, awx, root):
    server, _url = awx
    uuid = service.desk.create(OWNER, Asked((root / "tests/templates/notes.yaml").read_text())).uuid
    service.start()
    wait_until(lambda: server.jobs and server.jobs[0].written)
    (job,) = service.store.jobs.open(uuid)
    os.kill(job.pid, signal.SIGKILL)
    assert service.wait(uuid) == "CREATE_COMPLETE", service.store.deployment_with_uuid(uuid)
    assert [job.status for job in server.jobs] == ["canceled", "successful"]
    assert server.jobs[0].ended < server.jobs[1].began
    service.desk.delete(OWNER, uuid)
    assert service.wait(uuid) == "GONE"


def test_a_failure_comes_with_the_reason_of_the_playbook(service, awx, root):
    server, _url = awx
    # AWX's site is another one than the service's.
    server.work.inventory["_meta"]["hostvars"]["here"] = {**SITE, "site_hosts": []}
    uuid = service.desk.create(OWNER, Asked((root / "tests/templates/notes.yaml").read_text())).uuid
    service.start()
    assert service.wait(uuid) == "CREATE_FAILED"
    reason = service.desk.deployment(OWNER, uuid).reason
    assert reason.startswith("Plan the deployment: "), reason
    assert [job.status for job in server.jobs] == ["failed"]
