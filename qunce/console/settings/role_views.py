"""Pages of roles: what each permits, and the roles that a community makes itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)
from django_stubs_ext import StrOrPromise

from qunce.console import http, navigation
from qunce.console.http import Request
from qunce.console.settings.forms import RoleForm
from qunce.core import errors, permissions
from qunce.core.staff import roles
from qunce.core.staff.roles import CustomRole

AREA_OF_PREFIX = {
    "members": "members",
    "attributes": "members",
    "layers": "members",
    "notes": "members",
    "remark_names": "members",
    "segments": "members",
    "tags": "members",
    "campaigns": "outreach",
    "materials": "outreach",
    "opt_outs": "outreach",
    "tasks": "outreach",
    "orders": "sales",
    "groups": "groups",
    "facts": "insight",
}
"""The area of the console to which the noun of a permission belongs, in their order.
Any other noun is listed under the settings."""


Section = tuple[StrOrPromise, list[tuple[StrOrPromise, str]]]


def list_sections(chosen: Collection[str]) -> list[Section]:
    """Return the areas with the labels and names of these permissions."""
    by_area: dict[str, list[tuple[StrOrPromise, str]]] = {}
    for permission in sorted(chosen):
        area = AREA_OF_PREFIX.get(permission.partition(".")[0], "settings")
        label = permissions.label_of(permission)
        by_area.setdefault(area, []).append((label, permission))
    labels = {area.key: area.label for area in navigation.AREAS}
    areas = dict.fromkeys([*AREA_OF_PREFIX.values(), "settings"])
    return [(labels[area], by_area[area]) for area in areas if area in by_area]


@require_GET
@http.page()
def role_list(request: Request) -> HttpResponse:
    declared, staff = permissions.declared(), request.staff
    own = list(roles.list_all(request.community))
    columns: list[Column] = [
        Column(role.label, staff.role == role and not staff.custom_role_id, role.value)
        for role in permissions.Role
    ]
    columns += [
        Column(role.name, staff.custom_role_id == role.pk, "", role) for role in own
    ]
    sections = [
        (
            area,
            [
                (
                    label,
                    permission,
                    [role in declared[permission] for role in permissions.Role]
                    + [permission in role.permissions for role in own],
                )
                for label, permission in rows
            ],
        )
        for area, rows in list_sections(declared)
    ]
    context = {
        "columns": columns,
        "sections": sections,
        "may_edit": permissions.may_manage_staff(staff),
    }
    return http.render(request, "console/settings/role_list.html", context)


@dataclass(frozen=True)
class Column:
    """A role; `role` is one of the community's own, `built_in` the name of another."""

    label: StrOrPromise
    is_own: bool
    built_in: str = ""
    role: CustomRole | None = None


@require_http_methods(["GET", "POST"])
@http.page(permissions.MANAGE_STAFF)
def role_create(request: Request) -> HttpResponse:
    """Copy a built-in role, with other permissions."""
    by, base = request.staff, request.GET.get("from", permissions.Role.OPERATOR.value)
    declared = permissions.declared()
    allowed = [name for name, holders in declared.items() if base in holders]
    initial = {"permissions": allowed}
    form = RoleForm(by, request.POST or None, initial=initial)
    if form.is_valid():
        try:
            roles.create(base=base, by=by, at=request.at, **form.to_arguments())
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(
                request, gettext("Role created. Give it to staff on their page.")
            )
            return http.redirect_back(request, reverse("settings:role-list"))
    return _render_form(request, form, None)


@require_http_methods(["GET", "POST"])
@http.page(permissions.MANAGE_STAFF)
def role_update(request: Request, pk: int) -> HttpResponse:
    by, role = request.staff, roles.get(request.staff, pk)
    roles.check_may_edit(role, by)
    initial = {"name": role.name, "permissions": role.permissions}
    form = RoleForm(by, request.POST or None, initial=initial)
    if form.is_valid():
        try:
            roles.update(role=role, by=by, at=request.at, **form.to_arguments())
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, gettext("Saved."))
            return http.redirect_back(request, reverse("settings:role-list"))
    return _render_form(request, form, roles.get(by, pk))


@require_POST
@http.page(permissions.MANAGE_STAFF)
def role_delete(request: Request, pk: int) -> HttpResponse:
    role = roles.get(request.staff, pk)
    try:
        roles.delete(role=role, by=request.staff, at=request.at)
    except errors.Refused as error:
        http.flash(request, str(error), level="bad")
        url = reverse("settings:role-update", args=[pk])
        return http.redirect_back(request, url)
    text = gettext("The role “%(name)s” is deleted.") % {"name": role.name}
    http.flash(request, text)
    return http.redirect_back(request, reverse("settings:role-list"))


def _render_form(
    request: Request, form: RoleForm, role: CustomRole | None
) -> HttpResponse:
    chosen = form["permissions"].value() or []
    context = {
        "form": form,
        "role": role,
        "holders": role.staff.order_by("name", "pk") if role else (),
        "sections": [
            (area, [(label, name, name in chosen) for label, name in rows])
            for area, rows in list_sections(permissions.permissions_of(request.staff))
        ],
    }
    status = 422 if form.errors else 200
    return http.render(
        request, "console/settings/role_form.html", context, status=status
    )
