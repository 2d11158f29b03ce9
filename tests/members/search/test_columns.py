"""Columns of the member list: what they show, and how they sort, before and after changes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.core import exchange_rates
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes
from qunce.members.columns import columns
from qunce.members.columns.columns import People
from qunce.members.layers import layers
from qunce.members.saved_views import saved_views
from qunce.members.search import member_list
from qunce.members.staff_in_charge import assignments
from qunce.sets.mirror import deriver
from tests import factories
from tests.factories import AT

DAY = timedelta(days=1)
NOW = AT + 40 * DAY
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


@pytest.fixture
def shop() -> Community:
    return factories.community(language="en", currency="CNY")


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop, "owner", "boss", name="Boss")


def listed(by: Staff, sort_by: str, limit: int = 2) -> str:
    """The keys of all members as the pages of the list show them."""
    found, before = "", None
    while True:
        page = member_list.get_page(
            by=by, at=NOW, sort_by=sort_by, limit=limit, before=before
        )
        found += "".join(row.key for row in page.rows)
        before = page.after
        if before is None:
            return found


def cells(by: Staff, key: str) -> dict[str, str]:
    (column,) = columns.find(by.community, [key])
    ids = factories.account_ids(by.community, ("a", "b", "c", "d"))
    people = account_queries.accounts_by_person(ids)
    found = column.cells(People(people, by, NOW))
    keys = account_queries.keys_by_id(by.community, people)
    return {keys[pk]: cell.text for pk, cell in found.items() if cell.text}


def test_orders_sort_by_net_spend_and_by_the_last_order(
    shop: Community, by: Staff
) -> None:
    factories.members(shop, "a", "b", "c", "d")
    for key, day, amount in (("a", 1, 900), ("a", 2, 300), ("b", 5, 1_000)):
        factories.order(shop, key, amount, AT + day * DAY, key=f"{key}{day}")
    factories.order(shop, "c", 200, AT + 3 * DAY, currency="USD")
    deriver.catch_up()
    assert listed(by, "-spend") == "abcd"
    assert listed(by, "spend") == "cbad"
    assert listed(by, "-last_order") == "bcad"
    assert cells(by, "spend") == {"a": "12.00", "b": "10.00", "c": "0.00 + USD"}
    assert cells(by, "last_order")["b"] == "Mar 10 20:00"
    # An older day and the newest one change.
    factories.refund(shop, "a1", amount=900, at=AT + 4 * DAY)
    factories.order(shop, "d", 2_000, AT + 5 * DAY)
    exchange_rates.set_rate(
        community=shop,
        currency="USD",
        since=AT.date(),
        rate=exchange_rates.parse_rate("7"),
        by=by,
        at=NOW,
    )
    factories.merge(shop, "a", "b")
    deriver.catch_up()
    assert listed(by, "-spend") == "dca"
    assert cells(by, "spend") == {"a": "13.00", "c": "14.00", "d": "20.00"}


def test_attributes_staff_sources_and_layers_sort_as_they_read(
    shop: Community, by: Staff
) -> None:
    for key, source in (("a", "shop"), ("b", "fair"), ("c", ""), ("d", "shop")):
        factories.member(shop, key, source=source)
    about: dict[str, Any] = {"community": shop, "by": by, "at": AT}
    ids = dict(zip("abcd", factories.account_ids(shop, tuple("abcd")), strict=True))
    values = {
        "points": ("number", {"a": "9", "b": "10", "c": "-1"}),
        "city": ("text", {"a": "西安", "b": "北京", "d": "Aba"}),
        "born": ("date", {"b": "1990-01-02", "c": "2026-02-03"}),
        "wechat": ("text", {"a": "ann_1999"}),
    }
    for name, (kind, own) in values.items():
        attribute = attributes.define(name=name, type=kind, **about)
        written = {ids[key]: text for key, text in own.items()}
        attributes.set_values(attribute=attribute, values=written, by=by, at=AT)
    li = factories.staff(shop, "operator", "li", name="李")
    for staff, key in ((li, "a"), (by, "d")):
        assignments.assign(
            community=shop, accounts=[ids[key]], staff=staff, by=by, at=AT
        )
    rule = {"members": {"keys": ["b", "c"]}}
    spec = {"by": "rules", "layers": [{"key": "x", "rule": rule}, {"key": "y"}]}
    layering = layers.create(key="l", name="L", spec=spec, default="y", **about)
    layers.recompute(layering=layering, by=by, at=AT)
    orders = {
        "-attr:points": "bacd",
        "attr:points": "cabd",
        "attr:city": "dbac",
        "-attr:born": "cbda",
        "staff": "dacb",
        "source": "bdac",
        "layer:l": "cbda",
        "-layer:l": "dacb",
        "attr:wechat": "dcba",
        "nothing": "dcba",
    }
    assert {sort_by: listed(by, sort_by) for sort_by in orders} == orders
    assert cells(by, "attr:born") == {"b": "Jan 2, 1990", "c": "Feb 3"}
    assert cells(by, "layer:l") == {"a": "y", "b": "x", "c": "x", "d": "y"}
    assert cells(by, "attr:wechat") == {"a": "ann_1999"}
    assert cells(li, "attr:wechat") == {"a": "a****"}


def test_views_belong_to_their_author_until_they_are_shared(
    shop: Community, by: Staff
) -> None:
    li = factories.staff(shop, "operator", "li")
    about: dict[str, Any] = {
        "columns": ["spend", "gone", "joined"],
        "filters": {"tag": ["1"]},
        "sort_by": "-spend",
        "by": by,
        "at": AT,
    }
    view = saved_views.save(name=" My  list ", is_shared=False, **about)
    assert (view.name, view.columns) == ("My list", ["spend", "joined"])
    with pytest.raises(saved_views.ViewNotFound):
        saved_views.get(by=li, pk=view.pk)
    same = saved_views.save(name="My list", is_shared=True, **about)
    assert same.pk == view.pk
    assert saved_views.list_for(li) == [view]
    with pytest.raises(Exception, match="belongs to Boss"):
        saved_views.delete(view=view, by=li, at=AT)
    saved_views.delete(view=view, by=by, at=AT)
    assert saved_views.list_for(by) == []
