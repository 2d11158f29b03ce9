"""By when members are to be answered, or get a message that staff post by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from qunce.core.communities import Community
from qunce.members.accounts import queries as account_queries
from qunce.outreach.sending.ledger import Message
from qunce.outreach.service_styles import assignment


def due_times(
    rows: Sequence[Message], *, community: Community, at: datetime
) -> dict[int, datetime]:
    """Message → by when it is to be posted, if the member's style has an answer time."""
    waiting = {
        row.pk: row for row in rows if not row.is_group and row.due_at is not None
    }
    styles = assignment.load(community, at) if waiting else assignment.NO_STYLES
    if styles.default is None:
        return {}
    people = account_queries.person_ids(row.target_id for row in waiting.values())
    found = {}
    for pk, row in waiting.items():
        style = styles.style_of(people.get(row.target_id, row.target_id))
        if style and style.answer_minutes is not None and row.due_at is not None:
            found[pk] = row.due_at + timedelta(minutes=style.answer_minutes)
    return found
