"""The tag library: tags and their synonyms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import db, errors, permissions, state_machine
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.segments import segments
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import levels as tag_levels
from qunce.members.tags import naming as tag_naming
from qunce.members.tags import writer as tag_writer
from qunce.members.tags.models import (
    MANAGE,
    Synonym,
    Tag,
    TagBatch,
    TagGroup,
    TagMerge,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

STATES = state_machine.StateMachine(
    {
        "archive": (("active",), "archived"),
        "restore": (("archived",), "active"),
        "merge": (("active", "archived"), "merged"),
        "unmerge": (("merged",), "active"),
    }
)


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
class SynonymAdded(facts.FactKind):
    kind = "tag.synonym_added"
    label = gettext_lazy("tag synonym added")
    tag: str
    synonym: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SynonymRemoved(facts.FactKind):
    kind = "tag.synonym_removed"
    label = gettext_lazy("tag synonym removed")
    tag: str
    synonym: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagUnmerged(facts.FactKind):
    kind = "tag.unmerged"
    label = gettext_lazy("merge of tags undone")
    tag: str
    into: str


class TagNotFound(errors.NotFound):
    """There is no such tag in this community."""


class TagAlreadyExists(errors.Refused):
    """A tag or a synonym with this key already exists."""


class TagNotActive(errors.Refused):
    """An archived or merged tag cannot be assigned."""


class SynonymInUse(errors.Refused):
    """Rules may use this synonym."""


class TagMergedAgain(errors.Refused):
    """The tag that remained after a merge has itself been merged since."""


# Checks


def check_active(tag: Tag) -> None:
    if tag.state != "active":
        raise TagNotActive(
            _("The tag “%(tag)s” is archived; restore it to use it.")
            % {"tag": tag.name}
        )


def check_may_create(group: TagGroup | None, by: Staff) -> None:
    """Raises NotAllowed unless `by` manages tags or the group names their role.

    Nobody creates tags in an automatic group but the system itself.
    """
    if group is not None and group.automatic and not by.is_system:
        raise permissions.NotAllowed(
            _("The tags of “%(group)s” are set automatically.") % {"group": group.name}
        )
    if group is None or permissions.role_of(by) not in group.creator_roles:
        permissions.check_may(by, MANAGE)


def may_create(group: TagGroup | None, by: Staff) -> bool:
    try:
        check_may_create(group, by)
    except permissions.NotAllowed:
        return False
    return True


def find_name_error(group: TagGroup | None, name: str) -> str:
    """Why no tag can have this name in the group; empty if one can."""
    try:
        tag_naming.check(name, group.naming if group else tag_naming.NO_RULE)
    except tag_naming.InvalidTagName as error:
        return str(error)
    return ""


KEY_IS_USED = """
SELECT 1 FROM members_tag WHERE community_id = %s AND key = %s
UNION ALL SELECT 1 FROM members_synonym WHERE community_id = %s AND key = %s
"""


def check_key_unused(community: Community, key: str) -> None:
    """Raises TagAlreadyExists if a tag or a synonym has the key."""
    # One plain look-up first, as a file may create a thousand tags.
    if not db.rows(KEY_IS_USED, [community.pk, key, community.pk, key]):
        return
    tags = Tag.objects.filter(community=community, key=key)
    if not tags.exists():
        tags = Tag.objects.filter(synonyms__key=key, community=community)
    tag = tags.order_by("pk").first()
    if tag:
        raise TagAlreadyExists(
            _("“%(key)s” is already used by the tag “%(tag)s”.")
            % {"key": key, "tag": tag.name}
        )


def check_synonym_unused(synonym: Synonym) -> None:
    """Raises SynonymInUse if a rule uses the synonym, or may use it."""
    if Tag.objects.filter(community=synonym.community, key=synonym.key).exists():
        raise SynonymInUse(
            _("“%(key)s” was a tag before it was merged, and rules may still use it.")
            % {"key": synonym.key}
        )
    for segment in segments.list_active(synonym.community):
        if synonym.key in segments.mentioned_keys("tag", segment.rule):
            raise SynonymInUse(
                _("The segment “%(segment)s” uses the name “%(key)s”.")
                % {"segment": segment.name, "key": synonym.key}
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
    group: TagGroup | None = None,
    description: str = "",
    owner: Staff | None = None,
) -> Tag:
    check_may_create(group, by)
    key = tag_naming.check(key, group.naming if group else tag_naming.NO_RULE)
    check_key_unused(community, key)
    tag = Tag.objects.create(
        community=community,
        key=key,
        name=tag_naming.normalise(name) or key,
        group=group,
        description=description,
        owner=owner,
        created_at=at,
        by=by,
    )
    facts.record(TagCreated(tag=key), community=community, by=by, at=at)
    return tag


@transaction.atomic
def update(
    *,
    tag: Tag,
    by: Staff,
    at: datetime,
    name: str | None = None,
    description: str | None = None,
    owner: Staff | None = None,
) -> Tag:
    permissions.check_may(by, MANAGE)
    tag.name = tag_naming.normalise(name) if name is not None else tag.name
    tag.description = description if description is not None else tag.description
    tag.owner = owner or tag.owner
    tag.save(update_fields=["name", "description", "owner"])
    facts.record(TagChanged(tag=tag.key), community=tag.community, by=by, at=at)
    return tag


@transaction.atomic
def move(*, tag: Tag, group: TagGroup | None, by: Staff, at: datetime) -> None:
    """Move the tag to another group or to none.

    Its key must follow the naming rule of the new group.
    """
    permissions.check_may(by, MANAGE)
    if group is not None:
        check_may_create(group, by)
        tag_naming.check(tag.key, group.naming)
        tag_writer.lock_groups([group.pk])
        if group.exclusive:
            # As if the tag were in the group already.
            tags = [*tag_groups.tag_ids(group), tag.pk]
            tag_groups.check_no_overlap(group, tags, at=at)
    tag.group = group
    tag.save(update_fields=["group"])
    facts.record(TagChanged(tag=tag.key), community=tag.community, by=by, at=at)


@transaction.atomic
def set_owner(*, tag: Tag, owner: Staff | None, by: Staff, at: datetime) -> None:
    permissions.check_may(by, MANAGE)
    tag.owner = owner
    tag.save(update_fields=["owner"])
    facts.record(TagChanged(tag=tag.key), community=tag.community, by=by, at=at)


@transaction.atomic
def set_levels(
    *, tag: Tag, levels: Sequence[tag_levels.Level], by: Staff, at: datetime
) -> None:
    """Name the depths of the tag; an empty list removes the names."""
    permissions.check_may(by, MANAGE)
    tag.levels = tag_levels.check(levels)
    tag.save(update_fields=["levels"])
    facts.record(TagChanged(tag=tag.key), community=tag.community, by=by, at=at)


@transaction.atomic
def archive(*, tag: Tag, by: Staff, at: datetime) -> None:
    """Hide the tag from lists. Members keep it, and rules that use it still work."""
    permissions.check_may(by, MANAGE)
    STATES.transition(tag, "archive")
    facts.record(TagArchived(tag=tag.key), community=tag.community, by=by, at=at)


@transaction.atomic
def restore(*, tag: Tag, by: Staff, at: datetime) -> None:
    permissions.check_may(by, MANAGE)
    STATES.transition(tag, "restore")
    facts.record(TagRestored(tag=tag.key), community=tag.community, by=by, at=at)


@transaction.atomic
def add_synonym(*, tag: Tag, key: str, by: Staff, at: datetime) -> None:
    permissions.check_may(by, MANAGE)
    key = tag_naming.check(key, tag_naming.NO_RULE)
    check_key_unused(tag.community, key)
    Synonym.objects.create(community=tag.community, key=key, tag=tag)
    fact = SynonymAdded(tag=tag.key, synonym=key)
    facts.record(fact, community=tag.community, by=by, at=at)


@transaction.atomic
def remove_synonym(*, synonym: Synonym, by: Staff, at: datetime) -> None:
    permissions.check_may(by, MANAGE)
    check_synonym_unused(synonym)
    fact = SynonymRemoved(tag=synonym.tag.key, synonym=synonym.key)
    synonym.delete()
    facts.record(fact, community=synonym.community, by=by, at=at)


def mark_merged(*, tag: Tag, into: Tag, batch: TagBatch) -> None:
    """Retire a tag; its key and synonyms refer to `into` from now on."""
    synonyms = Synonym.objects.filter(tag=tag)
    TagMerge.objects.create(
        batch=batch,
        tag=tag,
        into=into,
        state=tag.state,
        synonyms=sorted(synonyms.values_list("pk", flat=True)),
    )
    STATES.transition(tag, "merge", merged_into=into)
    # Rules and files may still use the old key, which becomes a synonym.
    synonyms.update(tag=into)
    Synonym.objects.create(community=tag.community, key=tag.key, tag=into)


def unmark_merged(*, merge: TagMerge, by: Staff, at: datetime) -> None:
    """Make a merged tag a tag of its own again, with its key and former synonyms."""
    tag, into = merge.tag, merge.into
    if into.state == "merged":
        raise TagMergedAgain(
            _(
                "“%(tag)s” has been merged into another tag since. Undo that merge first."
            )
            % {"tag": into.name}
        )
    Synonym.objects.filter(community=tag.community_id, key=tag.key, tag=into).delete()
    # Those that staff have removed since stay removed.
    Synonym.objects.filter(pk__in=merge.synonyms, tag=into).update(tag=tag)
    STATES.transition(tag, "unmerge", merged_into=None)
    if merge.state == "archived":
        STATES.transition(tag, "archive")
    fact = TagUnmerged(tag=tag.key, into=into.key)
    facts.record(fact, community=tag.community, by=by, at=at)


# Reads


def get(community: Community, key: str) -> Tag:
    """The tag with this key or synonym; raises TagNotFound."""
    tags = find(community, [key])
    if key not in tags:
        raise TagNotFound(_("There is no tag “%(key)s”.") % {"key": key})
    return tags[key]


def get_by_id(community: Community, pk: int) -> Tag:
    tags = Tag.objects.select_related("group", "owner", "merged_into", "by")
    try:
        tag = tags.get(community=community, pk=pk)
    except Tag.DoesNotExist:
        raise TagNotFound(_("There is no such tag.")) from None
    tag.community = community
    return tag


def get_synonym(tag: Tag, pk: int) -> Synonym:
    try:
        return tag.synonyms.select_related("tag", "community").get(pk=pk)
    except Synonym.DoesNotExist:
        raise TagNotFound(_("There is no such synonym.")) from None


def get_synonym_by_key(tag: Tag, key: str) -> Synonym:
    rows = tag.synonyms.select_related("tag", "community")
    try:
        return rows.get(key=tag_naming.normalise(key))
    except Synonym.DoesNotExist:
        raise TagNotFound(_("There is no such synonym.")) from None


def find(community: Community, keys: Iterable[str]) -> dict[str, Tag]:
    """Key → tag of the keys that exist; a synonym gives the tag it stands for."""
    # Two spellings of a key are one tag, and callers get it under the spelling they
    # asked for.
    normal = {key: tag_naming.normalise(key) for key in keys}
    rows = Tag.objects.filter(community=community).select_related("group")
    tags = {
        tag.key: tag
        for tag in rows.filter(key__in=set(normal.values()))
        if tag.state != "merged"
    }
    synonyms = Synonym.objects.filter(
        community=community, key__in=set(normal.values()) - set(tags)
    ).select_related("tag__group", "tag__community")
    tags |= {synonym.key: synonym.tag for synonym in synonyms}
    return {key: tags[form] for key, form in normal.items() if form in tags}


def list_tags(community: Community, *, archived: bool = False) -> models.QuerySet[Tag]:
    state = "archived" if archived else "active"
    tags = Tag.objects.filter(community=community, state=state)
    return tags.select_related("group").order_by("group__key", "key")


def ensure(
    *,
    community: Community,
    keys: Iterable[str],
    by: Staff,
    at: datetime,
    groups: Mapping[str, TagGroup | None] | None = None,
) -> dict[str, Tag]:
    """Key → tag, creating the missing tags; for files and programs.

    `groups` are those of new tags, by key.
    """
    distinct = sorted(set(keys))
    tags = find(community, distinct)
    new = {key: (groups or {}).get(key) for key in distinct if key not in tags}
    return tags | _create_all(community, new, by, at) if new else tags


@transaction.atomic
def _create_all(
    community: Community,
    groups: Mapping[str, TagGroup | None],
    by: Staff,
    at: datetime,
) -> dict[str, Tag]:
    """Create tags that are named like their keys; `groups` has the group of each key."""
    forms: dict[str, str] = {}
    for key, group in groups.items():
        check_may_create(group, by)
        rule = group.naming if group else tag_naming.NO_RULE
        forms[key] = tag_naming.check(key, rule)
    group_of = {form: groups[key] for key, form in forms.items()}
    for form in sorted(_list_used(community, group_of)):
        check_key_unused(community, form)
    new = [
        Tag(community=community, key=form, name=form, group=own, created_at=at, by=by)
        for form, own in group_of.items()
    ]
    tags = {tag.key: tag for tag in Tag.objects.bulk_create(new)}
    created = [TagCreated(tag=form) for form in tags]
    facts.record_many(created, community=community, by=by, at=at)
    return {key: tags[form] for key, form in forms.items()}


def _list_used(community: Community, keys: Collection[str]) -> set[str]:
    used: set[str] = set()
    for rows in (Tag.objects.all(), Synonym.objects.all()):
        of_keys = rows.filter(community=community, key__in=list(keys))
        used.update(of_keys.values_list("key", flat=True))
    return used
