"""Rules of moderation: checks, any of which must fire, and conditions, which all hold.

    create(community=, name=, checks=, conditions=, ladder=, by=, at=,
           despite_own_texts=False) -> Rule       # observes at first
    update(rule=, by=, at=, despite_own_texts=False, **fields) -> Rule
    set_mode(rule=, mode=, by=, at=)              # act needs a shadow run of this version
    archive(rule=, by=, at=)
    list_all(by) -> list[Rule]; get(by=, key=) -> Rule; list_running(community)

A rule that would hit our own texts raises HitsOwnTexts, with the texts in `hits`, unless
it is saved `despite_own_texts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, names, permissions, text_validation, unique_keys
from qunce.core.facts import facts
from qunce.groups.moderation.ladders import ladders
from qunce.groups.moderation.models import Ladder, Mode, Rule, RuleVersion
from qunce.groups.moderation.moderation_permissions import MANAGE, VIEW
from qunce.groups.moderation.rules import conditions as rule_conditions
from qunce.groups.moderation.rules import own_texts, rule_checks
from qunce.sets.rules import stored_rules

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.groups.moderation.rules.own_texts import OwnText

MAX_RULES, MAX_NAME = 100, 80
CONTENT = ("checks", "conditions")
"""Fields whose change makes a new version."""


@dataclass(frozen=True, kw_only=True)
class RuleFact(facts.FactKind):
    labels = {
        "rule": gettext_lazy("rule"),
        "mode": gettext_lazy("mode"),
        "version": gettext_lazy("version"),
        "reason": gettext_lazy("reason"),
    }
    rule: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class RuleCreated(RuleFact):
    kind = "moderation.rule_created"
    label = gettext_lazy("rule of moderation created")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class RuleChanged(RuleFact):
    kind = "moderation.rule_changed"
    label = gettext_lazy("rule of moderation changed")
    version: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class RuleModeChanged(RuleFact):
    """`reason` is "staff", or "precision" for a rule that was wrong too often."""

    kind = "moderation.rule_mode_changed"
    label = gettext_lazy("mode of a rule of moderation changed")
    mode: str
    reason: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class RuleArchived(RuleFact):
    kind = "moderation.rule_archived"
    label = gettext_lazy("rule of moderation archived")


class RuleNotFound(errors.NotFound):
    """There is no such rule in this community."""


class InvalidRule(errors.Invalid):
    """A rule needs a name of its own."""


class ShadowRunMissing(errors.Refused):
    """A rule acts only after this version of it was tried on the past."""


class HitsOwnTexts(errors.Refused):
    """The rule would hit our own names or materials."""

    def __init__(self, hits: Sequence[OwnText]) -> None:
        listed = _(", ").join(
            _("%(what)s (“%(text)s”)") % {"what": hit.what, "text": hit.text[:40]}
            for hit in hits
        )
        super().__init__(
            _(
                "This rule would hit our own texts: %(list)s. Change it, or save it "
                "despite that."
            )
            % {"list": listed}
        )
        self.hits = list(hits)


# Checks


def check_visible(rule: Rule, by: Staff) -> None:
    if rule.community_id != by.community_id or rule.archived_at is not None:
        raise RuleNotFound(_("There is no such rule."))


def check_may_view(by: Staff) -> None:
    permissions.check_may(by, VIEW)


def parse_mode(value: str) -> Mode:
    """The mode; raises InvalidRule."""
    if value not in Mode.values:
        raise InvalidRule(
            _("A mode is one of: %(names)s.") % {"names": _(", ").join(Mode.values)}
        )
    return Mode(value)


def _check_name(rule: Rule) -> None:
    if not rule.name or len(rule.name) > MAX_NAME:
        raise InvalidRule(
            _("The name must be 1 to %(n)s characters long.") % {"n": MAX_NAME}
        )
    if not text_validation.is_valid(rule.name):
        raise InvalidRule(_("This contains characters that cannot be stored."))


def _check_own_texts(rule: Rule, despite_own_texts: bool) -> None:
    compiled = rule_checks.compile_checks(rule.checks)
    if not despite_own_texts and (
        hits := own_texts.find_hits(rule.community, compiled)
    ):
        raise HitsOwnTexts(hits)


# Verbs


@transaction.atomic
def create(
    *,
    community: Community,
    name: str,
    checks: Any,
    by: Staff,
    at: datetime,
    conditions: Any = None,
    ladder: Ladder | None = None,
    despite_own_texts: bool = False,
) -> Rule:
    """Create a rule, which observes until its mode is changed."""
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, community.pk)
    rows = Rule.objects.select_for_update().filter(community=community)
    used = {row.key for row in rows}
    if sum(row.archived_at is None for row in rows) >= MAX_RULES:
        raise InvalidRule(_("There can be at most %(n)s rules.") % {"n": MAX_RULES})
    if ladder is not None:
        ladders.check_visible(ladder, by)
    rule = Rule(
        community=community,
        name=names.clean(name),
        checks=rule_checks.parse(checks),
        conditions=rule_conditions.parse(conditions or {}, community=community, by=by),
        ladder=ladder or ladders.ensure_default(community, at),
        by=by,
        created_at=at,
        changed_at=at,
    )
    _check_name(rule)
    _check_own_texts(rule, despite_own_texts)
    rule.key = unique_keys.unused_key(rule.name, used)
    rule.save()
    _keep_version(rule, by, at)
    facts.record(RuleCreated(rule=rule.key), community=community, by=by, at=at)
    return rule


@transaction.atomic
def update(
    *,
    rule: Rule,
    by: Staff,
    at: datetime,
    despite_own_texts: bool = False,
    **fields: Any,
) -> Rule:
    """Change name, checks, conditions or ladder.

    Other checks or conditions are a new version; a rule that acted proposes until that
    was tried on the past as well.
    """
    permissions.check_may(by, MANAGE)
    check_visible(rule, by)
    fresh = Rule.objects.select_for_update(of=("self",)).get(pk=rule.pk)
    before = {name: getattr(fresh, name) for name in CONTENT}
    if "name" in fields:
        fresh.name = names.clean(fields["name"])
    if "checks" in fields:
        fresh.checks = rule_checks.parse(fields["checks"])
    if "conditions" in fields:
        fresh.conditions = rule_conditions.parse(
            fields["conditions"], community=rule.community, by=by
        )
    if "ladder" in fields:
        ladders.check_visible(fields["ladder"], by)
        fresh.ladder = fields["ladder"]
    _check_name(fresh)
    _check_own_texts(fresh, despite_own_texts)
    fresh.changed_at = at
    if any(getattr(fresh, name) != before[name] for name in CONTENT):
        fresh.version += 1
        _keep_version(fresh, by, at)
        if fresh.mode == Mode.ACT:
            fresh.mode = Mode.PROPOSE
            event = RuleModeChanged(
                rule=fresh.key, mode=Mode.PROPOSE, reason="new_version"
            )
            facts.record(event, community=rule.community, by=by, at=at)
    fresh.save()
    event_changed = RuleChanged(rule=fresh.key, version=fresh.version)
    facts.record(event_changed, community=rule.community, by=by, at=at)
    return fresh


def _keep_version(rule: Rule, by: Staff, at: datetime) -> None:
    RuleVersion.objects.create(
        rule=rule,
        version=rule.version,
        checks=rule.checks,
        conditions=rule.conditions,
        created_at=at,
        by=by,
    )


@transaction.atomic
def set_mode(*, rule: Rule, mode: str, by: Staff, at: datetime) -> None:
    """Change what the rule may do; it acts only after a shadow run of this version."""
    permissions.check_may(by, MANAGE)
    check_visible(rule, by)
    parsed = parse_mode(mode)
    fresh = Rule.objects.select_for_update(of=("self",)).get(pk=rule.pk)
    if parsed == Mode.ACT and fresh.shadow_version != fresh.version:
        raise ShadowRunMissing(
            _("Try “%(name)s” on past messages first, to see what it would have done.")
            % {"name": fresh}
        )
    if fresh.mode == parsed:
        return
    change_mode(fresh, parsed, reason="staff", by=by, at=at)
    rule.refresh_from_db()


def change_mode(
    rule: Rule,
    mode: Mode,
    *,
    reason: str,
    by: Staff | None,
    at: datetime,
    note: str = "",
) -> None:
    """Store another mode and record why; the caller has checked that it may be."""
    Rule.objects.filter(pk=rule.pk).update(mode=mode, note=note, changed_at=at)
    event = RuleModeChanged(rule=rule.key, mode=mode, reason=reason)
    facts.record(event, community=rule.community, by=by, at=at)


@transaction.atomic
def archive(*, rule: Rule, by: Staff, at: datetime) -> None:
    """End a rule for good; its cases stay."""
    permissions.check_may(by, MANAGE)
    check_visible(rule, by)
    rows = Rule.objects.filter(pk=rule.pk, archived_at__isnull=True)
    if rows.update(archived_at=at, mode=Mode.OFF):
        facts.record(
            RuleArchived(rule=rule.key), community=rule.community, by=by, at=at
        )


# Reads


def list_running(community: Community) -> list[Rule]:
    """The rules that are not off, in the order of creation."""
    rows = Rule.objects.filter(community=community, archived_at__isnull=True)
    rows = rows.exclude(mode=Mode.OFF).select_related("ladder", "community")
    # See rule_checks.of_rule.
    rows = rows.defer("checks").annotate(checks_text=Cast("checks", TextField()))
    return list(rows.order_by("pk"))


def list_all(by: Staff) -> list[Rule]:
    """The rules that are not archived, in the order of creation.

    Without those that hold only in groups that `by` does not see.
    """
    permissions.check_may(by, VIEW)
    rows = Rule.objects.filter(community=by.community, archived_at__isnull=True)
    listed = list(rows.select_related("ladder", "community", "by").order_by("pk"))
    if by.groups is None:
        return listed
    seen = set(by.groups)
    return [
        rule
        for rule in listed
        if not rule.conditions.get("groups") or seen & set(rule.conditions["groups"])
    ]


def get(*, by: Staff, key: str) -> Rule:
    for rule in list_all(by):
        if rule.key == key:
            return rule
    raise RuleNotFound(_("There is no rule “%(key)s”.") % {"key": key})


@stored_rules.register
def list_stored(community: Community) -> list[stored_rules.StoredRule]:
    """The rules over members in the conditions of rules of moderation."""
    rows = Rule.objects.filter(community=community, archived_at__isnull=True)
    return [
        stored_rules.StoredRule(_("rule"), row.name, row.conditions["members"])
        for row in rows.order_by("pk")
        if row.conditions.get("members") is not None
    ]
