"""The pages of the tag library."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.tags import assignments, duplicates, levels, library, person_tags
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import naming as tag_naming
from tests import factories
from tests.clients import browser
from tests.factories import AT

pytestmark = pytest.mark.django_db


def page(client: Client, name: str, *args: int, query: str = "") -> str:
    answer = client.get(reverse(f"tags:{name}", args=args) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def post(
    client: Client, view: str, /, *args: int | str, status: int = 303, **data: Any
) -> str:
    answer = client.post(reverse(f"tags:{view}", args=args), data)
    assert answer.status_code == status, answer.content.decode()
    return answer.content.decode()


def clerk(shop: Community, **fields: Any) -> Staff:
    return factories.staff(shop, "operator", "wu", **fields)


def test_empty_library_offers_templates(shop: Community, ann: Client) -> None:
    assert reverse("tags:template-list") in page(ann, "list")
    assert "Add 11 tags" in page(ann, "template-list")
    post(ann, "template-apply", "education")
    assert "all already added" in page(ann, "template-list")
    assert library.list_tags(shop).count() == 11
    assert "Learner" in page(ann, "list")


def test_tags_are_found_by_pinyin_and_counted_within_the_scope(
    shop: Community, by: Staff, ann: Client
) -> None:
    people = factories.members(shop, "a", "b", "c")
    vip, other = factories.tag(shop, "老客户"), factories.tag(shop, "新客")
    assignments.apply(tag=vip, accounts=people, by=by, at=AT)
    assignments.apply(tag=other, accounts=people[:1], by=by, at=AT)
    whole = page(ann, "list")
    assert "老客户" in whole
    assert "新客" in whole
    found = page(ann, "list", query="?q=laoke")
    assert "老客户" in found
    assert "新客" not in found
    scoped = browser(clerk(shop, scope={"tag": {"any": ["新客"]}}))
    assert " 1</a>" in page(scoped, "list", query="?q=laoke")
    assert " 3</a>" in page(ann, "list")
    assert " 3</a>" not in page(scoped, "list")
    by_members = page(ann, "list", query="?sort=members")
    assert by_members.index("老客户") < by_members.index("新客")


def test_similar_tags_need_confirmation(shop: Community, ann: Client) -> None:
    factories.tag(shop, "newcomer")
    answer = ann.get(
        reverse("tags:similar"), {"name": "newcomers"}, HTTP_HX_REQUEST="true"
    )
    assert "newcomer" in answer.content.decode()
    assert "Similar tags already exist" in post(
        ann, "create", name="newcomers", status=422
    )
    assert not library.find(shop, ["newcomers"])
    post(
        ann, "create", name="newcomers", confirmed="1", description="Joined this month"
    )
    assert library.get(shop, "newcomers").description == "Joined this month"


def test_name_that_breaks_the_naming_rule_is_rejected(
    shop: Community, ann: Client
) -> None:
    naming = tag_naming.NamingRule(prefix="exam:", guidance="Like exam:2026-12.")
    group = factories.tag_group(shop, "exam", naming=naming)
    text = post(ann, "create", name="soon", group=group.pk, status=422)
    assert "Like exam:2026-12." in text
    assert 'value="soon"' in text


def test_operators_create_tags_only_in_permitted_groups(shop: Community) -> None:
    wu = browser(clerk(shop))
    assert wu.get(reverse("tags:create")).status_code == 403
    group = factories.tag_group(shop, "notes", creator_roles=["operator"])
    post(wu, "create", name="n1", group=group.pk)
    assert library.get(shop, "n1").group == group
    other = factories.tag_group(shop, "others")
    post(wu, "create", name="n2", group=other.pk, status=422)
    assert "n2" not in library.find(shop, ["n2"])
    tag = library.get(shop, "n1")
    for name in ("update", "merge"):
        assert wu.get(reverse(f"tags:{name}", args=[tag.pk])).status_code == 403
    for name in ("archive", "synonym-add"):
        post(wu, name, tag.pk, status=403)


def test_tag_is_updated_moved_and_gets_an_owner(
    shop: Community, by: Staff, ann: Client
) -> None:
    tag, group = factories.tag(shop, "vip"), factories.tag_group(shop, "level")
    post(
        ann,
        "update",
        tag.pk,
        name="Best customers",
        group=group.pk,
        description="Spent much",
        owner=by.pk,
    )
    tag = library.get(shop, "vip")
    assert (tag.name, tag.group, tag.owner) == ("Best customers", group, by)
    assert "Spent much" in page(ann, "detail", tag.pk)


def test_synonyms_are_added_and_removed(shop: Community, ann: Client) -> None:
    tag = factories.tag(shop, "vip")
    post(ann, "synonym-add", tag.pk, key="贵宾")
    assert library.get(shop, "贵宾") == tag
    text = post(ann, "synonym-add", tag.pk, key="贵宾", status=422)
    assert "is already used" in text
    post(ann, "synonym-remove", tag.pk, tag.synonyms.get().pk)
    assert not tag.synonyms.exists()
    text = post(ann, "synonym-add", tag.pk, key="a\0b", status=422)
    assert "printable" in text


def test_tag_is_archived_and_restored(shop: Community, ann: Client) -> None:
    tag = factories.tag(shop, "old")
    post(ann, "archive", tag.pk)
    factories.tag(shop, "current")
    listed = page(ann, "list")
    assert ">current<" in listed
    assert ">old<" not in listed
    assert ">old<" in page(ann, "list", query="?state=archived")
    assert "Restore tag" in page(ann, "detail", tag.pk)
    post(ann, "restore", tag.pk)
    assert ">old<" in page(ann, "list")


def test_merge_shows_its_size_and_redirects_the_old_tag(
    shop: Community, by: Staff, ann: Client
) -> None:
    one, other = factories.tag(shop, "A"), factories.tag(shop, "H")
    assignments.apply(tag=one, accounts=factories.members(shop, "a", "b"), by=by, at=AT)
    assert "Merge, affecting 2 members" in page(
        ann, "merge", one.pk, query=f"?into={other.pk}"
    )
    post(ann, "merge", one.pk, into=other.pk)
    assert library.get(shop, "A") == other
    assert "Merged into" in page(ann, "detail", one.pk)
    assert ">2<" in page(ann, "detail", other.pk)
    (batch,) = [b for b in assignments.list_batches(by, limit=9) if b.source == "merge"]
    undo = reverse("tags:batch-undo", args=[batch.pk])
    assert undo in page(ann, "detail", other.pk)
    post(ann, "batch-undo", batch.pk)
    assert library.get(shop, "A") == one
    assert ">2<" in page(ann, "detail", one.pk)


def test_levels_of_a_tag_are_named_on_its_page(shop: Community, ann: Client) -> None:
    tag = factories.tag(shop, "helped")
    values: dict[str, Any] = {"name": "helped", "description": ""}
    text = post(
        ann, "update", tag.pk, **values, levels="3 pillar, 1 helper", status=422
    )
    assert "growing depths" in text
    post(ann, "update", tag.pk, **values, levels="1 helper, 3 pillar")
    tag.refresh_from_db()
    assert levels.to_text(tag.levels) == "1 helper, 3 pillar"
    assert "from ×3" in page(ann, "detail", tag.pk)
    assert 'value="1 helper, 3 pillar"' in page(ann, "update", tag.pk)


def test_report_offers_an_action_per_tag(
    shop: Community, by: Staff, ann: Client
) -> None:
    first, second = factories.tag(shop, "newcomer"), factories.tag(shop, "newcomers")
    single_use = factories.tag(shop, "asked about parking")
    assignments.apply(
        tag=single_use, accounts=factories.members(shop, "a"), by=by, at=AT
    )
    text = page(ann, "report")
    for url in (
        reverse("tags:dismiss-duplicate", args=[first.pk, second.pk]),
        reverse("tags:archive", args=[first.pk]),
        reverse("tags:archive", args=[single_use.pk]),
    ):
        assert url in text
    post(ann, "dismiss-duplicate", first.pk, second.pk)
    assert duplicates.dismissed_pairs(shop) == {(first.pk, second.pk)}
    answer = ann.post(reverse("tags:archive", args=[first.pk]), {"from": "report"})
    assert answer["Location"] == reverse("tags:report")
    scoped = staff_models.create(
        community=shop, login="li", role="manager", scope={"all": []}, at=AT
    )
    assert browser(scoped).get(reverse("tags:report")).status_code == 403


def test_batches_are_listed_and_undone(shop: Community, by: Staff, ann: Client) -> None:
    people, vip = factories.members(shop, "a", "b"), factories.tag(shop, "vip")
    batch = assignments.apply(
        tag=vip, accounts=people, by=by, at=AT, note="from the fair"
    )
    assert "from the fair" in page(ann, "batch-list")
    assert "Undo 2" in page(ann, "detail", vip.pk)
    post(ann, "batch-undo", batch.pk, tag=vip.pk)
    assert person_tags.depths_of_person(people) == {}
    assert "undone" in page(ann, "batch-list")
    scoped = browser(clerk(shop, scope={"all": []}))
    assert "from the fair" not in page(scoped, "batch-list")
    post(scoped, "batch-undo", batch.pk, status=404)


def test_automatic_batches_are_hidden_by_default(
    shop: Community, by: Staff, ann: Client
) -> None:
    people, vip = factories.members(shop, "a"), factories.tag(shop, "vip")
    assignments.apply(
        tag=vip, accounts=people, by=by, at=AT, source="base", note="quiet"
    )
    assert "quiet" not in page(ann, "batch-list")
    shown = page(ann, "batch-list", query="?all=1")
    assert "quiet" in shown
    assert "Undo 1" not in shown
    assert "quiet" in page(ann, "detail", vip.pk)


def test_tag_group_is_created_and_updated(shop: Community, ann: Client) -> None:
    fields: dict[str, Any] = {
        "name": "Exam date",
        "tags_per_member": "one",
        "max_length": 20,
        "tag_prefix": "exam:",
    }
    post(ann, "group-create", **fields, creator_roles=["operator"])
    group = tag_groups.get_by_key(shop, "exam-date")
    assert (group.exclusive, group.prefix, group.creator_roles) == (
        True,
        "exam:",
        ["operator"],
    )
    post(
        ann,
        "group-update",
        group.pk,
        **{**fields, "tags_per_member": "several", "name": "Exam"},
    )
    group = tag_groups.get_by_key(shop, "exam-date")
    assert (group.exclusive, group.name, group.creator_roles) == (False, "Exam", [])
    assert "Exam" in page(ann, "group-list")
    text = post(ann, "group-update", group.pk, **{**fields, "pattern": "("}, status=422)
    assert "The pattern is not valid" in text


def test_objects_of_another_community_are_not_found(
    shop: Community, ann: Client
) -> None:
    elsewhere = factories.community("other")
    tag, group = factories.tag(elsewhere, "vip"), factories.tag_group(elsewhere, "g")
    for name, pk in (
        ("detail", tag.pk),
        ("update", tag.pk),
        ("group-update", group.pk),
    ):
        assert ann.get(reverse(f"tags:{name}", args=[pk])).status_code == 404
    factories.tag(shop, "local")
    listed = page(ann, "list")
    assert ">local<" in listed
    assert ">vip<" not in listed
