"""Campaigns: one message plan to members or to groups, with its states."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.channels import channel_contract
from qunce.core import errors, permissions, personal_texts, state_machine, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import SYSTEM_LOGIN_PREFIX, Staff
from qunce.core.unique_keys import unused_key
from qunce.groups import visibility as group_visibility
from qunce.outreach.content import templates, variable_values
from qunce.sets import audiences
from qunce.sets.rules import stored_rules

MANAGE = permissions.declare(
    "campaigns.manage", permissions.Role.MANAGER, permissions.Role.OPERATOR
)
DO_TASKS = permissions.declare(
    "tasks.do", permissions.Role.MANAGER, permissions.Role.OPERATOR
)
"""Staff with it can be assigned tasks."""
OVERSEE_TASKS = permissions.declare("tasks.oversee", permissions.Role.MANAGER)
"""Staff with it see tasks of others and may hand them over."""


class State(models.TextChoices):
    DRAFT = "draft", pgettext_lazy("campaign", "draft")
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
        "schedule": (("draft",), "scheduled"),
        "unschedule": (("scheduled",), "draft"),
        "start": (("draft", "scheduled"), "sending"),
        "pause": (("sending",), "paused"),
        "resume": (("paused",), "sending"),
        "finish": (("sending", "paused"), "done"),
        "reopen": (("done",), "sending"),
        "cancel": (("draft", "scheduled", "sending", "paused"), "cancelled"),
    }
)
"""`finish` follows from the last recipient, and `reopen` from undoing a mark."""
EDITABLE = ("draft", "scheduled", "paused")


@personal_texts.erased_in("key", "name", "text", "rule", "exclude", sentences=("note",))
class Campaign(models.Model):
    """`staff` and `groups` are lists of ids; `rule` and `exclude` are rules.

    `skip_recently_contacted` excludes members who got two or more messages in 7 days.
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
    channel = models.CharField(max_length=30, default="assisted")
    staff: models.JSONField[Any, Any] = models.JSONField(default=list)
    skip_recently_contacted = models.BooleanField(default=True)
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


@dataclass(frozen=True, kw_only=True)
class CampaignFact(facts.FactKind):
    """`campaign` is the key of the campaign."""

    campaign: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CampaignCreated(CampaignFact):
    kind = "campaign.created"
    label = gettext_lazy("campaign created")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CampaignChanged(CampaignFact):
    kind = "campaign.changed"
    label = gettext_lazy("campaign changed")
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CampaignStateChanged(CampaignFact):
    """`state` is the new state."""

    kind = "campaign.state_changed"
    label = gettext_lazy("campaign state changed")
    state: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CampaignStarted(CampaignFact):
    """`size` is the number of recipients."""

    kind = "campaign.started"
    label = gettext_lazy("campaign started")
    size: int


class CampaignNotFound(errors.NotFound):
    """There is no such campaign in this community."""


class CampaignAlreadyExists(errors.Refused):
    """A campaign with this key already exists."""


class InvalidCampaign(errors.Invalid):
    """A campaign needs a name, a text, recipients and staff who send it."""


class CampaignNotEditable(errors.Refused):
    """The campaign cannot be changed in its current state."""


# Checks


def check_editable(campaign: Campaign, fields: Iterable[str] = ()) -> None:
    """Raise CampaignNotEditable unless `fields` may change in the current state.

    The start freezes the audience and creates the tasks, so that a paused campaign may
    change only what recipients without a message are still to get.
    """
    editable_in_pause = {"text", "name", "due_at"}
    if campaign.state in EDITABLE and (
        campaign.state != State.PAUSED or set(fields) <= editable_in_pause
    ):
        return
    if campaign.state == State.SENDING:
        raise CampaignNotEditable(_("Pause “%(name)s” first.") % {"name": campaign})
    raise CampaignNotEditable(
        _("This can no longer be changed in “%(name)s”.") % {"name": campaign}
    )


def check_may_manage(campaign: Campaign, by: Staff) -> None:
    """Raise NotAllowed, or CampaignNotFound for a campaign that `by` does not see."""
    permissions.check_may(by, MANAGE)
    check_visible(campaign, by)


def check_visible(campaign: Campaign, by: Staff) -> None:
    """Raise CampaignNotFound unless it is a campaign of `by` or they see everything."""
    is_own = campaign.by_id == by.pk
    if campaign.community_id != by.community_id or (by.is_scoped and not is_own):
        raise CampaignNotFound(_("There is no such campaign."))


