"""Tables of group templates, the groups that follow them, and what was applied."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.core import personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group


@personal_texts.erased_in("name", sentences=("content",))
class GroupTemplate(models.Model):
    """`content` maps a part to its fields, and each field to the value of the groups.

    It is that of the newest version, whose number is `version`.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    version = models.PositiveIntegerField(default=1)
    content: models.JSONField[Any, Any] = models.JSONField()
    created_at = timestamps.TimestampField()
    changed_at = timestamps.TimestampField()
    archived_at = timestamps.TimestampField(null=True)
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "outreach_group_template"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "name"], name="one_group_template_per_name"
            )
        ]

    def __str__(self) -> str:
        return self.name


@personal_texts.erased_in(sentences=("content",), community="template__community_id")
class GroupTemplateVersion(models.Model):
    """The content of a template at a time; it never changes."""

    template = models.ForeignKey(GroupTemplate, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    content: models.JSONField[Any, Any] = models.JSONField()
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "outreach_group_template_version"
        constraints = [
            models.UniqueConstraint(
                fields=["template", "number"], name="one_group_template_per_number"
            )
        ]

    def __str__(self) -> str:
        return f"{self.template} {self.number}"


class FollowedTemplate(models.Model):
    """The template that a group follows, and the version that it was given last.

    `pinned` are the fields that keep the group's own values, such as "card.rhythm".
    """

    group = models.OneToOneField(Group, models.PROTECT, related_name="+")
    template = models.ForeignKey(GroupTemplate, models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    pinned: models.JSONField[Any, Any] = models.JSONField(default=list)
    since = timestamps.TimestampField()

    class Meta:
        db_table = "outreach_followed_template"

    def __str__(self) -> str:
        return f"{self.group} follows {self.template}"


@personal_texts.erased_in(sentences=("problems",), community="template__community_id")
class Application(models.Model):
    """One act of applying a version of a template to groups.

    `problems` are sentences about new groups that could not be created.
    """

    template = models.ForeignKey(GroupTemplate, models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    problems: models.JSONField[Any, Any] = models.JSONField(default=list)
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "outreach_group_template_application"

    def __str__(self) -> str:
        return f"{self.template} {self.version} applied"


class ResultState(models.TextChoices):
    DONE = "done", pgettext_lazy("template applied", "applied")
    FAILED = "failed", pgettext_lazy("template applied", "failed")
    UNDONE = "undone", pgettext_lazy("template applied", "undone")


@personal_texts.erased_in(
    sentences=("changes", "problem"), community="application__template__community_id"
)
class ApplicationResult(models.Model):
    """What became of one group.

    `changes` is a list of objects with `field`, `before` and `after`. `previous` is what
    the group followed before: the id of the template, the version and since when, or
    null. `kept` are the fields that an undo left as they were.
    """

    application = models.ForeignKey(Application, models.CASCADE, related_name="results")
    group = models.ForeignKey(Group, models.PROTECT, related_name="+")
    state = models.CharField(max_length=6, choices=ResultState.choices)
    is_new_group = models.BooleanField(default=False)
    changes: models.JSONField[Any, Any] = models.JSONField(default=list)
    previous: models.JSONField[Any, Any] = models.JSONField(null=True)
    kept: models.JSONField[Any, Any] = models.JSONField(default=list)
    problem = models.TextField(default="")

    class Meta:
        db_table = "outreach_group_template_result"
        constraints = [
            models.UniqueConstraint(
                fields=["application", "group"], name="one_result_per_group"
            )
        ]

    def __str__(self) -> str:
        return f"{self.application_id} in {self.group_id}: {self.state}"
