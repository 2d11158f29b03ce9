"""The last reports of the coffee brand, and who gets new ones."""

from __future__ import annotations

from datetime import timedelta

from qunce.core import community_days
from qunce.core.permissions import Role
from qunce.demo.coffee.context import Context
from qunce.insight.reports import periods, reports, subscribers
from qunce.insight.reports.models import Kind, Report
from qunce.outreach.report_deliveries import deliveries

WEEK = timedelta(days=7)


def create(context: Context) -> None:
    """The last day and month, and two weeks; once. Those who run it get the week's."""
    if Report.objects.filter(community=context.community).exists():
        return
    subscribers.set_subscribers(
        community=context.community,
        kind=Kind.WEEKLY,
        roles=[Role.OWNER, Role.MANAGER, Role.OPERATOR],
        staff=[],
        by=context.owner,
        at=context.at,
    )
    today = community_days.to_date(context.community.day(context.at))
    last = periods.find_latest(Kind.WEEKLY, today)
    for kind, day in (
        (Kind.MONTHLY, None),
        (Kind.WEEKLY, last.first - WEEK),
        (Kind.WEEKLY, last.first),
        (Kind.DAILY, None),
    ):
        reports.create(
            community=context.community,
            kind=kind,
            day=day,
            by=context.owner,
            at=context.at,
        )
    deliveries.deliver(community=context.community, at=context.at)
