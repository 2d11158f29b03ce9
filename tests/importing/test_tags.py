from __future__ import annotations

from pathlib import Path

import pytest

from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.facts.facts import Fact
from qunce.core.staff.models import Staff
from qunce.importing import pipeline
from qunce.importing.plan import questions
from qunce.importing.plan.options import ALL_ROWS
from qunce.importing.tags import tag_questions
from qunce.members.accounts import queries as account_queries
from qunce.members.people import people
from qunce.members.tags import assignments, library, naming, person_tags
from qunce.members.tags.models import Tag, TagBatch
from tests import factories
from tests.factories import AT
from tests.importing import helpers


def tags_of(shop: Community, key: str) -> dict[str, int]:
    """The tags of a member with their depths."""
    account = account_queries.get(shop, key).pk
    return person_tags.depths_of_person(account_queries.account_ids_of_person(account))


def library_keys(shop: Community) -> set[str]:
    return set(Tag.objects.filter(community=shop).values_list("key", flat=True))


def run(shop: Community, folder: Path, text: str, target: str = "tags", **options):  # type: ignore[no-untyped-def]
    return helpers.run(shop, helpers.write(folder, text), target, **options)


def assert_adds_up(outcome) -> None:  # type: ignore[no-untyped-def]
    """Every row that was read has one fate."""
    counts = outcome.job.counts
    fates = ("new", "changed", "known", "skipped", "suppressed")
    total = sum(counts.get(fate, 0) for fate in fates)
    if outcome.job.target == "members":
        total += counts.get("members", 0)
    assert outcome.job.rows_read == total + outcome.job.rows_broken


# Lists in a cell


@pytest.mark.parametrize("separator", [";", "；", "、", "|", "｜", ",", "，"])
def test_lists_are_split_by_the_separator_of_their_column(
    shop: Community, tmp_path: Path, separator: str
) -> None:
    """Case 09."""
    text = f'key,tags\nt1,"vip{separator}新客"\nt2,"新客 {separator} {separator}"\nt3,vip\n'
    outcome = run(shop, tmp_path, text, "members")
    assert library_keys(shop) == {"vip", "新客"}
    assert tags_of(shop, "t1") == {"vip": 1, "新客": 1}
    assert_adds_up(outcome)
    text = f'会员号,标签\nt4,"vip{separator}新客"\nt2,vip\n'
    outcome = run(shop, tmp_path, text)
    assert library_keys(shop) == {"vip", "新客"}
    assert tags_of(shop, "t4") == tags_of(shop, "t2") == {"vip": 1, "新客": 1}
    assert (outcome.job.counts["tagged"], outcome.job.counts["changed"]) == (3, 2)
    assert_adds_up(outcome)


def test_lines_of_a_cell_are_tags(shop: Community, tmp_path: Path) -> None:
    run(shop, tmp_path, 'key,tags\nt1,"vip\n新客"\nt2,vip\n', "members")
    assert library_keys(shop) == {"vip", "新客"}


def test_separator_in_quotes_is_part_of_the_tag(
    shop: Community, tmp_path: Path
) -> None:
    text = 'key,tags\nt1,"""VIP, gold"",""new"""\n'
    run(shop, tmp_path, text, "members")
    assert library_keys(shop) == {"VIP, gold", "new"}


def test_mixed_separators_need_a_choice(shop: Community, tmp_path: Path) -> None:
    text = "会员号,标签\nt1,vip;新客\nt2,vip|新客\n"
    with pytest.raises(questions.AnswerNeeded, match="--separator"):
        run(shop, tmp_path, text)
    run(shop, tmp_path, text, separator=";|")
    assert library_keys(shop) == {"vip", "新客"}


