"""The account of retained members closes, for the community, a group and each source."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.insight import breakdowns, metrics, retained_members
from qunce.insight.retained_members import Account
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.sets.mirror import deriver
from tests import factories
from tests.insight import random_communities

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)
AT = datetime(2026, 4, 30, 12, tzinfo=UTC)


def closes(account: Account) -> bool:
    came = account.joined + (account.returned or 0)
    return account.opening + came - account.left == account.closing


@pytest.mark.parametrize(
    ("zone", "seed"), [("America/Los_Angeles", 8), ("Africa/Cairo", 9)]
)
def test_account_closes_and_sources_add_up(zone: str, seed: int) -> None:
    """I2"""
    world = random_communities.build(zone, seed, people=30, facts=1)
    by = staff_models.system(world.community)
    for person in world.people[3:9]:
        if person.left:
            account = account_queries.get(world.community, person.accounts[0])
            accounts.rejoin(account=account, by=by, at=world.at)
    deriver.catch_up()
    today = world.day(world.at)
    for first, last in ((70, 40), (60, 1), (30, 0), (10, 10)):
        span: dict[str, Any] = {
            "first": today - first * DAY,
            "last": today - last * DAY,
            "by": by,
            "at": world.at,
        }
        statement = retained_members.compute(**span)
        assert closes(statement.total)
        assert all(map(closes, statement.lines))
        for column in retained_members.COLUMNS:
            parts = [getattr(line, column) for line in statement.lines]
            total = getattr(statement.total, column)
            assert sum(parts) == total
            people = retained_members.find_people(column=column, **span)
            assert len(people) <= total
            if column in ("opening", "closing"):
                assert len(people) == total
        numbers = metrics.compute_for_community(community=world.community, **span)
        assert statement.total.closing == numbers["members"][-1]
        assert statement.total.joined == sum(numbers["new_members"])


def test_account_of_a_community_that_members_leave_and_come_back_to(
    shop: Community, by: Staff
) -> None:
    factories.members(shop, "a", "b", joined_at=AT - 60 * DAY, at=AT, source="shop")
    factories.members(shop, "c", "d", joined_at=AT - 20 * DAY, at=AT, source="parcel")
    for key, days in (("a", 50), ("b", 10), ("c", 5)):
        factories.leave(shop, key, at=AT - days * DAY)
    back = account_queries.get(shop, "a")
    accounts.rejoin(account=back, by=by, at=AT, happened_at=AT - 3 * DAY)
    deriver.catch_up()
    span: dict[str, Any] = {"by": by, "at": AT, "last": date(2026, 4, 30)}
    statement = retained_members.compute(first=date(2026, 4, 1), **span)
    assert statement.total == Account("", "", 1, 2, 1, 2, 2)
    shop_line, parcel_line = statement.lines
    assert shop_line == Account("shop", "shop", 1, 0, 1, 1, 1)
    assert parcel_line == Account("parcel", "parcel", 0, 2, 0, 1, 1)
    left = retained_members.find_people(column="left", first=date(2026, 4, 1), **span)
    assert list(left) == [account_queries.get(shop, key).pk for key in ("b", "c")]
    part = breakdowns.find_part(breakdowns.Breakdown("source"), "parcel", by=by, at=AT)
    found = retained_members.find_people(
        column="joined", first=date(2026, 4, 1), part=part, **span
    )
    assert len(found) == 2


def test_account_of_a_group_counts_people_not_accounts(
    shop: Community, by: Staff
) -> None:
    people = factories.members(
        shop, "a", "b", "c", "c2", joined_at=AT - 60 * DAY, at=AT, source="shop"
    )
    factories.merge(shop, "c", "c2", at=AT)
    circle = groups.create(community=shop, key="circle", by=by, at=AT - 60 * DAY)

    def add(index: int, days: int) -> None:
        groups.add_members(
            group=circle,
            accounts=[people[index]],
            happened_at=AT - days * DAY,
            by=by,
            at=AT,
        )

    def remove(index: int, days: int) -> None:
        groups.remove_members(
            group=circle,
            accounts=[people[index]],
            happened_at=AT - days * DAY,
            by=by,
            at=AT,
        )

    add(0, 50)
    remove(0, 10)
    add(1, 15)
    add(2, 40)
    add(3, 12)
    remove(2, 8)
    deriver.catch_up()
    span: dict[str, Any] = {"first": date(2026, 4, 10), "by": by, "at": AT}
    for days, closing in ((0, 2), (9, 2), (11, 3)):
        last = AT.date() - days * DAY
        statement = retained_members.compute(last=last, group="circle", **span)
        total = statement.total
        left = 0 if days == 11 else 1
        assert total == Account("", "", 2, 1, None, left, closing)
        sizes = metrics.compute_for_groups(
            community=shop, groups=["circle"], last=last, **span
        )["circle"]["members"]
        assert sizes[-1] == closing
        assert closes(total)
    found = retained_members.find_people(
        column="joined", last=AT.date(), group="circle", **span
    )
    assert list(found) == [people[1]]


def test_scope_and_groups_limit_the_account(shop: Community, by: Staff) -> None:
    people = factories.members(shop, "a", "b", joined_at=AT - 5 * DAY, at=AT)
    factories.group(shop, "north", people[0])
    factories.group(shop, "south", people[1])
    narrow = factories.staff(
        shop, "viewer", login="n", scope={"members": {"keys": ["a"]}}, groups=["north"]
    )
    span: dict[str, Any] = {"first": date(2026, 4, 20), "last": AT.date(), "at": AT}
    assert retained_members.compute(by=by, **span).total.closing == 2
    assert retained_members.compute(by=narrow, **span).total.closing == 1
    with pytest.raises(errors.NotFound, match="no such group"):
        retained_members.compute(by=narrow, group="south", **span)


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [
        (date(2026, 4, 2), date(2026, 4, 1), "not after the last one"),
        (date(2000, 1, 1), date(2026, 4, 1), "at most 3,660 days"),
        (date(2026, 4, 1), date(2026, 5, 1), "between 1970 and today"),
    ],
)
def test_spans_are_checked(by: Staff, first: date, last: date, message: str) -> None:
    with pytest.raises(retained_members.InvalidSpan, match=message):
        retained_members.compute(first=first, last=last, by=by, at=AT)
