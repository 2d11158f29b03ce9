from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.outreach.tasks.kinds import base

MODERATION = base.declare(
    base.Kind(
        key="moderation",
        label=_("Group moderation"),
        description=_(
            "Go to the group and do what the channel cannot do, such as removing a "
            "person."
        ),
        icon="shield-check",
        is_requestable=False,
    )
)
