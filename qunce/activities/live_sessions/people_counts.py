"""The people of a live session: who reserved, came, did not come, and watched the replay."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.activities.live_sessions.models import (
    LiveAttendance,
    LiveReservation,
    LiveSession,
    ReplayView,
    State,
)
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from django.db import models

    from qunce.activities.activities.models import Activity

Ids = frozenset[int]


@dataclass(frozen=True, kw_only=True)
class People:
    """Sets of person ids. Nobody is missing before the live session is over."""

    reserved: Ids
    came: Ids
    watched: Ids
    is_over: bool

    @property
    def unannounced(self) -> Ids:
        """Those who came without a reservation."""
        return self.came - self.reserved

    @property
    def missing(self) -> Ids:
        """Those who reserved and did not come."""
        return self.reserved - self.came if self.is_over else frozenset()


def find(activity: Activity, among: Collection[int] | None, at: datetime) -> People:
    """The people of a live session, of those in `among` if it is given."""
    session = LiveSession.objects.filter(activity=activity).first()  # unique
    rows = LiveReservation.objects.filter(activity=activity, state=State.RESERVED)

    def people(found: models.QuerySet[models.Model]) -> Ids:
        persons = account_queries.person_ids(found.values_list("account_id", flat=True))
        every = frozenset(persons.values())
        return every if among is None else every & frozenset(among)

    return People(
        reserved=people(rows),
        came=people(LiveAttendance.objects.filter(activity=activity)),
        watched=people(ReplayView.objects.filter(activity=activity)),
        is_over=session is not None and at >= session.ends_at,
    )
