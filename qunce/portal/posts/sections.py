"""The posts of a member on their own page, and the best posts on that of the community."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from qunce.activities.activities.models import PUBLISHED
from qunce.activities.posts.models import Post, PostState
from qunce.core.prepared_queries import Ids, Param, PreparedQuery
from qunce.members.accounts import queries as account_queries
from qunce.portal.me import sections as me
from qunce.portal.sections import Section
from qunce.portal.visitors.visitors import Visitor

MAX_SHOWN = 10
_OWN = PreparedQuery(
    lambda: (
        Post.objects.select_related("activity")
        .filter(
            activity__community=Param("community"),
            activity__state__in=PUBLISHED,
            account_id__in=Ids("accounts"),
        )
        .exclude(state=PostState.DELETED)
        .order_by("-at", "-pk")[:MAX_SHOWN]
    )
)


def _load(visitor: Visitor, at: datetime) -> dict[str, Any] | None:
    account = visitor.signed_in
    if account is None:
        return None
    accounts = account_queries.account_ids_of_person(account)
    rows = _OWN.all(community=visitor.community.pk, accounts=accounts)
    return {"rows": rows} if rows else None


me.SECTIONS.register(
    Section(
        key="posts",
        label=_("My posts"),
        template="portal/posts/_me.html",
        load=_load,
        order=37,
    )
)