@pytest.mark.parametrize(
    ("cells", "is_open"),
    [
        # Of a single cell nobody knows.
        (["常客/夜宵"], True),
        (["常客/夜宵", "新客/早餐", "学生/午餐", "甲", "乙", "丙", "丁", "戊"], True),
        # One of many is a name, unless its parts are tags.
        (["A/B测试", "甲", "乙", "丙"], False),
        (["新客/老客", "甲", "乙", "丙"], True),
        (["1/2", "n/a", "24/7", "https://a.example/b"], False),
        (["tea lover", "night owl", "new member"], False),
        (["vip tea", "new tea", "vip coffee", "new coffee"], True),
        (["新客+老客", "甲", "乙", "丙"], True),
        (["新客&老客", "甲", "乙", "丙"], True),
        (["新客·老客", "甲", "乙", "丙"], True),
        (["18+", "甲", "乙", "丙"], False),
    ],
)
def test_signs_that_names_have_too_are_asked_about(
    shop: Community, tmp_path: Path, cells: list[str], is_open: bool
) -> None:
    for name in ("新客", "老客"):
        factories.tag(shop, name)
    rows = "".join(f"t{n},{cell}\n" for n, cell in enumerate(cells))
    path = helpers.write(tmp_path, f"key,tags\n{rows}")
    asked = {q.key: q for q in helpers.plan(shop, path, "members").questions}
    question = asked.get("separator:tags")
    assert (question is not None and question.is_open) == is_open
    if question is not None and is_open:
        first = cells[0]
        assert any(
            first in choice.sample and f"of {len(cells)} different" in choice.sample
            for choice in question.choices
        )
    elif question is not None:
        assert question.suggestion == "none"


# Names


@pytest.mark.both_databases
def test_invisible_characters_make_no_other_tag(
    shop: Community, tmp_path: Path
) -> None:
    names = [
        "vip",
        "vip ",
        "\u200bvip",
        "v\u200dip",
        "vip\u00a0",
        "\ufeffvip",
        "vip\u3000",
    ]
    rows = "".join(f"m{i},{name}\n" for i, name in enumerate(names))
    run(shop, tmp_path, f"member_key,tag\n{rows}")
    assert library_keys(shop) == {"vip"}
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert naming.normalise(f" {family}\u200d") == family


@pytest.mark.parametrize("target", ["tags", "members"])
def test_row_with_a_name_that_breaks_the_rule_is_named(
    shop: Community, tmp_path: Path, target: str
) -> None:
    rule = naming.NamingRule(
        prefix="exam:", pattern=r"exam:\d{4}-\d\d", guidance="Write exam:2026-12."
    )
    factories.tag_group(shop, "exam", naming=rule)
    text = (
        f"{'key,tags' if target == 'members' else 'member_key,tag'}\n"
        f"m1,exam:2026-12\nm2,exam:soon\nm3,{'x' * 81}\n"
    )
    outcome = run(shop, tmp_path, text, target)
    assert [(each.row, each.value[:9]) for each in outcome.problems] == [
        (3, "exam:soon"),
        (4, "x" * 9),
    ]
    assert "Write exam:2026-12." in outcome.problems[0].remedy
    assert library.get(shop, "exam:2026-12").group is not None
    assert_adds_up(outcome)
    with pytest.raises(errors.Invalid, match="Nothing was imported"):
        run(shop, tmp_path, text.replace("m1", "m9"), target, mode=ALL_ROWS)
    assert "exam:soon" not in library_keys(shop)


def test_merged_tag_is_found_by_its_old_name(
    shop: Community, tmp_path: Path, by: Staff
) -> None:
    """Case 52."""
    factories.tag(shop, "忠实")
    library.add_synonym(tag=library.get(shop, "忠实"), key="老客", by=by, at=AT)
    run(shop, tmp_path, "key,tags\nm3,老客\n", "members")
    run(shop, tmp_path, "member_key,tag\nm4,老客\n")
    assert tags_of(shop, "m3") == tags_of(shop, "m4") == {"忠实": 1}
    assert library_keys(shop) == {"忠实"}


