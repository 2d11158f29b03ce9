"""The prizes of a member on their own page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from qunce.activities.prizes import claims
from qunce.portal.me import sections as me
from qunce.portal.prizes import actions
from qunce.portal.sections import Section
from qunce.portal.visitors.visitors import Visitor

MAX_SHOWN = 20


def _load(visitor: Visitor, at: datetime) -> dict[str, Any] | None:
    if visitor.signed_in is None:
        return None
    rows = [
        (award, claims.may_claim(award, at))
        for award in actions.list_own(visitor)[:MAX_SHOWN]
    ]
    return {"prizes": rows} if rows else None


me.SECTIONS.register(
    Section(
        key="prizes",
        label=_("My prizes"),
        template="portal/prizes/_prizes.html",
        load=_load,
        order=20,
    )
)
