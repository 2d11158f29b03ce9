"""The columns of what the members themselves are: when they joined, tags, layers, …"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import communities, day_texts
from qunce.core.communities import Community
from qunce.core.facts import interned_names
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts, channel_labels, masking
from qunce.members.accounts.models import Account, Identifier
from qunce.members.attributes import attribute_texts, attributes
from qunce.members.attributes.attributes import Attribute, AttributeType
from qunce.members.clauses import attribute as attribute_clause
from qunce.members.clauses import layer as layer_clause
from qunce.members.clauses import lifecycle
from qunce.members.clauses import staff as staff_clause
from qunce.members.columns import columns
from qunce.members.columns.columns import Cell, Cells, Column, People
from qunce.members.layers import layers
from qunce.members.layers.layers import Layering
from qunce.members.search import pinyin
from qunce.members.staff_in_charge import assignments
from qunce.members.staff_in_charge import models as staff_models
from qunce.members.tags import levels, person_tags
from qunce.sets.bitmaps import aliases, attribute_columns, bitmaps
from qunce.sets.rules import snapshots

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django_stubs_ext import StrOrPromise

    from qunce.core.revisions import Key
    from qunce.members.columns.columns import Ints
    from qunce.sets.rules.snapshots import Snapshot

MAX_PINYIN_TEXTS = 3_000
"""Different texts up to which Chinese is sorted by its sound; it takes 20 ms."""
PRESENT = ("present", 0)
NUMBERS = (AttributeType.NUMBER, AttributeType.DATE, AttributeType.INSTANT)


def sorted_values(
    community: Community,
    at: datetime,
    name: str,
    keys: Sequence[Key],
    compute: Callable[[Snapshot], Ints],
) -> Ints:
    """The numbers that `compute` returns, kept while these revisions stay the same."""

    def read(snap: Snapshot) -> Ints:
        snap.load_revisions(keys)
        revs = [snap.revisions[key] for key in (*keys, PRESENT, (aliases.KIND, 0))]
        version = (*revs, snap.population)
        return snap.memoize(("sorted", name), version, lambda: compute(snap))

    return snapshots.run(community, at, read)


class JoinedColumn(Column):
    key = "joined"
    label = gettext_lazy("Joined")
    is_default = True
    descends_first = True

    def cells(self, people: People) -> Cells:
        zone = communities.zone(people.community)
        return {
            person: Cell(
                day_texts.moment(first, people.at, zone),
                f"{first.astimezone(zone):%Y-%m-%d %H:%M:%S}",
            )
            for person, first in _first_joined(people).items()
        }

    def sort_values(self, community: Community, at: datetime) -> Ints:
        def compute(snap: Snapshot) -> Ints:
            return columns.dense(*lifecycle.joined_times(snap))

        return sorted_values(community, at, self.key, [], compute)


def _rows(people: People) -> dict[int, list[Account]]:
    ids = [account for own in people.accounts.values() for account in own]
    by_id = Account.objects.in_bulk(ids)
    return {
        person: [by_id[pk] for pk in own if pk in by_id]
        for person, own in people.accounts.items()
    }


def _first_joined(people: People) -> dict[int, datetime]:
    return {
        person: min(account.joined_at for account in own)
        for person, own in _rows(people).items()
        if own
    }


class TagsColumn(Column):
    """The tags of staff; those that the system keeps have a column of their own."""

    is_sortable = False

    def __init__(self, *, automatic: bool) -> None:
        self.automatic = automatic
        self.key = "system_tags" if automatic else "tags"
        self.label = gettext_lazy("System tags") if automatic else gettext_lazy("Tags")
        self.is_default = not automatic

    def cells(self, people: People) -> Cells:
        found = person_tags.tags_by_person(people.accounts)
        cells = {}
        for person, tags in found.items():
            chosen = person_tags.by_relevance(tags)
            own = [tag for tag in chosen if tag.is_automatic == self.automatic]
            names = tuple(levels.join_depth(tag.tag.name, tag.depth) for tag in own)
            cells[person] = Cell(_(", ").join(names), "; ".join(names), names)
        return cells


class SourceColumn(Column):
    key = "source"
    label = gettext_lazy("Source")

    def cells(self, people: People) -> Cells:
        names = _source_names(people.community)
        return {
            person: Cell(names.get(own[0].source_id or 0, ""))
            for person, own in _rows(people).items()
            if own
        }

    def sort_values(self, community: Community, at: datetime) -> Ints:
        def compute(snap: Snapshot) -> Ints:
            table = snap.account_table
            people = np.asarray(snap.aliases.map_array(table.accounts))
            # The source of a person is that of their first account.
            own = people == table.accounts
            ranks = _ranks(_source_names(community))
            values = _look_up(table.source[own], ranks)
            return columns.dense(people[own], values)

        return sorted_values(community, at, self.key, [], compute)


def _source_names(community: Community) -> dict[int, str]:
    names = interned_names.names_by_id(accounts.SOURCE_NAMESPACE, community.pk)
    return {pk: channel_labels.label_of(name) for pk, name in names.items()}


def _ranks(names: dict[int, str]) -> dict[int, int]:
    """The id of each name → its place in the order of the alphabet."""
    ordered = sorted(names, key=lambda pk: _sound(names[pk]))
    return {pk: place for place, pk in enumerate(ordered)}


def _sound(text: str) -> tuple[str, str]:
    plain = pinyin.normalise(text)
    sound = pinyin.spellings(plain).split(pinyin.SEPARATOR)
    return (sound[1] if len(sound) > 1 else plain), plain


def _look_up(ids: Ints, numbers: dict[int, int]) -> Ints:
    table = np.full(max(numbers, default=0) + 1, columns.MISSING, dtype=np.int64)
    for pk, number in numbers.items():
        table[pk] = number
    return columns.values_of(table, ids)


class StaffColumn(Column):
    key = "staff"
    label = gettext_lazy("Staff in charge")
    is_default = True

    def cells(self, people: People) -> Cells:
        found = assignments.staff_by_person(people.accounts)
        return {person: Cell(staff.name) for person, staff in found.items()}

    def sort_values(self, community: Community, at: datetime) -> Ints:
        names = dict(
            Staff.objects.filter(community=community).values_list("pk", "name")
        )
        ranks = _ranks(names)

        def compute(snap: Snapshot) -> Ints:
            column = staff_clause.by_person(snap)
            return columns.dense(column.accounts, _look_up(column.numbers, ranks))

        # The names are part of the label, as a change of a name raises no revision.
        label = f"{self.key} {hash(tuple(sorted(names.items())))}"
        keys = [(staff_models.KIND.name, community.pk)]
        return sorted_values(community, at, label, keys, compute)


class LayerColumn(Column):
    """The layer of one layering; the first layer of it comes first."""

    def __init__(self, layering: Layering, *, is_default: bool = False) -> None:
        self.layering = layering
        self.key = f"layer:{layering.key}"
        self.label = layering.name
        self.is_default = is_default

    def cells(self, people: People) -> Cells:
        names = {
            layer["key"]: str(layer.get("name") or layer["key"])
            for layer in self.layering.spec["layers"]
        }

        def read(snap: Snapshot) -> dict[int, str]:
            snap.load_revisions([("layer", self.layering.pk)])
            sets = layer_clause.sets_of(snap, self.layering.pk)
            found = {}
            for person in people.accounts:
                own = (key for key, members in sets.items() if person in members)
                found[person] = next(own, self.layering.default)
            return found

        found = snapshots.run(people.community, people.at, read)
        return {person: Cell(names.get(key, key)) for person, key in found.items()}

    def sort_values(self, community: Community, at: datetime) -> Ints:
        order = [layer["key"] for layer in self.layering.spec["layers"]]

        def compute(snap: Snapshot) -> Ints:
            everyone = bitmaps.array_of(snap.everyone(with_left=True)).astype(np.int64)
            default = order.index(self.layering.default)
            numbers = columns.dense(everyone, np.full(len(everyone), default))
            for key, members in layer_clause.sets_of(snap, self.layering.pk).items():
                if key in order and members:
                    ids = bitmaps.array_of(members).astype(np.int64)
                    numbers[ids[ids < len(numbers)]] = order.index(key)
            return numbers

        keys = [("layer", self.layering.pk)]
        return sorted_values(community, at, self.key, keys, compute)


class AttributeColumn(Column):
    def __init__(self, attribute: Attribute) -> None:
        self.attribute = attribute
        self.key = f"attr:{attribute.name}"
        self.label = attribute.label
        self.is_number = attribute.type == AttributeType.NUMBER
        # Sorting by a masked value would reveal it bit by bit.
        self.descends_first = attribute.type in NUMBERS
        is_single = attribute.type != AttributeType.MULTI
        self.is_sortable = is_single and not attribute.is_contact

    def cells(self, people: People) -> Cells:
        attribute, by = self.attribute, people.by
        values = attributes.values_by_person(people.accounts, [attribute])
        cells = {}
        for person, own in values.items():
            if value := own.get(attribute.name):
                text = attribute_texts.written(
                    attribute, value.text, by=by, at=people.at
                )
                exact = attribute_texts.exact(attribute, value.text, by=by)
                cells[person] = Cell(text, exact)
        return cells

    def sort_values(self, community: Community, at: datetime) -> Ints:
        pk = self.attribute.pk

        def compute(snap: Snapshot) -> Ints:
            column = attribute_clause.by_person(snap, pk, multi=False)
            numbers = column.numbers
            if column.texts:
                numbers = _alphabetical_positions(column.texts)[numbers]
            return columns.dense(column.accounts, numbers)

        keys = [(attribute_columns.KIND, pk)]
        return sorted_values(community, at, self.key, keys, compute)


def _alphabetical_positions(texts: Sequence[str]) -> Ints:
    """The place of each text in the order of the alphabet."""
    if len(texts) <= MAX_PINYIN_TEXTS:
        order = sorted(range(len(texts)), key=lambda index: _sound(texts[index]))
    else:
        order = np.argsort(np.array([text.casefold() for text in texts])).tolist()
    places = np.empty(len(texts), dtype=np.int64)
    places[order] = np.arange(len(texts))
    return places


class IdentifierColumn(Column):
    """Phones or e-mail addresses, as the staff member may read them."""

    is_sortable = False

    def __init__(self, kind: str, label: StrOrPromise) -> None:
        self.key = self.kind = kind
        self.label = label

    def cells(self, people: People) -> Cells:
        person_of = {a: person for person, own in people.accounts.items() for a in own}
        rows = Identifier.objects.filter(account_id__in=list(person_of), kind=self.kind)
        texts: dict[int, list[str]] = {}
        for row in rows.order_by("account_id", "value"):
            text = masking.identifier(kind=row.kind, value=row.value, by=people.by)
            texts.setdefault(person_of[row.account_id], []).append(text)
        return {
            person: Cell(_(", ").join(own), "; ".join(own))
            for person, own in texts.items()
        }


@columns.register(40)
def _about_members(community: Community) -> Iterable[Column]:
    yield TagsColumn(automatic=False)
    yield StaffColumn()


@columns.register(50)
def _joining(community: Community) -> Iterable[Column]:
    yield JoinedColumn()
    yield SourceColumn()
    yield IdentifierColumn("phone", gettext_lazy("Phone"))
    yield IdentifierColumn("email", gettext_lazy("E-mail"))
    yield TagsColumn(automatic=True)


@columns.register(10)
def _layers(community: Community) -> Iterable[Column]:
    for place, layering in enumerate(layers.list_active(community)):
        yield LayerColumn(layering, is_default=place == 0)


@columns.register(90)
def _attributes(community: Community) -> Iterable[Column]:
    return [AttributeColumn(each) for each in attributes.list_all(community)]
