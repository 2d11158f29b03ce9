"""A channel that DiscordChatExporter has written as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import IO, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.importing.files.chat_logs import json_messages, log_format
from qunce.importing.files.chat_logs.log_format import (
    JOINED,
    LEFT,
    MESSAGE,
    Entry,
    LogFormat,
    Parsed,
)
from qunce.importing.files.rows import BrokenRow

KINDS = {
    "Default": MESSAGE,
    "Reply": MESSAGE,
    "GuildMemberJoin": JOINED,
    "RecipientAdd": JOINED,
    "RecipientRemove": LEFT,
}


class DiscordFormat(LogFormat):
    key = "discord"
    label = gettext_lazy("a channel exported from Discord")
    platform = "discord"
    has_ids = True
    is_json = True

    def recognise(self, head: str) -> float:
        start = json_messages.read_start(head)
        return float(isinstance(start.get("guild"), dict) and "channel" in start)

    def find_title(self, head: str) -> str:
        channel = json_messages.read_start(head).get("channel")
        name = channel.get("name") if isinstance(channel, dict) else ""
        return name.strip() if isinstance(name, str) else ""

    def parse(self, stream: IO[bytes], day: date | None) -> Iterator[Parsed]:
        for found in json_messages.iterate(stream):
            if isinstance(found, BrokenRow):
                yield found
                continue
            line, message = found
            kind = KINDS.get(str(message.get("type")))
            number = str(message.get("id", ""))
            if kind is None:
                continue
            time = message.get("timestamp")
            if not isinstance(time, str) or not time:
                yield BrokenRow(line, number, _("This message has no date."))
                continue
            for author in _people(message, kind):
                if not author.get("id") or author.get("isBot"):
                    continue
                name = author.get("nickname") or author.get("name") or ""
                is_message = kind == MESSAGE
                text = str(message.get("content") or "") if is_message else ""
                reference = message.get("reference") if is_message else None
                answered = (
                    reference.get("messageId") if isinstance(reference, dict) else ""
                )
                yield Entry(
                    line,
                    kind,
                    time,
                    str(author["id"]),
                    log_format.shorten(text),
                    name=str(name),
                    key=number if is_message else "",
                    reply_to=str(answered or ""),
                )


def _people(message: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Return the people of a message: its author, or those who were added or removed."""
    author = message.get("author")
    mentions = message.get("mentions")
    is_of_others = str(message.get("type")).startswith("Recipient")
    people = mentions if is_of_others and isinstance(mentions, list) else [author]
    return [person for person in people if isinstance(person, dict)]


FORMAT = DiscordFormat()
