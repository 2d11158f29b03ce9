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

from qunce.core import access, errors, facts, flow, instants
from qunce.core.communities import Community
from qunce.core.operators import Operator
from qunce.members import tagnames

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MANAGE = access.declare("members.tags", access.Role.MANAGER)

FLOW = flow.Flow(
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
    longest = models.PositiveSmallIntegerField(default=tagnames.LONGEST)
    guidance = models.CharField(max_length=200, default="", blank=True)
    makers: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    created_at = instants.InstantField()
    by = models.ForeignKey(Operator, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key"], name="one_tag_group_a_key"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def naming(self) -> tagnames.Naming:
        fields = [field.name for field in dataclasses.fields(tagnames.Naming)]
        return tagnames.Naming(**forms.model_to_dict(self, fields))


class Tag(models.Model):
    """`key` is what rules and files call it; `name` is what people read."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    key = models.CharField(max_length=80)
    name = models.CharField(max_length=80)
    group = models.ForeignKey(TagGroup, models.PROTECT, null=True, related_name="tags")
    state = models.CharField(max_length=10, default="active")
    description = models.TextField(default="", blank=True)
    owner = models.ForeignKey(Operator, models.PROTECT, null=True, related_name="+")
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="swallowed"
    )
    created_at = instants.InstantField()
    by = models.ForeignKey(Operator, models.PROTECT, related_name="+")

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
class TagCreated(facts.Event):
    kind = "tag.created"
    words = gettext_lazy("tag created")
    tag: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagChanged(facts.Event):
    kind = "tag.changed"
    words = gettext_lazy("tag changed")
    tag: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagArchived(facts.Event):
    kind = "tag.archived"
    words = gettext_lazy("tag archived")
    tag: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagRestored(facts.Event):
    kind = "tag.restored"
    words = gettext_lazy("tag restored")
    tag: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagGroupCreated(facts.Event):
    kind = "tag_group.created"
    words = gettext_lazy("tag group created")
    tag_group: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SynonymAdded(facts.Event):
    kind = "tag.synonym_added"
    words = gettext_lazy("synonym of a tag added")
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


def check_may_make(group: TagGroup | None, by: Operator) -> None:
    """A group may leave the making of its tags to more roles than managers."""
    if group is None or by.role not in group.makers:
        access.check_may(by, MANAGE)


def may_make(group: TagGroup | None, by: Operator) -> bool:
    try:
        check_may_make(group, by)
    except access.NotAllowed:
        return False
    return True


def check_free(community: Community, key: str) -> None:
    taken = Tag.objects.filter(community=community, key=key)
    if not taken.exists():
        taken = Tag.objects.filter(synonyms__key=key, community=community)
    found = taken.order_by("pk").first()
    if found:
        raise TagExists(
            _("“%(key)s” is taken: there is the tag “%(tag)s”.")
            % {"key": key, "tag": found.name}
        )


# Verbs


@transaction.atomic
def create_group(
    *,
    community: Community,
    key: str,
    by: Operator,
    at: datetime,
    name: str = "",
    exclusive: bool = False,
    naming: tagnames.Naming = tagnames.FREE,
    makers: Sequence[str] = (),
) -> TagGroup:
    access.check_may(by, MANAGE)
    key = tagnames.check(key, tagnames.FREE)
    tagnames.check_naming(naming)
    if TagGroup.objects.filter(community=community, key=key).exists():
        raise TagExists(_("There is a tag group “%(key)s” already.") % {"key": key})
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
    by: Operator,
    at: datetime,
    name: str = "",
    group: TagGroup | None = None,
    description: str = "",
    owner: Operator | None = None,
) -> Tag:
    check_may_make(group, by)
    key = tagnames.check(key, group.naming if group else tagnames.FREE)
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
    by: Operator,
    at: datetime,
    name: str | None = None,
    description: str | None = None,
    owner: Operator | None = None,
) -> Tag:
    access.check_may(by, MANAGE)
    tag.name = name if name is not None else tag.name
    tag.description = description if description is not None else tag.description
    tag.owner = owner or tag.owner
    tag.save(update_fields=["name", "description", "owner"])
    facts.record(TagChanged(tag=tag.key), community=tag.community, by=by, at=at)
    return tag


@transaction.atomic
def archive(*, tag: Tag, by: Operator, at: datetime) -> None:
    """Out of the lists; carriers keep it and rules that name it still work."""
    access.check_may(by, MANAGE)
    FLOW.move(tag, "archive")
    facts.record(TagArchived(tag=tag.key), community=tag.community, by=by, at=at)


@transaction.atomic
def restore(*, tag: Tag, by: Operator, at: datetime) -> None:
    access.check_may(by, MANAGE)
    FLOW.move(tag, "restore")
    facts.record(TagRestored(tag=tag.key), community=tag.community, by=by, at=at)


@transaction.atomic
def add_synonym(*, tag: Tag, key: str, by: Operator, at: datetime) -> None:
    access.check_may(by, MANAGE)
    key = tagnames.check(key, tagnames.FREE)
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
    wanted = {key: tagnames.clean(key) for key in keys}
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
    *, community: Community, keys: Iterable[str], by: Operator, at: datetime
) -> dict[str, Tag]:
    """The tags of these keys, made where missing: for files and programs."""
    wanted = sorted(set(keys))
    found = find(community, wanted)
    for key in wanted:
        if key not in found:
            clean = tagnames.clean(key)
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
