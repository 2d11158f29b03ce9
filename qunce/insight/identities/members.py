"""The account of members: opening + came − left = closing = the list of members."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from qunce.core import community_days, timestamps
from qunce.insight import identities, metrics, retained_members
from qunce.insight.identities import Comparison, Question
from qunce.sets import audiences
from qunce.sets.rules import references

DAYS = 28
STEP = 7
MAX_GROUPS = 20
COLUMNS = ("opening", "joined", "returned", "left", "closing")


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


@identities.register(
    "sources",
    statement=_(
        "The account of retained members by source adds up to that of the community, and "
        "each line of the community and of the groups is closed."
    ),
    metrics=("opening_members", "new_members", "returns", "leaves", "members"),
)
def compare_sources(question: Question) -> Iterator[Comparison]:
    today = question.community.day(question.at)
    span: dict[str, Any] = {
        "first": community_days.to_date(today - DAYS),
        "last": community_days.to_date(today - 1),
        "by": question.by,
        "at": question.at,
    }
    keys = references.list_keys(question.community, "group")[:MAX_GROUPS]
    for group in (None, *keys):
        statement = retained_members.compute(group=group, **span)
        name = str(_("community")) if group is None else group
        for line in (statement.total, *statement.lines):
            came = line.joined + (line.returned or 0)
            yield Comparison(
                where=f"{name}: {line.label or line.key}",
                left=line.opening + came - line.left,
                right=line.closing,
            )
        for column in COLUMNS:
            numbers = [getattr(line, column) or 0 for line in statement.lines]
            total = getattr(statement.total, column) or 0
            yield Comparison(where=f"{name}: {column}", left=sum(numbers), right=total)
