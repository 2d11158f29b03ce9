"""Goals in reports: the same texts in every output, as of the end of the period (I10, I14)."""

from __future__ import annotations

import io
import zipfile
from datetime import date, timedelta

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.insight.goals import goals, progress, results
from qunce.insight.reports import files, reports, sections, texts
from qunce.insight.reports.models import Report
from tests import clients, factories
from tests.factories import AT

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
TODAY = date(2026, 3, 5)


@pytest.fixture
def shop() -> Community:
    return factories.community(language="en", timezone="UTC", at=AT - 60 * DAY)


@pytest.fixture
def owner(shop: Community) -> Staff:
    return factories.staff(shop)


@pytest.fixture
def report(shop: Community, owner: Staff) -> Report:
    """Yesterday's, with a goal that runs, one of a group, and one that is to come."""
    factories.members(shop, "a", "b", at=AT - 2 * DAY)
    factories.group(shop, "north", "a", name="North", at=AT - 10 * DAY)
    for name, fields in (
        ("Spring", {"metric": "new_members", "first": TODAY - 4 * DAY}),
        ("", {"metric": "members", "first": TODAY - 4 * DAY, "group": "north"}),
        ("Later", {"metric": "orders", "first": TODAY}),
    ):
        goals.create(
            community=shop,
            name=name,
            direction="at_least",
            target="10",
            last=TODAY + 5 * DAY,
            by=owner,
            at=AT - 4 * DAY,
            **fields,
        )
    factories.member(shop, "today", at=AT)
    return reports.create(community=shop, kind="daily", by=owner, at=AT)


LINE = "Spring: 2, target 10, behind"


def test_a_report_has_goals_as_of_its_last_day(report: Report) -> None:
    rows = report.result["goals"]
    assert [row["title"] for row in rows] == [
        "Spring",
        "North · Group members at least 10",
    ]
    assert {key: rows[0][key] for key in ("value", "share", "elapsed", "standing")} == {
        "value": "2",
        "share": "20 %",
        "elapsed": "40 %",
        "standing": "behind",
    }
    (table,) = [each for each in sections.tables(report) if each.name == "goals"]
    assert table.rows[0][:6] == ("Spring", "2", "10", "20 %", "40 %", "behind")


def test_every_output_shows_them(report: Report, shop: Community) -> None:
    assert "Goals: 2 behind" in texts.write(report, tone="boss")
    assert LINE in texts.write(report, tone="team")
    owner_text = texts.write(report, tone="group_owner", group="north")
    assert "North · Group members at least 10: " in owner_text
    assert LINE not in owner_text
    html = files.write(report, "html").decode()
    assert "<bdi>Spring</bdi>" in html
    with zipfile.ZipFile(io.BytesIO(files.write(report, "xlsx"))) as book:
        assert "Spring" in book.read("xl/sharedStrings.xml").decode()
    found = clients.create_client(shop, "owner").get(f"/reports/{report.pk}")
    tables = {table["name"]: table["rows"] for table in found.body["tables"]}
    assert tables["goals"][0][:4] == ["Spring", "2", "10", "20 %"]
    page = clients.browser(factories.staff(shop, login="eve")).get(
        f"/insight/reports/{report.pk}/"
    )
    assert "Spring" in page.content.decode()


def test_a_report_and_the_kept_result_agree(shop: Community, owner: Staff) -> None:
    goal = goals.create(
        community=shop,
        metric="new_members",
        direction="at_least",
        target="1",
        first=TODAY,
        last=TODAY,
        by=owner,
        at=AT,
    )
    factories.member(shop, "a", at=AT)
    after = AT + DAY
    results.start_day(community=shop, at=after)
    report = reports.create(community=shop, kind="daily", by=owner, at=after)
    (row,) = report.result["goals"]
    kept = progress.load(goals.get(by=owner, pk=goal.pk), by=owner, at=after)
    assert (row["value"], row["standing"]) == ("1", "met")
    assert (kept.value_text, kept.standing.value) == ("1", "met")


def test_limited_staff_have_goals_of_their_groups_only(
    shop: Community, report: Report
) -> None:
    local = factories.staff(
        shop, "manager", "lin", scope={"group": {"any": ["north"]}}, groups=["north"]
    )
    own = reports.create(community=shop, kind="daily", by=local, at=AT)
    (row,) = own.result["goals"]
    assert (row["group"], row["standing"], row["share"]) == ("north", "partial", "")
    assert len(report.result["goals"]) == 2
