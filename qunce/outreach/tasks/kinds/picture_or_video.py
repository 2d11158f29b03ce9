from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.outreach.tasks.kinds import base

PICTURE_OR_VIDEO = base.declare(
    base.Kind(
        key="picture_or_video",
        label=_("Picture or video"),
        description=_("Make the picture or video for an idea."),
        icon="camera",
        fields=(base.ResultField("url", _("Where it is"), base.URL),),
        needs_text=False,
    )
)
