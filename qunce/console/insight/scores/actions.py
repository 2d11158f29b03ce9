"""Actions on scores: delete."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.core import errors
from qunce.members.scores import scores


@require_POST
@http.page(scores.MANAGE)
def delete(request: http.Request, key: str) -> HttpResponse:
    score = scores.get(request.community, key)
    try:
        scores.delete(score=score, by=request.staff, at=request.at)
    except errors.Refused as refused:
        http.flash(request, str(refused), level="bad")
        return http.redirect_back(request, reverse("insight:score", args=[key]))
    http.flash(request, _("“%(name)s” is deleted.") % {"name": score.name})
    return http.redirect_back(request, reverse("insight:scores"))
