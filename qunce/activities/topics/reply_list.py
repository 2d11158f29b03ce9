"""The replies to a topic: as members read them, and as staff do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext as _

from qunce.activities import eligibility
from qunce.activities.activities import activities, entries
from qunce.activities.activities.models import Activity
from qunce.activities.topics.models import ReplyState, TopicReply
from qunce.core import errors
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.members.personal_links import masked_names

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

PAGE = 20
MAX_READ = 2_000
"""Replies that one page looks through for those that count."""


class InvalidState(errors.Invalid):
    """There is no such state of replies."""


@dataclass(frozen=True)
class PublicReply:
    """What members read: a masked name, a text and its time. `pk` is for the next page."""

    pk: int
    name: str
    text: str
    said_at: datetime


@dataclass(frozen=True)
class PublicPage:
    """`next` is the number after which the next page begins, None on the last one."""

    rows: tuple[PublicReply, ...]
    next: int | None


def list_public(
    activity: Activity, *, at: datetime, before: int | None = None, limit: int = PAGE
) -> PublicPage:
    """The shown replies of people who count, the newest first.

    `before` is the number of the last reply of the page before.
    """
    rows = TopicReply.objects.filter(
        activity=activity, state=ReplyState.SHOWN, said_at__lte=at
    ).order_by("-said_at", "-pk")
    if before is not None:
        last = TopicReply.objects.filter(activity=activity, pk=before).first()  # unique
        if last is not None:
            rows = rows.filter(
                models.Q(said_at__lt=last.said_at)
                | models.Q(said_at=last.said_at, pk__lt=last.pk)
            )
    found: list[TopicReply] = []
    read = 0
    while len(found) <= limit and read < MAX_READ:
        # Nearly everybody counts, so that one page is nearly always enough.
        chunk = list(rows[read : read + limit + 1])
        found += _counted(activity, chunk, at)
        read += limit + 1
        if len(chunk) <= limit:
            break
    shown = found[:limit]
    names = _masked_names([row.account_id for row in shown])
    public = tuple(
        PublicReply(row.pk, names[row.account_id], row.text, row.said_at)
        for row in shown
    )
    return PublicPage(public, shown[-1].pk if len(found) > limit else None)


def _counted(
    activity: Activity, rows: Sequence[TopicReply], at: datetime
) -> list[TopicReply]:
    accounts = {row.account_id for row in rows}
    left_out = set(eligibility.find_uncounted(activity.community, accounts, at=at))
    left_out |= entries.find_struck_out(activity, accounts)
    return [row for row in rows if row.account_id not in left_out]


def _masked_names(accounts: Sequence[int]) -> dict[int, str]:
    """Account → the name of its person, as everybody may read it."""
    names = account_queries.names_of_people(accounts)
    return {pk: masked_names.mask(names[pk]) for pk in accounts}


def list_held(activity: Activity, accounts: Sequence[int]) -> list[TopicReply]:
    """A member's own replies that wait for staff, the newest first."""
    rows = TopicReply.objects.filter(
        activity=activity, account_id__in=accounts, state=ReplyState.HELD
    )
    return list(rows.order_by("-said_at", "-pk")[:PAGE])


def list_visible(
    *, activity: Activity, by: Staff, at: datetime, state: str = ""
) -> models.QuerySet[TopicReply]:
    """The replies of members whom `by` sees, the newest first; in a state, or all."""
    activities.check_may_run(by, activity)
    rows = TopicReply.objects.filter(activity=activity)
    if state:
        if state not in ReplyState.values:
            raise InvalidState(
                _("Choose a state: %(states)s.")
                % {"states": _(", ").join(ReplyState.values)}
            )
        rows = rows.filter(state=state)
    seen = visibility.filter_rows(rows, by=by, at=at)
    return seen.select_related("by", "decided_by").order_by("-said_at", "-pk")


def find_uncounted(
    activity: Activity, rows: Sequence[TopicReply], at: datetime
) -> set[int]:
    """Those of the accounts of these replies that do not count."""
    counted = {row.account_id for row in _counted(activity, rows, at)}
    return {row.account_id for row in rows} - counted


def count_of_people(activity: Activity, people: Sequence[int]) -> tuple[int, int]:
    """How many of these people have a shown reply, and how many shown replies they have."""
    accounts = account_queries.accounts_by_person(people)
    person_of = account_queries.invert(accounts)
    rows = TopicReply.objects.filter(activity=activity, state=ReplyState.SHOWN)
    found = [
        person_of[account]
        for account in rows.values_list("account_id", flat=True)
        if account in person_of
    ]
    return len(set(found)), len(found)


def count_held(topics: Sequence[int], *, by: Staff, at: datetime) -> dict[int, int]:
    """Topic → its held replies of members whom `by` sees."""
    rows = TopicReply.objects.filter(activity__in=topics, state=ReplyState.HELD)
    seen = visibility.filter_rows(rows, by=by, at=at)
    counted = seen.order_by().values("activity").annotate(n=models.Count("pk"))
    return dict(counted.values_list("activity", "n"))
