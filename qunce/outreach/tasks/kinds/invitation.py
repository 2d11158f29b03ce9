from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.outreach.tasks.kinds import base

INVITATION = base.declare(
    base.Kind(
        key="invitation",
        label=_("Targeted invitation"),
        description=_("Invite these members into a group, until enough have joined."),
        icon="user-plus",
        about=base.MEMBERS,
        outcomes=(
            base.Outcome("invited", _("invited")),
            base.Outcome("declined", _("declined")),
            base.CANNOT,
        ),
        needs_group=True,
    )
)
