"""The attributes of a member with their origins and earlier values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.console.members import labels
from qunce.core import communities, day_texts
from qunce.core.staff.models import Staff
from qunce.members.attributes import attribute_texts, attributes
from qunce.members.attributes.attributes import Attribute, CurrentValue

if TYPE_CHECKING:
    from qunce.members.people.people import Person

MAX_PAST = 5
"""Earlier values shown of one attribute."""


@dataclass(frozen=True)
class PastAttribute:
    """A replaced value, where it came from, and from when to when it held."""

    text: str
    origin: str


@dataclass(frozen=True)
class AttributeRow:
    """An attribute with its current value, if any, as the user may read it.

    `origin` says where the value comes from; `past` are those that it replaced.
    """

    attribute: Attribute
    value: CurrentValue | None
    text: str = ""
    origin: str = ""
    past: Sequence[PastAttribute] = ()

    @property
    def key(self) -> str:
        return f"attr-{self.attribute.pk}"


def build(person: Person, *, by: Staff, at: datetime) -> list[AttributeRow]:
    """A row per attribute of the community, those without a value included."""
    values = person.attributes
    accounts = [account.pk for account in person.accounts]
    histories = attributes.histories_of_person(by.community, accounts)
    ids = {value.by_id for value in values.values()}
    ids |= {entry.by_id for own in histories.values() for entry in own}
    known = [pk for pk in ids if pk is not None]
    authors = dict(Staff.objects.filter(pk__in=known).values_list("pk", "name"))
    zone = communities.zone(by.community)

    def day(moment: datetime) -> str:
        return day_texts.moment(moment, at, zone)

    def origin(source: str, when: str, by_id: int | None) -> str:
        author = authors.get(by_id, "") if by_id else ""
        parts = [labels.label_of(labels.SOURCES, source), when, author]
        return " · ".join(filter(None, parts))

    rows = []
    for attribute in attributes.list_all(by.community):
        past = tuple(
            PastAttribute(
                attribute_texts.written(attribute, entry.text, by=by, at=at),
                origin(
                    entry.source,
                    _("%(first)s to %(last)s")
                    % {"first": day(entry.set_at), "last": day(entry.ended_at)},
                    entry.by_id,
                ),
            )
            for entry in histories.get(attribute.pk, ())[:MAX_PAST]
        )
        value = values.get(attribute.name)
        if value is None:
            rows.append(AttributeRow(attribute, None, past=past))
            continue
        text = attribute_texts.written(attribute, value.text, by=by, at=at)
        source = origin(value.source, day(value.set_at), value.by_id)
        rows.append(AttributeRow(attribute, value, text, source, past))
    return rows
