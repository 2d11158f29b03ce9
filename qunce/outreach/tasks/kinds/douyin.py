from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.outreach.tasks.kinds import base

DOUYIN = base.declare(
    base.Kind(
        key="douyin",
        label=_("Douyin video"),
        description=_("Publish a video on Douyin."),
        icon="video-camera",
        fields=(
            *base.POST_FIELDS,
            base.ResultField("plays", _("Plays")),
            base.ResultField("likes", _("Likes")),
            base.ResultField("comments", _("Comments")),
        ),
    )
)
