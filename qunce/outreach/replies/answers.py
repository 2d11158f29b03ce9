"""Answers to conversations: through the channel, or by hand where it cannot send.

An answer goes through the ledger, once. It can be undone until it is final: a message of a
channel is held back for some seconds, a mark is recorded after the undo period. The first
answer counts from the moment at which staff sent it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.channels import channel_contract
from qunce.core import errors, permissions, timestamps
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.outreach import skip_reasons
from qunce.outreach.content import templates
from qunce.outreach.replies import conversations
from qunce.outreach.replies.conversation_facts import (
    ConversationAnswered,
    ConversationAnswerFailed,
)
from qunce.outreach.replies.models import (
    STATES,
    Answer,
    AnswerState,
    Conversation,
    State,
    Way,
)
from qunce.outreach.sending import (
    assisted_outcomes,
    assisted_sending,
    channel_sending,
    ledger,
    messages,
)
from qunce.outreach.sending.ledger import Message, Origin, Priority, Purpose

ASSISTED = "assisted"
HELD_BACK = timedelta(seconds=10)
"""How long a channel waits with an answer, so that it can be undone."""
STALE_AFTER = timedelta(hours=24)
MAX_PER_RUN = 1_000
NOT_SENT = (ledger.State.SKIPPED, ledger.State.FAILED, ledger.State.CANCELLED)


class InvalidAnswer(errors.Invalid):
    """An answer has no text, or one that cannot be sent."""


class AnswerNotPossible(errors.Refused):
    """The member may not get an answer, for a reason."""


class TooLateToUndo(errors.Refused):
    """The answer is sent, or recorded."""


# Checks


def find_channel(conversation: Conversation) -> str:
    """The channel that sends the answer, `assisted` if a person must send it."""
    for each in channel_contract.list_channels(conversation.community_id):
        if each.name != conversation.channel:
            continue
        can = each.capabilities
        sends = can.to_group if conversation.group_id else can.to_member
        return each.name if sends and not can.needs_person else ASSISTED
    return ASSISTED


def check_text(text: str, channel: str) -> str:
    """The text with unified line ends; raises InvalidAnswer."""
    cleaned = templates.unify_line_ends(text).strip()
    if not cleaned:
        raise InvalidAnswer(_("Write an answer."))
    can = channel_contract.get(channel).capabilities
    limit = min(can.max_length, templates.MAX_LENGTH)
    size = max(len(cleaned), channel_contract.measure(cleaned, can.length_unit))
    if size > limit:
        raise InvalidAnswer(
            _("An answer can have at most %(most)s characters; it has %(n)s.")
            % {"most": f"{limit:,}", "n": f"{size:,}"}
        )
    if templates.CONTROL_CHARACTERS.search(cleaned.replace("\t", " ")):
        raise InvalidAnswer(_("The answer contains a character that cannot be sent."))
    return cleaned


# Verbs


@transaction.atomic
def send(*, conversation: Conversation, text: str, by: Staff, at: datetime) -> Answer:
    """Send an answer through the channel, or mark it as sent by hand.

    The verb refuses a conversation that does not wait any more, so that two people do not
    answer the same.
    """
    conversations.check_may_answer(conversation, by=by, at=at)
    channel = find_channel(conversation)
    cleaned = check_text(text, channel)
    by_hand = channel == ASSISTED
    held = assisted_sending.UNDO_PERIOD if by_hand else HELD_BACK
    way = Way.BY_HAND if by_hand else Way.CHANNEL
    answer = _end(conversation, way, by, at, at + held)
    message = _request(answer, cleaned, channel, at)
    if message.state == ledger.State.SKIPPED:
        raise AnswerNotPossible(
            _("The member cannot be answered: %(reason)s.")
            % {"reason": skip_reasons.label_of(message.reason)}
        )
    if by_hand:
        ledger.transition(
            Message.objects.filter(pk=message.pk),
            origins=[ledger.State.PLANNED],
            to=ledger.State.MARKED,
            at=at,
            by_id=by.pk,
            recorded=False,
        )
    else:
        channel_sending.send_soon(
            community=conversation.community, channel=channel, at=answer.final_at
        )
    answer.message_id = message.pk
    answer.save(update_fields=["message_id"])
    return answer


@transaction.atomic
def mark_elsewhere(*, conversation: Conversation, by: Staff, at: datetime) -> Answer:
    """Mark that the member was answered in the chat itself, for example on a phone."""
    conversations.check_may_answer(conversation, by=by, at=at)
    final_at = at + assisted_sending.UNDO_PERIOD
    return _end(conversation, Way.ELSEWHERE, by, at, final_at)


def _end(
    conversation: Conversation, way: Way, by: Staff, at: datetime, final_at: datetime
) -> Answer:
    STATES.transition(conversation, "answer", ended_at=at, ended_by=by, changed_at=at)
    return Answer.objects.create(
        conversation=conversation, way=way, by=by, at=at, final_at=final_at
    )


def note_elsewhere(
    *, conversation: Conversation, by: Staff, at: datetime, happened_at: datetime
) -> None:
    """Record that a staff account answered in the group itself; it cannot be undone."""
    answer = _end(conversation, Way.ELSEWHERE, by, happened_at, happened_at)
    _finish(answer, at)


def _request(answer: Answer, text: str, channel: str, at: datetime) -> Message:
    conversation = answer.conversation
    is_group = conversation.group_id != 0
    draft = messages.Draft(
        origin=Origin.REPLY,
        origin_id=answer.pk,
        account=None if is_group else conversation.account_id,
        group=conversation.group_id if is_group else None,
        # Braces are no variables in what somebody writes to one member.
        text=text.replace("{", "{{").replace("}", "}}"),
        purpose=Purpose.SERVICE,
        priority=Priority.URGENT,
        channel=channel,
        staff=answer.by if channel == ASSISTED else None,
        due_at=at if channel == ASSISTED else answer.final_at,
        stale_at=at + STALE_AFTER,
    )
    return messages.request(draft, community=conversation.community, at=at)


def may_undo(answer: Answer, at: datetime) -> bool:
    return answer.state == AnswerState.PENDING and at < answer.final_at


@transaction.atomic
def undo(*, answer: Answer, by: Staff, at: datetime) -> None:
    """Take an answer back that is not final; the conversation waits again."""
    conversations.check_may_answer(answer.conversation, by=by, at=at)
    same = Answer.objects.filter(
        pk=answer.pk,
        state=AnswerState.PENDING,
        final_at__gt=timestamps.to_micros(at),
    )
    if not same.update(state=AnswerState.UNDONE):
        raise TooLateToUndo(_("The answer is sent and can no longer be undone."))
    if answer.message_id is not None:
        rows = Message.objects.filter(pk=answer.message_id, lease="")
        origins = [ledger.State.PLANNED, ledger.State.MARKED]
        if not ledger.transition(
            rows, origins=origins, to=ledger.State.CANCELLED, at=at, recorded=True
        ):
            raise TooLateToUndo(_("The answer is sent and can no longer be undone."))
    answer.refresh_from_db()
    if answer.conversation.state == State.ANSWERED:
        conversations.wait_again(answer.conversation, by=by, at=at)


def finish_due(*, at: datetime) -> int:
    """Record the outcomes of answers that are final; returns how many. A job."""
    rows = Answer.objects.filter(
        state=AnswerState.PENDING, final_at__lte=timestamps.to_micros(at)
    ).select_related("conversation__community", "by")
    return sum(
        _finish(answer, at) for answer in rows.order_by("final_at", "pk")[:MAX_PER_RUN]
    )


@transaction.atomic
def _finish(answer: Answer, at: datetime) -> bool:
    """Record what became of an answer; False while its channel has not sent it."""
    message = None
    if answer.message_id is not None:
        message = Message.objects.filter(pk=answer.message_id).first()
        if message is not None and message.state == ledger.State.PLANNED:
            return False
    failed = message is not None and message.state in NOT_SENT
    state = AnswerState.FAILED if failed else AnswerState.SENT
    same = Answer.objects.filter(pk=answer.pk, state=AnswerState.PENDING)
    reason = message.reason if failed and message else ""
    if not same.update(state=state, reason=reason):
        return False
    if failed:
        _wait_again(answer, reason, at)
    else:
        _record(answer, message, at)
    return True


def _wait_again(answer: Answer, reason: str, at: datetime) -> None:
    conversation = answer.conversation
    if conversation.state == State.ANSWERED:
        conversations.wait_again(conversation, by=None, at=at)
    fact = conversations.to_fact(conversation, ConversationAnswerFailed, reason=reason)
    facts.record(fact, community=conversation.community, by=None, at=at)


def _record(answer: Answer, message: Message | None, at: datetime) -> None:
    conversation = answer.conversation
    minutes = (answer.at - conversation.opened_at).total_seconds() // 60
    new: list[facts.FactKind] = [
        conversations.to_fact(
            conversation,
            ConversationAnswered,
            way=answer.way,
            minutes=max(0, int(minutes)),
        )
    ]
    if message is not None and answer.way == Way.BY_HAND:
        Message.objects.filter(pk=message.pk).update(recorded=True)
        new.append(assisted_outcomes.to_fact(message))
    facts.record_many(
        new,
        community=conversation.community,
        by=answer.by,
        at=at,
        happened_at=[answer.at] * len(new),
    )


# Reads


def get(*, by: Staff, pk: int, at: datetime) -> Answer:
    """An answer of a conversation that `by` sees; raises ConversationNotFound."""
    permissions.check_may(by, conversations.VIEW)
    rows = Answer.objects.filter(conversation__community=by.community, pk=pk)
    for answer in rows.select_related("conversation__community", "by"):
        if conversations.filter_visible([answer.conversation], by=by, at=at):
            return answer
    raise not_found()


def not_found() -> conversations.ConversationNotFound:
    return conversations.ConversationNotFound(_("There is no such answer."))
