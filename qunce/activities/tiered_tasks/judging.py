"""The tiers that members have reached, judged in sets over all or for one person."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from qunce.activities import eligibility
from qunce.activities.activities.models import Activity, Entry, State
from qunce.activities.tiered_tasks import rewards, rules, task_facts
from qunce.activities.tiered_tasks.models import Problem, ReachedTier, Tier
from qunce.core import errors
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.members.accounts import queries as account_queries
from qunce.sets import audiences

if TYPE_CHECKING:
    from pyroaring import BitMap

KIND = "tiered_task"
JUDGED = (State.RUNNING, State.PAUSED, State.CLOSED)


# Verbs


@transaction.atomic
def judge(
    activity: Activity, *, at: datetime, only: Collection[int] | None = None
) -> int:
    """Note what was reached and lost, and give or take back; returns how many changes.

    `only` are the accounts of one person. Two judgements of an activity wait for each other.
    """
    locked = (
        Activity.objects.select_for_update(of=("self",), no_key=True)
        .select_related("community")
        .get(pk=activity.pk)
    )
    if not is_judged(locked, at):
        return 0
    joined = _find_joined(locked, only)
    changes = 0
    for tier in list_tiers(locked):
        people = find_people(tier, at)
        if people is not None:
            changes += _judge_tier(tier, joined, people, at)
    return changes


def is_judged(activity: Activity, at: datetime) -> bool:
    """Whether tiers can still be reached or lost."""
    if activity.state not in JUDGED:
        return False
    end = min(filter(None, (activity.ends_at, activity.closed_at)), default=None)
    days = timedelta(days=activity.settings["keep_days"])
    return end is None or at <= end + days


def list_tiers(activity: Activity) -> list[Tier]:
    rows = Tier.objects.filter(activity=activity).order_by("number")
    return list(rows.select_related("activity__community", "stock__community"))


def find_people(tier: Tier, at: datetime) -> BitMap | None:
    """The people for whom the rule of a tier holds; None if it is not valid any more."""
    community = tier.activity.community
    try:
        return audiences.people(
            community=community,
            rule=rules.bind(tier.activity, tier.rule),
            by=staff_models.system(community),
            at=at,
        )
    except errors.QunceError:
        return None


def _find_joined(
    activity: Activity, only: Collection[int] | None
) -> dict[int, tuple[int, bool]]:
    """Person id → the account that joined first, and whether the person was struck out."""
    rows = Entry.objects.filter(activity=activity).order_by("at", "pk")
    if only is not None:
        rows = rows.filter(account_id__in=only)
    found = list(rows.values_list("account_id", "struck_out_at"))
    people = account_queries.person_ids(account for account, _struck in found)
    joined: dict[int, tuple[int, bool]] = {}
    for account, struck_out_at in found:
        first, is_struck = joined.get(people[account], (account, False))
        joined[people[account]] = first, is_struck or struck_out_at is not None
    return joined


def _judge_tier(
    tier: Tier, joined: dict[int, tuple[int, bool]], people: BitMap, at: datetime
) -> int:
    rows = list(
        ReachedTier.objects.filter(tier=tier, lost_at__isnull=True).select_related(
            "award__stock__community", "award__community"
        )
    )
    persons = account_queries.person_ids(row.account_id for row in rows)
    held = {persons[row.account_id] for row in rows}
    lost = [
        row
        for row in rows
        if (person := persons[row.account_id]) in joined
        and (person not in people or joined[person][1])
    ]
    for row in lost:
        row.tier = tier
        _lose(row, at)
    waiting = [row for row in rows if row.problem != Problem.NONE and row not in lost]
    for row in waiting:
        row.tier, row.problem = tier, Problem.NONE
        rewards.give(row, at=at)
    new = [
        person
        for person, (_account, is_struck) in joined.items()
        if person in people and person not in held and not is_struck
    ]
    return len(lost) + _reach(tier, new, joined, at)


def _lose(row: ReachedTier, at: datetime) -> None:
    row.lost_at = at
    row.save(update_fields=["lost_at"])
    rewards.take_back(row, at=at)
    _record(task_facts.TierLost, row, at)


def _reach(
    tier: Tier,
    people: Sequence[int],
    joined: dict[int, tuple[int, bool]],
    at: datetime,
) -> int:
    accounts = {person: joined[person][0] for person in people}
    uncounted = eligibility.find_uncounted(
        tier.activity.community, accounts.values(), at=at
    )
    reached = 0
    for person, account in accounts.items():
        if account in uncounted:
            continue
        before = ReachedTier.objects.filter(tier=tier, account_id=account).count()
        row = ReachedTier.objects.create(
            tier=tier,
            account_id=account,
            person_id=person,
            time=before + 1,
            reached_at=at,
        )
        rewards.give(row, at=at)
        _record(task_facts.TierReached, row, at)
        reached += 1
    return reached


def _record(kind: type[task_facts.TierFact], row: ReachedTier, at: datetime) -> None:
    tier = row.tier
    fact = kind(activity=tier.activity_id, tier=tier.number, account=row.account_id)
    facts.record(fact, community=tier.activity.community, by=None, at=at)


# The clock


def judge_due(*, at: datetime) -> int:
    """Judge all tasks that are open, or ended a few days ago; returns the changes."""
    rows = Activity.objects.filter(kind=KIND, state__in=JUDGED).order_by("pk")
    return sum(judge(activity, at=at) for activity in rows)
