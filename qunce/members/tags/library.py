"""The tag library: tags, the groups (dimensions) they belong to, and their names."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django import forms
from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, state_machine, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.tags import naming as tag_naming

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MANAGE = permissions.declare("tags.manage", permissions.Role.MANAGER)

FLOW = state_machine.StateMachine(
    {
        "archive": (("active",), "archived"),
        "restore": (("archived",), "active"),
        "merge": (("active", "archived"), "merged"),
    }
)


class TagGroup(models.Model):
    """One dimension. Of an exclusive group a person carries one tag at most.

    `pattern`, `prefix` and `longest` rule how its tags are named; `guidance` is what
    somebody reads whose name does not fit. `makers` lists the roles that may add tags.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    key = models.CharField(max_length=80)
    name = models.CharField(max_length=80)
    exclusive = models.BooleanField(default=False)
    pattern = models.CharField(max_length=200, default="", blank=True)
    prefix = models.CharField(max_length=40, default="", blank=True)
    longest = models.PositiveSmallIntegerField(default=tag_naming.LONGEST)
    guidance = models.CharField(max_length=200, default="", blank=True)
    makers: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key"], name="one_tag_group_a_key"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def naming(self) -> tag_naming.Naming:
        fields = [field.name for field in dataclasses.fields(tag_naming.Naming)]
        return tag_naming.Naming(**forms.model_to_dict(self, fields))


class Tag(models.Model):
    """`key` is what rules and files call it; `name` is what people read."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    key = models.CharField(max_length=80)
    name = models.CharField(max_length=80)
    group = models.ForeignKey(TagGroup, models.PROTECT, null=True, related_name="tags")
    state = models.CharField(max_length=10, default="active")
    description = models.TextField(default="", blank=True)
    owner = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="swallowed"
    )
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["community", "key"], name="one_tag_a_key")
        ]

    def __str__(self) -> str:
        return self.name


class Synonym(models.Model):
    """Another key for a tag, such as that of one merged into it."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    key = models.CharField(max_length=80)
    tag = models.ForeignKey(Tag, models.PROTECT, related_name="synonyms")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key"], name="one_tag_synonym_a_key"
            )
        ]

    def __str__(self) -> str:
        return self.key


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagCreated(facts.FactKind):
    kind = "tag.created"
    label = gettext_lazy("tag created")
    tag: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagChanged(facts.FactKind):
    kind = "tag.changed"
    label = gettext_lazy("tag changed")
    tag: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagArchived(facts.FactKind):
    kind = "tag.archived"
    label = gettext_lazy("tag archived")
    tag: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagRestored(facts.FactKind):
    kind = "tag.restored"
    label = gettext_lazy("tag restored")
    tag: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagGroupCreated(facts.FactKind):
    kind = "tag_group.created"
    label = gettext_lazy("tag group created")
    tag_group: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SynonymAdded(facts.FactKind):
    kind = "tag.synonym_added"
    label = gettext_lazy("tag synonym added")
    tag: str
    synonym: str


class UnknownTag(errors.NotFound):
    """There is no such tag in this community."""


class UnknownTagGroup(errors.NotFound):
    """There is no such tag group in this community."""


class TagExists(errors.Refused):
    """A tag, a synonym or a group of this key exists already."""


class NotInUse(errors.Refused):
    """An archived or merged tag cannot be put on anybody."""


# Checks


def check_usable(tag: Tag) -> None:
    if tag.state != "active":
        raise NotInUse(
            _("The tag “%(tag)s” is archived; restore it to use it.")
            % {"tag": tag.name}
        )


def check_may_make(group: TagGroup | None, by: Staff) -> None:
    """A group may leave the making of its tags to more roles than managers."""
    if group is None or by.role not in group.makers:
        permissions.check_may(by, MANAGE)


def may_make(group: TagGroup | None, by: Staff) -> bool:
    try:
        check_may_make(group, by)
    except permissions.NotAllowed:
        return False
    return True


def check_free(community: Community, key: str) -> None:
    taken = Tag.objects.filter(community=community, key=key)
    if not taken.exists():
        taken = Tag.objects.filter(synonyms__key=key, community=community)
    found = taken.order_by("pk").first()
    if found:
        raise TagExists(
            _("“%(key)s” is already used by the tag “%(tag)s”.")
            % {"key": key, "tag": found.name}
        )


# Verbs


@transaction.atomic
def create_group(
    *,
    community: Community,
    key: str,
    by: Staff,
    at: datetime,
    name: str = "",
    exclusive: bool = False,
    naming: tag_naming.Naming = tag_naming.FREE,
    makers: Sequence[str] = (),
) -> TagGroup:
    permissions.check_may(by, MANAGE)
    key = tag_naming.check(key, tag_naming.FREE)
    tag_naming.check_naming(naming)
    if TagGroup.objects.filter(community=community, key=key).exists():
        raise TagExists(_("A tag group “%(key)s” already exists.") % {"key": key})
    group = TagGroup.objects.create(
        community=community,
        key=key,
        name=name or key,
        exclusive=exclusive,
        **dataclasses.asdict(naming),
        makers=list(makers),
        created_at=at,
        by=by,
    )
    facts.record(TagGroupCreated(tag_group=key), community=community, by=by, at=at)
    return group


