"""Phases of care: ripening, extension, win-back."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from qunce.members.layers.ladders import base
from qunce.members.layers.ladders.base import Ladder, Number, did

PHASES = base.register(
    Ladder(
        key="phases",
        order=90,
        name=gettext_lazy("Phases: ripening, extension, win-back"),
        description=gettext_lazy(
            "Ripening: joined recently and bought nothing yet. Extension: bought "
            "recently, to be kept. Win-back: everyone else, who is silent."
        ),
        names={
            "extension": gettext_lazy("Extension"),
            "ripening": gettext_lazy("Ripening"),
            "win-back": gettext_lazy("Win-back"),
        },
        default="ripening",
        numbers={
            "ripening": Number(
                gettext_lazy("Ripening: joined within days"), "days", 30
            ),
            "silent": Number(gettext_lazy("Extension: bought within days"), "days", 60),
        },
        spec={
            "by": "rules",
            "layers": base.layers(
                {
                    "extension": did("order.paid", last={"within": "$silent"}),
                    "ripening": base.all_of(
                        {"joined": {"within": "$ripening"}},
                        did("order.paid", times={"eq": 0}),
                    ),
                },
                rest="win-back",
            ),
        },
    )
)
