"""What multiplies points that rules earn, such as levels, which register themselves here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from qunce.core.communities import Community


@dataclass(frozen=True)
class Multiplier:
    """`find` returns per cent by person, for people with their accounts, 100 left out.

    `describe` returns a phrase for the sentences of rules, "" for none.
    """

    find: Callable[[Community, Mapping[int, Sequence[int]], datetime], dict[int, int]]
    describe: Callable[[Community], str]


_registered: list[Multiplier] = []


def register(multiplier: Multiplier) -> None:
    if multiplier not in _registered:
        _registered.append(multiplier)


def find(
    community: Community, by_person: Mapping[int, Sequence[int]], at: datetime
) -> dict[int, int]:
    """The per cent of each person that is not 100; of several the highest."""
    found: dict[int, int] = {}
    for each in _registered:
        for person, percent in each.find(community, by_person, at).items():
            found[person] = max(percent, found.get(person, 100))
    return found


def describe(community: Community) -> str:
    """All multipliers in words, "" for none."""
    texts = [text for each in _registered if (text := each.describe(community))]
    return _(", ").join(texts)
