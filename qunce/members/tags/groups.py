"""Tending the tag library: groups changed, tags moved, handed over, synonyms dropped."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.segments import segments
from qunce.members.tags import library
from qunce.members.tags import models as tag_models
from qunce.members.tags import naming as tag_naming
from qunce.members.tags import report as tag_report
from qunce.members.tags.library import Synonym, Tag, TagGroup
from qunce.members.tags.models import TagBatch
from qunce.sets import set_sizes

LOOKED_AT = 2_000
"""Batches among which those of one tag are looked for."""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagGroupChanged(facts.FactKind):
    kind = "tag_group.changed"
    label = gettext_lazy("tag group changed")
    tag_group: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SynonymRemoved(facts.FactKind):
    kind = "tag.synonym_removed"
    label = gettext_lazy("tag synonym removed")
    tag: str
    synonym: str


class UnknownBatch(errors.NotFound):
    """There is no such batch in this community."""


class CarryTwo(errors.Refused):
    """People carry two tags of a group of which they may carry one."""


class StillAsked(errors.Refused):
    """Rules name the tag by this synonym."""


# Checks


def check_exclusive(group: TagGroup, several: Sequence[int], *, at: datetime) -> None:
    """Nobody carries two of these tags, so that the group may be exclusive."""
    people = set_sizes.count_in_two_or_more(
        community=group.community, kind=tag_models.KIND.name, refs=several, at=at
    )
    if people:
        raise CarryTwo(
            ngettext(
                "%(n)s member has several of these tags. Remove all but one of them first.",
                "%(n)s members have several of these tags. Remove all but one from "
                "each of them first.",
                people,
            )
            % {"n": f"{people:,}"}
        )


def check_unasked(synonym: Synonym) -> None:
    if Tag.objects.filter(community=synonym.community, key=synonym.key).exists():
        raise StillAsked(
            _("“%(key)s” was a tag before it was merged, and rules may still use it.")
            % {"key": synonym.key}
        )
    for segment in segments.listed(synonym.community):
        if synonym.key in tag_report.tags_in(segment.rule):
            raise StillAsked(
                _("The segment “%(segment)s” uses the name “%(key)s”.")
                % {"segment": segment.name, "key": synonym.key}
            )


# Verbs


@transaction.atomic
def change_group(
    *,
    group: TagGroup,
    by: Staff,
    at: datetime,
    name: str | None = None,
    exclusive: bool | None = None,
    naming: tag_naming.Naming | None = None,
    makers: Sequence[str] | None = None,
) -> TagGroup:
    """A new naming rule is for new tags; those there are keep their names."""
    permissions.check_may(by, library.MANAGE)
    tag_models.lock_groups([group.pk])
    if exclusive and not group.exclusive:
        check_exclusive(group, library.ids_in(group.community, group), at=at)
    if naming is not None:
        tag_naming.check_naming(naming)
        for field, value in dataclasses.asdict(naming).items():
            setattr(group, field, value)
    group.name = (name or group.name).strip()[:80]
    group.exclusive = group.exclusive if exclusive is None else exclusive
    group.makers = group.makers if makers is None else list(makers)
    group.save()
    event = TagGroupChanged(tag_group=group.key)
    facts.record(event, community=group.community, by=by, at=at)
    return group


@transaction.atomic
def move(*, tag: Tag, group: TagGroup | None, by: Staff, at: datetime) -> None:
    """Into another group or none; its name has to fit there."""
    permissions.check_may(by, library.MANAGE)
    if group is not None:
        tag_naming.check(tag.key, group.naming)
        tag_models.lock_groups([group.pk])
        if group.exclusive:
            several = [*library.ids_in(tag.community, group), tag.pk]
            check_exclusive(group, several, at=at)
    tag.group = group
    tag.save(update_fields=["group"])
    event = library.TagChanged(tag=tag.key)
    facts.record(event, community=tag.community, by=by, at=at)


@transaction.atomic
def hand_over(*, tag: Tag, owner: Staff | None, by: Staff, at: datetime) -> None:
    permissions.check_may(by, library.MANAGE)
    tag.owner = owner
    tag.save(update_fields=["owner"])
    event = library.TagChanged(tag=tag.key)
    facts.record(event, community=tag.community, by=by, at=at)


@transaction.atomic
def remove_synonym(*, synonym: Synonym, by: Staff, at: datetime) -> None:
    permissions.check_may(by, library.MANAGE)
    check_unasked(synonym)
    event = SynonymRemoved(tag=synonym.tag.key, synonym=synonym.key)
    synonym.delete()
    facts.record(event, community=synonym.community, by=by, at=at)


# Reads


def get(community: Community, pk: int) -> Tag:
    known = Tag.objects.select_related("group", "owner", "merged_into", "by")
    try:
        tag = known.get(community=community, pk=pk)
    except Tag.DoesNotExist:
        raise library.UnknownTag(_("There is no such tag.")) from None
    tag.community = community
    return tag


def synonym(tag: Tag, pk: int) -> Synonym:
    try:
        return tag.synonyms.select_related("tag", "community").get(pk=pk)
    except Synonym.DoesNotExist:
        raise library.UnknownTag(_("There is no such synonym.")) from None


def get_group(community: Community, pk: int) -> TagGroup:
    try:
        group = TagGroup.objects.get(community=community, pk=pk)
    except TagGroup.DoesNotExist:
        raise library.UnknownTagGroup(_("There is no such tag group.")) from None
    group.community = community
    return group


def groups(community: Community) -> list[TagGroup]:
    return list(TagGroup.objects.filter(community=community).order_by("name", "key"))


def get_batch(community: Community, pk: int) -> TagBatch:
    batches = TagBatch.objects.select_related("by", "undone_by", "community")
    try:
        return batches.get(community=community, pk=pk)
    except TagBatch.DoesNotExist:
        raise UnknownBatch(_("There is no such batch.")) from None


def batches(
    by: Staff, *, before: int = 0, most: int, but: Sequence[str] = ()
) -> list[TagBatch]:
    """The newest below an id, without some sources; their own of who sees a part."""
    found = TagBatch.objects.filter(community=by.community, changed__gt=0)
    if by.scope is not None:
        found = found.filter(by=by)
    if before:
        found = found.filter(pk__lt=before)
    found = found.exclude(source__in=but).select_related("by", "undone_by", "community")
    return list(found.order_by("-pk")[:most])


def batches_of(
    tag: Tag, by: Staff, *, most: int, but: Sequence[str] = ()
) -> list[TagBatch]:
    """Those that touched a tag, among the newest batches there are."""
    found = batches(by, most=LOOKED_AT, but=but)
    return [batch for batch in found if tag.pk in batch.tags][:most]
