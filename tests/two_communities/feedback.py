"""A case, a conversation, an automatic reply and a wish of the hidden member and group."""

from __future__ import annotations

from typing import Any

from qunce.core import timestamps
from qunce.core.facts import interned_names
from qunce.groups.complaints import complaints
from qunce.groups.message_quotes import Quote
from qunce.groups.wishes import wishes
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.message_texts import NewText
from qunce.members.message_texts.models import MessageText
from qunce.outreach.replies import answers, conversations, reply_rules
from qunce.outreach.replies.models import Conversation, Kind
from tests.two_communities.data import TwoCommunities


def add_feedback(data: TwoCommunities) -> None:
    ids = add_of(data, data.ids["member"], data.ids["group"], "Homely")
    data.ids |= ids
    rule = reply_rules.create(
        community=data.community,
        name="Homely reply",
        match="contains",
        words=["hours"],
        text="From nine to six",
        by=data.owner,
        at=data.at,
    )
    data.ids["reply rule"] = rule.pk


def add_of(
    data: Any, account: int, group: int, name: str, *, key: str = "m"
) -> dict[str, int]:
    """The ids of a case, a conversation with an answer, a wish and a message."""
    common: dict[str, Any] = {"by": data.owner, "at": data.at}
    quote = add_message(data, account, group, f"{name} message", key)
    case = complaints.create(
        community=data.community,
        topic="quality",
        title=f"{name} case",
        account=account,
        group=group,
        **common,
    )
    row = conversations.open_or_extend(
        Conversation(
            community=data.community,
            account_id=account,
            group_id=group,
            kind=Kind.MENTION,
            channel="assisted",
            source_id=quote.source,
            key=quote.key,
            opened_at=data.at,
            last_at=data.at,
            changed_at=data.at,
        ),
        at=data.at,
    )
    answer = answers.mark_elsewhere(conversation=row, **common)
    wish = wishes.create(
        community=data.community, title=f"{name} wish", account=account, **common
    )
    return {
        "complaint": case.pk,
        "conversation": row.pk,
        "reply answer": answer.pk,
        "wish": wish.pk,
        "wish voice": wish.voices.get().pk,
        "message text": quote.message,
    }


def add_message(data: Any, account: int, group: int, text: str, key: str) -> Quote:
    source = interned_names.ensure("source", data.community.pk, ["log"])["log"]
    moment = timestamps.to_micros(data.at)
    new = NewText(key, account, group, moment, text)
    message_texts.store(data.community, source, [new])
    row = MessageText.objects.get(source_id=source, key=key)
    return Quote(
        message=row.pk,
        source=source,
        key=key,
        account=account,
        group=group,
        happened_at=data.at,
        text=text,
    )
