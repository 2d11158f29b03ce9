from __future__ import annotations

import pytest

from qunce.core import permissions, state_machine
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.segments import segments
from qunce.members.tags import assignments, library, person_tags
from qunce.members.tags import merges as tag_merges
from qunce.members.tags import naming as tag_naming
from qunce.members.tags import report as tag_report
from qunce.members.tags import templates as tag_templates
from tests import factories
from tests.factories import AT


@pytest.mark.both_databases
def test_keys_are_unique_across_tags_and_synonyms(shop: Community, by: Staff) -> None:
    koc = factories.tag(shop, "koc")
    library.add_synonym(tag=koc, key="key opinion", by=by, at=AT)
    for key in ("koc", " key  opinion "):
        with pytest.raises(library.TagAlreadyExists, match="koc"):
            factories.tag(shop, key)
    assert library.get(shop, "key opinion") == koc
    with pytest.raises(library.TagNotFound, match="kol"):
        library.get(shop, "kol")


@pytest.mark.both_databases
def test_tag_of_another_community_is_not_found(shop: Community) -> None:
    factories.tag(factories.community("other"), "vip")
    with pytest.raises(library.TagNotFound):
        library.get(shop, "vip")
    assert library.find(shop, ["vip"]) == {}


@pytest.mark.parametrize(
    ("key", "error"),
    [
        ("2026-12", "begin with “exam:”"),
        ("exam:soon", "does not match"),
        ("exam:2026-12-31", "at most 12"),
        ("a;b", "separates"),
        ("  ", "needs a name"),
    ],
)
def test_naming_error_contains_the_groups_guidance(
    shop: Community, key: str, error: str
) -> None:
    naming = tag_naming.NamingRule(
        prefix="exam:",
        pattern=r"exam:\d{4}-\d\d",
        max_length=12,
        guidance="Write it like exam:2026-12.",
    )
    group = factories.tag_group(shop, "exam", naming=naming)
    assert factories.tag(shop, "exam:2026-12", group).group == group
    with pytest.raises(tag_naming.InvalidTagName) as raised:
        factories.tag(shop, key, group)
    assert error in str(raised.value)
    assert str(raised.value).endswith("Write it like exam:2026-12.")


def test_invalid_pattern_is_rejected(shop: Community) -> None:
    with pytest.raises(tag_naming.InvalidTagName):
        factories.tag_group(shop, "exam", naming=tag_naming.NamingRule(pattern="("))


def test_group_defines_which_roles_may_create_tags(shop: Community, by: Staff) -> None:
    staff = factories.staff(shop, "operator", "olga")
    notes = factories.tag_group(shop, "notes", creator_roles=["operator"])
    note = library.create(community=shop, key="n1", group=notes, by=staff, at=AT)
    assert note.group == notes
    assert not library.may_create(None, staff)
    with pytest.raises(permissions.NotAllowed):
        library.create(community=shop, key="n2", by=staff, at=AT)


@pytest.mark.both_databases
def test_tag_is_archived_and_restored(shop: Community, by: Staff) -> None:
    (ann,) = factories.members(shop, "ann")
    vip = factories.tag(shop, "vip")
    assignments.apply(tag=vip, accounts=[ann], by=by, at=AT)
    library.archive(tag=vip, by=by, at=AT)
    assert list(library.list_tags(shop)) == []
    assert list(library.list_tags(shop, archived=True)) == [vip]
    assert factories.matching_keys(shop, {"tag": {"any": ["vip"]}}) == ["ann"]
    with pytest.raises(library.TagNotActive):
        assignments.apply(tag=vip, accounts=[ann], by=by, at=AT)
    with pytest.raises(state_machine.WrongState):
        library.archive(tag=vip, by=by, at=AT)
    library.restore(tag=vip, by=by, at=AT)
    assert list(library.list_tags(shop)) == [vip]


