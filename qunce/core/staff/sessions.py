"""Where somebody is signed in: Django's sessions in the database, with whose they are."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models

from qunce.core import timestamps

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase

    from qunce.core.staff.models import Staff

TOUCH_INTERVAL = timedelta(minutes=5)
MAX_AGE = timedelta(days=7)
"""However busy one is, after a week one signs in anew."""


class Session(AbstractBaseSession):
    staff_id = models.BigIntegerField(null=True, db_index=True)

    @classmethod
    def get_session_store_class(cls) -> type[SessionStore]:
        return SessionStore


class SessionStore(DatabaseStore):
    """The engine that settings name."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        session = super().create_model_instance(data)
        assert isinstance(session, Session)  # noqa: S101 - for the type checker
        whose = data.get("_auth_user_id")
        session.staff_id = int(whose) if whose else None
        return session


@dataclass(frozen=True)
class SessionInfo:
    """One sign-in that holds: from where, with what, since when.

    `name` addresses it on a page, since `key` alone is enough to get in.
    """

    key: str
    name: str
    address: str
    agent: str
    begun_at: datetime
    seen_at: datetime


def start(session: SessionBase, *, address: str, agent: str, at: datetime) -> None:
    """Write into a fresh session from where it is used."""
    now = timestamps.to_micros(at)
    session["place"] = {
        "address": address,
        "agent": agent[:300],
        "begun": now,
        "seen": now,
    }


def is_expired(session: SessionBase, at: datetime) -> bool:
    begun = session.get("place", {}).get("begun")
    return begun is not None and at - timestamps.from_micros(begun) >= MAX_AGE


def touch(session: SessionBase, at: datetime) -> None:
    """Note that it is used, now and then: each note is a write."""
    place = session.get("place")
    if place and at - timestamps.from_micros(place["seen"]) >= TOUCH_INTERVAL:
        session["place"] = place | {"seen": timestamps.to_micros(at)}


def list_active(staff: Staff, at: datetime) -> list[SessionInfo]:
    """The latest used first."""
    rows = Session.objects.filter(staff_id=staff.pk, expire_date__gt=at)
    found = [_place(row) for row in rows.order_by("pk")]
    return sorted(
        (place for place in found if place),
        key=lambda place: place.seen_at,
        reverse=True,
    )


def _place(row: Session) -> SessionInfo | None:
    told = row.get_decoded().get("place")
    if not told:
        return None
    return SessionInfo(
        key=row.session_key,
        name=hashlib.sha256(row.session_key.encode()).hexdigest()[:20],
        address=told["address"],
        agent=told["agent"],
        begun_at=timestamps.from_micros(told["begun"]),
        seen_at=timestamps.from_micros(told["seen"]),
    )


def end(staff: Staff, name: str, at: datetime) -> bool:
    keys = [place.key for place in list_active(staff, at) if place.name == name]
    rows = Session.objects.filter(staff_id=staff.pk, session_key__in=keys)
    return bool(rows.delete()[0])


def end_all(staff: Staff, *, but: str | None = None) -> int:
    rows = Session.objects.filter(staff_id=staff.pk).exclude(session_key=but)
    return rows.delete()[0]


def prune(*, at: datetime) -> int:
    """Drop what ran out."""
    return Session.objects.filter(expire_date__lte=at).delete()[0]
