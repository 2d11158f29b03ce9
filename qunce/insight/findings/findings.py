"""Findings: what left its weekly rhythm, by how much, since when, and where.

    >>> found = findings.find(community=community, by=by, at=at)
    >>> [sentences.headline(finding) for finding in found.findings]

Of everything that is compared, about 3 in 100 findings are accidents. Nothing says why a
number changed; the part that explains most of it says where.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from django.utils.translation import gettext as _

from qunce.core import community_days, permissions
from qunce.core.facts import facts
from qunce.insight import breakdowns
from qunce.insight.breakdowns import Breakdown
from qunce.insight.findings import cells as cell_counts
from qunce.insight.findings import contributions, detection, rhythm
from qunce.insight.findings.cells import Cells
from qunce.insight.findings.contributions import Dimension, Explanation, Part
from qunce.insight.findings.detection import Detection
from qunce.insight.findings.finding import (
    DOWN,
    MAX_SHOWN,
    UP,
    Finding,
    FindingCause,
    FindingPart,
    Findings,
)
from qunce.insight.metric_definitions import COMMUNITY, GROUP
from qunce.insight.subjects.activity import ACTIVITY_KINDS, GROUP_ACTIVITY_KINDS
from qunce.members.layers import layers
from qunce.sets import audiences

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.insight.findings.rhythm import Change

MAX_KEPT = 6
"""Findings that are looked at closely; some of them may be dismissed, or be one."""
MAX_LAYERINGS = 3
DAILY = ("active_members",)
"""Metrics that count the same people on several days, so that days are not added up."""
NEWCOMERS = ("joins", "new_members")
SALES = ("orders", "paid")
CATEGORY = "category"
"""The dimension of findings about sales that is no break-down of people."""
WEEKS_BEFORE = 4
"""How long before a change those are looked for who were there until then."""
REGULAR_ORDERS = 2
"""Buyers who stopped bought as often in the weeks before."""


def find(
    *, community: Community, by: Staff, at: datetime, limit: int = MAX_SHOWN
) -> Findings:
    """What changed in the complete days up to yesterday, as far as `by` sees it.

    The first `limit` are `findings`, the rest are `others`.
    """
    permissions.check_community(by, community.pk)
    return find_in(cell_counts.load(by=by, at=at), limit=limit)


def find_in(cells: Cells, *, limit: int = MAX_SHOWN) -> Findings:
    detected = detection.detect(cells.questions())
    found = [_describe(each, cells) for each in detected.found[: 2 * MAX_KEPT]]
    merged = [finding for finding in merge(found) if finding.difference][:MAX_KEPT]
    few = len(cells.small_groups) * len(cell_counts.ASKED[GROUP])
    return Findings(
        until=community_days.to_date(cells.last),
        findings=tuple(merged[:limit]),
        others=tuple(merged[limit:]),
        asked=detected.asked + few,
        not_enough=detected.not_enough + few,
        small_groups=cells.small_groups,
        left_out=cells.left_out,
    )


def merge(found: Sequence[Finding]) -> list[Finding]:
    """Make the community's finding and that of the group behind it one.

    If several groups are behind it, theirs are left out instead.
    """
    groups = {finding.cell: finding for finding in found if finding.level == GROUP}
    gone: set[str] = set()
    for finding in found:
        cause = finding.cause
        if finding.level != COMMUNITY or not cause or cause.dimension != "group":
            continue
        own = [
            each.cell
            for part in cause.leading
            for each in groups.values()
            if each.group == part.key and _is_same_change(each, finding)
        ]
        if len(cause.leading) == 1 and own:
            gone.add(finding.cell)
            groups[own[0]] = replace(groups[own[0]], is_of_community=True)
        else:
            gone.update(own)
    return [groups.get(each.cell, each) for each in found if each.cell not in gone]


def _is_same_change(one: Finding, other: Finding) -> bool:
    if one.direction != other.direction:
        return False
    return any(
        one.metric in family and other.metric in family
        for family in (("messages", "active_members"), ("leaves",), NEWCOMERS)
    )


def _describe(detected: Detection, cells: Cells) -> Finding:
    level = detected.question.name.partition(":")[0]
    metric, direction = detected.metric, detected.question.direction
    group = cells.groups[detected.row] if level == GROUP else ""
    counts = cells.counts[(level, metric)]
    change = rhythm.find_change(counts, detected.row, direction=direction)
    is_counted = counts.usable[detected.row, change.since :]
    days = int(is_counted.sum())
    per_day = days if metric in DAILY else 1
    observed, expected = (
        round(change.observed / per_day),
        round(change.expected / per_day),
    )
    since = cells.day_at(change.since)
    finding = Finding(
        metric=metric,
        level=level,
        direction=UP if direction == rhythm.UP else DOWN,
        since=since,
        until=cells.day_at(cells.days - 1),
        days=days,
        observed=observed,
        expected=expected,
        is_daily=metric in DAILY,
        p_value=detected.p_value,
        action=action_of(metric, direction, level),
        group=group,
        group_name=cells.names.get(group, group),
        currency=cells.community.currency if metric in SALES else "",
        left_out=tuple(each for each in cells.left_out if each.day >= since),
    )
    if metric in SALES:
        paid = rhythm.measure(cells.counts[(level, "paid")], 0, since=change.since)
        finding = replace(finding, money=round(paid.difference))
    rule = people_rule(finding)
    if rule is not None:
        number = audiences.count(
            community=cells.community, rule=rule, by=cells.by, at=cells.at
        )
        finding = replace(finding, rule=rule, people=number)
    return replace(finding, cause=_find_cause(finding, change, per_day, cells))


# Where it happened


def _find_cause(
    finding: Finding, change: Change, per_day: int, cells: Cells
) -> FindingCause | None:
    explanation = contributions.explain(
        expected=Fraction(change.expected),
        observed=Fraction(change.observed),
        dimensions=list_dimensions(finding, change, cells),
    )
    return None if explanation is None else _round(explanation, finding, per_day)


def list_dimensions(
    finding: Finding, change: Change, cells: Cells
) -> Iterator[Dimension]:
    inside = _find_people(finding, cells)
    for breakdown in _list_breakdowns(finding, cells):
        parts = []
        for part in breakdowns.load_parts(breakdown, by=cells.by, at=cells.at):
            series = cells.of_part(
                finding.level, finding.metric, finding.group, part.people
            )
            people = part.people if inside is None else part.people & inside
            numbers = _measure(series, change, finding, cells)
            parts.append(Part(part.key, part.label, *numbers, len(people)))
        label = breakdowns.label_of(breakdown, cells.community)
        yield Dimension(breakdown.text, label, "", tuple(parts))
    if finding.metric in SALES:
        # An order of two categories is in both parts; the remainder says how much.
        found = [
            Part(category, category, *_measure(series, change, finding, cells))
            for category, series in cells.by_category(finding.metric).items()
        ]
        yield Dimension(CATEGORY, _("Product category"), "", tuple(found))


def _list_breakdowns(finding: Finding, cells: Cells) -> list[Breakdown]:
    found = [Breakdown("source"), Breakdown("staff")]
    if finding.level == COMMUNITY and cells.groups:
        found.insert(0, Breakdown("group"))
    if finding.metric not in NEWCOMERS:
        # Newcomers are in the layers of newcomers, which explains nothing.
        active = list(layers.list_active(cells.community))[:MAX_LAYERINGS]
        found += [Breakdown("layer", row.key) for row in active]
    return found


def _measure(
    series: NDArray[np.float64], change: Change, finding: Finding, cells: Cells
) -> tuple[Fraction, Fraction]:
    """What was expected and observed of a part."""
    expected = float((series * change.weights).sum())
    return Fraction(expected), Fraction(_observed(series, change, finding, cells))


def _find_people(finding: Finding, cells: Cells) -> BitMap | None:
    """The people of a finding's group, with those who just left it; None for everybody."""
    if finding.level == COMMUNITY:
        return None
    rules: list[Any] = [{"group": {"any": [finding.group]}}]
    if finding.rule is not None:
        rules.append(finding.rule)
    rule = {"with_left": {"any": rules}}
    return audiences.people(
        community=cells.community, rule=rule, by=cells.by, at=cells.at
    )


