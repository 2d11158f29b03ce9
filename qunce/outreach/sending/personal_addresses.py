"""Personal links in messages: the variable {personal_link}.

Stored texts and previews have a placeholder. The address itself is made when a message is
handed to its channel, or to the person who posts it, so that no table has a working link.
"""

from __future__ import annotations

from datetime import datetime

from qunce.members.personal_links import links, portal_settings, purposes
from qunce.outreach.content.variable_values import PERSONAL_LINK_PLACEHOLDER


def fill_in(
    text: str, *, origin: str, origin_id: int, target: int, at: datetime
) -> str:
    """The text of one message to a member, with the address of their personal link.

    However often it is made, one device has the link of one message.
    """
    if PERSONAL_LINK_PLACEHOLDER not in text or not portal_settings.has_address():
        return text
    address = links.for_message(
        account_id=target,
        purpose=purposes.of(purposes.HOME),
        source=f"{origin}:{origin_id}",
        issued_at=at,
    )
    return text.replace(PERSONAL_LINK_PLACEHOLDER, address)
