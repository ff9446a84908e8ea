# SPDX-License-Identifier: Apache-2.0
"""What Prometheus may know: how requests are answered, and how deployments and jobs are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

CONTENT_TYPE = CONTENT_TYPE_LATEST

# Seconds: a plan takes some of them, all else is a matter of milliseconds.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The metrics of one app, in a registry of their own.

    counts: gives what `Desk.counts` gives, anew each time.
    """

    def __init__(self, counts: Callable[[], Mapping[str, Any]]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Counts(counts))
        self._requests = Histogram(
            "indigo_paas_request_seconds",
            "How long requests took.",
            ["method", "route", "status"],
            registry=self._registry,
            buckets=_BUCKETS,
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request. route: as it is declared, so that no id makes a series of its own."""
        # Whoever asks may invent methods.
        known = method if method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS") else "other"
        self._requests.labels(known, route, str(status)).observe(seconds)

    def text(self) -> bytes:
        return generate_latest(self._registry)


class _Counts(Collector):
    def __init__(self, counts: Callable[[], Mapping[str, Any]]) -> None:
        self._counts = counts

    def describe(self) -> Iterator[Metric]:
        """Name nothing beforehand: the store is asked when somebody wants to know, not when the app is made."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        counts = self._counts()
        deployments = GaugeMetricFamily("indigo_paas_deployments", "Deployments by status.", labels=["status"])
        for status, number in sorted(counts["deployments"].items()):
            deployments.add_metric([status], number)
        yield deployments
        yield GaugeMetricFamily("indigo_paas_jobs_queued", "Jobs that wait.", value=counts["queued"])
        yield GaugeMetricFamily("indigo_paas_jobs_running", "Jobs that are being done.", value=counts["running"])
        ended = SummaryMetricFamily("indigo_paas_job_seconds", "How long ended jobs took.", labels=["kind", "state"])
        for (kind, state), (number, seconds) in sorted(counts["ended"].items()):
            ended.add_metric([kind, state], number, seconds)
        yield ended
