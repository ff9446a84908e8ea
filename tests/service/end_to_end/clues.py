# SPDX-License-Identifier: Apache-2.0
"""A client that asks as the elasticity manager CLUES does, with its power manager for the INDIGO Orchestrator.

It lists the resources page by page, takes the oldest for the front end, and edits the template that the server gives:
a literal number of workers, the name of the new one, the UUIDs of those that go. Its PUT carries the template alone.
Of the pool it reads, as its plug-in for HTCondor does, the names of the machines and the jobs that wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import docker
import requests
import yaml

COMPUTE = "tosca.nodes.indigo.Compute"
WORKER = "tosca.nodes.indigo.LRMS.WorkerNode"
PAGE_SIZE = 20
PERIOD = 2.0

Data = dict[str, Any]


class Lrms:
    """What the front end of a deployment's HTCondor pool says of it."""

    def __init__(self, deployment: str) -> None:
        self._deployment = deployment

    def machines(self) -> list[str]:
        """Return the names of the machines: each must be the one that was asked for, to the letter."""
        return sorted(self._ask("condor_status", "-startd", "-af", "Name").split())

    def demand(self) -> int:
        """Return how many processors the jobs that wait ask for: 1 is the status of one that does."""
        jobs = [
            line.split() for line in self._ask("condor_q", "-allusers", "-af", "JobStatus", "RequestCpus").splitlines()
        ]
        return sum(int(cpus) for state, cpus in jobs if state == "1")

    def _ask(self, *command: str) -> str:
        labels = [f"indigo.paas.deployment={self._deployment}", "indigo.paas.group=fe_server"]
        [front] = docker.from_env().containers.list(filters={"label": labels})
        status, output = front.exec_run(list(command))
        assert status == 0, output.decode()
        return str(output.decode())


class Clues:
    """The power manager of one cluster: a deployment at the server URL."""

    def __init__(self, url: str, deployment: str, token: str, patience: float = 180.0) -> None:
        self._base = f"{url}/deployments/{deployment}"
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token}"
        self._patience = patience

    def resources(self) -> list[Data]:
        """Return the machines, those of the network between sites aside."""
        found: list[Data] = []
        page = pages = 0
        while page <= pages:
            answer = self._json("GET", f"/resources?size={PAGE_SIZE}&page={page}")
            found += answer["content"]
            page, pages = page + 1, answer["page"]["totalPages"] - 1
        return [
            each
            for each in found
            if each["toscaNodeType"] == COMPUTE and not each["toscaNodeName"].startswith("indigovr")
        ]

    def workers(self) -> list[Data]:
        """Return the machines but the front end, which is what was made in the oldest minute."""
        machines = self.resources()
        oldest = min(each["creationTime"] for each in machines)
        return [each for each in machines if each["creationTime"] != oldest]

    def may_act(self) -> bool:
        return not self.status().endswith("_IN_PROGRESS")

    def status(self) -> str:
        return str(self._json("GET", "")["status"])

    def template(self) -> Data:
        answer = self._session.get(f"{self._base}/template", headers={"Accept": "text/plain"}, timeout=60)
        answer.raise_for_status()
        found: Data = yaml.safe_load(answer.text)
        return found

    def power_on(self, name: str) -> Data:
        """Ask for one more worker called NAME, and return its resource when the server shows it."""
        before = {each["uuid"] for each in self.resources()}
        document = self.template()
        capabilities = self._worker(document)["capabilities"]
        count = capabilities["scalable"]["properties"]["count"]
        capabilities["scalable"]["properties"]["count"] = (count if isinstance(count, int) else 0) + 1
        capabilities.setdefault("endpoint", {}).setdefault("properties", {})["dns_name"] = name
        self._update(document)
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline:
            new = [each for each in self.resources() if each["uuid"] not in before]
            if new:
                return new[0]
            time.sleep(PERIOD)
        raise TimeoutError(f"No resource for {name} after {self._patience:.0f} s")

    def power_off(self, *uuids: str) -> None:
        """Ask that the workers with these UUIDs go."""
        document = self.template()
        scalable = self._worker(document)["capabilities"]["scalable"]["properties"]
        scalable["count"] -= len(uuids)
        scalable["removal_list"] = list(uuids)
        self._update(document)

    def wait(self, seconds: float = 600.0, look: Callable[[], Any] = lambda: None) -> str:
        """Return the status that the deployment comes to rest in; LOOK is called again and again meanwhile."""
        deadline = time.monotonic() + seconds
        while not self.may_act():
            look()
            if time.monotonic() > deadline:
                raise TimeoutError(f"Still {self.status()} after {seconds:.0f} s")
            time.sleep(PERIOD)
        return self.status()

    def _worker(self, document: Data) -> Data:
        templates = document["topology_template"]["node_templates"]
        hosts = [
            requirement["host"]
            for node in templates.values()
            if node["type"].startswith(WORKER)
            for requirement in node["requirements"]
            if "host" in requirement
        ]
        found: Data = templates[hosts[0]]
        return found

    def _update(self, document: Data) -> None:
        answer = self._session.put(self._base, json={"template": yaml.safe_dump(document)}, timeout=60)
        assert answer.status_code == 202, answer.text

    def _json(self, method: str, path: str) -> Any:
        answer = self._session.request(method, f"{self._base}{path}", timeout=60)
        answer.raise_for_status()
        return answer.json()