def may_edit(campaign: Campaign, by: Staff) -> bool:
    return campaign.state in EDITABLE and permissions.may(by, MANAGE)


def check_complete(campaign: Campaign) -> None:
    """Raise InvalidCampaign unless the text, the recipients and the senders are chosen."""
    community = campaign.community
    channel = channel_contract.get(campaign.channel)
    templates.check(
        campaign.text, variable_values.list_variables(community, campaign.target)
    )
    if len(campaign.text) > channel.capabilities.max_length:
        raise InvalidCampaign(_("The text is too long for this channel."))
    if campaign.target == Target.MEMBERS and campaign.rule is None:
        raise InvalidCampaign(_("Choose the recipients."))
    if campaign.target == Target.GROUPS and not campaign.groups:
        raise InvalidCampaign(_("Choose the groups to send to."))
    if channel.capabilities.needs_person and not campaign.staff:
        raise InvalidCampaign(_("Choose which staff send it."))


def _check_fields(campaign: Campaign, by: Staff) -> None:
    if not campaign.name or len(campaign.name) > 80:
        raise InvalidCampaign(_("A campaign name must be 1 to 80 characters long."))
    if templates.CONTROL_CHARACTERS.search(campaign.name):
        raise InvalidCampaign(_("A name cannot contain control characters."))
    if campaign.target not in Target:
        raise InvalidCampaign(_("A campaign must be sent to either members or groups."))
    channel = channel_contract.get(campaign.channel).capabilities
    to_groups = campaign.target == Target.GROUPS
    if not (channel.to_group if to_groups else channel.to_member):
        raise InvalidCampaign(_("This channel cannot send to this kind of recipient."))
    if campaign.text:
        templates.check(
            campaign.text,
            variable_values.list_variables(campaign.community, campaign.target),
        )
    for rule in (campaign.rule, campaign.exclude):
        if rule is not None:
            audiences.check(community=campaign.community, rule=rule, by=by)
    group_visibility.check(by=by, groups=campaign.groups)
    assignable = {staff.pk for staff in list_assignable_staff(campaign.community)}
    if not set(campaign.staff) <= assignable:
        raise InvalidCampaign(
            _("Tasks cannot be assigned to some of the selected staff.")
        )


# Verbs


@transaction.atomic
def create(
    *,
    community: Community,
    name: str,
    by: Staff,
    at: datetime,
    key: str = "",
    **fields: Any,
) -> Campaign:
    """Create a draft. `fields` are those of the model: text, target, rule, groups, …"""
    permissions.check_may(by, MANAGE)
    name = " ".join(name.split())
    if key and Campaign.objects.filter(community=community, key=key).exists():
        raise CampaignAlreadyExists(
            _("A campaign “%(key)s” already exists.") % {"key": key}
        )
    campaign = Campaign(community=community, name=name, by=by, **_normalised(fields))
    campaign.created_at = campaign.changed_at = at
    _check_fields(campaign, by)
    rows = Campaign.objects.filter(community=community, key__startswith=name)
    used_keys = set(rows.values_list("key", flat=True))
    campaign.key = key[:100] or unused_key(name, used_keys)
    campaign.save()
    _record(CampaignCreated(campaign=campaign.key), campaign, by, at)
    return campaign


@transaction.atomic
def update(*, campaign: Campaign, by: Staff, at: datetime, **fields: Any) -> list[str]:
    """Change fields; returns the names of those that have a new value.

    A change applies to all messages that have not been sent yet.
    """
    check_may_manage(campaign, by)
    fresh = (
        Campaign.objects.select_for_update(of=("self",))
        .select_related("community")
        .get(pk=campaign.pk)
    )
    values = _normalised(fields)
    changed = sorted(
        name for name, value in values.items() if getattr(fresh, name) != value
    )
    if not changed:
        return []
    check_editable(fresh, changed)
    for name in changed:
        setattr(fresh, name, values[name])
    _check_fields(fresh, by)
    if fresh.state != State.DRAFT:
        check_complete(fresh)
    fresh.changed_at = at
    fresh.save(update_fields=[*changed, "changed_at"])
    for name in (*changed, "changed_at", "state"):
        setattr(campaign, name, getattr(fresh, name))
    _record(CampaignChanged(campaign=campaign.key, fields=changed), campaign, by, at)
    return changed


