"""Handlers of messages that channels report: new, edited, deleted and reported ones.

The text of a message is stored apart, where it is deleted after a while; the event and the
fact keep none. A message in a group is judged by the rules of moderation; a direct one may
be an opt-out, an appeal or an answer to what the gate has asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy

from qunce.channels.inbox import IncomingEvent
from qunce.core import timestamps
from qunce.core.facts import facts
from qunce.groups import chat_readers
from qunce.groups.chat_readers import ChangedMessage, ChatMessage
from qunce.groups.complaints import ratings
from qunce.groups.entry import answers as entry_answers
from qunce.groups.group_messages import GroupMessage, MessageFile
from qunce.groups.groups import Group
from qunce.groups.moderation.actions import late_edits
from qunce.groups.moderation.cases import member_reports
from qunce.groups.moderation.cases.member_reports import ReportedMessage
from qunce.groups.moderation.judgements import judging
from qunce.groups.moderation.staff_decisions import appeals
from qunce.groups.volunteers import entry_words, message_words
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.message_texts import NewText
from qunce.members.message_texts.models import MessageText
from qunce.outreach.replies import intake
from qunce.outreach.sending import channel_people, chat_opt_outs
from qunce.outreach.sending.ledger import Message

KIND = "message"
MAX_QUOTED = 2_000
MAX_FILES = 20


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MessagePosted(facts.FactKind):
    """A member wrote a message. Its text is stored apart, see `members.message_texts`."""

    kind = "message.posted"
    label = gettext_lazy("wrote a message")
    labels = {
        "length": gettext_lazy("number of characters"),
        # Of those that a program has sorted by what they are about.
        "topic": gettext_lazy("topic"),
        # Of those in logs that say what a message answers.
        "is_reply": gettext_lazy("answer to another message"),
    }
    reportable = True
    length: int = 0


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MessageDeleted(facts.FactKind):
    """A message was deleted in the chat: by its author if `is_own`, else by others."""

    kind = "message.deleted"
    label = gettext_lazy("message deleted")
    labels = {"is_own": gettext_lazy("by its author")}
    is_own: bool = False


def record_message(*, event: IncomingEvent, at: datetime) -> None:
    """Payload: `from`, optionally `group` and `text`, and what `GroupMessage` has."""
    account = channel_people.ensure_account(event, at)
    if account is None:
        return
    group = channel_people.ensure_group(event, at)
    text = str(event.payload.get("text", ""))
    original = _find_edited(event)
    if original is None:
        _record_new(event, account, group, text, at)
    else:
        _replace_text(original, account, group, text)
        _report_change(original, text, at)
    _forget_text(event)
    if group is None:
        _take_direct(event, account, text, at)
    else:
        message = _group_message(
            event, account, group, text, is_edit=original is not None
        )
        judging.judge(message, at=at)
        late_edits.delete(message, at=at)
        _take_from_group(event, account, group, text, at)


def _record_new(
    event: IncomingEvent, account: int, group: Group | None, text: str, at: datetime
) -> None:
    group_id = None if group is None else group.pk
    fact = MessagePosted(account=account, group=group_id, length=len(text))
    source = channel_people.source_of(event)
    facts.record_many(
        [fact],
        community=event.community,
        by=None,
        at=at,
        happened_at=[event.happened_at],
        source=source if text else None,
    )
    if text:
        moment = timestamps.to_micros(event.happened_at)
        new = NewText(_text_key(event), account, group_id, moment, text)
        message_texts.store(event.community, source, [new])


def _take_direct(event: IncomingEvent, account: int, text: str, at: datetime) -> None:
    """Take a direct message as what it means first; otherwise staff answer it."""
    if not event.payload.get("is_history") and not event.payload.get("edits"):
        if chat_opt_outs.read(event=event, account=account, text=text, at=at):
            return
        if appeals.receive(
            community=event.community, account=account, text=text, at=at
        ):
            return
        if entry_answers.read(
            community=event.community, account=account, group=None, text=text, at=at
        ):
            return
        if ratings.receive(
            community=event.community, account=account, text=text, at=at
        ):
            return
        if _is_read(event, account, None, text, at):
            return
    _take_in(event, account, None, text, at)


def _take_from_group(
    event: IncomingEvent, account: int, group: Group, text: str, at: datetime
) -> None:
    """Take a message in a group as an answer to the gate, or for the reply inbox."""
    if event.payload.get("is_history") or event.payload.get("edits"):
        return
    meaning = entry_answers.read(
        community=event.community, account=account, group=group, text=text, at=at
    )
    is_done = bool(meaning) or _do_as_volunteer(event, account, group, text, at)
    if not is_done and not _is_read(event, account, group, text, at):
        _take_in(event, account, group, text, at)


def _is_read(
    event: IncomingEvent, account: int, group: Group | None, text: str, at: datetime
) -> bool:
    """Whether a reader has taken the message; what a program writes is for none."""
    if event.payload.get("is_automatic"):
        return False
    message = ChatMessage(
        community=event.community,
        account=account,
        group=None if group is None else group.pk,
        text=text,
        key=_text_key(event),
        happened_at=event.happened_at,
    )
    return chat_readers.read(message, at=at)


def _do_as_volunteer(
    event: IncomingEvent, account: int, group: Group, text: str, at: datetime
) -> bool:
    """Do what a volunteer's word says, for most of the message that it answers to."""
    if entry_words.let_in(group=group, volunteer=account, text=text, at=at):
        return True
    word = message_words.parse(text)
    key = str(event.payload.get("answers", ""))
    original = find_message(event, key) if word else None
    if word is None or original is None:
        return False
    texts = MessageText.objects.filter(
        source_id=channel_people.source_of(original), key=_text_key(original)
    )
    return message_words.do(
        word,
        group=group,
        volunteer=account,
        message=_reported(original, key, at),
        stored=texts.first(),  # unique, so that there is one
        at=at,
    )


