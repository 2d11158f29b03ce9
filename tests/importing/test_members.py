from __future__ import annotations

import csv
import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import xlsxwriter

from qunce.core import timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts, interned_names
from qunce.groups import groups
from qunce.groups.groups import Group, Membership
from qunce.importing import pipeline, target_registry
from qunce.importing.columns import column_mapping, column_questions
from qunce.importing.jobs import error_report, jobs
from qunce.importing.plan import questions
from qunce.importing.plan.options import ALL_ROWS
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes
from qunce.members.tags import models as tag_models
from tests import factories
from tests.factories import AT, matching_keys
from tests.importing import helpers

HEADINGS = (
    "key,name,joined_at,left_at,phone,email,birthday,source,tags,groups,level,spent"
).split(",")
ROWS: list[list[object]] = [
    ["a", "小红", "2026-01-02 09:00", "", "138 0013 8000", "A@x.cn", "1990-02-03",
     "扫码", "koc;老客", "一群", "金", "1,234.50"],
    ["b", "小明", "2026/1/3", "", "", "", "", "", "老客", "一群;二群", "银", "8"],
    ["c", "", "2026-01-04", "2026-02-01", "", "", "", "扫码", "", "", "金", ""],
]  # fmt: skip


def as_csv(path: Path, encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([HEADINGS, *ROWS])
    return path


def as_xlsx(path: Path) -> Path:
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    for number, row in enumerate([HEADINGS, *ROWS]):
        sheet.write_row(number, 0, row)
    book.close()
    return path


def as_json(path: Path) -> Path:
    objects = [dict(zip(HEADINGS, row, strict=True)) for row in ROWS]
    for one in objects:
        one["tags"] = [tag for tag in str(one["tags"]).split(";") if tag]
    if path.suffix == ".json":
        path.write_text(json.dumps(objects))
    else:
        path.write_text("\n".join(json.dumps(one) for one in objects))
    return path


FORMATS = {
    "members.csv": as_csv,
    "members.gb.csv": lambda path: as_csv(path, "gb18030"),
    "members.xlsx": as_xlsx,
    "members.json": as_json,
    "members.ndjson": as_json,
}


@pytest.mark.both_databases
@pytest.mark.parametrize("name", FORMATS)
def test_members_are_imported_from_every_format(
    shop: Community, tmp_path: Path, name: str
) -> None:
    outcome = helpers.run(shop, FORMATS[name](tmp_path / name), "members")
    assert (outcome.job.counts["members"], outcome.job.rows_broken) == (3, 0)
    assert matching_keys(shop, {"all": []}) == ["a", "b"]
    assert matching_keys(shop, {"with_left": {"source": {"any": ["扫码"]}}}) == [
        "a",
        "c",
    ]
    assert matching_keys(shop, {"tag": {"any": ["老客"]}}) == ["a", "b"]
    assert matching_keys(shop, {"group": {"any": ["二群"]}}) == ["b"]
    assert matching_keys(shop, {"attr": {"name": "spent", "gt": 1234.4}}) == ["a"]
    assert matching_keys(shop, {"attr": {"name": "birthday", "eq": "1990-02-03"}}) == [
        "a"
    ]
    ann = account_queries.get(shop, "a")
    assert ann.joined_at.isoformat() == "2026-01-02T01:00:00+00:00"
    values = {(row.kind, row.value) for row in ann.identifiers.all()}
    assert values == {("phone", "13800138000"), ("email", "a@x.cn")}
    assert attributes.get(shop, "level").type in ("text", "choice")


@pytest.mark.both_databases
def test_same_file_again_changes_nothing(shop: Community, tmp_path: Path) -> None:
    path = as_csv(tmp_path / "members.csv")
    helpers.run(shop, path, "members")
    before = facts.Fact.objects.count(), _revisions()
    again = helpers.run(shop, path, "members")
    assert again.job.counts == {"members": 0, "changed": 0, "known": 3}
    assert (facts.Fact.objects.count(), _revisions()) == before


def _revisions() -> list[tuple[str, int, int]]:
    from qunce.core.revisions import Revision

    rows = Revision.objects.order_by("kind", "ref")
    return list(rows.values_list("kind", "ref", "rev"))


def test_later_file_changes_only_what_is_different(
    shop: Community, tmp_path: Path
) -> None:
    helpers.run(shop, as_csv(tmp_path / "members.csv"), "members")
    text = "key,name,left_at,level,tags\na,小红红,,钻,vip\nb,,2026-03-01,,\n"
    later = helpers.run(shop, helpers.write(tmp_path, text), "members")
    assert later.job.counts == {"members": 0, "changed": 2, "known": 0}
    assert matching_keys(shop, {"all": []}) == ["a"]
    assert account_queries.get(shop, "a").name == "小红红"
    assert account_queries.get(shop, "b").name == "小明"
    assert matching_keys(shop, {"attr": {"name": "level", "in": ["钻"]}}) == ["a"]
    assert matching_keys(shop, {"tag": {"all": ["vip", "koc"]}}) == ["a"]
    b = account_queries.get(shop, "b").pk
    assert [
        account for account, _payload in factories.recorded_facts(shop, "member.left")
    ][-1] == b


def test_chinese_headings_are_guessed(shop: Community, tmp_path: Path) -> None:
    text = "昵称,手机,备注,最近下单\n小红,13800138000,喜欢茶;常来,2026/3/5 9:07\n"
    plan = helpers.plan(
        shop, helpers.write(tmp_path, text, encoding="gb18030"), "members"
    )
    assert plan.mapping == {
        "昵称": "name",
        "手机": "phone",
        "备注": "attr:remark",
        "最近下单": "attr:last_order",
    }
    pipeline.run(plan)
    assert attributes.get(shop, "last_order").type == "instant"
    rule = {"attr": {"name": "remark", "contains": "茶"}}
    assert matching_keys(shop, rule) == ["13800138000"]


def test_given_mapping_replaces_the_guess(shop: Community, tmp_path: Path) -> None:
    path = helpers.write(tmp_path, "id,昵称,x\n1,小红,2\n")
    given = {"x": "name", "昵称": ""}
    plan = helpers.plan(shop, path, "members", mapping=given)
    assert plan.mapping == {"id": "key", "昵称": "", "x": "name"}
    for wrong in ({"y": "name"}, {"x": "nonsense"}, {"x": "name", "昵称": "name"}):
        with pytest.raises(column_mapping.InvalidMapping):
            helpers.plan(shop, path, "members", mapping=wrong)
    with pytest.raises(column_mapping.InvalidMapping, match="No column"):
        helpers.plan(shop, path, "members", mapping={"id": ""})


def test_broken_rows_are_reported_with_row_field_and_remedy(
    shop: Community, tmp_path: Path
) -> None:
    text = "key,phone,joined_at,birthday\na,123,,\nb,,昨天,1990-02-30\n,,,1990-01-01\nd,,,\ne\n"
    outcome = helpers.run(shop, helpers.write(tmp_path, text), "members")
    reported = [(one.row, one.field, one.value) for one in outcome.problems]
    assert reported == [
        (2, "phone", "123"),
        (3, "birthday", "1990-02-30"),
        (3, "joined_at", "昨天"),
        (4, "key or phone", ""),
        (6, "", "e"),
    ]
    assert all(one.remedy for one in outcome.problems)
    assert outcome.job.rows_broken == 4
    assert matching_keys(shop, {"all": []}) == ["d"]
    stored = jobs.ImportProblem.objects.filter(job=outcome.job).order_by("pk")
    assert [(one.row, one.field, one.value) for one in stored] == reported
    with error_report.path_of(outcome.job).open(
        encoding="utf-8-sig", newline=""
    ) as file:
        assert [row[:3] for row in csv.reader(file)][1:] == [
            [str(row), field, value] for row, field, value in reported
        ]


@pytest.mark.both_databases
def test_one_broken_row_rejects_a_file_in_mode_all(
    shop: Community, tmp_path: Path
) -> None:
    path = helpers.write(tmp_path, "key,joined_at\na,2026-01-01\nb,昨天\n")
    with pytest.raises(pipeline.HasBrokenRows) as caught:
        helpers.run(shop, path, "members", mode=ALL_ROWS)
    assert [(one.row, one.field) for one in caught.value.problems] == [(3, "joined_at")]
    assert caught.value.job.state == "rejected"
    assert not account_models.Account.objects.exists()


@pytest.mark.both_databases
def test_dates_with_two_readings_are_asked_and_remembered(
    shop: Community, tmp_path: Path
) -> None:
    both = helpers.write(tmp_path, "key,joined_at\na,1/2/2026\n")
    plan = helpers.plan(shop, both, "members")
    [question] = plan.questions
    assert (question.key, question.is_open) == ("dates:joined_at", True)
    assert [choice.value for choice in question.choices] == ["dmy", "mdy", "ymd"]
    with pytest.raises(questions.AnswerNeeded, match="--dates mdy"):
        pipeline.run(plan)
    assert not jobs.ImportJob.objects.exists()
    helpers.run(shop, both, "members", dates="mdy")
    assert account_queries.get(shop, "a").joined_at.strftime("%m-%d") == "01-01"
    later = helpers.write(tmp_path, "key,joined_at\nb,2/2/2026\nc,3/2/2026\n")
    plan = helpers.plan(shop, later, "members")
    assert plan.traits["joined_at"].order == "mdy"
    assert "earlier file" in plan.notes[0]
    assert helpers.plan(shop, later, "members", source="shop").questions[0].is_open


def test_one_date_settles_the_order_of_its_column(
    shop: Community, tmp_path: Path
) -> None:
    text = "key,joined_at\na,1/2/2026\nb,1/13/2026\n"
    plan = helpers.plan(shop, helpers.write(tmp_path, text), "members")
    assert plan.questions[0].suggestion == "mdy"
    pipeline.run(plan)
    assert (
        timestamps.to_micros(account_queries.get(shop, "a").joined_at)
        == timestamps.to_micros(account_queries.get(shop, "b").joined_at)
        - 11 * 86_400_000_000
    )


def test_members_with_the_same_phone_are_one_person(
    shop: Community, tmp_path: Path
) -> None:
    text = "key,phone,tags\na,13800138000,x\nb,+86 138-0013-8000,y\nc,,\n"
    helpers.run(shop, helpers.write(tmp_path, text), "members")
    assert matching_keys(shop, {"all": []}) == ["a", "c"]
    assert matching_keys(shop, {"tag": {"all": ["x", "y"]}}) == ["a"]


def test_rows_with_one_key_are_one_member(shop: Community, tmp_path: Path) -> None:
    path = helpers.write(tmp_path, "key,name,tags\na,one,x\na,two,y\n")
    helpers.run(shop, path, "members")
    again = helpers.run(shop, path, "members")
    assert again.job.counts["changed"] == 0
    assert account_queries.get(shop, "a").name == "two"
    assert matching_keys(shop, {"tag": {"all": ["x", "y"]}}) == ["a"]


def test_further_columns_become_attributes_of_a_fitting_type(
    shop: Community, tmp_path: Path
) -> None:
    text = (
        "key,n,d,t,yes,code,likes,words\n"
        "1,1.5,2026-01-01,2026-01-01 09:00,是,007,茶;酒,any\n"
        "2,2,2026/1/2,,否,008,茶,thing\n"
    )
    helpers.run(shop, helpers.write(tmp_path, text), "members")
    kinds = {one.name: one.type for one in attributes.list_all(shop)}
    assert kinds == {
        "n": "number",
        "d": "date",
        "t": "instant",
        "yes": "bool",
        "code": "text",
        "likes": "multi",
        "words": "text",
    }
    later = helpers.run(shop, helpers.write(tmp_path, "key,n\n1,x\n"), "members")
    assert [one.field for one in later.problems] == ["n"]


def test_number_with_leading_zeros_is_refused_or_kept_as_text(
    shop: Community, tmp_path: Path
) -> None:
    first = helpers.write(tmp_path, "key,score\na,5\nb,12\n")
    helpers.run(shop, first, "members")
    later = helpers.write(tmp_path, "key,score\nc,012\nd,7\n")
    outcome = helpers.run(shop, later, "members")
    [problem] = outcome.problems
    assert (problem.row, problem.value) == (2, "012")
    assert "make the type of the column text" in problem.remedy
    with pytest.raises(column_questions.TypeIsFixed):
        helpers.plan(shop, later, "members", answers={"type:score": "text"})
    new = helpers.write(tmp_path, "key,grade\ne,5\nf,12\n")
    helpers.run(shop, new, "members", answers={"type:grade": "text"})
    kinds = {one.name: one.type for one in attributes.list_all(shop)}
    assert kinds == {"score": "number", "grade": "text"}


@pytest.mark.both_databases
def test_totals_and_headings_again_are_skipped(shop: Community, tmp_path: Path) -> None:
    text = "会员号,昵称,积分\nmember_id,nickname,\nM1,小林,5\n\n合计,,5\n"
    plan = helpers.plan(shop, helpers.write(tmp_path, text), "members")
    job = pipeline.run(plan).job
    assert (job.rows_read, job.counts["members"], job.counts["skipped"]) == (3, 1, 2)
    assert sorted(plan.left_out) == [2, 5]
    # The rows may be counted below the phone numbers.
    text = "姓名,手机号\n小林,13800138001\n小王,13800138002\n合计,2\n总计,13800138003\n"
    counted = helpers.plan(shop, helpers.write(tmp_path, text), "members")
    assert pipeline.run(counted).job.counts["members"] == 3
    assert sorted(counted.left_out) == [4]


@pytest.mark.both_databases
def test_preview_shows_the_first_rows_and_writes_nothing(
    shop: Community, tmp_path: Path
) -> None:
    plan = helpers.plan(shop, as_csv(tmp_path / "members.csv"), "members")
    preview = pipeline.preview(plan, 2)
    assert [row["key"] for row in preview.rows] == ["a", "b"]
    assert preview.rows[0]["joined_at"] == "2026-01-02 09:00:00+08:00"
    assert not account_models.Account.objects.exists()
    assert not jobs.ImportJob.objects.exists()


@pytest.mark.both_databases
def test_tags_are_imported_with_their_depth(shop: Community, tmp_path: Path) -> None:
    path = helpers.write(
        tmp_path, "member_key,tag,depth\na,茶,3\na,酒,\nb,茶,1\nb,茶,x\n"
    )
    outcome = helpers.run(shop, path, "tags")
    counts = outcome.job.counts
    assert (counts["tagged"], counts["known"], counts["members"]) == (3, 0, 2)
    assert [(one.row, one.field) for one in outcome.problems] == [(5, "depth")]
    assert matching_keys(shop, {"tag": {"any": ["茶"], "depth": {"gte": 3}}}) == ["a"]
    again = helpers.run(shop, path, "tags")
    counts = again.job.counts
    assert (counts["tagged"], counts["known"], counts["members"]) == (0, 3, 0)
    off = helpers.write(tmp_path, "member_key,tag,depth\na,茶,0\n")
    helpers.run(shop, off, "tags")
    assert matching_keys(shop, {"tag": {"any": ["茶"]}}) == ["b"]
    assert tag_models.TagBatch.objects.count() == 2


def test_unknown_target_is_named_in_the_error() -> None:
    with pytest.raises(target_registry.TargetNotFound, match="nonsense"):
        target_registry.get("nonsense")


@pytest.mark.both_databases
def test_rows_of_one_member_add_up_and_those_that_differ_are_counted(
    shop: Community, tmp_path: Path
) -> None:
    text = (
        "key,手机,昵称,标签\na,13800138001,林月,茶\na,,林小月,酒\n"
        ",13800138001,,咖啡\nb,,陈伟,茶\nb,,陈伟,茶\n"
    )
    first = helpers.write(tmp_path, "key,手机\na,13800138001\n")
    helpers.run(shop, first, "members")
    result = helpers.run(shop, helpers.write(tmp_path, text), "members")
    assert result.job.counts["replaced"] == 1
    assert account_models.Account.objects.get(key="a").name == "林小月"
    for tag in ("茶", "酒", "咖啡"):
        assert "a" in matching_keys(shop, {"tag": {"any": [tag]}})


def test_member_of_several_staff_members_joined_with_the_first(
    shop: Community, tmp_path: Path
) -> None:
    text = (
        "key,昵称,添加时间,来源\na,林月,2025-01-06,扫描二维码\n"
        "a,林月,2025-03-10,名片分享\n"
    )
    helpers.run(shop, helpers.write(tmp_path, text), "members")
    account = account_models.Account.objects.get(key="a")
    assert account.joined_at.astimezone(ZoneInfo(shop.timezone)).day == 6
    assert interned_names.names_by_id("source", shop.pk)[account.source_id or 0] == (
        "扫描二维码"
    )


@pytest.mark.both_databases
def test_names_and_groups_have_nothing_invisible(
    shop: Community, tmp_path: Path
) -> None:
    by = factories.staff(shop)
    group = groups.create(community=shop, key="g1", name="茶友群", by=by, at=AT)
    text = "key,name,groups,tags\na,张\u200b三,茶友\ufeff群;新\u200b群,老\u2060客\nb,\u3164,,\n"
    helpers.run(shop, helpers.write(tmp_path, text), "members")
    accounts = account_models.Account.objects.filter(community=shop).order_by("key")
    assert [account.name for account in accounts] == ["张三", ""]
    assert groups.find(shop, ["新群", "新\u200b群"]).keys() == {"新群", "新\u200b群"}
    assert Group.objects.filter(community=shop).count() == 2
    text = "group_key,member_key\n茶友\u200d群,b\n\u3164,b\n"
    outcome = helpers.run(shop, helpers.write(tmp_path, text), "memberships")
    assert outcome.job.rows_broken == 1
    assert groups.count_members(group) == 2


@pytest.mark.parametrize("heading", ["入群时间", "进群日期", "Joined group at"])
@pytest.mark.parametrize(
    ("others", "field"),
    [
        (["会员号"], "joined_at"),
        (["会员号", "群名称"], "joined_at"),
        (["会员号", "注册时间", "群名称"], "group_joined_at"),
        (["会员号", "注册时间"], "attr:{}"),
    ],
)
def test_time_of_joining_a_group_is_never_silently_an_attribute(
    shop: Community, tmp_path: Path, heading: str, others: list[str], field: str
) -> None:
    cells = {"会员号": "a", "群名称": "g", "注册时间": "2026-01-02"}
    headings = [heading, *others]
    row = ["2026-02-03 10:00", *(cells[name] for name in others)]
    text = "\n".join([",".join(headings), ",".join(row)])
    path = helpers.write(tmp_path, text)
    plan = helpers.plan(shop, path, "members")
    assert plan.mapping[heading] == field.format(heading)
    noted = any("becomes an attribute" in note for note in plan.notes)
    assert noted == field.startswith("attr:")
    pipeline.run(plan)
    account = account_models.Account.objects.get(key="a")
    day = "2026-01-02" if "注册时间" in others else "2026-02-03"
    assert account.joined_at.astimezone(plan.zone).date().isoformat() == day
    for membership in Membership.objects.filter(account_id=account.pk):
        assert membership.joined_at is not None
        joined = membership.joined_at.astimezone(plan.zone)
        assert f"{joined:%Y-%m-%d %H:%M}" == "2026-02-03 10:00"
    assert Membership.objects.exists() == ("群名称" in others)


def test_members_of_a_group_are_memberships_still() -> None:
    headings = ["群名称", "会员号", "入群时间"]
    assert column_mapping.guess_target(headings) == "memberships"


def test_time_of_joining_a_group_needs_the_group(
    shop: Community, tmp_path: Path
) -> None:
    path = helpers.write(tmp_path, "key,入群时间\na,2026-02-03\n")
    with pytest.raises(
        column_mapping.InvalidMapping, match="no column names the group"
    ):
        helpers.plan(shop, path, "members", mapping={"入群时间": "group_joined_at"})
