from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.outreach.tasks.kinds import base

EXPIRING_POINTS = base.declare(
    base.Kind(
        key="expiring_points",
        label=_("Points that expire"),
        description=_("Write to members whom no channel reaches before points expire."),
        icon="clock",
        about=base.MEMBERS,
        is_requestable=False,
        outcomes=(base.Outcome("done", _("written to")), base.CANNOT),
    )
)
