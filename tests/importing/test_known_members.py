"""What a file of members shows before the start about members already known."""

from __future__ import annotations

from pathlib import Path

import pytest

from qunce.core.communities import Community
from qunce.importing import pipeline
from qunce.importing.accounts import unknown_members
from qunce.importing.jobs import jobs, reports
from qunce.importing.plan import questions
from qunce.members.accounts.models import Account, Identifier
from tests.importing import helpers

pytestmark = pytest.mark.django_db

SHOP_A = (
    "编号,姓名,手机号\n1,陈大宝,13800138001\n2,李二,13800138002\n3,王三,13800138003\n"
)
FANS = "编号,姓名,手机号\n1,周小一,13900139001\n2,吴小二,13900139002\n3,郑小三,13900139003\n"


def names_of(community: Community) -> dict[str, str]:
    return dict(Account.objects.filter(community=community).values_list("key", "name"))


@pytest.fixture
def known(shop: Community, tmp_path: Path) -> Community:
    helpers.run(shop, helpers.write(tmp_path, SHOP_A, "门店A会员.csv"), "members")
    return shop


def test_numbers_of_other_people_are_asked_about(
    known: Community, tmp_path: Path
) -> None:
    path = helpers.write(tmp_path, FANS, "抖音粉丝.csv")
    with pytest.raises(questions.AnswerNeeded) as raised:
        helpers.run(known, path, "members")
    assert "编号" in str(raised.value)
    assert "陈大宝 → 周小一" in str(raised.value)
    assert "--answer same_people" in str(raised.value).replace("'", "")
    assert names_of(known)["1"] == "陈大宝"


def test_numbers_of_another_list_get_a_prefix_from_then_on(
    known: Community, tmp_path: Path
) -> None:
    path = helpers.write(tmp_path, FANS, "抖音粉丝.csv")
    answers = {"same_people": "other"}
    plan = helpers.plan(known, path, "members", answers=answers)
    assert pipeline.preview(plan).rows[0]["key"] == "抖音粉丝:1"
    helpers.run(known, path, "members", answers=answers)
    expected = {"1": "陈大宝", "抖音粉丝:1": "周小一"}
    assert expected.items() <= names_of(known).items()
    assert Identifier.objects.filter(account__key="1").count() == 1
    # Nobody has to answer again, not even for numbers that are new.
    later = helpers.write(tmp_path, f"{FANS}4,钱四,13900139004\n", "抖音粉丝.csv")
    result = helpers.run(known, later, "members")
    assert (result.job.counts["members"], result.job.counts["known"]) == (1, 3)
    assert names_of(known)["抖音粉丝:4"] == "钱四"


def test_prefix_is_the_source_if_there_is_one(known: Community, tmp_path: Path) -> None:
    path = helpers.write(tmp_path, FANS)
    answers = {"same_people": "other"}
    helpers.run(known, path, "members", answers=answers, source="douyin")
    assert names_of(known)["douyin:1"] == "周小一"


def test_same_people_are_updated_and_asked_about_in_the_next_file(
    known: Community, tmp_path: Path
) -> None:
    path = helpers.write(tmp_path, FANS, "会员.csv")
    helpers.run(known, path, "members", answers={"same_people": "same"})
    assert names_of(known)["1"] == "周小一"
    other = FANS.replace("小", "老").replace("139", "137")
    path = helpers.write(tmp_path, other, "会员.csv")
    with pytest.raises(questions.AnswerNeeded):
        helpers.run(known, path, "members")


@pytest.mark.parametrize(
    "text",
    [
        # Another phone, but the same people.
        "编号,姓名,手机号\n1,陈大宝,13900139001\n2,李二,13900139002\n3,王三,13900139003\n",
        # Other nicknames with the same phones.
        "编号,姓名,手机号\n1,大宝,13800138001\n2,小二,13800138002\n3,小三,13800138003\n",
        "编号,姓名,手机号\n1,周小一,13900139001\n2,吴小二,13900139002\n",
    ],
)
def test_usual_changes_are_not_asked_about(
    known: Community, tmp_path: Path, text: str
) -> None:
    plan = helpers.plan(known, helpers.write(tmp_path, text), "members")
    assert not [q for q in plan.questions if q.key == "same_people"]


