from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from qunce.core import communities
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.sets import timelines
from qunce.sets.bitmaps import aliases
from qunce.sets.mirror import deriver
from tests.sets import logs
from tests.sets.logs import AT, Row

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
PAID = "order.paid"


def pairs(result: tuple[np.ndarray, np.ndarray]) -> list[tuple[int, int]]:
    return list(zip(result[0].tolist(), result[1].tolist(), strict=True))


def paid(account: int, amount: int, days: float = 0) -> Row:
    return Row(1, account, hours=24 * days, payload=facts.dump({"amount": amount}))


def test_timeline_has_the_newest_first_derived_or_not(shop: Community) -> None:
    logs.write(shop, [Row(0, 5, hours=3), Row(1, 5, hours=1), Row(2, 6)])
    deriver.catch_up()
    logs.write(shop, [Row(2, 5, hours=2, payload='{"times":3}')])
    result = timelines.list_facts(community=shop, accounts=[5])
    assert [fact.kind for fact in result] == [PAID, "bell.rung", "page.visited"]
    assert result[1].payload == {"times": 3}
    assert result[0].happened_at == AT - timedelta(hours=1)


def test_timeline_can_be_read_page_by_page(shop: Community) -> None:
    logs.write(shop, [Row(n % 3, 5, hours=n // 2) for n in range(9)])
    deriver.catch_up()
    logs.write(shop, [Row(n % 3, 5, hours=n // 2) for n in range(6)])
    pages, before = [], None
    while page := timelines.list_facts(
        community=shop, accounts=[5], limit=4, before=before
    ):
        pages += page
        before = timelines.cursor_of(page[-1])
    assert len({fact.id for fact in pages}) == len(pages) == 15
    times = [fact.happened_at for fact in pages]
    assert times == sorted(times, reverse=True)


def test_timeline_has_facts_of_one_community_only(shop: Community) -> None:
    other = logs.create_community("other")
    logs.write(other, [Row(0, 5)])
    deriver.catch_up()
    logs.write(other, [Row(0, 5)])
    assert timelines.list_facts(community=shop, accounts=[5]) == []
    assert timelines.list_facts(community=other, accounts=[]) == []
    assert len(timelines.list_facts(community=other, accounts=[5])) == 2


def test_amounts_are_summed_by_person_with_the_sign_of_their_kind(
    shop: Community,
) -> None:
    logs.write(shop, [paid(1, 10), paid(2, 20), paid(2, 5, days=40), paid(3, 7)])
    logs.write(shop, [Row(2, 2, payload='{"amount":4}')])
    deriver.catch_up()
    aliases.assign(shop.pk, {3: 1})
    kinds = {PAID: 1, "bell.rung": -1}
    result = timelines.sum_by_person(community=shop, kinds=kinds, at=AT)
    assert pairs(result) == [(1, 17), (2, 21)]
    result = timelines.sum_by_person(community=shop, kinds=kinds, at=AT, within=30)
    assert pairs(result) == [(1, 17), (2, 16)]
    assert pairs(timelines.sum_by_person(community=shop, kinds={}, at=AT)) == []


def test_gaps_are_days_between_consecutive_days(shop: Community) -> None:
    days = [paid(1, 1, days=d) for d in (0, 0, 3, 10)]
    logs.write(shop, [*days, paid(2, 1), paid(2, 1, days=2), paid(4, 1)])
    deriver.catch_up()
    result = timelines.gaps_by_person(community=shop, kind=PAID, at=AT)
    assert sorted(pairs(result)) == [(1, 3), (1, 7), (2, 2)]


def test_days_are_community_days(shop: Community) -> None:
    communities.set_clock(community=shop, timezone="America/Lima", day_start=0)
    logs.write(shop, [paid(1, 1, days=0.1), paid(1, 1, days=1.1)])
    deriver.catch_up()
    result = timelines.days_by_person(community=shop, kind=PAID, at=AT)
    today = shop.day(AT)
    assert pairs(result) == [(1, today - 1), (1, today)]


def test_unknown_kind_has_no_gaps(shop: Community) -> None:
    logs.write(shop, [paid(1, 100), paid(1, 100, days=3)])
    deriver.catch_up()
    gaps = [
        pairs(timelines.gaps_by_person(community=shop, kind=kind, at=AT))
        for kind in (PAID, "ship.sunk")
    ]
    assert len(gaps[0]) == 1
    assert gaps[1] == []
