"""Actions on an activity: its states, announcements, rehearsal, and notifying members."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from qunce.activities import announcements
from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity, Announcement
from qunce.activities.kinds import base
from qunce.activities.prizes import prize_facts, prizes
from qunce.console import http
from qunce.console.activities import presenters
from qunce.core import errors
from qunce.outreach import activity_messages
from qunce.outreach.campaigns import campaigns


def _act(
    request: http.Request, pk: int, verb: Callable[[Activity], str], to: str = "detail"
) -> HttpResponse:
    activity = activities.get(by=request.staff, pk=pk)
    http.flash_outcome(request, lambda: verb(activity))
    return http.redirect_back(request, reverse(f"activities:{to}", args=[pk]))


def _find_announcement(activity: Activity, pk: int) -> Announcement:
    rows = Announcement.objects.select_related("activity__community")
    row = rows.filter(activity=activity, pk=pk).first()
    if row is None:
        raise activities.ActivityNotFound(_("There is no such text."))
    return row


def _reason(request: http.Request) -> str:
    return request.POST.get("reason", "")[:1_000]


@require_POST
@http.page(activities.MANAGE)
def submit(request: http.Request, pk: int) -> HttpResponse:
    def verb(activity: Activity) -> str:
        lifecycle.submit(activity=activity, by=request.staff, at=request.at)
        return _("Submitted. A second person approves it.")

    return _act(request, pk, verb)


@require_POST
@http.page(activities.MANAGE)
def approve(request: http.Request, pk: int) -> HttpResponse:
    def verb(activity: Activity) -> str:
        lifecycle.approve(activity=activity, by=request.staff, at=request.at)
        return _("Published.")

    return _act(request, pk, verb)


@require_POST
@http.page(activities.MANAGE)
def reject(request: http.Request, pk: int) -> HttpResponse:
    def verb(activity: Activity) -> str:
        lifecycle.reject(
            activity=activity, reason=_reason(request), by=request.staff, at=request.at
        )
        return _("It is a draft again.")

    return _act(request, pk, verb)


@require_POST
@http.page(activities.RUN)
def pause(request: http.Request, pk: int) -> HttpResponse:
    def verb(activity: Activity) -> str:
        lifecycle.pause(
            activity=activity, reason=_reason(request), by=request.staff, at=request.at
        )
        return _("Paused. Members read the reason.")

    return _act(request, pk, verb)


@require_POST
@http.page(activities.RUN)
def resume(request: http.Request, pk: int) -> HttpResponse:
    def verb(activity: Activity) -> str:
        lifecycle.resume(activity=activity, by=request.staff, at=request.at)
        return _("It goes on.")

    return _act(request, pk, verb)


@require_POST
@http.page(activities.RUN)
def close(request: http.Request, pk: int) -> HttpResponse:
    def verb(activity: Activity) -> str:
        lifecycle.close(activity=activity, by=request.staff, at=request.at)
        return _("Closed.")

    return _act(request, pk, verb)


@require_POST
@http.page(activities.RUN)
def settle(request: http.Request, pk: int) -> HttpResponse:
    def verb(activity: Activity) -> str:
        lifecycle.settle(activity=activity, by=request.staff, at=request.at)
        return _("Settled. Write down what you learned.")

    return _act(request, pk, verb, to="results")


@require_POST
@http.page(activities.MANAGE)
def review(request: http.Request, pk: int) -> HttpResponse:
    def verb(activity: Activity) -> str:
        lesson = request.POST.get("lesson", "")[:10_000]
        lifecycle.review(
            activity=activity, lesson=lesson, by=request.staff, at=request.at
        )
        return _("Noted. It is shown when the next one is drafted.")

    return _act(request, pk, verb, to="results")


@require_POST
@http.page(activities.MANAGE)
def cancel(request: http.Request, pk: int) -> HttpResponse:
    def verb(activity: Activity) -> str:
        is_cancelled = lifecycle.cancel(
            activity=activity, reason=_reason(request), by=request.staff, at=request.at
        )
        if is_cancelled:
            return _("Cancelled.")
        return _("Asked for. A second person cancels it.")

    return _act(request, pk, verb)


@require_POST
@http.page(activities.MANAGE)
def keep(request: http.Request, pk: int) -> HttpResponse:
    def verb(activity: Activity) -> str:
        lifecycle.keep(activity=activity, by=request.staff, at=request.at)
        return _("It is not cancelled.")

    return _act(request, pk, verb)


@require_POST
@http.page(activities.MANAGE)
def rehearse(request: http.Request, pk: int) -> HttpResponse:
    """Show what a member would be answered; nothing is stored."""

    def verb(activity: Activity) -> str:
        said = request.POST.get("said", "")
        reply = base.rehearse(
            activity=activity, said=said, by=request.staff, at=request.at
        )
        return _("Rehearsal, nothing is stored. The member reads: %(text)s") % {
            "text": reply.text
        }

    return _act(request, pk, verb)


@require_POST
@http.page(activities.RUN)
def announce(request: http.Request, pk: int, announcement: int) -> HttpResponse:
    """Post a text in the groups now, before its time."""

    def verb(activity: Activity) -> str:
        row = _find_announcement(activity, announcement)
        announcements.announce(announcement=row, by=request.staff, at=request.at)
        return _("It is posted in the groups now.")

    return _act(request, pk, verb)


@require_POST
@http.page(activities.RUN)
def announce_again(request: http.Request, pk: int, announcement: int) -> HttpResponse:
    """Post a text again in the groups that have not got it; you post it by hand there."""

    def verb(activity: Activity) -> str:
        row = _find_announcement(activity, announcement)
        groups = activity_messages.list_groups_not_posted(
            posts=[
                (
                    row.fact_ids,
                    [each.pk for each in announcements.list_groups(activity)],
                )
            ],
            by=request.staff,
        )
        if not groups:
            return _("It is posted in all groups that you see.")
        announcements.announce_again(
            announcement=row,
            groups=[group.pk for group in groups],
            by=request.staff,
            at=request.at,
        )
        return ngettext(
            "It is posted again in %(n)s group. Where the channel cannot, it is in your Today.",
            "It is posted again in %(n)s groups. Where the channel cannot, it is in your Today.",
            len(groups),
        ) % {"n": f"{len(groups):,}"}

    return _act(request, pk, verb)


@require_POST
@http.page(prize_facts.MANAGE)
def add_stock(request: http.Request, pk: int) -> HttpResponse:
    """Raise the stock of one of its prizes."""

    def verb(activity: Activity) -> str:
        own = [stock for stock, _n in base.get(activity.kind).list_stock(activity)]
        prize = prizes.get(pk=_number(request, "prize"), by=request.staff)
        if prize.pk not in own:
            raise prizes.PrizeNotFound(_("There is no such prize."))
        count = _number(request, "count")
        prizes.add_stock(prize=prize, count=count, by=request.staff, at=request.at)
        return _("“%(prize)s”: %(left)s left in the stock.") % {
            "prize": prize.name,
            "left": f"{prize.left:,}",
        }

    return _act(request, pk, verb)


def _number(request: http.Request, name: str) -> int:
    text = request.POST.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


@require_POST
@http.page(campaigns.MANAGE)
def notify(request: http.Request, pk: int) -> HttpResponse:
    """Draft the campaign to those who are notified, and go to it; nothing is sent."""
    activity = activities.get(by=request.staff, pk=pk)
    try:
        activities.check_may_notify(by=request.staff, activity=activity)
        lines = (activity.name, activity.text, presenters.address(activity))
        campaign = activity_messages.draft_campaign(
            community=request.community,
            name=activity.name,
            text="\n".join(filter(None, lines)),
            rule=activity.notified,
            by=request.staff,
            at=request.at,
        )
        activities.note_campaign(
            activity=activity, campaign=campaign.key, by=request.staff, at=request.at
        )
    except errors.NotFound:
        raise
    except errors.QunceError as error:
        http.flash(request, str(error), level="bad")
        return http.redirect_back(request, reverse("activities:detail", args=[pk]))
    http.flash(request, _("A draft to those who are notified. Nothing is sent yet."))
    url = reverse("outreach:campaign-detail", args=[campaign.pk])
    return http.redirect_back(request, url)
