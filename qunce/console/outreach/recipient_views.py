"""The recipients of a campaign, as a list and as a CSV file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.console import http, paging
from qunce.console.outreach import labels, presenters
from qunce.core import communities, permissions
from qunce.core.facts import audit
from qunce.core.staff.models import Staff
from qunce.members.search import export as member_export
from qunce.outreach.campaigns import campaigns, results
from qunce.outreach.campaigns.results import RecipientLine
from qunce.outreach.sending.ledger import State

PAGE_SIZE = 50
RECIPIENTS_EXPORTED = audit.declare(
    "campaign.exported", gettext_lazy("campaign recipients exported")
)


@http.page()
def recipient_list(request: http.Request, pk: int) -> HttpResponse:
    campaign = campaigns.get(by=request.staff, pk=pk)
    state = request.GET.get("state", "")
    state = state if state in State else ""
    rows = results.list_recipients(
        campaign=campaign,
        by=request.staff,
        at=request.at,
        state=state,
        after=paging.parse_number(request, "after"),
        limit=PAGE_SIZE + 1,
    )
    last_id = rows[PAGE_SIZE - 1].row.target_id if len(rows) > PAGE_SIZE else None
    context = {
        "campaign": campaign,
        "rows": [
            (line, labels.recipient_chip(line.row.state)) for line in rows[:PAGE_SIZE]
        ],
        "state": state,
        "states": labels.recipient_states(),
        "next": paging.link(request, after=last_id) if last_id else "",
        "may_export": permissions.may(request.staff, results.EXPORT),
        "in_groups": campaign.target == campaigns.Target.GROUPS,
    }
    template, part = (
        "console/outreach/recipient_list.html",
        "console/outreach/_recipients.html",
    )
    return http.render(request, template, context, part=part)


@http.page(results.EXPORT)
def export_recipients(request: http.Request, pk: int) -> HttpResponseBase:
    """Stream all recipients as CSV, and record the export in the audit log."""
    campaign = campaigns.get(by=request.staff, pk=pk)
    count = results.progress(campaign).total
    audit.log(
        kind=RECIPIENTS_EXPORTED,
        community=request.community,
        by=request.staff,
        at=request.at,
        count=count,
        detail={"campaign": campaign.key},
    )
    lines = results.export_recipients(
        campaign=campaign, by=request.staff, at=request.at
    )
    file = _csv_lines(lines, request.staff)
    response = StreamingHttpResponse(file, content_type="text/csv; charset=utf-8")
    name = f"campaign-{campaign.pk}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _csv_lines(lines: Iterable[RecipientLine], staff: Staff) -> Iterator[bytes]:
    """Yield the lines of the file in the user's language and time zone.

    They are written while the response is sent, when neither is active any longer.
    """
    zone = communities.zone(staff.community)
    with translation.override(staff.language):
        headings = [_("Recipient"), _("State"), _("Reason"), _("Changed"), _("Sent by")]
    yield member_export.BOM + presenters.csv_line(headings)
    for line in lines:
        changed = line.row.changed_at.astimezone(zone)
        with translation.override(staff.language):
            state = str(State(line.row.state).label)
            cells = [line.name, state, line.reason, f"{changed:%Y-%m-%d %H:%M}"]
        yield presenters.csv_line([*cells, line.staff])
