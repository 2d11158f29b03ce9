"""Advice on what to do with a group at its stage, from its numbers of 28 days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

MIN_GROWTH = 0.02
"""Share of members who join in 28 days, below which a group has stopped growing."""
SILENT_SHARE = 0.02
ACTIVE_SHARE = 0.08
"""Shares of members who are active on an average day."""
NEARLY_FULL_SHARE = 0.9


@dataclass(frozen=True, kw_only=True)
class GroupNumbers:
    """Numbers of a group's last 28 days; `active` is the average per day."""

    size: int
    capacity: int | None
    joins: int
    leaves: int
    active: float

    @property
    def share_active(self) -> float:
        return self.active / self.size if self.size else 0.0


@dataclass(frozen=True)
class Advice:
    """`transition` is the one of groups.STATES that the sentence suggests, if any."""

    text: str
    transition: str | None = None


def advise(stage: str, numbers: GroupNumbers) -> Advice:
    if stage == "growing":
        return _advise_growing(numbers)
    if stage == "lasting":
        if numbers.share_active < SILENT_SHARE:
            text = _(
                "The group has gone quiet. Win its members back with something "
                "useful to them."
            )
            return Advice(text, "recall")
        if numbers.joins >= 5 * MIN_GROWTH * max(numbers.size, 1):
            text = _("Many people are joining again. Treat it as a growing group.")
            return Advice(text, "revive")
        return Advice(
            _(
                "The group is stable. Keep the rhythm that its positioning card promises."
            )
        )
    if stage == "recalling":
        if numbers.share_active >= ACTIVE_SHARE:
            return Advice(_("Members are back. Mark the group as stable."), "stabilize")
        if numbers.share_active < SILENT_SHARE / 4:
            text = _(
                "Nobody comes back. Invite the few remaining members to other "
                "groups and retire this one."
            )
            return Advice(text, "close")
        return Advice(_("Some members are coming back. Contact them one by one."))
    if numbers.size:
        return Advice(
            _("Nobody can join. Move the remaining members to an active group.")
        )
    return Advice(_("The group is empty, and nobody can join."))


def _advise_growing(numbers: GroupNumbers) -> Advice:
    if not numbers.size:
        return Advice(
            _("The group is empty. Invite the first twenty people one by one.")
        )
    if numbers.capacity and numbers.size >= NEARLY_FULL_SHARE * numbers.capacity:
        text = _("The group is nearly full. Mark it as stable and open the next one.")
        return Advice(text, "stabilize")
    if numbers.leaves > numbers.joins:
        return Advice(
            _("More people leave than join. Look at what was posted before they left.")
        )
    if numbers.joins < MIN_GROWTH * numbers.size:
        text = _(
            "Hardly anybody joins any more. Mark the group as stable and look "
            "after its current members."
        )
        return Advice(text, "stabilize")
    return Advice(
        _("The group is growing. Keep inviting, and welcome everybody by name.")
    )


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
