"""Actions on persona cards."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.core import errors
from qunce.insight.portraits import persona_cards
from qunce.members.segments.segments import Segment


@require_POST
@http.page(persona_cards.EDIT)
def save_card(request: http.Request, segment_pk: int) -> HttpResponse:
    segment = _get_segment(request, segment_pk)
    try:
        persona_cards.save(
            segment=segment,
            by=request.staff,
            at=request.at,
            **{name: request.POST.get(name, "") for name in persona_cards.LENGTHS},
        )
    except errors.Invalid as error:
        http.flash(request, str(error))
    else:
        http.flash(request, _("Saved."))
    return http.redirect_back(request, _portrait_url(segment))


@require_POST
@http.page(persona_cards.EDIT)
def remove_card(request: http.Request, segment_pk: int) -> HttpResponse:
    segment = _get_segment(request, segment_pk)
    persona_cards.remove(segment=segment, by=request.staff, at=request.at)
    http.flash(request, _("The persona card is removed."))
    return http.redirect_back(request, _portrait_url(segment))


def _get_segment(request: http.Request, pk: int) -> Segment:
    rows = Segment.objects.select_related("community")
    return get_object_or_404(rows, community=request.community, pk=pk)


def _portrait_url(segment: Segment) -> str:
    query = urlencode({"of": f"segment:{segment.key}"})
    return f"{reverse('insight:portrait')}?{query}"
