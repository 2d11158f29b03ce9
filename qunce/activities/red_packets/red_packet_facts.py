"""Facts about red packets."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.activities.activities.activity_facts import LABELS
from qunce.core.facts import facts


@dataclass(frozen=True, kw_only=True)
class RedPacketFact(facts.FactKind):
    """`activity` is the number of the activity, `packet` the place of the packet in it."""

    labels = {
        **LABELS,
        "packet": gettext_lazy("number of the red packet"),
        "points": gettext_lazy("points"),
    }
    instead = gettext_lazy("Red packets open automatically, under Activities.")
    activity: int
    packet: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class RedPacketOpened(RedPacketFact):
    """A member opened a share. The shares that are left are in no fact."""

    kind = "red_packet.opened"
    label = gettext_lazy("opened a red packet")
    points: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class RedPacketRevealed(RedPacketFact):
    """The packet is over, and its seed is readable."""

    kind = "red_packet.revealed"
    label = gettext_lazy("red packet over and its seed revealed")
