"""Ready-made scores, which every community has: activity and loyalty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class PresetScore:
    """`parts` have their names in every language."""

    key: str
    name: StrOrPromise
    parts: Sequence[dict[str, Any]]

    def build(self) -> dict[str, Any]:
        """The spec, with names in the active language."""
        return {"parts": [{**part, "name": str(part["name"])} for part in self.parts]}


def _part(
    name: StrOrPromise, area: str, by: str, weight: str, cap: int, **more: Any
) -> dict[str, Any]:
    return {
        "name": name,
        "area": area,
        "by": by,
        **more,
        "weight": weight,
        "cap": cap,
    }


ACTIVITY = PresetScore(
    "activity",
    gettext_lazy("Activity score"),
    (
        _part(
            gettext_lazy("Days with a message"),
            *("interaction", "days", "3", 10),
            kind="message.posted",
            within="28d",
        ),
        _part(
            gettext_lazy("Messages"),
            *("interaction", "times", "0.5", 40),
            kind="message.posted",
            within="28d",
            half_life=14,
        ),
        _part(
            gettext_lazy("Invitations"),
            *("interaction", "times", "5", 2),
            kind="friend.invited",
            within="90d",
        ),
        _part(
            gettext_lazy("Clicks on what was sent"),
            *("content", "times", "2", 5),
            kind="send.clicked",
            within="28d",
        ),
        _part(
            gettext_lazy("Things shared"),
            *("content", "times", "3", 5),
            kind="content.shared",
            within="28d",
        ),
        _part(
            gettext_lazy("Suggestions"),
            *("service", "times", "5", 2),
            kind="feedback.given",
            within="90d",
        ),
        _part(
            gettext_lazy("Questions about prices"),
            *("service", "times", "1", 5),
            kind="price.asked",
            within="28d",
        ),
    ),
)
LOYALTY = PresetScore(
    "loyalty",
    gettext_lazy("Loyalty score"),
    (
        _part(
            gettext_lazy("Time as a member"),
            *("service", "tenure", "0.05", 400),
        ),
        _part(
            gettext_lazy("Orders after the first"),
            *("service", "repeats", "5", 5),
            kind="order.paid",
            within="365d",
        ),
        _part(
            gettext_lazy("Days with an order"),
            *("service", "days", "2", 10),
            kind="order.paid",
            within="180d",
        ),
        _part(
            gettext_lazy("Benefits taken"),
            *("service", "times", "1", 5),
            kind="benefit.taken",
            within="180d",
        ),
        _part(
            gettext_lazy("Things shared"),
            *("content", "times", "2", 5),
            kind="content.shared",
            within="180d",
        ),
        _part(
            gettext_lazy("Days with a message"),
            *("interaction", "days", "0.5", 20),
            kind="message.posted",
            within="180d",
        ),
        _part(
            gettext_lazy("Invitations"),
            *("interaction", "times", "5", 2),
            kind="friend.invited",
            within="365d",
        ),
    ),
)
PRESETS = {score.key: score for score in (ACTIVITY, LOYALTY)}
