"""Accounts of one person in several communities."""

from __future__ import annotations

import pytest

from qunce.core import errors, permissions
from qunce.core.facts import facts
from qunce.core.facts.audit import AuditEntry
from qunce.core.staff import linked_accounts
from qunce.core.staff.models import Staff
from tests import factories
from tests.factories import AT

pytestmark = [pytest.mark.django_db]


def two_owners() -> tuple[Staff, Staff]:
    return (
        factories.staff(factories.community("shop", name="Shop"), login="ann"),
        factories.staff(factories.community("cafe", name="Cafe"), login="ann-cafe"),
    )


def link(first: Staff, second: Staff, by: tuple[Staff, Staff] | None = None) -> None:
    linked_accounts.link(first=first, second=second, by=by or (first, second), at=AT)


def test_linked_accounts_find_each_other() -> None:
    shop, cafe = two_owners()
    assert linked_accounts.list_others(shop) == []
    link(shop, cafe)
    assert linked_accounts.list_others(shop) == [cafe]
    assert linked_accounts.list_others(cafe) == [shop]


def test_both_communities_record_the_link_once() -> None:
    shop, cafe = two_owners()
    link(shop, cafe)
    link(shop, cafe)
    kind = facts.find_kind("staff.linked")
    assert kind is not None
    entries = AuditEntry.objects.filter(kind_id=kind).order_by("pk")
    assert [entry.community_id for entry in entries] == [
        shop.community_id,
        cafe.community_id,
    ]


def test_third_account_joins_the_two() -> None:
    shop, cafe = two_owners()
    bar = factories.staff(factories.community("bar", name="Bar"), login="ann-bar")
    link(shop, cafe)
    link(bar, cafe)
    assert linked_accounts.list_others(shop) == [bar, cafe]


def test_deactivated_account_is_not_offered() -> None:
    shop, cafe = two_owners()
    link(shop, cafe)
    cafe.is_active = False
    cafe.save(update_fields=["is_active"])
    assert linked_accounts.list_others(shop) == []


def test_both_sides_need_somebody_who_may_manage_the_account() -> None:
    shop, cafe = two_owners()
    operator = factories.staff(cafe.community, role="operator", login="bea")
    manager = factories.staff(cafe.community, role="manager", login="max")
    for by in ((shop, operator), (shop, manager)):
        with pytest.raises(permissions.NotAllowed):
            link(shop, cafe, by)
    for by in ((shop, shop), (cafe, cafe)):
        with pytest.raises(errors.NotFound):
            link(shop, cafe, by)
    assert linked_accounts.list_others(shop) == []


def test_accounts_of_one_community_or_of_two_people_cannot_be_linked() -> None:
    shop, cafe = two_owners()
    bea = factories.staff(shop.community, login="bea")
    bea_bar = factories.staff(factories.community("bar"), login="bea-bar")
    link(shop, cafe)
    link(bea, bea_bar)
    for first, second in ((shop, bea), (shop, bea_bar)):
        with pytest.raises(linked_accounts.AccountsNotLinkable):
            link(first, second)


def test_nobody_gets_two_accounts_of_a_community_through_a_third() -> None:
    shop, cafe = two_owners()
    link(shop, cafe)
    bar = factories.staff(factories.community("bar"), login="ann-bar")
    link(cafe, bar)
    other = factories.staff(shop.community, login="bea")
    with pytest.raises(linked_accounts.AccountsNotLinkable):
        link(other, bar)
    assert linked_accounts.list_others(other) == []
