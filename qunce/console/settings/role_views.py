"""The permissions of each role. Roles are fixed; scopes are set per staff member."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET
from django_stubs_ext import StrOrPromise

from qunce.console import http, navigation
from qunce.console.http import Request
from qunce.core import permissions

PERMISSION_LABELS: dict[str, StrOrPromise] = {
    "audit_log.view": _("view the audit log"),
    "groups.manage": _("create and edit groups"),
    "groups.edit_members": _("add members to groups and remove them"),
    "members.erase": _("erase a member"),
    "members.export": _("export members"),
    "attributes.edit": _("fill in attributes"),
    "members.import": _("import files"),
    "layers.manage": _("change layerings"),
    "members.merge": _("merge members and undo merges"),
    "members.mark_staff": _("mark members as people who work here"),
    "notes.write": _("write notes and follow-ups"),
    "remark_names.manage": _("set the remark pattern"),
    "attributes.manage": _("define attributes"),
    "segments.manage": _("create and edit segments"),
    "tags.apply": _("add tags to members and remove them"),
    "tags.manage": _("manage the tag library"),
    "members.edit": _("add members and mark them as left or returned"),
    "members.edit_identity": _("change how identifiers are read"),
    "members.lift_suppression": _("allow erased people to rejoin"),
    "members.view_identifiers": _("view full phone numbers and other identifiers"),
    "facts.write": _("report member activity through the API"),
    "campaigns.export": _("export campaign recipients"),
    "campaigns.manage": _("write and send campaigns"),
    "opt_outs.edit": _("record opt-outs"),
    "tasks.oversee": _("view and hand over the tasks of all staff"),
    "tasks.do": _("do staff tasks"),
    "orders.write": _("record orders and refunds"),
    "communities.manage": _("add communities and change their clock"),
    "settings.backup": _("back up and restore"),
    "settings.exchange_rates": _("set exchange rates"),
    "staff.manage": _("manage staff, units, scopes and API keys"),
    "webhooks.manage": _("manage webhooks"),
}
AREA_OF_PREFIX = {
    "members": "members",
    "attributes": "members",
    "layers": "members",
    "notes": "members",
    "remark_names": "members",
    "segments": "members",
    "tags": "members",
    "campaigns": "outreach",
    "opt_outs": "outreach",
    "tasks": "outreach",
    "orders": "sales",
    "groups": "groups",
    "facts": "insight",
}
"""The area of the console to which the noun of a permission belongs, in their order.
Any other noun is listed under the settings."""


@require_GET
@http.page()
def role_list(request: Request) -> HttpResponse:
    roles = list(permissions.Role)
    rows_by_area: dict[str, list[tuple[StrOrPromise, str, list[bool]]]] = {}
    for permission, allowed_roles in sorted(permissions.declared().items()):
        area = AREA_OF_PREFIX.get(permission.partition(".")[0], "settings")
        row = (
            PERMISSION_LABELS.get(permission, permission),
            permission,
            [role in allowed_roles for role in roles],
        )
        rows_by_area.setdefault(area, []).append(row)
    area_labels = {area.key: area.label for area in navigation.AREAS}
    sections = [
        (area_labels[area], rows_by_area[area])
        for area in dict.fromkeys([*AREA_OF_PREFIX.values(), "settings"])
        if area in rows_by_area
    ]
    own_role = permissions.Role(request.staff.role)
    context = {
        "roles": [(role, role == own_role) for role in roles],
        "sections": sections,
    }
    return http.render(request, "console/settings/role_list.html", context)
