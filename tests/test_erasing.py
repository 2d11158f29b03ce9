"""Erasing a person through every room, as the clock and the reactions do it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from qunce import reactions
from qunce.core import facts, work
from qunce.core.communities import Community
from qunce.core.operators import Operator
from qunce.groups import registry
from qunce.members import erasing, people, roster
from qunce.sales import orders
from qunce.sets import doctor, history, rebuild, tail
from tests.members import made
from tests.members.made import AT, LATER

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture
def shop(transactional_db: None) -> Community:
    return made.shop()


@pytest.fixture
def by(shop: Community) -> Operator:
    return made.staff(shop)


def test_nothing_of_an_erased_person_is_left_in_any_room(
    shop: Community, by: Operator
) -> None:
    ann, bob = made.members(shop, "ann", "bob")
    north = registry.create(community=shop, key="north", by=by, at=AT)
    registry.join(group=north, accounts=[ann, bob], by=by, at=AT)
    for account in (ann, bob):
        orders.pay(
            community=shop,
            key=f"o{account}",
            account=account,
            amount=100,
            currency="CNY",
            paid_at=AT,
            by=None,
            at=AT,
        )
    tail.catch_up()
    people.erase(account=roster.get(shop, "ann"), by=by, at=LATER)
    tail.catch_up()
    reactions.CONSUMER.catch_up(at=LATER)
    for due in work.claim(at=LATER + timedelta(minutes=1)):
        if due.duty == people.SCRUB:
            erasing.scrub(due.key, at=LATER)
    left = facts.Fact.objects.filter(account_id=ann)
    kind = facts.kind_ids([people.MemberErased.kind])[people.MemberErased.kind]
    assert set(left.values_list("kind_id", flat=True)) == {kind}
    told = history.timeline(community=shop, accounts=[ann])
    assert [fact.kind for fact in told] == [people.MemberErased.kind]
    assert registry.size(north) == 1
    assert orders.get(shop, f"o{ann}").account_id is None
    assert orders.get(shop, f"o{bob}").account_id == bob
    assert [found.text for found in doctor.examine()] == []
    rebuild.everything()
    assert [found.text for found in doctor.examine()] == []
    assert made.who(shop, {"did": {"kind": "order.paid"}}) == ["bob"]
