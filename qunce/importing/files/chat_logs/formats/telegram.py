"""`result.json` of Telegram Desktop: the export of one chat."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
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

CHATS = "group supergroup channel chat saved_messages bot_chat"
JOINS = {
    "invite_members",
    "join_group_by_link",
    "join_group_by_request",
    "create_group",
}
LEAVES = {"remove_members"}


class TelegramFormat(LogFormat):
    key = "telegram"
    label = gettext_lazy("a chat that Telegram exported")
    platform = "telegram"
    has_ids = True
    is_json = True

    def recognise(self, head: str) -> float:
        start = json_messages.read_start(head)
        kind = start.get("type")
        is_chat = isinstance(kind, str) and any(word in kind for word in CHATS.split())
        return float(is_chat and "id" in start)

    def find_title(self, head: str) -> str:
        name = json_messages.read_start(head).get("name")
        return name.strip() if isinstance(name, str) else ""

    def parse(self, stream: IO[bytes], day: date | None) -> Iterator[Parsed]:
        known: dict[str, str] = {}
        for found in json_messages.iterate(stream):
            if isinstance(found, BrokenRow):
                yield found
                continue
            line, message = found
            time = _time(message)
            who = str(message.get("from_id") or message.get("actor_id") or "")
            name = message.get("from") or message.get("actor") or ""
            number = str(message.get("id", ""))
            if isinstance(name, str) and name and who:
                known[name] = who
            if not time:
                yield BrokenRow(line, number, _("This message has no date."))
            elif message.get("type") == "message" and who:
                yield Entry(
                    line,
                    MESSAGE,
                    time,
                    who,
                    log_format.shorten(_text(message.get("text"))),
                    name=str(name),
                    key=number,
                    reply_to=str(message.get("reply_to_message_id") or ""),
                )
            elif message.get("type") == "service":
                yield from _moves(line, time, message, who, known)


def _time(message: dict[str, Any]) -> str:
    """The time as UTC where the export has it, else the clock of who exported."""
    seconds = str(message.get("date_unixtime") or "")
    if seconds.isdecimal() and len(seconds) < 12:
        return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(message.get("date") or "").replace("T", " ")


def _text(value: Any) -> str:
    """The text of a message, which is a text or a list of texts and entities."""
    parts = value if isinstance(value, list) else [value]
    texts = (part.get("text") if isinstance(part, dict) else part for part in parts)
    return "".join(text for text in texts if isinstance(text, str))


def _moves(
    line: int, time: str, message: dict[str, Any], who: str, known: dict[str, str]
) -> Iterator[Entry]:
    action = str(message.get("action"))
    kind = JOINED if action in JOINS else LEFT if action in LEAVES else ""
    if not kind:
        return
    members = message.get("members")
    listed = members if isinstance(members, list) else []
    names = [name for name in listed if isinstance(name, str) and name]
    if not names and action in ("join_group_by_link", "join_group_by_request") and who:
        yield Entry(line, kind, time, who, name=str(message.get("actor") or ""))
    for name in names:
        # Exports call them by name only; the id is that of their messages.
        yield Entry(line, kind, time, known.get(name, name), name=name)


FORMAT = TelegramFormat()
