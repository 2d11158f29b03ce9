"""The live screen of an activity: people, stock, orders, groups and questions.

Limited staff see the numbers of the members and groups that they see.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.formats import number_format

from qunce.activities import announcements, eligibility, pasted_lines, results
from qunce.activities.activities.models import Activity, Announcement
from qunce.activities.kinds import base
from qunce.activities.prizes import codes, prize_facts, prizes
from qunce.activities.prizes.models import PrizeStock
from qunce.console import http
from qunce.core import permissions
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.outreach import activity_messages
from qunce.outreach.replies import conversations
from qunce.outreach.replies.conversations import Filters
from qunce.sales.models import Order

LATE = timedelta(minutes=5)
"""Questions that wait longer are counted."""
ORDER_MINUTES = 10


@dataclass(frozen=True, kw_only=True)
class StockRow:
    """A prize: how many the activity promises, are left in the stock, and lack a code."""

    prize: PrizeStock
    promised: int
    missing_codes: int
    may_add: bool


@dataclass(frozen=True, kw_only=True)
class UnpostedRow:
    """A text that was announced, with the groups in which it was not posted."""

    announcement: Announcement
    groups: list[Group]


def context(activity: Activity, request: http.Request) -> dict[str, Any]:
    by, at = request.staff, request.at
    unposted = list_unposted(activity, by)
    orders = count_orders(by, at)
    return {
        "results": results.collect(activity=activity, by=by, at=at),
        "fault": eligibility.find_fault(activity, at),
        "stock": list_stock(activity, by),
        "unposted": unposted,
        "not_posted": len({group.pk for row in unposted for group in row.groups}),
        "questions": count_questions(activity, by, at),
        "orders": orders,
        "orders_per_minute": number_format(
            orders / ORDER_MINUTES, decimal_pos=1, force_grouping=True
        ),
        "unsure": len(pasted_lines.list_unsure(activity=activity, by=by, at=at)),
        "now": at,
    }


def list_stock(activity: Activity, by: Staff) -> list[StockRow]:
    """The prizes of the activity in their order, for staff who may see prizes."""
    if not permissions.may(by, prize_facts.DELIVER):
        return []
    promised = base.get(activity.kind).list_stock(activity)
    stocks = prizes.list_visible(by, with_archived=True).in_bulk(
        [stock for stock, _count in promised]
    )
    return [
        StockRow(
            prize=stocks[stock],
            promised=count,
            missing_codes=_missing_codes(stocks[stock], count),
            may_add=prizes.may_manage(by) and stocks[stock].archived_at is None,
        )
        for stock, count in promised
    ]


def _missing_codes(prize: PrizeStock, promised: int) -> int:
    """How many winners will wait for a code unless more are uploaded."""
    if not codes.has_codes(prize):
        return 0
    # All activities take their codes from one stock.
    given = prize.codes.filter(award__isnull=False).count()
    needed = prize.total - prize.left - given
    return max(0, min(promised, needed - codes.count_free(prize)))


def list_unposted(activity: Activity, by: Staff) -> list[UnpostedRow]:
    """The announced texts that some group which `by` sees has not got."""
    own = [group.pk for group in announcements.list_groups(activity)]
    found = []
    for row in activity.announcements.filter(posted_at__isnull=False).order_by("pk"):
        groups = activity_messages.list_groups_not_posted(
            posts=[(row.fact_ids, own)], by=by
        )
        if groups:
            found.append(UnpostedRow(announcement=row, groups=groups))
    return found


def count_questions(activity: Activity, by: Staff, at: datetime) -> int | None:
    """Questions in its groups that have waited longer than LATE; None without the right."""
    if not permissions.may(by, conversations.VIEW):
        return None
    groups = set(activity.groups.values_list("pk", flat=True))
    waiting = conversations.list_visible(by=by, at=at, filters=Filters())
    return sum(
        row.opened_at <= at - LATE and (not groups or row.group_id in groups)
        for row in waiting
    )


def count_orders(by: Staff, at: datetime) -> int:
    """Orders paid in the last ORDER_MINUTES, of members whom the reader sees."""
    since = at - timedelta(minutes=ORDER_MINUTES)
    rows = Order.objects.filter(
        community_id=by.community_id, paid_at__gt=since, paid_at__lte=at
    )
    if not by.is_scoped:
        return rows.count()
    accounts = [pk for pk in rows.values_list("account_id", flat=True) if pk]
    seen = visibility.filter_visible(by=by, accounts=accounts, at=at)
    persons = account_queries.person_ids(accounts)
    return sum(persons[pk] in seen for pk in accounts)