def test_plan_counts_new_changed_and_joined_members(
    known: Community, tmp_path: Path
) -> None:
    text = (
        "编号,姓名,手机号\n1,陈大宝,13800138001\n2,李小二,13800138002\n"
        "9,新人,13900139009\n10,王三的妻子,13800138003\n"
    )
    plan = helpers.plan(known, helpers.write(tmp_path, text), "members")
    unknown_members.ask(plan)
    assert plan.notes[-1] == (
        "Members: 2 new, 2 already known, of whom 1 get another name, "
        "phone, e-mail or UnionID. Merged with another account: 1."
    )
    question = next(q for q in plan.questions if q.key == unknown_members.KEY)
    assert question.text.startswith("2 members")
    assert question.value == "create"
    job = pipeline.run(plan).job
    assert (job.counts["members"], job.counts["changed"]) == (2, 1)
    assert job.counts["joined"] == 1


def test_rows_with_a_shared_hotline_only_are_noted_and_listed(
    shop: Community, tmp_path: Path
) -> None:
    many = "".join(f"m{n},4001234567\n" for n in range(30))
    helpers.run(shop, helpers.write(tmp_path, f"key,phone\n{many}"), "members")
    text = "姓名,手机号\n甲,4001234567\n乙,4001234567\n丙,13800138000\n"
    plan = helpers.plan(shop, helpers.write(tmp_path, text), "members")
    unknown_members.ask(plan)
    assert any(note.startswith("2 rows have nothing but") for note in plan.notes)
    result = pipeline.run(plan)
    assert (result.job.rows_broken, result.job.counts["skipped"]) == (0, 2)
    assert [(p.row, p.field, p.value) for p in result.problems] == [
        (2, "手机号", "4001234567"),
        (3, "手机号", "4001234567"),
    ]
    assert "Too many members" in result.problems[0].remedy


def test_orders_whose_member_shares_the_phone_are_listed(
    shop: Community, tmp_path: Path
) -> None:
    many = "".join(f"m{n},4001234567\n" for n in range(30))
    helpers.run(shop, helpers.write(tmp_path, f"key,phone\n{many}"), "members")
    text = (
        "订单号,手机号,金额,付款时间\nA1,4001234567,10,2026-03-01\n"
        "A2,13800138000,20,2026-03-01\nA3,4001234567,30,2026-03-01\n"
    )
    result = helpers.run(shop, helpers.write(tmp_path, text), "orders")
    assert result.job.counts["orders_without_member"] == 2
    assert [(p.row, p.value) for p in result.problems] == [
        (2, "4001234567"),
        (4, "4001234567"),
    ]
    assert result.problems[0].remedy.startswith("The order has no member.")


def test_rows_of_unknown_members_that_are_skipped_are_listed(
    shop: Community, tmp_path: Path
) -> None:
    path = helpers.write(tmp_path, "key,name\nx1,Ann\n")
    result = helpers.run(shop, path, "members", unknown_members="leave")
    assert [(p.row, p.value) for p in result.problems] == [(2, "x1")]


def test_totals_are_counted_and_listed_apart(shop: Community, tmp_path: Path) -> None:
    text = "编号,姓名,积分\na,甲,1\nb,乙,2\n合计,,3\n"
    path = helpers.write(tmp_path, text)
    plan = helpers.plan(shop, path, "members")
    assert pipeline.preview(plan).rows_of_data == 2
    job = pipeline.run(plan).job
    assert reports.count_rows(job) == 2
    rows = dict(reports.list_row_counts(job, plan.target))
    assert sum(rows.values()) == 2
    assert [(p.row, p.value) for p in jobs.list_problems(job)] == [(4, "合计, 3")]


def test_phones_with_tags_create_nobody_without_a_question(
    shop: Community, tmp_path: Path
) -> None:
    path = helpers.write(tmp_path, "手机号,标签\n13800138001,常客\n")
    plan = helpers.plan(shop, path, "members")
    unknown_members.ask(plan)
    question = next(q for q in plan.questions if q.key == unknown_members.KEY)
    assert question.text.startswith("1 member ")
