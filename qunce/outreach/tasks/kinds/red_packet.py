from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.outreach.tasks.kinds import base

RED_PACKET = base.declare(
    base.Kind(
        key="red_packet",
        label=_("Red packet"),
        description=_("Send each of these members a cash red packet."),
        icon="gift",
        about=base.MEMBERS,
        outcomes=(
            base.Outcome("sent", _("sent")),
            base.Outcome("opened", _("opened"), deepens=True),
            base.CANNOT,
        ),
        fields=(
            base.ResultField("spent", _("Spent in all"), base.AMOUNT, required=True),
        ),
    )
)
