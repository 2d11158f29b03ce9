"""Actions on sets of groups and clean-ups."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.core import errors
from qunce.groups.overlaps import clean_ups, group_sets


@require_POST
@http.page(group_sets.MANAGE)
def archive(request: http.Request, pk: int) -> HttpResponse:
    row = group_sets.get(pk=pk, by=request.staff)
    group_sets.archive(group_set=row, by=request.staff, at=request.at)
    http.flash(request, _("“%(name)s” is archived.") % {"name": row})
    return http.redirect_back(request, reverse("overlaps:list"))


@require_POST
@http.page(group_sets.MANAGE)
def start(request: http.Request, pk: int) -> HttpResponse:
    row = group_sets.get(pk=pk, by=request.staff)
    text = request.POST.get("expected", "")
    expected = int(text) if text.isascii() and text.isdigit() and len(text) < 8 else -1
    try:
        run = clean_ups.start(
            group_set=row, expected=expected, by=request.staff, at=request.at
        )
    except errors.Refused as error:
        http.flash(request, str(error), level="bad")
        return http.redirect_back(request, reverse("overlaps:preview", args=[pk]))
    return http.redirect_back(request, reverse("overlaps:run", args=[run.pk]))


@require_POST
@http.page(group_sets.MANAGE)
def approve(request: http.Request, pk: int) -> HttpResponse:
    run = clean_ups.get(pk=pk, by=request.staff)
    clean_ups.approve(clean_up=run, by=request.staff, at=request.at)
    return http.redirect_back(request, reverse("overlaps:run", args=[pk]))


@require_POST
@http.page(group_sets.MANAGE)
def refuse(request: http.Request, pk: int) -> HttpResponse:
    run = clean_ups.get(pk=pk, by=request.staff)
    clean_ups.refuse(clean_up=run, by=request.staff, at=request.at)
    return http.redirect_back(request, reverse("overlaps:run", args=[pk]))


@require_POST
@http.page(group_sets.MANAGE)
def undo(request: http.Request, pk: int) -> HttpResponse:
    run = clean_ups.get(pk=pk, by=request.staff)
    invited = clean_ups.undo(clean_up=run, by=request.staff, at=request.at)
    text = ngettext(
        "%(n)s person is invited back. What was left is cancelled.",
        "%(n)s people are invited back. What was left is cancelled.",
        invited,
    )
    http.flash(request, text % {"n": f"{invited:,}"})
    return http.redirect_back(request, reverse("overlaps:run", args=[pk]))
