"""Conversations: what a member wrote to us, or to a group with our name, until we answer.

A conversation opens as in `insight.first_answers`: with the first message after our last
one in this chat, or after a silence. So both count the same first answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.facts.facts import RecordedFact
from qunce.core.staff.models import SYSTEM_LOGIN_PREFIX, Staff
from qunce.groups import visibility as group_visibility
from qunce.insight.first_answers.conversations import SILENCE
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.outreach.replies.conversation_facts import (
    ConversationAssigned,
    ConversationClosed,
    ConversationFact,
    ConversationLate,
    ConversationOpened,
    ConversationReopened,
)
from qunce.outreach.replies.models import (
    CHOSEN_REASONS,
    STATES,
    AutomaticReply,
    CloseReason,
    Conversation,
    State,
)

VIEW = permissions.declare(
    "replies.view",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("see the inbox"),
)
ANSWER = permissions.declare(
    "replies.answer",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("answer members in the inbox"),
)
OVERSEE = permissions.declare(
    "replies.oversee",
    permissions.Role.MANAGER,
    label=gettext_lazy("see messages that others do not answer in time"),
)
MAX_SCANNED = 5_000
"""Conversations that are read at most to list those that staff with a scope see."""
MAX_PER_RUN = 1_000


class ConversationNotFound(errors.NotFound):
    """There is no such conversation that this staff member sees."""


class InvalidConversation(errors.Invalid):
    """A reason or a staff member is not possible."""


# Checks


def check_visible(conversation: Conversation, *, by: Staff, at: datetime) -> None:
    if conversation.community_id != by.community_id or not filter_visible(
        [conversation], by=by, at=at
    ):
        raise ConversationNotFound(_("There is no such conversation."))


def check_may_answer(conversation: Conversation, *, by: Staff, at: datetime) -> None:
    permissions.check_may(by, ANSWER)
    check_visible(conversation, by=by, at=at)


# Verbs


def open_or_extend(new: Conversation, *, at: datetime) -> Conversation:
    """Store a conversation, or add its message to the one that waits in this chat.

    Call it in the transaction that stores the message.
    """
    found = find_waiting(new)
    if found is not None:
        silence = timestamps.to_micros(new.opened_at) - timestamps.to_micros(
            found.last_at
        )
        if silence < SILENCE:
            found.last_at = max(found.last_at, new.opened_at)
            found.save(update_fields=["last_at"])
            return found
        end_silent(found, at=at)
    try:
        with transaction.atomic():
            new.save()
    except IntegrityError:
        # Another process was faster.
        again = find_waiting(new)
        if again is None:
            raise
        return again
    # It happened when the member wrote, as Insight counts it.
    opened = to_fact(new, ConversationOpened, channel=new.channel, kind_of=new.kind)
    moments = [new.opened_at]
    facts.record_many(
        [opened], community=new.community, by=None, at=at, happened_at=moments
    )
    return new


def find_waiting(new: Conversation) -> Conversation | None:
    """The waiting conversation in the same chat, of any account of the person."""
    rows = Conversation.objects.select_for_update(of=("self",)).filter(
        community=new.community,
        account_id__in=account_queries.account_ids_of_person(new.account_id),
        group_id=new.group_id,
        state=State.WAITING,
    )
    return rows.order_by("opened_at", "pk").first()


def end_silent(conversation: Conversation, *, at: datetime) -> None:
    """Close a conversation that nobody answered until the silence was over."""
    reason = CloseReason.SILENCE
    STATES.transition(conversation, "close", reason=reason, ended_at=at, changed_at=at)
    _record(conversation, ConversationClosed, None, at, reason=str(reason))


@transaction.atomic
def assign(
    *, conversation: Conversation, staff: Staff | None, by: Staff, at: datetime
) -> None:
    """Let somebody answer a conversation; None leaves it to whoever takes it."""
    check_may_answer(conversation, by=by, at=at)
    if staff is not None and staff not in list_assignable(conversation.community):
        raise InvalidConversation(
            _("Messages cannot be assigned to %(name)s.") % {"name": staff}
        )
    # Locked, so that of two people who assign it the history names both.
    rows = Conversation.objects.select_for_update(of=("self",))
    if rows.get(pk=conversation.pk).staff_id != (staff.pk if staff else None):
        set_staff(conversation, staff, by=by, at=at)


def set_staff(
    conversation: Conversation, staff: Staff | None, *, by: Staff | None, at: datetime
) -> None:
    conversation.staff, conversation.changed_at = staff, at
    conversation.save(update_fields=["staff", "changed_at"])
    login = staff.login if staff else ""
    _record(conversation, ConversationAssigned, by, at, staff=login)


@transaction.atomic
def close(*, conversation: Conversation, reason: str, by: Staff, at: datetime) -> None:
    """Close a conversation without an answer, for one of CHOSEN_REASONS."""
    check_may_answer(conversation, by=by, at=at)
    if reason not in CHOSEN_REASONS:
        raise InvalidConversation(
            _("Choose a reason: %(reasons)s.")
            % {"reasons": _(", ").join(str(each.label) for each in CHOSEN_REASONS)}
        )
    STATES.transition(
        conversation,
        "close",
        reason=reason,
        ended_at=at,
        ended_by=by,
        changed_at=at,
    )
    _record(conversation, ConversationClosed, by, at, reason=reason)


@transaction.atomic
def reopen(*, conversation: Conversation, by: Staff, at: datetime) -> None:
    """Let a conversation wait for an answer again."""
    check_may_answer(conversation, by=by, at=at)
    wait_again(conversation, by=by, at=at)
    _record(conversation, ConversationReopened, by, at)


def wait_again(conversation: Conversation, *, by: Staff | None, at: datetime) -> None:
    """Set a conversation back to waiting; a newer one in its chat is joined with it."""
    newer = find_waiting(conversation)
    if newer is not None and newer.pk != conversation.pk:
        reason = CloseReason.JOINED
        STATES.transition(newer, "close", reason=reason, ended_at=at, changed_at=at)
        _record(newer, ConversationClosed, by, at, reason=str(reason))
    last = max(conversation.last_at, newer.last_at if newer else conversation.last_at)
    STATES.transition(
        conversation,
        "reopen",
        reason="",
        ended_at=None,
        ended_by=None,
        last_at=last,
        changed_at=at,
    )


def note_late(*, at: datetime) -> int:
    """Note which conversations have become late; returns how many. A job."""
    rows = Conversation.objects.filter(
        state=State.WAITING, late_at__isnull=True, due_at__lt=timestamps.to_micros(at)
    )
    due = list(rows.select_related("community").order_by("due_at", "pk")[:MAX_PER_RUN])
    return sum(_note_late(conversation, at) for conversation in due)


@transaction.atomic
def _note_late(conversation: Conversation, at: datetime) -> bool:
    same = Conversation.objects.filter(
        pk=conversation.pk, late_at__isnull=True, state=State.WAITING
    )
    if not same.update(late_at=at):
        return False
    _record(conversation, ConversationLate, None, at)
    return True


def delete_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to erased members: delete their conversations and automatic replies."""
    accounts = [fact.account for fact in facts if fact.account is not None]
    for chunk in account_queries.chunks(accounts, size=900):
        Conversation.objects.filter(community=community, account_id__in=chunk).delete()
        AutomaticReply.objects.filter(
            rule__community=community, account_id__in=chunk
        ).delete()