@pytest.mark.parametrize("target", ["tags", "members"])
def test_archived_tag_is_refused_except_for_those_who_have_it(
    shop: Community, tmp_path: Path, by: Staff, target: str
) -> None:
    factories.members(shop, "ann")
    factories.apply_tag(shop, "old", "ann")
    library.archive(tag=library.get(shop, "old"), by=by, at=AT)
    heading = "key,tags" if target == "members" else "member_key,tag"
    outcome = run(shop, tmp_path, f"{heading}\nann,old\nbob,old\n", target)
    assert [(each.row, "archived" in each.remedy) for each in outcome.problems] == [
        (3, True)
    ]
    assert tags_of(shop, "ann") == {"old": 1}
    assert_adds_up(outcome)


# New tags


def test_new_tags_are_listed_with_their_twins(shop: Community, tmp_path: Path) -> None:
    factories.tag(shop, "新客户")
    path = helpers.write(tmp_path, "member_key,tag\na,新顾客户\nb,vip\nc,新客户\n")
    plan = helpers.plan(shop, path, "tags")
    assert any("2 tags are new: “新顾客户”, “vip”." in note for note in plan.notes)
    assert [q.key for q in plan.questions if q.name == "tag"] == []


@pytest.mark.both_databases
def test_near_twin_is_asked_about_and_the_answer_remembered(
    shop: Community, tmp_path: Path
) -> None:
    factories.tag(shop, "VIP-1")
    text = "member_key,tag\na,vip 1\n"
    with pytest.raises(questions.AnswerNeeded, match="tag:vip 1"):
        run(shop, tmp_path, text)
    assert not Tag.objects.filter(key="vip 1").exists()
    run(shop, tmp_path, text, answers={"tag:vip 1": "VIP-1"})
    run(shop, tmp_path, "member_key,tag\nb,vip 1\n")
    assert tags_of(shop, "a") == tags_of(shop, "b") == {"VIP-1": 1}
    run(shop, tmp_path, text, answers={"tag:vip 1": "vip 1"}, source="other")
    assert library_keys(shop) == {"VIP-1", "vip 1"}


def test_preview_has_the_tags_that_the_answers_choose(
    shop: Community, tmp_path: Path
) -> None:
    factories.tag(shop, "VIP", name="至尊会员")
    path = helpers.write(tmp_path, "key,tags\na,vip;新客\nb,新 客;老客\n")
    plan = helpers.plan(shop, path, "members")
    asked = [question.key for question in plan.questions if question.is_open]
    assert asked == ["tag:vip", "tag:新 客"]
    # What is still asked about is not yet new.
    assert "2 tags are new: “新客”, “老客”." in plan.notes
    answers = {"tag:vip": "VIP", "tag:新 客": "新客"}
    plan = helpers.plan(shop, path, "members", answers=answers)
    rows = pipeline.preview(plan).rows
    assert [row["tags"] for row in rows] == ["至尊会员; 新客", "新客; 老客"]
    path = helpers.write(tmp_path, "会员号,标签\na,vip×3\n")
    plan = helpers.plan(shop, path, "tags", answers=answers)
    assert [row["tag"] for row in pipeline.preview(plan).rows] == ["至尊会员×3"]


def test_twins_within_a_file_are_asked_about_once(
    shop: Community, tmp_path: Path
) -> None:
    path = helpers.write(tmp_path, "key,tags\na,vip\nb,ＶＩＰ\n")
    plan = helpers.plan(shop, path, "members")
    (question,) = [q for q in plan.questions if q.name == "tag"]
    assert [choice.value for choice in question.choices] == ["vip", "ＶＩＰ"]
    helpers.run(shop, path, "members", answers={question.key: "vip"})
    assert library_keys(shop) == {"vip"}
    assert tags_of(shop, "b") == {"vip": 1}