@transaction.atomic
def duplicate(*, campaign: Campaign, by: Staff, at: datetime) -> Campaign:
    """Create a draft with the same content, without staff who can no longer do tasks."""
    check_may_manage(campaign, by)
    copied = (
        "text",
        "target",
        "rule",
        "exclude",
        "groups",
        "channel",
        "staff",
        "skip_recently_contacted",
    )
    assignable = {staff.pk for staff in list_assignable_staff(campaign.community)}
    fields = {name: getattr(campaign, name) for name in copied}
    fields["staff"] = [pk for pk in campaign.staff if pk in assignable]
    return create(
        community=campaign.community, name=campaign.name, by=by, at=at, **fields
    )


@transaction.atomic
def schedule(*, campaign: Campaign, send_at: datetime, by: Staff, at: datetime) -> None:
    """Start the campaign automatically at `send_at`; this applies to staff tasks, too."""
    check_may_manage(campaign, by)
    check_complete(campaign)
    if send_at <= at:
        raise InvalidCampaign(_("Choose a time in the future."))
    transition(
        campaign=campaign, step="schedule", by=by, at=at, send_at=send_at, note=""
    )


def unschedule(*, campaign: Campaign, by: Staff, at: datetime, note: str = "") -> None:
    check_may_manage(campaign, by)
    transition(
        campaign=campaign, step="unschedule", by=by, at=at, send_at=None, note=note
    )


def pause(*, campaign: Campaign, by: Staff, at: datetime, note: str = "") -> None:
    check_may_manage(campaign, by)
    transition(campaign=campaign, step="pause", by=by, at=at, note=note)


def resume(*, campaign: Campaign, by: Staff, at: datetime) -> None:
    check_may_manage(campaign, by)
    check_complete(campaign)
    transition(campaign=campaign, step="resume", by=by, at=at, note="")


@transaction.atomic
def transition(
    *, campaign: Campaign, step: str, by: Staff | None, at: datetime, **changes: Any
) -> None:
    """Change the state by a step of STATES and record it. Checks no permission."""
    STATES.transition(campaign, step, **changes)
    fact = CampaignStateChanged(campaign=campaign.key, state=campaign.state)
    _record(fact, campaign, by, at)


def _normalised(fields: dict[str, Any]) -> dict[str, Any]:
    """Sort lists of ids and drop duplicates, unify line ends, and trim spaces."""
    clean = dict(fields)
    for name in ("staff", "groups"):
        if name in clean:
            clean[name] = sorted(set(clean[name]))
    if "text" in clean:
        clean["text"] = clean["text"].replace("\r\n", "\n").replace("\r", "\n").strip()
    if "name" in clean:
        clean["name"] = " ".join(clean["name"].split())
    return clean


def _record(
    fact: facts.FactKind, campaign: Campaign, by: Staff | None, at: datetime
) -> None:
    facts.record(fact, community=campaign.community, by=by, at=at)


# Reads


def list_visible(by: Staff) -> models.QuerySet[Campaign]:
    """All campaigns; scoped staff see their own ones, which are made for their members."""
    rows = Campaign.objects.filter(community=by.community)
    if by.is_scoped:
        rows = rows.filter(by=by)
    return rows.select_related("community", "by").order_by("-pk")


def get(*, by: Staff, pk: int) -> Campaign:
    try:
        return list_visible(by).get(pk=pk)
    except Campaign.DoesNotExist:
        raise CampaignNotFound(_("There is no such campaign.")) from None


def list_assignable_staff(community: Community) -> list[Staff]:
    """Active staff who may be assigned tasks."""
    rows = Staff.objects.filter(community=community, is_active=True)
    people = rows.exclude(login__startswith=SYSTEM_LOGIN_PREFIX).order_by("name", "pk")
    return [staff for staff in people if permissions.may(staff, DO_TASKS)]


def list_stopped(by: Staff) -> list[Campaign]:
    """Campaigns that were stopped automatically; their note says why."""
    stopped = list_visible(by).filter(state__in=[State.DRAFT, State.PAUSED])
    return list(stopped.exclude(note=""))


def list_staff(campaign: Campaign) -> Sequence[Staff]:
    rows = campaign.community.staff.filter(pk__in=campaign.staff)
    return list(rows.order_by("pk"))


@stored_rules.register
def list_rules(community: Community) -> list[stored_rules.StoredRule]:
    """The rules of campaigns that may still send."""
    rows = Campaign.objects.filter(community=community)
    rows = rows.exclude(state__in=[State.DONE, State.CANCELLED]).order_by("pk")
    return [
        stored_rules.StoredRule(_("campaign"), campaign.name, rule)
        for campaign in rows
        for rule in (campaign.rule, campaign.exclude)
        if rule is not None
    ]