def _take_in(
    event: IncomingEvent, account: int, group: Group | None, text: str, at: datetime
) -> None:
    if text:
        intake.receive_event(
            event,
            source=channel_people.source_of(event),
            key=_text_key(event),
            account=account,
            group=None if group is None else group.pk,
            text=text,
            at=at,
        )


def _text_key(event: IncomingEvent) -> str:
    return f"event:{event.pk}"


def _forget_text(event: IncomingEvent) -> None:
    """The text is stored apart, where it is deleted after a while."""
    kept = {k: v for k, v in event.payload.items() if k not in ("text", "quotes")}
    if kept != event.payload:
        IncomingEvent.objects.filter(pk=event.pk).update(payload=kept)


# Edits


def find_message(event: IncomingEvent, key: str) -> IncomingEvent | None:
    """The event of a message in the same chat on the same channel.

    One that names a message of another chat must neither read nor change it.
    """
    if not key:
        return None
    rows = IncomingEvent.objects.filter(
        community=event.community, channel=event.channel, kind=KIND, key=key[:200]
    )
    found = rows.first()
    if found is None or found.payload.get("group") != event.payload.get("group"):
        return None
    return found


def _find_edited(event: IncomingEvent) -> IncomingEvent | None:
    """The message that an event edits; an edit of somebody else's is none.

    Clients do not show such an edit in the place of the message.
    """
    original = find_message(event, str(event.payload.get("edits", "")))
    if original is None or original.payload.get("from") != event.payload.get("from"):
        return None
    return original


def _replace_text(
    original: IncomingEvent, account: int, group: Group | None, text: str
) -> None:
    source = channel_people.source_of(original)
    message_texts.remove(original.community, source, [_text_key(original)])
    moment = timestamps.to_micros(original.happened_at)
    group_id = None if group is None else group.pk
    new = NewText(_text_key(original), account, group_id, moment, text)
    message_texts.store(original.community, source, [new])


def _report_change(original: IncomingEvent, text: str | None, at: datetime) -> None:
    changed = ChangedMessage(
        community=original.community, key=_text_key(original), text=text
    )
    chat_readers.change(changed, at=at)


# Groups


def _group_message(
    event: IncomingEvent, account: int, group: Group, text: str, *, is_edit: bool
) -> GroupMessage:
    payload = event.payload
    edits = str(payload.get("edits", "")) if is_edit else ""
    name = Account.objects.filter(pk=account).values_list("name", flat=True).get()
    return GroupMessage(
        community=event.community,
        group=group,
        account=account,
        key=str(payload.get("id") or event.key),
        happened_at=event.happened_at,
        text=text,
        author_name=str(payload.get("from_name") or name),
        is_history=bool(payload.get("is_history")),
        edits=edits,
        editor=account if edits else None,
        forwarded_from=str(payload.get("forwarded_from", ""))[:200],
        quoted=str(payload.get("quotes", ""))[:MAX_QUOTED],
        files=tuple(map(_file, payload.get("files", ())[:MAX_FILES])),
    )


def _file(stored: dict[str, Any]) -> MessageFile:
    path = str(stored.get("path", ""))
    return MessageFile(
        name=str(stored.get("name", "")),
        media_type=str(stored.get("media_type", "")),
        sha256=str(stored.get("sha256", "")),
        path=Path(path) if path else None,
    )


# Deleted and reported messages


def record_deleted(*, event: IncomingEvent, at: datetime) -> None:
    """Payload: `id` of the message, and `by`, who has deleted it."""
    original = find_message(event, str(event.payload.get("id", "")))
    if original is None or original.payload.get("edits"):
        return
    sender = str(original.payload.get("from", ""))
    source = channel_people.source_of(original)
    message_texts.remove(event.community, source, [_text_key(original)])
    _report_change(original, None, at)
    known = account_queries.find(event.community, [sender]) if sender else {}
    group = channel_people.ensure_group(original, at)
    fact = MessageDeleted(
        account=known.get(sender),
        group=None if group is None else group.pk,
        is_own=sender == event.payload.get("by"),
    )
    facts.record_many(
        [fact],
        community=event.community,
        by=None,
        at=at,
        happened_at=[event.happened_at],
    )


def _reported(original: IncomingEvent, key: str, at: datetime) -> ReportedMessage:
    texts = MessageText.objects.filter(
        source_id=channel_people.source_of(original), key=_text_key(original)
    )
    return ReportedMessage(
        key=key,
        happened_at=original.happened_at,
        account=channel_people.ensure_account(original, at),
        text=texts.values_list("text", flat=True).first() or "",
    )


def record_report(*, event: IncomingEvent, at: datetime) -> None:
    """Payload: `from`, `group`, `message` (its id), optionally `text`, the reason."""
    reporter = channel_people.ensure_account(event, at)
    group = channel_people.ensure_group(event, at)
    if reporter is None or group is None:
        return
    key = str(event.payload.get("message", ""))
    ours = Message.objects.filter(
        community=event.community,
        channel=event.channel,
        channel_message_id=key[:100],
    )
    if key and ours.exists():
        # What we have sent is for nobody to be removed.
        return
    original = find_message(event, key)
    message = ReportedMessage(key=key, happened_at=event.happened_at)
    if original is not None:
        message = _reported(original, key, at)
    text = str(event.payload.get("text", ""))
    member_reports.report(
        group=group, reporter=reporter, message=message, text=text, at=at
    )
    _forget_text(event)
