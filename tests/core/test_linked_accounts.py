"""Accounts of one person in several communities."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from qunce.core import errors, permissions
from qunce.core.facts import facts
from qunce.core.facts.audit import AuditEntry
from qunce.core.staff import linked_accounts, login_attempts, passwords, two_factor
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


PASSWORD, OTHER_PASSWORD = "quiet harbour at dawn", "loud harbour at dusk"


def two_accounts() -> tuple[Staff, Staff]:
    shop, cafe = two_owners()
    for staff, password in ((shop, PASSWORD), (cafe, OTHER_PASSWORD)):
        staff.set_password(password)
        staff.save()
    return shop, cafe


def link_own(staff: Staff, **given: Any) -> Staff:
    fields: dict[str, Any] = {
        "password": PASSWORD,
        "login": "ann-cafe",
        "other_password": OTHER_PASSWORD,
        "at": AT,
    }
    return linked_accounts.link_own(staff=staff, **fields | given)


def test_own_accounts_are_linked_with_both_passwords() -> None:
    shop, cafe = two_accounts()
    sentences = set()
    for wrong in (
        {"password": "guess"},
        {"other_password": "guess"},
        {"login": "nobody"},
    ):
        with pytest.raises(linked_accounts.WrongPassword) as refused:
            link_own(shop, **wrong)
        sentences.add(str(refused.value))
    # Whether there is such a login does not show.
    assert len(sentences) == 2
    assert linked_accounts.list_others(shop) == []
    assert link_own(shop) == cafe
    assert linked_accounts.list_others(shop) == [cafe]


def test_guessing_has_to_wait() -> None:
    shop, _cafe = two_accounts()
    for _attempt in range(5):
        with pytest.raises(linked_accounts.WrongPassword):
            link_own(shop, other_password="guess")
    with pytest.raises(login_attempts.TooManyAttempts):
        link_own(shop)


def test_unlinked_account_is_parted_from_all() -> None:
    shop, cafe = two_owners()
    bar = factories.staff(factories.community("bar", name="Bar"), login="ann-bar")
    link(shop, cafe)
    shop.refresh_from_db()
    link(shop, bar)
    stranger = factories.staff(shop.community, login="bea", role="manager")
    with pytest.raises(permissions.NotAllowed):
        linked_accounts.unlink(staff=shop, by=stranger, at=AT)
    for staff in (shop, cafe, bar):
        staff.refresh_from_db()
    linked_accounts.unlink(staff=cafe, by=shop, at=AT)
    assert linked_accounts.list_others(shop) == [bar]
    assert linked_accounts.list_others(cafe) == []
    linked_accounts.unlink(staff=shop, by=shop, at=AT)
    bar.refresh_from_db()
    assert linked_accounts.list_others(bar) == []
    with pytest.raises(linked_accounts.AccountsNotLinkable):
        linked_accounts.unlink(staff=bar, by=bar, at=AT)


def test_whoever_manages_an_account_gets_into_no_other_community() -> None:
    """A manager here could sign in as somebody and switch to their account there."""
    shop, cafe = two_owners()
    bea = factories.staff(shop.community, login="bea")
    for take_over in (
        functools.partial(passwords.set_temporary, password="known to bea"),
        two_factor.disable,
    ):
        link(shop, cafe)
        take_over(staff=shop, by=bea, at=AT)
        cafe.refresh_from_db()
        assert linked_accounts.list_others(shop) == []
        assert linked_accounts.list_others(cafe) == []
    link(shop, cafe)
    two_factor.disable(staff=shop, by=shop, at=AT)
    assert linked_accounts.list_others(shop) == [cafe]
