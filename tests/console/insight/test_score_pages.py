"""Pages of scores: the formula, the histogram, the form, its preview and its errors."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.people import staff_accounts
from qunce.members.scores import scores
from qunce.sets.mirror import deriver
from tests import factories
from tests.clients import browser

PATH = "/insight/scores/"
NOW = datetime.now(UTC)


@pytest.fixture
def by(shop: Community) -> Staff:
    factories.members(shop, "ann", "bob")
    factories.order(shop, "ann", 100, paid_at=NOW)
    deriver.catch_up()
    return factories.staff(shop, "manager", "li")


def fields(*parts: dict[str, Any], initial: int = 0, **more: Any) -> dict[str, Any]:
    data = {
        "parts-TOTAL_FORMS": len(parts),
        "parts-INITIAL_FORMS": initial,
        "name": "Fans",
        **more,
    }
    for n, part in enumerate(parts):
        data |= {f"parts-{n}-{name}": value for name, value in part.items()}
    return data


ORDERS: dict[str, Any] = {
    "name": "Orders",
    "area": "service",
    "by": "times",
    "kind": "order.paid",
    "within": "90",
    "weight": "2.5",
    "cap": "4",
}
EMPTY = {"area": "service", "by": "times"}


def test_a_score_is_written_with_the_form(shop: Community, by: Staff) -> None:
    web = browser(by)
    saved = web.post(f"{PATH}new/", fields(ORDERS, EMPTY))
    assert saved.status_code == 303, saved.content.decode()
    assert saved["Location"] == f"{PATH}of/Fans/"
    score = scores.get(shop, "Fans")
    part = {**ORDERS, "within": "90d", "weight": "2.5", "cap": 4}
    assert scores.current_spec(score, NOW) == {"parts": [part]}
    page = web.get(saved["Location"]).content.decode()
    assert "2.5 points for each time they paid an order" in page
    assert re.search(r"25\.0|20\.0–29\.9", page)
    # The form opens with the same part and gives it back.
    edit = web.get(f"{PATH}of/Fans/edit/").content.decode()
    assert 'value="2.5"' in edit
    web.post(f"{PATH}of/Fans/edit/", fields(ORDERS, initial=1))
    assert len(scores.list_versions(score)) == 1
    deleted = web.post(f"{PATH}of/Fans/delete/")
    assert deleted["Location"] == PATH
    assert "Fans" not in web.get(PATH).content.decode().replace("Fans”", "")


def test_preview_saves_nothing(shop: Community, by: Staff) -> None:
    page = browser(by).post(
        f"{PATH}of/activity/edit/", fields(ORDERS, initial=1, preview="1")
    )
    text = page.content.decode()
    assert "What the change would do today" in text
    assert "Higher for 1, lower for 0 members." in text
    assert scores.list_versions(scores.get(shop, "activity")) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight": "0"}, "greater than or equal to 0.01"),
        ({"by": "sum"}, "Part 1, “field”"),
        ({"kind": ""}, "Part 1, “kind”"),
        ({"within": ""}, "Part 1, “within”"),
        ({"name": ""}, "required"),
    ],
)
def test_what_is_wrong_is_said_on_the_page(
    shop: Community, by: Staff, change: dict[str, str], message: str
) -> None:
    web = browser(by)
    page = web.post(f"{PATH}new/", fields(ORDERS | change))
    assert page.status_code == 422
    assert message in page.content.decode()
    assert len(scores.list_all(shop)) == 2


def test_conditions_of_the_api_stay_in_the_form(shop: Community, by: Staff) -> None:
    part = {**ORDERS, "within": "90d", "cap": 4, "weekdays": [5, 6]}
    scores.create(
        community=shop, key="w", name="W", spec={"parts": [part]}, by=by, at=NOW
    )
    web = browser(by)
    edit = web.get(f"{PATH}of/w/edit/").content.decode()
    assert "More conditions were set through the API" in edit
    (more,) = re.findall(r'name="parts-0-more" value="([^"]*)"', edit)
    values = ORDERS | {"more": more.replace("&quot;", '"'), "cap": "5"}
    web.post(f"{PATH}of/w/edit/", fields(values, initial=1, name="W"))
    (stored,) = scores.current_spec(scores.get(shop, "w"), NOW)["parts"]
    assert (stored["weekdays"], stored["cap"]) == ([5, 6], 5)


def test_names_of_a_score_are_shown_as_text(shop: Community, by: Staff) -> None:
    part = {**ORDERS, "within": "90d", "cap": 4, "name": "<b>Part</b>"}
    scores.create(
        community=shop, key="x", name="<i>x</i>", spec={"parts": [part]}, by=by, at=NOW
    )
    page = browser(by).get(f"{PATH}of/x/").content.decode()
    assert "&lt;b&gt;Part&lt;/b&gt;" in page and "<b>Part</b>" not in page
    assert "&lt;i&gt;x&lt;/i&gt;" in page and "<i>x</i>" not in page


def test_member_page_has_each_part_and_staff_have_no_score(
    shop: Community, by: Staff
) -> None:
    ann, bob = factories.account_ids(shop, ("ann", "bob"))
    page = browser(by).get(f"/members/{ann}/").content.decode()
    assert "2 of 20 points from “Days with an order” (1 of 10 days)" in page
    staff_accounts.mark(accounts=[bob], by=factories.staff(shop), at=NOW)
    page = browser(by).get(f"/members/{bob}/").content.decode()
    assert "works here, not counted" in page
    assert "Loyalty score" not in page


@pytest.mark.parametrize(
    "more",
    ["[" * 3_000, '{"where": "x"}', '{"where": [1]}', '{"where": {"a": "b\\u0000"}}'],
)
def test_hostile_conditions_are_no_crash(by: Staff, more: str) -> None:
    data = fields(ORDERS | {"more": more, "group": "tea"})
    response = browser(by).post(f"{PATH}new/", data)
    assert response.status_code == 422
    assert not scores.Score.objects.exists()
