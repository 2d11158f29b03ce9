"""Break-downs: a number of the community by source, group, staff, layer, tags, attribute.

Sources, staff in charge, layers and single choices put everyone into one part. Groups and
tags may share people, so their parts do not add up to the total.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.core.facts import facts, interned_names
from qunce.members.accounts import channel_labels
from qunce.members.attributes import attributes
from qunce.members.attributes.attributes import AttributeType
from qunce.members.layers import layering_specs, layers
from qunce.members.staff_in_charge.models import InCharge
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import library
from qunce.sets import audiences, first_sources, set_sizes
from qunce.sets.rules import references

if TYPE_CHECKING:
    from datetime import datetime

    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

MAX_PARTS = 12
"""Parts with most people; all others are one part more."""
REST = ""
"""The key of the part that has everyone in none of the others."""
EVERYONE: dict[str, Any] = {"with_left": audiences.EVERYONE}


class BreakdownNotFound(errors.NotFound):
    """There is no such break-down, or it is of something that does not exist."""


@dataclass(frozen=True)
class Breakdown:
    """`kind` is one of KINDS; `key` says of which layering, tag group or attribute."""

    kind: str
    key: str = ""

    @property
    def text(self) -> str:
        return f"{self.kind}:{self.key}" if self.key else self.kind


@dataclass(frozen=True)
class Part:
    """`people` are those whom the staff member sees, former members included."""

    key: str
    label: str
    people: BitMap


Candidate = tuple[str, str, Any]
"""Key, label, and the rule of its people or the set of them."""


def parse(text: str) -> Breakdown | None:
    """A break-down as in an address, such as `source` or `layer:value`; None for none."""
    if not text:
        return None
    kind, _colon, key = text.partition(":")
    if kind not in KINDS or bool(key) != KINDS[kind].needs_key:
        raise BreakdownNotFound(
            _("There is no break-down “%(key)s”. Available: %(all)s.")
            % {"key": text, "all": ", ".join(FORMS)}
        )
    return Breakdown(kind, key)


def list_choices(by: Staff) -> list[tuple[str, str]]:
    """The break-downs that the community has something for, with their names."""
    community = by.community
    choices = [("source", _("source"))]
    if references.list_keys(community, "group"):
        choices.append(("group", _("group")))
    if InCharge.objects.filter(community=community, present=True).exists():
        choices.append(("staff", _("staff in charge")))
    choices += [
        (f"layer:{row.key}", _("layer: %(name)s") % {"name": row.name})
        for row in layers.list_active(community)
    ]
    choices += [
        (f"tag_group:{row.key}", _("tags: %(name)s") % {"name": row.name})
        for row in tag_groups.list_all(community)
    ]
    choices += [
        (f"attribute:{row.name}", row.label)
        for row in attributes.list_all(community)
        if _is_groupable(row)
    ]
    return choices


def may_share_people(breakdown: Breakdown) -> bool:
    """Whether a person can be in two parts, so that these do not add up to a total."""
    return breakdown.kind in ("group", "tag_group", "attribute")


def load_parts(breakdown: Breakdown, *, by: Staff, at: datetime) -> list[Part]:
    """The parts with most people first, and last everyone in none of them."""
    candidates = KINDS[breakdown.kind].list(breakdown.key, by, at)
    everyone = _people(EVERYONE, by, at)
    found = []
    for key, label, rule in candidates:
        people = (
            _people({"with_left": rule}, by, at) if isinstance(rule, dict) else rule
        )
        found.append(Part(key, label, people & everyone))
    found = [part for part in found if part.people]
    if breakdown.kind != "layer":
        found.sort(key=lambda part: len(part.people), reverse=True)
    parts = found[:MAX_PARTS]
    rest = everyone
    for part in parts:
        rest = rest - part.people
    if rest:
        parts.append(Part(REST, _("all others"), rest))
    return parts


def _people(rule: Any, by: Staff, at: datetime) -> BitMap:
    return audiences.people(community=by.community, rule=rule, by=by, at=at)


# Kinds of break-downs


def _list_sources(key: str, by: Staff, at: datetime) -> Iterator[Candidate]:
    names = interned_names.names_by_id("source", by.community_id)
    sets = first_sources.people_by_source(community=by.community, at=at)
    for source, people in sets.items():
        if source in names:
            name = names[source]
            yield name, channel_labels.label_of(name), people


def _list_groups(key: str, by: Staff, at: datetime) -> Iterator[Candidate]:
    """Everybody who was ever in a group, as those in it now have all stayed."""
    community = by.community
    keys = [
        key
        for key in references.list_keys(community, "group")
        if by.groups is None or key in by.groups
    ]
    find_ids = references.get("group").find_ids
    ids = find_ids(community, keys) if find_ids else {}
    sizes = set_sizes.count_by_ref(
        community=community, kind="group", refs=ids.values(), by=by, at=at
    )
    largest = sorted(ids, key=lambda key: sizes[ids[key]], reverse=True)[:MAX_PARTS]
    names = references.find_names(community, "group", largest)
    joined = facts.find_kind("group.joined") is not None
    for key in largest:
        rules: list[Any] = [{"group": {"any": [key]}}]
        if joined:
            rules.append({"did": {"kind": "group.joined", "where": {"group": [key]}}})
        yield key, names.get(key, key), {"any": rules}


def _list_staff(key: str, by: Staff, at: datetime) -> Iterator[Candidate]:
    """Staff who are in charge of members now, also if they no longer work here."""
    rows = InCharge.objects.filter(community=by.community, present=True)
    staff = by.community.staff.filter(pk__in=rows.values("number")).order_by("pk")
    for each in staff:
        yield each.login, each.name, {"staff": {"any": [each.login]}}


def _list_layers(key: str, by: Staff, at: datetime) -> Iterator[Candidate]:
    layering = layers.get(by.community, key)
    for layer, name in layering_specs.names_of(layering.spec).items():
        yield layer, name, {"layer": {"of": key, "in": [layer]}}


def _list_tags(key: str, by: Staff, at: datetime) -> Iterator[Candidate]:
    group = tag_groups.get_by_key(by.community, key)
    tags = list(library.list_tags(by.community).filter(group=group))
    sizes = set_sizes.count_by_ref(
        community=by.community,
        kind="tag",
        refs=[tag.pk for tag in tags],
        by=by,
        at=at,
    )
    tags.sort(key=lambda tag: sizes[tag.pk], reverse=True)
    for tag in tags[:MAX_PARTS]:
        yield tag.key, tag.name, {"tag": {"any": [tag.key]}}


def _list_values(key: str, by: Staff, at: datetime) -> Iterator[Candidate]:
    attribute = attributes.get(by.community, key)
    if not _is_groupable(attribute):
        raise BreakdownNotFound(
            _("“%(name)s” cannot be broken down by: it is no choice and no text.")
            % {"name": attribute.label}
        )
    texts = audiences.list_attribute_texts(
        community=by.community, attribute=attribute.pk, at=at
    )
    for text in texts[:MAX_PARTS]:
        yield text, text, {"attr": {"name": key, "in": [text]}}


def _is_groupable(attribute: attributes.Attribute) -> bool:
    # A phone number is a text, too, and would name members.
    types = (AttributeType.TEXT, AttributeType.CHOICE, AttributeType.MULTI)
    return attribute.type in types and not attribute.is_contact


@dataclass(frozen=True)
class Kind:
    list: Callable[[str, Staff, datetime], Iterator[Candidate]]
    needs_key: bool = False


KINDS = {
    "source": Kind(_list_sources),
    "group": Kind(_list_groups),
    "staff": Kind(_list_staff),
    "layer": Kind(_list_layers, needs_key=True),
    "tag_group": Kind(_list_tags, needs_key=True),
    "attribute": Kind(_list_values, needs_key=True),
}
FORMS: Sequence[str] = (
    "source",
    "group",
    "staff",
    "layer:key",
    "tag_group:key",
    "attribute:name",
)
"""How break-downs are written."""


def find_part(breakdown: Breakdown, key: str, *, by: Staff, at: datetime) -> Part:
    """The part of a key; raises BreakdownNotFound if there is none."""
    for part in load_parts(breakdown, by=by, at=at):
        if part.key == key:
            return part
    raise BreakdownNotFound(_("There is no part “%(key)s”.") % {"key": key})


def label_of(breakdown: Breakdown, community: Community) -> str:
    """The name of a break-down, as above a column."""
    if breakdown.kind == "layer":
        return layers.get(community, breakdown.key).name
    if breakdown.kind == "tag_group":
        return tag_groups.get_by_key(community, breakdown.key).name
    if breakdown.kind == "attribute":
        return attributes.get(community, breakdown.key).label
    labels = {"source": _("Source"), "group": _("Group"), "staff": _("Staff in charge")}
    return labels[breakdown.kind]
