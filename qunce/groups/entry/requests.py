"""Requests to enter a group: opened, answered, decided, expired.

People who joined before they could be asked are inside already, and leave if they are
refused. Exempt people pass immediately, blacklisted ones are refused immediately.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.channels.accounts import accounts as channel_accounts
from qunce.channels.channel_contract import ActionKind
from qunce.core import errors, permissions, timestamps
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.groups import groups as group_verbs
from qunce.groups import visibility as group_visibility
from qunce.groups.entry import effects, gate_terms, gates
from qunce.groups.entry.gate_terms import Terms, Verdict
from qunce.groups.entry.gates import DECIDE
from qunce.groups.entry.models import (
    STATES,
    EntryGate,
    EntryRequest,
    Reason,
    State,
)
from qunce.groups.groups import Group
from qunce.groups.lists import exemptions, lists
from qunce.groups.moderation.actions import actions
from qunce.groups.moderation.models import Action, ActionState
from qunce.groups.overlaps import doors
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import visibility

MAX_SEARCHED = 2_000
"""Requests that are read to find those of members whom somebody with a scope sees."""


# Facts


@dataclass(frozen=True, kw_only=True)
class EntryFact(facts.FactKind):
    labels = {"request": gettext_lazy("request"), "reason": gettext_lazy("reason")}
    instead = gettext_lazy("Use the entry requests of the group instead.")
    request: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class EntryAsked(EntryFact):
    """A newcomer is asked for a step; it is recorded again for each step."""

    kind = "entry.asked"
    label = gettext_lazy("asked at the entry gate")
    step: str
    is_repeated: bool = False


@facts.declare
@dataclass(frozen=True, kw_only=True)
class EntryPassed(EntryFact):
    kind = "entry.passed"
    label = gettext_lazy("let in at the entry gate")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class EntryRefused(EntryFact):
    kind = "entry.refused"
    label = gettext_lazy("refused at the entry gate")
    reason: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class EntryExpired(EntryFact):
    kind = "entry.expired"
    label = gettext_lazy("did not answer at the entry gate")


class RequestNotFound(errors.NotFound):
    """There is no such request."""


class NothingToAnswer(errors.Refused):
    """The request is decided, or waits for staff."""


class GateOff(errors.Refused):
    """The group has no gate that is on."""


# Opening


@transaction.atomic
def open_request(
    *,
    group: Group,
    account: int,
    by: Staff,
    at: datetime,
    is_inside: bool = False,
    happened_at: datetime | None = None,
) -> EntryRequest:
    """Open the request of somebody who knocked or joined, or return the waiting one."""
    permissions.check_may(by, DECIDE)
    group_verbs.check_visible(group, by)
    visibility.check_visible(by=by, accounts=[account], at=at)
    gate = gates.find(group)
    if gate is None or not gate.is_on:
        raise GateOff(_("The group “%(group)s” has no entry gate.") % {"group": group})
    waiting = EntryRequest.objects.filter(
        group=group, account_id=account, state=State.WAITING
    )
    asked_at = happened_at or at
    request = EntryRequest(
        community=group.community,
        group=group,
        account_id=account,
        name=Account.objects.get(pk=account).name[:200],
        is_inside=is_inside,
        asked_at=asked_at,
        expires_at=asked_at + timedelta(hours=gate.wait_hours),
    )
    try:
        with transaction.atomic():
            request.save()
    except IntegrityError:
        # Of two simultaneous reports of one join, the first has opened it.
        return waiting.select_related("group", "community").get()
    _begin(request, gate, by, at)
    return request


def _begin(request: EntryRequest, gate: EntryGate, by: Staff, at: datetime) -> None:
    group, account = request.group, request.account_id
    if lists.is_blacklisted(account=account, group=group, at=at):
        _refuse(request, Reason.BLACKLIST, None, at)
        return
    if exemptions.find(group=group, account=account, at=at):
        _pass(request, None, at)
        return
    found = doors.find_other(group=group, account=account, at=at)
    if found is not None and found.refuses:
        _refuse(request, Reason.OTHER_GROUP, None, at)
        return
    terms = gates.terms_of(gate, at)
    if found is not None:
        terms = _with_approval(terms)
    _go_on(request, gate, terms, "", at)


def _with_approval(terms: Terms) -> Terms:
    """The terms for somebody about whom staff decide in any case."""
    return dataclasses.replace(terms, needs_approval=True)


def _terms_for(request: EntryRequest, gate: EntryGate, at: datetime) -> Terms:
    terms = gates.terms_of(gate, at)
    found = doors.find_other(group=request.group, account=request.account_id, at=at)
    return terms if found is None else _with_approval(terms)


def _go_on(
    request: EntryRequest, gate: EntryGate, terms: Terms, done: str, at: datetime
) -> None:
    """Ask for the step after `done`, or decide if there is none."""
    answers = terms.read_answers(request.answers)
    asks = not effects.has_answered(gate, request.account_id, at)
    step = terms.after(done, answers, asks_questions=asks)
    is_stored = True
    if answers and terms.question_of(step) is None and terms.question_of(done):
        is_stored = effects.store_answers(gate, request.account_id, answers, at)
    if not is_stored:
        # Staff read the answers in the request, and decide.
        step = gate_terms.APPROVAL
    if step == gate_terms.THRESHOLD:
        is_met = effects.meets_rule(gate, request.account_id, at)
        if is_met is False:
            _refuse(request, Reason.THRESHOLD, None, at)
            return
        # If the rule names something that is gone, staff decide.
        step = gate_terms.APPROVAL if is_met is None else terms.after(step)
    if not step:
        _pass(request, None, at)
        return
    _ask(request, step, at)


def _ask(request: EntryRequest, step: str, at: datetime) -> None:
    request.step = step
    request.save(update_fields=["step", "answers"])
    _record(
        EntryAsked(
            account=request.account_id,
            group=request.group_id,
            request=request.pk,
            step=step,
        ),
        request,
        None,
        at,
    )


# Answers


@transaction.atomic
def answer(*, request: EntryRequest, text: str, by: Staff, at: datetime) -> Verdict:
    """Take an answer of the newcomer, which a channel reports or staff type.

    What is not asked any more, as the survey was closed, is left to staff.
    A right answer leads to the next step; after the last question, all are stored in the
    survey, which fills attributes and gives tags.
    """
    permissions.check_may(by, DECIDE)
    _check_visible(request, by, at)
    row = _lock(request)
    if row.state != State.WAITING or not gate_terms.is_asked(row.step):
        raise NothingToAnswer(_("There is no question that waits for an answer."))
    gate = gates.find(row.group)
    assert gate is not None  # noqa: S101 - a request has a gate
    terms = _terms_for(row, gate, at)
    text = text.replace("\0", "")[: gate_terms.MAX_ANSWER_LENGTH]
    attempts, is_asked = row.attempts, row.step in terms.steps
    verdict = gate_terms.judge(terms, row.step, text, attempts=attempts)
    is_right = verdict == Verdict.ACCEPTED
    entry = {"step": row.step, "text": text, "accepted": is_right}
    row.answers = [*row.answers, entry][-100:]
    if not is_asked:
        verdict = Verdict.ACCEPTED
        _ask(row, gate_terms.APPROVAL, at)
    elif is_right:
        _go_on(row, gate, terms, row.step, at)
    elif attempts + 1 >= terms.max_attempts:
        verdict = Verdict.TOO_OFTEN
        row.save(update_fields=["answers"])
        _refuse(row, Reason.ATTEMPTS, None, at)
    else:
        verdict = Verdict.WRONG
        row.save(update_fields=["answers"])
        _record(
            EntryAsked(
                account=row.account_id,
                group=row.group_id,
                request=row.pk,
                step=row.step,
                is_repeated=True,
            ),
            row,
            None,
            at,
        )
    request.refresh_from_db()
    return verdict


# Decisions


@transaction.atomic
def let_in(*, request: EntryRequest, by: Staff, at: datetime) -> None:
    """Let somebody in, whatever is left to ask; also who was refused or came too late."""
    permissions.check_may(by, DECIDE)
    _check_visible(request, by, at)
    row = _lock(request)
    group_verbs.check_capacity(row.group)
    if lists.is_blacklisted(account=row.account_id, group=row.group, at=at):
        raise errors.Refused(_("This person is on the blacklist of the group."))
    _pass(row, by, at)
    request.refresh_from_db()


@transaction.atomic
def refuse(*, request: EntryRequest, by: Staff, at: datetime) -> None:
    permissions.check_may(by, DECIDE)
    _check_visible(request, by, at)
    row = _lock(request)
    _refuse(row, Reason.STAFF, by, at)
    request.refresh_from_db()


def expire_due(*, at: datetime) -> int:
    """Refuse those who did not answer in time; returns how many."""
    due = EntryRequest.objects.filter(state=State.WAITING, expires_at__lte=at)
    # Who waits for staff has done their part.
    due = due.exclude(step=gate_terms.APPROVAL)
    for account in channel_accounts.list_connected():
        # After an outage the answers come late, but they were given in time.
        due = due.exclude(
            community=account.community_id,
            group__platform=account.channel,
            expires_at__gt=channel_accounts.heard_until(account),
        )
    expired = 0
    for request in due.order_by("pk")[:1_000]:
        with transaction.atomic():
            row = _lock(request)
            if row.state != State.WAITING:
                continue
            gate = gates.find(row.group)
            if gate is not None and row.step not in _terms_for(row, gate, at).steps:
                # Nobody could answer it, as the survey was closed.
                _ask(row, gate_terms.APPROVAL, at)
                continue
            removal = _plan(row, ActionKind.KICK, None, at)
            STATES.transition(row, "expire", decided_at=at, action=removal)
            event = EntryExpired(
                account=row.account_id, group=row.group_id, request=row.pk
            )
            _record(event, row, None, at)
            expired += 1
    return expired


def _pass(request: EntryRequest, by: Staff | None, at: datetime) -> None:
    STATES.transition(
        request,
        "let_in",
        decided_at=at,
        decided_by=by,
        reason="",
        step="",
        action=_invitation(request, by, at),
    )
    request.save(update_fields=["answers"])
    event = EntryPassed(
        account=request.account_id, group=request.group_id, request=request.pk
    )
    _record(event, request, by, at)


def _invitation(request: EntryRequest, by: Staff | None, at: datetime) -> Action | None:
    """Invite who is outside; a removal that has not begun is cancelled instead."""
    removal, due_at = request.action, at
    if removal is not None and removal.kind == ActionKind.KICK:
        rows = Action.objects.filter(pk=removal.pk)
        is_cancelled = actions.cancel_pending(rows, at)
        removal.refresh_from_db()
        due_at = actions.time_to_reverse(removal, at)
        if is_cancelled and not actions.may_be_done(removal):
            removal = None
    is_outside = removal is not None or not request.is_inside
    if not is_outside:
        return None
    return _plan(request, ActionKind.INVITE, by, at, due_at=due_at)


def _refuse(
    request: EntryRequest, reason: Reason, by: Staff | None, at: datetime
) -> None:
    STATES.transition(
        request,
        "refuse",
        decided_at=at,
        decided_by=by,
        reason=reason,
        action=_plan(request, ActionKind.KICK, by, at),
    )
    request.save(update_fields=["answers"])
    event = EntryRefused(
        account=request.account_id,
        group=request.group_id,
        request=request.pk,
        reason=reason,
    )
    _record(event, request, by, at)


def _plan(
    request: EntryRequest,
    kind: ActionKind,
    by: Staff | None,
    at: datetime,
    *,
    due_at: datetime | None = None,
) -> Action:
    """What has to be done in the chat: the channel does it, or else it is left to staff.

    Removing somebody who knocked rejects them.
    """
    return actions.plan(
        group=request.group,
        kind=kind,
        key=f"entry:{request.pk}:{kind}:{timestamps.to_micros(at)}",
        account=request.account_id,
        name=request.name,
        by=by,
        at=at,
        due_at=due_at,
    )


@transaction.atomic
def mark_done(*, request: EntryRequest, by: Staff, at: datetime) -> None:
    """Record that staff let somebody in, or removed them, by hand."""
    permissions.check_may(by, DECIDE)
    _check_visible(request, by, at)
    row = _lock(request)
    by_hand = Action.objects.filter(
        pk=row.action_id or 0, state__in=[ActionState.WITH_STAFF, ActionState.FAILED]
    )
    if not by_hand.update(state=ActionState.DONE, done_at=at, by=by):
        raise NothingToAnswer(_("There is nothing to do by hand for this person."))
    change = (
        group_verbs.add_members
        if row.action is not None and row.action.kind == ActionKind.INVITE
        else group_verbs.remove_members
    )
    system = staff_models.system(row.community)
    change(group=row.group, accounts=[row.account_id], by=system, at=at)
    request.refresh_from_db()


def _record(
    event: facts.FactKind, request: EntryRequest, by: Staff | None, at: datetime
) -> None:
    facts.record(event, community=request.community, by=by, at=at)


def _lock(request: EntryRequest) -> EntryRequest:
    rows = EntryRequest.objects.select_for_update(of=("self",))
    related = rows.select_related("group__community", "community", "action")
    return related.get(pk=request.pk)


# Reads


def _check_visible(request: EntryRequest, by: Staff, at: datetime) -> None:
    get(pk=request.pk, by=by, at=at)


def get(*, pk: int, by: Staff, at: datetime) -> EntryRequest:
    """The request; a hidden group or member is like an unknown one."""
    if not 0 < pk <= group_visibility.MAX_ID:
        raise RequestNotFound(_("There is no such request."))
    try:
        row = list_visible(by).get(pk=pk)
        visibility.check_visible(by=by, accounts=[row.account_id], at=at)
    except (EntryRequest.DoesNotExist, errors.NotFound):
        raise RequestNotFound(_("There is no such request.")) from None
    return row


def list_visible(by: Staff) -> models.QuerySet[EntryRequest]:
    """The requests in the groups that `by` sees, the latest first."""
    permissions.check_may(by, DECIDE)
    seen = group_visibility.list_visible(by).values("pk")
    rows = EntryRequest.objects.filter(community=by.community, group__in=seen)
    related = rows.select_related(
        "group__community", "community", "decided_by", "action"
    )
    return related.order_by("-asked_at", "-pk")


def list_seen(
    rows: models.QuerySet[EntryRequest], *, by: Staff, at: datetime, limit: int
) -> list[EntryRequest]:
    """The first of these requests whose members `by` sees."""
    found = list(rows[: limit if by.scope is None else MAX_SEARCHED])
    return filter_seen(found, by=by, at=at)[:limit]


def filter_seen(
    rows: Sequence[EntryRequest], *, by: Staff, at: datetime
) -> list[EntryRequest]:
    """Those of these requests whose members `by` sees."""
    if by.scope is None:
        return list(rows)
    ids = [row.account_id for row in rows]
    people = visibility.filter_visible(by=by, accounts=ids, at=at)
    person_of = account_queries.person_ids(ids)
    return [row for row in rows if person_of[row.account_id] in people]
