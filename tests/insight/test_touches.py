"""Messages before the first order, on fixed examples and against plain Python."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from qunce.core import communities
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.insight import touches
from qunce.outreach.sending.send_facts import SendDelivered, SendMarkedSent
from qunce.sets.mirror import deriver
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

AT = datetime(2026, 4, 30, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SPAN: dict[str, Any] = {
    "first": date(2026, 4, 1),
    "last": date(2026, 4, 30),
    "at": AT,
}


def send(shop: Community, by: Staff, account: int, when: datetime, **kind: Any) -> None:
    fact = kind.get("kind", SendDelivered)()
    facts.record_for_accounts(
        fact, [account], community=shop, by=by, at=AT, happened_at=[when]
    )


def test_rows_count_messages_before_the_first_order(shop: Community, by: Staff) -> None:
    """C5"""
    rng = random.Random(11)  # noqa: S311 - no secrets
    people = factories.members(
        shop, *(f"m{n}" for n in range(34)), joined_at=AT - 200 * DAY, at=AT
    )
    expected = []
    for index, person in enumerate(people):
        first = AT - timedelta(days=rng.choice((5, 12, 45)), seconds=index)
        factories.order(shop, person, 100, first)
        factories.order(shop, person, 100, AT - DAY)
        sent = [
            first + timedelta(days=rng.randrange(-40, 4)) for _ in range(index % 20)
        ]
        for when in sent:
            send(shop, by, person, min(when, AT), kind=SendMarkedSent)
        if first >= datetime(2026, 4, 1, tzinfo=communities.zone(shop)):
            expected.append(
                sum(timedelta() < first - when <= 30 * DAY for when in sent)
            )
    deriver.catch_up()
    found = touches.compute(window=30, by=by, **SPAN)
    assert found.people == len(expected)
    for row in found.rows[:-1]:
        assert row.people == expected.count(row.touches)
    assert found.rows[-1].people == sum(n >= touches.MOST for n in expected)
    assert sum(row.people for row in found.rows) == found.people
    assert found.before_belief == sum(n < 7 for n in expected)
    assert found.confirmed_people == 0
    listed = touches.find_people(window=30, touches=2, by=by, **SPAN)
    assert len(listed) == found.rows[2].people


def test_shares_need_thirty_people_and_scope_limits_them(
    shop: Community, by: Staff
) -> None:
    people = factories.members(
        shop, *(f"m{n}" for n in range(30)), joined_at=AT - 200 * DAY, at=AT
    )
    for index, person in enumerate(people):
        factories.order(shop, person, 100, AT - timedelta(hours=index + 1))
    send(shop, by, people[0], AT - 2 * DAY)
    deriver.catch_up()
    found = touches.compute(window=90, by=by, **SPAN)
    assert (found.people, found.median, found.untouched) == (30, 0, 29)
    assert found.rows[0].percent == pytest.approx(96.67, abs=0.01)
    assert found.rows[1].cumulative == 100
    assert found.before_belief_percent == 100
    assert found.confirmed_people == 1
    narrow = factories.staff(
        shop, "viewer", login="n", scope={"members": {"keys": ["m0", "m1"]}}
    )
    few = touches.compute(window=90, by=narrow, **SPAN)
    assert (few.people, few.median, few.rows[0].percent) == (2, None, None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"window": 0}, "between 1 and 365"),
        ({"window": 366}, "between 1 and 365"),
        ({"first": date(2026, 5, 1)}, "not after the last one"),
    ],
)
def test_spans_are_checked(by: Staff, change: dict[str, Any], message: str) -> None:
    with pytest.raises(touches.InvalidTouches, match=message):
        touches.compute(**{"window": 30, "by": by, **SPAN, **change})
