from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.outreach.tasks.kinds import base

LIKE = base.declare(
    base.Kind(
        key="like",
        label=_("Like"),
        description=_("Like what each of these members has posted."),
        icon="heart",
        about=base.MEMBERS,
        outcomes=(
            base.Outcome("done", _("liked")),
            base.Outcome("nothing", _("nothing to like")),
        ),
        needs_text=False,
    )
)
