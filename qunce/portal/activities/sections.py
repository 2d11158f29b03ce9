"""The activities on the page of a community, and on the page of a member."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from qunce.activities import eligibility
from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity, Entry
from qunce.activities.kinds import base, poll, tiered_task
from qunce.core.prepared_queries import Ids, Param, PreparedQuery
from qunce.groups.groups import Membership
from qunce.members.accounts import queries as account_queries
from qunce.portal.home import sections as home
from qunce.portal.me import sections as me
from qunce.portal.sections import Section
from qunce.portal.visitors.visitors import Visitor

MAX_SHOWN, MAX_JOINED = 20, 10
SUMMARIES: dict[str, Callable[[Activity, Sequence[int], datetime], str]] = {
    poll.KEY: poll.summary,
    tiered_task.KEY: tiered_task.summary,
}
"""What the member's own page says of an activity that they joined, by kind."""


def list_open(visitor: Visitor) -> list[Activity]:
    """What is open to a visitor: to everybody, and to the groups that they are in."""
    rows = activities.list_public(visitor.community).select_related("community")
    return filter_own(visitor, rows)[:MAX_SHOWN]


def filter_own(visitor: Visitor, rows: models.QuerySet[Activity]) -> list[Activity]:
    """Those of these activities that are for everybody or for groups of the visitor."""
    through = Activity.groups.through.objects.filter(activity__in=rows)
    limited: dict[int, set[int]] = {}
    for pk, group in through.values_list("activity_id", "group_id"):
        limited.setdefault(pk, set()).add(group)
    own = _groups_of(visitor) if limited else set()
    return [
        row
        for row in rows
        if row.pk not in limited or not own.isdisjoint(limited[row.pk])
    ]


def _groups_of(visitor: Visitor) -> set[int]:
    if visitor.account_id is None:
        return set()
    accounts = account_queries.account_ids_of_person(visitor.account_id)
    rows = Membership.objects.filter(account_id__in=accounts, present=True)
    return set(rows.values_list("group_id", flat=True))


def _load_home(visitor: Visitor, at: datetime) -> dict[str, Any] | None:
    rows = [
        (row, base.get(row.kind), eligibility.judge_time(row, at))
        for row in list_open(visitor)
    ]
    return {"rows": rows} if rows else None


def _joined_by_person(entries: models.QuerySet[Entry]) -> models.QuerySet[Activity]:
    """The newest published activities of a community with one of these entries."""
    joined = Activity.objects.select_related("community").filter(
        community=Param("community"),
        pk__in=entries.values("activity"),
        published_at__isnull=False,
    )
    return joined.order_by("-starts_at", "-pk")


_JOINED = PreparedQuery(
    lambda: _joined_by_person(
        Entry.objects.filter(
            account_id__in=Ids("accounts"), activity__kind__in=list(SUMMARIES)
        )
    )[:MAX_JOINED]
)
_CHECK_INS = PreparedQuery(
    lambda: (
        _joined_by_person(Entry.objects.filter(account_id__in=Ids("accounts")))
        .filter(kind="check_in")
        .exclude(
            pk__in=Entry.objects.filter(
                account_id__in=Ids("accounts"), struck_out_at__isnull=False
            ).values("activity")
        )[:MAX_JOINED]
    )
)


def _load_joined(visitor: Visitor, at: datetime) -> dict[str, Any] | None:
    """The polls and tasks that the member joined, with their vote or progress."""
    account = visitor.account_id
    if account is None:
        return None
    accounts = account_queries.account_ids_of_person(account)
    joined = _JOINED.all(community=visitor.community.pk, accounts=accounts)
    rows = [
        (row, base.get(row.kind), SUMMARIES[row.kind](row, accounts, at))
        for row in joined
    ]
    return {"rows": rows} if rows else None


def _load_me(visitor: Visitor, at: datetime) -> dict[str, Any] | None:
    """The check-ins of the member, each with its streak and cards."""
    account = visitor.account_id
    if account is None:
        return None
    accounts = account_queries.account_ids_of_person(account)
    joined = _CHECK_INS.all(community=visitor.community.pk, accounts=accounts)
    rows = [
        (row, base.get(row.kind).portal_context(row, account, at)) for row in joined
    ]
    return {"rows": rows} if rows else None


me.SECTIONS.register(
    Section(
        key="joined",
        label=_("My votes and tasks"),
        template="portal/activities/_me_joined.html",
        load=_load_joined,
        order=45,
    )
)
home.SECTIONS.register(
    Section(
        key="activities",
        label=_("Activities"),
        template="portal/activities/_home.html",
        load=_load_home,
        order=10,
    )
)
me.SECTIONS.register(
    Section(
        key="check_ins",
        label=_("My check-ins"),
        template="portal/activities/_me.html",
        load=_load_me,
        order=40,
    )
)
