"""The timeline of a member: facts with their labels and what they are about."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
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
from qunce.members.accounts import masking
from qunce.members.attributes.attributes import Attribute
from qunce.members.layers.layers import Layering
from qunce.members.message_texts import message_texts
from qunce.members.segments.segments import Segment
from qunce.members.tags.models import Tag
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.tasks import staff_tasks
from qunce.outreach.tasks.kinds import base
from qunce.sales.models import Order

if TYPE_CHECKING:
    from qunce.core.facts.facts import RecordedFact

MAX_SUBJECTS = 4
"""Subjects named of entries that are folded."""
MAX_MESSAGE_LENGTH = 200
MAX_CATEGORIES = 3
"""Categories shown of one order, so that an entry fits on one line."""


@dataclass(frozen=True)
class TimelineEntry:
    """`subject` is what the fact is about, and `url` its page."""

    at: datetime
    text: str
    subject: str
    detail: str
    url: str
    actor: str
    kind: str


@dataclass(frozen=True)
class TimelineGroup:
    """Consecutive entries with the same content, the newest first."""

    entries: Sequence[TimelineEntry]

    @property
    def first(self) -> TimelineEntry:
        return self.entries[0]

    @property
    def last(self) -> TimelineEntry:
        return self.entries[-1]

    @property
    def subjects(self) -> str:
        """What the entries are about, each once; the amounts of orders."""
        is_order = self.first.kind.startswith("order.")
        texts = [each.detail if is_order else each.subject for each in self.entries]
        subjects = list(dict.fromkeys(texts))
        shown = [subject for subject in subjects if subject][:MAX_SUBJECTS]
        more = "…" if len(subjects) > MAX_SUBJECTS else ""
        return _(", ").join(shown) + more


Subject = tuple[str, str, str]
"""What a fact is about, a further detail, and the URL of the first."""


@dataclass
class TimelineBuilder:
    """Builds the entries of one page, with one query per kind of thing they name."""

    by: Staff
    facts: Sequence[RecordedFact]

    def build(self) -> list[TimelineGroup]:
        """The entries, folded where several of one kind follow each other."""
        entries = map(self.build_entry, self.facts)
        groups = itertools.groupby(entries, key=lambda entry: (entry.kind, entry.actor))
        return [TimelineGroup(tuple(own)) for _key, own in groups]

    def build_entry(self, fact: RecordedFact) -> TimelineEntry:
        # Facts without a subject of their own are about their group, if any.
        subject, detail, url = _finders.get(fact.kind, _group)(self, fact)
        # Who brought a file or owns a key did not do what it reports.
        source = self.sources.get(fact.source or 0, "")
        actor = labels.label_of(labels.SOURCES, source) if source else ""
        return TimelineEntry(
            at=fact.happened_at,
            text=facts.label_of(fact.kind),
            subject=subject,
            detail=detail,
            url=url,
            actor=actor or self.actors.get(fact.actor or 0, ""),
            kind=fact.kind,
        )

    @cached_property
    def actors(self) -> dict[int, str]:
        ids = {fact.actor for fact in self.facts if fact.actor}
        rows = Staff.objects.filter(pk__in=ids, community=self.by.community)
        return dict(rows.values_list("pk", "name"))

    @cached_property
    def staff_names(self) -> dict[int, str]:
        rows = Staff.objects.filter(community=self.by.community)
        return dict(rows.values_list("pk", "name"))

    @cached_property
    def sources(self) -> dict[int, str]:
        return interned_names.names_by_id("source", self.by.community_id)

    @cached_property
    def message_texts(self) -> dict[int, str]:
        ids = (fact.id for fact in self.facts if fact.kind == "message.posted")
        return message_texts.find_by_facts(ids, by=self.by)

    @cached_property
    def groups(self) -> dict[int, str]:
        ids = {fact.group for fact in self.facts if fact.group}
        rows = groups.list_visible(self.by).filter(pk__in=ids)
        return dict(rows.values_list("pk", "name"))

    @cached_property
    def tags(self) -> dict[str, tuple[int, str]]:
        rows = Tag.objects.filter(
            community=self.by.community, key__in=self._payload_values("tag")
        )
        return {
            key: (pk, name) for pk, key, name in rows.values_list("pk", "key", "name")
        }

    @cached_property
    def attributes(self) -> dict[str, str]:
        rows = Attribute.objects.filter(
            community=self.by.community, name__in=self._payload_values("attribute")
        )
        return dict(rows.values_list("name", "label"))

    @cached_property
    def segments(self) -> dict[str, tuple[int, str]]:
        keys = {str(fact.payload.get("segment", "")) for fact in self.facts}
        rows = Segment.objects.filter(community=self.by.community, key__in=keys)
        return {
            key: (pk, name) for key, pk, name in rows.values_list("key", "pk", "name")
        }

    @cached_property
    def layerings(self) -> dict[str, Layering]:
        rows = Layering.objects.filter(community=self.by.community)
        return {layering.key: layering for layering in rows}

    @cached_property
    def orders(self) -> dict[tuple[str, int], int]:
        """The ids of orders by key and source."""
        rows = Order.objects.filter(
            community_id=self.by.community_id, key__in=self._payload_values("order")
        )
        return {
            (key, source): pk
            for key, source, pk in rows.values_list("key", "source_id", "pk")
        }

    @cached_property
    def campaigns(self) -> dict[str, tuple[int, str]]:
        rows = Campaign.objects.filter(
            community=self.by.community, key__in=self._payload_values("campaign")
        )
        return {
            key: (pk, name) for pk, key, name in rows.values_list("pk", "key", "name")
        }

    def _payload_values(self, name: str) -> set[str]:
        values = {fact.payload.get(name) for fact in self.facts}
        return {value for value in values if isinstance(value, str)}


SubjectFinder = Callable[[TimelineBuilder, "RecordedFact"], Subject]
_finders: dict[str, SubjectFinder] = {}


def _subject_of(*kinds: str) -> Callable[[SubjectFinder], SubjectFinder]:
    """Register the function that finds what facts of these kinds are about."""

    def decorate(find: SubjectFinder) -> SubjectFinder:
        _finders.update(dict.fromkeys(kinds, find))
        return find

    return decorate


def _link(view: str, pk: int | None) -> str:
    try:
        return reverse(view, args=[pk]) if pk else ""
    except NoReverseMatch:
        return ""


@_subject_of("tag.added", "tag.removed")
def _tag(builder: TimelineBuilder, fact: RecordedFact) -> Subject:
    key = str(fact.payload.get("tag", ""))
    pk, name = builder.tags.get(key, (None, key))
    depth = fact.payload.get("depth", 1)
    return name, f"×{depth}" if depth != 1 else "", _link("tags:detail", pk)


@_subject_of("message.posted")
def _message(builder: TimelineBuilder, fact: RecordedFact) -> Subject:
    subject, _detail, url = _group(builder, fact)
    if fact.group and not subject:
        # Of a group that they do not see.
        return "", "", ""
    text = masking.text(builder.message_texts.get(fact.id, ""), builder.by)
    shown = text[:MAX_MESSAGE_LENGTH]
    return subject, f"{shown}…" if len(text) > len(shown) else shown, url


@_subject_of("attribute.set")
def _attribute(builder: TimelineBuilder, fact: RecordedFact) -> Subject:
    name = str(fact.payload.get("attribute", ""))
    source = labels.label_of(labels.SOURCES, str(fact.payload.get("source", "")))
    return builder.attributes.get(name, name), source, ""


@_subject_of("order.paid", "order.refunded", "order.amended")
def _order(builder: TimelineBuilder, fact: RecordedFact) -> Subject:
    key = str(fact.payload.get("order", ""))
    details = [str(category) for category in fact.payload.get("categories", ())]
    if len(details) > MAX_CATEGORIES:
        details = [*details[:MAX_CATEGORIES], "…"]
    amount = fact.payload.get("amount")
    if isinstance(amount, int):
        currency = str(fact.payload.get("currency") or builder.by.community.currency)
        details.insert(0, money.format_with_currency(amount, currency))
    url = _link("sales:order-detail", builder.orders.get((key, fact.source or 0)))
    return key, " · ".join(details), url


@_subject_of("member.layer_changed")
def _layer(builder: TimelineBuilder, fact: RecordedFact) -> Subject:
    layering = builder.layerings.get(str(fact.payload.get("layering", "")))
    names = {
        layer["key"]: layer.get("name") or layer["key"]
        for layer in (layering.spec["layers"] if layering else ())
    }
    old, new = (str(fact.payload.get(side, "")) for side in ("from", "to"))
    move = f"{names.get(old, old) or '–'} → {names.get(new, new) or '–'}"
    name = layering.name if layering else str(fact.payload.get("layering", ""))
    return name, move, _link("layers:detail", layering.pk if layering else None)


@_subject_of("segment.entered", "segment.left")
def _segment(builder: TimelineBuilder, fact: RecordedFact) -> Subject:
    key = str(fact.payload.get("segment", ""))
    pk, name = builder.segments.get(key, (None, key))
    return name, "", _link("segments:detail", pk)


@_subject_of("member.joined")
def _source(builder: TimelineBuilder, fact: RecordedFact) -> Subject:
    return fact.payload.get("source", ""), "", ""


@_subject_of("member.identifier_added", "member.identifier_removed")
def _identifier_kind(builder: TimelineBuilder, fact: RecordedFact) -> Subject:
    kind = str(fact.payload.get("identifier_kind", ""))
    return labels.label_of(labels.KINDS, kind), "", ""


@_subject_of("member.changed")
def _changed_fields(builder: TimelineBuilder, fact: RecordedFact) -> Subject:
    field_labels = {
        "name": _("name"),
        "joined_at": _("join date"),
        "source_id": _("source"),
    }
    fields = fact.payload.get("fields", ())
    return _(", ").join(field_labels.get(field, field) for field in fields), "", ""


@_subject_of("member.staff_changed")
def _staff(builder: TimelineBuilder, fact: RecordedFact) -> Subject:
    """Return who is in charge now, and who was before."""
    names = builder.staff_names
    before, now = (fact.payload.get(side) or 0 for side in ("before", "staff"))
    nobody = _("nobody")
    return f"{names.get(before, nobody)} → {names.get(now, nobody)}", "", ""


@_subject_of("staff_task.outcome")
def _staff_task(builder: TimelineBuilder, fact: RecordedFact) -> Subject:
    kind = str(fact.payload.get("task_kind", ""))
    if kind not in base.REGISTRY:
        return "", "", ""
    outcome = str(fact.payload.get("outcome", ""))
    label = staff_tasks.outcome_label(kind, outcome)
    return str(base.REGISTRY[kind].label), label, ""


@_subject_of(
    "send.delivered", "send.marked_sent", "send.clicked", "send.failed", "send.skipped"
)
def _campaign(builder: TimelineBuilder, fact: RecordedFact) -> Subject:
    key = str(fact.payload.get("campaign", ""))
    pk, name = builder.campaigns.get(key, (None, key))
    return name, _group(builder, fact)[0], _link("outreach:campaign-detail", pk)


def _group(builder: TimelineBuilder, fact: RecordedFact) -> Subject:
    """Return the fact's group if the user may see it."""
    name = builder.groups.get(fact.group or 0, "")
    return name, "", _link("groups:detail", fact.group if name else None)
