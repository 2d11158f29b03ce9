"""Metrics at `/metrics`, in the format of Prometheus."""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from qunce.console import health_checks, http

LOOPBACK_ADDRESSES = frozenset({"127.0.0.1", "::1"})
DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable by which the client shares what several processes count."""
FORWARDING_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Real-Ip")


@require_safe
@http.public
def metrics(request: HttpRequest) -> HttpResponse:
    """Return all metrics to a client with the token, or to this machine if none is set."""
    if not _may_read(request):
        return HttpResponse(status=403)
    content = generate_latest(_registry())
    return HttpResponse(content, content_type=CONTENT_TYPE_LATEST)


def _registry() -> CollectorRegistry:
    """What this process counts, or the sums of all processes of the server."""
    if DIRECTORY not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    collector: Any = MultiProcessCollector
    collector(registry)
    registry.register(StateCollector())
    return registry


def _may_read(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        header = request.headers.get("Authorization", "").encode()
        expected = f"Bearer {settings.METRICS_TOKEN}".encode()
        return hmac.compare_digest(header, expected)
    # Behind a proxy on this machine every client has a loopback address.
    is_forwarded = any(name in request.headers for name in FORWARDING_HEADERS)
    is_local = request.META.get("REMOTE_ADDR") in LOOPBACK_ADDRESSES
    return is_local and not is_forwarded


class StateCollector(Collector):
    """Gauges of the installation's health, measured when Prometheus asks."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        state = health_checks.measure(at=http.now())
        for name, description, value in (
            ("qunce_facts_waiting", "Facts not counted yet", state.lag),
            ("qunce_work_due", "Jobs that are due and not done", state.due),
            ("qunce_work_failed", "Jobs given up after ten attempts", state.failed),
            ("qunce_healthy", "1 if /healthz reports ok", int(not state.problems)),
        ):
            yield GaugeMetricFamily(name, description, value=value)

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Return nothing, because registering must not query the database."""
        return iter(())


REGISTRY.register(StateCollector())
