"""The timeline of a member: facts in the reader's words, with what they are about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from qunce.console.members import labels
from qunce.core import money
from qunce.core.facts import facts, interned_names
from qunce.core.staff.models import Staff
from qunce.groups import visibility as groups
from qunce.members.attributes.attributes import Attribute
from qunce.members.layers.layers import Layering
from qunce.members.tags.models import Tag
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.sales.orders import Order

if TYPE_CHECKING:
    from qunce.core.facts.facts import RecordedFact


MAX_CATEGORIES = 3
"""Of one order, so that a line stays a line."""


@dataclass(frozen=True)
class TimelineEntry:
    """One line. `name` is what it happened with, `href` leads there."""

    at: datetime
    text: str
    name: str
    more: str
    href: str
    who: str
    kind: str


@dataclass
class TimelineBuilder:
    """Tells the facts of one page, with one question a kind of thing."""

    by: Staff
    happened: Sequence[RecordedFact]

    def tell(self) -> list[TimelineEntry]:
        return [self._one(fact) for fact in self.happened]

    def _one(self, fact: RecordedFact) -> TimelineEntry:
        name, more, href = SUBJECTS_BY_KIND.get(fact.kind, _group)(self, fact)
        actor = self._actors.get(fact.actor or 0)
        return TimelineEntry(
            at=fact.happened_at,
            text=facts.label_of(fact.kind),
            name=name,
            more=more,
            href=href,
            who=actor or (self._sources.get(fact.source or 0, "")),
            kind=fact.kind,
        )

    # What facts name, read once

    @cached_property
    def _actors(self) -> dict[int, str]:
        found = {fact.actor for fact in self.happened if fact.actor}
        rows = Staff.objects.filter(pk__in=found, community=self.by.community)
        return dict(rows.values_list("pk", "name"))

    @cached_property
    def _sources(self) -> dict[int, str]:
        return interned_names.names_by_id("source", self.by.community_id)

    @cached_property
    def groups(self) -> dict[int, str]:
        found = {fact.group for fact in self.happened if fact.group}
        rows = groups.list_visible(self.by).filter(pk__in=found)
        return dict(rows.values_list("pk", "name"))

    @cached_property
    def tags(self) -> dict[str, tuple[int, str]]:
        rows = Tag.objects.filter(
            community=self.by.community, key__in=self._said("tag")
        )
        return {
            key: (pk, name) for pk, key, name in rows.values_list("pk", "key", "name")
        }

    @cached_property
    def attributes(self) -> dict[str, str]:
        rows = Attribute.objects.filter(
            community=self.by.community, name__in=self._said("attribute")
        )
        return dict(rows.values_list("name", "label"))

    @cached_property
    def layerings(self) -> dict[str, Layering]:
        rows = Layering.objects.filter(community=self.by.community)
        return {each.key: each for each in rows}

    @cached_property
    def orders(self) -> dict[str, int]:
        rows = Order.objects.filter(
            community_id=self.by.community_id, key__in=self._said("order")
        )
        return dict(rows.values_list("key", "pk"))

    @cached_property
    def campaigns(self) -> dict[str, tuple[int, str]]:
        rows = Campaign.objects.filter(
            community=self.by.community, key__in=self._said("campaign")
        )
        return {k: (pk, name) for pk, k, name in rows.values_list("pk", "key", "name")}

    def _said(self, name: str) -> set[str]:
        said = {fact.payload.get(name) for fact in self.happened}
        return {each for each in said if isinstance(each, str)}


Subject = tuple[str, str, str]
"""What a fact is about, what else there is to say, and where the first is."""


def _link(view: str, pk: int | None) -> str:
    try:
        return reverse(view, args=[pk]) if pk else ""
    except NoReverseMatch:
        return ""


def _tag(teller: TimelineBuilder, fact: RecordedFact) -> Subject:
    key = str(fact.payload.get("tag", ""))
    pk, name = teller.tags.get(key, (None, key))
    depth = fact.payload.get("depth", 1)
    return name, f"×{depth}" if depth != 1 else "", _link("tags:detail", pk)


def _attribute(teller: TimelineBuilder, fact: RecordedFact) -> Subject:
    name = str(fact.payload.get("attribute", ""))
    source = labels.label_of(labels.SOURCES, str(fact.payload.get("source", "")))
    return teller.attributes.get(name, name), source, ""


def _order(teller: TimelineBuilder, fact: RecordedFact) -> Subject:
    key = str(fact.payload.get("order", ""))
    parts = [str(each) for each in fact.payload.get("categories", ())]
    if len(parts) > MAX_CATEGORIES:
        parts = [*parts[:MAX_CATEGORIES], "…"]
    amount = fact.payload.get("amount")
    if isinstance(amount, int):
        currency = str(fact.payload.get("currency") or teller.by.community.currency)
        parts.insert(0, f"{money.format_amount(amount, currency)} {currency}")
    return key, " · ".join(parts), _link("sales:order-detail", teller.orders.get(key))


def _layer(teller: TimelineBuilder, fact: RecordedFact) -> Subject:
    layering = teller.layerings.get(str(fact.payload.get("layering", "")))
    known = {
        each["key"]: each.get("name") or each["key"]
        for each in (layering.spec["layers"] if layering else ())
    }
    old, new = (str(fact.payload.get(side, "")) for side in ("from", "to"))
    move = f"{known.get(old, old) or '–'} → {known.get(new, new) or '–'}"
    name = layering.name if layering else str(fact.payload.get("layering", ""))
    return name, move, _link("layers:detail", layering.pk if layering else None)


def _source(teller: TimelineBuilder, fact: RecordedFact) -> Subject:
    return str(fact.payload.get("source", "")), "", ""


def _identifier_kind(teller: TimelineBuilder, fact: RecordedFact) -> Subject:
    return (
        labels.label_of(labels.KINDS, str(fact.payload.get("identifier_kind", ""))),
        "",
        "",
    )


def _changed_fields(teller: TimelineBuilder, fact: RecordedFact) -> Subject:
    said = {
        "name": _("name"),
        "joined_at": _("join date"),
        "source_id": _("source"),
    }
    return _(", ").join(said.get(f, f) for f in fact.payload.get("fields", ())), "", ""


def _campaign(teller: TimelineBuilder, fact: RecordedFact) -> Subject:
    key = str(fact.payload.get("campaign", ""))
    pk, name = teller.campaigns.get(key, (None, key))
    return name, _group(teller, fact)[0], _link("outreach:campaign-detail", pk)


def _group(teller: TimelineBuilder, fact: RecordedFact) -> Subject:
    """What has no words of its own tells the group, as far as it may be seen."""
    name = teller.groups.get(fact.group or 0, "")
    return name, "", _link("groups:detail", fact.group if name else None)


SUBJECTS_BY_KIND: Mapping[str, Callable[[TimelineBuilder, RecordedFact], Subject]] = {
    "tag.added": _tag,
    "tag.removed": _tag,
    "attribute.set": _attribute,
    "order.paid": _order,
    "order.refunded": _order,
    "order.amended": _order,
    "member.layer_changed": _layer,
    "member.joined": _source,
    "member.identifier_added": _identifier_kind,
    "member.changed": _changed_fields,
    "send.delivered": _campaign,
    "send.marked_sent": _campaign,
    "send.clicked": _campaign,
    "send.failed": _campaign,
}
