"""The list of members: searched, filtered, paged, tagged in batches, taken out."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.layers import layers
from qunce.members.people import people
from qunce.members.search import export as member_export
from qunce.members.search import member_list as pages
from qunce.members.segments import segments
from qunce.members.tags import assignments, library
from qunce.members.tags import bulk as bulk_tagging
from qunce.members.tags import models as tag_models
from tests.console.members.conftest import AT, add, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
HTMX = {"HX-Request": "true"}
WORST = [
    "<img src=x onerror=alert(1)>",
    "=HYPERLINK(1)",
    "\u202eevil",
    "名" * 200,
    "👩‍👩‍👧",
]


def text(answer: Any) -> str:
    page: str = answer.content.decode()
    return page


def names(page: str) -> list[str]:
    return re.findall(r'class="person-name">([^<]*)<', page)


def make_tag(of: Community, by: Staff, key: str) -> tag_models.Tag:
    return library.create(community=of, key=key, name=key.upper(), by=by, at=AT)


def test_it_lists_the_newest_first_and_says_how_many(
    browser: Client, shop: Community
) -> None:
    for name in ("Ann", "Bob"):
        add(shop, name.lower(), name=name)
    page = text(browser.get("/members/"))
    assert names(page) == ["Bob", "Ann"]
    assert '<strong class="num">2</strong> members' in page


def test_an_empty_community_is_led_to_the_import(browser: Client) -> None:
    assert "Import a file" in text(browser.get("/members/"))


@pytest.mark.parametrize(
    ("words", "found"),
    [("wangf", ["王芳"]), ("芳", ["王芳"]), ("13800138", ["王芳"]), ("nobody", [])],
)
def test_it_searches_by_name_pinyin_and_phone(
    browser: Client, shop: Community, words: str, found: list[str]
) -> None:
    add(shop, "a", name="王芳", identifiers={"phone": "13800138001"})
    add(shop, "b", name="Bob")
    assert names(text(browser.get("/members/", {"q": words}))) == found


def test_filters_live_in_the_address(
    browser: Client, shop: Community, by: Staff
) -> None:
    ann, bob = add(shop, "ann", name="Ann"), add(shop, "bob", name="Bob")
    vip = make_tag(shop, by, "vip")
    assignments.apply(tag=vip, accounts=[ann.pk], by=by, at=AT)
    rule = {"tag": {"any": ["vip"]}}
    saved = segments.create(
        community=shop, key="s", name="Saved", rule=rule, by=by, at=AT
    )
    accounts.leave(account=bob, by=by, at=AT)
    queries: list[dict[str, str | int]] = [
        {"tag": vip.pk},
        {"segment": saved.pk},
        {"rule": json.dumps(rule)},
        {"rule": json.dumps({"not": rule}), "left": 1, "q": "bob"},
    ]
    for query in queries:
        page = text(browser.get("/members/", query))
        assert names(page) == (["Bob"] if "left" in query else ["Ann"])
        assert "Remove this filter" in page


def test_a_layer_is_a_filter(browser: Client, shop: Community, by: Staff) -> None:
    add(shop, "ann", name="Ann")
    spec = {
        "by": "rules",
        "layers": [{"key": "all", "rule": {"all": []}}, {"key": "rest"}],
    }
    layering = layers.create(community=shop, key="l", spec=spec, by=by, at=AT)
    layers.recompute(layering=layering, by=by, at=AT)
    assert names(text(browser.get(f"/members/?layer={layering.pk}:all"))) == ["Ann"]
    assert names(text(browser.get(f"/members/?layer={layering.pk}:rest"))) == []


@pytest.mark.parametrize(
    "query",
    [
        "tag=999",
        "tag=x",
        "segment=1",
        "group=1",
        "layer=1",
        "layer=1:x",
        "rule=nonsense",
        'rule={"tag":{"any":["none"]}}',
        "rule=" + "[" * 9_000,
        "rule=" + '{"not":' * 2_000,
        "rule=" + "x" * 30_000,
    ],
)
def test_an_address_that_says_nothing_shows_nobody(
    browser: Client, shop: Community, query: str
) -> None:
    add(shop, "ann", name="Ann")
    answer = browser.get(f"/members/?{query}")
    assert answer.status_code == 200
    assert 'role="alert"' in text(answer)
    assert names(text(answer)) == []


def test_pages_follow_each_other(
    browser: Client, shop: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages.get_page, "__kwdefaults__", {**DEFAULTS, "most": 2})
    for name in "abcde":
        add(shop, name, name=name)
    seen, where = [], "/members/?q="
    while where:
        page = text(browser.get(where))
        seen += names(page)
        found = re.search(r'href="([^"]*)" data-key="n"', page)
        where = found[1].replace("&amp;", "&") if found else ""
    assert seen == list("edcba")


DEFAULTS: dict[str, Any] = dict(pages.get_page.__kwdefaults__ or {})


def test_htmx_gets_the_rows_alone(browser: Client, shop: Community) -> None:
    add(shop, "ann", name="Ann")
    page = text(browser.get("/members/", headers=HTMX))
    assert names(page) == ["Ann"]
    assert "<html" not in page
    going_back = {**HTMX, "HX-History-Restore-Request": "true"}
    assert "<html" in text(browser.get("/members/", headers=going_back))


@pytest.mark.parametrize("name", WORST)
def test_hostile_names_are_text(browser: Client, shop: Community, name: str) -> None:
    account = add(shop, "ann", name=name)
    for where in ("", f"{account.pk}/", f"{account.pk}/merge/", "remarks/"):
        page = text(browser.get(f"/members/{where}"))
        assert "<img src=x" not in page
    assert len(names(text(browser.get("/members/")))) == 1


def test_a_search_finds_tags_too(browser: Client, shop: Community, by: Staff) -> None:
    add(shop, "ann")
    vip = make_tag(shop, by, "vip")
    page = text(browser.get("/members/", {"q": "vi"}))
    assert f'href="/members/?tag={vip.pk}"' in page
    assert browser.get("/members/", {"q": "\0vi"}).status_code == 200


# Batches


def test_ticked_members_are_tagged_and_it_is_undone(
    olga: Client, shop: Community, by: Staff
) -> None:
    """K7: undo rather than a question."""
    ann, bob = add(shop, "ann"), add(shop, "bob")
    add(shop, "cid")
    vip = make_tag(shop, by, "vip")
    given = {"member": [ann.pk, bob.pk], "tag": "VIP", "action": "apply"}
    answer = olga.post("/members/tag/?q=", given, follow=True)
    assert "“VIP” was added to 2 members." in text(answer)
    assert names(text(olga.get(f"/members/?tag={vip.pk}"))) == ["bob", "ann"]
    undo = re.search(r"/members/tag-batches/\d+/undo/", text(answer))
    assert undo is not None
    assert "2 tags are as they were" in text(olga.post(undo[0], follow=True))
    assert names(text(olga.get(f"/members/?tag={vip.pk}"))) == []
    assert olga.post(undo[0]).status_code == 403


def test_all_of_a_filter_are_tagged(olga: Client, shop: Community, by: Staff) -> None:
    for key in ("王一", "王二", "李三"):
        add(shop, key, name=key)
    vip = make_tag(shop, by, "vip")
    given = {"everyone": "1", "tag": "vip", "action": "apply"}
    olga.post("/members/tag/?q=wang", given)
    assert names(text(olga.get(f"/members/?tag={vip.pk}"))) == ["王二", "王一"]
    olga.post("/members/tag/?q=wangyi", {**given, "action": "remove"})
    assert names(text(olga.get(f"/members/?tag={vip.pk}"))) == ["王二"]


def test_very_many_are_tagged_in_the_background(
    olga: Client, shop: Community, by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_tagging, "MAX_IMMEDIATE", 1)
    for key in "abc":
        add(shop, key)
    make_tag(shop, by, "vip")
    given = {"everyone": "1", "tag": "vip", "action": "apply"}
    answer = olga.post("/members/tag/", given, follow=True)
    assert "0 of 3 members" in text(answer)
    (job,) = tag_models.TagJob.objects.all()
    bulk_tagging.run(str(job.pk), at=AT)
    page = text(olga.get(f"/members/tag-jobs/{job.pk}/", headers=HTMX))
    assert "“VIP” was added to 3 members." in page and "every 1s" not in page


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tag": "vip"}, "Choose at least one member."),
        ({"tag": "", "member": 1}, "Enter a tag."),
        ({"tag": "loyal customers", "member": 1}, "Did you mean: LOYAL CUSTOMER?"),
        ({"tag": "old", "member": 1}, "archived"),
    ],
)
def test_what_does_not_go_keeps_what_was_typed(
    olga: Client, shop: Community, by: Staff, given: dict[str, Any], said: str
) -> None:
    ann = add(shop, "ann")
    for key in ("vip", "loyal customer"):
        make_tag(shop, by, key)
    library.archive(tag=make_tag(shop, by, "old"), by=by, at=AT)
    if "member" in given:
        given = {**given, "member": ann.pk}
    answer = olga.post("/members/tag/?left=1", given)
    assert answer.status_code == 422
    assert said in text(answer)
    if given["tag"]:
        assert f'value="{given["tag"]}"' in text(answer)
    if "member" in given:
        assert f'value="{ann.pk}" checked' in text(answer)


def test_members_out_of_sight_are_not_tagged(shop: Community, by: Staff) -> None:
    ann, bob = add(shop, "ann"), add(shop, "bob")
    vip = make_tag(shop, by, "vip")
    scope = {"members": {"keys": ["ann"]}}
    narrow = signed_in(shop, "manager", scope=scope)
    given = {"member": [ann.pk, bob.pk], "tag": "vip", "action": "apply"}
    narrow.post("/members/tag/", given)
    assert list(assignments.depths_of_person([bob.pk])) == []
    batch = assignments.apply(tag=vip, accounts=[bob.pk], by=by, at=AT)
    assert narrow.post(f"/members/tag-batches/{batch.pk}/undo/").status_code == 404


# Out of the house


def test_it_takes_out_the_list_or_those_ticked(
    browser: Client, shop: Community
) -> None:
    ann = add(shop, "ann", name="=1+1")
    add(shop, "bob", name="Bob")
    whole = browser.post("/members/export/", {"form": "csv"})
    assert "attachment" in whole["Content-Disposition"]
    lines = whole.getvalue().decode("utf-8-sig").splitlines()
    assert [line.split(",")[:2] for line in lines[1:]] == [
        ["ann", "'=1+1"],
        ["bob", "Bob"],
    ]
    some = browser.post("/members/export/", {"form": "xlsx", "member": ann.pk})
    assert some.getvalue()[:2] == b"PK"
    nobody = browser.post("/members/export/?q=zzz", {"form": "csv"})
    assert len(nobody.getvalue().decode().splitlines()) == 1


def test_who_may_not_export_sees_no_button_and_is_refused(
    olga: Client, shop: Community
) -> None:
    """S3: export by permission."""
    add(shop, "ann")
    assert "/members/export/" not in text(olga.get("/members/"))
    assert olga.post("/members/export/", {"form": "csv"}).status_code == 403
    assert member_export.MembersExported.kind == "member.exported"


def test_a_merged_person_is_one_row_that_leads_to_the_person(
    browser: Client, shop: Community, by: Staff
) -> None:
    ann, too = add(shop, "ann", name="Ann"), add(shop, "too")
    people.merge(left=ann, right=too, by=by, at=AT)
    assert names(text(browser.get("/members/"))) == ["Ann"]
    assert "2 accounts" in text(browser.get("/members/"))
    head = account_queries.account_ids_of_person(too.pk)[0]
    assert browser.get(f"/members/{too.pk}/")["Location"] == f"/members/{head}/"
