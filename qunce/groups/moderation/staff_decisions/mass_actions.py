"""Mass actions: on many members at once, or the undo of a run. They need two people.

    request(community=, kind=, reason=, by=, at=, group=, accounts=, minutes=)
    request_undo(rule=, since=, until=, reason=, by=, at=)    # a whole run of a rule
    approve(mass_action=, by=, at=); refuse(mass_action=, by=, at=)
    list_waiting(by, at); get(by=, pk=, at=)

What concerns at most `two_people_above` members (see `moderation_settings`) is approved
with its request, together with what the same person did alone within an hour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.channels.channel_contract import ActionKind
from qunce.core import errors, permissions, state_machine, text_validation, timestamps
from qunce.core.facts import facts
from qunce.groups import groups as group_verbs
from qunce.groups import visibility as group_visibility
from qunce.groups.moderation import moderation_settings
from qunce.groups.moderation.actions import actions
from qunce.groups.moderation.ladders.ladders import MAX_MINUTES
from qunce.groups.moderation.models import Case, CaseState, MassAction, MassState
from qunce.groups.moderation.moderation_permissions import DECIDE, MANAGE, VIEW
from qunce.groups.moderation.rules import rules
from qunce.groups.moderation.staff_decisions import case_decisions
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import visibility
from qunce.sets import audiences

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff
    from qunce.groups.groups import Group
    from qunce.groups.moderation.models import Rule

UNDO = "undo"
KINDS = {
    ActionKind.MUTE.value: pgettext_lazy("moderation", "mute"),
    ActionKind.KICK.value: pgettext_lazy("moderation", "remove from the group"),
    ActionKind.BAN.value: pgettext_lazy("moderation", "ban"),
    UNDO: pgettext_lazy("moderation", "undo"),
}
MAX_ACCOUNTS, MAX_REASON = 2_000, 300
ALONE_WITHIN = timedelta(hours=1)
STATES = state_machine.StateMachine(
    {
        "approve": (("waiting",), "approved"),
        "refuse": (("waiting",), "refused"),
    }
)


@dataclass(frozen=True, kw_only=True)
class MassActionFact(facts.FactKind):
    """`size` is the number of members or of cases."""

    labels = {
        "number": gettext_lazy("number of the mass action"),
        "action": gettext_lazy("action"),
        "size": gettext_lazy("size"),
    }
    number: int
    action: str
    size: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MassActionRequested(MassActionFact):
    kind = "moderation.mass_action_requested"
    label = gettext_lazy("mass action requested")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MassActionApproved(MassActionFact):
    kind = "moderation.mass_action_approved"
    label = gettext_lazy("mass action approved")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MassActionRefused(MassActionFact):
    kind = "moderation.mass_action_refused"
    label = gettext_lazy("mass action refused")


class MassActionNotFound(errors.NotFound):
    """There is no such mass action, or its group is hidden."""


class InvalidMassAction(errors.Invalid):
    """A mass action needs a kind, a reason, and members or cases."""


class SecondPersonNeeded(errors.Refused):
    """A mass action is approved by other staff than those who ask for it."""


def size_of(row: MassAction) -> int:
    return len(row.accounts) or len(row.cases)


# Checks


def check_may_answer(row: MassAction, by: Staff, at: datetime) -> None:
    permissions.check_may(by, DECIDE)
    get(by=by, pk=row.pk, at=at)
    if row.by_id == by.pk:
        raise SecondPersonNeeded(
            _("You asked for it, so that somebody else has to approve it.")
        )


def may_answer(row: MassAction, by: Staff) -> bool:
    return (
        permissions.may(by, DECIDE)
        and row.state == MassState.WAITING
        and row.by_id != by.pk
    )


def _check(kind: str, reason: str, minutes: int | None) -> str:
    if kind not in KINDS or kind == UNDO:
        raise InvalidMassAction(_("Choose what is done: mute, kick or ban."))
    if minutes is not None and (
        kind != ActionKind.MUTE
        or type(minutes) is not int
        or not 1 <= minutes <= MAX_MINUTES
    ):
        raise InvalidMassAction(
            _("A mute lasts 1 to %(n)s minutes.") % {"n": f"{MAX_MINUTES:,}"}
        )
    return _check_reason(reason)


def _check_reason(reason: str) -> str:
    reason = reason.strip()
    if not 1 <= len(reason) <= MAX_REASON or not text_validation.is_valid(reason):
        raise InvalidMassAction(
            _("Write a reason of 1 to %(n)s characters.") % {"n": MAX_REASON}
        )
    return reason


# Verbs


@transaction.atomic
def request(
    *,
    group: Group,
    kind: str,
    accounts: Sequence[int],
    reason: str,
    by: Staff,
    at: datetime,
    minutes: int | None = None,
) -> MassAction:
    """Ask for an action on members of a group; a few of them need nobody else."""
    permissions.check_may(by, DECIDE)
    group_verbs.check_visible(group, by)
    reason = _check(kind, reason, minutes)
    ids = sorted(set(accounts))
    if not 1 <= len(ids) <= MAX_ACCOUNTS:
        raise InvalidMassAction(
            _("Choose 1 to %(n)s members.") % {"n": f"{MAX_ACCOUNTS:,}"}
        )
    visibility.check_visible(by=by, accounts=ids, at=at)
    row = MassAction.objects.create(
        community=group.community,
        kind=kind,
        group=group,
        accounts=ids,
        minutes=minutes,
        reason=reason,
        created_at=at,
        by=by,
    )
    return _ask(row, by, at)


@transaction.atomic
def propose_removal(
    *, group: Group, accounts: Sequence[int], reason: str, at: datetime
) -> None:
    """Propose to remove who came with a wave of joins; one person has to approve it.

    Who comes while it waits is added.
    """
    exempt = set(audiences.staff_people(community=group.community, at=at))
    people = account_queries.person_ids(accounts)
    ids = [account for account in accounts if people[account] not in exempt]
    waiting = MassAction.objects.select_for_update().filter(
        group=group, by__isnull=True, state=MassState.WAITING
    )
    for row in waiting.order_by("pk"):
        row.accounts = sorted({*row.accounts, *ids})[:MAX_ACCOUNTS]
        row.save(update_fields=["accounts"])
        return
    if ids:
        row = MassAction.objects.create(
            community=group.community,
            kind=ActionKind.KICK,
            group=group,
            accounts=sorted(set(ids))[:MAX_ACCOUNTS],
            reason=reason,
            created_at=at,
        )
        _record(MassActionRequested, row, None, at)


@transaction.atomic
def request_undo(
    *,
    rule: Rule,
    since: datetime,
    until: datetime,
    reason: str,
    by: Staff,
    at: datetime,
) -> MassAction:
    """Ask to undo all that a rule did in a span of time."""
    permissions.check_may(by, MANAGE)
    rules.check_visible(rule, by)
    reason = _check_reason(reason)
    rows = _undoable(Case.objects.filter(rule=rule)).filter(
        opened_at__gte=timestamps.to_micros(since),
        opened_at__lte=timestamps.to_micros(until),
    )
    numbers = list(rows.order_by("number").values_list("number", flat=True))
    if not numbers:
        raise InvalidMassAction(_("The rule did nothing in this time."))
    if len(numbers) > MAX_ACCOUNTS:
        raise InvalidMassAction(
            _("These are %(count)s cases. Choose a shorter time with at most %(n)s.")
            % {"count": f"{len(numbers):,}", "n": f"{MAX_ACCOUNTS:,}"}
        )
    row = MassAction.objects.create(
        community=rule.community,
        kind=UNDO,
        cases=numbers,
        reason=reason,
        created_at=at,
        by=by,
    )
    return _ask(row, by, at)


def _undoable(rows: models.QuerySet[Case]) -> models.QuerySet[Case]:
    return rows.filter(state__in=[CaseState.ACTED, CaseState.CONFIRMED])


def _ask(row: MassAction, by: Staff, at: datetime) -> MassAction:
    _record(MassActionRequested, row, by, at)
    limit = moderation_settings.load(row.community).two_people_above
    if size_of(row) + _size_alone(row, by, at) <= limit:
        STATES.transition(row, "approve", answered_at=at, answered_by=by)
        _carry_out(row, by, at)
        _record(MassActionApproved, row, by, at)
    return row


def _size_alone(row: MassAction, by: Staff, at: datetime) -> int:
    """What `by` has approved alone lately: many small actions are a large one."""
    since = timestamps.to_micros(at - ALONE_WITHIN)
    rows = MassAction.objects.filter(
        community=row.community, by=by, answered_by=by, created_at__gt=since
    )
    return sum(map(size_of, rows.filter(state=MassState.APPROVED)))


@transaction.atomic
def approve(*, mass_action: MassAction, by: Staff, at: datetime) -> None:
    """Approve what somebody else asked for, and plan its actions."""
    check_may_answer(mass_action, by, at)
    STATES.transition(mass_action, "approve", answered_at=at, answered_by=by)
    _carry_out(mass_action, by, at)
    _record(MassActionApproved, mass_action, by, at)


@transaction.atomic
def refuse(*, mass_action: MassAction, by: Staff, at: datetime) -> None:
    """Refuse it; whoever asked for it may refuse it, too."""
    permissions.check_may(by, DECIDE)
    get(by=by, pk=mass_action.pk, at=at)
    STATES.transition(mass_action, "refuse", answered_at=at, answered_by=by)
    _record(MassActionRefused, mass_action, by, at)


def _carry_out(row: MassAction, by: Staff, at: datetime) -> None:
    if row.kind == UNDO:
        rows = Case.objects.filter(community=row.community, number__in=row.cases)
        related = rows.select_related("community", "group__community", "rule")
        for case in _undoable(related).order_by("pk"):
            case_decisions.undo(case=case, by=by, at=at, reason=row.reason)
        return
    if row.group is None:
        raise ValueError("a mass action on members has a group")
    names = Account.objects.filter(pk__in=row.accounts).values_list("pk", "name")
    for account, name in names.order_by("pk"):
        actions.plan(
            group=row.group,
            kind=ActionKind(row.kind),
            key=f"mass:{row.pk}:{account}",
            account=account,
            name=name,
            mass_action=row,
            minutes=row.minutes,
            reason=row.reason,
            by=by,
            at=at,
        )


def _record(
    kind: type[MassActionFact], row: MassAction, by: Staff | None, at: datetime
) -> None:
    event = kind(group=row.group_id, number=row.pk, action=row.kind, size=size_of(row))
    facts.record(event, community=row.community, by=by, at=at)


# Reads


def list_visible(by: Staff, at: datetime) -> models.QuerySet[MassAction]:
    """Mass actions of groups that `by` sees; with a scope, only one's own."""
    permissions.check_may(by, VIEW)
    rows = MassAction.objects.filter(community=by.community)
    if by.is_scoped:
        rows = rows.filter(by=by)
    if by.groups is not None:
        rows = rows.filter(group__in=group_visibility.list_visible(by))
    rows = rows.select_related("community", "group__community", "by", "answered_by")
    return rows.order_by("-created_at", "-pk")


def list_waiting(by: Staff, at: datetime) -> list[MassAction]:
    return list(list_visible(by, at).filter(state=MassState.WAITING))


def get(*, by: Staff, pk: int, at: datetime) -> MassAction:
    if 0 < pk <= group_visibility.MAX_ID:
        for row in list_visible(by, at).filter(pk=pk):
            return row
    raise MassActionNotFound(_("There is no such mass action."))
