"""Activity: how active members are by their activity score."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

from qunce.members.layers.ladders import base
from qunce.members.layers.ladders.base import Ladder, Number


def _score(**bounds: Any) -> dict[str, Any]:
    return {"score": {"name": "activity", **bounds}}


ACTIVITY = base.register(
    Ladder(
        key="activity",
        order=45,
        name=gettext_lazy("Activity"),
        description=gettext_lazy(
            "By the activity score: very active, active and occasionally active members,"
            " and those who did nothing that it counts."
        ),
        names={
            "very": gettext_lazy("Very active"),
            "active": gettext_lazy("Active"),
            "occasional": gettext_lazy("Occasionally active"),
            "none": gettext_lazy("Not active"),
        },
        default="none",
        numbers={
            "very": Number(gettext_lazy("Very active: score, at least"), "points", 50),
            "active": Number(gettext_lazy("Active: score, at least"), "points", 20),
        },
        spec={
            "by": "rules",
            "layers": base.layers(
                {
                    "very": _score(gte="$very"),
                    "active": _score(gte="$active"),
                    "occasional": _score(gt=0),
                },
                rest="none",
            ),
        },
    )
)
