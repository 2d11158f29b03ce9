"""Actions on layerings."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.console.layers import presenters, views
from qunce.members.layers import layers


@require_POST
@http.page(layers.MANAGE)
def recompute(request: http.Request, pk: int) -> HttpResponse:
    return views.recompute_and_redirect(request, presenters.get_layering(request, pk))


@require_POST
@http.page(layers.MANAGE)
def archive(request: http.Request, pk: int) -> HttpResponse:
    layering = presenters.get_layering(request, pk)
    layers.archive(layering=layering, by=request.staff, at=request.at)
    text = _("“%(name)s” is archived and no longer recomputed.") % {
        "name": layering.name
    }
    http.flash(request, text, undo=reverse("layers:restore", args=[pk]))
    return http.redirect_back(request, reverse("layers:list"))


@require_POST
@http.page(layers.MANAGE)
def restore(request: http.Request, pk: int) -> HttpResponse:
    layering = presenters.get_layering(request, pk)
    layers.restore(layering=layering, by=request.staff, at=request.at)
    http.flash(request, _("“%(name)s” is restored.") % {"name": layering.name})
    return http.redirect_back(request, reverse("layers:detail", args=[pk]))
