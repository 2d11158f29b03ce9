"""How members take part in any kind of activity, whichever way they do it.

    reply = base.take_part(
        activity=activity, account_id=7, way=Way.CHAT, said="day 3", key="event:12", at=at
    )

The page, the chat, the form and pasted lines all call this verb. Who it is, the time and
every amount come from the server.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from qunce.activities import eligibility
from qunce.activities.activities import activities, activity_facts, entries
from qunce.activities.activities.kind_contract import (
    ALL_WAYS,
    Aim,
    Attempt,
    Cost,
    InGroup,
    InvalidSetting,
    Kind,
    KindNotFound,
    Metric,
    NotBetter,
    Reply,
    SettingField,
    get,
    list_kinds,
    register,
    unregister,
)
from qunce.activities.activities.models import (
    MAX_KEY,
    TYPED,
    Activity,
    Answer,
    Way,
)
from qunce.core import db, errors, text_validation, timestamps
from qunce.core.facts import facts
from qunce.core.prepared_queries import Param, PreparedQuery
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

__all__ = [
    "ALL_WAYS",
    "Aim",
    "Attempt",
    "Cost",
    "InGroup",
    "InvalidSetting",
    "Kind",
    "KindNotFound",
    "Metric",
    "NotBetter",
    "Reply",
    "SettingField",
    "Way",
    "get",
    "join",
    "list_kinds",
    "register",
    "rehearse",
    "take_part",
    "unregister",
]
join = entries.join


class MissingKey(errors.Invalid):
    """An attempt to take part has no key by which a repetition is recognised."""


class _Undo(Exception):
    """Rolls a rehearsal back."""


class _Ignored(Exception):
    """Rolls back what was heard and is about something else."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.text)
        self.reply = replace(reply, accepted=False, is_ignored=True, is_stored=False)


def take_part(
    *,
    activity: Activity,
    account_id: int,
    way: Way,
    said: str = "",
    key: str,
    at: datetime,
    served_at: datetime | None = None,
    said_at: datetime | None = None,
    group_id: int | None = None,
    by: Staff | None = None,
    is_heard: bool = False,
) -> Reply:
    """Take part once per `key`; the same key gets the same answer, and counts once.

    Staff who type or paste are `by`, and need to see the member and the activity. A member
    who may not join is answered with the operator's sentence; nothing is raised. What was
    only heard, without the keyword, is ignored then.
    """
    said = _clean_text(said, key)
    if way in TYPED:
        if by is None:
            raise ValueError("what staff type is by somebody")
        activities.check_may_run(by, activity)
        visibility.check_visible(by=by, accounts=[account_id], at=at)
    account_queries.check_ids(activity.community, [account_id])
    own_key = _own_key(key, account_id)
    if (stored := _find_answer(activity, way, own_key)) is not None:
        return stored
    accounts = tuple(account_queries.account_ids_of_person(account_id))
    attempt = Attempt(
        activity=activity,
        account_id=account_id,
        person_id=accounts[0],
        accounts=accounts,
        way=way,
        said=said,
        key=own_key,
        at=at,
        served_at=served_at,
        said_at=said_at,
        group_id=group_id,
        by=by,
        is_heard=is_heard,
    )
    if way != Way.CHAT and (reply := _turn_away(attempt)) is not None:
        return replace(reply, is_stored=False)
    # Before the transaction, which on SQLite keeps all other writers waiting.
    refusal = _judge_person(attempt)
    try:
        return _take_part(attempt, refusal)
    except _Ignored as ignored:
        return ignored.reply
    except IntegrityError:
        # The same key in two processes at the same time: the other one has answered.
        if (stored := _find_answer(activity, way, own_key)) is None:
            raise
        return stored


def rehearse(
    *, activity: Activity, by: Staff, at: datetime, said: str = "", account_id: int = 0
) -> Reply:
    """What a member would read; everything is undone, so that nothing is written.

    Staff try a draft like a running activity, and nobody's eligibility is judged.
    """
    activities.check_may_manage(by, activity)
    said = _clean_text(said)
    if account_id:
        visibility.check_visible(by=by, accounts=[account_id], at=at)
    accounts = tuple(account_queries.account_ids_of_person(account_id))
    attempt = Attempt(
        activity=activity,
        account_id=account_id,
        person_id=accounts[0],
        accounts=accounts,
        way=Way.STAFF,
        said=said,
        key="rehearsal",
        at=at,
        by=by,
        is_rehearsal=True,
    )
    reply = Reply(text="", accepted=False)
    try:
        with transaction.atomic():
            reply = _check_length(attempt) or get(activity.kind).take_part(attempt)
            raise _Undo
    except _Undo:
        return reply


# Plain SQL, as every tap passes here.
INSERT_ANSWER = """
INSERT INTO activities_answer
    (activity_id, account_id, source, key, group_id, at, is_accepted, text)
VALUES (%s, %s, %s, %s, %s, %s, FALSE, '') RETURNING id
"""
UPDATE_ANSWER = "UPDATE activities_answer SET is_accepted = %s, text = %s WHERE id = %s"