def test_answer_maps_a_new_tag_that_nobody_asked_about(
    shop: Community, tmp_path: Path
) -> None:
    factories.tag(shop, "新客")
    text = "key,tags\na,新客户\n"
    run(shop, tmp_path, text, "members", answers={"tag:新客户": "新客"})
    assert library_keys(shop) == {"新客"}
    assert tags_of(shop, "a") == {"新客": 1}


def test_tag_is_found_by_the_name_it_is_shown_under(
    shop: Community, tmp_path: Path
) -> None:
    factories.tag(shop, "vip", name="至尊会员")
    run(shop, tmp_path, "member_key,tag\na,至尊会员\n")
    run(shop, tmp_path, "key,tags\nb,至尊会员;新客\n", "members")
    assert tags_of(shop, "a") == {"vip": 1}
    assert tags_of(shop, "b") == {"vip": 1, "新客": 1}
    text = "member_key,tag\nc,至尊会员\n"
    run(shop, tmp_path, text, answers={"tag:至尊会员": "至尊会员"})
    assert tags_of(shop, "c") == {"至尊会员": 1}


def test_new_tags_of_an_exclusive_group_are_refused_too(
    shop: Community, tmp_path: Path
) -> None:
    rule = naming.NamingRule(prefix="lv-")
    factories.tag_group(shop, "level", exclusive=True, naming=rule)
    for target, heading in (("members", "key,tags"), ("tags", "member_key,tag")):
        text = f"{heading}\nm1,lv-1;lv-2\nm2,lv-1\nm2,lv-2\n"
        outcome = run(shop, tmp_path, text, target)
        assert [each.row for each in outcome.problems] == [2, 4]
    assert tags_of(shop, "m2") == {"lv-1": 1}


def test_file_with_texts_instead_of_tags_is_refused(
    shop: Community, tmp_path: Path
) -> None:
    rows = "".join(f"m{i},remark number {i}\n" for i in range(10_000))
    with pytest.raises(tag_questions.TooManyNewTags, match="10,000 different tags"):
        run(shop, tmp_path, f"member_key,tag\n{rows}")
    assert library_keys(shop) == set()


# Exclusive groups


def exclusive_levels(shop: Community) -> None:
    level = factories.tag_group(shop, "level", exclusive=True)
    for key in ("lv1", "lv2"):
        factories.tag(shop, key, level)


@pytest.mark.parametrize(
    ("target", "rows", "broken"),
    [
        ("members", "m1,lv1;lv2\nm2,lv1\n", [2]),
        ("members", "m1,lv1\nm1,lv2\nm2,lv1\n", [3]),
        ("tags", "m1,lv1;lv2\nm2,lv1\n", [2]),
        ("tags", "m1,lv2\nm2,lv1\nm1,lv1\nm1,lv2\n", [4]),
    ],
)
def test_two_tags_of_an_exclusive_group_are_refused(
    shop: Community, tmp_path: Path, target: str, rows: str, broken: list[int]
) -> None:
    """Case 42."""
    exclusive_levels(shop)
    heading = "key,tags" if target == "members" else "member_key,tag"
    outcome = run(shop, tmp_path, f"{heading}\n{rows}", target)
    assert [each.row for each in outcome.problems] == broken
    assert "exclude each other" in outcome.problems[0].remedy
    assert_adds_up(outcome)
    before = Fact.objects.count(), TagBatch.objects.count()
    again = run(shop, tmp_path, f"{heading}\n{rows}", target)
    assert again.job.counts["changed"] == 0
    assert (Fact.objects.count(), TagBatch.objects.count()) == before
    with pytest.raises(errors.Invalid):
        run(shop, tmp_path, f"{heading}\nm7,vip\n{rows}", target, mode=ALL_ROWS)
    assert "vip" not in library_keys(shop)


