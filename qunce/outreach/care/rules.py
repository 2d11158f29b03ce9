"""Care rules: what members get on an occasion, written by staff and switched on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.channels import channel_contract
from qunce.core import errors, money, permissions, text_validation
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.insight.positioning import voice
from qunce.members.attributes.attributes import Attribute, AttributeType
from qunce.outreach import review_digests, task_permissions
from qunce.outreach.campaigns import approvals, campaigns
from qunce.outreach.care import budgets, occasions
from qunce.outreach.care.models import Action, CareDay, CareRule
from qunce.outreach.care.occasions import Birthday, Occasion, Surprise
from qunce.outreach.content import (
    compose,
    message_templates,
    templates,
    variable_values,
)
from qunce.outreach.content.materials import checks, library
from qunce.outreach.sending.ledger import Priority, Purpose
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import stored_rules

MANAGE = permissions.declare(
    "care.manage",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    community_wide=True,
    label=gettext_lazy("write care rules and switch them on"),
)
"""Care is for members of the whole community."""
VIEW = budgets.VIEW
MAX_LATE_HOURS, MAX_MATERIALS, MAX_AMOUNT = 72, 20, 10**9
FIELDS = (
    "name",
    "occasion",
    "audience",
    "minute",
    "member_clock",
    "late_hours",
    "action",
    "text",
    "materials",
    "template_version",
    "channel",
    "staff",
    "prefers_in_charge",
    "purpose",
    "priority",
    "amount",
)


@dataclass(frozen=True, kw_only=True)
class CareRuleFact(facts.FactKind):
    """`care_rule` is the name of the rule."""

    labels = {"care_rule": gettext_lazy("care rule")}
    care_rule: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CareRuleCreated(CareRuleFact):
    kind = "care.rule_created"
    label = gettext_lazy("care rule created")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CareRuleChanged(CareRuleFact):
    kind = "care.rule_changed"
    label = gettext_lazy("care rule changed")
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CareRuleSwitched(CareRuleFact):
    """`state` is on, off, archived or restored."""

    kind = "care.rule_switched"
    label = gettext_lazy("care rule switched")
    state: str


class CareRuleNotFound(errors.NotFound):
    """There is no such care rule in this community."""


class InvalidCareRule(errors.Invalid):
    """A field of the rule is missing or cannot be used."""


class CareRuleInWrongState(errors.Refused):
    """The rule is on, off or archived, and this needs the other."""


# Checks


def check(rule: CareRule, by: Staff) -> None:
    """Raise InvalidCareRule, or the error of a part of it."""
    if not rule.name or len(rule.name) > 80 or not text_validation.is_valid(rule.name):
        raise InvalidCareRule(_("A name must be 1 to 80 characters long."))
    if templates.CONTROL_CHARACTERS.search(rule.name):
        raise InvalidCareRule(_("A name cannot contain control characters."))
    _check_occasion(rule)
    if rule.audience is not None:
        audiences.check(community=rule.community, rule=rule.audience, by=by)
    if not 0 <= rule.minute < 1440:
        raise InvalidCareRule(
            _("Give the time of day in minutes after midnight, from 0 to 1439.")
        )
    if not 1 <= rule.late_hours <= MAX_LATE_HOURS:
        raise InvalidCareRule(
            _("Make up for what was missed within 1 to %(n)s hours.")
            % {"n": MAX_LATE_HOURS}
        )
    if rule.action not in Action:
        raise InvalidCareRule(_("Choose a message or a task."))
    if rule.purpose not in (Purpose.MARKETING, Purpose.SERVICE):
        raise InvalidCareRule(_("Choose the purpose: marketing or service."))
    if rule.priority not in Priority.values:
        raise InvalidCareRule(_("Choose one of the priorities."))
    _check_amount(rule)
    _check_content(rule, by)
    _check_staff(rule)


def _check_occasion(rule: CareRule) -> None:
    occasion = occasions.parse(rule.occasion)
    if not isinstance(occasion, Birthday):
        return
    rows = Attribute.objects.filter(community=rule.community)
    types = dict(rows.values_list("name", "type"))
    for name in occasion.attributes:
        if types.get(name) not in (AttributeType.DATE, AttributeType.LUNAR):
            raise InvalidCareRule(
                _("“%(name)s” is not an attribute of type date or lunar birthday.")
                % {"name": name}
            )


def _check_amount(rule: CareRule) -> None:
    if not 0 <= rule.amount <= MAX_AMOUNT:
        most = money.format_with_currency(MAX_AMOUNT, rule.community.currency)
        raise InvalidCareRule(
            _("What it costs per member is from 0 to %(most)s.") % {"most": most}
        )
    if not rule.amount and isinstance(occasions.parse(rule.occasion), Surprise):
        raise InvalidCareRule(
            _("Give the cost of a surprise per member, which the budget limits.")
        )


def _check_content(rule: CareRule, by: Staff) -> None:
    if len(rule.materials) > MAX_MATERIALS:
        raise InvalidCareRule(
            _("A message can have at most %(most)s materials.")
            % {"most": MAX_MATERIALS}
        )
    versions = library.get_versions(rule.community, rule.materials)
    # Materials can be sent without a text.
    if rule.text.strip() or not versions:
        # A task has one text for all of its members.
        is_task = rule.action == Action.TASK
        members = variable_values.list_variables(rule.community, "members")
        templates.check(rule.text, [] if is_task else members)
    if rule.template_version is not None:
        message_templates.check_visible(rule.template_version.template, by)
    if rule.action == Action.TASK:
        if rule.materials:
            raise InvalidCareRule(_("A task has a text and no materials."))
        return
    channel = channel_contract.get(rule.channel)
    if not channel.capabilities.to_member:
        raise InvalidCareRule(_("This channel cannot send to members."))
    channel_contract.check_connected(channel.name, rule.community_id)
    composed = compose.compose(rule.text, versions, channel=channel)
    if composed.problems:
        raise InvalidCareRule(" ".join(composed.problems))


def needs_staff(rule: CareRule) -> bool:
    channel = channel_contract.get(rule.channel)
    return rule.action == Action.TASK or channel.capabilities.needs_person


def _check_staff(rule: CareRule) -> None:
    if not needs_staff(rule):
        return
    if rule.staff is None:
        raise InvalidCareRule(
            _("Choose who does it for members without anybody in charge.")
        )
    task_permissions.check_assignable(rule.staff, rule.community)


def check_visible(rule: CareRule, by: Staff) -> None:
    """Raise NotAllowed, or CareRuleNotFound for a rule of another community."""
    permissions.check_may(by, VIEW)
    if rule.community_id != by.community_id:
        raise CareRuleNotFound(_("There is no such care rule."))


def check_startable(rule: CareRule, by: Staff, at: datetime) -> None:
    """Raise unless the rule can be switched on now."""
    check(rule, by)
    if rule.archived_at is not None:
        raise CareRuleInWrongState(_("Restore “%(name)s” first.") % {"name": rule})
    if rule.action == Action.MESSAGE:
        approvals.check_may_send_alone(rule.community, by)
    for version in library.get_versions(rule.community, rule.materials):
        checks.check_sendable(version, at)
    if rule.amount and budgets.get(rule.community, at).amount is None:
        raise InvalidCareRule(
            _("Set the budget of care per month first: this rule spends money.")
        )


def _check_purpose(purpose: str, by: Staff) -> None:
    if purpose == Purpose.SERVICE:
        permissions.check_may(by, campaigns.SEND_SERVICE)


# Verbs


@transaction.atomic
def create(*, community: Community, by: Staff, at: datetime, **fields: Any) -> CareRule:
    """Create a rule that is off. `fields` are `FIELDS`."""
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, community.pk)
    rule = CareRule(community=community, by=by, created_at=at, changed_at=at)
    for name, value in _normalised(fields).items():
        setattr(rule, name, value)
    _check_purpose(rule.purpose, by)
    check(rule, by)
    voice.check(community, [(_("The text"), rule.text)])
    rule.template_version = message_templates.version_with_text(
        rule.template_version, rule.text
    )
    rule.save()
    fact = CareRuleCreated(care_rule=rule.name)
    facts.record(fact, community=community, by=by, at=at)
    return rule


@transaction.atomic
def update(*, rule: CareRule, by: Staff, at: datetime, **fields: Any) -> list[str]:
    """Change fields from the next occasion on; returns the names of those that changed."""
    fresh = _locked(rule, by)
    values = _normalised(fields)
    changed = sorted(
        name for name, value in values.items() if getattr(fresh, name) != value
    )
    if not changed:
        return []
    # Before and after: nobody else makes it one, or changes what one says.
    _check_purpose(fresh.purpose, by)
    _check_purpose(str(values.get("purpose", "")), by)
    for name in changed:
        setattr(fresh, name, values[name])
    check(fresh, by)
    if "text" in changed:
        voice.check(fresh.community, [(_("The text"), fresh.text)])
    if fresh.is_on:
        check_startable(fresh, by, at)
    fresh.template_version = message_templates.version_with_text(
        fresh.template_version, fresh.text
    )
    fresh.changed_at = at
    saved = [*changed, "template_version", "changed_at"]
    fresh.save(update_fields=saved)
    for name in saved:
        setattr(rule, name, getattr(fresh, name))
    fact = CareRuleChanged(care_rule=fresh.name, fields=changed)
    facts.record(fact, community=fresh.community, by=by, at=at)
    return changed


@transaction.atomic
def start(
    *, rule: CareRule, by: Staff, at: datetime, digest: str | None = None
) -> None:
    """Switch a rule on. Occasions whose time was before now are not made up for.

    `digest` is that of the rule that `by` has seen; raises ChangedSinceReview if it is
    another one by now.
    """
    fresh = _locked(rule, by)
    _check_purpose(fresh.purpose, by)
    review_digests.check(digest, digest_of(fresh), name=fresh.name)
    check_startable(fresh, by, at)
    if fresh.is_on:
        raise CareRuleInWrongState(_("“%(name)s” is on already.") % {"name": fresh})
    _switch(rule, "on", by, at, is_on=True, started_at=at, polled_until=at)


@transaction.atomic
def stop(*, rule: CareRule, by: Staff, at: datetime) -> None:
    """Switch a rule off. What is planned already stays; nobody is added."""
    fresh = _locked(rule, by)
    if not fresh.is_on:
        raise CareRuleInWrongState(_("“%(name)s” is off already.") % {"name": fresh})
    CareDay.objects.filter(rule=fresh, unclaimed_count__gt=0).update(
        unclaimed=bitmaps.to_bytes(bitmaps.of([])), unclaimed_count=0
    )
    _switch(rule, "off", by, at, is_on=False)


@transaction.atomic
def archive(*, rule: CareRule, by: Staff, at: datetime) -> None:
    fresh = _locked(rule, by)
    if fresh.is_on:
        raise CareRuleInWrongState(_("Switch “%(name)s” off first.") % {"name": fresh})
    if fresh.archived_at is None:
        _switch(rule, "archived", by, at, archived_at=at)


@transaction.atomic
def restore(*, rule: CareRule, by: Staff, at: datetime) -> None:
    fresh = _locked(rule, by)
    if fresh.archived_at is not None:
        _switch(rule, "restored", by, at, archived_at=None)


def _switch(
    rule: CareRule, state: str, by: Staff, at: datetime, **changes: Any
) -> None:
    CareRule.objects.filter(pk=rule.pk).update(**changes, changed_at=at)
    for name, value in changes.items():
        setattr(rule, name, value)
    fact = CareRuleSwitched(care_rule=rule.name, state=state)
    facts.record(fact, community=rule.community, by=by, at=at)


def _locked(rule: CareRule, by: Staff) -> CareRule:
    permissions.check_may(by, MANAGE)
    rows = CareRule.objects.select_for_update(of=("self",)).filter(
        pk=rule.pk, community=by.community_id
    )
    found = rows.select_related("community", "staff").first()
    if found is None:
        raise CareRuleNotFound(_("There is no such care rule."))
    return found


def _normalised(fields: dict[str, Any]) -> dict[str, Any]:
    for name in fields:
        if name not in FIELDS:
            raise TypeError(name)
    clean = dict(fields)
    if "name" in clean:
        clean["name"] = " ".join(clean["name"].split())
    if "text" in clean:
        clean["text"] = templates.unify_line_ends(clean["text"]).strip()
    if "occasion" in clean:
        clean["occasion"] = occasions.parse(clean["occasion"]).to_json()
    if "materials" in clean:
        clean["materials"] = list(dict.fromkeys(clean["materials"]))
    return clean


# Reads


def list_all(by: Staff, *, archived: bool = False) -> models.QuerySet[CareRule]:
    permissions.check_may(by, VIEW)
    rows = CareRule.objects.filter(
        community=by.community_id, archived_at__isnull=not archived
    )
    return rows.select_related("community", "staff", "by").order_by("-is_on", "pk")


def get(*, by: Staff, pk: int) -> CareRule:
    permissions.check_may(by, VIEW)
    rows = CareRule.objects.filter(community=by.community_id, pk=pk)
    found = rows.select_related("community", "staff", "by").first()
    if found is None:
        raise CareRuleNotFound(_("There is no such care rule."))
    return found


def digest_of(rule: CareRule) -> str:
    """The same as long as the fields of the rule are, and what its audience names."""
    described = {name: getattr(rule, name) for name in FIELDS}
    described["staff"] = rule.staff_id
    described["template_version"] = rule.template_version_id
    return review_digests.compute(rule.community, described, [rule.audience])


def load_occasion(rule: CareRule) -> Occasion:
    """The occasion of a rule, with what its attributes hold by now."""
    return load_occasions([rule])[rule.pk]


def load_occasions(rules: Iterable[CareRule]) -> dict[int, Occasion]:
    """Rule id → its occasion; all of one community."""
    found, lunar = {}, None
    for rule in rules:
        occasion = occasions.parse(rule.occasion)
        if isinstance(occasion, Birthday):
            if lunar is None:
                rows = Attribute.objects.filter(
                    community=rule.community_id, type=AttributeType.LUNAR
                )
                lunar = frozenset(rows.values_list("name", flat=True))
            occasion = replace(occasion, lunar=lunar & set(occasion.attributes))
        found[rule.pk] = occasion
    return found


@stored_rules.register
def list_rules(community: Community) -> list[stored_rules.StoredRule]:
    """The audiences of care rules that are not archived."""
    rows = CareRule.objects.filter(community=community, archived_at=None)
    return [
        stored_rules.StoredRule(_("care rule"), rule.name, rule.audience)
        for rule in rows.order_by("pk")
        if rule.audience is not None
    ]
