"""Texts about people that other applications keep, and what deletes them.

An application that quotes a member's name, key or identifier outside the member's own
rows registers an eraser. It is called in the background once the person is erased.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from qunce.members.accounts.models import ErasedText

MIN_LENGTH = 2
"""A single character, such as the key 7, would be found everywhere."""


@dataclass(frozen=True)
class ErasedPerson:
    """`texts` are the names, keys and identifiers that the person had."""

    community_id: int
    accounts: tuple[int, ...]
    texts: tuple[str, ...]
    at: datetime

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        # Letters and digits of ASCII end a word, as 138 is not 13800138000. Chinese has
        # no spaces, so a name is found anywhere.
        parts = [
            ("(?<![a-z0-9])" if text[0].isascii() else "")
            + re.escape(text)
            + ("(?![a-z0-9])" if text[-1].isascii() else "")
            for text in self.texts
            if len(text) >= MIN_LENGTH
        ]
        return re.compile("|".join(parts), re.IGNORECASE) if parts else None

    def is_named_in(self, content: Any) -> bool:
        """Whether the person is named in a text, or in one inside of a JSON value."""
        if isinstance(content, dict):
            return any(map(self.is_named_in, [*content, *content.values()]))
        if isinstance(content, list):
            return any(map(self.is_named_in, content))
        return self._pattern is not None and bool(self._pattern.search(str(content)))


Eraser = Callable[[ErasedPerson], None]
_erasers: list[Eraser] = []


def register(eraser: Eraser) -> None:
    """Register a function that deletes what an application keeps, and may be repeated."""
    _erasers.append(eraser)


def keep_until_erased(*, person: int, texts: Sequence[str]) -> None:
    """Store what the erasers look for, until the background job has called them."""
    unique = dict.fromkeys(text for text in texts if text)
    ErasedText.objects.bulk_create(
        ErasedText(person_id=person, text=text) for text in unique
    )


def erase(*, community_id: int, accounts: Sequence[int], at: datetime) -> None:
    """Call the erasers for the person with these accounts; safe to repeat."""
    rows = ErasedText.objects.filter(person_id__in=accounts)
    texts = rows.order_by("pk").values_list("text", flat=True)
    person = ErasedPerson(community_id, tuple(accounts), tuple(texts), at)
    for eraser in _erasers:
        eraser(person)
    rows.delete()
