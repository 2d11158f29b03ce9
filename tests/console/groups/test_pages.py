from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.groups import groups, memberships
from qunce.members.segments import segments
from qunce.members.tags import assignments
from tests import factories
from tests.console import desk
from tests.factories import AT

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Community:
    return factories.community(timezone="UTC", language="en")


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop)


@pytest.fixture
def browser(by: Staff) -> Client:
    return desk.sit(by)


def group(by: Staff, key: str = "north", **about: Any) -> groups.Group:
    return groups.create(community=by.community, key=key, by=by, at=AT, **about)


def there(of: groups.Group, by: Staff) -> dict[str, str]:
    """Key → part of who is in it."""
    people = memberships.list_members(group=of, by=by, at=datetime.now(UTC), limit=100)
    return {one.account.key: one.role for one in people}


def test_groups_are_found_by_stage_kind_and_words(by: Staff, browser: Client) -> None:
    """V1"""
    assert "No groups yet" in browser.get("/groups/").content.decode()
    group(by, "a", name="Tea lovers", kind="vip")
    groups.change_stage(
        group=group(by, "b", name="Runners"), transition="stabilize", by=by, at=AT
    )

    def names(query: str) -> list[str]:
        page = browser.get(f"/groups/{query}").content.decode()
        return [name for name in ("Tea lovers", "Runners") if name in page]

    assert names("") == ["Tea lovers", "Runners"]
    assert names("?kind=vip") == ["Tea lovers"]
    assert names("?state=lasting") == ["Runners"]
    assert names("?q=tea") == ["Tea lovers"]
    assert names("?owner=99999999999999999999") == []
    assert names(f"?owner={by.pk}") == []
    assert names("?page=2") == []
    assert names("?page=99999999999999999999&q=%00tea") == ["Tea lovers"]


def test_a_part_of_the_list_answers_htmx(by: Staff, browser: Client) -> None:
    group(by, name="Tea lovers")
    part = browser.get("/groups/", HTTP_HX_REQUEST="true").content.decode()
    assert "Tea lovers" in part
    assert "<html" not in part


def test_a_group_is_created_with_its_card_and_changed(
    by: Staff, browser: Client
) -> None:
    """V1"""
    given = {
        "key": "tea",
        "name": "Tea lovers",
        "platform": "wecom",
        "audience": "customers",
        "kind": "vip",
        "capacity": "500",
        "threshold": "bought once",
        "whom": "parents",
        "value": "recipes",
        "rhythm": "daily at 8",
        "owner": by.pk,
    }
    answer = browser.post("/groups/new/", given)
    made_ = groups.get(by.community, "tea")
    assert answer["Location"] == f"/groups/{made_.pk}/"
    assert made_.card == {"whom": "parents", "value": "recipes", "rhythm": "daily at 8"}
    assert (made_.capacity, made_.owner) == (500, by)
    page = browser.get(f"/groups/{made_.pk}/").content.decode()
    assert "daily at 8" in page
    again = browser.post("/groups/new/", given)
    assert again.status_code == 422
    assert "A group “tea” already exists." in again.content.decode()
    browser.post(f"/groups/{made_.pk}/edit/", given | {"name": "Tea", "value": ""})
    made_.refresh_from_db()
    assert made_.name == "Tea"
    assert "value" not in made_.card


