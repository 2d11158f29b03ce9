"""Many people at the same item at the same moment, each with their own connection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db.models import F

from qunce.activities.activities.models import Activity, Answer, Entry, Way
from qunce.activities.kinds import base
from qunce.activities.mall import redemptions
from qunce.activities.mall.models import Redemption
from qunce.activities.points import balances
from qunce.activities.points.models import PointLot
from qunce.activities.prizes import awards
from qunce.activities.prizes import stock as prize_stock
from qunce.activities.prizes.models import Award, PrizeStock
from qunce.core.staff.models import Staff
from tests import factories, threads
from tests.activities.draws.builders import prize
from tests.activities.mall import builders
from tests.activities.mall.builders import item, open_mall, rich
from tests.activities.points import builders as points
from tests.factories import AT
from tests.shares import IS_EXACT

PIECES = 10
PEOPLE = 200 if IS_EXACT else 60
pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def redeem(mall_id: int, account: int, key: str = "k") -> base.Reply:
    """As a request does it: the activity is read before anything else."""
    mall = Activity.objects.select_related("community").get(pk=mall_id)
    return base.take_part(
        activity=mall, account_id=account, way=Way.PORTAL, said="1", key=key, at=AT
    )


def all_redeem(by: Staff, pieces: int, people: list[int]) -> Counter[bool]:
    mall = open_mall(by, item(prize(by, total=pieces)))
    replies = threads.run(*(partial(redeem, mall.pk, pk) for pk in people))
    return Counter(reply.accepted for reply in replies)


def test_ten_pieces_for_many_people(by: Staff) -> None:
    people = rich(by, *(f"m{n}" for n in range(PEOPLE)))
    assert all_redeem(by, PIECES, people) == {True: PIECES, False: PEOPLE - PIECES}
    assert PrizeStock.objects.get().left == 0
    for table in (Award, Redemption, Entry):
        assert table._default_manager.count() == PIECES
    left = sum(PointLot.objects.values_list("left", flat=True))
    assert left == 100 * PEOPLE - PIECES * builders.PRICE


def test_without_the_condition_of_the_stock_too_many_get_one(
    by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take_what_was_left(*, stock_id: int, count: int = 1) -> bool:
        rows = PrizeStock.objects.filter(pk=stock_id, left__gte=count)
        rows.update(left=F("left") - count)
        return True

    monkeypatch.setattr(prize_stock, "take", take_what_was_left)
    # Nor does anybody look before.
    monkeypatch.setattr(redemptions, "check_offered", lambda item: None)
    look = awards._look
    monkeypatch.setattr(awards, "_look", lambda *args: (look(*args)[0], True))
    people = rich(by, *(f"m{n}" for n in range(20)))
    assert all_redeem(by, 1, people)[True] > 1


def test_one_person_who_taps_on_two_devices_has_one_with_what_it_costs(
    by: Staff,
) -> None:
    mall = open_mall(by, item(prize(by), most=None))
    (bob,) = rich(by, "bob", amount=builders.PRICE * 2 + 5)
    tasks = [partial(redeem, mall.pk, bob, key=f"k{n}") for n in range(20)]
    accepted = sum(reply.accepted for reply in threads.run(*tasks))
    assert (accepted, points.usable(bob)) == (2, 5)
    assert PrizeStock.objects.get().left == 8
    assert Answer.objects.count() == 20


def test_of_an_undo_that_is_sent_twenty_times_one_gives_back(by: Staff) -> None:
    mall = open_mall(by)
    (bob,) = rich(by, "bob")
    redeem(mall.pk, bob)
    pk = Redemption.objects.get().pk

    def undo() -> bool:
        row = Redemption.objects.select_related("activity__community").get(pk=pk)
        try:
            redemptions.undo(redemption=row, by=None, at=AT)
        except redemptions.CannotUndo:
            return False
        return True

    assert Counter(threads.run(*[undo] * 20)) == {True: 1, False: 19}
    assert (PrizeStock.objects.get().left, points.usable(bob)) == (10, 100)


def test_redeeming_and_undoing_at_the_same_time_never_wait_in_a_circle(
    by: Staff,
) -> None:
    mall = open_mall(by, item(prize(by, total=100, cost=5), most=None))
    people = rich(by, "bob", "cy", "dan", amount=10_000)
    for account in people:
        for n in range(8):
            redeem(mall.pk, account, key=f"first{n}")

    def undo(pk: int) -> None:
        row = Redemption.objects.select_related("activity__community").get(pk=pk)
        redemptions.undo(redemption=row, by=None, at=AT)

    tasks: list[Callable[[], Any]] = [
        partial(undo, pk) for pk in Redemption.objects.values_list("pk", flat=True)
    ]
    for account in people:
        tasks += [partial(redeem, mall.pk, account, f"more{n}") for n in range(8)]
    threads.run(*tasks)
    assert PrizeStock.objects.get().left == 100 - 24
    for account in people:
        held = balances.balance(account_id=account, at=AT)
        assert held.usable == 10_000 - 8 * builders.PRICE
