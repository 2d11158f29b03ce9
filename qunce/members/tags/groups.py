"""Tag groups: the dimensions to which tags belong."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from qunce.core import errors, permissions, value_types
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.tags import models as tag_models
from qunce.members.tags import naming as tag_naming
from qunce.members.tags import writer as tag_writer
from qunce.members.tags.models import MANAGE, Tag, TagGroup
from qunce.sets import set_sizes


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagGroupCreated(facts.FactKind):
    kind = "tag_group.created"
    label = gettext_lazy("tag group created")
    tag_group: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagGroupChanged(facts.FactKind):
    kind = "tag_group.changed"
    label = gettext_lazy("tag group changed")
    tag_group: str


class TagsOverlap(errors.Refused):
    """Members have several tags of a group of which they may have one."""


class TagGroupNotFound(errors.NotFound):
    """There is no such tag group in this community."""


class TagGroupAlreadyExists(errors.Refused):
    """A tag group with this key already exists."""


# Checks


def check_no_overlap(group: TagGroup, tags: Sequence[int], *, at: datetime) -> None:
    """Raises TagsOverlap if somebody has two of these tags, given by id."""
    people = set_sizes.count_in_two_or_more(
        community=group.community, kind=tag_models.KIND.name, refs=tags, at=at
    )
    if people:
        raise TagsOverlap(
            ngettext(
                "%(n)s member has several of these tags. Remove all but one of them first.",
                "%(n)s members have several of these tags. Remove all but one from "
                "each of them first.",
                people,
            )
            % {"n": f"{people:,}"}
        )


# Verbs


@transaction.atomic
def create(
    *,
    community: Community,
    key: str,
    by: Staff,
    at: datetime,
    name: str = "",
    exclusive: bool = False,
    naming: tag_naming.NamingRule = tag_naming.NO_RULE,
    creator_roles: Sequence[str] = (),
    automatic: bool = False,
) -> TagGroup:
    permissions.check_may(by, MANAGE)
    key = tag_naming.check(key, tag_naming.NO_RULE)
    tag_naming.check_rule(naming)
    if TagGroup.objects.filter(community=community, key=key).exists():
        raise TagGroupAlreadyExists(
            _("A tag group “%(key)s” already exists.") % {"key": key}
        )
    group = TagGroup.objects.create(
        community=community,
        key=key,
        name=tag_naming.normalise(name) or key,
        exclusive=exclusive,
        **dataclasses.asdict(naming),
        creator_roles=value_types.check_texts(creator_roles, _("Roles")),
        automatic=automatic,
        created_at=at,
        by=by,
    )
    facts.record(TagGroupCreated(tag_group=key), community=community, by=by, at=at)
    return group


@transaction.atomic
def update(
    *,
    group: TagGroup,
    by: Staff,
    at: datetime,
    name: str | None = None,
    exclusive: bool | None = None,
    naming: tag_naming.NamingRule | None = None,
    creator_roles: Sequence[str] | None = None,
) -> TagGroup:
    """Change what is not None. A new naming rule applies to new tags only."""
    permissions.check_may(by, MANAGE)
    # Until the commit nobody gets a tag of the group, so the check stays true.
    tag_writer.lock_groups([group.pk])
    if exclusive and not group.exclusive:
        check_no_overlap(group, tag_ids(group), at=at)
    if naming is not None:
        tag_naming.check_rule(naming)
        for field, value in dataclasses.asdict(naming).items():
            setattr(group, field, value)
    group.name = (tag_naming.normalise(name or "") or group.name)[:80]
    group.exclusive = group.exclusive if exclusive is None else exclusive
    if creator_roles is not None:
        group.creator_roles = value_types.check_texts(creator_roles, _("Roles"))
    group.save()
    fact = TagGroupChanged(tag_group=group.key)
    facts.record(fact, community=group.community, by=by, at=at)
    return group


# Reads


def get(community: Community, pk: int) -> TagGroup:
    try:
        group = TagGroup.objects.get(community=community, pk=pk)
    except TagGroup.DoesNotExist:
        raise TagGroupNotFound(_("There is no such tag group.")) from None
    # Saves the query that the first use would take.
    group.community = community
    return group


def list_all(community: Community) -> list[TagGroup]:
    return list(TagGroup.objects.filter(community=community).order_by("name", "key"))


def get_by_key(community: Community, key: str) -> TagGroup:
    try:
        return TagGroup.objects.get(community=community, key=key)
    except TagGroup.DoesNotExist:
        raise TagGroupNotFound(
            _("There is no tag group “%(key)s”.") % {"key": key}
        ) from None


def tag_ids(group: TagGroup) -> list[int]:
    """Ids of the group's tags, including archived but not merged ones."""
    tags = Tag.objects.filter(group=group)
    tags = tags.exclude(state="merged").order_by("pk")
    return list(tags.values_list("pk", flat=True))
