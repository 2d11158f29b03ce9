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
    MAX_SAID,
    TYPED,
    Activity,
    Answer,
    Way,
)
from qunce.core import errors, text_validation
from qunce.core.facts import facts
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
        self.reply = replace(reply, accepted=False, is_ignored=True)


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
    _check_text(said, key)
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
        return reply
    try:
        return _take_part(attempt)
    except _Ignored as ignored:
        return ignored.reply
    except IntegrityError:
        # The same key in two processes at the same time: the other one has answered.
        stored = _find_answer(activity, way, own_key)
        if stored is None:
            raise
        return stored


def rehearse(
    *, activity: Activity, by: Staff, at: datetime, said: str = "", account_id: int = 0
) -> Reply:
    """What a member would read; everything is undone, so that nothing is written.

    Staff try a draft like a running activity, and nobody's eligibility is judged.
    """
    activities.check_may_manage(by, activity)
    _check_text(said)
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


@transaction.atomic
def _take_part(attempt: Attempt) -> Reply:
    # First, so that the second of two with the same key waits here, and counts nothing.
    row = Answer.objects.create(
        activity=attempt.activity,
        account_id=attempt.account_id,
        source=attempt.way,
        key=attempt.key,
        group_id=attempt.group_id,
        at=attempt.at,
    )
    refusal = _judge(attempt) or _check_length(attempt)
    reply = refusal or get(attempt.activity.kind).take_part(attempt)
    if attempt.is_heard and (refusal is not None or reply.is_ignored):
        raise _Ignored(reply)
    row.is_accepted, row.text = reply.accepted, reply.text
    row.save(update_fields=["is_accepted", "text"])
    is_answered = reply.is_direct or reply.in_group != InGroup.NOTHING
    if attempt.way == Way.CHAT and is_answered:
        fact = activity_facts.ActivityAnswered(
            activity=attempt.activity.pk,
            answer=row.pk,
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


def _judge(attempt: Attempt) -> Reply | None:
    # The state may have changed since the activity was read.
    attempt.activity.refresh_from_db()
    kind, is_typed = get(attempt.activity.kind), attempt.way in TYPED
    refusal = eligibility.judge(
        activity=attempt.activity,
        account_id=attempt.account_id,
        at=attempt.at,
        said_at=attempt.said_at if kind.takes_late and is_typed else None,
    )
    if refusal is None:
        if not entries.is_struck_out(attempt.activity, attempt.accounts):
            return None
        return Reply(
            text=_("Your entry does not count. Please ask our staff."),
            accepted=False,
            code="struck_out",
        )
    return Reply(text=refusal.text, accepted=False, code=refusal.reason)


def _check_length(attempt: Attempt) -> Reply | None:
    """Refuse what is too long to be stored whole, before anything is counted."""
    if len(attempt.said) <= MAX_SAID:
        return None
    text = _("Write at most %(most)s characters; these are %(n)s.")
    return Reply(
        text=text % {"most": MAX_SAID, "n": f"{len(attempt.said):,}"},
        accepted=False,
        code="too_long",
    )


def _check_text(*texts: str) -> None:
    if not all(map(text_validation.is_valid, texts)):
        raise errors.Invalid(_("This contains characters that cannot be stored."))


def _own_key(key: str, account_id: int) -> str:
    """A key of the member's own, so that nobody can use up the key of somebody else."""
    if not key or len(key) > MAX_KEY - 22:
        raise MissingKey(_("The form is incomplete. Open the page again."))
    return f"{account_id}:{key}"


def _find_answer(activity: Activity, way: Way, key: str) -> Reply | None:
    row = Answer.objects.filter(activity=activity, source=way, key=key).first()
    if row is None:
        return None
    return Reply(text=row.text, accepted=row.is_accepted, is_repeated=True)
