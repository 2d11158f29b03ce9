"""The page of one member, and everything that is done there."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.members.accounts import accounts
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes
from qunce.members.people import notes, people, remark_names
from qunce.members.segments import segments
from qunce.members.tags import assignments, library
from qunce.sales import orders
from qunce.sets.mirror import deriver
from tests.console.members.conftest import AT, PHONE, add, posted, signed_in, text

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
HTMX = {"HX-Request": "true"}


def test_it_shows_all_that_is_known(
    browser: Client, shop: Community, by: Staff, ann: account_models.Account
) -> None:
    """K2, K11: profile with source and time, accounts, tags, groups, orders."""
    how: dict[str, Any] = {"by": by, "at": AT}
    city = attributes.define(community=shop, name="city", type="text", **how)
    attributes.set_values(attribute=city, values={ann.pk: "西安"}, **how)
    vip = library.create(community=shop, key="vip", name="VIP", **how)
    assignments.set_depths(tag=vip, depths={ann.pk: 3}, **how)
    group = groups.create(community=shop, key="g", name="Tea club", **how)
    groups.add_members(group=group, accounts=[ann.pk], **how)
    orders.record_payment(
        community=shop, key="A-1", account=ann.pk, amount=1999, paid_at=AT,
        currency="CNY", **how,
    )  # fmt: skip
    page = text(browser.get(f"/members/{ann.pk}/"))
    for said in (
        "西安", "by hand · 2026-06-29", "VIP", "×3", "Tea club", "A-1", "19.99",
        "13800138001", "stall", "Copy remark name",
    ):  # fmt: skip
        assert said in page, said


def test_an_operator_reads_masked_identifiers(
    olga: Client, browser: Client, shop: Community
) -> None:
    """S3."""
    member = add(shop, "13900139002", identifiers={**PHONE, "email": "ann@shop.cn"})
    pages = [f"/members/{member.pk}/", f"/members/{member.pk}/merge/"]
    for where in (*pages, "/members/", "/members/find/?q=13900139002"):
        page = text(olga.get(where))
        assert "13900139002" not in page.replace("q=13900139002", "")
        assert "13800138001" not in page and "ann@shop.cn" not in page
    assert "138****8001" in text(olga.get(pages[0]))
    peek = text(olga.get(f"{pages[0]}peek/", headers=HTMX))
    assert "138****8001" in peek and "<html" not in peek
    assert "13800138001" in text(browser.get(pages[0]))


def test_the_timeline_is_in_words_and_goes_back_page_by_page(
    browser: Client, shop: Community, by: Staff, ann: account_models.Account
) -> None:
    vip = library.create(community=shop, key="vip", name="VIP", by=by, at=AT)
    for day in range(20):
        at = AT + timedelta(days=day)
        assignments.apply(tag=vip, accounts=[ann.pk], by=by, at=at)
        assignments.remove(tag=vip, accounts=[ann.pk], by=by, at=at)
    orders.record_payment(
        community=shop, key="A-1", account=ann.pk, amount=1999, currency="CNY",
        paid_at=AT + timedelta(days=30), items=[{"category": "tea"}], by=by, at=AT,
    )  # fmt: skip
    deriver.catch_up()
    where = f"/members/{ann.pk}/timeline/"
    page = text(browser.get(where, headers=HTMX))
    assert "paid an order" in page and "19.99 CNY · tea" in page
    assert "joined the community" not in page
    more = re.search(r'href="([^"]*before=[^"]*)"', page)
    assert more is not None
    assert "joined the community" in text(browser.get(more[1], headers=HTMX))
    assert "<html" in text(browser.get(f"{where}?before=nonsense"))


def test_the_segments_she_is_in(
    browser: Client, shop: Community, by: Staff, ann: account_models.Account
) -> None:
    rules: dict[str, Any] = {"in": {"all": []}, "out": {"any": []}}
    for key, rule in rules.items():
        segments.create(
            community=shop, key=key, name=f"Is {key}", rule=rule, by=by, at=AT
        )
    page = text(browser.get(f"/members/{ann.pk}/segments/", headers=HTMX))
    assert "Is in" in page and "Is out" not in page


# Tags


def test_a_tag_is_put_on_and_taken_off(
    olga: Client, shop: Community, by: Staff, ann: account_models.Account
) -> None:
    vip = library.create(community=shop, key="vip", name="VIP", by=by, at=AT)
    assert "“VIP” was added to" in posted(olga, f"{ann.pk}/tags/", tag="vip")
    assert assignments.depths_of_person([ann.pk]) == {"vip": 1}
    said = "does not carry “VIP” any more"
    assert said in posted(olga, f"{ann.pk}/tags/{vip.pk}/remove/")
    assert olga.post(f"/members/{ann.pk}/tags/999/remove/").status_code == 404


def test_a_near_twin_is_offered(
    browser: Client, shop: Community, by: Staff, ann: account_models.Account
) -> None:
    library.create(community=shop, key="loyal customer", by=by, at=AT)
    answer = browser.post(f"/members/{ann.pk}/tags/", {"tag": "loyal customers"})
    assert answer.status_code == 422
    assert "Did you mean one of these?" in text(answer)
    assert 'value="loyal customer"' in text(answer)
    assert "Create the tag “loyal customers”" in text(answer)


# Notes


def test_a_follow_up_is_written_done_and_opened_again(
    olga: Client, shop: Community, ann: account_models.Account
) -> None:
    given = {"note-text": "likes tea", "note-next_step": "call back"}
    page = posted(olga, f"{ann.pk}/notes/", **given)
    assert "likes tea" in page and "call back" in page
    (note,) = notes.Note.objects.all()
    assert note.due_at is not None
    assert "Done: call back" in posted(olga, f"notes/{note.pk}/complete/")
    assert "Reopened: call back" in posted(olga, f"notes/{note.pk}/reopen/")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"note-text": "x" * 3000},
        {"note-text": "keeps", "note-due_at": "2026-07-01T10:00"},
        {"note-next_step": "call", "note-due_at": "nonsense"},
    ],
)
def test_a_note_that_does_not_go_stays_typed(
    olga: Client, ann: account_models.Account, given: dict[str, str]
) -> None:
    answer = olga.post(f"/members/{ann.pk}/notes/", given)
    assert answer.status_code == 422
    assert all(value[:40] in text(answer) for value in given.values())


def test_a_viewer_reads_and_changes_nothing(
    shop: Community, by: Staff, ann: account_models.Account
) -> None:
    viewer = signed_in(shop, "viewer")
    page = text(viewer.get(f"/members/{ann.pk}/"))
    assert "Write a note" not in page and "Edit profile" not in page
    for where in ("tags/", "notes/", "identifiers/", "merge/", "erase/", "profile/"):
        assert viewer.post(f"/members/{ann.pk}/{where}").status_code == 403


# Profile


def test_only_what_differs_is_written(
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
    given = dict(re.findall(r'name="(a\d+|name)" value="([^"]*)"', page))
    given |= {f"a{rows['city'].pk}": "Xi'an", f"a{rows['vip'].pk}": "true"}
    shown = posted(browser, f"{ann.pk}/profile/", **given)
    held = people.get_by_account(ann.pk).attributes
    assert (held["city"].text, held["city"].source) == ("Xi'an", "operator")
    assert {name: held[name].source for name in ("age", "born", "vip", "at")} == (
        dict.fromkeys(("age", "born", "vip", "at"), "import")
    )
    assert "from a file" in shown
    assert "Wuxi" in text(browser.get(f"/members/{ann.pk}/profile/"))


def test_a_value_of_the_wrong_type_says_so_beside_the_field(
    browser: Client, shop: Community, by: Staff, ann: account_models.Account
) -> None:
    age = attributes.define(community=shop, name="age", type="number", by=by, at=AT)
    given = {"name": "New name", f"a{age.pk}": "old"}
    answer = browser.post(f"/members/{ann.pk}/profile/", given)
    assert answer.status_code == 422
    assert "is not a number" in text(answer) and 'value="old"' in text(answer)


def test_a_merged_persons_value_is_taken_away_everywhere(
    browser: Client, shop: Community, by: Staff, ann: account_models.Account
) -> None:
    too = add(shop, "too")
    city = attributes.define(community=shop, name="city", type="text", by=by, at=AT)
    attributes.set_values(attribute=city, values={too.pk: "Wuxi"}, by=by, at=AT)
    people.merge(left=ann, right=too, by=by, at=AT)
    posted(browser, f"{ann.pk}/profile/", **{"name": "Ann", f"a{city.pk}": ""})
    assert "city" not in people.get_by_account(ann.pk).attributes


# Accounts


def test_somebody_new(
    browser: Client, shop: Community, ann: account_models.Account
) -> None:
    page = posted(
        browser, "new/", name="Bob", phone="", email="", key="", source="shop"
    )
    assert "Bob added" in page
    again = {"name": "Twin", "phone": "", "email": "", "key": "twin", "source": ""}
    posted(browser, "new/", **again)
    answer = browser.post("/members/new/", again)
    assert answer.status_code == 422 and 'value="Twin"' in text(answer)
    assert browser.post("/members/new/", {"name": " "}).status_code == 422
    bad = {**again, "key": "x", "phone": "12"}
    assert browser.post("/members/new/", bad).status_code == 422
    assert account_queries.find(shop, ["x"]) == {}


def test_the_same_phone_leads_to_the_person_there_is(
    browser: Client, ann: account_models.Account
) -> None:
    given = {"name": "Annie", "phone": "138 0013 8001", "key": "annie"}
    answer = browser.post("/members/new/", given)
    assert answer["Location"] == f"/members/{ann.pk}/"


def test_an_identifier_is_kept_or_refused(
    browser: Client, ann: account_models.Account
) -> None:
    given = {"known-kind": "email", "known-value": "Ann@Shop.cn"}
    assert "ann@shop.cn" in posted(browser, f"{ann.pk}/identifiers/", **given)
    bad = {**given, "known-value": "nonsense"}
    answer = browser.post(f"/members/{ann.pk}/identifiers/", bad)
    assert answer.status_code == 422 and 'value="nonsense"' in text(answer)


def test_leaving_and_coming_back(browser: Client, ann: account_models.Account) -> None:
    assert "marked as left" in posted(browser, f"accounts/{ann.pk}/depart/")
    assert browser.post(f"/members/accounts/{ann.pk}/depart/").status_code == 403
    assert "is here again" in posted(browser, f"accounts/{ann.pk}/rejoin/")


def test_two_are_merged_seen_and_parted(
    browser: Client, shop: Community, ann: account_models.Account
) -> None:
    too = add(shop, "too", name="Too")
    where = f"/members/{ann.pk}/merge/"
    assert "Too" in text(browser.get(where, {"q": "too"}))
    assert "Merge into one person" in text(browser.get(where, {"member": too.pk}))
    assert browser.post(where, {"member": ann.pk}).status_code == 422
    page = posted(browser, f"{ann.pk}/merge/", member=too.pk, note="told us")
    assert "have been merged" in page and "told us" in page
    assert browser.post(where, {"member": too.pk}).status_code == 422
    (join,) = people.get_by_account(ann.pk).merges
    assert "two people again" in posted(browser, f"merges/{join.pk}/undo/")
    assert browser.post(f"/members/merges/{join.pk}/undo/").status_code == 403


def test_who_is_out_of_sight_cannot_be_merged_with(
    shop: Community, ann: account_models.Account
) -> None:
    bob = add(shop, "bob")
    narrow = signed_in(shop, "manager", scope={"members": {"keys": ["ann"]}})
    where = f"/members/{ann.pk}/merge/"
    assert narrow.get(where, {"member": bob.pk}).status_code == 404
    assert narrow.post(where, {"member": bob.pk}).status_code == 404
    assert "bob" not in text(narrow.get("/members/find/?q=bob")).replace("q=bob", "")


def test_erasing_asks_for_a_tick(
    browser: Client, olga: Client, ann: account_models.Account
) -> None:
    where = f"/members/{ann.pk}/erase/"
    assert olga.get(where).status_code == 403
    assert "cannot be undone" in text(browser.get(where))
    assert browser.post(where).status_code == 422
    assert "Erased." in posted(browser, f"{ann.pk}/erase/", for_good="1")
    assert browser.get(f"/members/{ann.pk}/").status_code == 404


def test_who_left_has_a_page(
    browser: Client, by: Staff, ann: account_models.Account
) -> None:
    accounts.leave(account=ann, by=by, at=AT)
    assert "Mark as returned" in text(browser.get(f"/members/{ann.pk}/"))


# Attributes and remark names


def test_attributes_are_made_and_changed(
    browser: Client, olga: Client, shop: Community
) -> None:
    """K2: a schema that operators extend."""
    given = {"label": "Shirt size", "type": "choice", "section": "product"}
    page = posted(browser, "attributes/new/", **given, choices="S\nM\n\n")
    assert "Shirt size" in page and "S、M" in page
    assert browser.post("/members/attributes/new/", given).status_code == 422
    (one,) = attributes.list_all(shop)
    changed = {"label": "Size", "section": "product", "choices": "S\nL"}
    assert "Size" in posted(browser, f"attributes/{one.pk}/", **changed)
    assert attributes.get(shop, "Shirt size").choices == ["S", "L"]
    assert olga.get("/members/attributes/").status_code == 200
    assert olga.get(f"/members/attributes/{one.pk}/").status_code == 403
    assert browser.get("/members/attributes/999/").status_code == 404


def test_a_pattern_is_shown_on_members_before_it_is_saved(
    browser: Client, olga: Client, shop: Community, ann: account_models.Account
) -> None:
    """K14."""
    query = {"text": "VIP-{name}", "max_length": "20"}
    part = text(browser.get("/members/remark-names/", query, headers=HTMX))
    assert "VIP-Ann Lee" in part and "<html" not in part
    wrong = {"text": "{nonsense}", "max_length": "20"}
    assert "There is no variable" in text(
        browser.get("/members/remark-names/", wrong, headers=HTMX)
    )
    assert browser.post("/members/remark-names/", wrong).status_code == 422
    posted(browser, "remark-names/", **query)
    assert remark_names.get_pattern(shop).text == "VIP-{name}"
    assert "VIP-Ann Lee" in text(browser.get(f"/members/{ann.pk}/"))
    assert olga.get("/members/remark-names/").status_code == 403
