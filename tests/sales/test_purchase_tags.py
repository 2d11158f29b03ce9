from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.members.tags import assignments, library, person_tags
from qunce.members.tags import merges as tag_merges
from qunce.members.tags import models as tag_models
from qunce.sales import purchase_tags
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
TEA, CUPS = {"category": "tea"}, {"category": "cups", "quantity": 2}


@pytest.fixture
def shop() -> Community:
    return factories.community(currency="USD")


def record_payment(
    shop: Community, key: str, account: int | None, *items: dict[str, Any]
) -> None:
    paid_at = NOW - timedelta(days=3)
    factories.order(shop, account, 1000, paid_at, key=key, items=items)


def refund(shop: Community, key: str, amount: int | None = None) -> None:
    factories.refund(shop, key, amount, at=NOW)


def depths(account: int) -> dict[str, int]:
    purchase_tags.catch_up(at=NOW)
    return person_tags.depths_of_person([account])


@pytest.mark.both_databases
def test_depth_is_the_number_of_orders_with_the_category(shop: Community) -> None:
    ann, ben = factories.members(shop, "ann", "ben")
    record_payment(shop, "1", ann, TEA, CUPS, TEA)
    record_payment(shop, "2", ann, TEA)
    record_payment(shop, "3", ben, CUPS)
    record_payment(shop, "4", None, TEA)
    assert depths(ann) == {"bought:tea": 2, "bought:cups": 1}
    assert depths(ben) == {"bought:cups": 1}
    assert library.get(shop, "bought:tea").name == "tea"


@pytest.mark.both_databases
def test_new_order_changes_only_its_tags(shop: Community) -> None:
    ann = factories.member(shop, "ann").pk
    record_payment(shop, "1", ann, TEA, CUPS)
    assert depths(ann) == {"bought:tea": 1, "bought:cups": 1}
    record_payment(shop, "2", ann, TEA)
    assert purchase_tags.catch_up(at=NOW) == 1
    assert purchase_tags.catch_up(at=NOW) == 0
    assert depths(ann) == {"bought:tea": 2, "bought:cups": 1}


@pytest.mark.both_databases
def test_fully_refunded_order_is_not_counted(shop: Community) -> None:
    ann = factories.member(shop, "ann").pk
    record_payment(shop, "1", ann, TEA)
    record_payment(shop, "2", ann, TEA, CUPS)
    assert depths(ann) == {"bought:tea": 2, "bought:cups": 1}
    refund(shop, "2", 400)
    assert depths(ann) == {"bought:tea": 2, "bought:cups": 1}
    refund(shop, "2")
    assert depths(ann) == {"bought:tea": 1}


def test_order_of_zero_is_counted(shop: Community) -> None:
    ann = factories.member(shop, "ann").pk
    factories.order(shop, ann, 0, key="gift", items=[TEA])
    assert depths(ann) == {"bought:tea": 1}


def test_tags_set_by_staff_stay(shop: Community) -> None:
    ann, by = factories.member(shop, "ann").pk, staff_models.system(shop)
    vip = factories.tag(shop, "vip")
    assignments.set_depths(tag=vip, depths={ann: 3}, by=by, at=NOW)
    record_payment(shop, "1", ann, TEA)
    refund(shop, "1")
    assert depths(ann) == {"vip": 3}


def test_purchase_tags_record_no_facts(shop: Community) -> None:
    ann = factories.member(shop, "ann").pk
    record_payment(shop, "1", ann, TEA)
    before = facts.Fact.objects.filter(account_id=ann).count()
    depths(ann)
    assert facts.Fact.objects.filter(account_id=ann).count() == before


@pytest.mark.parametrize(
    "items", ["no json", '"text"', '[1, {"category": 7}, {"category": " "}]', "{}"]
)
def test_unreadable_items_have_no_category(items: str) -> None:
    assert purchase_tags.parse_categories(items) == set()
    assert purchase_tags.parse_categories('[{"category": "tea"}]') == {"tea"}


def test_tag_key_of_a_long_or_odd_category_is_valid() -> None:
    assert purchase_tags.tag_key(" soft ; drinks ") == "bought:soft , drinks"
    assert len(purchase_tags.tag_key("x" * 300)) == 80


@pytest.mark.both_databases
def test_category_with_a_merged_tag_is_left_to_staff(
    shop: Community,
) -> None:
    ann, by = factories.member(shop, "ann").pk, staff_models.system(shop)
    record_payment(shop, "1", ann, TEA, CUPS)
    purchase_tags.catch_up(at=NOW)
    mine = factories.tag(shop, "tea lovers")
    tag_merges.merge(tag=library.get(shop, "bought:tea"), into=mine, by=by, at=NOW)
    record_payment(shop, "2", ann, TEA, CUPS)
    assert depths(ann) == {"tea lovers": 1, "bought:cups": 2}


def test_orders_without_categories_create_no_tags(shop: Community) -> None:
    ann = factories.member(shop, "ann").pk
    record_payment(shop, "1", ann, {"name": "a cup"})
    assert depths(ann) == {}
    assert not tag_models.TagGroup.objects.exists()
    record_payment(shop, "2", ann, TEA)
    assert depths(ann) == {"bought:tea": 1}
