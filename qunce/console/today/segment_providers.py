"""Items of Today about watched segments: those with wrong members, which were corrected."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.console.today import items
from qunce.console.today.items import CHANGED, TodayItem
from qunce.core import permissions, timestamps
from qunce.core.staff.models import Staff
from qunce.members.segments import segments, watches
from qunce.members.segments.watches import SegmentWatch

MAX_AGE = timedelta(days=3)


@items.register
def wrong_segments(staff: Staff, at: datetime) -> list[TodayItem]:
    """Watched segments whose nightly comparison found wrong members."""
    # The numbers are of the whole community.
    if staff.scope is not None or not permissions.may(staff, segments.MANAGE):
        return []
    since = timestamps.to_micros(at - MAX_AGE)
    rows = watches.list_active(staff.community).filter(drifted_at__gte=since)
    return [_item(watch) for watch in rows]


def _item(watch: SegmentWatch) -> TodayItem:
    text = ngettext(
        "Segment “%(name)s” had %(n)s wrong member",
        "Segment “%(name)s” had %(n)s wrong members",
        watch.drift,
    )
    return TodayItem(
        key=f"wrong-segment-{watch.pk}-{watch.drifted_at}",
        section=CHANGED,
        icon="exclamation-triangle",
        text=text % {"n": f"{watch.drift:,}", "name": watch.segment.name},
        reason=_("The nightly comparison from scratch corrected them. Run the doctor."),
        url=reverse("segments:detail", args=[watch.segment_id]),
        action=_("Open"),
        may_dismiss=True,
        is_notice=True,
    )
