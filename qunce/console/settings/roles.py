"""Roles: what each may do. They are fixed; what differs is the scope of people."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET
from django_stubs_ext import StrOrPromise

from qunce.console import entry, shell
from qunce.console.entry import Request
from qunce.core import access

WORDS: dict[str, StrOrPromise] = {
    "audit.see": _("read the audit log"),
    "groups.manage": _("create groups and change them"),
    "groups.tend": _("put members into groups and take them out"),
    "members.erase": _("erase a member"),
    "members.export": _("export members"),
    "members.fill": _("fill in attributes"),
    "members.import": _("import files"),
    "members.layers": _("change layerings"),
    "members.merge": _("merge members and undo it"),
    "members.note": _("write notes and follow-ups"),
    "members.remark": _("set the pattern of remark names"),
    "members.schema": _("define attributes"),
    "members.segments": _("save and change segments"),
    "members.tag": _("put tags on members and take them off"),
    "members.tags": _("change the tag library"),
    "members.tend": _("add members, note that they left or came back"),
    "members.unmask": _("read phone numbers and other identifiers whole"),
    "facts.tell": _("report what members did, by program"),
    "outreach.export": _("export who received a campaign"),
    "outreach.manage": _("write campaigns and send them"),
    "outreach.optouts": _("note that a member opted out"),
    "outreach.oversee": _("see and hand over the tasks of all staff"),
    "outreach.tasks": _("do staff tasks"),
    "sales.record": _("record orders and refunds"),
    "settings.backup": _("back up and restore"),
    "staff.manage": _("manage staff, units, scopes and API keys"),
    "webhooks.manage": _("manage webhooks"),
}
ROOMS = ("members", "outreach", "sales", "groups", "insight", "settings")
"""Permissions of anything else stand with the settings."""


@require_GET
@entry.page()
def page(request: Request) -> HttpResponse:
    roles = list(access.Role)
    rooms: dict[str, list[tuple[StrOrPromise, str, list[bool]]]] = {}
    for permission, carried in sorted(access.declared().items()):
        room = permission.partition(".")[0]
        row = (
            WORDS.get(permission, permission),
            permission,
            [role in carried for role in roles],
        )
        rooms.setdefault(room if room in ROOMS else ROOMS[-1], []).append(row)
    called = {area.key: area.words for area in shell.AREAS}
    shown = [(called[room], rooms[room]) for room in ROOMS if room in rooms]
    mine = access.Role(request.operator.role)
    context = {"roles": [(role, role == mine) for role in roles], "rooms": shown}
    return entry.render(request, "console/settings/roles.html", context)
