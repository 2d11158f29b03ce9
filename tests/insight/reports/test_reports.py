"""Reports are printed once, and every output shows the same figures (I10)."""

from __future__ import annotations

import io
import zipfile
from datetime import date, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from defusedxml import ElementTree
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from qunce.core import permissions
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.insight import metrics
from qunce.insight.findings import daily, decisions
from qunce.insight.notebook import notebook
from qunce.insight.reports import (
    files,
    periods,
    report_settings,
    reports,
    results,
    sections,
    texts,
)
from qunce.insight.reports.models import Kind, Report
from qunce.insight.reports.reports import InvalidPeriod, ReportNotFound
from qunce.insight.reports.texts import Tone
from qunce.insight.typed_numbers import typed_numbers
from qunce.insight.typed_numbers.typed_numbers import Entry
from tests import factories, shares
from tests.insight.findings import planted
from tests.insight.findings.planted import NOW, Shop

pytestmark = pytest.mark.django_db(transaction=True)
HOSTILE = "=1+1<b>"
SUNDAY = date(2026, 8, 23)


def build() -> Shop:
    """A quiet group with a hostile name, a note, and a typed number."""
    shop = planted.build(quiet="fruit")
    by = staff_models.system(shop.community)
    planted.remove_members(shop, "tea", shop.members["tea"][20:25], planted.day_at(2))
    factories.leave(shop.community, "bread-39", at=planted.day_at(3))
    group = shop.groups["fruit"]
    group.name = HOSTILE
    group.save()
    notebook.create(
        community=shop.community,
        kind="platform_change",
        day=SUNDAY - timedelta(days=1),
        title="New button for adverts",
        by=by,
        at=NOW,
    )
    typed_numbers.save(
        community=shop.community,
        entries=[Entry(group=group, day=SUNDAY, field="joins", value=7)],
        by=by,
        at=NOW,
    )
    return shop


def create(shop: Shop, kind: str, by: Staff, day: date | None = None) -> Report:
    return reports.create(community=shop.community, kind=kind, day=day, by=by, at=NOW)


