"""What a report prints: every figure is formatted once, here, and stored as its text.

Pages, files, texts and the API show these strings. Labels and sentences around them are
made when they are shown, in the language of the reader.
"""

from __future__ import annotations

import functools
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils import translation

from qunce.core import community_days, json_values, money
from qunce.insight import (
    group_comparison,
    metric_definitions,
    metrics,
    retained_members,
    small_numbers,
)
from qunce.insight.findings import cells, daily, decisions
from qunce.insight.findings.finding import MAX_SHOWN, Finding, Findings
from qunce.insight.findings.models import Decided, FindingReport
from qunce.insight.metric_definitions import COMMUNITY, METRICS, Metric, Place
from qunce.insight.metrics import SpanNumbers
from qunce.insight.notebook import notebook
from qunce.insight.notebook.models import Kind as NoteKind
from qunce.insight.reports import goal_rows, report_settings, staff_numbers
from qunce.insight.typed_numbers.models import TypedNumber
from qunce.sets.rules import references

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff
    from qunce.insight.reports.periods import Period

LINES = ("net_growth", "active_members", "paid")
"""What the first three lines of a report are about."""
DAYS_DRAWN = 28
DAYS_OF_ACTIONS = 28
"""How long before the period an action may be for the report to say what came of it."""
MAX_ACTIONS = 5
MAX_NOTES = 20
MAX_TEXT = 200
COUNTED = ("joins", "leaves", "active", "messages")
"""What is counted of each group."""
SIGNED = ("net_growth",)


# Figures as text


def format_figure(name: str, number: int, currency: str) -> str:
    """A number of a metric, such as `1,204`, `+12` or `CNY 60.00`."""
    text = f"{abs(number):,}"
    if name in METRICS and METRICS[name].is_money:
        text = money.format_with_currency(abs(number), currency)
    if number < 0:
        return f"\N{MINUS SIGN}{text}"
    return f"+{text}" if number and name in SIGNED else text


def format_difference(name: str, difference: int, currency: str) -> str:
    """Such as `+12` or `−CNY 60.00`; `0` without a difference."""
    text = format_figure(name, difference, currency)
    return f"+{text}" if difference > 0 and name not in SIGNED else text


def format_percent_change(metric: Metric, number: int, before: int) -> str:
    """Such as `+12.5 %`; "" without a change, or if there were too few before to say."""
    least = 1 if metric.is_money else small_numbers.MIN_PEOPLE
    if before < least or number == before or metric.name in SIGNED:
        return ""
    text = f"{100 * (number - before) / before:+,.1f} %"
    return text.replace("-", "\N{MINUS SIGN}")


@functools.cache
def definitions_version() -> str:
    """A short hash of the metric dictionary, which changes with any definition."""
    with translation.override("en"):
        entries = [
            [entry.name, entry.formula, str(entry.definition), str(entry.unit)]
            for entry in (
                *METRICS.values(),
                *metric_definitions.RATIOS.values(),
            )
        ]
    text = json_values.dump_exactly(sorted(entries))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


# The parts of a report


def freeze(*, period: Period, by: Staff, at: datetime) -> dict[str, Any]:
    """Everything that a report prints, as `by` sees it.

    Sections that the settings leave out are not counted.
    """
    chosen = report_settings.get(by.community).sections
    with translation.override(by.community.language):
        now, before = (count(span, by=by, at=at) for span in (period, period.previous))
        return {
            "previous": [
                period.previous.first.isoformat(),
                period.previous.last.isoformat(),
            ],
            "metrics": _list_metrics(now, before, by.community.currency),
            "ratios": _list_ratios(now, before),
            "left_out": _sales_left_out(period, by, at),
            "account": _list_account(period, by, at, whole="account" in chosen),
            "days": _list_days(period, by, at),
            "sections": list(chosen),
            "goals": goal_rows.freeze(period, by=by, at=at)
            if "goals" in chosen
            else [],
            "groups": _list_groups(period, by, at)
            if "groups" in chosen
            else {"rows": [], "sum": {}, "people": {}},
            "people": _list_people(period, by, at) if "people" in chosen else [],
            "typed": _list_typed(period, by) if "typed" in chosen else [],
            "by_hand": _list_counted_by_hand(period, by) if "groups" in chosen else [],
            "findings": _list_findings(period, by, at) if "findings" in chosen else [],
            "actions": _list_actions(period, by) if "actions" in chosen else [],
            "notes": _list_notes(period, by) if "notes" in chosen else [],
        }


