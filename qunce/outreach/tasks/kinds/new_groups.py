from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.outreach.tasks.kinds import base

NEW_GROUPS = base.declare(
    base.Kind(
        key="new_groups",
        label=_("New groups"),
        description=_("Open chats under the names of groups that exist here already."),
        icon="chat-bubble-left-right",
        fields=(base.ResultField("opened", _("Groups opened")),),
    )
)
