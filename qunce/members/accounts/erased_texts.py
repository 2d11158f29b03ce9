"""The texts of erased people, kept until the background job has removed them elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from qunce.core import personal_texts
from qunce.core.personal_texts import ErasedPerson
from qunce.members.accounts.models import Account, ErasedText
from qunce.members.segments.segments import Segment
from qunce.members.tags.models import Tag, TagGroup


def keep(*, person: int, texts: Sequence[str]) -> None:
    """Store what the erasers look for, until `erase` has called them."""
    length = ErasedText._meta.get_field("text").max_length
    unique = dict.fromkeys(text[:length] for text in texts if text)
    ErasedText.objects.bulk_create(
        ErasedText(person_id=person, text=text) for text in unique
    )


def erase(*, community_id: int, accounts: Sequence[int], at: datetime) -> None:
    """Call the erasers for the person with these accounts; safe to repeat."""
    rows = ErasedText.objects.filter(person_id__in=accounts)
    texts = tuple(rows.order_by("pk").values_list("text", flat=True))
    # A text about somebody or something else of this name stays as it is.
    shared = frozenset(
        name
        for model in (Account, Tag, TagGroup, Segment)
        for name in model._default_manager.filter(
            community_id=community_id, name__in=texts
        ).values_list("name", flat=True)
    )
    personal_texts.erase(ErasedPerson(community_id, tuple(accounts), texts, at, shared))
    rows.delete()
