"""The check-ins of an activity by day, and make-up cards that staff give."""

from __future__ import annotations

import secrets
from datetime import date, timedelta

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity
from qunce.activities.check_ins import card_sales, check_ins, make_up_cards
from qunce.activities.check_ins.models import MakeUpCard
from qunce.activities.points import point_facts
from qunce.console import http, member_names
from qunce.console.activities import presenters
from qunce.console.complaints.views import find_member
from qunce.console.playbooks import views as playbook_views
from qunce.core import community_days, errors, permissions
from qunce.outreach import streak_reminders
from qunce.outreach.playbooks import playbooks

PAGE_SIZE = 500
DAY = timedelta(days=1)


@require_GET
@http.page(activities.RUN)
def check_in_list(request: http.Request, pk: int) -> HttpResponse:
    """The check-ins of one community day, today without one."""
    activity = activities.get(by=request.staff, pk=pk)
    today = community_days.to_date(activity.community.day(request.at))
    try:
        day = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        day = today
    rows = check_ins.list_of_day(
        activity=activity, day=day, by=request.staff, at=request.at
    )
    names = member_names.find(row.account_id for row in rows[:PAGE_SIZE])
    context = presenters.heading(activity, request) | {
        "rows": [(row, names.get(row.account_id, "")) for row in rows[:PAGE_SIZE]],
        "count": len(rows),
        "day": day,
        "before": day - DAY if day > date(1970, 1, 1) else None,
        "after": day + DAY if day < today else None,
        "cards": _list_cards(request, activity),
        "may_remind": playbooks.may_manage(request.staff),
        "may_adjust": permissions.may(request.staff, point_facts.ADJUST),
        "form_key": secrets.token_urlsafe(12),
    }
    return http.render(request, "console/activities/check_ins.html", context)


def _list_cards(
    request: http.Request, activity: Activity
) -> list[tuple[MakeUpCard, str]]:
    """The cards that were bought, each with the name of its member."""
    cards = card_sales.list_bought(activity=activity, by=request.staff, at=request.at)
    names = member_names.find(card.account_id for card in cards[:PAGE_SIZE])
    return [(card, names.get(card.account_id, "")) for card in cards[:PAGE_SIZE]]


def _back(request: http.Request, pk: int, day: date | None = None) -> HttpResponse:
    url = reverse("activities:check-ins", args=[pk])
    return http.redirect_back(request, f"{url}?day={day}" if day else url)


@require_POST
@http.page(activities.RUN)
def strike_out(request: http.Request, pk: int, check_in: int) -> HttpResponse:
    activity = activities.get(by=request.staff, pk=pk)
    row = check_ins.get(activity=activity, pk=check_in, by=request.staff, at=request.at)
    check_ins.strike_out(check_in=row, by=request.staff, at=request.at)
    undo = reverse("activities:check-in-restore", args=[pk, check_in])
    http.flash(request, _("Struck out. The day does not count."), undo=undo)
    return _back(request, pk, row.day)


@require_POST
@http.page(activities.RUN)
def restore(request: http.Request, pk: int, check_in: int) -> HttpResponse:
    activity = activities.get(by=request.staff, pk=pk)
    row = check_ins.get(activity=activity, pk=check_in, by=request.staff, at=request.at)
    check_ins.restore(check_in=row, by=request.staff, at=request.at)
    http.flash(request, _("The day counts again."))
    return _back(request, pk, row.day)


@require_POST
@http.page(activities.MANAGE)
def give_card(request: http.Request, pk: int) -> HttpResponse:
    """Give a member one make-up card, once per form."""
    activity = activities.get(by=request.staff, pk=pk)
    try:
        account = find_member(request, request.POST.get("member", "")[:200])
        if account is None:
            raise errors.Invalid(_("Name the member."))
        make_up_cards.grant(
            community=activity.community,
            account_id=account,
            source=MakeUpCard.Source.STAFF,
            key=request.POST.get("key", "")[:60] or secrets.token_urlsafe(12),
            by=request.staff,
            at=request.at,
        )
    except errors.QunceError as error:
        http.flash(request, str(error), level="bad")
    else:
        http.flash(request, _("The member has another make-up card."))
    return _back(request, pk)


@require_POST
@http.page(point_facts.ADJUST)
def give_back_card(request: http.Request, pk: int, card: int) -> HttpResponse:
    """Take back a bought card, and give its points back."""
    activity = activities.get(by=request.staff, pk=pk)
    row = card_sales.get(activity=activity, pk=card, by=request.staff, at=request.at)
    try:
        card_sales.give_back(card=row, by=request.staff, at=request.at)
    except card_sales.CardUsed as error:
        http.flash(request, str(error), level="bad")
    else:
        http.flash(request, _("The card is void, and its points are given back."))
    return _back(request, pk)


@require_POST
@http.page(activities.RUN)
def remind(request: http.Request, pk: int) -> HttpResponse:
    """Draft the playbook that reminds members of their streak, and go to it."""
    activity = activities.get(by=request.staff, pk=pk)
    days = request.POST.get("days", "")
    try:
        playbook = streak_reminders.draft(
            community=request.community,
            activity=activity.public_id,
            name=activity.name,
            address=presenters.address(activity),
            at_least=int(days) if days.isascii() and days.isdigit() else 0,
            time=request.POST.get("time", ""),
            channel=playbook_views.choose_channel(request),
            by=request.staff,
            at=request.at,
        )
    except errors.QunceError as error:
        http.flash(request, str(error), level="bad")
        return _back(request, pk)
    http.flash(request, _("A draft with its segment. Nothing is sent yet."))
    return http.redirect_back(request, reverse("playbooks:edit", args=[playbook.pk]))
