"""The tables of tags, tag groups, taggings and their batches."""

from __future__ import annotations

import dataclasses

from django import forms
from django.db import models
from django.utils.translation import gettext_lazy

from qunce.core import permissions, personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.tags import naming as tag_naming
from qunce.sets.bitmaps import marks

MANAGE = permissions.declare(
    "tags.manage",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("manage the tag library"),
)
MANUAL = "operator"
"""Source of a tagging that staff made by hand, which is the default."""


@personal_texts.erased_in("key", "name", sentences=("guidance",))
class TagGroup(models.Model):
    """One dimension of tags. A person has at most one tag of an exclusive group.

    `pattern`, `prefix` and `max_length` are the naming rule of its tags; `guidance` is
    added to the error when a name breaks it. `creator_roles` lists the roles that may
    create tags in the group beside managers. The tags of an `automatic` group are created
    and assigned by the system alone.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    key = models.CharField(max_length=80)
    name = models.CharField(max_length=80)
    exclusive = models.BooleanField(default=False)
    automatic = models.BooleanField(default=False)
    pattern = models.CharField(max_length=200, default="", blank=True)
    prefix = models.CharField(max_length=40, default="", blank=True)
    max_length = models.PositiveSmallIntegerField(default=tag_naming.MAX_LENGTH)
    guidance = models.CharField(max_length=200, default="", blank=True)
    creator_roles: models.JSONField[list[str], list[str]] = models.JSONField(
        default=list
    )
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key"], name="one_tag_group_per_key"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def naming(self) -> tag_naming.NamingRule:
        fields = [field.name for field in dataclasses.fields(tag_naming.NamingRule)]
        return tag_naming.NamingRule(**forms.model_to_dict(self, fields))


@personal_texts.erased_in("key", "name", "levels", sentences=("description",))
class Tag(models.Model):
    """`key` is used in rules and files; `name` is shown to staff.

    `levels` are pairs of the depth from which a level begins and its name, ascending.
    `deepened_by` maps kinds of facts that add 1 to the depth to the time in microseconds
    from which they do so.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    key = models.CharField(max_length=80)
    name = models.CharField(max_length=80)
    group = models.ForeignKey(TagGroup, models.PROTECT, null=True, related_name="tags")
    state = models.CharField(max_length=10, default="active")
    description = models.TextField(default="", blank=True)
    owner = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="merged_tags"
    )
    levels: models.JSONField[list[tuple[int, str]], list[tuple[int, str]]] = (
        models.JSONField(default=list)
    )
    deepened_by: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(
        default=dict
    )
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["community", "key"], name="one_tag_per_key")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_automatic(self) -> bool:
        """Whether the system assigns the tag, which staff are not offered therefore."""
        return self.group is not None and self.group.automatic


@personal_texts.erased_in("key")
class Synonym(models.Model):
    """Another key for a tag, such as the key of a tag merged into it."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    key = models.CharField(max_length=80)
    tag = models.ForeignKey(Tag, models.PROTECT, related_name="synonyms")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key"], name="one_tag_synonym_per_key"
            )
        ]

    def __str__(self) -> str:
        return self.key


class Tagging(marks.Mark):
    """One row per tag and account; `batch_id` is the batch that changed it last.

    `since` is when the account got the tag, if `tagged_at` is that of a later change of
    its depth.
    """

    tag = models.ForeignKey(
        Tag,
        models.PROTECT,
        related_name="taggings",
        db_index=False,
        db_constraint=False,
    )
    tagged_at = timestamps.TimestampField()
    since = timestamps.TimestampField(null=True)
    by_id = models.BigIntegerField(null=True)
    source = models.CharField(max_length=20, default=MANUAL)
    expires_at = timestamps.TimestampField(null=True)
    batch_id = models.BigIntegerField(null=True)

    class Meta(marks.Mark.Meta):
        constraints = [
            models.UniqueConstraint(
                # Accounts first, for the tags of members; the index below has the members
                # of tags.
                fields=["account_id", "tag"],
                name="one_tagging_per_tag_and_account",
            )
        ]
        indexes = [
            models.Index(fields=["tag", "rev"], name="tagging_by_rev"),
            models.Index(
                fields=["expires_at"],
                condition=models.Q(expires_at__isnull=False),
                name="tagging_by_expiry",
            ),
            models.Index(
                # Few taggings are made by rules, so that it costs the others nothing.
                fields=["source", "tag"],
                condition=models.Q(source__gte="rule:", source__lt="rule;"),
                name="tagging_by_rule",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tag_id} on {self.account_id} ×{self.weight}"


@personal_texts.erased_in(sentences=("note",))
class TagBatch(models.Model):
    """Taggings made together, which can be undone together.

    `tags` lists the ids of the tags it changed; `changed` counts the taggings.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    source = models.CharField(max_length=20, default=MANUAL)
    note = models.CharField(max_length=200, default="", blank=True)
    tags: models.JSONField[list[int], list[int]] = models.JSONField(default=list)
    changed = models.PositiveIntegerField(default=0)
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    undone_at = timestamps.TimestampField(null=True)
    undone_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["community", "-at", "-id"], name="tag_batch_by_time")
        ]

    def __str__(self) -> str:
        return self.note or f"{self.source} {self.pk}"


