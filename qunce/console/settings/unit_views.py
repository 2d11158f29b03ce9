"""Pages of units: the tree, and the form of one unit."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.console import http
from qunce.console.http import Request
from qunce.console.settings import forms, scope_form
from qunce.core import errors, permissions
from qunce.core.staff import units
from qunce.core.staff.units import Unit


@require_GET
@http.page(permissions.MANAGE_STAFF)
def unit_list(request: Request) -> HttpResponse:
    permissions.check_manage_staff(request.staff)
    counted = Unit.objects.filter(community=request.community).annotate(
        n=Count("staff", filter=Q(staff__is_active=True))
    )
    staff = dict(counted.values_list("pk", "n"))
    rows = [
        (depth, unit, staff[unit.pk])
        for depth, unit in units.list_tree(request.community)
    ]
    return http.render(request, "console/settings/unit_list.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
@http.page(permissions.MANAGE_STAFF)
def unit_create(request: Request) -> HttpResponse:
    by = request.staff
    permissions.check_manage_staff(by)
    form, shown = _load_form(request, None)
    if request.htmx and "do" in request.POST:
        return scope_form.render_part(request, shown)
    if form.is_valid():
        try:
            units.create(
                community=by.community, by=by, at=request.at, **form.to_arguments()
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Unit opened."))
            return http.redirect_back(request, reverse("settings:unit-list"))
    return _render_form(request, form, None, shown)


@require_http_methods(["GET", "POST"])
@http.page(permissions.MANAGE_STAFF)
def unit_update(request: Request, pk: int) -> HttpResponse:
    by = request.staff
    permissions.check_manage_staff(by)
    unit = units.get(by.community, pk)
    form, shown = _load_form(request, unit)
    if request.htmx and "do" in request.POST:
        return scope_form.render_part(request, shown)
    if form.is_valid():
        try:
            units.update(unit=unit, by=by, at=request.at, **form.to_arguments())
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved."))
            return http.redirect_back(request, reverse("settings:unit-list"))
    return _render_form(request, form, units.get(by.community, pk), shown)


def _load_form(
    request: Request, unit: Unit | None
) -> tuple[forms.UnitForm, dict[str, Any]]:
    return scope_form.load_form(
        request,
        scope_form.of_unit(unit),
        forms.unit_values(unit, request.GET.get("parent", "")),
        lambda data, initial: forms.UnitForm(
            request.staff, unit, data, initial=initial
        ),
    )


def _render_form(
    request: Request, form: forms.UnitForm, unit: Unit | None, shown: dict[str, Any]
) -> HttpResponse:
    staff = unit.staff.filter(is_active=True).order_by("login") if unit else ()
    obstacle = ""
    if unit:
        try:
            units.check_close(unit)
        except units.UnitInUse as error:
            obstacle = str(error)
    context = {
        "form": form,
        "unit": unit,
        "staff": staff,
        "close_obstacle": obstacle,
        **shown,
    }
    status = 422 if form.errors else 200
    return http.render(
        request, "console/settings/unit_form.html", context, status=status
    )
