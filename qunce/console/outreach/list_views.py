"""The campaigns, the newest first."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse

from qunce.console import http, paging
from qunce.console.outreach import labels
from qunce.core import permissions
from qunce.outreach.campaigns import campaigns, results
from qunce.outreach.campaigns.campaigns import Campaign

PAGE = 30
RUNNING = ("sending", "paused", "done", "cancelled")


@dataclass(frozen=True)
class Row:
    campaign: Campaign
    chip: labels.Chip
    progress: results.Progress | None


@http.page()
def listed(request: http.Request) -> HttpResponse:
    rows = campaigns.list_visible(request.staff)
    state = request.GET.get("state", "")
    if state in campaigns.State:
        rows = rows.filter(state=state)
    before = paging.number(request, "before")
    if before:
        rows = rows.filter(pk__lt=before)
    some = list(rows[: PAGE + 1])
    more = some[PAGE - 1].pk if len(some) > PAGE else None
    context = {
        "rows": _rows(some[:PAGE]),
        "state": state,
        "states": campaigns.State.choices,
        "are_any": bool(some) or campaigns.list_visible(request.staff).exists(),
        "next": paging.link(request, before=more) if more else "",
        "may_manage": permissions.may(request.staff, campaigns.MANAGE),
    }
    page, part = "console/outreach/campaigns.html", "console/outreach/_campaigns.html"
    return http.render(request, page, context, part=part)


def _rows(some: list[Campaign]) -> list[Row]:
    begun = [one for one in some if one.state in RUNNING and one.started_at]
    far = results.progress_by_campaign(begun)
    return [Row(one, labels.of_campaign(one), far.get(one.pk)) for one in some]
