"""What to do with a group at its stage, from a few of its numbers. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

MIN_GROWTH = 0.02
"""Of its people in 28 days: below it, a group has stopped growing."""
SILENT_SHARE = 0.02
ACTIVE_SHARE = 0.08
"""People who do something on a day, as a share of who is in the group."""
NEARLY_FULL_SHARE = 0.9


@dataclass(frozen=True, kw_only=True)
class GroupNumbers:
    """A group in numbers of its last 28 days; `active` is the mean of a day."""

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
    """A sentence, and the step of the group's life that it means, if any."""

    text: str
    step: str | None = None


def advise(stage: str, pulse: GroupNumbers) -> Advice:
    return {
        "growing": _growing,
        "lasting": _lasting,
        "recalling": _recalling,
        "dead": _dead,
    }[stage](pulse)


def _growing(pulse: GroupNumbers) -> Advice:
    if not pulse.size:
        return Advice(
            _("The group is empty. Invite the first twenty people one by one.")
        )
    if pulse.capacity and pulse.size >= NEARLY_FULL_SHARE * pulse.capacity:
        text = _("The group is nearly full. Mark it as stable and open the next one.")
        return Advice(text, "settle")
    if pulse.leaves > pulse.joins:
        return Advice(
            _("More people leave than join. Look at what was posted before they left.")
        )
    if pulse.joins < MIN_GROWTH * pulse.size:
        text = _(
            "Hardly anybody joins any more. Mark the group as stable and look "
            "after its current members."
        )
        return Advice(text, "settle")
    return Advice(
        _("The group is growing. Keep inviting, and welcome everybody by name.")
    )


def _lasting(pulse: GroupNumbers) -> Advice:
    if pulse.share_active < SILENT_SHARE:
        text = _(
            "The group has gone quiet. Win its members back with something "
            "useful to them."
        )
        return Advice(text, "recall")
    if pulse.joins >= 5 * MIN_GROWTH * max(pulse.size, 1):
        return Advice(
            _("Many people are joining again. Treat it as a growing group."), "revive"
        )
    return Advice(
        _("The group is stable. Keep the rhythm that its positioning card promises.")
    )


def _recalling(pulse: GroupNumbers) -> Advice:
    if pulse.share_active >= ACTIVE_SHARE:
        return Advice(_("Members are back. Mark the group as stable."), "settle")
    if pulse.share_active < SILENT_SHARE / 4:
        text = _(
            "Nobody comes back. Invite the few remaining members to other "
            "groups and retire this one."
        )
        return Advice(text, "close")
    return Advice(_("Some members are coming back. Contact them one by one."))


def _dead(pulse: GroupNumbers) -> Advice:
    if pulse.size:
        return Advice(
            _("Nobody can join. Move the remaining members to an active group.")
        )
    return Advice(_("The group is empty, and nobody can join."))


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
