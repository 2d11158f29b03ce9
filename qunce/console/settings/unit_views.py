"""Units: the tree, one of them, a new one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Count, Q
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from qunce.console import http
from qunce.console.http import Request
from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.staff import units
from qunce.core.staff.units import Unit


class UnitForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=units.MAX_NAME_LENGTH)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=units.UnitKind.choices)
    parent = forms.ChoiceField(label=gettext_lazy("Parent unit"), required=False)

    def __init__(
        self, community: Community, unit: Unit | None, *args: Any, **given: Any
    ) -> None:
        super().__init__(*args, **given)
        self.community = community
        others = [
            (each.pk, f"{'　' * depth}{each.name}")
            for depth, each in units.list_tree(community)
            if each != unit and each.closed_at is None
        ]
        parent = self.fields["parent"]
        assert isinstance(parent, forms.ChoiceField)  # noqa: S101 - for the type checker
        parent.choices = [("", _("none (top level)")), *others]

    def about(self) -> dict[str, Any]:
        given = self.cleaned_data
        above = given["parent"]
        return {
            "name": given["name"],
            "kind": given["kind"],
            "parent": units.get(self.community, int(above)) if above else None,
        }


@require_GET
@http.page(permissions.MANAGE_STAFF)
def listed(request: Request) -> HttpResponse:
    permissions.check_manage_staff(request.staff)
    counted = Unit.objects.filter(community=request.community).annotate(
        n=Count("staff", filter=Q(staff__is_active=True))
    )
    staff = dict(counted.values_list("pk", "n"))
    rows = [
        (depth, unit, staff[unit.pk])
        for depth, unit in units.list_tree(request.community)
    ]
    return http.render(request, "console/settings/units.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
@http.page(permissions.MANAGE_STAFF)
def add(request: Request) -> HttpResponse:
    by = request.staff
    permissions.check_manage_staff(by)
    start = {"kind": units.UnitKind.LOCAL, "parent": request.GET.get("below", "")}
    form = UnitForm(by.community, None, request.POST or None, initial=start)
    if form.is_valid():
        try:
            units.create(community=by.community, by=by, at=request.at, **form.about())
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.say(request, _("Unit opened."))
            return http.back(request, reverse("settings:unit-list"))
    return _form(request, form, None)


@require_http_methods(["GET", "POST"])
@http.page(permissions.MANAGE_STAFF)
def one(request: Request, pk: int) -> HttpResponse:
    by = request.staff
    permissions.check_manage_staff(by)
    unit = units.get(by.community, pk)
    start = {"name": unit.name, "kind": unit.kind, "parent": unit.parent_id or ""}
    form = UnitForm(by.community, unit, request.POST or None, initial=start)
    if form.is_valid():
        try:
            units.update(unit=unit, by=by, at=request.at, **form.about())
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.say(request, _("Saved."))
            return http.back(request, reverse("settings:unit-list"))
    return _form(request, form, units.get(by.community, pk))


def _form(request: Request, form: UnitForm, unit: Unit | None) -> HttpResponse:
    staff = unit.staff.filter(is_active=True).order_by("login") if unit else ()
    why = ""
    if unit:
        try:
            units.check_close(unit)
        except units.UnitInUse as error:
            why = str(error)
    context = {"form": form, "unit": unit, "staff": staff, "why_not": why}
    status = 422 if form.errors else 200
    return http.render(request, "console/settings/unit.html", context, status=status)


@require_POST
@http.page(permissions.MANAGE_STAFF)
def close(request: Request, pk: int) -> HttpResponse:
    unit = units.get(request.community, pk)
    try:
        units.close(unit=unit, by=request.staff, at=request.at)
    except units.UnitInUse as error:
        http.say(request, str(error), level="bad")
        return http.back(request, reverse("settings:unit-update", args=[pk]))
    undo = reverse("settings:unit-reopen", args=[pk])
    http.say(request, _("Unit closed."), undo=undo)
    return http.back(request, reverse("settings:unit-list"))


@require_POST
@http.page(permissions.MANAGE_STAFF)
def reopen(request: Request, pk: int) -> HttpResponse:
    unit = units.get(request.community, pk)
    units.reopen(unit=unit, by=request.staff, at=request.at)
    http.say(request, _("Unit opened."))
    return http.back(request, reverse("settings:unit-list"))
