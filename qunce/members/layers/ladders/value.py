"""Value: the members who spend most."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from qunce.members.layers import layering_specs
from qunce.members.layers.ladders import base
from qunce.members.layers.ladders.base import Ladder

VALUE = base.register(
    Ladder(
        key="value",
        order=20,
        name=gettext_lazy("Value"),
        description=gettext_lazy(
            "By spending in the last 180 days: the top fifth, the next up to "
            "half, and the rest."
        ),
        names={
            "high": gettext_lazy("High"),
            "mid": gettext_lazy("Medium"),
            "low": gettext_lazy("Low"),
        },
        default="low",
        spec=layering_specs.VALUE,
    )
)
