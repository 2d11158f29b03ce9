"""Campaigns: one message plan to members or to groups, with its states."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.channels import channel_contract
from qunce.core import errors, names, permissions, unique_keys
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.groups import visibility as group_visibility
from qunce.insight.positioning import voice
from qunce.outreach import task_permissions
from qunce.outreach.campaigns import (
    campaign_materials,
    fingerprints,
    local_times,
    place_checks,
    variants,
)
from qunce.outreach.campaigns.models import (
    EDITABLE,
    STATES,
    Campaign,
    CampaignPart,
    State,
    Target,
)
from qunce.outreach.content import message_templates, templates, variable_values
from qunce.outreach.sending.ledger import Purpose
from qunce.sets import audiences
from qunce.sets.rules import stored_rules

__all__ = ["EDITABLE", "STATES", "Campaign", "CampaignPart", "State", "Target"]

MANAGE = permissions.declare(
    "campaigns.manage",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("write and send campaigns"),
)
SEND_SERVICE = permissions.declare(
    "campaigns.send_service",
    permissions.Role.MANAGER,
    label=gettext_lazy("send service messages, which opt-outs do not stop"),
)


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
    editable_in_pause = {
        "rate_per_hour",
        "text",
        "materials",
        "template_version",
        "name",
        "due_at",
    }
    if campaign.state in EDITABLE and (
        campaign.state != State.PAUSED or set(fields) <= editable_in_pause
    ):
        return
    if campaign.state == State.SENDING:
        raise CampaignNotEditable(_("Pause “%(name)s” first.") % {"name": campaign})
    raise CampaignNotEditable(
        _("This can no longer be changed in “%(name)s”.") % {"name": campaign}
    )


def _check_not_approved(campaign: Campaign, fields: Iterable[str]) -> None:
    """Raise CampaignNotEditable for new content of an approved campaign that has begun.

    It could be resumed without anybody having approved what it sends from then on.
    """
    is_new_content = set(fields) & set(fingerprints.CONTENT)
    if campaign.state == State.PAUSED and campaign.approved_digest and is_new_content:
        raise CampaignNotEditable(
            _(
                "“%(name)s” was approved with this content. Cancel it and send a copy "
                "to the others."
            )
            % {"name": campaign}
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
    # Materials can be sent without a text.
    if campaign.text.strip() or not campaign.materials:
        templates.check(
            campaign.text, variable_values.list_variables(community, campaign.target)
        )
    campaign_materials.check(campaign)
    if campaign.target == Target.MEMBERS and campaign.rule is None:
        raise InvalidCampaign(_("Choose the recipients."))
    if campaign.target == Target.GROUPS and not campaign.groups:
        raise InvalidCampaign(_("Choose the groups to send to."))
    channel_contract.check_connected(channel.name, community.pk)
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
    _check_content(campaign, by)
    place_checks.check(campaign)
    local_times.check(campaign)
    variants.check(campaign)
    for rule in (campaign.rule, campaign.exclude, *variants.list_rules(campaign)):
        if rule is not None:
            audiences.check(community=campaign.community, rule=rule, by=by)
    group_visibility.check(by=by, groups=campaign.groups)
    assignable = {
        staff.pk for staff in task_permissions.list_assignable_staff(campaign.community)
    }
    if not set(campaign.staff) <= assignable:
        raise InvalidCampaign(
            _("Tasks cannot be assigned to some of the selected staff.")
        )


def _check_content(campaign: Campaign, by: Staff) -> None:
    if len(campaign.materials) > campaign_materials.MAX_MATERIALS:
        raise InvalidCampaign(
            _("A campaign can have at most %(most)s materials.")
            % {"most": campaign_materials.MAX_MATERIALS}
        )
    campaign_materials.list_versions(campaign)
    if not 0 <= campaign.hold_out_per_mille <= 500:
        raise InvalidCampaign(_("Hold out at most half of the recipients."))
    if campaign.rate_per_hour is not None and campaign.rate_per_hour < 1:
        raise InvalidCampaign(_("Send at least one message per hour, or give no rate."))
    if campaign.template_version is not None:
        message_templates.check_visible(campaign.template_version.template, by)


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
    unique_keys.check_length(key)
    if key and Campaign.objects.filter(community=community, key=key).exists():
        raise CampaignAlreadyExists(
            _("A campaign “%(key)s” already exists.") % {"key": key}
        )
    campaign = Campaign(community=community, name=name, by=by, **_normalised(fields))
    _check_purpose(campaign.purpose, by)
    campaign.created_at = campaign.changed_at = at
    _check_fields(campaign, by)
    _check_voice(campaign, ("text", "variants"))
    campaign.template_version = message_templates.version_with_text(
        campaign.template_version, campaign.text
    )
    rows = Campaign.objects.filter(community=community, key__startswith=name)
    used_keys = set(rows.values_list("key", flat=True))
    campaign.key = key or unique_keys.unused_key(name, used_keys)
    campaign.save()
    _record(CampaignCreated(campaign=campaign.key), campaign, by, at)
    return campaign


def _check_voice(campaign: Campaign, fields: Iterable[str]) -> None:
    """Raise NeverSaid for a new text that says what is never said."""
    texts: list[voice.Text] = []
    if "text" in fields:
        texts.append((_("The text"), campaign.text))
    if "variants" in fields:
        texts += [(each.name, each.text) for each in variants.of(campaign)]
    voice.check(campaign.community, texts)


def _check_purpose(purpose: str, by: Staff) -> None:
    """Raise NotAllowed for a service message of staff who may not send any."""
    if purpose == Purpose.SERVICE:
        permissions.check_may(by, SEND_SERVICE)


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
    # Before and after: nobody else makes it one, or changes what one says.
    _check_purpose(fresh.purpose, by)
    _check_purpose(str(values.get("purpose", "")), by)
    _check_not_approved(fresh, changed)
    for name in changed:
        setattr(fresh, name, values[name])
    _check_fields(fresh, by)
    _check_voice(fresh, changed)
    fresh.template_version = message_templates.version_with_text(
        fresh.template_version, fresh.text
    )
    if fresh.state != State.DRAFT:
        check_complete(fresh)
    fresh.changed_at = at
    fresh.save(update_fields=[*changed, "template_version", "changed_at"])
    _void_approval(fresh, by, at)
    for name in (*changed, "template_version", "changed_at", *APPROVAL_FIELDS):
        setattr(campaign, name, getattr(fresh, name))
    _record(CampaignChanged(campaign=campaign.key, fields=changed), campaign, by, at)
    return changed


APPROVAL_FIELDS = ("state", "send_at", "note", "approved_by_id", "approved_digest")


def _void_approval(campaign: Campaign, by: Staff, at: datetime) -> None:
    """A change of content or audience takes back what a second person approved."""
    in_review = campaign.state == State.IN_REVIEW
    is_void = campaign.approved_digest not in ("", fingerprints.digest(campaign))
    if not (in_review or is_void):
        return
    changes: dict[str, Any] = {"approved_by": None, "approved_digest": ""}
    if campaign.state in (State.IN_REVIEW, State.SCHEDULED):
        step = "withdraw" if in_review else "unschedule"
        changes["note"] = _("Changed since it was submitted. Submit it again.")
        transition(campaign=campaign, step=step, by=by, at=at, **changes)
    else:
        Campaign.objects.filter(pk=campaign.pk).update(**changes)
    campaign.approved_by, campaign.approved_digest = None, ""


@transaction.atomic
def duplicate(*, campaign: Campaign, by: Staff, at: datetime) -> Campaign:
    """Create a draft “Copy of …”, without staff who can no longer do tasks."""
    check_may_manage(campaign, by)
    copied = (
        "text",
        "target",
        "rule",
        "exclude",
        "groups",
        "materials",
        "template_version",
        "channel",
        "staff",
        "skip_recently_contacted",
        "purpose",
        "priority",
        "keeps_place",
        "variants",
        "hold_out_per_mille",
        "rate_per_hour",
        "member_clock",
    )
    assignable = {
        staff.pk for staff in task_permissions.list_assignable_staff(campaign.community)
    }
    fields = {name: getattr(campaign, name) for name in copied}
    fields["staff"] = [pk for pk in campaign.staff if pk in assignable]
    name = names.copy_of(campaign.name)
    return create(community=campaign.community, name=name, by=by, at=at, **fields)


@transaction.atomic
def schedule(*, campaign: Campaign, send_at: datetime, by: Staff, at: datetime) -> None:
    """Start the campaign automatically at `send_at`; this applies to staff tasks, too."""
    check_may_manage(campaign, by)
    check_complete(campaign)
    if send_at <= at:
        raise InvalidCampaign(_("Choose a time in the future."))
    campaign_materials.check_sendable(campaign, send_at)
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
    campaign_materials.check_sendable(campaign, at)
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
    if "materials" in clean:
        clean["materials"] = list(dict.fromkeys(clean["materials"]))
    if "text" in clean:
        clean["text"] = templates.unify_line_ends(clean["text"]).strip()
    if "variants" in clean:
        clean["variants"] = variants.normalised(clean["variants"])
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
        for rule in (campaign.rule, campaign.exclude, *variants.list_rules(campaign))
        if rule is not None
    ]