def _observed(series: Any, change: Change, finding: Finding, cells: Cells) -> int:
    counts = cells.counts[(finding.level, finding.metric)]
    row = cells.row_of(finding.level, finding.group) or 0
    return int(series[change.since :][counts.usable[row, change.since :]].sum())


def _round(explanation: Explanation, finding: Finding, per_day: int) -> FindingCause:
    """Whole numbers that add up to the finding's difference, none off by one or more."""
    named = (*explanation.leading, *explanation.opposite)
    exact = [part.contribution / per_day for part in named]
    exact += [explanation.others / per_day, explanation.remainder / per_day]
    whole = round_to_sum(exact, finding.difference)
    parts = [
        FindingPart(
            key=part.key,
            label=part.label,
            observed=round(part.observed / per_day),
            expected=round(part.observed / per_day) - contribution,
        )
        for part, contribution in zip(named, whole, strict=False)
    ]
    count = len(explanation.leading)
    return FindingCause(
        dimension=explanation.dimension.key,
        label=explanation.dimension.label,
        leading=tuple(parts[:count]),
        opposite=tuple(parts[count:]),
        others=whole[-2],
        remainder=whole[-1],
    )


def round_to_sum(exact: Sequence[Fraction], total: int) -> list[int]:
    """Round numbers so that they add up to `total`, which their sum is almost.

    Those are rounded up whose fraction is largest. A number that is 0 stays 0 if another
    one can be rounded instead.
    """
    whole = [int(np.floor(float(number))) for number in exact]
    missing = total - sum(whole)
    order = sorted(
        range(len(exact)),
        key=lambda n: (exact[n] == 0, whole[n] - exact[n], n),
    )
    for step in range(abs(missing)):
        index = (
            order[step % len(order)] if missing > 0 else order[-1 - step % len(order)]
        )
        whole[index] += 1 if missing > 0 else -1
    return whole


