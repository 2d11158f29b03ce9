"""Actions on materials."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.core import errors
from qunce.outreach.content import files
from qunce.outreach.content.materials import library
from qunce.outreach.content.materials.models import InvalidMaterial


@require_POST
@http.page(files.MANAGE)
def archive(request: http.Request, pk: int) -> HttpResponse:
    material = library.get(by=request.staff, pk=pk)
    library.archive(material=material, by=request.staff, at=request.at)
    http.flash(
        request,
        _("“%(name)s” is archived. What was sent keeps it.") % {"name": material},
        undo=reverse("materials:restore", args=[pk]),
    )
    return http.redirect_back(request, reverse("materials:list"))


@require_POST
@http.page(files.MANAGE)
def restore(request: http.Request, pk: int) -> HttpResponse:
    material = library.get(by=request.staff, pk=pk)
    library.restore(material=material, by=request.staff, at=request.at)
    http.flash(request, _("“%(name)s” can be used again.") % {"name": material})
    return http.redirect_back(request, reverse("materials:detail", args=[pk]))


@require_POST
@http.page(files.MANAGE)
def set_stock(request: http.Request, pk: int) -> HttpResponse:
    """Set the stock of a product; an empty field stops counting it."""
    material = library.get(by=request.staff, pk=pk)
    text = request.POST.get("stock", "").strip()
    if text and not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidMaterial(_("A stock must be 0 or more."))
    try:
        library.update(
            material=material,
            stock=int(text) if text else None,
            by=request.staff,
            at=request.at,
        )
    except errors.Invalid as error:
        http.flash(request, str(error), level="bad")
    else:
        http.flash(request, _("Saved."))
    return http.redirect_back(request, reverse("materials:product-list"))
