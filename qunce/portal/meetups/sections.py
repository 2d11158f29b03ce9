"""The meet-ups of a member on their own page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from qunce.activities.activities.models import PUBLISHED
from qunce.activities.meetups import terms
from qunce.activities.meetups.models import SignUp, State
from qunce.core.prepared_queries import Ids, Param, PreparedQuery
from qunce.members.accounts import queries as account_queries
from qunce.portal.me import sections as me
from qunce.portal.sections import Section
from qunce.portal.visitors.visitors import Visitor

MAX_SHOWN = 10


_SIGN_UPS = PreparedQuery(
    lambda: (
        SignUp.objects.select_related("activity__community", "slot")
        .filter(
            activity__community=Param("community"),
            activity__state__in=PUBLISHED,
            account_id__in=Ids("accounts"),
        )
        .exclude(state=State.CANCELLED)
        .order_by("-slot__starts_at", "-pk")[:MAX_SHOWN]
    )
)


def _load(visitor: Visitor, at: datetime) -> dict[str, Any] | None:
    account = visitor.signed_in
    if account is None:
        return None
    accounts = account_queries.account_ids_of_person(account)
    found = _SIGN_UPS.all(community=visitor.community.pk, accounts=accounts)
    lines = [(row, terms.slot_text(row.activity, row.slot)) for row in found]
    return {"rows": lines} if lines else None


me.SECTIONS.register(
    Section(
        key="meet-ups",
        label=_("My meet-ups"),
        template="portal/meetups/_meetups.html",
        load=_load,
        order=35,
    )
)
