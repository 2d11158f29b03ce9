"""The categories of a community's orders, as names in sentences."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.rule_text import free_sentences
from qunce.members.tags import library
from qunce.sales import purchase_tags
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT, LATER

TEA: dict[str, Any] = {"did": {"kind": "order.paid", "where": {"categories": ["茶叶"]}}}


@pytest.fixture
def by(shop: Community) -> Staff:
    factories.members(shop, "m1")
    items = [{"category": "茶叶", "name": "碧螺春"}]
    factories.order(shop, "m1", items=items)
    deriver.catch_up()
    purchase_tags.catch_up(at=LATER)
    return factories.staff(shop)


def read(by: Staff, text: str) -> Any:
    return free_sentences.read(by=by, text=text, at=LATER).rule


def test_categories_of_the_orders_are_known(by: Staff) -> None:
    assert read(by, "买过茶叶的") == TEA
    assert factories.matching_keys(by.community, TEA, LATER) == ["m1"]
    assert read(by, "买过碧螺春的") is None


def test_category_is_known_by_the_name_that_staff_gave_its_tag(by: Staff) -> None:
    tag = library.find(by.community, [purchase_tags.tag_key("茶叶")]).popitem()[1]
    library.update(tag=tag, name="绿茶", by=by, at=AT)
    assert read(by, "买过绿茶的") == read(by, "买过茶叶的") == TEA


def test_categories_of_other_communities_are_unknown(by: Staff) -> None:
    other = factories.community(key="other")
    assert read(by, "买过茶叶的") == TEA
    assert read(factories.staff(other, login="bea"), "买过茶叶的") is None


def test_tag_of_a_category_means_the_tag_elsewhere(by: Staff) -> None:
    assert read(by, "茶叶标签的") == {"tag": {"any": ["bought:茶叶"]}}
