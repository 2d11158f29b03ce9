"""What the rule builder offers to pick from, within what the operator may see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from django.db.models import Q

from qunce.console.segments.form_fields import Option, Picker
from qunce.core.facts import facts, interned_names
from qunce.groups import visibility as groups
from qunce.members.attributes import attributes
from qunce.members.layers import layers
from qunce.members.segments import frozen as frozen_segments
from qunce.members.segments import segments as saved
from qunce.members.tags import library
from qunce.members.tags import models as tag_models
from qunce.sets import audiences
from qunce.sets.rules import references

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.members.attributes.attributes import Attribute
    from qunce.members.layers.layers import Layering

MOST, FEW = 24, 10
"""How many are offered for a search, and before there is one."""


@dataclass(frozen=True)
class Desk:
    by: Staff
    at: datetime

    @property
    def community(self) -> Community:
        return self.by.community

    def picker(self, what: str) -> Picker:
        """A picker of tags, groups, segments, frozen lists or sources."""
        found = Picker()
        offer: Callable[[str], list[Option]] = getattr(self, f"_{what}")
        found.find = offer
        found.named = lambda keys: self.named(what, keys)
        return found

    def named(self, what: str, keys: Sequence[str]) -> list[Option]:
        known = references.find_names(self.community, what, keys)
        return [Option(key, known.get(key, key), "", key in known) for key in keys]

    # What is offered

    def _tag(self, asked: str) -> list[Option]:
        found = library.list_tags(self.community)
        if asked:
            found = found.filter(
                Q(name__icontains=asked)
                | Q(key__icontains=asked)
                | Q(group__name__icontains=asked)
            )
        return [
            Option(tag.key, tag.name, tag.group.name if tag.group else "")
            for tag in found.order_by("name", "key")[: _most(asked)]
        ]

    def _group(self, asked: str) -> list[Option]:
        found = groups.list_visible(self.by)
        if asked:
            found = found.filter(Q(name__icontains=asked) | Q(key__icontains=asked))
        return [
            Option(each.key, each.name)
            for each in found.order_by("name")[: _most(asked)]
        ]

    def _segment(self, asked: str) -> list[Option]:
        rows = saved.Segment.objects.filter(community=self.community, state="active")
        found = rows.filter(Q(name__icontains=asked) | Q(key__icontains=asked))
        return [
            Option(each.key, each.name)
            for each in found.order_by("name")[: _most(asked)]
        ]

    def _frozen(self, asked: str) -> list[Option]:
        rows = frozen_segments.FrozenSegment.objects.filter(community=self.community)
        found = rows.filter(key__icontains=asked).order_by("-at", "key")
        return [Option(each.key, each.key) for each in found[: _most(asked)]]

    def _layer(self, asked: str) -> list[Option]:
        wanted = asked.strip().casefold()
        known = [
            Option(
                f"{of.key}/{layer['key']}", layer.get("name") or layer["key"], of.name
            )
            for of in self.layerings
            for layer in of.spec["layers"]
        ]
        return [
            each
            for each in known
            if wanted in each.label.casefold() or wanted in each.hint.casefold()
        ][:MOST]

    def _source(self, asked: str) -> list[Option]:
        known = interned_names.names_by_id("source", self.community.pk).values()
        return _fitting(sorted(known), asked)

    def values(self, attribute: Attribute) -> Picker:
        """A picker of an attribute's values; what is asked for can always be picked."""

        def offer(asked: str) -> list[Option]:
            found = _fitting(self._values(attribute), asked)
            free = [] if attribute.choices or not asked.strip() else [asked.strip()]
            return [Option(value, value) for value in free] + [
                option for option in found if option.key not in free
            ]

        found = Picker()
        found.find = offer
        found.named = lambda keys: [Option(key, key) for key in keys]
        return found

    def _values(self, attribute: Attribute) -> list[str]:
        """Those that occur only for who sees everyone: they may tell of others."""
        if attribute.choices or self.by.scope is not None:
            return attribute.choices
        return audiences.list_attribute_texts(
            community=self.community, attribute=attribute.pk, at=self.at
        )

    # What a list of choices holds

    @cached_property
    def kinds(self) -> list[tuple[str, str]]:
        """What people here did, in words."""
        known = audiences.list_fact_kinds(self.community)
        return sorted(
            ((kind, facts.label_of(kind)) for kind in known), key=lambda k: k[1]
        )

    @cached_property
    def attributes(self) -> list[Attribute]:
        return list(attributes.list_all(self.community))

    @cached_property
    def layerings(self) -> list[Layering]:
        return layers.list_active(self.community)

    @cached_property
    def tag_groups(self) -> list[tuple[str, str]]:
        rows = tag_models.TagGroup.objects.filter(community=self.community)
        return list(rows.order_by("name").values_list("key", "name"))


def _fitting(texts: Iterable[str], asked: str) -> list[Option]:
    wanted = asked.strip().casefold()
    found = [text for text in texts if wanted in text.casefold()]
    return [Option(text, text) for text in found[: _most(asked)]]


def _most(asked: str) -> int:
    return MOST if asked else FEW
