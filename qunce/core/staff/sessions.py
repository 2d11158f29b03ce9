"""Sessions of signed-in staff: Django's database sessions with the id of the staff.

Only a digest of the key in the cookie is stored, since the key is worth a password.
"""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models

from qunce.core import db, timestamps

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase

    from qunce.core.staff.models import Staff

TOUCH_INTERVAL = timedelta(minutes=5)
"""How exactly the last use is known; each time it is stored costs a write."""
MAX_AGE = timedelta(days=7)
"""After this, staff sign in again even if they use the session all the time."""
SECOND_FACTOR_KEY = "second_factor_at_provider"
"""Whether the organisation's sign-in service has checked a second factor."""
MAX_AGENT_LENGTH = 300
KEY_LENGTH = 40
"""Hexadecimal digits of a stored digest, as many as Django's column takes."""
INFO = "info"
"""The key in the session's data under which `start` stores what `SessionInfo` shows."""


class Session(AbstractBaseSession):
    staff_id = models.BigIntegerField(null=True, db_index=True)

    @classmethod
    def get_session_store_class(cls) -> type[SessionStore]:
        return SessionStore


class SessionStore(DatabaseStore):
    """The session engine named in the settings."""

    touched: dict[str, Any] | None = None
    """What the session contained when only its last use was stored, without INFO."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        session = super().create_model_instance(data)
        assert isinstance(session, Session)  # noqa: S101 - for the type checker
        session.session_key = digest(session.session_key)
        user_id = data.get("_auth_user_id")
        session.staff_id = int(user_id) if user_id else None
        return session

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        key = self.session_key
        self._session_key = digest(key) if key else None
        session: AbstractBaseSession | None = super()._get_session_from_db()  # type: ignore[misc]
        # Django has forgotten a key that has no session, and it stays forgotten.
        if session is not None:
            self._session_key = key
        return session

    def exists(self, session_key: str) -> bool:
        return super().exists(digest(session_key))

    def save(self, must_create: bool = False) -> None:
        # Asked for by each page; only the time of the last use is new on most of them.
        is_only_touched = not must_create and self.without_info() == self.touched
        if is_only_touched:
            db.write_if_possible(super().save)
        else:
            super().save(must_create)

    def without_info(self) -> dict[str, Any]:
        return {name: value for name, value in self.items() if name != INFO}

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            super().delete(digest(key))


def digest(key: str) -> str:
    """What is stored of a session's key. A key is random and needs no salt."""
    return hashlib.sha256(key.encode()).hexdigest()[:KEY_LENGTH]


@dataclass(frozen=True)
class SessionInfo:
    """An active session as staff see it; `name` is the digest of its key."""

    name: str
    address: str
    agent: str
    started_at: datetime
    last_used_at: datetime


def start(session: SessionBase, *, address: str, agent: str, at: datetime) -> None:
    """Store in a new session where and when it was started."""
    now = timestamps.to_micros(at)
    session[INFO] = {
        "address": address,
        "agent": agent[:MAX_AGENT_LENGTH],
        "started": now,
        "last_used": now,
    }


def touch(session: SessionBase, at: datetime) -> None:
    """Store the time of use, unless it was stored within `TOUCH_INTERVAL`."""
    info = session.get(INFO)
    if info and at - timestamps.from_micros(info["last_used"]) >= TOUCH_INTERVAL:
        if isinstance(session, SessionStore) and not session.modified:
            session.touched = copy.deepcopy(session.without_info())
        # Assigned as a whole, since the session notices only assignments to its own
        # keys.
        session[INFO] = info | {"last_used": timestamps.to_micros(at)}


def is_expired(session: SessionBase, at: datetime) -> bool:
    started = session.get(INFO, {}).get("started")
    return started is not None and at - timestamps.from_micros(started) >= MAX_AGE


def end(staff: Staff, name: str) -> bool:
    """End one session. False if `staff` has no such session."""
    rows = Session.objects.filter(staff_id=staff.pk, session_key=name)
    return bool(rows.delete()[0])


def end_all(staff: Staff, *, except_key: str | None = None) -> int:
    """End all sessions of `staff` but one; returns how many."""
    rows = Session.objects.filter(staff_id=staff.pk)
    if except_key:
        rows = rows.exclude(session_key=digest(except_key))
    return rows.delete()[0]


def prune(*, at: datetime) -> int:
    """Delete expired sessions; returns how many."""
    return Session.objects.filter(expire_date__lte=at).delete()[0]


def list_active(staff: Staff, at: datetime) -> list[SessionInfo]:
    """The sessions of `staff`, the last used first."""
    rows = Session.objects.filter(staff_id=staff.pk, expire_date__gt=at)
    infos = []
    for row in rows.order_by("pk"):
        if info := row.get_decoded().get(INFO):
            infos.append(
                SessionInfo(
                    name=row.session_key,
                    address=info["address"],
                    agent=info["agent"],
                    started_at=timestamps.from_micros(info["started"]),
                    last_used_at=timestamps.from_micros(info["last_used"]),
                )
            )
    return sorted(infos, key=lambda info: info.last_used_at, reverse=True)
