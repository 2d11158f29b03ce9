"""A campaign: how far it is, what became of it, who has not sent."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse

from qunce.console import entry
from qunce.console.outreach import words
from qunce.core import access
from qunce.outreach import campaigns, reasons, results
from qunce.outreach.campaigns import FLOW, Campaign
from qunce.outreach.recipients import REACHED, State


@dataclass(frozen=True)
class Count:
    """A number of the result that leads to its list."""

    chip: words.Chip
    state: str
    count: int


@entry.page()
def campaign(request: entry.Request, pk: int) -> HttpResponse:
    found = campaigns.get(by=request.operator, pk=pk)
    progress = results.progress(found)
    may_manage = access.may(request.operator, campaigns.MANAGE)
    context = {
        "campaign": found,
        "chip": words.of_campaign(found),
        "audience": words.audience(found),
        "without": words.without(found),
        "progress": progress,
        "counts": _counts(progress),
        "reasons": results.by_reason(found),
        "left_out": [
            (reasons.spoken(reason), count) for reason, count in found.left_out.items()
        ],
        "shares": results.by_staff(found, request.at),
        "steps": _steps(found) if may_manage else set(),
        "may_edit": campaigns.may_edit(found, request.operator),
        "may_manage": may_manage,
        "may_export": access.may(request.operator, results.EXPORT),
        "mine": _mine(found, request),
        "in_groups": found.target == campaigns.Target.GROUPS,
    }
    return entry.render(
        request,
        "console/outreach/campaign.html",
        context,
        part="console/outreach/_result.html",
    )


def _counts(progress: results.Progress) -> list[Count]:
    """What came of it, reached first."""
    order = [*REACHED, State.PLANNED, State.SKIPPED, State.FAILED, State.UNKNOWN]
    return [
        Count(words.of_recipient(state), state.value, progress.counts[state])
        for state in order
        if progress.counts.get(state)
    ]


def _steps(found: Campaign) -> set[str]:
    """What may be done with it now."""
    return {step for step in FLOW.steps if FLOW.may(step, found.state)}


def _mine(found: Campaign, request: entry.Request) -> int | None:
    """The reader's own task in it, if there is something left to do."""
    rows = found.tasks.filter(operator=request.operator, finished_at__isnull=True)
    return rows.values_list("pk", flat=True).first()
