"""One form to tag members, segments, groups and lists, and what its picker offers."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.tags import assignments, library, person_tags
from qunce.members.tags import groups as tag_groups
from qunce.members.tags.models import Tag, Tagging
from qunce.members.tags.naming import NamingRule
from qunce.sets.mirror import deriver
from tests import factories
from tests.clients import browser
from tests.factories import AT

pytestmark = pytest.mark.django_db
PEOPLE, SUGGEST = "/members/tags/people/", "/members/tags/suggestions/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def olga(shop: Community) -> Client:
    return browser(factories.staff(shop, "operator", "olga"))


def tag(client: Client, **data: Any) -> str:
    return client.post(PEOPLE, data, headers=HTMX).content.decode()


def depths(account: int) -> dict[str, int]:
    return person_tags.depths_of_person([account])


def test_several_tags_are_added_at_once_and_undone_at_once(
    shop: Community, by: Staff, olga: Client
) -> None:
    """K7: with an expiry and a note, and a truthful count of who had them."""
    ann, bob = factories.named_members(shop, "ann", "bob")
    vip, oat = factories.tag(shop, "vip"), factories.tag(shop, "oat")
    assignments.apply(tag=vip, accounts=[ann], by=by, at=AT)
    values = {"member": [ann, bob], "tag": ["vip", "oat"], "note": "autumn fair"}
    text = tag(olga, **values, until="2099-12-05", action="apply")
    assert "“vip” was added to 1 member. " in text
    assert "The expiry of “vip” changed for 1 member." in text
    assert "“oat” was added to 2 members." in text
    (row,) = person_tags.tags_by_person({bob: [bob]})[bob][:1]
    assert f"{row.expires_at:%Y-%m-%d %H:%M}" == "2099-12-05 15:59"  # in Shanghai
    (batch, _earlier) = assignments.list_batches(by, limit=9)
    assert batch.note == "autumn fair"
    text = tag(olga, **values, until="2099-12-05")
    assert "2 members already had “vip”." in text
    assert "Undo" not in text
    page = olga.get("/members/tags/batches/").content.decode()
    assert "autumn fair" in page
    olga.post(reverse("members:tag-undo", args=[batch.pk]))
    assert (depths(ann), depths(bob)) == ({"vip": 1}, {})
    assert Tagging.objects.get(tag=vip, account_id=ann).expires_at is None
    assert library.get(shop, "oat") == oat


def test_depth_is_set_and_added_by_number_and_level(
    shop: Community, by: Staff, olga: Client
) -> None:
    """K6."""
    (ann,) = factories.named_members(shop, "ann")
    course = factories.tag(shop, "course")
    library.set_levels(tag=course, levels=[(1, "new"), (3, "regular")], by=by, at=AT)
    tag(olga, member=ann, tag="course", depth="regular")
    assert depths(ann) == {"course": 3}
    text = tag(olga, member=ann, tag="course", action="deepen", context="member")
    assert depths(ann) == {"course": 4}
    assert "The depth of “course” changed for Ann." in text
    assert "regular" in text
    text = tag(olga, member=ann, tag="course", depth="often")
    assert "or one of: new, regular" in text
    assert depths(ann) == {"course": 4}


def test_added_depth_keeps_the_expiry(shop: Community, by: Staff) -> None:
    (ann,) = factories.named_members(shop, "ann")
    course = factories.tag(shop, "course")
    ends = factories.LATER
    assignments.apply(tag=course, accounts=[ann], expires_at=ends, by=by, at=AT)
    assignments.deepen(tag=course, accounts=[ann], by=by, at=AT)
    row = Tagging.objects.get(tag=course)
    assert (row.weight, row.expires_at) == (2, ends)
    assignments.set_depths(tag=course, depths={ann: 2}, by=by, at=AT)
    assert Tagging.objects.get(tag=course).expires_at is None


def test_segment_and_group_are_tagged(shop: Community, by: Staff, olga: Client) -> None:
    ann, bob, cat = factories.named_members(shop, "ann", "bob", "cat")
    factories.tag(shop, "vip")
    factories.apply_tag(shop, "oat", ann, bob)
    segment = factories.segment(shop, "oat", {"tag": {"any": ["oat"]}})
    group = factories.group(shop, "tea", "cat")
    page = olga.get(f"{PEOPLE}?segment={segment.pk}").content.decode()
    assert "This concerns 2 members." in page
    assert "“vip” was added to 2 members." in tag(olga, segment=segment.pk, tag="vip")
    assert "“vip” was added to Cat." in tag(olga, group=group.pk, tag="vip")
    assert depths(cat) == {"vip": 1}
    text = tag(olga, group=group.pk, tag="oat;vip", action="remove")
    assert "Cat did not have “oat”." in text
    assert "“vip” was removed from Cat." in text
    assert olga.get(f"{PEOPLE}?group=999").status_code == 404


def test_form_works_without_javascript(shop: Community, olga: Client) -> None:
    (ann,) = factories.named_members(shop, "ann")
    for key in ("团购", "宝妈"):
        factories.tag(shop, key)
    values = {"member": ann, "tag": "团购、宝妈", "next": f"/members/{ann}/"}
    answer = olga.post(PEOPLE, values)
    assert (answer.status_code, answer["Location"]) == (303, f"/members/{ann}/")
    assert depths(ann) == {"团购": 1, "宝妈": 1}
    answer = olga.post(PEOPLE, {**values, "tag": "宝 妈 妈", "next": "//evil.example/"})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "There is no tag “宝 妈 妈”." in text
    assert 'value="/members/"' in text
    assert "evil" not in text


def test_picker_finds_by_pinyin_and_leaves_automatic_tags_out(
    shop: Community, by: Staff, olga: Client
) -> None:
    bought = tag_groups.create(
        community=shop, key="bought", name="Bought", automatic=True, by=by, at=AT
    )
    tea = Tag.objects.create(
        community=shop,
        key="bought:团扇",
        name="团扇",
        group=bought,
        by=by,
        created_at=AT,
    )
    factories.tag(shop, "团购")
    for typed in ("tuangou", "tg", "购"):
        text = olga.get(SUGGEST, {"q": typed}).content.decode()
        assert 'data-key="团购"' in text
        assert tea.key not in text
    assert 'data-key="团购"' in olga.get(SUGGEST).content.decode()


def test_picker_offers_near_twins_and_creation_where_allowed(
    shop: Community, by: Staff, ann: Client, olga: Client
) -> None:
    factories.tag(shop, "LOYAL CUSTOMER")
    rule = NamingRule(prefix="exam:", guidance="Write exam:2026-12.")
    exams = tag_groups.create(
        community=shop,
        key="exams",
        naming=rule,
        creator_roles=["operator"],
        by=by,
        at=AT,
    )
    text = ann.get(SUGGEST, {"q": "loyal customers"}).content.decode()
    assert "Nearly the same name" in text
    assert 'data-key="LOYAL CUSTOMER"' in text
    assert 'data-create=":loyal customers"' in text
    text = olga.get(SUGGEST, {"q": "december"}).content.decode()
    assert 'data-create=":december"' not in text
    assert "must begin with “exam:”. Write exam:2026-12." in text
    text = olga.get(SUGGEST, {"q": "exam:2026-12"}).content.decode()
    assert f'data-create="{exams.pk}:exam:2026-12"' in text
    (bob,) = factories.members(shop, "bob")
    assert "403" not in tag(olga, member=bob, create=f"{exams.pk}:exam:2026-12")
    assert library.get(shop, "exam:2026-12").group == exams
    assert depths(bob) == {"exam:2026-12": 1}
    tag(olga, member=bob, create=":free")
    assert not Tag.objects.filter(key="free").exists()


def test_staff_create_no_tags_in_automatic_groups(shop: Community, by: Staff) -> None:
    bought = tag_groups.create(
        community=shop, key="bought", automatic=True, by=by, at=AT
    )
    with pytest.raises(permissions.NotAllowed, match="set automatically"):
        library.create(community=shop, key="x", group=bought, by=by, at=AT)


def test_row_of_a_task_shows_the_tags_after_tagging(
    shop: Community, olga: Client
) -> None:
    (ann,) = factories.named_members(shop, "ann")
    factories.tag(shop, "vip")
    text = tag(olga, member=ann, tag="vip", context="row")
    assert f'id="row-tags-{ann}"' in text
    assert f'id="tagging-{ann}"' in text


def test_library_keeps_automatic_tags_apart(
    shop: Community, by: Staff, ann: Client
) -> None:
    bought = tag_groups.create(
        community=shop, key="bought", name="Bought", automatic=True, by=by, at=AT
    )
    tea = Tag.objects.create(
        community=shop, key="bought:tea", name="Tea", group=bought, by=by, created_at=AT
    )
    factories.tag(shop, "vip")
    page = ann.get("/members/tags/").content.decode()
    assert "<bdi>vip</bdi>" in page
    assert "<bdi>Tea</bdi>" not in page
    assert "1 more is set automatically" in page
    page = ann.get("/members/tags/?state=automatic").content.decode()
    assert "<bdi>Tea</bdi>" in page
    assert "<bdi>vip</bdi>" not in page
    values = {"name": "Teas", "group": bought.pk}
    ann.post(f"/members/tags/{tea.pk}/edit/", values)
    tea.refresh_from_db()
    assert (tea.name, tea.group) == ("Teas", bought)


def test_new_tag_takes_its_name_from_the_link_and_leads_back(
    shop: Community, ann: Client
) -> None:
    back = "/members/5/"
    page = ann.get(f"/members/tags/new/?name=fan&next={back}").content.decode()
    assert 'name="name" value="fan"' in page
    assert f'<input type="hidden" name="next" value="{back}">' in page
    answer = ann.post("/members/tags/new/", {"name": "fan", "next": back})
    assert answer["Location"] == back
    foreign = "https://evil.example/"
    answer = ann.post("/members/tags/new/", {"name": "koc", "next": foreign})
    assert answer["Location"].startswith("/members/tags/")


@pytest.mark.django_db(transaction=True)
def test_kinds_of_events_that_deepen_a_tag_are_chosen(
    shop: Community, by: Staff, ann: Client
) -> None:
    (bob,) = factories.members(shop, "bob")
    tea = factories.tag(shop, "tea")
    factories.order(shop, bob)
    deriver.catch_up()
    page = ann.get(f"/members/tags/{tea.pk}/edit/").content.decode()
    assert 'name="deepened_by" value="order.paid"' in page
    values = {"name": "tea", "deepened_by": ["order.paid"]}
    assert ann.post(f"/members/tags/{tea.pk}/edit/", values).status_code == 303
    page = ann.get(f"/members/tags/{tea.pk}/").content.decode()
    assert "Deepened by" in page
