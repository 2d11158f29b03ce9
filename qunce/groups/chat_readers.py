"""Readers of what members write in chats, such as the keyword of an activity.

A domain above groups registers a reader. The first one that says a message was meant for
it has taken the message, which then needs no answer of staff. What it has stored of the
text it can follow: all are called when a message was edited or deleted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from qunce.core.communities import Community


@dataclass(frozen=True, kw_only=True)
class ChatMessage:
    """A new message of a member, in a group or directly to us; `key` is unique."""

    community: Community
    account: int
    group: int | None
    text: str
    key: str
    happened_at: datetime


@dataclass(frozen=True, kw_only=True)
class ChangedMessage:
    """A message that was read before; `text` is its new one, None if it was deleted."""

    community: Community
    key: str
    text: str | None


class Reader(Protocol):
    def __call__(self, message: ChatMessage, *, at: datetime) -> bool: ...


class ChangeReader(Protocol):
    def __call__(self, message: ChangedMessage, *, at: datetime) -> None: ...


_readers: list[Reader] = []
_change_readers: list[ChangeReader] = []


def register(reader: Reader) -> Reader:
    """Register a reader; usable as a decorator."""
    _readers.append(reader)
    return reader


def read(message: ChatMessage, *, at: datetime) -> bool:
    """Whether a reader has taken the message."""
    return any(reader(message, at=at) for reader in _readers)


def register_changes(reader: ChangeReader) -> ChangeReader:
    """Register a reader of changes; usable as a decorator."""
    _change_readers.append(reader)
    return reader


def change(message: ChangedMessage, *, at: datetime) -> None:
    """Report an edited or deleted message to all readers of changes."""
    for reader in _change_readers:
        reader(message, at=at)