@pytest.mark.both_databases
def test_two_accounts_of_one_person_get_one_tag_of_an_exclusive_group(
    shop: Community, tmp_path: Path
) -> None:
    exclusive_levels(shop)
    factories.members(shop, "ann", "too")
    factories.merge(shop, "ann", "too")
    outcome = run(shop, tmp_path, "member_key,tag\nann,lv1\ntoo,lv2\n")
    assert [each.row for each in outcome.problems] == [3]
    assert tags_of(shop, "ann") == {"lv1": 1}


def test_file_may_move_a_member_to_another_tag_of_an_exclusive_group(
    shop: Community, tmp_path: Path
) -> None:
    exclusive_levels(shop)
    run(shop, tmp_path, "member_key,tag\nm1,lv1\n")
    run(shop, tmp_path, "member_key,tag,depth\nm1,lv1,0\nm1,lv2,\n")
    assert tags_of(shop, "m1") == {"lv2": 1}
    run(shop, tmp_path, "key,tags\nm1,lv1\n", "members")
    assert tags_of(shop, "m1") == {"lv1": 1}


# Depths


def test_depths_are_numbers_additions_and_levels(
    shop: Community, tmp_path: Path, by: Staff
) -> None:
    """K6."""
    joined = factories.tag(shop, "took part")
    levels = [(1, "newcomer"), (3, "regular")]
    library.set_levels(tag=joined, levels=levels, by=by, at=AT)
    text = (
        "member_key,tag,depth\na,took part,regular\nb,took part,+1\nb,took part,+1\n"
        "c,took part,2\nc,took part,5\nd,took part,often\ne,took part,-1\nf,took part,\n"
    )
    outcome = run(shop, tmp_path, text)
    depths = {key: tags_of(shop, key)["took part"] for key in "abcf"}
    assert depths == {"a": 3, "b": 2, "c": 5, "f": 1}
    assert [(each.row, each.value) for each in outcome.problems] == [
        (7, "often"),
        (8, "-1"),
    ]
    assert "newcomer, regular" in outcome.problems[0].remedy
    # The row that a later one of the file replaces.
    assert outcome.job.counts["skipped"] == 1
    assert_adds_up(outcome)


def test_file_that_adds_is_not_added_twice_by_accident(
    shop: Community, tmp_path: Path
) -> None:
    text = "member_key,tag,depth\na,helped,+1\nb,helped,2\n"
    run(shop, tmp_path, text)
    with pytest.raises(questions.AnswerNeeded, match="imported before"):
        run(shop, tmp_path, text)
    outcome = run(shop, tmp_path, text, answers={"again": "skip"})
    assert outcome.job.counts["skipped"] == outcome.job.counts["known"] == 1
    assert tags_of(shop, "a") == {"helped": 1}
    run(shop, tmp_path, text, answers={"again": "add"})
    assert tags_of(shop, "a") == {"helped": 2}


def test_depth_in_a_list_is_set_exactly(shop: Community, tmp_path: Path) -> None:
    text = "key,tags\na,helped×3;vip\nb,vip\n"
    run(shop, tmp_path, text, "members")
    assert tags_of(shop, "a") == {"helped": 3, "vip": 1}
    again = run(shop, tmp_path, text, "members")
    assert again.job.counts["changed"] == 0
    run(shop, tmp_path, "key,tags\na,helped×2\n", "members")
    assert tags_of(shop, "a") == {"helped": 2, "vip": 1}
    run(shop, tmp_path, "key,tags\na,helped\n", "members")
    assert tags_of(shop, "a") == {"helped": 2, "vip": 1}


@pytest.mark.parametrize(
    "entry", ["vip(3)", "vip（3）", "vip [3]", "vip*3", "vip x3", "vip X3", "vip×3"]
)
def test_number_behind_a_known_tag_is_its_depth(
    shop: Community, tmp_path: Path, entry: str
) -> None:
    factories.tag(shop, "vip")
    run(shop, tmp_path, f"key,tags\na,{entry}\nb,新客(2);新客\n", "members")
    assert library_keys(shop) == {"vip", "新客"}
    assert tags_of(shop, "a") == {"vip": 3}


