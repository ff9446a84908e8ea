# Copyright (c) 2026 The indigo.paas authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that answers as SLAM, CMDB and the monitoring are documented to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

RECAS, UPV = "provider-RECAS-BARI", "provider-UPV-GRyCAP"
NOVA, ONE, MARATHON = "nova-service", "one-service", "marathon-service"


def sla(name: str, provider: str, service: str, targets: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "customer": "my experiment",
        "provider": provider,
        "start_date": "11.01.2016+15:50:00",
        "end_date": "31.12.2030+23:59:59",
        "services": [{"type": "compute", "service_id": service, "targets": targets}],
        "id": name,
        **more,
    }


def target(kind: str, unit: str, **restrictions: float) -> dict[str, Any]:
    return {"type": kind, "unit": unit, "restrictions": restrictions}


def preferences() -> dict[str, Any]:
    """Return a new answer of GET /preferences/{customer}."""
    priority = [
        {"sla_id": "sla-recas", "service_id": NOVA, "weight": 7},
        {"sla_id": "sla-upv", "service_id": ONE},
        {"sla_id": "sla-that-is-gone", "service_id": NOVA, "weight": 99},
    ]
    return {
        "preferences": [
            {
                "customer": "my experiment",
                "preferences": [{"service_type": "compute", "priority": priority}],
                "id": "preferences-1",
            }
        ],
        "sla": [
            sla("sla-recas", RECAS, NOVA, [target("computing_time", "h", total_guaranteed=6000)]),
            sla("sla-upv", UPV, ONE, [target("public_ip", "none", total_limit=100, total_guaranteed=10)]),
        ],
    }


def service(name: str, provider: str, kind: str, service_type: str, **data: str) -> dict[str, Any]:
    summary = {"provider_id": provider, "type": kind}
    document = {
        "_id": name,
        "_rev": "1-x",
        "type": "service",
        "data": {**summary, "service_type": service_type, **data},
    }
    return {"id": name, "key": [provider, "services"], "value": summary, "doc": document}


def services(provider: str) -> dict[str, Any]:
    """Return a new answer of GET /provider/id/{provider}/has_many/services?include_docs=true."""
    rows = {
        RECAS: [
            service(NOVA, RECAS, "compute", "org.openstack.nova", endpoint="https://cloud.example.org:5000/v3"),
            service(
                MARATHON,
                RECAS,
                "paas",
                "eu.indigo-datacloud.marathon",
                endpoint="https://marathon.example.org",
                service_parent_id=NOVA,
            ),
            service(
                "disk", RECAS, "storage", "eu.egi.cloud.storage-management.oneprovider", endpoint="one.example.org"
            ),
        ],
        UPV: [service(ONE, UPV, "compute", "eu.egi.cloud.vm-management.opennebula", endpoint="https://one.upv.es")],
    }.get(provider, [])
    return {"total_rows": 60, "offset": 49, "rows": rows}


def metric(name: str, value: float, unit: str = "ms", time: str = "2026-01-01T00:00:00Z") -> dict[str, Any]:
    return {
        "metricName": name,
        "metricKey": f"x.{name}",
        "metricValue": value,
        "metricTime": time,
        "metricUnit": unit,
        "paasThresholds": [],
        "historyClocks": [],
        "historyValues": [],
    }


def monitored(provider: str) -> dict[str, Any]:
    """Return a new answer of GET .../groups/{provider}."""
    never = "Instant null because no metrics were returned in the last 24hs"
    machines = {
        RECAS: {
            NOVA: [
                metric("Create VM Result", 1, "bit"),
                metric("Create VM Response Time", 10000),
                metric("Inspect VM Response Time", 10000),
                metric("Delete VM Response Time", 0, time=never),
            ],
            MARATHON: [metric("create_result", 0, "bit")],
        },
        UPV: {ONE: [metric("OCCI Create VM availability", 0, "bit", never)]},
    }.get(provider, {})
    paas = [
        {
            "machineName": name,
            "ip": "127.0.0.1",
            "serviceCategory": "",
            "serviceId": "ID",
            "services": [{"serviceName": "", "paasMetrics": metrics}],
        }
        for name, metrics in machines.items()
    ]
    group = {"groupName": provider, "paasMachines": paas}
    return {"meta": {"status": 200, "additionalProperties": {}}, "result": {"groups": [group]}}


class Services:
    """The three services at one address.

    faults   the status codes of the next answers
    wanted   the token without which nothing is answered; None where the services are open
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.tokens: set[str | None] = set()
        self.faults: list[int] = []
        self.wanted: str | None = None
        self.overrides: dict[str, bytes] = {}
        handler = type("Handler", (_Handler,), {"services": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def ranking(self, **more: Any) -> dict[str, Any]:
        return {
            "customer": "my experiment",
            "slam": f"{self.url}/slam/",
            "cmdb": f"{self.url}/cmdb",
            "monitoring": self.url,
            **more,
        }

    def answer(self, path: str) -> tuple[int, bytes]:
        split = urlsplit(path)
        self.asked.append(unquote(split.path))
        if self.faults:
            return self.faults.pop(0), b"{}"
        match [unquote(part) for part in split.path.split("/")[1:]]:
            case ["slam", "preferences", customer]:
                known = customer == "my experiment"
                body = preferences() if known else {"message": "unknown customer"}
                return self._json(path, 200 if known else 404, body)
            case ["cmdb", "provider", "id", provider, "has_many", "services"]:
                assert parse_qs(split.query) == {"include_docs": ["true"]}
                return self._json(path, 200, services(provider))
            case ["monitoring", "adapters", "zabbix", "zones", "indigo", "types", "infrastructure", "groups", provider]:
                return self._json(path, 200, monitored(provider))
        return 404, b"no such path"

    def _json(self, path: str, status: int, body: Any) -> tuple[int, bytes]:
        for part, content in self.overrides.items():
            if part in path:
                return 200, content
        return status, json.dumps(body).encode()


class _Handler(BaseHTTPRequestHandler):
    services: Services

    def do_GET(self) -> None:
        token = self.headers.get("Authorization")
        self.services.tokens.add(token)
        known = self.services.wanted is None or token == f"Bearer {self.services.wanted}"
        status, content = self.services.answer(self.path) if known else (401, b"{}")
        self.send_response(status)
        if status in (301, 302):
            self.send_header("Location", "http://127.0.0.1:1/stolen")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """SLAM, CMDB and monitoring at one address of this machine."""
    from ansible_collections.indigo.paas.plugins.module_utils.evidence import sources

    monkeypatch.setattr(sources, "PAUSE", 0.01)
    running = Services()
    yield running
    running.stop()
