"""A campaign: how far it is, what became of it, who has not sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse

from qunce.console import http
from qunce.console.outreach import labels
from qunce.core import permissions
from qunce.outreach import skip_reasons
from qunce.outreach.campaigns import campaigns, results
from qunce.outreach.campaigns.campaigns import STATES, Campaign
from qunce.outreach.sending.recipients import REACHED, State


@dataclass(frozen=True)
class Count:
    """A number of the result that leads to its list."""

    chip: labels.Chip
    state: str
    count: int


@http.page()
def campaign(request: http.Request, pk: int) -> HttpResponse:
    found = campaigns.get(by=request.staff, pk=pk)
    progress = results.progress(found)
    context = {
        "campaign": found,
        "progress": progress,
        "mine": _mine(found, request),
        "me": request.staff.pk,
        **_may(found, request),
        **_about(found),
        **_became(found, progress, request),
    }
    return http.render(
        request,
        "console/outreach/campaign.html",
        context,
        part="console/outreach/_result.html",
    )


def _may(found: Campaign, request: http.Request) -> dict[str, Any]:
    by = request.staff
    may_manage = permissions.may(by, campaigns.MANAGE)
    return {
        "steps": _steps(found) if may_manage else set(),
        "may_manage": may_manage,
        "may_edit": campaigns.may_edit(found, by),
        "may_oversee": permissions.may(by, campaigns.OVERSEE_TASKS),
        "may_export": permissions.may(by, results.EXPORT),
    }


def _about(found: Campaign) -> dict[str, Any]:
    return {
        "chip": labels.of_campaign(found),
        "audience": labels.audience(found),
        "without": labels.without(found),
        "in_groups": found.target == campaigns.Target.GROUPS,
    }


def _became(
    found: Campaign, progress: results.Progress, request: http.Request
) -> dict[str, Any]:
    excluded = found.excluded.items()
    return {
        "counts": _counts(progress),
        "reasons": results.count_by_reason(found),
        "excluded": [
            (skip_reasons.label_of(reason), count) for reason, count in excluded
        ],
        "shares": results.list_task_progress(found, request.at),
    }


def _counts(progress: results.Progress) -> list[Count]:
    """What came of it, reached first."""
    order = [*REACHED, State.PLANNED, State.SKIPPED, State.FAILED, State.UNKNOWN]
    return [
        Count(labels.of_recipient(state), state.value, progress.counts[state])
        for state in order
        if progress.counts.get(state)
    ]


def _steps(found: Campaign) -> set[str]:
    """What may be done with it now."""
    return {step for step in STATES.transitions if STATES.may(step, found.state)}


def _mine(found: Campaign, request: http.Request) -> int | None:
    """The reader's own task in it, if there is something left to do."""
    rows = found.tasks.filter(staff=request.staff, finished_at__isnull=True)
    return rows.values_list("pk", flat=True).first()
