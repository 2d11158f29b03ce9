"""What the other pages of segments show: rules and sizes, history, overlap."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from qunce.console.segments.presenters import builder
from qunce.core import community_days
from qunce.insight import charts
from qunce.members.rule_text import contact_masks, sentences
from qunce.members.rule_text import names as rule_names
from qunce.members.segments import segments, watches
from qunce.members.segments.segments import SegmentEntered, SegmentLeft
from qunce.sets import audiences
from qunce.sets.rules.base import RuleError

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.members.segments.frozen import FrozenSegment
    from qunce.members.segments.segments import Segment
    from qunce.sets.rules.phrasing import Pieces

MAX_FROZEN_SEGMENTS = 20
CHART_DAYS = 180
MAX_MOVE_DAYS = 14
OVERLAP_WIDTH = 600
"""Width of the bar of an overlap, in units of its drawing."""


@dataclass(frozen=True)
class SegmentRow:
    segment: Segment
    sentence: Pieces
    size: int | None
    error: str = ""
    is_watched: bool = False


@dataclass(frozen=True)
class OverlapPart:
    """One of three parts, and the position of its bar in the drawing."""

    label: str
    size: int
    href: str
    x: int
    width: int


def list_rows(
    community: Community, rows: Sequence[Segment], *, by: Staff, at: datetime
) -> list[SegmentRow]:
    names = rule_names.find(community, *(segment.rule for segment in rows))
    watched = set(watches.list_active(community).values_list("segment_id", flat=True))
    result = []
    for segment in rows:
        segment.community = community
        size, error = None, ""
        try:
            size = segments.count(segment=segment, by=by, at=at)
        except RuleError as invalid:
            error = invalid.message
        rule = contact_masks.masked(segment.rule, by)
        sentence = sentences.describe(rule, names)
        is_watched = segment.pk in watched
        result.append(SegmentRow(segment, sentence, size, error, is_watched))
    return result


def count_frozen(frozen: FrozenSegment, *, by: Staff, at: datetime) -> int:
    """How many members of a frozen segment the staff member can see."""
    return audiences.count(
        community=by.community,
        rule={"with_left": {"segment": {"frozen": [frozen.key]}}},
        by=by,
        at=at,
    )


def describe_segment(segment: Segment, *, by: Staff, at: datetime) -> dict[str, Any]:
    """The chart of a segment, its frozen segments, and the segments that use it."""
    rows = segment.frozen.order_by("-at").select_related("by")[:MAX_FROZEN_SEGMENTS]
    return {
        "figure": build_chart(segment, by=by, at=at),
        "frozen_segments": [(each, count_frozen(each, by=by, at=at)) for each in rows],
        "users": segments.list_users(segment),
        **describe_watch(segment, by=by, at=at),
    }


def describe_watch(segment: Segment, *, by: Staff, at: datetime) -> dict[str, Any]:
    """Whether a segment is watched, what a check costs, and who moved by day.

    The numbers are of the whole community, so staff with a scope do not see them.
    """
    watch = watches.find(segment)
    context: dict[str, Any] = {"watch": watch, "moves": [], "drift": 0}
    if watch is None:
        with contextlib.suppress(RuleError):
            context["cost"] = watches.estimate_milliseconds(segment)
        context["may_watch"] = watches.may_watch(segment)
    elif by.scope is None:
        since = max(
            by.community.day(at) - MAX_MOVE_DAYS, by.community.day(watch.started_at)
        )
        rows = segment.sizes.filter(day__gte=since).order_by("-day")
        context["moves"] = [
            (
                community_days.to_date(row.day),
                (row.entered, _moved_url(segment, SegmentEntered.kind, row.day)),
                (row.left, _moved_url(segment, SegmentLeft.kind, row.day)),
            )
            for row in rows
        ]
        context["drift"] = watch.drift
    return context


def _moved_url(segment: Segment, kind: str, day: int) -> str:
    """The list of the members with a fact of the watch on a day, also of former ones."""
    on = community_days.to_date(day).isoformat()
    did = {"kind": kind, "where": {"segment": [segment.key]}, "between": [on, on]}
    rule = json.dumps({"with_left": {"did": did}}, ensure_ascii=False)
    return f"{reverse('members:list')}?{urlencode({'rule': rule})}"


def build_chart(segment: Segment, *, by: Staff, at: datetime) -> charts.Figure | None:
    """The sizes of the last days and of now; None if there are not two days yet.

    The sizes are of the whole community, so staff with a scope do not see them.
    """
    if by.scope is not None:
        return None
    today = by.community.day(at)
    rows = segment.sizes.filter(day__gt=today - CHART_DAYS, day__lt=today)
    sizes = dict(rows.values_list("day", "size"))
    sizes[today] = segments.count(segment=segment, by=by, at=at)
    if len(sizes) < 2:
        return None
    first, last = community_days.to_date(min(sizes)), community_days.to_date(today)
    span = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    values = [
        sizes[max(day for day in sizes if day <= community_days.from_date(date))]
        for date in span
    ]
    return charts.Figure(
        name=f"segment-{segment.pk}",
        title=_("Size over time"),
        unit=_("members"),
        days=span,
        series=[charts.Series(label=_("members"), values=values)],
        definition=_(
            "Members who matched the rule on each day, using that day's rule. A "
            "day without a count repeats the previous day's number."
        ),
        today=last,
    )


def list_overlap_parts(
    left: Segment, right: Segment, *, by: Staff, at: datetime
) -> list[OverlapPart]:
    """Only in the left, in both, only in the right."""
    left_rule, right_rule = ({"segment": {"any": [each.key]}} for each in (left, right))
    overlap = audiences.overlap(
        community=by.community, left=left_rule, right=right_rule, by=by, at=at
    )
    only = _("only in “%(name)s”")
    parts = [
        (only % {"name": left.name}, overlap.left, [left_rule, {"not": right_rule}]),
        (_("in both"), overlap.both, [left_rule, right_rule]),
        (only % {"name": right.name}, overlap.right, [right_rule, {"not": left_rule}]),
    ]
    total, x, result = max(sum(size for _label, size, _rule in parts), 1), 0, []
    for label, size, rule in parts:
        width = round(OVERLAP_WIDTH * size / total)
        href = builder.members_url({"all": rule})
        result.append(OverlapPart(label, size, href, x, width))
        x += width
    return result