class TagMerge(models.Model):
    """A tag that was merged into another one, and what an undo has to restore.

    `synonyms` are the ids of the synonyms that moved to the other tag; `state` is that
    of the merged tag before.
    """

    batch = models.OneToOneField(TagBatch, models.PROTECT, related_name="merge")
    tag = models.ForeignKey(Tag, models.PROTECT, related_name="+")
    into = models.ForeignKey(Tag, models.PROTECT, related_name="+")
    state = models.CharField(max_length=10)
    synonyms: models.JSONField[list[int], list[int]] = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.tag_id} into {self.into_id}"


class TagChange(models.Model):
    """A tagging as it was before a batch changed it; new taggings have none."""

    batch_id = models.BigIntegerField()
    tag_id = models.BigIntegerField()
    account_id = models.BigIntegerField()
    weight = models.PositiveIntegerField()
    tagged_at = timestamps.TimestampField()
    since = timestamps.TimestampField(null=True)
    by_id = models.BigIntegerField(null=True)
    source = models.CharField(max_length=20)
    expires_at = timestamps.TimestampField(null=True)
    previous_batch_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["batch_id", "tag_id", "account_id"],
                name="one_change_per_batch_and_tagging",
            )
        ]
        indexes = [models.Index(fields=["account_id"], name="tag_change_by_account")]

    def __str__(self) -> str:
        return f"{self.tag_id} on {self.account_id} before {self.batch_id}"


class DismissedDuplicate(models.Model):
    """Two tags with similar names that staff want to keep; `first` has the lower id."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    first = models.ForeignKey(Tag, models.CASCADE, related_name="+")
    second = models.ForeignKey(Tag, models.CASCADE, related_name="+")
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "members_dismissed_duplicate"
        constraints = [
            models.UniqueConstraint(
                fields=["first", "second"], name="one_dismissal_per_pair"
            )
        ]

    def __str__(self) -> str:
        return f"{self.first_id} and {self.second_id}"


@personal_texts.erased_in(sentences=("error",))
class TagJob(models.Model):
    """Tagging of many people in the background.

    `done` of `size` people are processed; undoing `batch` undoes all of it. `depth` is
    the change that `levels.parse_depth` reads, or empty.
    """

    community = models.ForeignKey(
        Community, models.PROTECT, related_name="+", db_index=False
    )
    tag = models.ForeignKey(Tag, models.PROTECT, related_name="+", db_index=False)
    action = models.CharField(max_length=6)
    people = models.BinaryField()
    size = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    depth = models.CharField(max_length=80, default="", blank=True)
    expires_at = timestamps.TimestampField(null=True)
    batch = models.ForeignKey(TagBatch, models.PROTECT, related_name="+")
    error = models.CharField(max_length=300, default="", blank=True)
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+", db_index=False)
    finished_at = timestamps.TimestampField(null=True)

    def __str__(self) -> str:
        return f"{self.action} {self.tag}: {self.done} of {self.size}"


KIND = marks.MarkKind(
    name="tag",
    model=Tagging,
    ref_column="tag_id",
    since=("since", "tagged_at"),
)
