"""What was said in the chat of a conversation: by the member, by staff, automatically."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from qunce.core import permissions
from qunce.core.staff.models import Staff
from qunce.groups import message_quotes
from qunce.groups.message_quotes import Quote
from qunce.members.accounts import queries as account_queries
from qunce.members.message_texts import message_texts
from qunce.outreach.replies import conversations
from qunce.outreach.replies.models import Answer, AnswerState, Conversation, Way
from qunce.outreach.sending.ledger import COUNTED, Message, Origin

MAX_MESSAGES, MAX_ANSWERS = 40, 30


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A message. `quote` is a member's; others are an `answer` or automatic.

    `is_own` is whether the member of the conversation wrote it, `is_new` whether it waits
    for the answer.
    """

    at: datetime
    text: str
    quote: Quote | None = None
    answer: Answer | None = None
    is_own: bool = False
    is_new: bool = False


@dataclass(frozen=True)
class Thread:
    """`may_read` is false if `by` may not read what members wrote."""

    entries: list[Entry]
    may_read: bool

    @property
    def question(self) -> str:
        """What waits for an answer."""
        return "\n".join(entry.text for entry in self.entries if entry.is_new)


def load(*, conversation: Conversation, by: Staff, at: datetime) -> Thread:
    """Return the latest messages of the chat, by time."""
    permissions.check_may(by, conversations.VIEW)
    conversations.check_visible(conversation, by=by, at=at)
    own = account_queries.account_ids_of_person(conversation.account_id)
    may_read = permissions.may(by, message_texts.READ)
    quotes = _quotes(conversation, own, by, at) if may_read else []
    entries = [
        Entry(
            at=quote.happened_at,
            text=quote.text,
            quote=quote,
            is_own=quote.account in own,
            is_new=quote.account in own
            and quote.happened_at >= conversation.opened_at
            # What came after the answer waits in a conversation of its own.
            and (
                conversation.ended_at is None
                or quote.happened_at <= conversation.ended_at
            ),
        )
        for quote in quotes
    ]
    since = min((entry.at for entry in entries), default=conversation.opened_at)
    answers = _answers(conversation, own, is_scoped=by.scope is not None)
    entries += [each for each in answers if each.at >= since]
    return Thread(sorted(entries, key=lambda each: each.at), may_read)


def _quotes(
    conversation: Conversation, own: list[int], by: Staff, at: datetime
) -> list[Quote]:
    if not conversation.group_id:
        return message_quotes.list_direct(
            accounts=own, by=by, at=at, limit=MAX_MESSAGES
        )
    return message_quotes.list_around(
        group=conversation.group_id, moment=conversation.opened_at, by=by, at=at
    )


def _answers(
    conversation: Conversation, own: list[int], *, is_scoped: bool
) -> list[Entry]:
    """Our answers in the chat; with a scope, those to this member and automatic ones."""
    is_group = conversation.group_id != 0
    sent = Message.objects.filter(
        community=conversation.community,
        origin=Origin.REPLY,
        is_group=is_group,
        target_id__in=[conversation.group_id] if is_group else own,
        state__in=COUNTED,
    )
    rows = list(sent.order_by("-changed_at", "-pk")[:MAX_ANSWERS])
    by_pk = Answer.objects.select_related("by", "conversation").in_bulk(
        [row.origin_id for row in rows if row.origin_id > 0]
    )
    if is_scoped:
        hidden = {
            pk
            for pk, answer in by_pk.items()
            if answer.conversation.account_id not in own
        }
        rows = [row for row in rows if row.origin_id not in hidden]
    entries = [
        Entry(
            at=by_pk[row.origin_id].at if row.origin_id in by_pk else row.changed_at,
            text=row.text,
            answer=by_pk.get(row.origin_id),
        )
        for row in rows
    ]
    elsewhere = Answer.objects.filter(
        conversation__account_id__in=own,
        conversation__group_id=conversation.group_id,
        way=Way.ELSEWHERE,
        state__in=[AnswerState.PENDING, AnswerState.SENT],
    ).select_related("by")
    entries += [
        Entry(at=answer.at, text="", answer=answer)
        for answer in elsewhere.order_by("-at")[:MAX_ANSWERS]
    ]
    return entries
