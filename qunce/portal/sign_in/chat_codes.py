"""Six digits that a member writes to the bot sign them in on the page that shows them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.groups import chat_readers
from qunce.members.personal_links import sign_in_codes

if TYPE_CHECKING:
    from qunce.groups.chat_readers import ChatMessage

DIGITS = re.compile(r"\s*(\d{3})\s?(\d{3})\s*", re.ASCII)


@chat_readers.register
def read(message: ChatMessage, *, at: datetime) -> bool:
    """Sign in the device that shows the digits of a direct message.

    What is written in a group can be read by others, so that it signs nobody in.
    """
    found = DIGITS.fullmatch(message.text) if message.group is None else None
    if found is None:
        return False
    digits = found[1] + found[2]
    signed_in = sign_in_codes.confirm_said(
        account_id=message.account, digits=digits, at=at
    )
    return signed_in is not None
