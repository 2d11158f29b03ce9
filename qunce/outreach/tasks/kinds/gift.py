from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.outreach.tasks.kinds import base

GIVEN = base.Outcome("given", _("given"), deepens=True)
GIFT = base.declare(
    base.Kind(
        key="gift",
        label=_("Gift"),
        description=_("Hand over or send a gift to each of these members."),
        icon="gift",
        about=base.MEMBERS,
        outcomes=(GIVEN, base.CANNOT),
    )
)
