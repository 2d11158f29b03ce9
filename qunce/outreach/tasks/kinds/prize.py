from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.outreach.tasks.kinds import base

GIVEN = base.Outcome("given", _("handed over"), deepens=True)
PRIZE = base.declare(
    base.Kind(
        key="prize",
        label=_("Prize"),
        description=_("Hand a prize over to its winner, such as a cash red packet."),
        icon="gift",
        about=base.MEMBERS,
        is_requestable=False,
        outcomes=(GIVEN, base.CANNOT),
    )
)
