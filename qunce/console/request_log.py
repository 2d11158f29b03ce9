"""One log line per request, and the request metrics of `/metrics`.

A line names the route and never the URL, so that search terms stay out of the log.
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
"""Requested every few seconds, so they are logged at debug level only."""
STANDARD_METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
)

log = structlog.get_logger("qunce.request")
requests_total = Counter(
    "qunce_requests_total", "Requests answered", ["route", "method", "status"]
)
request_seconds = Histogram(
    "qunce_request_seconds",
    "Seconds until the response began",
    ["route"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 10),
)


class RequestLogMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # The ID that a proxy has set, so that both logs agree, or a new one.
        header = request.headers.get(HEADER, "")
        is_valid = VALID_REQUEST_ID.fullmatch(header)
        request_id = header if is_valid else secrets.token_hex(8)
        start = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
            _log_request(request, response, time.perf_counter() - start)
        response[HEADER] = request_id
        return response


def _log_request(
    request: HttpRequest, response: HttpResponseBase, duration: float
) -> None:
    match = request.resolver_match
    route = match.route if match else "(none)"
    # A client can invent methods, and each would become a metric of its own.
    method = request.method if request.method in STANDARD_METHODS else "(other)"
    requests_total.labels(route, method, response.status_code).inc()
    request_seconds.labels(route).observe(duration)
    # Of the console, or behind the key of an API call.
    staff = getattr(request, "staff", None) or getattr(request, "by", None)
    log_at_level = log.debug if route in MONITORING_ROUTES else log.info
    log_at_level(
        "request",
        method=method,
        route=route,
        status=response.status_code,
        ms=round(duration * 1000, 1),
        staff=getattr(staff, "pk", None),
        api_key=getattr(getattr(request, "key", None), "pk", None),
    )
