"""Judgements at the same time: each tier is reached once, and each reward given once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from qunce.activities.activities.models import Activity, Way
from qunce.activities.kinds import base
from qunce.activities.points.models import PointEntry
from qunce.activities.prizes import prizes
from qunce.activities.prizes.models import Award, PrizeStock
from qunce.activities.tiered_tasks import judging
from qunce.activities.tiered_tasks.models import ReachedTier
from qunce.core.staff.models import Staff
from qunce.sets.mirror import deriver
from tests import factories, threads
from tests.activities import running
from tests.factories import AT

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


def take_part(activity_id: int, account: int) -> base.Reply:
    activity = Activity.objects.select_related("community").get(pk=activity_id)
    return base.take_part(
        activity=activity, account_id=account, way=Way.PORTAL, key="k", at=AT
    )


def judge(activity_id: int) -> int:
    return judging.judge(Activity.objects.get(pk=activity_id), at=AT)


def test_joining_and_judging_at_the_same_time_gives_each_reward_once(
    by: Staff,
) -> None:
    shop = by.community
    cup = prizes.create(community=shop, name="Cup", kind="goods", total=3, by=by, at=AT)
    tier = {"text": "x", "rule": "付款至少 1 次", "points": 5, "prize": str(cup.pk)}
    activity = running.running(by, "tiered_task", settings={"tiers": [tier]})
    keys = [f"m{n}" for n in range(6)]
    people = factories.members(shop, *keys)
    for key in keys:
        factories.order(shop, key)
    deriver.catch_up()
    tasks: list[Callable[[], Any]] = [
        partial(take_part, activity.pk, account) for account in people
    ]
    threads.run(*tasks, *[partial(judge, activity.pk)] * 4)
    judge(activity.pk)
    assert ReachedTier.objects.count() == len(people)
    assert PointEntry.objects.filter(amount=5).count() == len(people)
    assert Award.objects.count() == 3
    assert PrizeStock.objects.get().left == 0
    assert ReachedTier.objects.filter(problem="stock").count() == 3
