"""Actions on welcomes."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.outreach import review_digests
from qunce.outreach.welcomes import fingerprints, welcomes


@require_POST
@http.page(welcomes.VIEW)
def move(request: http.Request, pk: int) -> HttpResponse:
    welcome = welcomes.get(by=request.staff, pk=pk)
    text = request.POST.get("position", "")
    position = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else -1
    welcomes.move(welcome=welcome, position=position, by=request.staff, at=request.at)
    http.flash(request, _("“%(name)s” was moved.") % {"name": welcome})
    return http.redirect_back(request, reverse("welcomes:list"))


@require_POST
@http.page(welcomes.VIEW)
def switch_on(request: http.Request, pk: int) -> HttpResponse:
    """Switch the welcome on that the page showed, or show what it is now."""
    welcome = welcomes.get(by=request.staff, pk=pk)
    digest = http.shown_digest(request)
    try:
        welcomes.switch_on(
            welcome=welcome, digest=digest, by=request.staff, at=request.at
        )
    except review_digests.ChangedSinceReview as error:
        http.flash(request, str(error), level="bad")
        return http.redirect_back(request, reverse("welcomes:detail", args=[pk]))
    http.flash(
        request,
        _("“%(name)s” is sent for joins from now on.") % {"name": welcome},
        undo=reverse("welcomes:off", args=[pk]),
    )
    return http.redirect_back(request, reverse("welcomes:list"))


@require_POST
@http.page(welcomes.VIEW)
def switch_off(request: http.Request, pk: int) -> HttpResponse:
    welcome = welcomes.get(by=request.staff, pk=pk)
    welcomes.switch_off(welcome=welcome, by=request.staff, at=request.at)
    digest = fingerprints.digest(welcome)
    http.flash(
        request,
        _("“%(name)s” is switched off. What waits to be posted stays.")
        % {"name": welcome},
        undo=f"{reverse('welcomes:on', args=[pk])}?digest={digest}",
    )
    return http.redirect_back(request, reverse("welcomes:list"))


@require_POST
@http.page(welcomes.VIEW)
def archive(request: http.Request, pk: int) -> HttpResponse:
    welcome = welcomes.get(by=request.staff, pk=pk)
    welcomes.archive(welcome=welcome, by=request.staff, at=request.at)
    http.flash(request, _("“%(name)s” is archived.") % {"name": welcome})
    return http.redirect_back(request, reverse("welcomes:list"))
