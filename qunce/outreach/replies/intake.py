"""Messages as they come in: what they open in the inbox, raise as cases, and are answered.

Called for messages of channels only. What comes by files and logs is history, and answered
or too late to be.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from qunce.channels.inbox import IncomingEvent
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.groups import working_people
from qunce.groups.complaints import message_complaints
from qunce.groups.message_quotes import Quote
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import StaffAccount
from qunce.members.message_texts.models import MessageText
from qunce.outreach.replies import (
    answers,
    automatic_replies,
    conversations,
    reply_settings,
    rule_matching,
)
from qunce.outreach.replies.models import Conversation, Kind, State
from qunce.outreach.sending.ledger import Message


@dataclass(frozen=True, kw_only=True)
class IncomingMessage:
    """A stored message. `mentions` are the channel's ids of those who are called in it.

    `id` is the channel's id of the message, `answers` of the one it answers to.
    """

    community: Community
    channel: str
    source: int
    key: str
    account: int
    group: int | None
    happened_at: datetime
    text: str
    id: str = ""
    answers: str = ""
    mentions: tuple[str, ...] = ()
    is_automatic: bool = False


def receive_event(
    event: IncomingEvent,
    *,
    source: int,
    key: str,
    account: int,
    group: int | None,
    text: str,
    at: datetime,
) -> None:
    """Take the message of an event of a channel, unless it is history or an edit."""
    payload = event.payload
    if payload.get("is_history") or payload.get("edits"):
        return
    mentions = payload.get("mentions") or ()
    message = IncomingMessage(
        community=event.community,
        channel=event.channel,
        source=source,
        key=key,
        account=account,
        group=group,
        happened_at=event.happened_at,
        text=text,
        id=str(payload.get("id", "")),
        answers=str(payload.get("answers", "")),
        mentions=tuple(str(each) for each in mentions if isinstance(each, str)),
        is_automatic=bool(payload.get("is_automatic")),
    )
    receive(message, at=at)


def receive(message: IncomingMessage, *, at: datetime) -> None:
    """Take a message that was just stored, in the same transaction."""
    if message.is_automatic or not message.text:
        return
    if working_people.find([message.account]):
        if working_people.find_answering([message.account]):
            _note_answer(message, at)
        return
    quote = _quote(message)
    if quote is None:
        return
    message_complaints.raise_from_message(
        community=message.community, quote=quote, at=at
    )
    if message.group is None or _calls_us(message):
        conversations.open_or_extend(_conversation(message, at), at=at)
    automatic_replies.answer(
        community=message.community, quote=quote, channel=message.channel, at=at
    )


def _quote(message: IncomingMessage) -> Quote | None:
    row = MessageText.objects.filter(source_id=message.source, key=message.key).first()
    if row is None:
        return None
    return Quote(
        message=row.pk,
        source=message.source,
        key=message.key,
        account=message.account,
        group=message.group,
        happened_at=message.happened_at,
        text=message.text,
    )


def _conversation(message: IncomingMessage, at: datetime) -> Conversation:
    return Conversation(
        community=message.community,
        account_id=message.account,
        group_id=message.group or 0,
        kind=Kind.MENTION if message.group else Kind.DIRECT,
        channel=message.channel,
        source_id=message.source,
        key=message.key,
        channel_message_id=message.id[:200],
        opened_at=message.happened_at,
        last_at=message.happened_at,
        changed_at=at,
    )


def _calls_us(message: IncomingMessage) -> bool:
    """Whether a message in a group answers one of ours, or calls us or our staff."""
    if message.answers:
        ours = Message.objects.filter(
            community=message.community,
            channel=message.channel,
            channel_message_id=message.answers[:100],
        )
        if ours.exists():
            return True
    called = account_queries.find(
        message.community, message.mentions, channel=message.channel
    )
    if working_people.find(called.values()):
        return True
    text = rule_matching.normalise(message.text)
    words = reply_settings.get(message.community).mention_words
    return any(f"@{rule_matching.normalise(word)}" in text for word in words)


def _note_answer(message: IncomingMessage, at: datetime) -> None:
    """End the conversations in a group that a staff account answers there."""
    if message.group is None or not (message.answers or message.mentions):
        return
    called = account_queries.find(
        message.community, message.mentions, channel=message.channel
    )
    people = set(account_queries.person_ids(called.values()).values())
    waiting = Conversation.objects.filter(
        community=message.community, group_id=message.group, state=State.WAITING
    ).select_related("community")
    found = list(waiting.order_by("pk"))
    person_of = account_queries.person_ids(row.account_id for row in found)
    marked = StaffAccount.objects.filter(
        account_id=message.account, staff__isnull=False
    )
    account = marked.select_related("staff").first()
    by = (account and account.staff) or staff_models.system(message.community)
    for row in found:
        is_answer = bool(message.answers) and message.answers == row.channel_message_id
        if is_answer or person_of[row.account_id] in people:
            answers.note_elsewhere(
                conversation=row, by=by, at=at, happened_at=message.happened_at
            )
