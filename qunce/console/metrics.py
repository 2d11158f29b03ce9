"""`/metrics`: what a Prometheus reads."""

from __future__ import annotations

import hmac
from collections.abc import Iterator

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from qunce.console import health, http

LOOPBACK_ADDRESSES = frozenset({"127.0.0.1", "::1"})
FORWARDING_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Real-Ip")


@require_safe
@http.public
def metrics(request: HttpRequest) -> HttpResponse:
    """With the token; where none is set, to this machine alone."""
    if not _may_read(request):
        return HttpResponse(status=403)
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").encode()
        return hmac.compare_digest(given, f"Bearer {settings.METRICS_TOKEN}".encode())
    # Through a proxy of this machine everybody would seem to be near.
    passed_on = any(name in request.headers for name in FORWARDING_HEADERS)
    return request.META.get("REMOTE_ADDR") in LOOPBACK_ADDRESSES and not passed_on


class StateCollector(Collector):
    """How the installation stands, looked up when it is asked."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        found = health.measure(at=http.now())
        for name, about, value in (
            ("qunce_facts_waiting", "Facts not counted yet", found.lag),
            ("qunce_work_due", "Duties that are due and not done", found.due),
            ("qunce_work_failed", "Duties given up after ten tries", found.failed),
            ("qunce_healthy", "1 while /healthz says ok", int(not found.problems)),
        ):
            yield GaugeMetricFamily(name, about, value=value)

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing: registering must not ask the database."""
        return iter(())


REGISTRY.register(StateCollector())
