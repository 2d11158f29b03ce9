"""The keyword 积分 in a chat, which is answered directly with the own balance."""

from __future__ import annotations

import re
from datetime import datetime

from qunce.activities.points import point_facts
from qunce.core.facts import facts
from qunce.groups import chat_readers, chat_words
from qunce.groups.chat_readers import ChatMessage

ASKED = re.compile(r"(?:(?:我的|查)?积分(?:余额)?|(?:my )?points) ?[?!.。~]*")
"""Only the keyword: a message with more words asks something that staff answer."""


@chat_readers.register
def read(message: ChatMessage, *, at: datetime) -> bool:
    """Have the member answered with their balance, never in the group."""
    if ASKED.fullmatch(chat_words.fold(message.text)) is None:
        return False
    fact = point_facts.PointsAsked(account=message.account, group=message.group)
    facts.record(fact, community=message.community, by=None, at=at)
    return True
