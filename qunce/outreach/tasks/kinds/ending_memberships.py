from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.outreach.tasks.kinds import base

ENDING_MEMBERSHIPS = base.declare(
    base.Kind(
        key="ending_memberships",
        label=_("Memberships that end"),
        description=_(
            "Write to members whom no channel reaches before their membership ends."
        ),
        icon="identification",
        about=base.MEMBERS,
        is_requestable=False,
        outcomes=(base.Outcome("done", _("written to")), base.CANNOT),
    )
)
