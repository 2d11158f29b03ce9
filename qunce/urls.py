"""The URLs, and what answers when none of their views does."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path

from qunce.api import middleware as api
from qunce.console import errors, health_checks, metrics
from qunce.console.login import middleware as console
from qunce.members.personal_links import links
from qunce.portal import http as portal

handler400 = "qunce.urls.bad_request"
handler403 = "qunce.urls.forbidden"
handler404 = "qunce.urls.not_found"
handler500 = "qunce.urls.server_error"
API = "/api/"
"""Below it, programs get problem documents and never a page."""

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health_checks.healthz),
    path("metrics", metrics.metrics),
    path("api/v1/", include("qunce.api.urls")),
    path("", include("qunce.portal.urls")),
    path("", include("qunce.console.urls")),
]


def is_of_api(request: HttpRequest) -> bool:
    return request.path.startswith(API)


def is_of_members(request: HttpRequest) -> bool:
    return request.path.startswith(links.PATH)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_of_api(request):
        return api.problem(request, 400)
    if is_of_members(request):
        return portal.bad_request(request)
    return errors.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_of_api(request):
        return api.problem(request, 403)
    if is_of_members(request):
        return portal.bad_request(request, 403)
    return errors.forbidden(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_of_api(request):
        return api.problem(request, 404)
    if is_of_members(request):
        return portal.not_found(request)
    return errors.not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if is_of_api(request):
        return api.problem(request, 500, sys.exc_info()[1])
    if is_of_members(request):
        return portal.server_error(request)
    return errors.server_error(request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if is_of_api(request):
        return api.problem(request, 403)
    return console.csrf_failure(request, reason)
