"""Rows of members are filtered before a limit, so that limited staff miss none."""

from __future__ import annotations

import pytest

from qunce.activities.activities.models import Entry
from qunce.members.people import visibility
from tests import factories
from tests.activities import running
from tests.factories import AT

pytestmark = pytest.mark.django_db


@pytest.mark.both_databases
def test_the_newest_rows_are_those_of_members_who_are_seen() -> None:
    shop = factories.community(language="en")
    by = factories.staff(shop)
    bob, *others = factories.members(shop, "bob", "cy", "dee")
    factories.group(shop, "south", bob)
    activity = running.running(by)
    for account in (bob, *others):
        running.join(activity, account)
    rows = Entry.objects.order_by("-pk")
    cat = factories.staff(
        shop,
        "operator",
        "cat",
        groups=["south"],
        scope={"group": {"any": ["south"]}},
    )
    seen = visibility.filter_rows(rows, by=cat, at=AT)[:1]
    assert [row.account_id for row in seen] == [bob]
    assert visibility.filter_rows(rows, by=by, at=AT).count() == 3
