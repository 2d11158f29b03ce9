"""Quotes of messages: their texts as long as they are kept, by authors whom staff see.

A table that refers to a message keeps its source and key, never its text, so that the
retention and the erasure of texts hold for what quotes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import errors, permissions
from qunce.groups import visibility as group_visibility
from qunce.members.accounts import queries as account_queries
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.models import MessageText
from qunce.members.people import visibility

if TYPE_CHECKING:
    from datetime import datetime

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

Ref = tuple[int, str]
"""The source of a message and its key there."""
MAX_ID = 2**63 - 1


class MessageNotFound(errors.NotFound):
    """There is no such message that this staff member sees."""


@dataclass(frozen=True, kw_only=True)
class Quote:
    """`message` is the id of the text; `group` is None for a message to the community."""

    message: int
    source: int
    key: str
    account: int
    group: int | None
    happened_at: datetime
    text: str

    @property
    def ref(self) -> Ref:
        return self.source, self.key


def get(*, by: Staff, pk: int, at: datetime) -> Quote:
    """Return a message; what is hidden or deleted raises MessageNotFound."""
    permissions.check_may(by, message_texts.READ)
    rows = MessageText.objects.filter(community_id=by.community_id)
    row = rows.filter(pk=pk).first() if 0 < pk <= MAX_ID else None
    found = _visible([row] if row else [], by, at)
    if not found:
        raise MessageNotFound(_("There is no such message, or its text is deleted."))
    return found[0]


def load(refs: Iterable[Ref], *, by: Staff, at: datetime) -> dict[Ref, Quote]:
    """Return the quotes that `by` may read, by source and key."""
    wanted = set(refs)
    if not wanted or not permissions.may(by, message_texts.READ):
        return {}
    keys = sorted({key for _source, key in wanted})
    found: dict[Ref, Quote] = {}
    for chunk in account_queries.chunks(keys):
        rows = MessageText.objects.filter(community_id=by.community_id, key__in=chunk)
        mine = [row for row in rows if (row.source_id, row.key) in wanted]
        found |= {quote.ref: quote for quote in _visible(mine, by, at)}
    return found


def list_of_day(
    *, group: int, day: int, community: Community, by: Staff, at: datetime, limit: int
) -> list[Quote]:
    """Return the messages of a community day of a group that `by` sees, by time."""
    permissions.check_may(by, message_texts.READ)
    first, end = message_texts.span_of(community, day)
    rows = MessageText.objects.filter(
        community_id=by.community_id,
        group_id=group,
        happened_at__gte=first,
        happened_at__lt=end,
    )
    return _visible(list(rows.order_by("happened_at", "pk")[:limit]), by, at)


def list_direct(
    *, accounts: Sequence[int], by: Staff, at: datetime, limit: int
) -> list[Quote]:
    """Return the newest messages of a person to the community itself, by time."""
    permissions.check_may(by, message_texts.READ)
    rows = MessageText.objects.filter(
        community_id=by.community_id, account_id__in=accounts, group_id=0
    )
    return _visible(list(rows.order_by("-happened_at", "-pk")[:limit])[::-1], by, at)


def list_around(
    *,
    group: int,
    moment: datetime,
    by: Staff,
    at: datetime,
    before: int = 10,
    after: int = 20,
) -> list[Quote]:
    """Return the messages of a group around a moment by authors whom `by` sees, by time."""
    permissions.check_may(by, message_texts.READ)
    rows = MessageText.objects.filter(community_id=by.community_id, group_id=group)
    earlier = rows.filter(happened_at__lt=moment).order_by("-happened_at", "-pk")
    later = rows.filter(happened_at__gte=moment).order_by("happened_at", "pk")
    return _visible([*list(earlier[:before])[::-1], *later[:after]], by, at)


def _visible(rows: list[MessageText], by: Staff, at: datetime) -> list[Quote]:
    if rows and by.groups is not None:
        seen = set(group_visibility.list_visible(by).values_list("pk", flat=True))
        rows = [row for row in rows if not row.group_id or row.group_id in seen]
    among = visibility.among(by, at) if rows else None
    if among is not None:
        people = account_queries.person_ids(row.account_id for row in rows)
        rows = [row for row in rows if people[row.account_id] in among]
    return [
        Quote(
            message=row.pk,
            source=row.source_id,
            key=row.key,
            account=row.account_id,
            group=row.group_id or None,
            happened_at=row.happened_at,
            text=row.text,
        )
        for row in rows
    ]