@transaction.atomic
def create(
    *,
    community: Community,
    key: str,
    by: Staff,
    at: datetime,
    name: str = "",
    group: TagGroup | None = None,
    description: str = "",
    owner: Staff | None = None,
) -> Tag:
    check_may_make(group, by)
    key = tag_naming.check(key, group.naming if group else tag_naming.FREE)
    check_free(community, key)
    tag = Tag.objects.create(
        community=community,
        key=key,
        name=name or key,
        group=group,
        description=description,
        owner=owner,
        created_at=at,
        by=by,
    )
    facts.record(TagCreated(tag=key), community=community, by=by, at=at)
    return tag


@transaction.atomic
def change(
    *,
    tag: Tag,
    by: Staff,
    at: datetime,
    name: str | None = None,
    description: str | None = None,
    owner: Staff | None = None,
) -> Tag:
    permissions.check_may(by, MANAGE)
    tag.name = name if name is not None else tag.name
    tag.description = description if description is not None else tag.description
    tag.owner = owner or tag.owner
    tag.save(update_fields=["name", "description", "owner"])
    facts.record(TagChanged(tag=tag.key), community=tag.community, by=by, at=at)
    return tag


@transaction.atomic
def archive(*, tag: Tag, by: Staff, at: datetime) -> None:
    """Out of the lists; carriers keep it and rules that name it still work."""
    permissions.check_may(by, MANAGE)
    FLOW.move(tag, "archive")
    facts.record(TagArchived(tag=tag.key), community=tag.community, by=by, at=at)


@transaction.atomic
def restore(*, tag: Tag, by: Staff, at: datetime) -> None:
    permissions.check_may(by, MANAGE)
    FLOW.move(tag, "restore")
    facts.record(TagRestored(tag=tag.key), community=tag.community, by=by, at=at)


@transaction.atomic
def add_synonym(*, tag: Tag, key: str, by: Staff, at: datetime) -> None:
    permissions.check_may(by, MANAGE)
    key = tag_naming.check(key, tag_naming.FREE)
    check_free(tag.community, key)
    Synonym.objects.create(community=tag.community, key=key, tag=tag)
    event = SynonymAdded(tag=tag.key, synonym=key)
    facts.record(event, community=tag.community, by=by, at=at)


def become_synonym(*, tag: Tag, of: Tag) -> None:
    """`tag` is gone; its key and its synonyms lead to `of` from now on."""
    FLOW.move(tag, "merge", merged_into=of)
    Synonym.objects.filter(tag=tag).update(tag=of)
    Synonym.objects.create(community=tag.community, key=tag.key, tag=of)


# Reads


def get(community: Community, key: str) -> Tag:
    """The tag of a key or of a synonym."""
    found = find(community, [key])
    if key not in found:
        raise UnknownTag(_("There is no tag “%(key)s”.") % {"key": key})
    return found[key]


def find(community: Community, keys: Iterable[str]) -> dict[str, Tag]:
    """Key → tag of those that exist; synonyms lead to their tag."""
    wanted = {key: tag_naming.clean(key) for key in keys}
    named = Tag.objects.filter(community=community).select_related("group")
    known = {
        tag.key: tag
        for tag in named.filter(key__in=set(wanted.values()))
        if tag.state != "merged"
    }
    others = Synonym.objects.filter(
        community=community, key__in=set(wanted.values()) - set(known)
    ).select_related("tag__group", "tag__community")
    known |= {synonym.key: synonym.tag for synonym in others}
    return {key: known[form] for key, form in wanted.items() if form in known}


def get_group(community: Community, key: str) -> TagGroup:
    try:
        return TagGroup.objects.get(community=community, key=key)
    except TagGroup.DoesNotExist:
        raise UnknownTagGroup(
            _("There is no tag group “%(key)s”.") % {"key": key}
        ) from None


def listed(community: Community, *, archived: bool = False) -> models.QuerySet[Tag]:
    state = "archived" if archived else "active"
    tags = Tag.objects.filter(community=community, state=state)
    return tags.select_related("group").order_by("group__key", "key")


def ensure(
    *, community: Community, keys: Iterable[str], by: Staff, at: datetime
) -> dict[str, Tag]:
    """The tags of these keys, made where missing: for files and programs."""
    wanted = sorted(set(keys))
    found = find(community, wanted)
    for key in wanted:
        if key not in found:
            clean = tag_naming.clean(key)
            made = find(community, [clean])
            found[key] = made.get(clean) or create(
                community=community, key=clean, by=by, at=at
            )
    return found


def ids_in(community: Community, group: TagGroup) -> list[int]:
    """Ids of a group's tags that can be carried, archived ones too."""
    tags = Tag.objects.filter(community=community, group=group)
    return list(
        tags.exclude(state="merged").order_by("pk").values_list("pk", flat=True)
    )
