"""What members did after a campaign: replies, orders and losses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from qunce.core import number_arrays, timestamps
from qunce.outreach.campaigns.models import Campaign, Target
from qunce.outreach.sending import ledger
from qunce.outreach.sending.ledger import REACHED, Origin
from qunce.sets import person_arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

WINDOW = timedelta(days=7)
"""Replies and orders of this time after the message count as its effect."""
LOSS_WINDOW = timedelta(hours=24)
GAINS = {"replied": "message.posted", "ordered": "order.paid"}
LOSSES = {
    "opted_out": "member.opted_out",
    "left": "member.left",
    "complained": "complaint.made",
}


@dataclass(frozen=True)
class Effects:
    """Numbers of members, of those who were reached."""

    reached: int
    replied: int = 0
    ordered: int = 0
    opted_out: int = 0
    left: int = 0
    complained: int = 0

    @property
    def lost(self) -> int:
        return self.opted_out + self.left + self.complained


def measure(campaign: Campaign, at: datetime) -> Effects:
    """The effects of a started campaign to members, up to now."""
    people, times = _reached(campaign)
    if campaign.target == Target.GROUPS or campaign.started_at is None:
        return Effects(reached=len(people))
    last = timestamps.from_micros(int(times.max())) if len(times) else at
    until = min(max(last, campaign.started_at) + WINDOW, at)
    found = person_arrays.fact_times(
        community=campaign.community,
        kinds=[*GAINS.values(), *LOSSES.values()],
        since=campaign.started_at,
        until=until,
        at=at,
    )
    counts = {
        name: _count_after(people, times, *found[kind], window)
        for kinds, window in ((GAINS, WINDOW), (LOSSES, LOSS_WINDOW))
        for name, kind in kinds.items()
    }
    return Effects(len(people), **counts)


def _reached(campaign: Campaign) -> tuple[Ints, Ints]:
    """Person and microsecond of each message that arrived, by person."""
    rows = ledger.list_of(Origin.CAMPAIGN, campaign.pk).filter(state__in=REACHED)
    pairs = list(rows.values_list("target_id", "counted_at", "changed_at"))
    people = np.array([target for target, _counted, _changed in pairs], dtype=np.int64)
    moments = [
        timestamps.to_micros(counted or changed) for _target, counted, changed in pairs
    ]
    return people, np.array(moments, dtype=np.int64)


def _count_after(
    people: Ints, times: Ints, acting: Ints, acted_at: Ints, window: timedelta
) -> int:
    """How many people acted within the window after their own message."""
    if not len(people) or not len(acting):
        return 0
    places = np.clip(np.searchsorted(people, acting), 0, len(people) - 1)
    delay = acted_at - times[places]
    span = window // timedelta(microseconds=1)
    counted = (people[places] == acting) & (delay > 0) & (delay <= span)
    return len(number_arrays.unique(acting[counted]))


def last_of_its_kind(campaign: Campaign) -> Campaign | None:
    """The last campaign before this one with the same target, purpose and channel."""
    rows = Campaign.objects.filter(
        community=campaign.community,
        target=campaign.target,
        purpose=campaign.purpose,
        channel=campaign.channel,
        started_at__isnull=False,
    ).exclude(pk=campaign.pk)
    return rows.select_related("community").order_by("-started_at", "-pk").first()
