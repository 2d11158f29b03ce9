"""Merging two people by hand, with a choice which single values stay."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.members.accounts.models import Account
from qunce.members.attributes import attributes
from qunce.members.people import merge_choices, people
from qunce.members.staff_in_charge import assignments
from tests import factories
from tests.factories import AT, HOUR

LATER = AT + 5 * HOUR


@pytest.mark.django_db
@pytest.mark.both_databases
def test_chosen_values_stay_and_undoing_the_merge_gives_both_back() -> None:
    shop = factories.community(language="en")
    by = factories.staff(shop, "owner", "boss")
    li = factories.staff(shop, "operator", "li")
    about: dict[str, Any] = {"community": shop, "by": by, "at": AT}
    city = attributes.define(name="city", type="text", **about)
    likes = attributes.define(name="likes", type="multi", **about)
    left = factories.member(shop, "a", name="Ann")
    right = factories.member(shop, "b", name="Anna")
    for account, staff, town, taste in (
        (left, by, "Wuxi", "tea"),
        (right, li, "Xi'an", "milk"),
    ):
        assignments.assign(
            community=shop, accounts=[account.pk], staff=staff, by=by, at=AT
        )
        for attribute, text in ((city, town), (likes, taste)):
            attributes.set_values(
                attribute=attribute, values={account.pk: text}, by=by, at=AT
            )
    differences = merge_choices.list_differences([left.pk], [right.pk], by=by, at=LATER)
    assert [(each.key, each.left, each.right, each.kept) for each in differences] == [
        ("name", "Ann", "Anna", "left"),
        ("staff", "boss", "li", "right"),
        (f"attr-{city.pk}", "Wuxi", "Xi'an", "right"),
    ]
    keep = {"name": "right", "staff": "left", f"attr-{city.pk}": "left"}
    merge = people.merge(left=left, right=right, keep=keep, by=by, at=LATER)

    def values_of(*accounts: Account) -> tuple[str, str, str]:
        ids = [account.pk for account in accounts]
        staff = assignments.staff_by_person({0: ids})[0]
        person = people.get_by_account(ids[0])
        return person.name, staff.login, person.attributes["city"].text

    assert values_of(left, right) == ("Anna", "boss", "Wuxi")
    people.undo_merge(merge=merge, by=by, at=LATER + HOUR)
    assert values_of(left) == ("Ann", "boss", "Wuxi")
    assert values_of(right) == ("Anna", "li", "Xi'an")