def test_number_behind_an_unknown_tag_is_asked_about(
    shop: Community, tmp_path: Path
) -> None:
    factories.tag(shop, "level(9)")
    text = "key,tags\na,batch(3);level(9)\n"
    with pytest.raises(questions.AnswerNeeded, match=r"batch\(3\) → batch×3"):
        run(shop, tmp_path, text, "members")
    assert library_keys(shop) == {"level(9)"}
    as_name = {"answers": {"tag_depth:tags": "name"}, "source": "one"}
    run(shop, tmp_path, text, "members", **as_name)
    assert tags_of(shop, "a") == {"batch(3)": 1, "level(9)": 1}
    as_depth = {"answers": {"tag_depth:tags": "depth"}, "source": "two"}
    run(shop, tmp_path, "key,tags\nb,lot(3)\n", "members", **as_depth)
    assert tags_of(shop, "b") == {"lot": 3}
    # The answer is kept for the next file of the source.
    run(shop, tmp_path, "key,tags\nc,set(2)\n", "members", source="two")
    assert tags_of(shop, "c") == {"set": 2}


def test_depth_is_that_of_the_person(shop: Community, tmp_path: Path) -> None:
    factories.members(shop, "ann", "too")
    run(shop, tmp_path, "member_key,tag,depth\nann,helped,2\ntoo,helped,1\n")
    factories.merge(shop, "ann", "too")
    known = run(shop, tmp_path, "member_key,tag,depth\nann,helped,3\n")
    assert known.job.counts["changed"] == 0
    run(shop, tmp_path, "member_key,tag,depth\ntoo,helped,4\n")
    assert tags_of(shop, "ann") == {"helped": 4}
    run(shop, tmp_path, "member_key,tag,depth\ntoo,helped,0\n")
    assert tags_of(shop, "ann") == {}


# Members


def test_members_are_found_by_phone(shop: Community, tmp_path: Path) -> None:
    """Case 07."""
    run(shop, tmp_path, "会员号,手机号\nM001,13800138001\n", "members")
    run(shop, tmp_path, "手机号,标签\n13800138001,vip\n+86 138-0013-8001,新客\n")
    assert tags_of(shop, "M001") == {"vip": 1, "新客": 1}
    text = "群名称,手机号,入群时间\n早茶群,+86 138 0013 8001,2024-03-05\n"
    run(shop, tmp_path, text, "memberships")
    assert factories.matching_keys(shop, {"group": {"any": ["早茶群"]}}) == ["M001"]
    assert len(factories.matching_keys(shop, factories.EVERYONE)) == 1


def test_rows_of_unknown_members_can_be_left_out(
    shop: Community, tmp_path: Path
) -> None:
    factories.members(shop, "ann")
    text = "member_key,tag\nann,vip\nbob,vip\n"
    outcome = run(shop, tmp_path, text, unknown_members="leave")
    assert outcome.job.counts["skipped"] == outcome.job.counts["changed"] == 1
    assert_adds_up(outcome)
    text = "member_key,group_key\nann,north\nbob,north\n"
    outcome = run(shop, tmp_path, text, "memberships", unknown_members="leave")
    assert outcome.job.counts["skipped"] == outcome.job.counts["changed"] == 1
    assert_adds_up(outcome)
    assert len(factories.matching_keys(shop, factories.EVERYONE)) == 1


def test_undone_import_takes_its_tags_back(
    shop: Community, tmp_path: Path, by: Staff
) -> None:
    factories.members(shop, "ann")
    factories.apply_tag(shop, "helped", "ann")
    run(shop, tmp_path, "member_key,tag,depth\nann,helped,3\nann,vip,\n")
    (batch,) = assignments.list_batches(by, limit=1)
    assignments.undo(batch=batch, by=by, at=AT)
    assert people.get(shop, "ann").tags == {"helped": 1}
