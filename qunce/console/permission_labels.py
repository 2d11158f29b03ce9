"""What permissions are called in the console."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

LABELS: dict[str, StrOrPromise] = {
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
    "members.assign_staff": _("put staff in charge of members"),
    "members.export_person": _("export the data of one person"),
    "members.share_views": _("share views of the member list"),
    "jobs.manage": _("see and retry failed jobs"),
    "members.record_consent": _("record consents"),
    "webhooks.manage": _("manage webhooks"),
}


def label_of(permission: str) -> StrOrPromise:
    return LABELS.get(permission, permission)
