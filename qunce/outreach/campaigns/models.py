"""The table of campaigns, and their states."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.channels import channel_contract
from qunce.core import personal_texts, state_machine, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.content.message_templates import TemplateVersion
from qunce.outreach.sending.ledger import Priority, Purpose


class State(models.TextChoices):
    DRAFT = "draft", pgettext_lazy("campaign", "draft")
    IN_REVIEW = "in_review", pgettext_lazy("campaign", "in review")
    REJECTED = "rejected", pgettext_lazy("campaign", "rejected")
    SCHEDULED = "scheduled", pgettext_lazy("campaign", "scheduled")
    SENDING = "sending", pgettext_lazy("campaign", "sending")
    PAUSED = "paused", pgettext_lazy("campaign", "paused")
    DONE = "done", pgettext_lazy("campaign", "done")
    CANCELLED = "cancelled", pgettext_lazy("campaign", "cancelled")


class Target(models.TextChoices):
    MEMBERS = "members", gettext_lazy("members")
    GROUPS = "groups", gettext_lazy("groups")


STATES = state_machine.StateMachine(
    {
        "submit": (("draft", "rejected"), "in_review"),
        "withdraw": (("in_review",), "draft"),
        "reject": (("in_review",), "rejected"),
        "approve": (("in_review",), "draft"),
        "approve_scheduled": (("in_review",), "scheduled"),
        "schedule": (("draft",), "scheduled"),
        "unschedule": (("scheduled",), "draft"),
        "start": (("draft", "scheduled"), "sending"),
        "pause": (("sending",), "paused"),
        "resume": (("paused",), "sending"),
        "finish": (("sending", "paused"), "done"),
        "reopen": (("done",), "sending"),
        "cancel": (
            ("draft", "in_review", "rejected", "scheduled", "sending", "paused"),
            "cancelled",
        ),
    }
)
"""`finish` follows from the last recipient, and `reopen` from undoing a mark."""
EDITABLE = ("draft", "in_review", "rejected", "scheduled", "paused")


@personal_texts.erased_in(
    "key", "name", "text", "rule", "exclude", "variants", sentences=("note",)
)
class Campaign(models.Model):
    """`staff` and `groups` are lists of ids; `rule` and `exclude` are rules.

    `materials` are ids of versions, sent after the text in this order. The text is that
    of `template_version`, which is null once the text is another one.
    `skip_recently_contacted` excludes members whose contact limit is reached.
    With `keeps_place`, messages of lower priority leave the last place that the contact
    limit of its recipients has to it, see `kept_places`.
    `variants` are texts for some of the recipients, see `variants`. Of a thousand
    recipients `hold_out_per_mille` get nothing, to compare them. `rate_per_hour` is null
    if only the channel limits it. With `member_clock` each member gets it at the time of
    day by their own clock, see `local_times`. An approval holds for what has `approved_digest`.
    `size` and `excluded` (reason → number of members) are set at the start. `note` says
    why the campaign was stopped automatically.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    key = models.CharField(max_length=100)
    name = models.CharField(max_length=80)
    text = models.TextField(default="", blank=True)
    target = models.CharField(
        max_length=10, choices=Target.choices, default=Target.MEMBERS
    )
    rule: models.JSONField[Any, Any] = models.JSONField(default=None, null=True)
    exclude: models.JSONField[Any, Any] = models.JSONField(default=None, null=True)
    groups: models.JSONField[Any, Any] = models.JSONField(default=list)
    materials: models.JSONField[Any, Any] = models.JSONField(default=list)
    template_version = models.ForeignKey(
        TemplateVersion, models.PROTECT, related_name="+", null=True
    )
    channel = models.CharField(max_length=30, default="assisted")
    staff: models.JSONField[Any, Any] = models.JSONField(default=list)
    skip_recently_contacted = models.BooleanField(default=True)
    purpose = models.CharField(
        max_length=10, choices=Purpose.choices, default=Purpose.MARKETING
    )
    priority = models.PositiveSmallIntegerField(
        choices=Priority.choices, default=Priority.NORMAL
    )
    keeps_place = models.BooleanField(default=False)
    variants: models.JSONField[Any, Any] = models.JSONField(default=list)
    hold_out_per_mille = models.PositiveSmallIntegerField(default=0)
    rate_per_hour = models.PositiveIntegerField(null=True)
    member_clock = models.BooleanField(default=False)
    submitted_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    approved_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    approved_digest = models.CharField(max_length=64, default="", blank=True)
    due_at = timestamps.TimestampField(null=True)
    send_at = timestamps.TimestampField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    size = models.PositiveIntegerField(default=0)
    excluded: models.JSONField[Any, Any] = models.JSONField(default=dict)
    note = models.CharField(max_length=200, default="", blank=True)
    created_at = timestamps.TimestampField()
    changed_at = timestamps.TimestampField()
    started_at = timestamps.TimestampField(null=True)
    finished_at = timestamps.TimestampField(null=True)
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key"], name="one_campaign_per_key"
            )
        ]
        indexes = [models.Index(fields=["state", "send_at"], name="campaigns_by_state")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_assisted(self) -> bool:
        return channel_contract.get(self.channel).capabilities.needs_person


class CampaignPart(models.Model):
    """The recipients of a variant, or those held out, as they were at the start."""

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="parts")
    variant = models.CharField(max_length=20, default="")
    is_hold_out = models.BooleanField(default=False)
    people = models.BinaryField()
    size = models.PositiveIntegerField()

    class Meta:
        db_table = "outreach_campaign_part"
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "variant", "is_hold_out"],
                name="one_campaign_part_per_variant",
            )
        ]

    def __str__(self) -> str:
        return f"{self.campaign} / {self.variant}"