def count(period: Period, *, by: Staff, at: datetime) -> SpanNumbers:
    """The numbers of the period, not formatted."""
    entries = (
        *metric_definitions.list_all(COMMUNITY),
        *metric_definitions.list_ratios(COMMUNITY),
    )
    names = [entry.name for entry in entries if Place.OVERVIEW in entry.places]
    return metrics.count_span(
        community=by.community,
        first=period.first,
        last=period.last,
        by=by,
        at=at,
        names=[*names, *LINES],
    )


def _list_metrics(
    now: SpanNumbers, before: SpanNumbers, currency: str
) -> list[dict[str, Any]]:
    order = [*LINES, *(name for name in now.numbers if name not in LINES)]
    return [
        {
            "name": name,
            "value": format_figure(name, now.numbers[name], currency),
            "previous": format_figure(name, before.numbers[name], currency),
            "difference": format_difference(
                name, now.numbers[name] - before.numbers[name], currency
            ),
            "change": format_percent_change(
                METRICS[name], now.numbers[name], before.numbers[name]
            ),
            "number": now.numbers[name],
        }
        for name in order
    ]


def _list_ratios(now: SpanNumbers, before: SpanNumbers) -> list[dict[str, str]]:
    """A ratio of too few people has no text."""
    return [
        {
            "name": name,
            "value": ratio.text if ratio.is_enough else "",
            "previous": before.ratios[name].text
            if before.ratios[name].is_enough
            else "",
        }
        for name, ratio in now.ratios.items()
    ]


def _sales_left_out(period: Period, by: Staff, at: datetime) -> str:
    amounts = metrics.sales_left_out(
        community=by.community, first=period.first, last=period.last, by=by, at=at
    )
    return money.format_all(amounts)


def _list_account(
    period: Period, by: Staff, at: datetime, *, whole: bool
) -> list[dict[str, str]]:
    """The account of retained members, then by source if it is to be `whole`."""
    statement = retained_members.compute(
        first=period.first, last=period.last, by=by, at=at
    )
    return [
        {"label": line.label[:MAX_TEXT]}
        | {
            column: f"{getattr(line, column) or 0:,}"
            for column in retained_members.COLUMNS
        }
        for line in (statement.total, *(statement.lines if whole else ()))
    ]


def _list_days(period: Period, by: Staff, at: datetime) -> list[dict[str, Any]]:
    """The active members of each day up to the last one, for the line of the picture."""
    first = period.last - timedelta(days=DAYS_DRAWN - 1)
    numbers = metrics.compute_for_community(
        community=by.community,
        first=first,
        last=period.last,
        by=by,
        at=at,
        names=["active_members"],
    )["active_members"]
    return [
        {"day": (first + timedelta(days=index)).isoformat(), "value": f"{number:,}"}
        for index, number in enumerate(numbers)
    ]


def _find_groups(by: Staff) -> dict[int, tuple[str, str]]:
    """Id of each visible group → its key and its name."""
    keys = [
        key
        for key in references.list_keys(by.community, "group")
        if by.groups is None or key in by.groups
    ]
    find_ids = references.get("group").find_ids if keys else None
    ids = dict(find_ids(by.community, keys)) if find_ids else {}
    names = dict(references.find_names(by.community, "group", keys))
    return {pk: (key, names.get(key, key)[:MAX_TEXT]) for key, pk in ids.items()}


def _list_groups(period: Period, by: Staff, at: datetime) -> dict[str, Any]:
    """All groups from the most growth to the least; `people` counts everyone once."""
    groups = _find_groups(by)
    if not groups:
        return {"rows": [], "sum": {}, "people": {}}
    days = group_comparison.load_days(
        by=by,
        group_ids=list(groups),
        first=community_days.from_date(period.first),
        last=community_days.from_date(period.last),
        at=at,
    )
    numbers: dict[int, dict[str, int]] = {}
    for pk in groups:
        own = {name: days.by_group.get(pk, {}).get(name, 0) for name in COUNTED}
        numbers[pk] = own | {"net_growth": own["joins"] - own["leaves"]}
    order = sorted(
        groups, key=lambda pk: (-numbers[pk]["net_growth"], groups[pk][1], pk)
    )

    def texts(figures: Mapping[str, int]) -> dict[str, str]:
        return {name: format_figure(name, figures[name], "") for name in figures}

    return {
        "rows": [
            {"key": groups[pk][0], "name": groups[pk][1]} | texts(numbers[pk])
            for pk in order
        ],
        "sum": texts(
            {
                name: sum(own[name] for own in numbers.values())
                for name in (*COUNTED, "net_growth")
            }
        ),
        "people": texts({"active": days.together.get("active", 0)}),
    }


