"""New, active, cooling or lost, by the rhythm of each community's own purchases."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from qunce.members.layers import layering_specs
from qunce.members.layers.ladders import base
from qunce.members.layers.ladders.base import Ladder

LIFECYCLE = base.register(
    Ladder(
        key="lifecycle",
        order=40,
        name=gettext_lazy("Lifecycle"),
        description=gettext_lazy(
            "New, active, cooling or lost, based on the usual time between two "
            "orders of a member."
        ),
        names={
            "new": gettext_lazy("New"),
            "active": gettext_lazy("Active"),
            "cooling": gettext_lazy("Cooling"),
            "lost": gettext_lazy("Lost"),
        },
        default="new",
        spec=layering_specs.LIFECYCLE,
    )
)
