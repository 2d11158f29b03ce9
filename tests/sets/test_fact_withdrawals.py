"""Facts that are withdrawn disappear from counts, mirror and timelines."""

from __future__ import annotations

from datetime import timedelta

import pytest

from qunce.core.communities import Community
from qunce.core.facts.withdrawals import WithdrawnFact
from qunce.sales import orders
from qunce.sets.mirror import deriver, mirror, rebuild
from tests import factories
from tests.factories import AT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
BOUGHT = {"did": {"kind": "order.paid"}}
TWICE = {"did": {"kind": "order.paid", "times": {"gte": 2}}}


@pytest.mark.parametrize("is_derived", [False, True])
def test_moved_order_counts_for_its_new_member_alone(
    shop: Community, is_derived: bool
) -> None:
    factories.members(shop, "a", "b")
    order = factories.order(shop, "a", 100, key="o1")
    factories.order(shop, "b", 100, key="o2")
    if is_derived:
        deriver.catch_up()
        assert factories.matching_keys(shop, BOUGHT) == ["a", "b"]
    (b,) = factories.account_ids(shop, ("b",))
    orders.amend(community=shop, order=order, account=b, by=None, at=AT)
    deriver.catch_up()
    assert factories.matching_keys(shop, BOUGHT) == ["b"]
    assert factories.matching_keys(shop, TWICE) == ["b"]
    assert not WithdrawnFact.objects.exists()
    ids = mirror.query("SELECT id FROM facts WHERE amount IS NOT NULL")["id"]
    assert len(ids) == 2
    rebuild.rebuild_all()
    assert factories.matching_keys(shop, TWICE) == ["b"]


def test_other_time_is_no_second_order(shop: Community) -> None:
    factories.members(shop, "a")
    order = factories.order(shop, "a", 100, key="o1")
    deriver.catch_up()
    earlier = AT - timedelta(days=40)
    orders.amend(community=shop, order=order, paid_at=earlier, by=None, at=AT)
    deriver.catch_up()
    assert factories.matching_keys(shop, BOUGHT) == ["a"]
    assert factories.matching_keys(shop, TWICE) == []
    recent = {"did": {"kind": "order.paid", "within": "30d"}}
    assert factories.matching_keys(shop, recent) == []
