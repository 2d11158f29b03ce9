"""The page on which the type of an attribute is changed."""

from __future__ import annotations

import pytest
from django.test import Client

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.attributes import attributes
from qunce.members.attributes.attributes import Attribute
from qunce.members.segments import segments
from tests.console.members.conftest import AT, browser_of, create_member, post, text


@pytest.fixture
def postcode(shop: Community, by: Staff) -> Attribute:
    created = attributes.define(
        community=shop, name="postcode", type="text", by=by, at=AT
    )
    values = {"ann": "010020", "bob": "730000", "cyd": "A-12"}
    ids = {create_member(shop, key).pk: values[key] for key in values}
    attributes.set_values(attribute=created, values=ids, by=by, at=AT)
    return created


def shown(browser: Client, attribute: Attribute, **data: str) -> str:
    path = f"/members/attributes/{attribute.pk}/type/"
    return text(browser.post(path, data) if data else browser.get(path))


def test_effect_is_shown_before_anything_changes(
    browser: Client, shop: Community, postcode: Attribute
) -> None:
    page = text(browser.get(f"/members/attributes/{postcode.pk}/"))
    assert f"/members/attributes/{postcode.pk}/type/" in page
    page = shown(browser, postcode, type="number")
    assert "2 values can be read as “number”." in page
    assert "“010020” becomes “10020” (ann)" in page
    assert "“A-12” (cyd)" in page
    assert "Drop values that cannot be read" in page
    assert attributes.get(shop, "postcode").type == "text"


def test_unreadable_values_are_dropped_only_by_choice(
    browser: Client, shop: Community, postcode: Attribute
) -> None:
    chosen = {"type": "number", "confirmed": "number"}
    path = f"attributes/{postcode.pk}/type/"
    answer = browser.post(f"/members/{path}", chosen)
    assert answer.status_code == 422
    assert "or choose to drop them" in text(answer)
    page = post(browser, path, **chosen, drop_unreadable="on")
    assert "now has the type “number”" in page
    assert attributes.get(shop, "postcode").type == "number"


def test_type_that_was_not_shown_is_not_confirmed(
    browser: Client, shop: Community, postcode: Attribute
) -> None:
    page = shown(browser, postcode, type="multi", confirmed="choice")
    assert "3 values can be read as “multiple choice”." in page
    assert attributes.get(shop, "postcode").type == "text"


def test_rules_that_would_break_are_listed(
    browser: Client, shop: Community, by: Staff, postcode: Attribute
) -> None:
    rule = {"attr": {"name": "postcode", "starts": "01"}}
    segments.create(
        community=shop, key="north", name="In the north", rule=rule, by=by, at=AT
    )
    page = shown(browser, postcode, type="number")
    assert "segment “In the north”" in page
    assert 'name="confirmed"' not in page
    assert 'name="confirmed"' in shown(browser, postcode, type="choice")


def test_operators_may_not_change_types(
    browser: Client, olga: Client, shop: Community, postcode: Attribute
) -> None:
    path = f"/members/attributes/{postcode.pk}/type/"
    assert browser.get(path).status_code == 200
    assert olga.get(path).status_code == 403
    assert browser.get("/members/attributes/999/type/").status_code == 404
    assert browser_of(shop, "manager").get(path).status_code == 200
