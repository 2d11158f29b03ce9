"""Traits: what people can be compared by, each with the rule that selects who has it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils import dates
from django.utils.translation import gettext as _

from qunce.core.facts import interned_names
from qunce.members.accounts import channel_labels
from qunce.members.attributes import attributes
from qunce.members.attributes.attributes import AttributeType
from qunce.members.layers import layering_specs, layers
from qunce.members.tags import library
from qunce.sets import audiences, first_sources, set_sizes
from qunce.sets.rules import references

if TYPE_CHECKING:
    from datetime import datetime

    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.sets.rules.references import Mention

MAX_TAGS, MAX_GROUPS, MAX_SOURCES = 100, 40, 20
MAX_ATTRIBUTES, MAX_VALUES = 30, 12
ACTIVITY = {"message.posted": "28d", "order.paid": "90d"}
"""Kind of fact whose hours and weekdays are compared → within which time."""
BOUGHT = "bought"
"""The tag group whose tags follow the orders: the categories that somebody bought."""
HOURS_PER_BAND = 4
SCALE = 10_000
"""Numbers of attributes are stored in these parts."""


@dataclass(frozen=True, kw_only=True)
class Trait:
    """`rule` selects who has it, among all or among those whom `base` selects.

    `dimension` is a kind, with the name of what it is of; `mention` is what a rule names
    that has to do with the trait.
    """

    dimension: str
    heading: str
    label: str
    rule: dict[str, Any]
    mention: Mention
    base: dict[str, Any] | None = None


@dataclass(frozen=True)
class _Asker:
    """A staff member at a time, and the members whom they see."""

    by: Staff
    at: datetime
    everyone: BitMap

    @property
    def community(self) -> Community:
        return self.by.community


def list_all(*, by: Staff, at: datetime, everyone: BitMap) -> list[Trait]:
    """The traits of a community: the largest of each kind."""
    asker = _Asker(by, at, everyone)
    return [
        *_list_attributes(asker),
        *_list_tags(asker),
        *_list_sources(asker),
        *_list_groups(asker),
        *_list_layers(asker),
        *_list_activity(asker),
    ]


def _list_attributes(asker: _Asker) -> Iterator[Trait]:
    # A phone number would name members, so contacts are left out.
    rows = attributes.list_all(asker.community).filter(is_contact=False)
    for row in rows[:MAX_ATTRIBUTES]:
        for label, condition in _conditions(row, asker):
            yield Trait(
                dimension=f"attribute:{row.name}",
                heading=row.label,
                label=label,
                rule={"attr": {"name": row.name, **condition}},
                mention=("attr", row.name),
            )


def _conditions(
    row: attributes.Attribute, asker: _Asker
) -> Iterator[tuple[str, dict[str, Any]]]:
    if row.type in (AttributeType.TEXT, AttributeType.CHOICE, AttributeType.MULTI):
        texts = audiences.list_attribute_texts(
            community=asker.community, attribute=row.pk, at=asker.at
        )
        for text in texts[:MAX_VALUES]:
            yield text, {"in": [text]}
    elif row.type == AttributeType.BOOL:
        yield _("yes"), {"eq": True}
        yield _("no"), {"eq": False}
    elif row.type == AttributeType.NUMBER:
        numbers = audiences.list_attribute_numbers(
            community=asker.community,
            attribute=row.pk,
            among=asker.everyone,
            at=asker.at,
        )
        yield from _bands([int(number) for number in numbers])


def _bands(numbers: list[int]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Four bands of about as many values each, fewer if many values are the same."""
    if not numbers:
        return
    cuts = sorted({numbers[len(numbers) * part // 4] for part in (1, 2, 3)})
    bounds = [None, *(cut for cut in cuts if cut > numbers[0]), None]
    for low, high in itertools.pairwise(bounds):
        condition: dict[str, Any] = {}
        if low is not None:
            condition["gte"] = _to_json(low)
        if high is not None:
            condition["lt"] = _to_json(high)
        if not condition:
            continue
        if low is None:
            label = _("less than %(high)s") % {"high": condition["lt"]}
        elif high is None:
            label = _("%(low)s or more") % {"low": condition["gte"]}
        else:
            label = _("%(low)s to less than %(high)s") % {
                "low": condition["gte"],
                "high": condition["lt"],
            }
        yield label, condition


def _to_json(number: int) -> int | float:
    value = Decimal(number) / SCALE
    return int(value) if value == int(value) else float(value)


def _list_tags(asker: _Asker) -> Iterator[Trait]:
    tags = list(library.list_tags(asker.community).select_related("group"))
    sizes = set_sizes.count_by_ref(
        community=asker.community,
        kind="tag",
        refs=[tag.pk for tag in tags],
        by=asker.by,
        at=asker.at,
    )
    tags.sort(key=lambda tag: sizes[tag.pk], reverse=True)
    for tag in tags[:MAX_TAGS]:
        # These follow the orders, so that they say which categories were bought.
        is_bought = tag.group is not None and tag.group.key == BOUGHT
        group = tag.group.name if tag.group is not None else ""
        yield Trait(
            dimension="category" if is_bought else "tag",
            heading=_("Bought")
            if is_bought
            else (_("Tag: %(group)s") % {"group": group} if group else _("Tag")),
            label=tag.name,
            rule={"tag": {"any": [tag.key]}},
            mention=("tag", tag.key),
        )


def _list_sources(asker: _Asker) -> Iterator[Trait]:
    names = interned_names.names_by_id("source", asker.community.pk)
    sets = first_sources.people_by_source(community=asker.community, at=asker.at)
    sizes = {
        names[source]: people.intersection_cardinality(asker.everyone)
        for source, people in sets.items()
        if source in names
    }
    for name in sorted(sizes, key=lambda name: (-sizes[name], name))[:MAX_SOURCES]:
        yield Trait(
            dimension="source",
            heading=_("Source"),
            label=channel_labels.label_of(name),
            rule={"source": {"any": [name]}},
            mention=("source", name),
        )


def _list_groups(asker: _Asker) -> Iterator[Trait]:
    community, groups = asker.community, asker.by.groups
    keys = [
        key
        for key in references.list_keys(community, "group")
        if groups is None or key in groups
    ]
    find_ids = references.get("group").find_ids
    ids = find_ids(community, keys) if keys and find_ids else {}
    sizes = set_sizes.count_by_ref(
        community=community,
        kind="group",
        refs=ids.values(),
        by=asker.by,
        at=asker.at,
    )
    largest = sorted(ids, key=lambda key: sizes[ids[key]], reverse=True)[:MAX_GROUPS]
    names = references.find_names(community, "group", largest)
    for key in largest:
        yield Trait(
            dimension="group",
            heading=_("Group"),
            label=names.get(key, key),
            rule={"group": {"any": [key]}},
            mention=("group", key),
        )


def _list_layers(asker: _Asker) -> Iterator[Trait]:
    for layering in layers.list_active(asker.community):
        for key, name in layering_specs.names_of(layering.spec).items():
            yield Trait(
                dimension=f"layer:{layering.key}",
                heading=layering.name,
                label=name,
                rule={"layer": {"of": layering.key, "in": [key]}},
                mention=("layering", layering.key),
            )


def _list_activity(asker: _Asker) -> Iterator[Trait]:
    """At which times people write or order, among those who do."""
    kinds = set(audiences.list_fact_kinds(asker.community))
    headings = {
        "message.posted": (_("Hour of messages"), _("Weekday of messages")),
        "order.paid": (_("Hour of orders"), _("Weekday of orders")),
    }
    for kind in (kind for kind in ACTIVITY if kind in kinds):
        base = {"did": {"kind": kind, "within": ACTIVITY[kind]}}
        by_hour, by_weekday = headings[kind]
        for hour in range(0, 24, HOURS_PER_BAND):
            until = hour + HOURS_PER_BAND
            yield Trait(
                dimension=f"hour:{kind}",
                heading=by_hour,
                label=f"{hour:02}:00–{until:02}:00",
                rule={"did": {**base["did"], "hours": [hour, until]}},
                mention=("kind", kind),
                base=base,
            )
        for weekday, name in dates.WEEKDAYS.items():
            yield Trait(
                dimension=f"weekday:{kind}",
                heading=by_weekday,
                label=str(name),
                rule={"did": {**base["did"], "weekdays": [weekday]}},
                mention=("kind", kind),
                base=base,
            )