@pytest.mark.both_databases
def test_merge_creates_a_synonym_and_moves_members(shop: Community, by: Staff) -> None:
    ann, bob, eve = factories.members(shop, "ann", "bob", "eve")
    a, h = factories.tag(shop, "A"), factories.tag(shop, "H")
    assignments.set_depths(tag=a, depths={ann: 1, bob: 4}, by=by, at=AT)
    assignments.set_depths(tag=h, depths={bob: 2, eve: 1}, by=by, at=AT)
    tag_merges.merge(tag=a, into=h, by=by, at=AT)
    for key in "AH":
        assert factories.matching_keys(shop, {"tag": {"any": [key]}}) == [
            "ann",
            "bob",
            "eve",
        ]
    assert person_tags.depths_of_person([bob]) == {"H": 4}
    assert library.get(shop, "A") == h
    with pytest.raises(library.TagAlreadyExists):
        factories.tag(shop, "A")
    with pytest.raises(tag_merges.InvalidTagMerge):
        tag_merges.merge(tag=h, into=h, by=by, at=AT)


def test_merge_into_an_exclusive_group_keeps_existing_tags(
    shop: Community, by: Staff
) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    stage = factories.tag_group(shop, "stage", exclusive=True)
    cold, warm = factories.tag(shop, "cold", stage), factories.tag(shop, "warm", stage)
    hot = factories.tag(shop, "hot")
    assignments.apply(tag=hot, accounts=[ann, bob], by=by, at=AT)
    assignments.apply(tag=cold, accounts=[ann], by=by, at=AT)
    tag_merges.merge(tag=hot, into=warm, by=by, at=AT)
    assert person_tags.depths_of_person([ann]) == {"cold": 1}
    assert person_tags.depths_of_person([bob]) == {"warm": 1}


@pytest.mark.parametrize(
    ("name", "other"),
    [("VIP-1", "ｖｉｐ1"), ("会员", "惠员"), ("newcomer", "newcomers")],
)
def test_similar_names_are_suggested(shop: Community, name: str, other: str) -> None:
    tag = factories.tag(shop, name)
    factories.tag(shop, "something else")
    assert tag_report.list_similar(shop, other) == [tag]
    duplicate = factories.tag(shop, other)
    assert [{*pair} for pair in tag_report.list_duplicates(shop)] == [{tag, duplicate}]


@pytest.mark.parametrize(
    ("name", "other"), [("term 1", "term 2"), ("tea", "toy"), ("高", "低")]
)
def test_different_names_are_not_suggested(name: str, other: str) -> None:
    assert tag_naming.similar_names(name, [other]) == []
    assert tag_naming.similar_names("newcomer", ["newcomers", other]) == ["newcomers"]


def test_reports_list_what_to_tidy(shop: Community, by: Staff) -> None:
    ann, bob = factories.members(shop, "ann", "bob")
    unused, used = factories.tag(shop, "unused"), factories.tag(shop, "used")
    lone, common = factories.tag(shop, "lone"), factories.tag(shop, "common")
    assignments.apply(tag=lone, accounts=[ann], by=by, at=AT)
    assignments.apply(tag=common, accounts=[ann, bob], by=by, at=AT)
    rule = {"not": {"tag": {"any": [used.key]}}}
    segments.create(community=shop, key="s", rule=rule, by=by, at=AT)
    assert tag_report.list_unused(shop, at=AT) == [unused]
    assert tag_report.list_single_use(shop, at=AT) == [lone]


@pytest.mark.parametrize("template", tag_templates.TEMPLATES)
def test_template_is_applied_once(shop: Community, by: Staff, template: str) -> None:
    new = tag_templates.apply(community=shop, template=template, by=by, at=AT)
    assert len(new) > 7
    assert set(library.list_tags(shop)) == set(new)
    again = tag_templates.apply(community=shop, template=template, by=by, at=AT)
    assert again == []


def test_unknown_template_is_rejected(shop: Community, by: Staff) -> None:
    with pytest.raises(tag_templates.TagTemplateNotFound, match="farming"):
        tag_templates.apply(community=shop, template="farming", by=by, at=AT)
