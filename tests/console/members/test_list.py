"""The list of members: search, filters, pages, bulk tagging and export."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.attributes import attributes
from qunce.members.layers import layers
from qunce.members.people import people
from qunce.members.saved_views import saved_views
from qunce.members.search import export as member_export
from qunce.members.segments import segments
from qunce.members.tags import assignments, library, person_tags
from qunce.members.tags import bulk as bulk_tagging
from qunce.members.tags import models as tag_models
from tests.console.members.conftest import AT, browser_of, create_member, text

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "=HYPERLINK(1)",
    "\u202eevil",
    "名" * 200,
    "👩‍👩‍👧",
]


def names(page: str) -> list[str]:
    return re.findall(r'class="person-name">([^<]*)<', page)


IN_LIST = {"context": "list"}


def make_tag(of: Community, by: Staff, key: str) -> tag_models.Tag:
    return library.create(community=of, key=key, name=key.upper(), by=by, at=AT)


def test_list_shows_newest_members_first_and_their_count(
    browser: Client, shop: Community
) -> None:
    for name in ("Ann", "Bob"):
        create_member(shop, name.lower(), name=name)
    page = text(browser.get("/members/"))
    assert names(page) == ["Bob", "Ann"]
    assert '<strong class="num">2</strong> members' in page


def test_empty_list_links_to_the_import(browser: Client) -> None:
    assert "Import a file" in text(browser.get("/members/"))


@pytest.mark.parametrize(
    ("query", "found"),
    [("wangf", ["王芳"]), ("芳", ["王芳"]), ("13800138", ["王芳"]), ("nobody", [])],
)
def test_list_is_searched_by_name_pinyin_and_phone(
    browser: Client, shop: Community, query: str, found: list[str]
) -> None:
    create_member(shop, "a", name="王芳", identifiers={"phone": "13800138001"})
    create_member(shop, "b", name="Bob")
    assert names(text(browser.get("/members/", {"q": query}))) == found


def test_filters_are_in_the_url(browser: Client, shop: Community, by: Staff) -> None:
    ann, bob = (
        create_member(shop, "ann", name="Ann"),
        create_member(shop, "bob", name="Bob"),
    )
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


def test_list_is_filtered_by_layer(browser: Client, shop: Community, by: Staff) -> None:
    create_member(shop, "ann", name="Ann")
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
def test_invalid_filter_matches_nobody_and_shows_an_error(
    browser: Client, shop: Community, query: str
) -> None:
    create_member(shop, "ann", name="Ann")
    answer = browser.get(f"/members/?{query}")
    assert answer.status_code == 200
    assert 'role="alert"' in text(answer)
    assert names(text(answer)) == []


def test_next_page_link_leads_through_all_members(
    browser: Client, shop: Community, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_views, "DEFAULT_PAGE_SIZE", 2)
    for name in "abcde":
        create_member(shop, name, name=name)
    listed, url, requests = [], "/members/?q=", 0
    while url:
        page = text(browser.get(url))
        listed += names(page)
        link = re.search(r'href="([^"]*)" data-key="n"', page)
        url = link[1].replace("&amp;", "&") if link else ""
        requests += 1
    assert listed == list("edcba")
    assert requests == 3


def test_htmx_request_gets_only_the_rows(browser: Client, shop: Community) -> None:
    create_member(shop, "ann", name="Ann")
    page = text(browser.get("/members/", headers=HTMX))
    assert names(page) == ["Ann"]
    assert "<html" not in page
    restoring = {**HTMX, "HX-History-Restore-Request": "true"}
    assert "<html" in text(browser.get("/members/", headers=restoring))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_escaped(browser: Client, shop: Community, name: str) -> None:
    account = create_member(shop, "ann", name=name)
    for path in ("", f"{account.pk}/", f"{account.pk}/merge/", "remark-names/"):
        page = text(browser.get(f"/members/{path}"))
        assert "<img src=x" not in page
    assert len(names(text(browser.get("/members/")))) == 1


def test_search_also_finds_tags(browser: Client, shop: Community, by: Staff) -> None:
    create_member(shop, "ann")
    vip = make_tag(shop, by, "vip")
    page = text(browser.get("/members/", {"q": "vi"}))
    assert f'href="/members/?tag={vip.pk}"' in page
    assert browser.get("/members/", {"q": "\0vi"}).status_code == 200


def test_selected_members_are_tagged_and_undone(
    olga: Client, shop: Community, by: Staff
) -> None:
    ann, bob = create_member(shop, "ann"), create_member(shop, "bob")
    create_member(shop, "cid")
    vip = make_tag(shop, by, "vip")
    data = {"member": [ann.pk, bob.pk], "tag": "VIP", "action": "apply", **IN_LIST}
    answer = olga.post("/members/tags/people/?q=", data, follow=True)
    assert "“VIP” was added to 2 members." in text(answer)
    assert names(text(olga.get(f"/members/?tag={vip.pk}"))) == ["bob", "ann"]
    undo = re.search(r"/members/tag-batches/\d+/undo/", text(answer))
    assert undo is not None
    assert "2 tags were restored" in text(olga.post(undo[0], follow=True))
    assert names(text(olga.get(f"/members/?tag={vip.pk}"))) == []
    assert olga.post(undo[0]).status_code == 403


def test_everyone_who_matches_the_filters_is_tagged(
    olga: Client, shop: Community, by: Staff
) -> None:
    for key in ("王一", "王二", "李三"):
        create_member(shop, key, name=key)
    vip = make_tag(shop, by, "vip")
    data = {"everyone": "1", "tag": "vip", "action": "apply", **IN_LIST}
    olga.post("/members/tags/people/?q=wang", data)
    assert names(text(olga.get(f"/members/?tag={vip.pk}"))) == ["王二", "王一"]
    olga.post("/members/tags/people/?q=wangyi", {**data, "action": "remove"})
    assert names(text(olga.get(f"/members/?tag={vip.pk}"))) == ["王二"]


def test_many_members_are_tagged_in_the_background(
    olga: Client, shop: Community, by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_tagging, "MAX_IMMEDIATE", 1)
    for key in "abc":
        create_member(shop, key)
    make_tag(shop, by, "vip")
    data = {"everyone": "1", "tag": "vip", "action": "apply", **IN_LIST}
    answer = olga.post("/members/tags/people/", data, follow=True)
    assert "0 of 3 members" in text(answer)
    (job,) = tag_models.TagJob.objects.all()
    bulk_tagging.run(str(job.pk), at=AT)
    page = text(olga.get(f"/members/tag-jobs/{job.pk}/", headers=HTMX))
    assert "“VIP” was added to 3 members." in page and "every 1s" not in page


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"tag": "vip"}, "Choose at least one member."),
        ({"tag": "", "member": 1}, "Enter a tag."),
        ({"tag": "loyal customers", "member": 1}, "Did you mean one of these?"),
        ({"tag": "old", "member": 1}, "archived"),
    ],
)
def test_rejected_bulk_tagging_keeps_the_form(
    olga: Client, shop: Community, by: Staff, data: dict[str, Any], error: str
) -> None:
    ann = create_member(shop, "ann")
    for key in ("vip", "loyal customer"):
        make_tag(shop, by, key)
    library.archive(tag=make_tag(shop, by, "old"), by=by, at=AT)
    if "member" in data:
        data = {**data, "member": ann.pk}
    answer = olga.post("/members/tags/people/?left=1", {**data, **IN_LIST})
    assert answer.status_code == 422
    assert error in text(answer)
    if data["tag"]:
        assert f'value="{data["tag"]}"' in text(answer)
    if "member" in data:
        assert f'name="member" value="{ann.pk}"' in text(answer)


def test_members_outside_the_scope_are_not_tagged(shop: Community, by: Staff) -> None:
    ann, bob = create_member(shop, "ann"), create_member(shop, "bob")
    vip = make_tag(shop, by, "vip")
    scope = {"members": {"keys": ["ann"]}}
    scoped = browser_of(shop, "manager", scope=scope)
    data = {"member": [ann.pk, bob.pk], "tag": "vip", "action": "apply", **IN_LIST}
    scoped.post("/members/tags/people/", data)
    assert person_tags.depths_of_person([ann.pk]) == {"vip": 1}
    assert person_tags.depths_of_person([bob.pk]) == {}
    batch = assignments.apply(tag=vip, accounts=[bob.pk], by=by, at=AT)
    assert scoped.post(f"/members/tag-batches/{batch.pk}/undo/").status_code == 404


def test_export_contains_the_list_or_the_selection(
    browser: Client, shop: Community
) -> None:
    ann = create_member(shop, "ann", name="=1+1")
    create_member(shop, "bob", name="Bob")
    everyone = browser.post("/members/export/", {"format": "csv"})
    assert "attachment" in everyone["Content-Disposition"]
    lines = everyone.getvalue().decode("utf-8-sig").splitlines()
    assert lines[0] == "Key,Name,Net spend,Last order,Tags,Staff in charge,Joined"
    assert [line.split(",")[:2] for line in lines[1:]] == [
        ["bob", "Bob"],
        ["ann", "'=1+1"],
    ]
    sorted_by = browser.post(
        "/members/export/?columns=source,joined&sort=joined", {"format": "csv"}
    )
    lines = sorted_by.getvalue().decode("utf-8-sig").splitlines()
    assert lines[0] == "Key,Name,Source,Joined"
    everything = browser.post("/members/export/", {"format": "all-csv"})
    assert everything.getvalue().decode("utf-8-sig").startswith("Key,Name,Channel,")
    selected = browser.post("/members/export/", {"format": "xlsx", "member": ann.pk})
    assert selected.getvalue()[:2] == b"PK"
    empty = browser.post("/members/export/?q=zzz", {"format": "csv"})
    assert len(empty.getvalue().decode().splitlines()) == 1


def test_export_needs_permission(
    browser: Client, olga: Client, shop: Community
) -> None:
    create_member(shop, "ann")
    assert "/members/export/" in text(browser.get("/members/"))
    assert "/members/export/" not in text(olga.get("/members/"))
    assert olga.post("/members/export/", {"format": "csv"}).status_code == 403
    assert member_export.MembersExported.kind == "member.exported"


def test_merged_accounts_are_one_row(
    browser: Client, shop: Community, by: Staff
) -> None:
    ann, second = create_member(shop, "ann", name="Ann"), create_member(shop, "too")
    people.merge(left=ann, right=second, by=by, at=AT)
    assert names(text(browser.get("/members/"))) == ["Ann"]
    assert "2 accounts" in text(browser.get("/members/"))
    person_id = account_queries.account_ids_of_person(second.pk)[0]
    assert browser.get(f"/members/{second.pk}/")["Location"] == f"/members/{person_id}/"


def test_own_tags_come_before_automatic_ones(
    browser: Client, shop: Community, by: Staff
) -> None:
    """Automatic tags are newer, and are named first in the alphabet."""
    ann = create_member(shop, "ann", name="Ann")
    for number, (key, source) in enumerate(
        [("zz-own", "operator"), ("yy-file", "a.csv"), ("aa-auto", "base")]
    ):
        assignments.apply(
            tag=make_tag(shop, by, key),
            accounts=[ann.pk],
            by=by,
            at=AT + timedelta(minutes=number),
            source=source,
        )
    own = ["ZZ-OWN", "YY-FILE"]
    for url, tags in (
        ("/members/", own),
        ("/members/?columns=tags,system_tags", [*own, "AA-AUTO"]),
        (f"/members/{ann.pk}/", [*own, "AA-AUTO"]),
    ):
        page = text(browser.get(url))
        shown = re.findall(r"<bdi>(ZZ-OWN|YY-FILE|AA-AUTO)</bdi>", page)
        assert shown == tags


def test_list_is_sorted_by_the_time_of_joining(
    browser: Client, shop: Community
) -> None:
    for name, days in (("Late", 1), ("Early", 300), ("Middle", 20)):
        create_member(shop, name, name=name, joined_at=AT - timedelta(days=days))
    page = text(browser.get("/members/"))
    assert 'aria-sort="descending"' in page
    assert names(page) == ["Late", "Middle", "Early"]
    for hostile in ("x", "1", "-", "9" * 40 + "-1", "1-" + "9" * 17):
        answer = browser.get("/members/", {"before": hostile})
        assert answer.status_code == 200


def test_columns_are_chosen_sorted_and_kept_in_views(
    browser: Client, shop: Community, by: Staff
) -> None:
    for name in ("Ann", "Bob", "Cid"):
        create_member(shop, name.lower(), name=name, source=f"{name}'s shop")
    about: dict[str, Any] = {"community": shop, "by": by, "at": AT}
    city = attributes.define(name="city", type="text", label="City", **about)
    ids = {a.name: a.pk for a in Account.objects.all()}
    attributes.set_values(
        attribute=city, values={ids["Ann"]: "Y", ids["Bob"]: "X"}, by=by, at=AT
    )
    chosen = ["attr:city", "source"]
    answer = browser.post("/members/layout/?q=", {"column": chosen, "size": "25"})
    assert answer["Location"] == "/members/?q="
    page = text(browser.get("/members/"))
    assert re.findall(r'data-label="([^"]*)"', page)[:2] == ["City", "Source"]
    moved = browser.post(
        "/members/layout/", {"column": chosen, "size": "25", "later": "attr:city"}
    )
    page = text(browser.get(moved["Location"]))
    assert re.findall(r'data-label="([^"]*)"', page)[:2] == ["Source", "City"]
    listed = text(browser.get("/members/?sort=attr:city&source=Ann's shop&source=x"))
    assert names(listed) == []  # the second source is unknown
    listed = text(browser.get("/members/?sort=attr:city"))
    assert names(listed) == ["Bob", "Ann", "Cid"]
    saved = browser.post(
        "/members/views/?sort=attr:city&source=Ann's shop&source=Bob's shop",
        {"name": "By city", "shared": "1"},
    )
    browser.post("/members/layout/", {"column": ["joined"], "size": "50"})
    page = text(browser.get(saved["Location"]))
    assert names(page) == ["Bob", "Ann"]
    assert re.findall(r'data-label="([^"]*)"', page)[:2] == ["Source", "City"]
    assert "By city" in text(browser.get("/members/"))
    view = saved_views.list_for(by)[0]
    browser.post(f"/members/views/{view.pk}/delete/")
    browser.get("/members/")  # says that it is deleted
    assert "By city" not in text(browser.get("/members/"))


def test_staff_are_put_in_charge_of_as_many_members_as_were_shown(
    browser: Client, shop: Community
) -> None:
    ann = create_member(shop, "ann", name="Ann")
    create_member(shop, "bob")
    me = str(Staff.objects.get(login="owner-shop").pk)
    browser.post("/members/staff/", {"member": ann.pk, "staff": me})
    assert "in charge of 1 member now" in text(browser.get("/members/"))
    assert names(text(browser.get("/members/?staff=me"))) == ["Ann"]
    stale = {"everyone": "1", "count": "1", "staff": "nobody"}
    browser.post("/members/staff/", stale)
    assert "The list has 2 members now, not 1" in text(browser.get("/members/"))
    assert names(text(browser.get(f"/members/?staff={me}"))) == ["Ann"]
    browser.post("/members/staff/", stale | {"count": "2"})
    page = text(browser.get("/members/"))
    assert "2 members have nobody in charge now. Nothing changed for 1" in page