class Cells(HTMLParser):
    """The texts of the cells of all tables."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.is_cell = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in ("td", "th"):
            self.is_cell = True
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.is_cell = self.is_cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.is_cell:
            self.texts[-1] += data


def cells_of_workbook(data: bytes) -> set[str]:
    """The strings of a workbook, none of which may be a formula or a number."""
    book = zipfile.ZipFile(io.BytesIO(data))
    shared = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
    for name in book.namelist():
        if name.startswith("xl/worksheets/"):
            sheet = ElementTree.fromstring(book.read(name))
            kinds = {cell.get("t") for cell in sheet.iter() if cell.tag.endswith("}c")}
            assert kinds == {"s"}
            assert not [each for each in sheet.iter() if each.tag.endswith("}f")]
    return {text.text or "" for text in shared.iter() if text.tag.endswith("}t")}


def test_all_outputs_have_the_same_figures_and_never_change() -> None:
    """Identity 13 and 14."""
    shop = build()
    by = factories.staff(shop.community)
    report = create(shop, Kind.WEEKLY, by)
    assert (report.first, report.last) == (date(2026, 8, 17), SUNDAY)
    counted = metrics.count_span(
        community=shop.community, first=report.first, last=report.last, by=by, at=NOW
    ).numbers
    printed = {row["name"]: row for row in report.result["metrics"]}
    assert {name: row["number"] for name, row in printed.items()} == {
        name: counted[name] for name in printed
    }
    assert printed["net_growth"]["value"] == "\N{MINUS SIGN}1"
    assert sections.account_line(report) == (
        "120 at the start + 0 joined + 0 came back − 1 left = 119"
    )
    figures = {
        cell for table in sections.tables(report) for row in table.rows for cell in row
    }
    page = Cells()
    html = files.write(report, "html").decode()
    page.feed(html)
    assert figures <= set(page.texts)
    assert "<b>" not in html
    assert figures - {""} <= cells_of_workbook(files.write(report, "xlsx"))
    svg = files.write(report, "svg").decode()
    ElementTree.fromstring(svg)
    boss = texts.write(report, tone=Tone.BOSS)
    assert len(boss.splitlines()) == 5
    for name in results.LINES:
        assert printed[name]["value"] in boss
        assert f">{printed[name]['value']}<" in svg
    stored = report.result
    factories.leave(shop.community, "bread-38", at=planted.day_at(2))
    planted.report(shop, [])
    again = create(shop, Kind.WEEKLY, by)
    assert (again.pk, again.result) == (report.pk, stored)
    changes = {
        each.name: each.difference
        for each in reports.find_changes(report=again, by=by, at=NOW)
    }
    assert (changes["net_growth"], changes["leaves"]) == ("\N{MINUS SIGN}1", "+1")
    created = facts.Fact.objects.filter(
        kind_id=facts.ensure_kinds([reports.ReportCreated.kind])[
            reports.ReportCreated.kind
        ]
    )
    assert created.count() == 1


def test_findings_groups_notes_and_typed_numbers() -> None:
    shop = build()
    by = factories.staff(shop.community)
    report = create(shop, Kind.DAILY, by)
    (finding,) = sections.finding_texts(report)
    assert HOSTILE in finding.headline
    week = create(shop, Kind.WEEKLY, by)
    groups = week.result["groups"]
    # One of bread left the community, and with it the group.
    assert groups["rows"][-1]["key"] == "tea"
    assert groups["rows"][-1]["net_growth"] == "\N{MINUS SIGN}5"
    assert groups["people"]["active"] == groups["sum"]["active"]
    assert week.result["notes"] == [
        {"day": "2026-08-22", "text": "New button for adverts"}
    ]
    (typed,) = week.result["typed"]
    assert (typed["joins"], typed["members"]) == ("7", "")
    assert groups["sum"]["joins"] == "0"
    team = texts.write(week, tone=Tone.TEAM)
    assert "Lost most: Tea \N{MINUS SIGN}5" in team
    assert f"{HOSTILE} (typed): – members, 7 joined, – left" in team
    owner = texts.write(week, tone=Tone.GROUP_OWNER, group="tea")
    assert "0 joined, 5 left, net growth \N{MINUS SIGN}5." in owner
    with pytest.raises(ReportNotFound, match="no group"):
        texts.write(week, tone=Tone.GROUP_OWNER, group="milk")
    # A later report states what an action did.
    cell = daily.load(by=by, at=NOW).open[0].cell
    decisions.act(community=shop.community, cell=cell, by=by, at=NOW)
    later = planted.go_on(shop, 6)
    report = reports.create(community=shop.community, kind="daily", by=by, at=later)
    (action,) = sections.action_texts(report)
    assert "back in its usual range" in action.outcome
    with translation.override("zh-hans"):
        assert sections.title(report).startswith("日报")


def test_typed_numbers_stand_in_for_a_group_without_measured_ones() -> None:
    zeros = {"joins": "0", "leaves": "0", "net_growth": "0", "active": "0"}
    rows = [
        {"key": key, "name": key.title(), **zeros, "messages": messages}
        for key, messages in (("chat", "3"), ("paper", "0"), ("empty", "0"))
    ]
    typed = [
        {"key": key, "members": "", "joins": "7", "leaves": ""}
        for key in ("chat", "paper")
    ]
    report = Report(result={"groups": {"rows": rows}, "typed": typed})
    found = [sections.find_typed(report, row) for row in rows]
    assert found == [None, typed[1], None]


@pytest.mark.parametrize("left_out", [[], ["typed"]])
def test_groups_that_are_counted_by_hand_show_no_zeros(left_out: list[str]) -> None:
    """Nothing measures the group, and nothing of it was typed on the day before."""
    shop = planted.build()
    by = factories.staff(shop.community)
    about: dict[str, Any] = {"community": shop.community, "by": by, "at": NOW}
    since = NOW - timedelta(days=30)
    paper = groups.create(key="paper", name="Paper", **{**about, "at": since})
    entry = Entry(group=paper, day=SUNDAY - timedelta(days=1), field="joins", value=7)
    typed_numbers.save(entries=[entry], **about)
    report_settings.change(left_out=left_out, **about)
    report = create(shop, Kind.DAILY, by)
    tables = {table.name: table for table in sections.tables(report)}
    assert "Paper" not in [row[0] for row in tables["groups"].rows]
    typed = [row[:2] for row in tables["typed"].rows] if "typed" in tables else []
    assert typed == ([] if left_out else [("Paper", "not typed")])
    owner = texts.write(report, tone=Tone.GROUP_OWNER, group="paper")
    assert "0 joined" not in owner
    wanted = "not in this report" if left_out else "were not typed"
    assert f"Paper: its numbers {'are typed and ' if left_out else ''}{wanted}" in owner
    # A measured group that happens to be quiet keeps its zeros.
    assert "0 joined" in texts.write(report, tone=Tone.GROUP_OWNER, group="tea")


def test_staff_get_reports_of_what_they_see() -> None:
    shop = build()
    everyone = factories.staff(shop.community)
    limited = factories.staff(
        shop.community, permissions.Role.OPERATOR, "ben", groups=["tea"]
    )
    whole, own = (create(shop, Kind.WEEKLY, by) for by in (everyone, limited))
    assert [row["key"] for row in own.result["groups"]["rows"]] == ["tea"]
    assert len(whole.result["groups"]["rows"]) == 3
    assert list(reports.list_visible(limited)) == [own]
    with pytest.raises(ReportNotFound):
        reports.get(by=limited, pk=whole.pk)
    with pytest.raises(ReportNotFound):
        reports.get(by=everyone, pk=own.pk)


@pytest.mark.both_databases
def test_each_period_is_printed_once_by_the_clock() -> None:
    shop = planted.build()
    for _minute in range(5):
        reports.start_day(community=shop.community, at=NOW)
    rows = Report.objects.filter(community=shop.community).order_by("pk")
    assert [(row.kind, row.last) for row in rows] == [
        (Kind.DAILY, SUNDAY),
        (Kind.WEEKLY, SUNDAY),
        (Kind.MONTHLY, date(2026, 7, 31)),
    ]
    reports.start_day(community=shop.community, at=NOW + timedelta(days=1))
    assert rows.all().count() == 4


def test_periods_without_numbers_are_refused() -> None:
    shop = planted.build()
    by = factories.staff(shop.community)
    # 72 days of messages, and members who joined before that.
    first = reports.find_first_day(shop.community)
    assert first == date(2026, 5, 16)
    assert create(shop, Kind.DAILY, by, first).first == first
    assert create(shop, Kind.WEEKLY, by, first).first == date(2026, 5, 11)
    for kind, day, sentence in (
        (Kind.DAILY, first - timedelta(days=1), "no numbers before 2026-05-16"),
        (Kind.WEEKLY, first - timedelta(days=7), "no numbers before"),
        (Kind.MONTHLY, date(2026, 4, 30), "no numbers before"),
        (Kind.DAILY, date(1971, 1, 1), "no numbers before"),
        (Kind.WEEKLY, NOW.date(), "not over"),
        (Kind.DAILY, date(2099, 1, 1), "not over"),
        *((kind, date.max, "not over") for kind in Kind.values),
        *((kind, date.min, "no numbers before") for kind in Kind.values),
        ("yearly", None, "daily, weekly, monthly"),
    ):
        with pytest.raises(InvalidPeriod, match=sentence):
            create(shop, kind, by, day)
    assert Report.objects.count() == 2


@settings(max_examples=shares.examples(60))
@given(
    st.sampled_from(Kind.values),
    st.dates(date(1972, 1, 1), date(2100, 1, 1)),
    st.integers(0, 6),
)
def test_periods_have_their_days_and_follow_each_other(
    kind: str, day: date, first_weekday: int
) -> None:
    period = periods.find(kind, day, first_weekday=first_weekday)
    assert period.first <= day <= period.last
    latest = periods.find_latest(kind, day, first_weekday=first_weekday)
    assert latest.last + timedelta(days=1) == period.first
    length = (period.last - period.first).days + 1
    assert length in {"daily": (1,), "weekly": (7,), "monthly": (28, 29, 30, 31)}[kind]
    assert period.previous.last < period.first
    if kind == Kind.DAILY:
        assert period.previous.first.weekday() == day.weekday()
    else:
        assert period.previous == latest
    if kind == Kind.WEEKLY:
        assert period.first.weekday() == first_weekday


@settings(max_examples=shares.examples(40))
@given(st.text(max_size=60), st.integers(2, 40))
def test_long_texts_are_broken_to_the_width_of_the_picture(
    text: str, columns: int
) -> None:
    assert all(files._width(line) <= columns for line in files.wrap(text, columns))
