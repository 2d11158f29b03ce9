"""Tables of overlaps: sets of groups in which a person should be once, and clean-ups."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.core import personal_texts, state_machine, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.groups.moderation.models import Action


class KeepRule(models.TextChoices):
    """The group in which a person stays."""

    EARLIEST = "earliest", pgettext_lazy("group kept", "the group they joined first")
    LATEST = "latest", pgettext_lazy("group kept", "the group they joined last")
    CHOSEN = "chosen", pgettext_lazy("group kept", "the chosen group")
    MOST_ACTIVE = (
        "most_active",
        pgettext_lazy("group kept", "the group where they write most"),
    )


class Door(models.TextChoices):
    """What the entry gate does with somebody who is in another group of the set."""

    OFF = "off", pgettext_lazy("entry gate", "lets them in")
    ASK = "ask", pgettext_lazy("entry gate", "asks staff")
    REFUSE = "refuse", pgettext_lazy("entry gate", "refuses them")


@personal_texts.erased_in("name")
class GroupSet(models.Model):
    """Groups in which a person should be once.

    `may_overlap` are pairs of group ids that do not count as an overlap.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    groups = models.ManyToManyField(Group, related_name="+")
    may_overlap: models.JSONField[Any, Any] = models.JSONField(default=list)
    keep = models.CharField(
        max_length=12, choices=KeepRule.choices, default=KeepRule.EARLIEST
    )
    chosen = models.ForeignKey(Group, models.PROTECT, null=True, related_name="+")
    door = models.CharField(max_length=6, choices=Door.choices, default=Door.OFF)
    created_at = timestamps.TimestampField()
    archived_at = timestamps.TimestampField(null=True)
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "name"],
                condition=models.Q(archived_at__isnull=True),
                name="one_group_set_per_name",
            )
        ]

    def __str__(self) -> str:
        return self.name


class State(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("clean-up", "waits for a second person")
    RUNNING = "running", pgettext_lazy("clean-up", "running")
    REFUSED = "refused", pgettext_lazy("clean-up", "refused")
    UNDONE = "undone", pgettext_lazy("clean-up", "undone")


STATES = state_machine.StateMachine(
    {
        "approve": (("waiting",), "running"),
        "refuse": (("waiting",), "refused"),
        "undo": (("running",), "undone"),
    }
)


class CleanUp(models.Model):
    """One run over a set: who leaves which group, with the keep rule as it was."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    group_set = models.ForeignKey(GroupSet, models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices)
    keep = models.CharField(max_length=12, choices=KeepRule.choices)
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    decided_at = timestamps.TimestampField(null=True)
    decided_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return f"clean-up {self.pk} of {self.group_set}"


class CleanUpItem(models.Model):
    """One account that leaves one group; `kept` is where the person stays."""

    clean_up = models.ForeignKey(CleanUp, models.CASCADE, related_name="items")
    account_id = models.BigIntegerField()
    group = models.ForeignKey(Group, models.PROTECT, related_name="+")
    kept = models.ForeignKey(Group, models.PROTECT, related_name="+")
    role = models.CharField(max_length=20, default="member")
    action = models.ForeignKey(Action, models.SET_NULL, null=True, related_name="+")
    undo_action = models.ForeignKey(
        Action, models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clean_up", "account_id", "group"],
                name="one_item_per_account_and_group",
            )
        ]
        indexes = [
            models.Index(fields=["account_id"], name="clean_up_item_by_account"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} leaves {self.group_id}"
