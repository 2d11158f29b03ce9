"""What became of an activity: people are counted once, and left out with one reason."""

from __future__ import annotations

import pytest

from qunce.activities import results
from qunce.activities.activities import entries
from qunce.activities.activities.models import Entry, Way
from qunce.activities.eligibility import Reason
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.lists import lists
from tests import factories
from tests.activities import running
from tests.factories import AT

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Community:
    return factories.community(language="en")


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop)


def test_each_person_counts_once_or_has_one_reason(shop: Community, by: Staff) -> None:
    names = ("ann", "bob", "cy", "dee", "eve")
    ids = dict(zip(names, factories.members(shop, *names), strict=True))
    activity = running.running(by)
    for name in names:
        way = Way.STAFF if name == "ann" else Way.CHAT
        running.join(activity, ids[name], way=way, by=by if way == Way.STAFF else None)
    lists.add(community=shop, list_name="black", account=ids["cy"], by=by, at=AT)
    factories.leave(shop, "dee")
    row = Entry.objects.get(account_id=ids["eve"])
    entries.strike_out(entry=row, by=by, at=AT)
    found = results.collect(activity=activity, by=by, at=AT)
    assert (found.people, found.typed, found.struck_out, found.left) == (2, 1, 1, 1)
    assert found.by_way == {"staff": 1, "chat": 1}
    assert found.uncounted == {Reason.BLACKLISTED: 1, Reason.LEFT: 1}
    assert found.leavers == (ids["dee"],)


def test_merged_accounts_that_both_left_are_one_leaver(
    shop: Community, by: Staff
) -> None:
    bob, bobby = factories.members(shop, "bob", "bobby")
    activity = running.running(by)
    running.join(activity, bob)
    running.join(activity, bobby)
    factories.leave(shop, "bob")
    factories.merge(shop, "bob", "bobby")
    found = results.collect(activity=activity, by=by, at=AT)
    assert (found.people, found.left, found.leavers) == (1, 0, ())
    factories.leave(shop, "bobby")
    found = results.collect(activity=activity, by=by, at=AT)
    assert (found.people, found.left) == (0, 1)
    assert len(found.leavers) == 1
