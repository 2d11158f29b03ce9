"""The time zones of members, from the attribute that the community chose for them.

Members without a zone, or with a text that is none, have the community's clock. Of several
accounts of a person the latest value counts, as in rules.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from qunce.core.staff import models as staff_models
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes.attributes import Attribute, AttributeType
from qunce.members.attributes.values import AttributeValue
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.core.communities import Community

TYPES = (AttributeType.TEXT, AttributeType.CHOICE)
"""Types of an attribute that can hold the name of a zone."""


@functools.cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones())


def parse(text: str | None) -> str | None:
    """The name of a zone such as Asia/Shanghai, or None if the text is none."""
    name = (text or "").strip()
    return name if name in _names() else None


def find_attribute(community: Community, name: str) -> Attribute | None:
    """The attribute with the zones, unless it is gone or cannot hold any."""
    if not name:
        return None
    rows = Attribute.objects.filter(community=community, name=name, type__in=TYPES)
    return rows.first()


def list_attributes(community: Community) -> list[Attribute]:
    """The attributes that can hold the zones."""
    rows = Attribute.objects.filter(community=community, type__in=TYPES)
    return list(rows.order_by("label", "pk"))


def zones_of(
    community: Community, people: Iterable[int], *, attribute: str
) -> dict[int, ZoneInfo]:
    """Person → their zone, for the people who have one. Reads rows only."""
    found = find_attribute(community, attribute)
    if found is None:
        return {}
    by_person = account_queries.accounts_by_person(people)
    person_of = account_queries.invert(by_person)
    latest: dict[int, tuple[datetime, int, str | None]] = {}
    for chunk in account_queries.chunks(sorted(person_of)):
        rows = AttributeValue.objects.filter(
            attribute=found, account_id__in=chunk, present=True
        )
        for account, set_at, text in rows.values_list("account_id", "set_at", "text"):
            value = set_at, account, text
            latest[person_of[account]] = max(
                value, latest.get(person_of[account], value), key=lambda each: each[:2]
            )
    return {
        person: ZoneInfo(name)
        for person, (_set_at, _account, text) in latest.items()
        if (name := parse(text)) is not None
    }


def list_zones(community: Community, *, attribute: str, at: datetime) -> list[str]:
    """The zones that members have, by name."""
    found = find_attribute(community, attribute)
    if found is None:
        return []
    texts = audiences.list_attribute_texts(
        community=community, attribute=found.pk, at=at
    )
    return sorted({name for text in texts if (name := parse(text)) is not None})


def by_zone(
    community: Community, people: BitMap, *, attribute: str, at: datetime
) -> dict[str, BitMap]:
    """Zone → those of these people who have it; the others have the community's.

    Call it outside transactions, because it uses the caches of the set engine.
    """
    found = find_attribute(community, attribute)
    if found is None:
        return {}
    texts: dict[str, list[str]] = {}
    for text in audiences.list_attribute_texts(
        community=community, attribute=found.pk, at=at
    ):
        if (name := parse(text)) is not None:
            texts.setdefault(name, []).append(text)
    left, zones = people.copy(), {}
    by = staff_models.system(community)
    for name in sorted(texts):
        rule = {"attr": {"name": found.name, "in": texts[name]}}
        having = audiences.people(
            community=community, rule=rule, by=by, at=at, with_staff=True
        )
        if own := left & having:
            zones[name] = bitmaps.of(own)
            left -= own
    return zones
