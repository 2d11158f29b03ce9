"""E7: tiers whose rules count facts, their rewards, and taking them back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.activities.activities import activities, entries, lifecycle
from qunce.activities.activities.models import Activity, BudgetEntry, Entry
from qunce.activities.kinds import tiered_task
from qunce.activities.kinds.base import InvalidSetting, NotBetter
from qunce.activities.points import balances
from qunce.activities.prizes import awards, prizes
from qunce.activities.prizes.models import Award, PrizeStock
from qunce.activities.tiered_tasks import judging, progress
from qunce.activities.tiered_tasks.models import ReachedTier
from qunce.core.staff.models import Staff
from qunce.members.people import person_export
from qunce.sets.mirror import deriver
from tests import factories
from tests.activities import running
from tests.factories import AT

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
TWO = {"text": "Two orders", "rule": "付款至少 2 次且没有退款", "points": 50}


@pytest.fixture
def bob(by: Staff) -> int:
    return factories.members(by.community, "bob")[0]


@pytest.fixture
def cup(by: Staff) -> PrizeStock:
    return prizes.create(
        community=by.community, name="Cup", kind="goods", total=2, by=by, at=AT
    )


def open_task(by: Staff, *tiers: dict[str, Any], **fields: Any) -> Activity:
    rows = [{"points": None, "prize": "", **row} for row in (tiers or (TWO,))]
    return running.running(by, "tiered_task", settings={"tiers": rows}, **fields)


def pay(by: Staff, key: str, times: int = 1, at: Any = AT + DAY) -> None:
    for _time in range(times):
        factories.order(by.community, key, paid_at=at)


def judge(activity: Activity, at: Any = AT + DAY) -> int:
    deriver.catch_up()
    return judging.judge(activity, at=at)


def points_of(account: int, at: Any = AT + DAY) -> int:
    return balances.balance(account_id=account, at=at).usable


def texts(activity: Activity, account: int, at: Any = AT + DAY) -> list[str]:
    deriver.catch_up()
    return [
        tiered_task.state_text(each) for each in progress.load(activity, [account], at)
    ]


def test_a_tier_is_reached_by_what_is_done_since_the_start(by: Staff, bob: int) -> None:
    pay(by, "bob", at=AT - 3 * DAY)
    activity = open_task(by)
    reply = running.join(activity, bob)
    assert reply.text == "You are in.\nTwo orders: 0 of 2"
    pay(by, "bob")
    assert texts(activity, bob) == ["1 of 2"]
    assert judge(activity) == 0
    pay(by, "bob")
    assert texts(activity, bob) == ["reached; it is noted within a few minutes"]
    assert judge(activity) == 1
    assert judge(activity) == 0
    assert texts(activity, bob) == ["reached"]
    assert points_of(bob) == 50
    again = running.join(activity, bob, AT + DAY, key="again")
    assert (again.accepted, again.text) == (
        False,
        "Your progress:\nTwo orders: reached",
    )
    facts = factories.recorded_facts(by.community, "tier.reached")
    assert [(who, payload["tier"]) for who, payload in facts] == [(bob, 1)]


def test_only_who_joined_is_judged(by: Staff, bob: int) -> None:
    activity = open_task(by)
    pay(by, "bob", 2)
    assert judge(activity) == 0
    # Joining judges immediately.
    assert "reached" in running.join(activity, bob, AT + DAY).text
    assert points_of(bob) == 50


def test_a_refund_takes_points_and_an_unsent_prize_back(
    by: Staff, bob: int, cup: PrizeStock
) -> None:
    activity = open_task(by, {**TWO, "prize": str(cup.pk)}, points_limit=100)
    running.join(activity, bob)
    pay(by, "bob", 2)
    judge(activity)
    award = Award.objects.get()
    cup.refresh_from_db()
    assert (points_of(bob), cup.left, award.state) == (50, 1, "to_claim")
    factories.refund(by.community, "o1", at=AT + DAY)
    assert judge(activity) == 1
    assert judge(activity) == 0
    award.refresh_from_db()
    cup.refresh_from_db()
    assert (points_of(bob), cup.left, award.state) == (0, 2, "returned")
    assert texts(activity, bob) == ["not yet"]
    states = BudgetEntry.objects.values_list("state", flat=True)
    assert set(states) == {BudgetEntry.State.RELEASED}
    facts = factories.recorded_facts(by.community, "tier.lost")
    assert [who for who, _payload in facts] == [bob]


def test_a_prize_that_was_handed_over_stays_and_is_not_given_twice(
    by: Staff, bob: int, cup: PrizeStock
) -> None:
    rule = "付款至少 2 次且最近 2 天内没有退款"
    activity = open_task(by, {"text": "x", "rule": rule, "prize": str(cup.pk)})
    running.join(activity, bob)
    pay(by, "bob", 2)
    judge(activity)
    awards.deliver(Award.objects.get(), by=by, at=AT + DAY)
    factories.refund(by.community, "o1", at=AT + DAY)
    assert judge(activity) == 1
    # The refund is not in the last days any more.
    assert judge(activity, AT + 5 * DAY) == 1
    cup.refresh_from_db()
    assert (cup.left, Award.objects.get().state) == (1, "delivered")
    assert ReachedTier.objects.filter(lost_at__isnull=True).count() == 1


def test_what_the_stock_lacks_follows_when_there_is_more(
    by: Staff, cup: PrizeStock
) -> None:
    keys = ("ann", "bob", "cy")
    people = factories.members(by.community, *keys)
    activity = open_task(
        by, {"text": "x", "rule": "付款至少 1 次", "prize": str(cup.pk)}
    )
    for key, account in zip(keys, people, strict=True):
        running.join(activity, account)
        pay(by, key)
    judge(activity)
    assert Award.objects.count() == 2
    waiting = ReachedTier.objects.get(award__isnull=True)
    assert waiting.problem == "stock"
    assert "ask our staff" in texts(activity, waiting.account_id)[0]
    prizes.add_stock(prize=cup, count=1, by=by, at=AT)
    judge(activity)
    assert Award.objects.count() == 3


def test_the_budget_is_never_exceeded(by: Staff) -> None:
    keys = ("ann", "bob", "cy")
    people = factories.members(by.community, *keys)
    activity = open_task(by, points_limit=100)
    for key, account in zip(keys, people, strict=True):
        running.join(activity, account)
        pay(by, key, 2)
    judge(activity)
    assert sorted(map(points_of, people)) == [0, 50, 50]
    assert ReachedTier.objects.filter(problem="budget").count() == 1


def test_after_the_end_a_tier_can_be_lost_for_some_days(by: Staff, bob: int) -> None:
    activity = open_task(by, ends_at=AT + 2 * DAY)
    running.join(activity, bob)
    pay(by, "bob", 2)
    deriver.catch_up()
    lifecycle.move_due(at=AT + 2 * DAY)
    assert points_of(bob, AT + 2 * DAY) == 50
    # What is done after the last day does not count, and a refund is one of the time.
    assert judge(activity, AT + 9 * DAY) == 0
    assert judging.is_judged(Activity.objects.get(), AT + 9 * DAY)
    assert not judging.is_judged(Activity.objects.get(), AT + 10 * DAY)


def test_struck_out_and_departed_members(by: Staff, bob: int) -> None:
    activity = open_task(by)
    (cy,) = factories.members(by.community, "cy")
    for key, account in (("bob", bob), ("cy", cy)):
        running.join(activity, account)
        pay(by, key, 2)
    factories.leave(by.community, "cy", at=AT + DAY)
    assert judge(activity) == 1
    entries.strike_out(entry=Entry.objects.get(account_id=bob), by=by, at=AT)
    assert judge(activity) == 1
    assert (points_of(bob), points_of(cy)) == (0, 0)


def test_merged_accounts_are_one_member(by: Staff) -> None:
    shop = by.community
    _ann, ann2 = factories.members(shop, "ann", "ann2")
    activity = open_task(by)
    running.join(activity, ann2)
    pay(by, "ann")
    pay(by, "ann2")
    assert judge(activity) == 0
    factories.merge(shop, "ann", "ann2", at=AT + DAY)
    assert judge(activity) == 1
    assert [row.account_id for row in ReachedTier.objects.all()] == [ann2]
    factories.unmerge(shop, "ann", "ann2", at=AT + DAY)
    assert judge(activity) == 1
    assert points_of(ann2) == 0


@pytest.mark.parametrize(
    ("tier", "problem"),
    [
        ({**TWO, "rule": "喜欢猫咪的好人"}, "not understood"),
        ({**TWO, "points": None}, "gives nothing"),
        ({**TWO, "text": ""}, "is required"),
        ({**TWO, "points": 0}, "whole number"),
    ],
)
def test_what_cannot_be_judged_is_refused(
    tier: dict[str, Any], problem: str, by: Staff
) -> None:
    with pytest.raises(InvalidSetting, match=problem):
        open_task(by, tier)


def test_tiers_do_not_change_after_publication(by: Staff) -> None:
    activity = open_task(by)
    settings = activity.settings
    worse = [{**settings, "tiers": []}, {**settings, "keep_days": 30}]
    for values in worse:
        with pytest.raises(NotBetter):
            activities.change(activity=activity, settings=values, by=by, at=AT)
    activities.change(
        activity=activity, settings={**settings, "keep_days": 1}, by=by, at=AT
    )


def test_reached_tiers_are_in_the_export(by: Staff, bob: int) -> None:
    activity = open_task(by)
    running.join(activity, bob)
    pay(by, "bob", 2)
    judge(activity)
    found = person_export.export(account=bob, by=by, at=AT).sections["reached_tiers"]
    assert [row["tier__text"] for row in found] == ["Two orders"]
