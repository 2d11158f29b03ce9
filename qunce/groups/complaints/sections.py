"""The cases of a person in the export of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qunce.groups.complaints.models import Complaint
from qunce.members.people import person_export

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.members.people.person_export import Records


@person_export.register("complaints")
def _complaints(community: Community, ids: Sequence[int]) -> Records:
    rows = Complaint.objects.filter(community=community, account_id__in=ids)
    names = ("kind", "topic", "title", "text", "order", "state", "opened_at")
    return [
        {
            **{name: getattr(row, name) for name in names},
            "notes": [
                {"text": note.text, "at": note.at, "is_answer": note.is_answer}
                for note in row.notes.order_by("at", "pk")
            ],
            "messages": [
                {"happened_at": message.happened_at, "words": message.words}
                for message in row.messages.order_by("happened_at", "pk")
            ],
        }
        for row in rows.order_by("opened_at", "pk")
    ]
