"""Settings of reports: where weeks begin, which sections are in, how long dailies stay."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from qunce.core import permissions
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.insight.findings import daily, decisions
from qunce.insight.notebook import notebook
from qunce.insight.reports import (
    consequences,
    files,
    report_settings,
    reports,
    sections,
    texts,
)
from qunce.insight.reports.models import Kind, Report
from qunce.insight.reports.report_settings import (
    DEFAULT_KEEP_DAYS,
    SECTIONS,
    InvalidReportSettings,
)
from qunce.members.staff_in_charge import assignments
from qunce.sets.mirror import deriver
from tests import clients, factories
from tests.cli.runner import in_this_process
from tests.insight.findings import planted
from tests.insight.findings.planted import NOW

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)
PAGE = "/insight/reports/settings/"


def change(by: Staff, at: datetime = NOW, **changes: Any) -> None:
    report_settings.change(community=by.community, by=by, at=at, **changes)


def print_due(community: Community, at: datetime) -> list[tuple[str, date, date]]:
    """What the clock prints in the first minutes, by kind."""
    before = set(Report.objects.values_list("pk", flat=True))
    for minute in range(5):
        reports.start_day(community=community, at=at + minute * timedelta(minutes=1))
    rows = Report.objects.filter(community=community).exclude(pk__in=before)
    return list(rows.order_by("kind").values_list("kind", "first", "last"))


def test_weeks_begin_on_the_chosen_day_from_now_on() -> None:
    """I10"""
    shop = planted.build()
    by = factories.staff(shop.community)
    week = reports.create(community=shop.community, kind="weekly", by=by, at=NOW)
    given: dict[str, Any] = {"community": shop.community, "by": by, "at": NOW}
    assert consequences.list_all(**given, first_weekday=0) == []
    first, second = consequences.list_all(**given, first_weekday=6)
    assert "begin on Sunday. That of 2026-08-16 to 2026-08-22" in first
    assert "2026-08-17 to 2026-08-23 has, too" in second
    # Saturday and the days up to it: the week of 15 August is the last complete one.
    change(by, first_weekday=5)
    printed = print_due(shop.community, NOW)
    assert (Kind.WEEKLY, date(2026, 8, 15), date(2026, 8, 21)) in printed
    assert week in reports.list_visible(by)
    again = reports.create(**given, kind="weekly", day=date(2026, 8, 18))
    assert (again.first, again.last) == (date(2026, 8, 15), date(2026, 8, 21))
    assert again.result["previous"] == ["2026-08-08", "2026-08-14"]
    with pytest.raises(reports.InvalidPeriod, match="2026-08-22 to 2026-08-28"):
        reports.create(**given, kind="weekly", day=date(2026, 8, 23))
    assert not [
        row for row in print_due(shop.community, NOW + DAY) if row[0] == "weekly"
    ]
    (fact,) = factories.recorded_facts(shop.community, "report.settings_changed")
    assert fact[1]["before"] == {"first_weekday": 0}
    assert fact[1]["after"] == {"first_weekday": 5}


@pytest.mark.parametrize(
    ("zone", "day_start", "local"),
    [
        ("Asia/Shanghai", 0, datetime(2026, 8, 24, 0, 1, tzinfo=UTC)),
        ("America/Los_Angeles", 0, datetime(2026, 3, 9, 0, 1, tzinfo=UTC)),
        ("America/Los_Angeles", 0, datetime(2026, 11, 2, 0, 1, tzinfo=UTC)),
        ("Africa/Cairo", 240, datetime(2026, 4, 27, 4, 1, tzinfo=UTC)),
    ],
)
def test_new_reports_follow_the_clock_of_the_community(
    zone: str, day_start: int, local: datetime
) -> None:
    """Each is a Monday, the minute after a day began: before it, nothing is over."""
    began = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    community = factories.community(
        timezone=zone, day_start=day_start, language="en", at=began - 60 * DAY
    )
    factories.member(community, "ann", at=began - 20 * DAY)
    deriver.catch_up()
    monday = local.date()
    assert (Kind.DAILY, monday - 2 * DAY, monday - 2 * DAY) in print_due(
        community, began - timedelta(minutes=7)
    )
    printed = print_due(community, began)
    assert (Kind.DAILY, monday - DAY, monday - DAY) in printed
    assert (Kind.WEEKLY, monday - 7 * DAY, monday - DAY) in printed
    by = factories.staff(community)
    change(by, began, first_weekday=1)
    (week,) = [row for row in print_due(community, began) if row[0] == Kind.WEEKLY]
    assert week[1:] == (monday - 13 * DAY, monday - 7 * DAY)


def test_left_out_sections_are_in_no_output() -> None:
    shop = planted.build(quiet="fruit")
    by = factories.staff(shop.community, name="Ann")
    group = shop.groups["fruit"]
    group.owner = by
    group.save()
    notebook.create(
        community=shop.community,
        kind="competitor",
        day=date(2026, 8, 23),
        who="Them",
        title="A sale",
        by=by,
        at=NOW,
    )
    given: dict[str, Any] = {"community": shop.community, "kind": "daily", "by": by}
    whole = reports.create(**given, at=NOW)
    names = {table.name for table in sections.tables(whole)}
    assert {"groups", "people", "account", "notes"} <= names
    assert sections.finding_texts(whole)
    (sentence,) = consequences.list_all(
        community=shop.community, by=by, at=NOW, left_out=list(SECTIONS)
    )
    assert sentence.startswith("Reports that are printed from now on have no section")
    change(by, left_out=list(SECTIONS))
    short = reports.create(**given, day=date(2026, 8, 22), at=NOW)
    assert [table.name for table in sections.tables(short)] == ["metrics"]
    assert sections.account_line(short) == sections.account_line(whole)
    assert not sections.finding_texts(short)
    assert len(texts.write(short, tone="boss").splitlines()) == 4
    for file_format in ("html", "svg", "xlsx"):
        data = files.write(short, file_format)
        if file_format == "xlsx":
            data = zipfile.ZipFile(io.BytesIO(data)).read("xl/sharedStrings.xml")
        assert b"Findings" not in data
        assert b"weekly rhythm" not in data
        assert b"Fruit" not in data
    page = clients.browser(by).get(f"/insight/reports/{short.pk}/").content.decode()
    assert "h-findings" not in page
    assert "Them: A sale" not in page
    page = clients.browser(by).get(f"/insight/reports/{whole.pk}/").content.decode()
    assert "h-findings" in page
    assert "Them: A sale" in page


def test_team_is_told_by_person() -> None:
    shop = planted.build(quiet="fruit")
    community = shop.community
    by = factories.staff(community)
    ann = factories.staff(community, permissions.Role.OPERATOR, "anna", name="Ann")
    ben = factories.staff(
        community, permissions.Role.OPERATOR, "ben", name="Ben", groups=["bread"]
    )
    for key in ("fruit", "tea"):
        shop.groups[key].owner = ann
        shop.groups[key].save()
    planted.remove_members(shop, "tea", shop.members["tea"][20:25], planted.day_at(2))
    assignments.assign(
        community=community,
        accounts=shop.members["bread"][:6],
        staff=ben,
        by=by,
        at=NOW,
    )
    deriver.catch_up()
    report = reports.create(community=community, kind="weekly", by=by, at=NOW)
    people = {row["name"]: row for row in report.result["people"]}
    assert list(people) == ["Ann", "Ben"]
    groups = {row["key"]: row for row in report.result["groups"]["rows"]}
    # Nobody is in two groups, so that the numbers add up.
    for name in ("joins", "leaves", "active", "messages"):
        expected = sum(int(groups[key][name]) for key in ("fruit", "tea"))
        assert people["Ann"][name] == str(expected)
    assert (people["Ben"]["in_charge"], people["Ben"]["in_charge_active"]) == ("6", "6")
    assert people["Ann"]["in_charge"] == "0"
    team = texts.write(report, tone="team")
    assert "Ann: 2 groups with net growth \N{MINUS SIGN}5 and" in team
    assert "Ben: in charge of 6 members, of whom 6 were active and 0 bought" in team
    own = texts.write(report, tone="person", staff=ann.pk)
    assert "Tea: 0 joined, 5 left" in own
    assert "Bread" not in own
    assert any("Fruit" in line for line in own.splitlines()[3:])
    with pytest.raises(reports.ReportNotFound):
        texts.write(report, tone="person", staff=by.pk)
    parts = {staff.name: texts.part_of(report, staff) for staff in (ann, ben)}
    assert set(parts.values()) == {"person"}
    assert texts.part_of(report, by) == "boss"
    # The same report has only their own row for staff who do not see others' numbers.
    seen = reports.create(community=community, kind="weekly", by=ann, at=NOW)
    assert (seen.pk, [row["name"] for row in seen.result["people"]]) == (
        report.pk,
        ["Ann"],
    )
    page = clients.browser(ann).get(f"/insight/reports/{report.pk}/").content.decode()
    assert "Tea" in page
    assert "in charge of 6 members" not in page
    page = clients.browser(by).get(f"/insight/reports/{report.pk}/").content.decode()
    assert "in charge of 6 members" in page
    # Whoever sees one group gets nothing of those who own the others.
    limited = reports.create(community=community, kind="weekly", by=ben, at=NOW)
    assert [row["name"] for row in limited.result["people"]] == ["Ben"]
    api = clients.create_client(community)
    address = f"/reports/{report.pk}/text?tone=person&staff={ann.pk}"
    assert api.get(address).body["text"] == own


def test_old_dailies_are_deleted_but_for_those_that_something_came_of() -> None:
    shop = planted.build(quiet="fruit")
    community = shop.community
    by = factories.staff(community)
    given: dict[str, Any] = {"community": community, "by": by}
    acted = reports.create(**given, kind="daily", at=NOW)
    cell = daily.load(by=by, at=NOW).open[0].cell
    decisions.act(**given, cell=cell, at=NOW)
    plain = reports.create(**given, kind="daily", day=date(2026, 8, 20), at=NOW)
    noted = reports.create(**given, kind="daily", day=date(2026, 8, 21), at=NOW)
    noted.result["notes"] = [{"day": "2026-08-21", "text": "Holiday"}]
    noted.save()
    week = reports.create(**given, kind="weekly", at=NOW)
    later = NOW + (DEFAULT_KEEP_DAYS - 4) * DAY
    print_due(community, later)
    assert Report.objects.filter(pk=plain.pk).exists()
    print_due(community, later + DAY)
    left = set(Report.objects.filter(last__lte=NOW.date()).values_list("pk", flat=True))
    assert left >= {acted.pk, noted.pk, week.pk}
    assert plain.pk not in left
    (fact,) = factories.recorded_facts(community, "report.deleted")
    assert fact[1] == {"number": 1, "until": "2026-08-20"}
    # Once nothing came of it any more, it goes, too.
    decisions.withdraw(decision=decisions.list_visible(by)[0], by=by, at=later)
    print_due(community, later + 30 * DAY)
    left = set(Report.objects.values_list("pk", flat=True))
    assert acted.pk not in left
    assert {noted.pk, week.pk} <= left


def test_page_api_and_command_change_the_same_settings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shop = planted.build()
    owner = factories.staff(shop.community)
    browser = clients.browser(owner)
    sent: dict[str, Any] = {
        "first_weekday": "6",
        "sections": ["groups", "findings"],
        "keep_days": "90",
    }
    asked = browser.post(PAGE, sent)
    assert asked.status_code == 200
    assert "What this change brings about" in asked.content.decode()
    assert report_settings.get(shop.community) == report_settings.Settings()
    assert browser.post(PAGE, {**sent, "confirmed": "1"}).status_code == 303
    api = clients.create_client(shop.community)
    stored = {
        "first_weekday": 6,
        "left_out": ["account", "actions", "goals", "notes", "people", "typed"],
        "keep_days": 90,
    }
    assert api.get("/reports/settings").body == stored
    sentences = api.post("/reports/settings/consequences", {"keep_days": 60}).body
    assert sentences == [
        "0 daily reports are deleted tomorrow: they are older than 60 days."
    ]
    assert api.request("PATCH", "/reports/settings", {"left_out": []}).body == {
        **stored,
        "left_out": [],
    }
    run = in_this_process(capsys, "--community", shop.community.key)
    shown = run("reports", "settings", "--keep-days", "31", "--json").json
    assert shown["keep_days"] == 31
    assert run("reports", "deliveries").code == 0
    assert browser.post(PAGE, {**sent, "keep_days": "3"}).status_code == 422
    for wrong in ({"first_weekday": 7}, {"left_out": ["poem"]}, {"keep_days": 1}):
        with pytest.raises(InvalidReportSettings):
            change(owner, **wrong)
    viewer = factories.staff(shop.community, permissions.Role.VIEWER, "cat")
    assert clients.browser(viewer).get(PAGE).status_code in (403, 404)
    with pytest.raises(permissions.NotAllowed):
        change(viewer, keep_days=60)
    with pytest.raises(permissions.NotAllowed):
        consequences.list_all(community=shop.community, by=viewer, at=NOW, keep_days=60)
