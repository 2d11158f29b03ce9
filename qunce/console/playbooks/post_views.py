"""Messages that staff post by hand, such as those of playbooks and series."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from qunce.console import http
from qunce.console.materials.presenters import ShownPart
from qunce.console.outreach import contact_rows
from qunce.console.playbooks import presenters
from qunce.groups.groups import Group
from qunce.outreach import skip_reasons, task_permissions
from qunce.outreach.content.materials import library
from qunce.outreach.sending import (
    assisted_messages,
    message_materials,
    personal_addresses,
)
from qunce.outreach.sending.ledger import Message
from qunce.outreach.service_styles import answer_times


@require_GET
@http.page(task_permissions.DO_TASKS)
def post_list(request: http.Request) -> HttpResponse:
    shown = assisted_messages.open_due(by=request.staff, at=request.at)
    members = [row.target_id for row in shown if not row.is_group]
    groups = Group.objects.filter(
        community=request.community,
        pk__in=[row.target_id for row in shown if row.is_group],
    )
    names = presenters.member_names(members, request)
    group_names = dict(groups.values_list("pk", "name"))
    contacts = contact_rows.find(request, members, with_remarks=members)
    parts = _parts(request, shown)
    due = answer_times.due_times(shown, community=request.community, at=request.at)
    context = {
        "rows": [
            (
                row,
                (group_names if row.is_group else names).get(row.target_id, ""),
                None if row.is_group else contacts.get(row.target_id),
                skip_reasons.GROUP_FAILURES
                if row.is_group
                else skip_reasons.MEMBER_FAILURES,
                parts[row.pk],
                due.get(row.pk),
                row.text
                if row.is_group
                else personal_addresses.fill_in(
                    row.text,
                    origin=row.origin,
                    origin_id=row.origin_id,
                    target=row.target_id,
                    at=request.at,
                ),
            )
            for row in shown
        ],
        "total": assisted_messages.list_open(by=request.staff, at=request.at).count(),
    }
    return http.render(request, "console/playbooks/post_list.html", context)


def _parts(request: http.Request, rows: list[Message]) -> dict[int, list[ShownPart]]:
    """Message → the parts of its materials, which are posted after the text."""
    wanted = {pk for row in rows for pk in message_materials.version_ids(row)}
    found = library.find_versions(request.community, sorted(wanted))
    versions = {version.pk: version for version in found}
    chosen = {
        row.pk: [
            versions[pk] for pk in message_materials.version_ids(row) if pk in versions
        ]
        for row in rows
    }
    parts = message_materials.list_parts(rows, chosen, request.community)
    return {pk: [ShownPart(part) for part in own] for pk, own in parts.items()}


def _back(request: http.Request) -> HttpResponse:
    return http.redirect_back(request, reverse("playbooks:post-list"))


@require_POST
@http.page(task_permissions.DO_TASKS)
def mark_sent(request: http.Request, pk: int) -> HttpResponse:
    message = assisted_messages.get(by=request.staff, pk=pk)
    assisted_messages.mark_sent(message=message, by=request.staff, at=request.at)
    http.flash(request, _("Marked as sent."))
    return _back(request)


@require_POST
@http.page(task_permissions.DO_TASKS)
def mark_failed(request: http.Request, pk: int) -> HttpResponse:
    message = assisted_messages.get(by=request.staff, pk=pk)
    assisted_messages.mark_failed(
        message=message,
        reason=request.POST.get("reason", ""),
        by=request.staff,
        at=request.at,
    )
    http.flash(request, _("Noted."))
    return _back(request)
