"""Taking points back: after refunds, corrections and struck-out sources."""

from __future__ import annotations

import pytest

from qunce.activities.points import balances, earning, reversals, spending
from qunce.activities.points.models import PointEntry
from qunce.core.communities import Community
from tests import factories
from tests.activities.points import builders
from tests.activities.points.builders import react, usable
from tests.factories import AT, LATER

pytestmark = pytest.mark.django_db


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_refund_in_thirds_takes_back_three_three_and_four(
    shop: Community, ann: int
) -> None:
    builders.rule(shop, "shopping", event="order", points=1, per_amount=10_00)
    factories.order(shop, ann, amount=100_00, key="o-1")
    react()
    assert usable(ann) == 10
    taken: list[int] = []
    for part in (33_33, 33_33, 33_34):
        factories.refund(shop, "o-1", part)
        react()
        taken.append(10 - sum(taken) - usable(ann))
    assert taken == [3, 3, 4]


def test_refund_takes_from_other_lots_and_then_is_owed(
    shop: Community, ann: int
) -> None:
    builders.rule(shop, "shopping", event="order", points=1, per_amount=10_00)
    factories.order(shop, ann, amount=100_00, key="o-1")
    react()
    builders.award(ann, 4)
    spending.spend(account_id=ann, amount=8, key="mall/1", by=None, at=AT)
    factories.refund(shop, "o-1", 100_00)
    react()
    found = balances.balance(account_id=ann, at=AT)
    assert (found.usable, found.owed) == (0, 4)
    builders.award(ann, 5, "prize/2")
    found = balances.balance(account_id=ann, at=AT)
    assert (found.usable, found.owed) == (1, 0)


@pytest.mark.parametrize(("new_amount", "points"), [(150_00, 15), (50_00, 5)])
def test_corrected_amount_earns_or_takes_back_the_difference(
    shop: Community, ann: int, new_amount: int, points: int
) -> None:
    builders.rule(shop, "shopping", event="order", points=1, per_amount=10_00)
    factories.order(shop, ann, amount=100_00, key="o-1")
    react()
    factories.order(shop, ann, amount=new_amount, key="o-1")
    react()
    assert usable(ann, LATER) == points
    factories.refund(shop, "o-1", new_amount)
    react()
    assert usable(ann, LATER) == 0


def test_struck_out_source_is_taken_back_once(shop: Community, ann: int) -> None:
    rule = builders.rule(shop, "daily", event="check_in")
    earning.earn(
        account_id=ann, rule_key=rule.key, source_key="check_in/7", by=None, at=AT
    )
    for expected in (1, 0):
        entries = reversals.reverse_source(
            community=shop, source_key="check_in/7", by=None, at=AT
        )
        assert len(entries) == expected
    assert usable(ann) == 0
    assert PointEntry.objects.filter(owed__gt=0).count() == 0
