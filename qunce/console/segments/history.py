"""What belongs to a saved segment: its size over time, its lists, who uses it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.core import community_days
from qunce.insight import charts
from qunce.members.segments import segments
from qunce.sets import audiences

if TYPE_CHECKING:
    from qunce.console.segments.choices import Desk
    from qunce.members.segments.frozen import FrozenSegment
    from qunce.members.segments.segments import Segment

DAYS = 90


def of(segment: Segment, desk: Desk) -> dict[str, Any]:
    rows = segment.frozen.order_by("-at").select_related("by")[:20]
    return {
        "figure": figure(segment, desk),
        "lists": [(each, size(each, desk)) for each in rows],
        "users": segments.list_users(segment),
    }


def size(frozen: FrozenSegment, desk: Desk) -> int:
    """How many of a list the operator sees."""
    return audiences.count(
        community=desk.community,
        rule={"with_left": {"segment": {"frozen": [frozen.key]}}},
        by=desk.by,
        at=desk.at,
    )


def figure(segment: Segment, desk: Desk) -> charts.Figure | None:
    """Sizes of the last days and of now. They are those of the whole community, so who
    sees a part of it is not shown them."""
    if desk.by.scope is not None:
        return None
    today = desk.community.day(desk.at)
    rows = segment.sizes.filter(day__gt=today - DAYS, day__lt=today)
    known = dict(rows.values_list("day", "size"))
    known[today] = segments.count(segment=segment, by=desk.by, at=desk.at)
    if len(known) < 2:
        return None
    first, last = community_days.to_date(min(known)), community_days.to_date(today)
    span = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    values = [
        known[max(d for d in known if d <= community_days.from_date(day))]
        for day in span
    ]
    return charts.Figure(
        name=f"segment-{segment.pk}",
        title=_("Size over time"),
        unit=_("members"),
        days=span,
        lines=[charts.Line(words=_("members"), values=values)],
        definition=_(
            "Members who matched the rule on each day, using that day's rule. A "
            "day without a count repeats the previous day's number."
        ),
        today=last,
    )
