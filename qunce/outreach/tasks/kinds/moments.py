from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.outreach.tasks.kinds import base

MOMENTS = base.declare(
    base.Kind(
        key="moments",
        label=_("Moments post"),
        description=_(
            "Post in Moments, visible to these members; record who liked or commented."
        ),
        icon="photo",
        about=base.MEMBERS,
        is_open_list=True,
        outcomes=(
            base.Outcome("liked", _("liked"), deepens=True),
            base.Outcome("commented", _("commented"), deepens=True),
        ),
    )
)
