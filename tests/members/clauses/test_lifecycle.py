"""K8: the clauses `joined`, `left` and `source`."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from pyroaring import BitMap

from qunce.core import communities, community_days
from qunce.members.accounts import accounts
from qunce.members.people import merges
from qunce.sets import audiences, presence_changes
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

AT = datetime(2026, 2, 28, 15, 30, tzinfo=UTC)
EARLY = datetime(2026, 2, 27, 0, 30, tzinfo=UTC)


def test_joined_follows_a_change_of_the_time_zone() -> None:
    """Today can be the same day in both time zones but start at another time."""
    shop = factories.community(timezone="UTC")
    by = factories.staff(shop)
    accounts.create(community=shop, key="ann", joined_at=EARLY, by=by, at=AT)

    def count() -> int:
        rule = {"joined": {"within": "2d"}}
        return audiences.count(community=shop, rule=rule, by=by, at=AT)

    before = shop.day(AT)
    assert count() == 1
    communities.set_clock(community=shop, timezone="America/New_York", day_start=0)
    assert shop.day(AT) == before
    assert count() == 0


def test_people_count_on_the_day_their_first_account_joined() -> None:
    shop = factories.community(timezone="UTC")
    by = factories.staff(shop)
    ids = [
        accounts.create(community=shop, key=key, joined_at=moment, by=by, at=AT).pk
        for key, moment in (("ann", EARLY), ("ann-2", AT), ("bob", AT), ("eve", AT))
    ]
    pair = merges.Pair(ids[0], ids[1])
    merges.merge(community=shop, pairs=[pair], by=by, at=AT)
    first, last = (community_days.from_date(date(2026, 2, day)) for day in (26, 28))

    def by_day(among: BitMap | None) -> list[int]:
        return presence_changes.count_by_day(
            community=shop, first=first, last=last, at=AT, among=among
        ).joined

    assert by_day(None) == [0, 1, 2]
    rule = {"members": {"keys": ["ann", "eve"]}}
    people = audiences.people(community=shop, rule=rule, by=by, at=AT)
    assert by_day(people) == [0, 1, 1]
