"""Claiming a prize by a keyword in a chat: 领奖, with an address where one is needed."""

from __future__ import annotations

import re
from datetime import datetime

from qunce.activities.prizes import claims, prize_facts
from qunce.core.facts import facts
from qunce.groups import chat_readers
from qunce.groups.chat_readers import ChatMessage

KEYWORD = re.compile(r"(?:领奖|claim)(?=$|[\s:：,，。])[\s:：,，。]*", re.IGNORECASE)
MAX_LENGTH = 400


@chat_readers.register
def read(message: ChatMessage, *, at: datetime) -> bool:
    """Claim the prizes of who wrote the keyword; the answer goes to them directly.

    An address in a group is not taken, as everybody reads it there.
    """
    found = KEYWORD.match(message.text) if len(message.text) <= MAX_LENGTH else None
    if found is None:
        return False
    said = message.text[found.end() :] if message.group is None else ""
    answer = claims.claim_by_message(
        community=message.community, account_id=message.account, said=said, at=at
    )
    fact = prize_facts.PrizeMessageAnswered(
        account=message.account, group=message.group, text=answer.text
    )
    facts.record(fact, community=message.community, by=None, at=at)
    return True