def _record(
    conversation: Conversation,
    kind: type[ConversationFact],
    by: Staff | None,
    at: datetime,
    **fields: Any,
) -> None:
    facts.record(
        to_fact(conversation, kind, **fields),
        community=conversation.community,
        by=by,
        at=at,
    )


def to_fact(
    conversation: Conversation, kind: type[ConversationFact], **fields: Any
) -> ConversationFact:
    return kind(
        conversation=conversation.pk,
        account=conversation.account_id,
        group=conversation.group_id or None,
        **fields,
    )


# Reads


def list_assignable(community: Community) -> list[Staff]:
    """The active staff who may answer, by name."""
    rows = Staff.objects.filter(community=community, is_active=True)
    people = rows.exclude(login__startswith=SYSTEM_LOGIN_PREFIX).order_by("name", "pk")
    return [staff for staff in people if permissions.may(staff, ANSWER)]


def filter_visible(
    rows: Sequence[Conversation], *, by: Staff, at: datetime
) -> list[Conversation]:
    """Those of these conversations whose member and group `by` sees."""
    found = list(rows)
    if by.groups is not None and found:
        seen = set(group_visibility.list_visible(by).values_list("pk", flat=True))
        found = [row for row in found if not row.group_id or row.group_id in seen]
    among = visibility.among(by, at) if found else None
    if among is None:
        return found
    people = account_queries.person_ids(row.account_id for row in found)
    return [row for row in found if people[row.account_id] in among]


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Empty for all. `staff` is the id of the one who is to answer, 0 for nobody."""

    states: tuple[str, ...] = (State.WAITING,)
    staff: int | None = None
    kind: str = ""
    account: int | None = None
    group: int | None = None
    late_at: datetime | None = None


def list_visible(
    *, by: Staff, at: datetime, filters: Filters | None = None, limit: int = 200
) -> list[Conversation]:
    """The conversations that `by` sees: waiting ones by when they are due, then the rest."""
    rows = select(by=by, filters=filters or Filters()).annotate(
        is_waiting=models.Case(models.When(state=State.WAITING, then=0), default=1),
        has_no_due=models.Case(models.When(due_at__isnull=True, then=1), default=0),
    )
    ordered = rows.order_by("is_waiting", "has_no_due", "due_at", "opened_at", "pk")
    if not by.is_scoped:
        return list(ordered[:limit])
    return filter_visible(list(ordered[:MAX_SCANNED]), by=by, at=at)[:limit]


def select(*, by: Staff, filters: Filters) -> models.QuerySet[Conversation]:
    """The conversations that fit, without regard to what `by` sees."""
    permissions.check_may(by, VIEW)
    rows = Conversation.objects.filter(community=by.community)
    if filters.states:
        rows = rows.filter(state__in=filters.states)
    if filters.staff is not None:
        nobody = models.Q(staff__isnull=True)
        rows = rows.filter(models.Q(staff=filters.staff) if filters.staff else nobody)
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    if filters.account is not None:
        rows = rows.filter(
            account_id__in=account_queries.account_ids_of_person(filters.account)
        )
    if filters.group is not None:
        rows = rows.filter(group_id=filters.group)
    if filters.late_at is not None:
        rows = rows.filter(
            state=State.WAITING, due_at__lt=timestamps.to_micros(filters.late_at)
        )
    return rows.select_related("community", "staff", "ended_by")


def get(*, by: Staff, pk: int, at: datetime) -> Conversation:
    """The conversation; a hidden one is like one that does not exist."""
    permissions.check_may(by, VIEW)
    rows = Conversation.objects.filter(community=by.community)
    rows = rows.select_related("community", "staff", "ended_by")
    found = rows.filter(pk=pk).first() if 0 < pk < 2**63 else None
    if found is None:
        raise ConversationNotFound(_("There is no such conversation."))
    check_visible(found, by=by, at=at)
    return found


def list_own(*, by: Staff, at: datetime, limit: int = 200) -> list[Conversation]:
    """What `by` is to answer, and what waits for anybody."""
    if not permissions.may(by, ANSWER) or not permissions.may(by, VIEW):
        return []
    every = list_visible(by=by, at=at, filters=Filters(), limit=MAX_SCANNED)
    return [row for row in every if row.staff_id in (None, by.pk)][:limit]


def list_late_of_others(
    *, by: Staff, at: datetime, limit: int = 50
) -> list[Conversation]:
    """What others have not answered in time, for staff who oversee it."""
    if not permissions.may(by, OVERSEE) or not permissions.may(by, VIEW):
        return []
    late = list_visible(by=by, at=at, filters=Filters(late_at=at), limit=10 * limit)
    return [row for row in late if row.staff_id not in (None, by.pk)][:limit]
