"""Actions on webhooks and their deliveries."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.channels.webhooks import deliveries, endpoints
from qunce.channels.webhooks.endpoints import Endpoint
from qunce.console import http
from qunce.console.http import Request


def _flash_and_redirect(
    request: Request, endpoint: Endpoint, text: str
) -> HttpResponse:
    http.flash(request, text % {"name": endpoint})
    return http.redirect_back(request, reverse("webhooks:detail", args=[endpoint.pk]))


@require_POST
@http.page(endpoints.MANAGE)
def pause(request: Request, pk: int) -> HttpResponse:
    endpoint = endpoints.get(by=request.staff, pk=pk)
    endpoints.pause(endpoint=endpoint, by=request.staff, at=request.at)
    return _flash_and_redirect(
        request,
        endpoint,
        _("“%(name)s” is paused. Nothing is queued for it while it is paused."),
    )


@require_POST
@http.page(endpoints.MANAGE)
def resume(request: Request, pk: int) -> HttpResponse:
    endpoint = endpoints.get(by=request.staff, pk=pk)
    endpoints.resume(endpoint=endpoint, by=request.staff, at=request.at)
    return _flash_and_redirect(
        request, endpoint, _("“%(name)s” is notified again from now on.")
    )


@require_POST
@http.page(endpoints.MANAGE)
def renew_secret(request: Request, pk: int) -> HttpResponse:
    endpoint = endpoints.get(by=request.staff, pk=pk)
    endpoints.renew_secret(endpoint=endpoint, by=request.staff, at=request.at)
    return _flash_and_redirect(
        request, endpoint, _("“%(name)s” has a new secret; copy it now.")
    )


@require_POST
@http.page(endpoints.MANAGE)
def send_test(request: Request, pk: int) -> HttpResponse:
    endpoint = endpoints.get(by=request.staff, pk=pk)
    deliveries.send_test(endpoint=endpoint, by=request.staff, at=request.at)
    return _flash_and_redirect(request, endpoint, _("Sending a test to “%(name)s”."))


@require_POST
@http.page(endpoints.MANAGE)
def delete(request: Request, pk: int) -> HttpResponse:
    endpoint = endpoints.get(by=request.staff, pk=pk)
    endpoints.delete(endpoint=endpoint, by=request.staff, at=request.at)
    http.flash(request, _("“%(name)s” removed.") % {"name": endpoint})
    return http.redirect_back(request, reverse("webhooks:list"))


@require_POST
@http.page(endpoints.MANAGE)
def retry_delivery(request: Request, pk: int, delivery: int) -> HttpResponse:
    endpoint = endpoints.get(by=request.staff, pk=pk)
    row = deliveries.get(endpoint, delivery)
    deliveries.retry(delivery=row, by=request.staff, at=request.at)
    return _flash_and_redirect(request, endpoint, _("Sending to “%(name)s” again."))
