"""Tag rules: conditions under which tags are added to members, removed or deepened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, state_machine, text_validation, timestamps
from qunce.core.communities import Community
from qunce.core.facts import committed_facts, fact_consumers, facts
from qunce.core.staff.models import Staff
from qunce.members.tag_rules import conditions
from qunce.members.tag_rules import effects as tag_effects
from qunce.members.tag_rules.conditions import Condition, EventCondition
from qunce.members.tag_rules.effects import Effect
from qunce.members.tag_rules.models import MANAGE, VIEW, Mode, State, TagRule
from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import stored_rules

CONSUMER = "tag rules"
MAX_NAME_LENGTH, MAX_DESCRIPTION_LENGTH = 80, 500
MAX_RULES = 200
"""Rules of a community that are not archived."""
STATES = state_machine.StateMachine(
    {
        "activate": ((State.DRAFT, State.PAUSED), State.ACTIVE),
        "pause": ((State.ACTIVE,), State.PAUSED),
        "archive": ((State.DRAFT, State.PAUSED), State.ARCHIVED),
        "restore": ((State.ARCHIVED,), State.PAUSED),
    }
)


@dataclass(frozen=True, kw_only=True)
class TagRuleFact(facts.FactKind):
    """`tag_rule` is the name of the rule."""

    labels = {"tag_rule": gettext_lazy("tag rule")}
    tag_rule: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagRuleCreated(TagRuleFact):
    kind = "tag_rule.created"
    label = gettext_lazy("tag rule created")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagRuleChanged(TagRuleFact):
    kind = "tag_rule.changed"
    label = gettext_lazy("tag rule changed")
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagRuleActivated(TagRuleFact):
    kind = "tag_rule.activated"
    label = gettext_lazy("tag rule activated")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagRulePaused(TagRuleFact):
    kind = "tag_rule.paused"
    label = gettext_lazy("tag rule paused")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagRuleArchived(TagRuleFact):
    kind = "tag_rule.archived"
    label = gettext_lazy("tag rule archived")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagRuleRestored(TagRuleFact):
    kind = "tag_rule.restored"
    label = gettext_lazy("tag rule restored")


class TagRuleNotFound(errors.NotFound):
    """There is no such tag rule in this community."""


class TagRuleAlreadyExists(errors.Refused):
    """A tag rule with this name already exists."""


class TagRuleActive(errors.Refused):
    """An active rule must be paused before what it does is changed."""


class InvalidTagRule(errors.Invalid):
    """A field of the rule is missing or cannot be used."""


class TooManyTagRules(errors.Refused):
    """A community has a limited number of tag rules."""


# Checks


def check(
    *,
    community: Community,
    condition: Any,
    effects: Any,
    mode: str,
    takes_back: bool,
    by: Staff | None = None,
) -> tuple[Condition, list[Effect]]:
    """The parsed condition and effects; raises an error of theirs or InvalidTagRule."""
    parsed = conditions.parse(community, condition, by)
    is_event = isinstance(parsed, EventCondition)
    found = tag_effects.parse(community, effects, is_event=is_event)
    if mode not in Mode or (mode == Mode.EVENT) != is_event:
        raise InvalidTagRule(
            _(
                "A rule on an event is applied when it happens; any other rule every day "
                "or when somebody runs it."
            )
        )
    if takes_back and is_event:
        raise InvalidTagRule(
            _("An event cannot stop holding, so its tags are not taken back.")
        )
    if takes_back and all(effect.is_removal for effect in found):
        raise InvalidTagRule(_("A rule that gives no tag cannot take one back."))
    return parsed, found


def _check_name(name: str) -> str:
    plain = " ".join(name.split())
    if (
        not plain
        or len(plain) > MAX_NAME_LENGTH
        or not plain.isprintable()
        or not text_validation.is_valid(plain)
    ):
        raise InvalidTagRule(
            _("A name must be 1 to %(n)s characters long.") % {"n": MAX_NAME_LENGTH}
        )
    return plain


def _check_description(text: str) -> str:
    if len(text) > MAX_DESCRIPTION_LENGTH or not text_validation.is_valid(text):
        raise InvalidTagRule(
            _("A purpose has at most %(n)s characters.") % {"n": MAX_DESCRIPTION_LENGTH}
        )
    return text.strip()


def _check_unused(community: Community, name: str, rule: TagRule | None) -> None:
    rows = TagRule.objects.filter(community=community, name=name)
    if rule is not None:
        rows = rows.exclude(pk=rule.pk)
    if rows.exists():
        raise TagRuleAlreadyExists(
            _("A tag rule “%(name)s” already exists.") % {"name": name}
        )


# Verbs


@transaction.atomic
def create(
    *,
    community: Community,
    name: str,
    condition: Any,
    effects: Any,
    by: Staff,
    at: datetime,
    mode: str,
    takes_back: bool = False,
    description: str = "",
) -> TagRule:
    """Create a draft, which changes nobody until it is activated."""
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, community.pk)
    name = _check_name(name)
    _check_unused(community, name, None)
    parsed, found = check(
        community=community,
        condition=condition,
        effects=effects,
        mode=mode,
        takes_back=takes_back,
        by=by,
    )
    rows = TagRule.objects.filter(community=community)
    if rows.exclude(state=State.ARCHIVED).count() >= MAX_RULES:
        raise TooManyTagRules(
            _("A community has at most %(n)s tag rules; archive one first.")
            % {"n": MAX_RULES}
        )
    last = rows.aggregate(last=models.Max("position"))["last"] or 0
    rule = TagRule.objects.create(
        community=community,
        name=name,
        description=_check_description(description),
        position=last + 1,
        condition=parsed.to_json(),
        effects=tag_effects.to_json(found),
        mode=mode,
        takes_back=takes_back,
        created_at=at,
        changed_at=at,
        by=by,
    )
    facts.record(TagRuleCreated(tag_rule=name), community=community, by=by, at=at)
    return rule


@transaction.atomic
def update(
    *,
    rule: TagRule,
    by: Staff,
    at: datetime,
    name: str | None = None,
    description: str | None = None,
    condition: Any = None,
    effects: Any = None,
    mode: str | None = None,
    takes_back: bool | None = None,
) -> list[str]:
    """Change a rule; returns the fields that changed. What it does, only while paused.

    Members keep the tags that it has given.
    """
    fresh = _locked(rule, by)
    values: dict[str, Any] = {
        "name": None if name is None else _check_name(name),
        "description": None if description is None else _check_description(description),
        "condition": condition,
        "effects": effects,
        "mode": mode,
        "takes_back": takes_back,
    }
    behaviour = ("condition", "effects", "mode", "takes_back")
    merged = {
        key: getattr(fresh, key) if values[key] is None else values[key]
        for key in behaviour
    }
    parsed, found = check(community=fresh.community, by=by, **merged)
    merged["condition"], merged["effects"] = (
        parsed.to_json(),
        tag_effects.to_json(found),
    )
    values = {key: v for key, v in values.items() if v is not None} | merged
    changed = sorted(key for key, v in values.items() if getattr(fresh, key) != v)
    if not changed:
        return []
    if fresh.state == State.ACTIVE and set(changed) & set(behaviour):
        raise TagRuleActive(
            _("“%(name)s” is active. Pause it to change what it does.")
            % {"name": fresh.name}
        )
    if "name" in changed:
        _check_unused(fresh.community, values["name"], fresh)
    for key in changed:
        setattr(fresh, key, values[key])
    fresh.changed_at = at
    fresh.save(update_fields=[*changed, "changed_at"])
    for key in (*changed, "changed_at"):
        setattr(rule, key, getattr(fresh, key))
    fact = TagRuleChanged(tag_rule=fresh.name, fields=changed)
    facts.record(fact, community=fresh.community, by=by, at=at)
    return changed


@transaction.atomic
def start(*, rule: TagRule, by: Staff, at: datetime) -> None:
    """Let the rule act from now on. `activation.activate` asks about conflicts first."""
    fresh = _locked(rule, by)
    load(fresh)
    if not event_rules().exists():
        # The consumer does not advance while it has no kinds to look for.
        fact_consumers.ConsumerPosition.objects.update_or_create(
            consumer=CONSUMER, defaults={"position": committed_facts.last_position()}
        )
    since = timestamps.to_micros(at)
    STATES.transition(rule, "activate", since=since, changed_at=at)
    _record(rule, TagRuleActivated, by, at)


@transaction.atomic
def pause(*, rule: TagRule, by: Staff, at: datetime) -> None:
    """Stop acting; members keep their tags. Events of the pause are not made up for."""
    _locked(rule, by)
    STATES.transition(rule, "pause", changed_at=at)
    _record(rule, TagRulePaused, by, at)


@transaction.atomic
def archive(*, rule: TagRule, by: Staff, at: datetime) -> None:
    """Put a paused rule away; members keep their tags."""
    _locked(rule, by)
    STATES.transition(rule, "archive", changed_at=at)
    _record(rule, TagRuleArchived, by, at)


@transaction.atomic
def restore(*, rule: TagRule, by: Staff, at: datetime) -> None:
    """Bring an archived rule back, paused. Raises if its condition is not valid any more."""
    fresh = _locked(rule, by)
    load(fresh, by)
    STATES.transition(rule, "restore", changed_at=at)
    _record(rule, TagRuleRestored, by, at)


@transaction.atomic
def move(*, rule: TagRule, earlier: bool, by: Staff, at: datetime) -> None:
    """Swap the rule with the one before or after it. Earlier rules win."""
    fresh = _locked(rule, by)
    rows = TagRule.objects.filter(community=fresh.community)
    rows = rows.exclude(state=State.ARCHIVED).exclude(pk=fresh.pk)
    if earlier:
        other = rows.filter(position__lt=fresh.position).order_by("-position").first()
    else:
        other = rows.filter(position__gt=fresh.position).order_by("position").first()
    if other is None:
        return
    for one, position in ((fresh, other.position), (other, fresh.position)):
        TagRule.objects.filter(pk=one.pk).update(position=position)
    rule.position = other.position
    fact = TagRuleChanged(tag_rule=fresh.name, fields=["position"])
    facts.record(fact, community=fresh.community, by=by, at=at)


def _locked(rule: TagRule, by: Staff) -> TagRule:
    permissions.check_may(by, MANAGE)
    rows = TagRule.objects.select_for_update(of=("self",)).filter(
        pk=rule.pk, community=by.community_id
    )
    found = rows.select_related("community").first()
    if found is None:
        raise TagRuleNotFound(_("There is no such tag rule."))
    return found


def _record(rule: TagRule, kind: type[TagRuleFact], by: Staff, at: datetime) -> None:
    facts.record(kind(tag_rule=rule.name), community=rule.community, by=by, at=at)


# Reads


def load(rule: TagRule, by: Staff | None = None) -> tuple[Condition, list[Effect]]:
    """The condition and the effects; raises what is wrong with them by now."""
    return check(
        community=rule.community,
        condition=rule.condition,
        effects=rule.effects,
        mode=rule.mode,
        takes_back=rule.takes_back,
        by=by,
    )


def find_problem(rule: TagRule) -> str:
    """Why the rule cannot act now, such as an archived tag; empty if it can."""
    try:
        load(rule)
    except errors.QunceError as error:
        return str(error)
    return ""


def list_all(by: Staff, *, archived: bool = False) -> list[TagRule]:
    """The rules in the order in which they are applied."""
    permissions.check_may(by, VIEW)
    rows = TagRule.objects.filter(community=by.community_id)
    if archived:
        rows = rows.filter(state=State.ARCHIVED)
    else:
        rows = rows.exclude(state=State.ARCHIVED)
    return list(rows.select_related("community", "by").order_by("position", "pk"))


def get(*, by: Staff, pk: int) -> TagRule:
    return _get(by, pk=pk)


def get_by_name(*, by: Staff, name: str) -> TagRule:
    return _get(by, name=" ".join(name.split()))


def _get(by: Staff, **lookup: Any) -> TagRule:
    permissions.check_may(by, VIEW)
    rows = TagRule.objects.filter(community=by.community_id, **lookup)
    found = rows.select_related("community", "by").first()
    if found is None:
        raise TagRuleNotFound(_("There is no such tag rule."))
    return found


def list_active(community: Community) -> list[TagRule]:
    """The active rules in the order in which they are applied."""
    rows = TagRule.objects.filter(community=community, state=State.ACTIVE)
    return list(rows.select_related("community").order_by("position", "pk"))


def event_rules() -> models.QuerySet[TagRule]:
    """Active rules on events, of every community."""
    return TagRule.objects.filter(state=State.ACTIVE, mode=Mode.EVENT)


def names_by_source(sources: Sequence[str]) -> dict[str, str]:
    """Source of a tagging → the name of the rule that made it, of those that a rule made."""
    from qunce.members.tag_rules import tag_states

    ids = {source: tag_states.rule_of(source) for source in set(sources)}
    rules = TagRule.objects.in_bulk([pk for pk in ids.values() if pk])
    return {source: rules[pk].name for source, pk in ids.items() if pk in rules}


def name_of(key: str) -> str:
    """The name of the rule of a queued job."""
    rows = TagRule.objects.filter(pk=int(key))
    return rows.values_list("name", flat=True).first() or ""


@stored_rules.register
def list_rules(community: Community) -> list[stored_rules.StoredRule]:
    """The rules inside conditions of tag rules that are not archived."""
    rows = TagRule.objects.filter(community=community).exclude(state=State.ARCHIVED)
    return [
        stored_rules.StoredRule(_("tag rule"), rule.name, part)
        for rule in rows.order_by("pk")
        for part in conditions.rules_of(rule.condition)
    ]


def erase_people(people: Sequence[int]) -> None:
    """Remove erased people from the members for whom rules held."""
    erased = bitmaps.of(people)
    for rule in TagRule.objects.exclude(matched=None).iterator(chunk_size=100):
        before = bitmaps.from_bytes(rule.matched or b"")
        if before & erased:
            rule.matched = bitmaps.to_bytes(before - erased)
            rule.save(update_fields=["matched"])
