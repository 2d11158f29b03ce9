"""The page between a campaign and the world."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.console import http
from qunce.console.outreach import labels
from qunce.core import errors
from qunce.outreach import skip_reasons
from qunce.outreach.campaigns import campaigns
from qunce.outreach.campaigns import review as campaign_review
from qunce.outreach.campaigns.campaigns import Campaign, State
from qunce.outreach.campaigns.review import Review


@dataclass(frozen=True)
class Step:
    """A line of the way from who was asked for to who gets it."""

    words: str
    count: int


@http.page(campaigns.MANAGE)
def review(request: http.Request, pk: int) -> HttpResponse:
    campaign = campaigns.get(by=request.staff, pk=pk)
    if campaign.state not in (State.DRAFT, State.SCHEDULED):
        return http.back(
            request, reverse("outreach:campaign-detail", args=[campaign.pk])
        )
    return page(request, campaign)


def page(
    request: http.Request, campaign: Campaign, wrong: str = "", status: int = 200
) -> HttpResponse:
    """The review as of now; what is not complete is said in its place."""
    context = {
        "campaign": campaign,
        "audience": labels.audience(campaign),
        "without": labels.without(campaign),
        "wrong": wrong,
    }
    try:
        found = campaign_review.build(
            campaign=campaign, by=request.staff, at=request.at
        )
    except errors.QunceError as error:
        context["incomplete"] = str(error)
    else:
        context |= {
            "review": found,
            "steps": [
                Step(skip_reasons.label_of(reason), count)
                for reason, count in found.excluded.items()
            ],
            "button": button(campaign, found),
            "in_groups": campaign.target == campaigns.Target.GROUPS,
        }
    return http.render(request, "console/outreach/review.html", context, status=status)


def button(campaign: Campaign, found: Review) -> str:
    """What it does, with its numbers."""
    in_groups = campaign.target == campaigns.Target.GROUPS
    who = (
        ngettext("%(n)s group", "%(n)s groups", found.size)
        if in_groups
        else ngettext("%(n)s member", "%(n)s members", found.size)
    ) % {"n": f"{found.size:,}"}
    if not campaign.is_assisted:
        return _("Send to %(who)s") % {"who": who}
    staff = len(found.shares)
    return ngettext(
        "Assign %(who)s to %(n)s staff member for sending",
        "Assign %(who)s to %(n)s staff members for sending",
        staff,
    ) % {"who": who, "n": staff}
