"""The live sessions of a member on their own page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from qunce.activities.activities.models import PUBLISHED
from qunce.activities.live_sessions import sessions
from qunce.activities.live_sessions.models import (
    LiveAttendance,
    LiveReservation,
    LiveSession,
    State,
)
from qunce.core.prepared_queries import Ids, Param, PreparedQuery
from qunce.members.accounts import queries as account_queries
from qunce.portal.me import sections as me
from qunce.portal.sections import Section
from qunce.portal.visitors.visitors import Visitor

MAX_SHOWN = 10


def _of_accounts(rows: Any) -> Any:
    return rows.filter(
        activity__community=Param("community"),
        activity__state__in=PUBLISHED,
        account_id__in=Ids("accounts"),
    ).order_by("-activity__starts_at", "-pk")


_RESERVED = PreparedQuery(
    lambda: _of_accounts(
        LiveReservation.objects.select_related("activity__community")
    ).filter(state=State.RESERVED)[:MAX_SHOWN]
)
_CAME = PreparedQuery(
    lambda: _of_accounts(LiveAttendance.objects.select_related("activity__community"))[
        :MAX_SHOWN
    ]
)


def _load(visitor: Visitor, at: datetime) -> dict[str, Any] | None:
    account = visitor.signed_in
    if account is None:
        return None
    given = {
        "community": visitor.community.pk,
        "accounts": account_queries.account_ids_of_person(account),
    }
    reserved, came = _RESERVED.all(**given), _CAME.all(**given)
    activities = {row.activity_id: row.activity for row in (*reserved, *came)}
    if not activities:
        return None
    attended = {row.activity_id for row in came}
    rows = LiveSession.objects.filter(activity__in=activities).exclude(replay="")
    replays = set(rows.values_list("activity_id", flat=True))
    newest = sorted(activities.values(), key=lambda each: -each.pk)
    return {
        "rows": [
            (
                each,
                sessions.time_text(each),
                each.pk in attended,
                each.pk in replays,
            )
            for each in newest[:MAX_SHOWN]
        ]
    }


me.SECTIONS.register(
    Section(
        key="live-sessions",
        label=_("My live sessions"),
        template="portal/live_sessions/_live_sessions.html",
        load=_load,
        order=36,
    )
)
