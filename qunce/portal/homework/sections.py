"""The homework of a member on their own page, with the reviews that wait for them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from qunce.activities.activities.models import PUBLISHED
from qunce.activities.homework import own_pages
from qunce.activities.homework.models import Submission
from qunce.core.prepared_queries import Ids, Param, PreparedQuery
from qunce.members.accounts import queries as account_queries
from qunce.portal.me import sections as me
from qunce.portal.sections import Section
from qunce.portal.visitors.visitors import Visitor

MAX_SHOWN = 10
_SUBMISSIONS = PreparedQuery(
    lambda: (
        Submission.objects.select_related("activity__community")
        .filter(
            activity__community=Param("community"),
            activity__state__in=PUBLISHED,
            account_id__in=Ids("accounts"),
        )
        .order_by("-at", "-pk")[:MAX_SHOWN]
    )
)


def _load(visitor: Visitor, at: datetime) -> dict[str, Any] | None:
    account = visitor.signed_in
    if account is None:
        return None
    accounts = account_queries.account_ids_of_person(account)
    found = _SUBMISSIONS.all(community=visitor.community.pk, accounts=accounts)
    lines = [(row, own_pages.state_text(row.activity, row, at)) for row in found]
    return {"rows": lines} if lines else None


me.SECTIONS.register(
    Section(
        key="homework",
        label=_("My homework"),
        template="portal/homework/_me.html",
        load=_load,
        order=36,
    )
)
