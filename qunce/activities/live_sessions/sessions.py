"""A live session: its times from the settings, its replay, and the typed number of people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.activities import time_texts
from qunce.activities.activities import activities
from qunce.activities.activities.models import State as ActivityState
from qunce.activities.live_sessions import live_session_facts
from qunce.activities.live_sessions.live_session_facts import LiveSessionFact
from qunce.activities.live_sessions.models import (
    MAX_NUMBER,
    MAX_URL,
    LiveReservation,
    LiveSession,
    State,
    TypedAttendance,
)
from qunce.core import errors, text_validation
from qunce.core.facts import facts as fact_log
from qunce.core.web import addresses
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.activities.activities.models import Activity
    from qunce.core.staff.models import Staff

KIND = "live_session"
AHEAD = timedelta(minutes=15)
"""How long before the start members can enter, and say the word."""
SHOWN = (
    ActivityState.RUNNING,
    ActivityState.PAUSED,
    ActivityState.CLOSED,
    ActivityState.SETTLED,
    ActivityState.REVIEWED,
)
"""States in which there can be a replay, and a number of people."""


class InvalidReplay(errors.Invalid):
    """The address of a replay is not complete."""


class InvalidNumber(errors.Invalid):
    """A typed number of people is outside its limits."""


class NotOver(errors.Refused):
    """The live session is not over, or was cancelled."""


# What the settings say


def is_address(url: str) -> bool:
    """Whether it is a complete web address, which a browser can open."""
    is_short = len(url) <= MAX_URL and text_validation.is_valid(url)
    # A user name before the host would make one host look like another.
    return is_short and addresses.parse(url) is not None and not urlsplit(url).username


def times_of(settings: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """Start and end; the settings have both once it is published."""
    return (
        datetime.fromisoformat(settings["starts"]),
        datetime.fromisoformat(settings["ends"]),
    )


def time_text(activity: Activity) -> str:
    """Such as 2026-03-07 20:00–22:00, "" without times."""
    if not (activity.settings["starts"] and activity.settings["ends"]):
        return ""
    return time_texts.span_text(activity, *times_of(activity.settings))


def get(activity: Activity) -> LiveSession:
    return LiveSession.objects.select_related("replay_by").get(activity=activity)


def check_live_session(activity: Activity) -> None:
    """Raise ActivityNotFound for another kind of activity, and for one not published."""
    if activity.kind != KIND or activity.published_at is None:
        raise activities.not_found()


def opens_at(session: LiveSession) -> datetime:
    return session.starts_at - AHEAD


def is_on(session: LiveSession, moment: datetime) -> bool:
    """Whether members can enter then: from AHEAD before the start until the end."""
    return opens_at(session) <= moment < session.ends_at


# Steps of the activity


def publish(activity: Activity, at: datetime) -> None:
    starts_at, ends_at = times_of(activity.settings)
    LiveSession.objects.create(activity=activity, starts_at=starts_at, ends_at=ends_at)


def call_off(activity: Activity, at: datetime) -> None:
    """Record for everybody who reserved that it was cancelled before its end."""
    session = LiveSession.objects.filter(activity=activity).first()  # unique
    if session is None or at >= session.ends_at:
        return
    rows = LiveReservation.objects.filter(activity=activity, state=State.RESERVED)
    for row in rows.order_by("pk"):
        record(
            live_session_facts.LiveSessionCalledOff,
            activity,
            account=row.account_id,
            by=None,
            at=at,
            reservation=row.pk,
        )


def record(
    kind: type[LiveSessionFact],
    activity: Activity,
    *,
    by: Staff | None,
    at: datetime,
    account: int | None = None,
    **payload: Any,
) -> None:
    """Record a fact about a live session, unless the member was erased."""
    if account is not None and account_queries.find_erased([account]):
        return
    fact = kind(account=account, activity=activity.pk, **payload)
    fact_log.record(fact, community=activity.community, by=by, at=at)


# Verbs of staff


@transaction.atomic
def set_replay(*, activity: Activity, url: str, by: Staff, at: datetime) -> None:
    """Show the recording to members, or none with ""; possible after the end."""
    activities.check_may_run(by, activity)
    check_live_session(activity)
    url = url.strip()
    if url and not is_address(url):
        raise InvalidReplay(
            _(
                "“Replay” has to be a complete address of at most %(n)s characters that "
                "begins with https:// or http://."
            )
            % {"n": MAX_URL}
        )
    session = LiveSession.objects.select_for_update(of=("self",)).get(activity=activity)
    activity = activities.read_again(activity)
    if activity.state not in SHOWN:
        raise NotOver(_("A live session that was cancelled has no replay."))
    if at < session.ends_at:
        raise NotOver(
            _("The live session is not over. Add the replay after %(time)s.")
            % {"time": time_texts.moment_text(activity, session.ends_at)}
        )
    if session.replay == url:
        return
    session.replay, session.replay_at, session.replay_by = url, at, by
    session.save(update_fields=["replay", "replay_at", "replay_by"])
    record(live_session_facts.LiveSessionReplaySet, activity, by=by, at=at)


@transaction.atomic
def type_number(*, activity: Activity, number: int, by: Staff, at: datetime) -> None:
    """Store how many people came as the platform shows it, beside those who are known."""
    activities.check_may_run(by, activity)
    check_live_session(activity)
    if isinstance(number, bool) or not 0 <= number <= MAX_NUMBER:
        raise InvalidNumber(
            _("“Number of people” is a whole number from 0 to %(most)s.")
            % {"most": f"{MAX_NUMBER:,}"}
        )
    activity = activities.read_again(activity)
    session = get(activity)
    if activity.state not in SHOWN:
        raise NotOver(_("Nobody came to a live session that was cancelled."))
    if at < session.starts_at:
        raise NotOver(
            _("It has not started. Type the number after %(time)s.")
            % {"time": time_texts.moment_text(activity, session.starts_at)}
        )
    TypedAttendance.objects.create(activity=activity, number=number, by=by, at=at)
    record(
        live_session_facts.LiveSessionNumberTyped, activity, by=by, at=at, number=number
    )


def list_typed(activity: Activity) -> Sequence[TypedAttendance]:
    """The typed numbers, the newest first."""
    rows = TypedAttendance.objects.filter(activity=activity).select_related("by")
    return list(rows.order_by("-at", "-pk")[:50])
