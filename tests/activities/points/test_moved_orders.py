"""Orders whose buyer or time is corrected: one earns what the other gives back, once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from qunce import reactions
from qunce.activities.points import (
    balances,
    doctor_checks,
    past_runs,
    rules,
    spending,
)
from qunce.activities.points.models import PointEntry
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.sales import orders
from qunce.sales.models import Order
from qunce.sets.mirror import deriver
from tests import factories
from tests.activities.points import builders
from tests.activities.points.test_undone_imports import ORDERS, run, undo
from tests.factories import AT, LATER

pytestmark = pytest.mark.django_db
UNDONE_AT = LATER + timedelta(hours=1)


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop)


@pytest.fixture
def pair(shop: Community) -> tuple[int, int]:
    ann, bob = factories.members(shop, "ann", "bob")
    return ann, bob


@pytest.fixture
def shopping(shop: Community) -> None:
    builders.rule(
        shop,
        "shopping",
        event="order",
        points=1,
        per_amount=10_00,
        starts_at=AT - timedelta(days=200),
    )


def react() -> None:
    reactions.CONSUMER.catch_up(at=LATER)
    assert list(doctor_checks.check_points()) == []


def points(*accounts: int) -> list[tuple[int, int]]:
    found = [balances.balance(account_id=each, at=UNDONE_AT) for each in accounts]
    return [(each.usable, each.owed) for each in found]


def move(shop: Community, account: int, **fields: Any) -> None:
    orders.amend(
        community=shop,
        order=Order.objects.get(),
        account=account,
        by=None,
        at=LATER,
        **fields,
    )


@pytest.mark.usefixtures("shopping")
@pytest.mark.parametrize("is_seen", [True, False])
def test_points_follow_the_order_to_its_buyer(
    shop: Community, pair: tuple[int, int], is_seen: bool
) -> None:
    ann, bob = pair
    factories.order(shop, ann, amount=100_00)
    if is_seen:
        react()
        assert points(ann, bob) == [(10, 0), (0, 0)]
    move(shop, bob)
    react()
    assert points(ann, bob) == [(0, 0), (10, 0)]
    entries = PointEntry.objects.count()
    react()
    assert PointEntry.objects.count() == entries
    # And back again.
    move(shop, ann)
    react()
    assert points(ann, bob) == [(10, 0), (0, 0)]


@pytest.mark.usefixtures("shopping")
def test_partial_refund_before_the_correction_counts_for_the_right_buyer(
    shop: Community, pair: tuple[int, int]
) -> None:
    ann, bob = pair
    factories.order(shop, ann, amount=100_00)
    factories.refund(shop, "o1", 33_33)
    react()
    assert points(ann, bob) == [(7, 0), (0, 0)]
    move(shop, bob)
    react()
    assert points(ann, bob) == [(0, 0), (7, 0)]
    for part, left in ((33_33, 4), (33_34, 0)):
        factories.refund(shop, "o1", part)
        react()
        assert points(ann, bob) == [(0, 0), (left, 0)]


@pytest.mark.usefixtures("shopping")
def test_what_the_first_has_spent_is_owed(
    shop: Community, pair: tuple[int, int]
) -> None:
    ann, bob = pair
    factories.order(shop, ann, amount=100_00)
    react()
    spending.spend(account_id=ann, amount=8, key="mall/1", by=None, at=LATER)
    rules.switch_off(
        rule=rules.get_by_key(shop, "shopping"), by=factories.staff(shop), at=LATER
    )
    move(shop, bob, amount=150_00)
    react()
    # Also by a rule that has been switched off since.
    assert points(ann, bob) == [(0, 8), (15, 0)]


@pytest.mark.usefixtures("shopping")
@pytest.mark.parametrize(("amount", "left"), [(None, 5), (150_00, 10), (60_00, 1)])
def test_corrected_time_counts_no_refund_twice(
    shop: Community, pair: tuple[int, int], amount: int | None, left: int
) -> None:
    ann, _bob = pair
    factories.order(shop, ann, amount=100_00)
    factories.refund(shop, "o1", 50_00)
    react()
    assert points(ann) == [(5, 0)]
    move(shop, ann, paid_at=AT - timedelta(hours=3), amount=amount)
    react()
    assert points(ann) == [(left, 0)]
    factories.refund(shop, "o1")
    react()
    assert points(ann) == [(0, 0)]


@pytest.mark.usefixtures("shopping")
def test_merged_members_keep_orders_and_points_together(
    shop: Community, pair: tuple[int, int]
) -> None:
    ann, bob = pair
    factories.order(shop, bob, amount=100_00)
    react()
    factories.merge(shop, "ann", "bob", at=LATER)
    react()
    assert points(ann, bob) == [(10, 0), (10, 0)]
    # Corrected to another account of the same person, with which it goes later.
    move(shop, ann)
    react()
    assert points(ann, bob) == [(10, 0), (10, 0)]
    factories.unmerge(shop, "ann", "bob", at=LATER)
    react()
    assert points(ann, bob) == [(10, 0), (0, 0)]
    factories.refund(shop, "o1", 50_00)
    react()
    assert points(ann, bob) == [(5, 0), (0, 0)]


@pytest.mark.usefixtures("shopping")
def test_corrected_import_and_its_undo_move_points(
    shop: Community, by: Staff, pair: tuple[int, int], tmp_path: Path
) -> None:
    ann, bob = pair
    run(shop, ORDERS.replace("100.00,0", "100.00,20.00"), tmp_path)
    assert points(ann, bob) == [(8, 0), (0, 0)]
    corrected = ORDERS.replace("ann", "bob").replace("100.00,0", "100.00,20.00")
    job = run(shop, corrected, tmp_path)
    assert points(ann, bob) == [(0, 0), (8, 0)]
    again = run(shop, corrected, tmp_path)
    assert again.counts["known"] == 1
    assert points(ann, bob) == [(0, 0), (8, 0)]
    assert undo(job, by).remainder_count == 0
    assert points(ann, bob) == [(8, 0), (0, 0)]


@pytest.mark.usefixtures("shopping")
def test_refund_of_another_order_that_comes_first_hides_none(
    shop: Community, pair: tuple[int, int]
) -> None:
    ann, bob = pair
    factories.order(shop, bob, amount=100_00)
    react()
    # In one batch: a refund of the first order, then another order and its refund.
    factories.refund(shop, "o1", 50_00)
    factories.order(shop, ann, amount=100_00)
    factories.refund(shop, "o2", 70_00)
    react()
    assert points(ann, bob) == [(3, 0), (5, 0)]


def test_a_run_over_the_past_knows_refunds_and_corrections(
    shop: Community, by: Staff, pair: tuple[int, int]
) -> None:
    ann, bob = pair
    early = AT - timedelta(days=40)
    for account, refunds in ((ann, (33_33, 20_00)), (bob, (100_00,))):
        order = factories.order(shop, account, amount=100_00, paid_at=early)
        for part in refunds:
            factories.refund(shop, order.key, part, at=early + timedelta(days=1))
    rule = builders.rule(shop, "shopping", event="order", points=1, per_amount=10_00)
    react()
    deriver.catch_up()
    since = AT - timedelta(days=60)
    preview = past_runs.preview(rule=rule, since=since, by=by, at=LATER)
    assert preview.points == 5
    assert past_runs.run(rule=rule, since=since, by=by, at=LATER) == 5
    assert points(ann, bob) == [(5, 0), (0, 0)]
    react()
    factories.refund(shop, "o1")
    react()
    assert points(ann, bob) == [(0, 0), (0, 0)]
