from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from qunce import ingest
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.groups import groups, memberships
from qunce.ingest.incoming_facts import IncomingFact
from qunce.members.segments import segments
from qunce.members.tags import assignments
from qunce.sets.mirror import deriver
from tests import clients, factories
from tests.factories import AT

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Community:
    return factories.community(timezone="UTC", language="en")


@pytest.fixture
def browser(by: Staff) -> Client:
    return clients.browser(by)


def create_group(by: Staff, key: str = "north", **fields: Any) -> groups.Group:
    return groups.create(community=by.community, key=key, by=by, at=AT, **fields)


def roles_by_key(group: groups.Group, by: Staff) -> dict[str, str]:
    members = memberships.list_members(
        group=group, by=by, at=datetime.now(UTC), limit=100
    )
    return {member.account.key: member.role for member in members}


def test_groups_are_filtered_by_stage_kind_and_name(by: Staff, browser: Client) -> None:
    assert "No groups yet" in browser.get("/groups/").content.decode()
    create_group(by, "a", name="Tea lovers", kind="vip")
    groups.change_stage(
        group=create_group(by, "b", name="Runners"),
        transition="stabilize",
        by=by,
        at=AT,
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


def test_htmx_request_gets_only_the_rows(by: Staff, browser: Client) -> None:
    create_group(by, name="Tea lovers")
    part = browser.get("/groups/", HTTP_HX_REQUEST="true").content.decode()
    assert "Tea lovers" in part
    assert "<html" not in part


def test_group_is_created_and_updated(by: Staff, browser: Client) -> None:
    data = {
        "key": "tea",
        "name": "Tea lovers",
        "platform": "wecom",
        "audience": "customers",
        "kind": "vip",
        "capacity": "500",
        "whom": "parents",
        "value": "recipes",
        "rhythm": "daily at 8",
        "owner": by.pk,
    }
    answer = browser.post("/groups/new/", data)
    group = groups.get(by.community, "tea")
    assert answer["Location"] == f"/groups/{group.pk}/"
    assert group.card == {"whom": "parents", "value": "recipes", "rhythm": "daily at 8"}
    assert (group.capacity, group.owner) == (500, by)
    page = browser.get(f"/groups/{group.pk}/").content.decode()
    assert "daily at 8" in page
    again = browser.post("/groups/new/", data)
    assert again.status_code == 422
    assert "A group “tea” already exists." in again.content.decode()
    browser.post(f"/groups/{group.pk}/edit/", data | {"name": "Tea", "value": ""})
    group.refresh_from_db()
    assert group.name == "Tea"
    assert "value" not in group.card


def test_rejected_form_keeps_its_values(browser: Client) -> None:
    answer = browser.post("/groups/new/", {"name": "My group", "capacity": "many"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'value="My group"' in page
    assert 'value="many"' in page


def test_stage_is_changed_and_undone(by: Staff, browser: Client) -> None:
    north = create_group(by)
    answer = browser.post(f"/groups/{north.pk}/stage/stabilize/", follow=True)
    page = answer.content.decode()
    assert "is now stable" in page
    assert f'action="/groups/{north.pk}/stage/revive/"' in page
    browser.post(f"/groups/{north.pk}/stage/revive/")
    north.refresh_from_db()
    assert north.state == "growing"
    assert browser.get(f"/groups/{north.pk}/stage/stabilize/").status_code == 405


def test_members_are_added_by_key_or_segment_and_undone(
    shop: Community, by: Staff, browser: Client
) -> None:
    factories.members(shop, "ann", "bob", "eve")
    north = create_group(by)
    join = f"/groups/{north.pk}/members/"
    page = browser.post(join, {"keys": "ann, bob", "role": "koc"}, follow=True)
    assert "2 members were added to the group." in page.content.decode()
    assert roles_by_key(north, by) == {"ann": "koc", "bob": "koc"}
    everyone = segments.create(
        community=shop, key="all", name="All", rule={"all": []}, by=by, at=AT
    )
    page = browser.post(join, {"segment": everyone.pk, "role": "member"}, follow=True)
    assert set(roles_by_key(north, by)) == {"ann", "bob", "eve"}
    (undo,) = [
        part.split('"')[0]
        for part in page.content.decode().split('action="')
        if "/undo/" in part.split('"')[0]
    ]
    browser.post(undo)
    assert set(roles_by_key(north, by)) == {"ann", "bob"}


def test_empty_segment_adds_nobody(shop: Community, by: Staff, browser: Client) -> None:
    north = create_group(by)
    none = segments.create(
        community=shop, key="none", name="None", rule={"any": []}, by=by, at=AT
    )
    answer = browser.post(f"/groups/{north.pk}/members/", {"segment": none.pk})
    assert "You cannot see any member of this segment." in answer.content.decode()


def test_unknown_key_adds_nobody(shop: Community, by: Staff, browser: Client) -> None:
    factories.members(shop, "ann")
    north = create_group(by)
    answer = browser.post(f"/groups/{north.pk}/members/", {"keys": "ann\nnobody-x"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "“nobody-x”" in page
    assert "ann\nnobody-x" in page
    assert roles_by_key(north, by) == {}


def test_full_group_rejects_members(
    shop: Community, by: Staff, browser: Client
) -> None:
    factories.members(shop, "ann", "bob")
    north = create_group(by, capacity=1)
    answer = browser.post(f"/groups/{north.pk}/members/", {"keys": "ann bob,ann,bob"})
    assert answer.status_code == 422
    answer = browser.post(f"/groups/{north.pk}/members/", {"keys": "ann,bob"})
    assert "can have at most 1 people" in answer.content.decode()


def test_member_gets_a_role_and_is_removed_and_re_added(
    shop: Community, by: Staff, browser: Client
) -> None:
    (ann,) = factories.members(shop, "ann")
    north = create_group(by)
    groups.add_members(group=north, accounts=[ann], by=by, at=AT)
    person = f"/groups/{north.pk}/members/{ann}/"
    browser.post(f"{person}role/", {"role": "owner"})
    assert roles_by_key(north, by) == {"ann": "owner"}
    assert browser.post(f"{person}role/", {"role": "king"}).status_code == 422
    browser.post(f"{person}remove/")
    assert roles_by_key(north, by) == {}
    browser.post(f"{person}re-add/")
    assert roles_by_key(north, by) == {"ann": "owner"}


def test_members_of_a_group_start_after_a_valid_id(
    shop: Community, by: Staff, browser: Client
) -> None:
    (ann,) = factories.members(shop, "ann")
    north = create_group(by)
    groups.add_members(group=north, accounts=[ann], by=by, at=AT)
    link = f'href="/members/{ann}/"'
    assert link not in browser.get(f"/groups/{north.pk}/?after={ann}").content.decode()
    for after in ("x", 5_000_000_000, "9" * 40):  # not an ID, so from the start
        page = browser.get(f"/groups/{north.pk}/", {"after": after}).content.decode()
        assert link in page


def test_viewer_is_offered_no_actions(shop: Community, by: Staff) -> None:
    north = create_group(by)
    viewer = clients.browser(factories.staff(shop, "viewer", "vic"))
    page = viewer.get(f"/groups/{north.pk}/").content.decode()
    owners_page = clients.browser(by).get(f"/groups/{north.pk}/").content.decode()
    for action in ("/stage/", f"/groups/{north.pk}/members/"):
        assert action in owners_page
        assert action not in page
    assert viewer.get("/groups/new/").status_code == 403
    assert viewer.get(f"/groups/{north.pk}/edit/").status_code == 403
    assert viewer.post(f"/groups/{north.pk}/stage/close/").status_code == 403
    assert viewer.post(f"/groups/{north.pk}/members/").status_code == 403


def test_groups_and_members_outside_the_scope_are_not_found(
    shop: Community, by: Staff
) -> None:
    ann, bob = factories.members(shop, "ann", "bob-secret")
    assignments.apply(tag=factories.tag(shop, "mine"), accounts=[ann], by=by, at=AT)
    north, south = (
        create_group(by, "north"),
        create_group(by, "south", name="Southerners"),
    )
    groups.add_members(group=north, accounts=[ann, bob], by=by, at=AT)
    scoped = staff_models.create(
        community=shop,
        login="scoped",
        role="manager",
        scope={"tag": {"any": ["mine"]}},
        at=AT,
    )
    scoped.groups = ["north"]
    scoped.save()
    browser = clients.browser(scoped)
    listed = browser.get("/groups/").content.decode()
    assert f'href="/groups/{north.pk}/"' in listed
    assert "Southerners" not in listed
    for address in ("", "edit/", "charts/members/"):
        assert browser.get(f"/groups/{south.pk}/{address}").status_code == 404
    for address in ("stage/stabilize/", "members/", f"members/{ann}/remove/"):
        assert browser.post(f"/groups/{south.pk}/{address}").status_code == 404
    assert browser.get("/groups/new/").status_code == 403
    page = browser.get(f"/groups/{north.pk}/").content.decode()
    assert "ann" in page
    assert "bob-secret" not in page
    assert "1 group member" in page
    keys = {"keys": "bob-secret"}
    assert browser.post(f"/groups/{north.pk}/members/", keys).status_code == 422
    for verb in ("remove", "re-add", "role"):
        person = f"/groups/{north.pk}/members/{bob}/{verb}/"
        assert browser.post(person, {"role": "koc"}).status_code == 404
    other = factories.community("other")
    theirs = clients.browser(factories.staff(other, login="eve"))
    assert theirs.get(f"/groups/{north.pk}/").status_code == 404


@pytest.mark.parametrize("name", ["members", "moves", "active_members"])
def test_charts_of_a_group_can_be_downloaded(
    by: Staff, browser: Client, name: str
) -> None:
    north = create_group(by)
    address = f"/groups/{north.pk}/charts/{name}/"
    table = browser.get(address, {"as": "csv"}).content.decode()
    assert len(table.splitlines()) == 30
    assert browser.get(address, {"as": "svg"}).content.startswith(b"<svg")
    assert browser.get(f"/groups/{north.pk}/charts/nothing/").status_code == 404


def test_hostile_name_is_escaped(by: Staff, browser: Client) -> None:
    north = create_group(by, name="<img src=x onerror=alert(1)>")
    for address in ("", f"{north.pk}/", f"{north.pk}/edit/"):
        page = browser.get(f"/groups/{address}").content.decode()
        assert "<img src=x" not in page
        assert "&lt;img src=x" in page


def test_groups_are_sorted_by_what_the_reader_chose(by: Staff, browser: Client) -> None:
    """V1"""
    small, large, _empty = (
        create_group(by, key, name=name)
        for key, name in (("a", "Small"), ("b", "Large"), ("c", "Empty"))
    )
    people = factories.members(by.community, "m1", "m2", "m3")
    groups.add_members(group=small, accounts=people[:1], by=by, at=AT)
    groups.add_members(group=large, accounts=people, by=by, at=AT)
    retired = create_group(by, "d", name="Retired one")
    groups.change_stage(group=retired, transition="close", by=by, at=AT)
    posted = IncomingFact(
        kind="message.posted",
        happened_at=datetime.now(UTC),
        account=people[0],
        group="a",
    )
    ingest.record_facts(
        community=by.community, incoming=[posted], by=by, at=datetime.now(UTC)
    )
    deriver.catch_up()

    def names(query: str = "") -> list[str]:
        page = browser.get(f"/groups/{query}").content.decode()
        return re.findall(r'<bdi class="clamp">(.*?)</bdi>', page)

    assert names() == ["Large", "Small", "Empty"]
    assert names("?sort=active") == ["Small", "Large", "Empty"]
    assert names() == ["Small", "Large", "Empty"]
    assert names("?sort=nonsense&q=l") == ["Small", "Large"]
    assert names("?state=dead") == ["Retired one"]


def test_card_is_edited_in_place(by: Staff, browser: Client) -> None:
    """V1"""
    north = create_group(by, name="North", card={"whom": "parents"})
    for field, value in (("value", "recipes"), ("owner", by.pk), ("kind", "vip")):
        answer = browser.post(f"/groups/{north.pk}/card/{field}/", {field: value})
        assert answer["Location"] == f"/groups/{north.pk}/#card"
    north.refresh_from_db()
    assert north.card == {"whom": "parents", "value": "recipes"}
    assert (north.owner, north.kind, north.name) == (by, "vip", "North")
    page = browser.post(
        f"/groups/{north.pk}/card/capacity/", {"capacity": "many"}, follow=True
    )
    assert "Enter a whole number." in page.content.decode()
    assert browser.post(f"/groups/{north.pk}/card/state/").status_code == 404


def test_people_who_work_here_are_marked_and_counted_again(
    by: Staff, browser: Client
) -> None:
    """V2"""
    ann, ben = factories.named_members(by.community, "ann", "ben")
    north = create_group(by)
    groups.add_members(group=north, accounts=[ann], role="service", by=by, at=AT)
    groups.add_members(group=north, accounts=[ben], by=by, at=AT)
    form = {"keys": "ben", "staff": by.pk}
    page = browser.post("/groups/staff-accounts/mark/", form, follow=True)
    assert "1 member is now marked as working here." in page.content.decode()
    assert "customer service" in page.content.decode()
    detail = browser.get(f"/groups/{north.pk}/").content.decode()
    assert "and 2 people who work here or help, not counted" in detail
    assert detail.count("works here, not counted") == 3
    assert "works here, not counted" in browser.get(f"/members/{ben}/").content.decode()
    address = f"/groups/staff-accounts/{ben}/unmark/"
    assert "Counted as a member" in browser.post(address, follow=True).content.decode()
    address = f"/groups/staff-accounts/{ann}/unmark/"
    assert "Still not counted" in browser.post(address, follow=True).content.decode()
    unknown = browser.post("/groups/staff-accounts/mark/", {"keys": "nobody"})
    assert unknown.status_code == 422
