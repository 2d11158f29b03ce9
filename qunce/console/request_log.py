"""One line of log for each request, and the figures of `/metrics`.

A line names the route and never the address: what somebody searched for stays with them.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponseBase
from prometheus_client import Counter, Histogram

HEADER = "X-Request-ID"
VALID_REQUEST_ID = re.compile(r"[\w-]{8,64}", re.ASCII)
MONITORING_ROUTES = frozenset({"healthz", "metrics"})
"""Asked every few seconds by machines: told only to who wants every detail."""

log = structlog.get_logger("qunce.request")
requests_total = Counter(
    "qunce_requests_total", "Requests answered", ["route", "method", "status"]
)
request_seconds = Histogram(
    "qunce_request_seconds",
    "Seconds until an answer began",
    ["route"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 10),
)


class RequestLogMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        number = _request_id(request)
        start = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=number):
            answer = self.get_response(request)
            _log_request(request, answer, time.perf_counter() - start)
        answer[HEADER] = number
        return answer


def _request_id(request: HttpRequest) -> str:
    """The one that a proxy gave it, so that both logs tell the same."""
    given = request.headers.get(HEADER, "")
    return given if VALID_REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _log_request(request: HttpRequest, answer: HttpResponseBase, took: float) -> None:
    match = request.resolver_match
    route = match.route if match else "(none)"
    method = request.method if request.method in STANDARD_METHODS else "(other)"
    requests_total.labels(route, method, answer.status_code).inc()
    request_seconds.labels(route).observe(took)
    tell = log.debug if route in MONITORING_ROUTES else log.info
    tell(
        "request",
        method=method,
        route=route,
        status=answer.status_code,
        ms=round(took * 1000, 1),
        staff=getattr(getattr(request, "staff", None), "pk", None),
    )


STANDARD_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
