from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from qunce.outreach.tasks.kinds import base

OFFICIAL_ACCOUNT = base.declare(
    base.Kind(
        key="official_account",
        label=_("Official account post"),
        description=_("Publish a post of the official account."),
        icon="newspaper",
        fields=(
            *base.POST_FIELDS,
            base.ResultField("reads", _("Reads")),
            base.ResultField("shares", _("Shares")),
        ),
    )
)
