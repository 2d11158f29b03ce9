"""Actions on series: start, pause, archive, and leaving one occurrence out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.core import errors, timestamps
from qunce.outreach import review_digests
from qunce.outreach.series import occurrences
from qunce.outreach.series import series as store
from qunce.outreach.series.series import SeriesNotFound

MAX_MICROS = 10**16


@require_POST
@http.page(store.MANAGE)
def start(request: http.Request, pk: int) -> HttpResponse:
    """Start the series that the page showed, or show what it is now."""
    digest = http.shown_digest(request)
    return _act(request, pk, store.start, _("Posted from now on."), digest=digest)


@require_POST
@http.page(store.MANAGE)
def pause(request: http.Request, pk: int) -> HttpResponse:
    return _act(request, pk, store.pause, _("Paused. Nothing is posted."))


@require_POST
@http.page(store.MANAGE)
def archive(request: http.Request, pk: int) -> HttpResponse:
    return _act(request, pk, store.archive, _("Archived. Its numbers stay."))


@require_POST
@http.page(store.MANAGE)
def skip(request: http.Request, pk: int, micros: int) -> HttpResponse:
    return _act(
        request,
        pk,
        occurrences.skip,
        _("Left out."),
        undo=reverse("series:restore", args=[pk, micros]),
        slot_at=_moment(micros),
    )


@require_POST
@http.page(store.MANAGE)
def restore(request: http.Request, pk: int, micros: int) -> HttpResponse:
    done = _("It is posted after all.")
    return _act(request, pk, occurrences.restore, done, slot_at=_moment(micros))


def _moment(micros: int) -> Any:
    if micros > MAX_MICROS:
        raise SeriesNotFound(_("The series has no occurrence at this time."))
    return timestamps.from_micros(micros)


def _act(
    request: http.Request,
    pk: int,
    verb: Callable[..., None],
    done: str,
    *,
    undo: str | None = None,
    **fields: Any,
) -> HttpResponse:
    series = store.get(by=request.staff, pk=pk)
    try:
        verb(series=series, by=request.staff, at=request.at, **fields)
    except (errors.Invalid, review_digests.ChangedSinceReview) as error:
        http.flash(request, str(error), level="bad")
    else:
        http.flash(request, done, undo=undo)
    return http.redirect_back(request, reverse("series:detail", args=[pk]))
