"""The product album: products with their pictures, prices and stock."""

from __future__ import annotations

from dataclasses import replace

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from qunce.console import http
from qunce.console.materials import presenters, views
from qunce.core import permissions
from qunce.outreach.campaigns import campaigns
from qunce.outreach.content import compose, files
from qunce.outreach.content.materials import search


@require_GET
@http.page()
def product_list(request: http.Request) -> HttpResponse:
    filters = replace(views.parse_filters(request), kind="product")
    found = search.find(request.staff, filters, at=request.at)
    cards = presenters.cards(found, request.staff, request.at)
    context = {
        "products": [(card, compose.product_text(card.version)) for card in cards],
        "searched": filters.query,
        "may_manage": permissions.may(request.staff, files.MANAGE),
        "may_send": permissions.may(request.staff, campaigns.MANAGE),
    }
    return http.render(
        request,
        "console/materials/product_list.html",
        context,
        part="console/materials/_products.html",
    )