# Who is behind it, and what can be done


def action_of(metric: str, direction: int, level: str) -> str:
    """One of the actions in `actions.ACTIONS`."""
    if metric in NEWCOMERS:
        return "welcome" if direction == rhythm.UP else "compare_sources"
    if metric == "leaves":
        # Limits are those of all members; a group has posts, which can be moved.
        return "group_posts" if level == GROUP else "contact_limits"
    return "write_to_buyers" if metric in SALES else "write_to_silent"


def people_rule(finding: Finding) -> dict[str, Any] | None:
    """People who left or joined since then, or who were there before it and not since."""
    span = {"between": [finding.since.isoformat(), finding.until.isoformat()]}
    where = {"where": {"group": [finding.group]}} if finding.group else {}
    if finding.metric in NEWCOMERS:
        if finding.direction == DOWN:
            return None
        if finding.level == COMMUNITY:
            return {"joined": span}
        joined = {"did": {"kind": "group.joined", **where, **span}}
        return {"all": [{"group": {"any": [finding.group]}}, joined]}
    if finding.metric == "leaves":
        if finding.level == COMMUNITY:
            return {"with_left": {"left": span}}
        return {"with_left": {"did": {"kind": "group.left", **where, **span}}}
    return _stopped_rule(finding, where)


def _stopped_rule(finding: Finding, where: dict[str, Any]) -> dict[str, Any] | None:
    """People who did it in the weeks before the change and not since."""
    day = community_days.from_date(finding.since)
    weeks = 2 * WEEKS_BEFORE if finding.metric in SALES else WEEKS_BEFORE
    dates = (community_days.to_date(each) for each in (day - 7 * weeks, day - 1))
    before = {"between": [each.isoformat() for each in dates]}
    kinds: Sequence[str] = ACTIVITY_KINDS if not finding.group else GROUP_ACTIVITY_KINDS
    often: dict[str, Any] = {}
    if finding.metric in SALES:
        kinds, often = ("order.paid",), {"times": {"gte": REGULAR_ORDERS}}
    elif finding.metric == "messages":
        kinds = ("message.posted",)
    # A rule cannot name what has never happened anywhere.
    known = [kind for kind in kinds if facts.find_kind(kind) is not None]
    if not known:
        return None
    then = [{"did": {"kind": kind, **where, **often, **before}} for kind in known]
    since = {"since": finding.since.isoformat()}
    now = [{"did": {"kind": kind, **where, **since}} for kind in known]
    inside = [{"group": {"any": [finding.group]}}] if finding.group else []
    return {"all": [*inside, _any(then), {"not": _any(now)}]}


def _any(rules: list[dict[str, Any]]) -> dict[str, Any]:
    return rules[0] if len(rules) == 1 else {"any": rules}