@transaction.atomic
def _take_part(attempt: Attempt, refusal: Reply | None) -> Reply:
    # First, so that the second of two with the same key waits here, and counts nothing.
    answer = _insert_answer(attempt)
    judged = attempt.activity
    # The state may have changed since the activity was read, and so may the person: of a
    # merged one all accounts count, and of an erased one nothing is stored.
    accounts = account_queries.read_again(attempt.account_id)
    is_judged = accounts == attempt.accounts
    attempt = replace(
        attempt,
        activity=activities.read_again(judged),
        person_id=accounts[0],
        accounts=accounts,
        entries=entries.list_of_person(judged, accounts),
    )
    if not is_judged or attempt.activity.may_join != judged.may_join:
        refusal = _judge_person(attempt)
    refusal = (
        _judge_time(attempt)
        or refusal
        or _check_struck_out(attempt)
        or _check_length(attempt)
    )
    reply = refusal or get(attempt.activity.kind).take_part(attempt)
    if attempt.is_heard and (refusal is not None or reply.is_ignored):
        raise _Ignored(reply)
    db.execute(UPDATE_ANSWER, [reply.accepted, reply.text, answer])
    is_answered = reply.is_direct or reply.in_group != InGroup.NOTHING
    if attempt.way == Way.CHAT and is_answered:
        fact = activity_facts.ActivityAnswered(
            activity=attempt.activity.pk,
            answer=answer,
            is_direct=reply.is_direct,
            in_group=reply.in_group,
            account=attempt.account_id,
            group=attempt.group_id,
        )
        facts.record(fact, community=attempt.activity.community, by=None, at=attempt.at)
    return reply


def _turn_away(attempt: Attempt) -> Reply | None:
    """What the kind answers without writing, while the activity is open."""
    if eligibility.judge_time(attempt.activity, attempt.at) is not None:
        return None
    return get(attempt.activity.kind).turn_away(attempt)


def _insert_answer(attempt: Attempt) -> int:
    values = [
        attempt.activity.pk,
        attempt.account_id,
        attempt.way.value,
        attempt.key,
        attempt.group_id,
        timestamps.to_micros(attempt.at),
    ]
    ((pk,),) = db.rows(INSERT_ANSWER, values)
    return int(pk)


def _judge_time(attempt: Attempt) -> Reply | None:
    kind, is_typed = get(attempt.activity.kind), attempt.way in TYPED
    said_at = attempt.said_at if kind.takes_late and is_typed else None
    return _refuse(eligibility.judge_time(attempt.activity, attempt.at, said_at))


def _judge_person(attempt: Attempt) -> Reply | None:
    return _refuse(
        eligibility.judge_person(
            attempt.activity, attempt.account_id, attempt.accounts, attempt.at
        )
    )


def _refuse(refusal: eligibility.Refusal | None) -> Reply | None:
    if refusal is None:
        return None
    return Reply(text=refusal.text, accepted=False, code=refusal.reason)


def _check_struck_out(attempt: Attempt) -> Reply | None:
    if all(entry.struck_out_at is None for entry in attempt.entries or ()):
        return None
    text = _("Your entry does not count. Please ask our staff.")
    return Reply(text=text, accepted=False, code="struck_out")


def _check_length(attempt: Attempt) -> Reply | None:
    """Refuse what is too long to be stored whole, before anything is counted."""
    most = get(attempt.activity.kind).max_said
    if len(attempt.said) <= most:
        return None
    text = _("Write at most %(most)s characters; these are %(n)s.")
    return Reply(
        text=text % {"most": f"{most:,}", "n": f"{len(attempt.said):,}"},
        accepted=False,
        code="too_long",
    )


def _clean_text(said: str, key: str = "") -> str:
    """What was said, with one character for a line break, of which forms send two."""
    if not all(map(text_validation.is_valid, (said, key))):
        raise errors.Invalid(_("This contains characters that cannot be stored."))
    return said.replace("\r\n", "\n")


def _own_key(key: str, account_id: int) -> str:
    """A key of the member's own, so that nobody can use up the key of somebody else."""
    if not key or len(key) > MAX_KEY - 22:
        raise MissingKey(_("The form is incomplete. Open the page again."))
    return f"{account_id}:{key}"


_ANSWER = PreparedQuery(
    lambda: Answer.objects.filter(
        activity=Param("activity"), source=Param("way"), key=Param("key")
    )
)


def find_answer(activity: Activity, way: Way, key: str) -> Answer | None:
    """What the attempt with this key of its own was answered."""
    return _ANSWER.first(activity=activity.pk, way=way.value, key=key)


def _find_answer(activity: Activity, way: Way, key: str) -> Reply | None:
    row = find_answer(activity, way, key)
    if row is None:
        return None
    return Reply(text=row.text, accepted=row.is_accepted, is_repeated=True)
