"""Decisions of people about cases, and what undoes them.

    confirm(case=, by=, at=, rung=None, minutes=None)   # the rule was right: do it
    dismiss(case=, by=, at=, reason="")                 # the rule was wrong: nothing is done
    reopen(case=, by=, at=)                             # a dismissed case waits again
    undo(case=, by=, at=, reason="")                    # what was done was wrong: take it back

An undo cancels what waits, reverses what was done, voids the strikes, and makes the
windows of floods forget the member. A deleted message does not come back.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.channels.channel_contract import ActionKind
from qunce.core import errors, permissions, text_validation
from qunce.groups.lists import lists
from qunce.groups.lists.models import ListEntry, ListName
from qunce.groups.moderation.actions import actions
from qunce.groups.moderation.cases import cases
from qunce.groups.moderation.ladders import ladders, strikes
from qunce.groups.moderation.ladders.decisions import SEVERITY
from qunce.groups.moderation.ladders.ladders import MAX_MINUTES
from qunce.groups.moderation.models import (
    CASE_STATES,
    Action,
    ActionState,
    Case,
    CaseSource,
    CaseState,
    Rung,
)
from qunce.groups.moderation.moderation_permissions import DECIDE
from qunce.groups.moderation.rules import check_states
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from qunce.core.staff.models import Staff

RIGHT, WRONG = "right", "wrong"
MAX_REASON = 300


class InvalidDecision(errors.Invalid):
    """A decision names a rung, a length or a reason that is not possible."""


# Checks


def check_may_decide(case: Case, by: Staff, at: datetime) -> None:
    permissions.check_may(by, DECIDE)
    cases.check_visible(case, by, at)


def may_decide(case: Case, by: Staff) -> bool:
    return permissions.may(by, DECIDE) and case.state in (
        CaseState.OPEN,
        CaseState.OBSERVED,
        CaseState.ACTED,
    )


def _check_reason(reason: str) -> str:
    reason = reason.strip()
    if len(reason) > MAX_REASON or not text_validation.is_valid(reason):
        raise InvalidDecision(
            _("The reason can have at most %(n)s characters.") % {"n": MAX_REASON}
        )
    return reason


def _check_rung(rung: str, minutes: int | None) -> Rung:
    if rung not in Rung.values:
        raise InvalidDecision(
            _("Choose one of: %(names)s.") % {"names": _(", ").join(Rung.values)}
        )
    if minutes is not None and (
        rung != Rung.MUTE or type(minutes) is not int or not 1 <= minutes <= MAX_MINUTES
    ):
        raise InvalidDecision(
            _("A mute lasts 1 to %(n)s minutes.") % {"n": f"{MAX_MINUTES:,}"}
        )
    return Rung(rung)


# Verbs


@transaction.atomic
def confirm(
    *,
    case: Case,
    by: Staff,
    at: datetime,
    rung: str | None = None,
    minutes: int | None = None,
) -> None:
    """Agree with a case, and do what it proposes, or `rung` instead."""
    check_may_decide(case, by, at)
    was_acted = case.state == CaseState.ACTED
    chosen = Rung(case.rung) if rung is None else _check_rung(rung, minutes)
    if rung is not None and chosen not in list_choices(case):
        raise InvalidDecision(
            _(
                "Only the message of somebody who forwards a text is deleted. Choose another step."
            )
        )
    length = case.minutes if rung is None else minutes
    CASE_STATES.transition(
        case,
        "confirm",
        verdict=RIGHT,
        rung=chosen,
        minutes=length,
        decided_at=at,
        decided_by=by,
    )
    _give_strikes(case, at)
    cases.record(cases.CaseConfirmed, case, by, at)
    if was_acted and rung is None:
        return
    planned = actions.plan_step(case, chosen, length, is_automatic=False, by=by, at=at)
    if not planned:
        cases.tell(case, at)


def _give_strikes(case: Case, at: datetime) -> None:
    """Make those of the case real; a case without a rule counts on the default ladder."""
    strikes.make_real(case)
    if case.rule is None and case.responsible_id is not None:
        ladder = ladders.ensure_default(case.community, at)
        strikes.add(case, case.responsible_id, {ladder.pk: True}, at)


@transaction.atomic
def dismiss(*, case: Case, by: Staff, at: datetime, reason: str = "") -> None:
    """Disagree with a case on which nothing was done."""
    check_may_decide(case, by, at)
    CASE_STATES.transition(
        case,
        "dismiss",
        verdict=WRONG,
        reason=_check_reason(reason),
        decided_at=at,
        decided_by=by,
    )
    strikes.void(case, at)
    actions.cancel_pending(Action.objects.filter(case=case), at)
    _forget(case, at)
    cases.record(cases.CaseDismissed, case, by, at)


@transaction.atomic
def reopen(*, case: Case, by: Staff, at: datetime) -> None:
    """Let a case that was dismissed by mistake wait for a decision again."""
    check_may_decide(case, by, at)
    if case.state == CaseState.ACTED:
        raise InvalidDecision(_("Something was done in this case. Undo it instead."))
    CASE_STATES.transition(
        case, "reopen", verdict="", reason="", decided_at=None, decided_by=None
    )
    strikes.restore(case)
    cases.record(cases.CaseReopened, case, by, at)


@transaction.atomic
def undo(*, case: Case, by: Staff, at: datetime, reason: str = "") -> None:
    """Take back what was done in a case, with the entry on the blacklist that it led to."""
    check_may_decide(case, by, at)
    listed = _find_entry_of(case)
    CASE_STATES.transition(
        case,
        "undo",
        verdict=WRONG,
        reason=_check_reason(reason),
        decided_at=at,
        decided_by=by,
    )
    strikes.void(case, at)
    reverse(Action.objects.filter(case=case), by=by, at=at)
    if listed is not None:
        lists.remove(entry=listed, by=by, at=at)
    _forget(case, at)
    cases.record(cases.CaseUndone, case, by, at)


def _find_entry_of(case: Case) -> ListEntry | None:
    """What `pasted_messages.remove` has put on the blacklist when it decided the case."""
    if case.source != CaseSource.PASTED or case.decided_at is None:
        return None
    rows = ListEntry.objects.filter(
        community=case.community_id,
        list_name=ListName.BLACK,
        name=case.author_name,
        added_at=case.decided_at,
        by=case.decided_by,
        ended_at__isnull=True,
    )
    return rows.order_by("pk").first()


def reverse(rows: QuerySet[Action], *, by: Staff | None, at: datetime) -> None:
    """Cancel the actions that wait, and plan the reverse of those that were done."""
    actions.cancel_pending(rows, at)
    related = rows.filter(kind__in=list(actions.INVERSE)).order_by("pk")
    for action in related.select_related("group__community", "case"):
        is_settled = action.state in (ActionState.DONE, ActionState.WITH_STAFF)
        if not is_settled and not actions.may_be_done(action):
            continue
        if is_settled:
            Action.objects.filter(pk=action.pk).update(state=ActionState.UNDONE)
        actions.plan(
            group=action.group,
            kind=actions.INVERSE[ActionKind(action.kind)],
            key=f"undo:{action.pk}",
            account=action.account_id,
            name=action.name,
            case=action.case,
            reason=action.reason,
            by=by,
            at=at,
            due_at=actions.time_to_reverse(action, at),
        )


def _forget(case: Case, at: datetime) -> None:
    if case.responsible_id is not None:
        person = account_queries.person_ids([case.responsible_id])[case.responsible_id]
        check_states.forget_person(case.group, person, at)


# Reads


def list_choices(case: Case) -> list[Rung]:
    """The rungs that a person may choose for a case, the mildest first."""
    if case.is_forwarded:
        return [Rung.WARN, Rung.DELETE]
    return sorted(Rung, key=SEVERITY.__getitem__)