def test_a_wrong_form_keeps_what_was_typed(browser: Client) -> None:
    answer = browser.post("/groups/new/", {"name": "My group", "capacity": "many"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'value="My group"' in page
    assert 'value="many"' in page


def test_a_stage_is_taken_and_taken_back(by: Staff, browser: Client) -> None:
    """V1"""
    north = group(by)
    answer = browser.post(f"/groups/{north.pk}/stage/stabilize/", follow=True)
    page = answer.content.decode()
    assert "is now stable" in page
    assert f'action="/groups/{north.pk}/stage/revive/"' in page
    browser.post(f"/groups/{north.pk}/stage/revive/")
    north.refresh_from_db()
    assert north.state == "growing"
    assert browser.get(f"/groups/{north.pk}/stage/stabilize/").status_code == 405


def test_people_are_put_in_by_key_and_by_segment_and_taken_back(
    shop: Community, by: Staff, browser: Client
) -> None:
    factories.members(shop, "ann", "bob", "eve")
    north = group(by)
    join = f"/groups/{north.pk}/members/"
    page = browser.post(join, {"keys": "ann, bob", "role": "koc"}, follow=True)
    assert "2 members were added to the group." in page.content.decode()
    assert there(north, by) == {"ann": "koc", "bob": "koc"}
    all_ = segments.create(
        community=shop, key="all", name="All", rule={"all": []}, by=by, at=AT
    )
    page = browser.post(join, {"segment": all_.pk, "role": "member"}, follow=True)
    assert set(there(north, by)) == {"ann", "bob", "eve"}
    (undo,) = [
        part.split('"')[0]
        for part in page.content.decode().split('action="')
        if "/undo/" in part.split('"')[0]
    ]
    browser.post(undo)
    assert set(there(north, by)) == {"ann", "bob"}


def test_an_empty_segment_puts_nobody_in_and_says_so(
    shop: Community, by: Staff, browser: Client
) -> None:
    north = group(by)
    none = segments.create(
        community=shop, key="none", name="None", rule={"any": []}, by=by, at=AT
    )
    answer = browser.post(f"/groups/{north.pk}/members/", {"segment": none.pk})
    assert "You cannot see any member of this segment." in answer.content.decode()


def test_an_unknown_key_puts_nobody_in_and_is_named(
    shop: Community, by: Staff, browser: Client
) -> None:
    factories.members(shop, "ann")
    north = group(by)
    answer = browser.post(f"/groups/{north.pk}/members/", {"keys": "ann\nnobody-x"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "“nobody-x”" in page
    assert "ann\nnobody-x" in page
    assert there(north, by) == {}


def test_a_full_group_says_so(shop: Community, by: Staff, browser: Client) -> None:
    factories.members(shop, "ann", "bob")
    north = group(by, capacity=1)
    answer = browser.post(f"/groups/{north.pk}/members/", {"keys": "ann bob,ann,bob"})
    assert answer.status_code == 422
    answer = browser.post(f"/groups/{north.pk}/members/", {"keys": "ann,bob"})
    assert "can have at most 1 people" in answer.content.decode()


def test_somebody_gets_a_part_leaves_and_is_brought_back(
    shop: Community, by: Staff, browser: Client
) -> None:
    """V2"""
    (ann,) = factories.members(shop, "ann")
    north = group(by)
    groups.add_members(group=north, accounts=[ann], by=by, at=AT)
    person = f"/groups/{north.pk}/members/{ann}/"
    browser.post(f"{person}role/", {"role": "owner"})
    assert there(north, by) == {"ann": "owner"}
    assert browser.post(f"{person}role/", {"role": "king"}).status_code == 422
    browser.post(f"{person}remove/")
    assert there(north, by) == {}
    browser.post(f"{person}re-add/")
    assert there(north, by) == {"ann": "owner"}


def test_who_may_only_look_is_offered_nothing_to_do(shop: Community, by: Staff) -> None:
    """S3"""
    north = group(by)
    viewer = desk.at(shop, "viewer", "vic")
    page = viewer.get(f"/groups/{north.pk}/").content.decode()
    assert "/stage/" not in page
    assert "/people/" not in page
    assert viewer.get("/groups/new/").status_code == 403
    assert viewer.get(f"/groups/{north.pk}/edit/").status_code == 403
    assert viewer.post(f"/groups/{north.pk}/stage/close/").status_code == 403
    assert viewer.post(f"/groups/{north.pk}/members/").status_code == 403


def test_groups_and_people_out_of_sight_are_not_there(
    shop: Community, by: Staff
) -> None:
    """S3"""
    ann, bob = factories.members(shop, "ann", "bob-secret")
    assignments.apply(tag=factories.tag(shop, "mine"), accounts=[ann], by=by, at=AT)
    north, south = group(by, "north"), group(by, "south", name="Southerners")
    groups.add_members(group=north, accounts=[ann, bob], by=by, at=AT)
    some = staff_models.create(
        community=shop,
        login="some",
        role="manager",
        scope={"tag": {"any": ["mine"]}},
        at=AT,
    )
    some.groups = ["north"]
    some.save()
    browser = desk.sit(some)
    assert "Southerners" not in browser.get("/groups/").content.decode()
    for address in ("", "edit/", "charts/members/"):
        assert browser.get(f"/groups/{south.pk}/{address}").status_code == 404
    for address in ("stage/stabilize/", "members/", f"members/{ann}/remove/"):
        assert browser.post(f"/groups/{south.pk}/{address}").status_code == 404
    assert browser.get("/groups/new/").status_code == 403
    page = browser.get(f"/groups/{north.pk}/").content.decode()
    assert "ann" in page
    assert "bob-secret" not in page
    assert "1 person" in page
    keys = {"keys": "bob-secret"}
    assert browser.post(f"/groups/{north.pk}/members/", keys).status_code == 422
    for verb in ("remove", "re-add", "role"):
        person = f"/groups/{north.pk}/members/{bob}/{verb}/"
        assert browser.post(person, {"role": "koc"}).status_code == 404
    other = factories.community("other")
    theirs = desk.at(other, login="eve")
    assert theirs.get(f"/groups/{north.pk}/").status_code == 404


@pytest.mark.parametrize("name", ["members", "moves", "active_members"])
def test_the_numbers_of_a_group_are_files_too(
    by: Staff, browser: Client, name: str
) -> None:
    north = group(by)
    address = f"/groups/{north.pk}/charts/{name}/"
    table = browser.get(address, {"as": "csv"}).content.decode()
    assert len(table.splitlines()) == 30
    assert browser.get(address, {"as": "svg"}).content.startswith(b"<svg")
    assert browser.get(f"/groups/{north.pk}/charts/nothing/").status_code == 404


def test_a_hostile_name_is_shown_as_text(by: Staff, browser: Client) -> None:
    north = group(by, name="<img src=x onerror=alert(1)>")
    for address in ("", f"{north.pk}/", f"{north.pk}/edit/"):
        page = browser.get(f"/groups/{address}").content.decode()
        assert "<img src=x" not in page
        assert "&lt;img src=x" in page
