"""The page of a member, and the actions on it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.members.accounts import models as account_models
from qunce.members.attributes import attributes
from qunce.members.layers import layers
from qunce.members.people import notes, people
from qunce.members.segments import segments
from qunce.members.tags import assignments, library, person_tags
from qunce.sales import orders
from qunce.sets.mirror import deriver
from tests import factories
from tests.console.members.conftest import (
    AT,
    PHONE,
    browser_of,
    create_member,
    post,
    text,
)

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def test_page_shows_profile_accounts_tags_groups_and_orders(
    browser: Client, shop: Community, by: Staff, ann: account_models.Account
) -> None:
    common: dict[str, Any] = {"by": by, "at": AT}
    city = attributes.define(community=shop, name="city", type="text", **common)
    attributes.set_values(attribute=city, values={ann.pk: "西安"}, **common)
    vip = library.create(community=shop, key="vip", name="VIP", **common)
    assignments.set_depths(tag=vip, depths={ann.pk: 3}, **common)
    group = groups.create(community=shop, key="g", name="Tea club", **common)
    groups.add_members(group=group, accounts=[ann.pk], **common)
    orders.record_payment(
        community=shop, key="A-1", account=ann.pk, amount=1999, paid_at=AT,
        currency="CNY", **common,
    )  # fmt: skip
    page = text(browser.get(f"/members/{ann.pk}/"))
    for expected in (
        "西安", "by hand · today 10:00", "VIP", "×3", "Tea club", "A-1", "19.99",
        "13800138001", "stall", "Copy remark name",
    ):  # fmt: skip
        assert expected in page, expected


def test_identifiers_are_masked_for_operators(
    olga: Client, browser: Client, shop: Community
) -> None:
    member = create_member(
        shop, "13900139002", identifiers={**PHONE, "email": "ann@shop.cn"}
    )
    pages = [f"/members/{member.pk}/", f"/members/{member.pk}/merge/"]
    for path in (*pages, "/members/", "/members/find/?q=13900139002"):
        page = text(olga.get(path))
        assert "13900139002" not in page.replace("q=13900139002", "")
        assert "13800138001" not in page and "ann@shop.cn" not in page
    assert "138****8001" in text(olga.get(pages[0]))
    peek = text(olga.get(f"{pages[0]}peek/", headers=HTMX))
    assert "138****8001" in peek and "<html" not in peek
    assert "13800138001" in text(browser.get(pages[0]))


def test_timeline_has_labels_and_pages(
    browser: Client, shop: Community, by: Staff, ann: account_models.Account
) -> None:
    vip = library.create(community=shop, key="vip", name="VIP", by=by, at=AT)
    for day in range(35):
        at = AT + timedelta(days=day)
        assignments.apply(tag=vip, accounts=[ann.pk], by=by, at=at)
        assignments.remove(tag=vip, accounts=[ann.pk], by=by, at=at)
    orders.record_payment(
        community=shop, key="A-1", account=ann.pk, amount=1999, currency="CNY",
        paid_at=AT + timedelta(days=40), items=[{"category": "tea"}], by=by, at=AT,
    )  # fmt: skip
    deriver.catch_up()
    path = f"/members/{ann.pk}/timeline/"
    page = text(browser.get(path, headers=HTMX))
    assert "CNY 19.99 · tea" in page
    assert "joined the community" not in page
    link = re.search(r'href="([^"]*before=[^"]*)"', page)
    assert link is not None
    assert "joined the community" in text(browser.get(link[1], headers=HTMX))
    assert "<html" in text(browser.get(f"{path}?before=nonsense"))


def test_timeline_says_in_words_who_moved_and_not_that_a_layering_was_changed(
    browser: Client, shop: Community, by: Staff, ann: account_models.Account
) -> None:
    rules: list[dict[str, Any]] = [{"tag": {"any": ["vip"]}}, {"any": []}]
    specs = [
        {
            "by": "rules",
            "layers": [{"key": "high", "name": "High", "rule": rule}, {"key": "rest"}],
        }
        for rule in rules
    ]
    factories.tag(shop, "vip")
    layering = layers.create(
        community=shop, key="value", name="Value", spec=specs[0], by=by, at=AT
    )
    layers.recompute(layering=layering, by=by, at=AT)
    later = AT + timedelta(days=1)
    factories.apply_tag(shop, "vip", ann.pk)
    layers.recompute(layering=layering, by=by, at=later)
    layers.update(layering=layering, spec=specs[1], by=by, at=later)
    layers.recompute(layering=layering, by=by, at=later)
    deriver.catch_up()
    page = text(browser.get(f"/members/{ann.pk}/timeline/", headers=HTMX))
    words = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "moved to another layer Value · rest → High" in words
    assert "High → rest" not in words


def test_matching_segments_are_listed(
    browser: Client, shop: Community, by: Staff, ann: account_models.Account
) -> None:
    rules: dict[str, Any] = {"in": {"all": []}, "out": {"any": []}}
    for key, rule in rules.items():
        segments.create(
            community=shop, key=key, name=f"Is {key}", rule=rule, by=by, at=AT
        )
    page = text(browser.get(f"/members/{ann.pk}/segments/", headers=HTMX))
    assert "Is in" in page and "Is out" not in page
    # One whose rule names what is gone says so, and hides no other.
    rows = segments.Segment.objects.filter(key="out")
    rows.update(rule={"tag": {"any": ["gone"]}})
    page = text(browser.get(f"/members/{ann.pk}/segments/", headers=HTMX))
    assert "Is in" in page and "no longer there" in page and "Is out" in page


def test_tag_is_added_and_removed(
    olga: Client, shop: Community, by: Staff, ann: account_models.Account
) -> None:
    vip = library.create(community=shop, key="vip", name="VIP", by=by, at=AT)
    member = {"member": str(ann.pk), "context": "member", "tag": "vip"}
    assert "“VIP” was added to" in post(olga, "tags/people/", **member)
    assert person_tags.depths_of_person([ann.pk]) == {"vip": 1}
    library.set_levels(tag=vip, levels=[(2, "regular")], by=by, at=AT)
    page = post(olga, "tags/people/", **member, action="deepen")
    assert "The depth of “VIP” changed" in page
    page = text(olga.get(f"/members/{ann.pk}/"))
    assert "×2" in page and "regular" in page
    assert 'aria-label="Add 1 to the depth of “VIP”">+1</button>' in page
    assert person_tags.depths_of_person([ann.pk]) == {"vip": 2}
    removed = post(olga, "tags/people/", **member, action="remove")
    assert "“VIP” was removed from" in removed


def test_similar_tag_is_suggested(
    browser: Client, shop: Community, by: Staff, ann: account_models.Account
) -> None:
    library.create(community=shop, key="loyal customer", by=by, at=AT)
    values = {"member": ann.pk, "context": "member", "tag": "loyal customers"}
    answer = browser.post("/members/tags/people/", values)
    assert answer.status_code == 422
    assert "Did you mean one of these?" in text(answer)
    assert 'value="loyal customer"' in text(answer)
    assert "Create “loyal customers”" in text(answer)
    assert f'name="member" value="{ann.pk}"' in text(answer)
    offered = {**values, "unknown": "loyal customers", "instead": "loyal customer"}
    browser.post("/members/tags/people/", offered)
    assert person_tags.depths_of_person([ann.pk]) == {"loyal customer": 1}


def test_follow_up_is_created_completed_and_reopened(
    olga: Client, shop: Community, ann: account_models.Account
) -> None:
    data = {"note-text": "likes tea", "note-next_step": "call back"}
    page = post(olga, f"{ann.pk}/notes/", **data)
    assert "likes tea" in page and "call back" in page
    (note,) = notes.Note.objects.all()
    assert note.due_at is not None
    assert "Done: call back" in post(olga, f"notes/{note.pk}/complete/")
    assert "Reopened: call back" in post(olga, f"notes/{note.pk}/reopen/")


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"note-text": "x" * 3000},
        {"note-text": "keeps", "note-due_at": "2026-07-01T10:00"},
        {"note-next_step": "call", "note-due_at": "nonsense"},
    ],
)
def test_rejected_note_keeps_its_text(
    olga: Client, ann: account_models.Account, data: dict[str, str]
) -> None:
    answer = olga.post(f"/members/{ann.pk}/notes/", data)
    assert answer.status_code == 422
    assert all(value[:40] in text(answer) for value in data.values())


def test_viewer_cannot_change_a_member(
    browser: Client, shop: Community, by: Staff, ann: account_models.Account
) -> None:
    viewer = browser_of(shop, "viewer")
    page = text(viewer.get(f"/members/{ann.pk}/"))
    owners_page = text(browser.get(f"/members/{ann.pk}/"))
    for action in ("Write a note", "Edit profile"):
        assert action in owners_page
        assert action not in page
    for path in ("notes/", "identifiers/", "merge/", "erase/", "profile/"):
        assert viewer.post(f"/members/{ann.pk}/{path}").status_code == 403


def test_only_changed_values_are_stored(
    browser: Client, shop: Community, by: Staff, ann: account_models.Account
) -> None:
    kinds = {
        "city": "text",
        "age": "number",
        "born": "date",
        "vip": "bool",
        "at": "instant",
    }
    rows = {
        name: attributes.define(community=shop, name=name, type=kind, by=by, at=AT)
        for name, kind in kinds.items()
    }
    values = {"city": "Wuxi", "age": "31", "born": "2000-02-29", "vip": "true"}
    for name, value in {**values, "at": "2026-03-05 09:07"}.items():
        attributes.set_values(
            attribute=rows[name], values={ann.pk: value}, by=by, at=AT, source="import"
        )
    page = text(browser.get(f"/members/{ann.pk}/profile/"))
    data = dict(re.findall(r'name="(a\d+|name)" value="([^"]*)"', page))
    data |= {f"a{rows['city'].pk}": "Xi'an", f"a{rows['vip'].pk}": "true"}
    page = post(browser, f"{ann.pk}/profile/", **data)
    stored = people.get_by_account(ann.pk).attributes
    assert (stored["city"].text, stored["city"].source) == ("Xi'an", "operator")
    assert {name: stored[name].source for name in ("age", "born", "vip", "at")} == (
        dict.fromkeys(("age", "born", "vip", "at"), "import")
    )
    assert "from a file" in page
    assert "Wuxi" in text(browser.get(f"/members/{ann.pk}/profile/"))


def test_value_of_the_wrong_type_is_rejected(
    browser: Client, shop: Community, by: Staff, ann: account_models.Account
) -> None:
    age = attributes.define(community=shop, name="age", type="number", by=by, at=AT)
    data = {"name": "New name", f"a{age.pk}": "old"}
    answer = browser.post(f"/members/{ann.pk}/profile/", data)
    assert answer.status_code == 422
    assert "is not a number" in text(answer) and 'value="old"' in text(answer)


def test_clearing_a_value_clears_it_for_all_accounts(
    browser: Client, shop: Community, by: Staff, ann: account_models.Account
) -> None:
    second = create_member(shop, "second")
    city = attributes.define(community=shop, name="city", type="text", by=by, at=AT)
    attributes.set_values(attribute=city, values={second.pk: "Wuxi"}, by=by, at=AT)
    people.merge(left=ann, right=second, by=by, at=AT)
    post(browser, f"{ann.pk}/profile/", **{"name": "Ann", f"a{city.pk}": ""})
    assert "city" not in people.get_by_account(ann.pk).attributes
