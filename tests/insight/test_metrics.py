from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from qunce.core import communities
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.insight import metrics
from qunce.members.accounts import accounts
from qunce.sales import orders
from qunce.sets.mirror import deriver

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 3, 12, 12, tzinfo=ZONE)
FIRST, LAST = date(2026, 3, 5), date(2026, 3, 12)
SPAN = [FIRST + timedelta(days=n) for n in range(8)]


@pytest.fixture
def shop() -> Community:
    return communities.create(
        key="shop", at=NOW, currency="USD", timezone="America/New_York"
    )


@pytest.fixture
def by(shop: Community) -> Staff:
    return staff_models.system(shop)


def local(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=ZONE)


def member(shop: Community, by: Staff, key: str, joined: datetime) -> int:
    return accounts.create(community=shop, key=key, joined_at=joined, by=by, at=NOW).pk


def pay(
    shop: Community, key: str, account: int | None, amount: int, paid: datetime
) -> None:
    orders.record_payment(
        community=shop,
        key=key,
        account=account,
        amount=amount,
        currency="USD",
        paid_at=paid,
        by=None,
        at=NOW,
    )


def ask(shop: Community, by: Staff) -> dict[str, list[int]]:
    deriver.catch_up()
    return metrics.of_community(community=shop, first=FIRST, last=LAST, by=by, at=NOW)


def on(**numbers: int) -> list[int]:
    """`on(d6=2)`: 2 on 6 March, 0 on the other days."""
    return [numbers.get(f"d{day.day}", 0) for day in SPAN]


def test_days_are_those_of_the_community_over_a_change_of_clocks(
    shop: Community, by: Staff
) -> None:
    ann = member(shop, by, "ann", local(5, 0))
    pay(shop, "late on the 7th", ann, 100, local(7, 23, 59))
    pay(shop, "the short 8th", ann, 20, local(8, 0))
    pay(shop, "its end", ann, 3, local(8, 23, 59))
    pay(shop, "the 9th", ann, 1, local(9, 0))
    told = ask(shop, by)
    assert told["orders"] == on(d7=1, d8=2, d9=1)
    assert told["sales"] == on(d7=100, d8=23, d9=1)
    assert told["buyers"] == on(d7=1, d8=1, d9=1)
    assert told["new_members"] == on(d5=1)


def test_sales_know_corrections_but_not_refunds(shop: Community, by: Staff) -> None:
    ann = member(shop, by, "ann", local(5, 0))
    pay(shop, "A", ann, 1000, local(6, 9))
    pay(shop, "A", ann, 700, local(6, 9))
    orders.refund(
        community=shop, key="A", amount=500, refunded_at=local(7, 9), by=by, at=NOW
    )
    pay(shop, "zero", ann, 0, local(6, 10))
    told = ask(shop, by)
    assert told["sales"] == on(d6=700)
    assert told["orders"] == on(d6=2)


def test_two_accounts_of_one_person_are_one_buyer(shop: Community, by: Staff) -> None:
    phone = {"phone": "+1 212 555 0123"}
    ann = accounts.create(community=shop, key="ann", identifiers=phone, by=by, at=NOW)
    too = accounts.create(community=shop, key="ann-2", identifiers=phone, by=by, at=NOW)
    pay(shop, "A", ann.pk, 10, local(6, 9))
    pay(shop, "B", too.pk, 20, local(6, 10))
    told = ask(shop, by)
    assert (told["orders"], told["buyers"]) == (on(d6=2), on(d6=1))
    assert told["new_members"] == on(d12=1)


def test_a_sale_to_nobody_known_has_no_buyer(shop: Community, by: Staff) -> None:
    pay(shop, "A", None, 10, local(6, 9))
    told = ask(shop, by)
    assert (told["orders"], told["buyers"]) == (on(d6=1), on())
    assert told["sales"] == on(d6=10)


def test_an_operator_sees_numbers_of_their_scope(shop: Community, by: Staff) -> None:
    ann = member(shop, by, "ann", local(5, 0))
    ben = member(shop, by, "ben", local(6, 0))
    pay(shop, "A", ann, 10, local(6, 9))
    pay(shop, "B", ben, 200, local(6, 9))
    pay(shop, "C", None, 3000, local(6, 9))
    narrow = staff_models.create(
        community=shop, login="narrow", scope={"members": {"keys": ["ann"]}}, at=NOW
    )
    told = ask(shop, narrow)
    assert told["sales"] == on(d6=10)
    assert (told["orders"], told["buyers"]) == (on(d6=1), on(d6=1))
    assert told["new_members"] == on(d5=1)


