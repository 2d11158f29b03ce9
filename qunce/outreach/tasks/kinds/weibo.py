from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.outreach.tasks.kinds import base

WEIBO = base.declare(
    base.Kind(
        key="weibo",
        label=_("Weibo post"),
        description=_("Publish a post on Weibo."),
        icon="megaphone",
        fields=(
            *base.POST_FIELDS,
            base.ResultField("reposts", _("Reposts")),
            base.ResultField("likes", _("Likes")),
            base.ResultField("comments", _("Comments")),
        ),
    )
)
