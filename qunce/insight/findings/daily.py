"""The findings of a day as pages show them: found once, without those decided upon.

Staff with the same limits share a report. It is computed in the morning, or
when they first ask.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from qunce.core import community_days, errors, json_values
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.insight.findings import cells as cell_counts
from qunce.insight.findings import findings, outcomes
from qunce.insight.findings.cells import Cells
from qunce.insight.findings.finding import MAX_SHOWN, Finding, Findings
from qunce.insight.findings.models import (
    Decided,
    FindingDecision,
    FindingReport,
    State,
)
from qunce.insight.findings.outcomes import Outcome
from qunce.members.layers import layers
from qunce.members.segments import segments
from qunce.sets.mirror import mirror
from qunce.sets.rules import base

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from qunce.core.communities import Community

DAYS_AWAY = 14
"""A finding that was decided upon does not come back earlier."""
MAX_AGE = timedelta(hours=6)
"""When new facts of earlier days are counted again."""
DAYS_KEPT = 60
MAX_CASES = 200
WHOLE = ""
"""The view of staff who see everything."""


@dataclass(frozen=True, kw_only=True)
class DayFindings:
    """`open` are at most three findings to decide upon, `decided` are out of the way.

    `all` are those of the day before anything was left out, `computed_at` says as of when.
    """

    all: Findings
    open: tuple[Finding, ...]
    decided: tuple[Finding, ...]
    computed_at: datetime


def view_of(by: Staff) -> str:
    """The limits of what a staff member sees, as a short text; WHOLE without any."""
    if by.scope is None and by.groups is None:
        return WHOLE
    groups = None if by.groups is None else sorted(by.groups)
    # Whatever the scope names is a part of the limits: a segment that was narrowed, a
    # layering that was changed, and the staff member themselves.
    scope = segments.unfold(by.community, by.scope) if by.scope else by.scope
    specs = [
        layers.get(by.community, key).spec
        for kind, key in sorted(set(base.list_mentions(scope)))
        if kind == "layering"
    ]
    asker = by.pk if '"me"' in json_values.dump_exactly(scope) else None
    text = json_values.dump_exactly([scope, specs, groups, asker])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def load(*, by: Staff, at: datetime) -> DayFindings:
    """The findings of this morning; they are computed if nobody has asked yet."""
    row = _find_report(by, at)
    if row is None or _is_stale(row, at):
        row = compute(by=by, at=at)
    return _describe(row, by, at)


def find_stored(*, by: Staff, at: datetime) -> DayFindings | None:
    """The findings of this morning if they are computed already."""
    row = _find_report(by, at)
    return None if row is None else _describe(row, by, at)


def _describe(row: FindingReport, by: Staff, at: datetime) -> DayFindings:
    found = Findings.from_json(row.result)
    away = {each.cell for each in list_away(by, at=at)}
    everything = (*found.findings, *found.others)
    is_open = [each for each in everything if each.cell not in away]
    return DayFindings(
        all=found,
        open=tuple(is_open[:MAX_SHOWN]),
        decided=tuple(each for each in everything if each.cell in away),
        computed_at=row.computed_at,
    )


def start_day(*, community: Community, at: datetime) -> None:
    """Compute the findings of the day for one kind of staff for whom it is not done.

    It is called every minute, so that many scopes do not delay other jobs.
    """
    day = community_days.to_date(community.day(at))
    reports = FindingReport.objects.filter(community=community, day=day)
    done = set(reports.values_list("view", flat=True))
    staff = Staff.objects.filter(community=community, is_active=True)
    for by in (staff_models.system(community), *staff.order_by("pk")):
        try:
            if view_of(by) in done:
                continue
            compute(by=by, at=at)
        except errors.QunceError:
            # A scope that names what is gone must not keep others from their findings.
            continue
        return


def compute(*, by: Staff, at: datetime) -> FindingReport:
    """Find again, and measure what happened after each action of the last weeks."""
    community = by.community
    view, position = view_of(by), mirror.position().reached
    cells = cell_counts.load(by=by, at=at)
    found = findings.find_in(cells, limit=findings.MAX_KEPT)
    for decision in _list_acted(community, view):
        _measure_outcome(decision, cells)
    found = _with_effects(found, _list_acted(community, view))
    day = community_days.to_date(community.day(at))
    with transaction.atomic():
        row, _is_new = FindingReport.objects.update_or_create(
            community=community,
            view=view,
            day=day,
            defaults={
                "result": found.to_json(),
                "position": position,
                "computed_at": at,
            },
        )
        FindingReport.objects.filter(
            community=community, day__lt=day - timedelta(days=DAYS_KEPT)
        ).delete()
    return row


def _find_report(by: Staff, at: datetime) -> FindingReport | None:
    community = by.community
    day = community_days.to_date(community.day(at))
    rows = FindingReport.objects.filter(community=community, view=view_of(by), day=day)
    return rows.first()  # unique


def _is_stale(row: FindingReport, at: datetime) -> bool:
    if timedelta() <= at - row.computed_at < MAX_AGE:
        return False
    return row.position != mirror.position().reached


# What staff decided


def list_decisions(by: Staff) -> QuerySet[FindingDecision]:
    """The decisions about what a staff member sees, the latest first."""
    rows = FindingDecision.objects.filter(community=by.community)
    if by.is_scoped:
        # The numbers in others are of people whom they do not see.
        rows = rows.filter(view=view_of(by))
    return rows.select_related("by", "community").order_by("-decided_at", "-pk")


def list_away(by: Staff, *, at: datetime) -> list[FindingDecision]:
    """Decisions that keep findings away today: their own, and those who see everything."""
    first = community_days.to_date(by.community.day(at) - DAYS_AWAY + 1)
    return list(
        FindingDecision.objects.filter(
            community=by.community,
            view__in={WHOLE, view_of(by)},
            state=State.ACTIVE,
            day__gte=first,
        )
    )


def _list_acted(community: Community, view: str) -> list[FindingDecision]:
    rows = FindingDecision.objects.filter(
        community=community, view=view, decided=Decided.ACTED, state=State.ACTIVE
    )
    return list(rows.order_by("-day", "-pk")[:MAX_CASES])


def _measure_outcome(decision: FindingDecision, cells: Cells) -> None:
    if decision.outcome and decision.outcome["days"] >= outcomes.MAX_DAYS:
        return
    finding = Finding.from_json(decision.finding)
    outcome = outcomes.measure(finding, acted_on=decision.day, cells=cells)
    if outcome is not None:
        rows = FindingDecision.objects.filter(pk=decision.pk)
        rows.update(outcome=outcome.to_json())


def _with_effects(found: Findings, acted: list[FindingDecision]) -> Findings:
    """Say of each finding what came of earlier ones of the same kind."""
    by_kind: dict[tuple[str, str], list[Outcome]] = {}
    for decision in acted:
        if decision.outcome is not None:
            kind = (decision.finding["metric"], decision.action)
            outcome = Outcome.from_json(decision.outcome)
            by_kind.setdefault(kind, []).append(outcome)
    described = tuple(
        replace(
            each,
            effect=outcomes.summarise(by_kind.get((each.metric, each.action), ())),
        )
        for each in found.findings
    )
    return replace(found, findings=described)