def test_random_orders_add_up_to_what_plain_python_says(
    shop: Community, by: Staff
) -> None:
    dice = random.Random(7)  # noqa: S311 - no secret
    people = [member(shop, by, f"m{n}", local(1, 0)) for n in range(6)]
    begin = datetime(2026, 3, 3, tzinfo=UTC)
    paid = [
        (
            dice.choice(people),
            dice.randrange(5_000),
            begin + timedelta(seconds=dice.randrange(10 * 86_400)),
        )
        for _ in range(120)
    ]
    for number, (account, amount, moment) in enumerate(paid):
        pay(shop, str(number), account, amount, moment)
    told = ask(shop, by)
    days = [moment.astimezone(ZONE).date() for _, _, moment in paid]
    assert told["orders"] == [days.count(day) for day in SPAN]
    assert told["sales"] == [
        sum(order[1] for order, on in zip(paid, days, strict=True) if on == day)
        for day in SPAN
    ]
    assert told["buyers"] == [
        len({order[0] for order, on in zip(paid, days, strict=True) if on == day})
        for day in SPAN
    ]


def test_every_number_says_what_it_means() -> None:
    for name in {*metrics.OF_COMMUNITY, *metrics.OF_GROUP}:
        assert metrics.definition(name).endswith(".")


def ask_group(shop: Community, by: Staff, key: str) -> dict[str, list[int]]:
    deriver.catch_up()
    return metrics.of_groups(
        community=shop, groups=[key], first=FIRST, last=LAST, by=by, at=NOW
    )[key]


def test_a_group_is_told_by_who_came_and_went(shop: Community, by: Staff) -> None:
    ann, ben = (member(shop, by, key, local(5, 0)) for key in ("ann", "ben"))
    circle = groups.create(community=shop, key="circle", by=by, at=NOW)
    other = groups.create(community=shop, key="other", by=by, at=NOW)
    for account, day in ((ann, 5), (ben, 7)):
        groups.add_members(
            group=circle, accounts=[account], happened_at=local(day, 9), by=by, at=NOW
        )
    groups.add_members(
        group=other, accounts=[ben], happened_at=local(6, 9), by=by, at=NOW
    )
    groups.remove_members(
        group=circle, accounts=[ann], happened_at=local(9, 9), by=by, at=NOW
    )
    told = ask_group(shop, by, "circle")
    assert told["joins"] == on(d5=1, d7=1)
    assert told["leaves"] == on(d9=1)
    assert told["members"] == [1, 1, 2, 2, 1, 1, 1, 1]


def test_two_accounts_of_one_person_are_one_member_of_a_group(
    shop: Community, by: Staff
) -> None:
    phone = {"phone": "+1 212 555 0123"}
    both = [
        accounts.create(community=shop, key=key, identifiers=phone, by=by, at=NOW).pk
        for key in ("ann", "ann-2")
    ]
    circle = groups.create(community=shop, key="circle", by=by, at=NOW)
    for day, account in enumerate(both, 6):
        groups.add_members(
            group=circle, accounts=[account], happened_at=local(day, 9), by=by, at=NOW
        )
    assert ask_group(shop, by, "circle")["members"] == [0, 1, 1, 1, 1, 1, 1, 1]
    groups.remove_members(
        group=circle, accounts=both[:1], happened_at=local(9, 9), by=by, at=NOW
    )
    assert ask_group(shop, by, "circle")["members"] == [0, 1, 1, 1, 1, 1, 1, 1]


def test_active_members_and_orders_of_a_group_are_those_of_its_people(
    shop: Community, by: Staff
) -> None:
    ann, ben = (member(shop, by, key, local(5, 0)) for key in ("ann", "ben"))
    circle = groups.create(community=shop, key="circle", by=by, at=NOW)
    groups.add_members(
        group=circle, accounts=[ann], happened_at=local(5, 9), by=by, at=NOW
    )
    pay(shop, "A", ann, 10, local(6, 9))
    pay(shop, "B", ann, 10, local(6, 10))
    pay(shop, "C", ben, 10, local(7, 10))
    told = ask_group(shop, by, "circle")
    assert told["orders"] == on(d6=2)
    assert told["active_members"] == on(d6=1)
