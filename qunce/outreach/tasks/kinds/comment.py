from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.outreach.tasks.kinds import base

COMMENT = base.declare(
    base.Kind(
        key="comment",
        label=_("Comment"),
        description=_("Comment on what each of these members has posted."),
        icon="chat-bubble-left-ellipsis",
        about=base.MEMBERS,
        outcomes=(
            base.Outcome("done", _("commented")),
            base.Outcome("replied", _("they replied"), deepens=True),
            base.Outcome("nothing", _("nothing to comment on")),
        ),
    )
)
