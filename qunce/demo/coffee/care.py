"""Care rules that have run for two weeks: birthdays, a hundred days, and a surprise."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from qunce.demo.coffee.context import Context
from qunce.members.attributes.attributes import Attribute, AttributeType
from qunce.outreach.care import budgets, days, rules
from qunce.outreach.care.models import Action, CareRule
from qunce.outreach.sending import assisted_messages

POSTER = "manager"
SPAN, STEP, POSTED_WITHIN = timedelta(days=14), timedelta(hours=12), timedelta(hours=20)
BUDGET, GIFT = 60_000, 3_000
"""600.00 a month, and gifts of 30.00."""


def create(context: Context) -> None:
    """Write the rules and let their time pass, once; what has been done since stays."""
    if CareRule.objects.filter(community=context.community).exists():
        return
    # In one transaction, so that a load after a kill finds all of it or nothing.
    with transaction.atomic(), translation.override(context.community.language):
        by, at = context.staff[POSTER], context.at - SPAN
        budgets.set_amount(community=context.community, amount=BUDGET, by=by, at=at)
        for fields in _list_rules(context):
            rule = rules.create(
                community=context.community, staff=by, by=by, at=at, **fields
            )
            rules.start(rule=rule, by=by, at=at)
        _run(context)


def _list_rules(context: Context) -> list[dict[str, Any]]:
    dates = Attribute.objects.filter(
        community=context.community, type__in=(AttributeType.DATE, AttributeType.LUNAR)
    )
    names = list(dates.order_by("pk").values_list("name", flat=True))
    found: list[dict[str, Any]] = [
        {
            "name": _("A hundred days"),
            "occasion": {"on": "joined", "unit": "days", "numbers": [100]},
            "text": _("Hello {name|there}, a hundred days with us. Thank you!"),
        },
        {
            "name": _("Surprise of the month"),
            "occasion": {
                "on": "surprise",
                "members": 5,
                "month_day": min((context.at - SPAN / 2).day, 28),
            },
            "action": Action.TASK,
            "text": _("Put a bag of this week’s roast into the next parcel."),
            "amount": GIFT,
        },
    ]
    if names:
        birthday = {
            "name": _("Birthday wish"),
            "occasion": {"on": "birthday", "attributes": names[:1]},
            "text": _("Happy birthday, {name|dear member}. Your next cup is on us."),
        }
        found.insert(0, birthday)
    return found


def _run(context: Context) -> None:
    by, end = context.staff[POSTER], context.at
    at = end - SPAN
    while at <= end:
        days.poll_all(at=at)
        if end - at > POSTED_WITHIN:
            for message in assisted_messages.list_open(by=by, at=at):
                assisted_messages.mark_sent(message=message, by=by, at=at)
        at += STEP
