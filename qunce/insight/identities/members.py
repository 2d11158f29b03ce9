"""The account of members: opening + came − left = closing = the list of members."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from qunce.core import community_days, timestamps
from qunce.insight import identities, metrics
from qunce.insight.identities import Comparison, Question
from qunce.sets import audiences

DAYS = 28
STEP = 7


@identities.register(
    "account",
    statement=_(
        "Members at the start, plus new members and those who came back, less leaves, are "
        "the members in the list at the end."
    ),
    metrics=(
        "opening_members",
        "new_members",
        "returns",
        "leaves",
        "net_growth",
        "members",
    ),
)
def compare_account(question: Question) -> Iterator[Comparison]:
    """Weeks of the last days; each end is compared with the list as of that moment."""
    community = question.community
    today = community.day(question.at)
    for last in range(today - 1, today - 1 - DAYS, -STEP):
        first = last - STEP + 1
        end = _end_of(question, last)
        # The list of an earlier moment knows only who is known to have joined later.
        if end < community.created_at:
            return
        numbers = metrics.count_span(
            community=community,
            first=community_days.to_date(first),
            last=community_days.to_date(last),
            by=question.by,
            at=question.at,
            names=("opening_members", "new_members", "returns", "leaves"),
        ).numbers
        closing = (
            numbers["opening_members"]
            + numbers["new_members"]
            + numbers["returns"]
            - numbers["leaves"]
        )
        listed = audiences.count(
            community=community, rule=audiences.EVERYONE, by=question.by, at=end
        )
        day = community_days.to_date(last).isoformat()
        yield Comparison(where=day, left=closing, right=listed)


def _end_of(question: Question, day: int) -> datetime:
    community = question.community
    start = community_days.start_of(community.timezone, community.day_start, day + 1)
    return timestamps.from_micros(start) - timedelta(microseconds=1)
