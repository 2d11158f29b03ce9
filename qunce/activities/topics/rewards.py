"""Points for replies: once per person, or once a day, until the announced number is given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import transaction

from qunce.activities import budget, reward_counts
from qunce.activities.activities.models import Activity
from qunce.activities.points import earning
from qunce.activities.topics.models import TopicReply, TopicReward, TopicRewardCount
from qunce.members.accounts import queries as account_queries

PER_PERSON, PER_DAY = "person", "day"


class Outcome(StrEnum):
    NOTHING = "nothing"
    GIVEN = "given"
    HAD = "had"
    ALL_GIVEN = "all_given"


@dataclass(frozen=True)
class Rewarded:
    outcome: Outcome
    points: int = 0


NOTHING = Rewarded(Outcome.NOTHING)


def reward(reply: TopicReply, *, activity: Activity, at: datetime) -> Rewarded:
    """Give the points for a shown reply, in the transaction in which it is shown.

    Call it with the entry of the person locked, so that two replies get one reward. A reply
    that cannot be paid is shown all the same.
    """
    points = activity.settings["points"]
    if not points:
        return NOTHING
    day = day_of(activity, at)
    accounts = account_queries.account_ids_of_person(reply.account_id)
    rows = TopicReward.objects.filter(activity=activity, account_id__in=accounts)
    if rows.filter(day=day).exists():
        return Rewarded(Outcome.HAD)
    try:
        with transaction.atomic():
            key = f"topic/{activity.pk}/{reply.pk}"
            budget.reserve(activity=activity, key=key, points=points, at=at)
            if not reward_counts.take_one(TopicRewardCount.objects, activity):
                raise budget.BudgetExceeded
            return _pay(reply, activity, key, points, day, at)
    except budget.BudgetExceeded:
        return Rewarded(Outcome.ALL_GIVEN)


def day_of(activity: Activity, at: datetime) -> int:
    """The day that a reward is for: 0 where it is given once per person."""
    is_daily = activity.settings["per"] == PER_DAY
    return activity.community.day(at) if is_daily else 0


def _pay(
    reply: TopicReply,
    activity: Activity,
    key: str,
    points: int,
    day: int,
    at: datetime,
) -> Rewarded:
    row = TopicReward.objects.create(
        reply=reply,
        activity=activity,
        account_id=reply.account_id,
        person_id=reply.person_id,
        day=day,
        points=points,
    )
    earned = earning.award(
        account_id=reply.account_id,
        amount=points,
        key=key,
        by=None,
        at=at,
        reason=activity.name,
    )
    budget.book(activity=activity, key=key, at=at)
    if earned.entry is not None:
        TopicReward.objects.filter(pk=row.pk).update(points_entry=earned.entry.pk)
    return Rewarded(Outcome.GIVEN, points)


def count_left(activity: Activity) -> int | None:
    """How many rewards are left, None without a limit."""
    return reward_counts.count_left(TopicRewardCount.objects, activity)
