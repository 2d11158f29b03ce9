"""Edited and deleted messages of chats that were replies to a topic."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from qunce.activities.topics import replies
from qunce.groups import chat_readers

if TYPE_CHECKING:
    from qunce.groups.chat_readers import ChangedMessage


@chat_readers.register_changes
def follow(message: ChangedMessage, *, at: datetime) -> None:
    """Take over what became of a message."""
    if message.text is None:
        replies.delete(community=message.community, key=message.key, at=at)
    else:
        replies.edit(
            community=message.community, key=message.key, text=message.text, at=at
        )