def _list_people(period: Period, by: Staff, at: datetime) -> list[dict[str, Any]]:
    """Each member of staff with the groups that they own and the members in charge."""
    groups = _find_groups(by)
    keys = {pk: key for pk, (key, _name) in groups.items()}
    names = dict(groups.values())
    found = staff_numbers.load(period=period, groups=keys, by=by, at=at)
    return [
        {
            "staff": each.staff.pk,
            "name": each.staff.name[:MAX_TEXT],
            "groups": [{"key": key, "name": names[key]} for key in each.groups],
            **{
                name: format_figure(name, number, "")
                for name, number in each.numbers.items()
            },
        }
        for each in found
    ]


def _list_typed(period: Period, by: Staff) -> list[dict[str, str]]:
    """What was typed of each group, the most loss first.

    It is added to nothing that was measured.
    """
    groups = _find_groups(by)
    rows = TypedNumber.objects.filter(
        community=by.community,
        group__in=list(groups),
        day__range=(period.first, period.last),
        replaced_at__isnull=True,
        value__isnull=False,
    ).order_by("day", "pk")
    numbers: dict[int, dict[str, int]] = defaultdict(dict)
    days: dict[int, set[date]] = defaultdict(set)
    for row in rows:
        own = numbers[row.group_id]
        days[row.group_id].add(row.day)
        # The members are those of the last day; people who wrote cannot be added up.
        earlier = own.get(row.field, 0) if row.field in ("joins", "leaves") else 0
        own[row.field] = earlier + (row.value or 0)
    return [
        {
            "key": groups[pk][0],
            "name": groups[pk][1],
            "days": f"{len(days[pk]):,}",
            **{
                name: f"{own[name]:,}" if name in own else ""
                for name in ("members", "joins", "leaves")
            },
        }
        for pk, own in sorted(
            numbers.items(),
            key=lambda item: (
                item[1].get("joins", 0) - item[1].get("leaves", 0),
                groups[item[0]][1],
            ),
        )
    ]


def _list_counted_by_hand(period: Period, by: Staff) -> list[str]:
    """The keys of groups whose numbers staff have typed, in this period or before it."""
    groups = _find_groups(by)
    typed = TypedNumber.objects.filter(
        community=by.community,
        group__in=list(groups),
        day__lte=period.last,
        replaced_at__isnull=True,
        value__isnull=False,
    )
    found = typed.order_by("group").values_list("group", flat=True).distinct()
    return sorted(groups[pk][0] for pk in found)


def _list_findings(
    period: Period, by: Staff, at: datetime
) -> list[dict[str, Any]] | None:
    """The findings of the morning after the period; None if they are not kept."""
    morning = period.last + timedelta(days=1)
    found: Iterable[Finding]
    if morning == community_days.to_date(by.community.day(at)):
        found = daily.load(by=by, at=at).open
    else:
        stored = FindingReport.objects.filter(
            community=by.community, view=daily.view_of(by), day=morning
        ).first()  # unique
        if stored is None:
            return None
        found = Findings.from_json(stored.result).findings
    return [finding.to_json() for finding in list(found)[:MAX_SHOWN]]


def _list_actions(period: Period, by: Staff) -> list[dict[str, Any]]:
    """What staff did about findings, and what came of it."""
    acted = decisions.list_visible(by).filter(
        decided=Decided.ACTED,
        view=daily.view_of(by),
        day__range=(
            period.first - timedelta(days=DAYS_OF_ACTIONS),
            period.last,
        ),
    )
    return [
        {
            "day": row.day.isoformat(),
            "action": row.action,
            "finding": row.finding,
            "outcome": row.outcome,
        }
        for row in acted[:MAX_ACTIONS]
    ]


def _list_notes(period: Period, by: Staff) -> Sequence[dict[str, str]]:
    """Holidays, platform changes and what competitors did, by day."""
    first, last = (community_days.from_date(day) for day in (period.first, period.last))
    notes = [
        (each.day.isoformat(), each.reason[:MAX_TEXT])
        for each in cells.list_left_out(by.community, first, last)
    ]
    notes += [
        (entry.day.isoformat(), f"{entry.who}: {entry.title}"[:MAX_TEXT])
        for entry in notebook.list_visible(by).filter(
            kind=NoteKind.COMPETITOR, day__range=(period.first, period.last)
        )[:MAX_NOTES]
    ]
    return [{"day": day, "text": text} for day, text in sorted(notes)[:MAX_NOTES]]
