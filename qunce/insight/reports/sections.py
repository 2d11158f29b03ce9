"""A printed report in words and tables, in the current language.

All figures are those of the frozen result. Pages, files and texts show these parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from qunce.insight.findings import sentences
from qunce.insight.findings.actions import ACTIONS
from qunce.insight.findings.finding import Finding
from qunce.insight.findings.outcomes import Outcome
from qunce.insight.metric_definitions import METRICS, RATIOS
from qunce.insight.reports import goal_rows, report_settings, reports, results
from qunce.insight.reports.models import Kind, Report

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MAX_GROUPS_SHOWN = 5
"""Groups at either end of a short table."""
TITLES: dict[str, StrOrPromise] = {
    Kind.DAILY: gettext_lazy("Daily report"),
    Kind.WEEKLY: gettext_lazy("Weekly report"),
    Kind.MONTHLY: gettext_lazy("Monthly report"),
}
COMPARED: dict[str, StrOrPromise] = {
    Kind.DAILY: gettext_lazy("same weekday of the week before"),
    Kind.WEEKLY: gettext_lazy("week before"),
    Kind.MONTHLY: gettext_lazy("month before"),
}
GROUP_HEADINGS: dict[str, StrOrPromise] = {
    "joins": gettext_lazy("Joins"),
    "leaves": gettext_lazy("Leaves"),
    "net_growth": gettext_lazy("Net growth"),
    "active": gettext_lazy("Active members"),
    "messages": gettext_lazy("Messages"),
}
ACCOUNT_HEADINGS: dict[str, StrOrPromise] = {
    "opening": gettext_lazy("At the start"),
    "joined": pgettext_lazy("account of members", "Joined"),
    "returned": gettext_lazy("Came back"),
    "left": pgettext_lazy("account of members", "Left"),
    "closing": gettext_lazy("At the end"),
}
PEOPLE_HEADINGS: dict[str, StrOrPromise] = {
    "in_charge": gettext_lazy("In charge of"),
    "in_charge_active": gettext_lazy("Active of these"),
    "in_charge_buyers": gettext_lazy("Buyers of these"),
    "joins": gettext_lazy("Joins"),
    "leaves": gettext_lazy("Leaves"),
    "net_growth": gettext_lazy("Net growth"),
    "active": gettext_lazy("Active members"),
    "messages": gettext_lazy("Messages"),
}
TYPED_HEADINGS: dict[str, StrOrPromise] = {
    "days": pgettext_lazy("report", "Days with numbers"),
    "members": gettext_lazy("Group members"),
    "joins": gettext_lazy("Joins"),
    "leaves": gettext_lazy("Leaves"),
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """A number with that of the period before."""

    name: str
    label: str
    value: str
    previous: str
    difference: str
    compared: str

    @property
    def text(self) -> str:
        return _(
            "%(label)s: %(value)s (%(compared)s: %(previous)s, %(difference)s)"
        ) % {
            "label": self.label,
            "value": self.value,
            "compared": self.compared,
            "previous": self.previous,
            "difference": self.difference,
        }

    @property
    def previous_text(self) -> str:
        return _("%(compared)s: %(previous)s") % {
            "compared": self.compared,
            "previous": self.previous,
        }


@dataclass(frozen=True, kw_only=True)
class Table:
    """The first cell of a row is its heading; the others are numbers if `is_numeric`."""

    name: str
    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    is_numeric: bool = True
    last_rows: int = 0
    """Rows at the end that are sums."""


@dataclass(frozen=True, kw_only=True)
class FindingText:
    headline: str
    cause: str
    effect: str


@dataclass(frozen=True, kw_only=True)
class ActionText:
    """What somebody did on a day, and what came of it."""

    day: str
    action: str
    headline: str
    outcome: str


def has_section(report: Report, name: str) -> bool:
    """Whether the section was chosen when the report was printed."""
    return name in report.result.get("sections", report_settings.SECTIONS)


def label_of(name: str) -> str:
    entry = METRICS.get(name) or RATIOS.get(name)
    return str(entry.label) if entry else name


def title(report: Report) -> str:
    return _("%(kind)s, %(days)s") % {
        "kind": TITLES[report.kind],
        "days": days_text(report),
    }


def days_text(report: Report) -> str:
    """Such as `2026-11-23 – 2026-11-29`, of a day its weekday too."""
    if report.kind == Kind.DAILY:
        weekday = sentences.WEEKDAYS[report.first.weekday()]
        return f"{report.first.isoformat()} ({weekday})"
    return f"{report.first.isoformat()} – {report.last.isoformat()}"


def stamp(report: Report) -> str:
    """As of when the numbers are, and by which definitions."""
    zone = ZoneInfo(report.community.timezone)
    return _("Counted at %(time)s, definitions %(version)s.") % {
        "time": f"{report.created_at.astimezone(zone):%Y-%m-%d %H:%M}",
        "version": report.definitions,
    }


def lines(report: Report) -> list[Line]:
    """The first three lines: net growth, active members, sales."""
    found = [reports.find_metric(report, name) for name in results.LINES]
    return [
        Line(
            name=row["name"],
            label=label_of(row["name"]),
            value=row["value"],
            previous=row["previous"],
            difference=row["difference"],
            compared=str(COMPARED[report.kind]),
        )
        for row in found
        if row is not None
    ]


def account_line(report: Report) -> str:
    """The account of retained members as an equation."""
    return _(
        "%(opening)s at the start + %(joined)s joined + %(returned)s came back − "
        "%(left)s left = %(closing)s"
    ) % {name: report.result["account"][0][name] for name in ACCOUNT_HEADINGS}


def left_out_line(report: Report) -> str:
    """Money that the sales do not contain."""
    if not report.result["left_out"]:
        return ""
    return _("Not in the sales, as there is no exchange rate: %(amounts)s.") % {
        "amounts": report.result["left_out"]
    }


def finding_texts(report: Report) -> list[FindingText]:
    found = [Finding.from_json(each) for each in report.result["findings"] or ()]
    return [
        FindingText(
            headline=sentences.headline(each),
            cause=sentences.cause_line(each),
            effect=sentences.effect_line(each.effect),
        )
        for each in found
    ]


def no_finding_line(report: Report) -> str:
    """Why there is no finding; "" if there is one, or if findings are left out."""
    if not has_section(report, "findings"):
        return ""
    if report.result["findings"] is None:
        return _("The findings of these days were not kept.")
    if not report.result["findings"]:
        return _("Nothing has left its weekly rhythm.")
    return ""


def action_texts(report: Report) -> list[ActionText]:
    texts = []
    for row in report.result["actions"]:
        finding, outcome = Finding.from_json(row["finding"]), row["outcome"]
        texts.append(
            ActionText(
                day=row["day"],
                action=str(ACTIONS[row["action"]].label)
                if row["action"] in ACTIONS
                else row["action"],
                headline=sentences.headline(finding, report.last + timedelta(days=1)),
                outcome=sentences.outcome_line(
                    None if outcome is None else Outcome.from_json(outcome), finding
                ),
            )
        )
    return texts


# Tables


def tables(report: Report, *, is_short: bool = False) -> list[Table]:
    """The tables that have rows; short ones have the groups at either end."""
    found = (
        _metric_table(report),
        _goal_table(report),
        _account_table(report),
        _people_table(report),
        _group_table(report, is_short=is_short),
        _typed_table(report),
        _note_table(report),
    )
    return [table for table in found if table.rows]


def _metric_table(report: Report) -> Table:
    rows = [
        (
            label_of(row["name"]),
            row["value"],
            row["previous"],
            row["difference"],
            row["change"],
        )
        for row in report.result["metrics"]
    ]
    enough = _("not enough to say")
    rows += [
        (
            label_of(row["name"]),
            row["value"] or enough,
            row["previous"] or enough,
            "",
            "",
        )
        for row in report.result["ratios"]
    ]
    return Table(
        name="metrics",
        title=pgettext("report", "Numbers"),
        headings=(
            _("Metric"),
            pgettext("report", "Value"),
            str(COMPARED[report.kind]),
            pgettext("report", "Difference"),
            pgettext("report", "Change"),
        ),
        rows=tuple(rows),
        note=left_out_line(report),
    )


def _goal_table(report: Report) -> Table:
    return Table(
        name="goals",
        title=pgettext("menu", "Goals"),
        headings=(
            pgettext("report", "Goal"),
            pgettext("report", "Value"),
            pgettext("goal", "Target"),
            pgettext("goal", "Of the target"),
            pgettext("goal", "Of the days"),
            pgettext("goal", "Standing"),
            pgettext("report", "Days"),
        ),
        rows=tuple(
            (
                row["title"],
                row["value"],
                row["target"],
                row["share"],
                row["elapsed"],
                goal_rows.standing_label(row),
                row["span"],
            )
            for row in report.result.get("goals", ())
        ),
    )


def _account_table(report: Report) -> Table:
    account = report.result["account"] if has_section(report, "account") else []
    rows = [
        (
            row["label"] or _("All members"),
            *(row[name] for name in ACCOUNT_HEADINGS),
        )
        for row in (*account[1:], *account[:1])
    ]
    return Table(
        name="account",
        title=_("Retained members"),
        headings=(_("Source"), *(str(text) for text in ACCOUNT_HEADINGS.values())),
        rows=tuple(rows),
        last_rows=1,
    )


def _people_table(report: Report) -> Table:
    return Table(
        name="people",
        title=pgettext("report", "Staff"),
        headings=(
            _("Name"),
            pgettext("report", "Groups"),
            *(str(text) for text in PEOPLE_HEADINGS.values()),
        ),
        rows=tuple(
            (
                row["name"],
                f"{len(row['groups']):,}",
                *(row[name] for name in PEOPLE_HEADINGS),
            )
            for row in report.result.get("people", ())
        ),
        note=_(
            "Members in charge are those of when this was printed. Joins and all that "
            "follow are of the groups that somebody owns, with everyone active once."
        ),
    )


def _group_table(report: Report, *, is_short: bool) -> Table:
    groups = report.result["groups"]
    chosen = [row for row in groups["rows"] if not is_counted_by_hand(report, row)]
    note = ""
    if is_short and len(chosen) > 2 * MAX_GROUPS_SHOWN:
        note = _("The %(n)s groups at either end of %(all)s; the files have all.") % {
            "n": MAX_GROUPS_SHOWN,
            "all": f"{len(chosen):,}",
        }
        chosen = [*chosen[:MAX_GROUPS_SHOWN], *chosen[-MAX_GROUPS_SHOWN:]]
    rows: list[tuple[str, ...]] = [
        (row["name"], *(row[name] for name in GROUP_HEADINGS)) for row in chosen
    ]
    if rows:
        rows += [
            (
                pgettext("groups", "Sum of the groups"),
                *(groups["sum"][name] for name in GROUP_HEADINGS),
            ),
            (
                pgettext("groups", "Different people"),
                *(groups["people"].get(name, "") for name in GROUP_HEADINGS),
            ),
        ]
    return Table(
        name="groups",
        title=_("Groups"),
        headings=(
            pgettext("report", "Group"),
            *(str(text) for text in GROUP_HEADINGS.values()),
        ),
        rows=tuple(rows),
        note=note,
        last_rows=2,
    )


def _typed_table(report: Report) -> Table:
    return Table(
        name="typed",
        title=_("Typed numbers"),
        headings=(
            pgettext("report", "Group"),
            *(str(text) for text in TYPED_HEADINGS.values()),
        ),
        rows=tuple(
            (row["name"], *(row[name] for name in TYPED_HEADINGS))
            for row in report.result["typed"]
        )
        + tuple(
            (group["name"], _("not typed"), *[""] * (len(TYPED_HEADINGS) - 1))
            for group in report.result["groups"]["rows"]
            if has_section(report, "typed")
            and is_counted_by_hand(report, group)
            and find_typed(report, group) is None
        ),
        note=_("Staff typed these; they are in no other number of this report."),
    )


def _note_table(report: Report) -> Table:
    return Table(
        name="notes",
        title=pgettext("report", "Dated notes"),
        headings=(_("Day"), pgettext("report", "What happened")),
        rows=tuple((row["day"], row["text"]) for row in report.result["notes"]),
        is_numeric=False,
    )


def find_group(report: Report, key: str) -> dict[str, Any]:
    """The numbers of one group. Raises ReportNotFound."""
    for row in report.result["groups"]["rows"]:
        if row["key"] == key:
            return dict(row)
    raise reports.ReportNotFound(
        _("The report has no group “%(key)s”.") % {"key": key[:80]}
    )


def is_counted_by_hand(report: Report, group: dict[str, Any]) -> bool:
    """Whether the zeros of a group say that nothing measures it."""
    if find_typed(report, group) is not None:
        return True
    return _is_unmeasured(group) and group["key"] in report.result.get("by_hand", ())


def _is_unmeasured(group: dict[str, Any]) -> bool:
    return all(group[name].strip("+") == "0" for name in GROUP_HEADINGS)


def find_typed(report: Report, group: dict[str, Any]) -> dict[str, Any] | None:
    """What staff typed of a group of which nothing was measured; None for the others."""
    if not _is_unmeasured(group):
        return None
    rows = report.result["typed"]
    return next((row for row in rows if row["key"] == group["key"]), None)


def find_person(report: Report, staff: int) -> dict[str, Any]:
    """The numbers of one member of staff. Raises ReportNotFound."""
    for row in report.result.get("people", ()):
        if row["staff"] == staff:
            return dict(row)
    raise reports.ReportNotFound(
        _("The report has nothing of the staff member %(key)s.") % {"key": staff}
    )
