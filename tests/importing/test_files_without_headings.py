"""Files whose first row is already data."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter

from qunce.core.communities import Community
from qunce.importing import pipeline
from qunce.importing.files import sources
from qunce.importing.plan import questions
from qunce.members.accounts.models import Account
from tests.importing import helpers

pytestmark = pytest.mark.django_db

TEXT = "张三,13800138001,西安\n李四,13800138002,兰州\n王五,13800138003,西安\n"
MAPPING = {"A": "name", "B": "phone", "C": "attr:city"}


def names_of(community: Community) -> set[str]:
    accounts = Account.objects.filter(community=community)
    return set(accounts.values_list("name", flat=True))


def test_first_row_of_data_is_asked_about(shop: Community, tmp_path: Path) -> None:
    path = helpers.write(tmp_path, TEXT)
    with pytest.raises(questions.AnswerNeeded) as raised:
        helpers.plan(shop, path, "members")
    assert "--first-row data" in str(raised.value)
    # Also where somebody has mapped the first row.
    plan = helpers.plan(shop, path, "members", mapping={"13800138001": "phone"})
    with pytest.raises(questions.AnswerNeeded):
        pipeline.run(plan)


def test_columns_without_headings_are_letters(shop: Community, tmp_path: Path) -> None:
    path = helpers.write(tmp_path, TEXT)
    source = sources.inspect(path, first_row="data")
    assert source.headings == ["A", "B", "C"]
    helpers.run(shop, path, "members", first_row="data", mapping=MAPPING)
    assert names_of(shop) == {"张三", "李四", "王五"}


def test_spreadsheet_without_headings(shop: Community, tmp_path: Path) -> None:
    path = tmp_path / "members.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for number, line in enumerate(TEXT.split()):
            sheet.write_row(number, 0, line.split(","))
    helpers.run(shop, path, "members", answers={"first_row": "data"}, mapping=MAPPING)
    assert names_of(shop) == {"张三", "李四", "王五"}


def test_headings_may_look_like_data(shop: Community, tmp_path: Path) -> None:
    path = helpers.write(tmp_path, "手机号,2026-03-05\n13800138001,1\n")
    plan = helpers.plan(shop, path, "members", first_row="headings")
    assert pipeline.run(plan).job.counts["members"] == 1


@pytest.mark.parametrize(
    "text",
    [
        "编号,姓名,手机号\n1,张三,13800138001\n",
        "姓名,手机号\n张三,13800138001\n姓名,手机号\n李四,13800138002\n",
        "手机号,2025,2026\n13800138001,1,2\n",
    ],
)
def test_usual_headings_are_not_asked_about(tmp_path: Path, text: str) -> None:
    assert not sources.inspect(helpers.write(tmp_path, text)).has_odd_headings


@pytest.mark.parametrize(
    "text",
    [
        "张三\n李四\n王小五\n",
        "张三,西安\n李四,兰州\n王小五,乌鲁木齐\n",
        "Ann Lee\nBob Wu\nCarla de la Cruz\nDan Wu\n".replace("de la", "De La"),
        "张三,25\n李四,31\n",
        "阿凡提·买买提,西安\n李四,兰州\n",
    ],
)
def test_first_row_of_names_is_asked_about(
    shop: Community, tmp_path: Path, text: str
) -> None:
    path = helpers.write(tmp_path, text)
    heading = text.partition("\n")[0].partition(",")[0]
    plan = helpers.plan(shop, path, "members", mapping={heading: "key"})
    with pytest.raises(questions.AnswerNeeded, match="--first-row data"):
        pipeline.run(plan)
    helpers.run(shop, path, "members", first_row="data", mapping={"A": "key"})
    keys = set(Account.objects.values_list("key", flat=True))
    assert keys == {line.partition(",")[0] for line in text.splitlines()}


@pytest.mark.parametrize(
    "text",
    [
        "姓名\n张三\n李四\n",
        "顾客,城市\n张三,西安\n李四,兰州\n",
        "昵称,口味\n张三,拿铁\n李四,香草\n",
        "Full Name\nAnn Lee\nBob Wu\n",
        "favourite_drink\nlatte\nmocha\n",
        "口味\n拿铁加双份浓缩\n",
    ],
)
def test_headings_of_words_are_not_asked_about(
    shop: Community, tmp_path: Path, text: str
) -> None:
    path = helpers.write(tmp_path, text)
    heading = text.partition("\n")[0].partition(",")[0]
    plan = helpers.plan(shop, path, "members", mapping={heading: "key"})
    assert [q for q in plan.questions if q.key == "first_row"] == []
