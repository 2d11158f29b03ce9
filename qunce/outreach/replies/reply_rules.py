"""Rules of automatic replies: keywords and numbers of a menu, where, when and how often."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.core import errors, names, permissions, text_validation
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.groups import visibility as group_visibility
from qunce.outreach.content import templates
from qunce.outreach.replies import conversations, reply_settings, rule_matching
from qunce.outreach.replies.models import MAX_RULE_NAME, Match, ReplyRule

EDIT = reply_settings.EDIT
MAX_RULES, MAX_WORDS, MAX_WORD, MAX_PAUSE = 200, 50, 40, 7 * 24 * 60
MAX_PER_HOUR = 1_000
LABELS: dict[str, StrOrPromise] = {
    "name": gettext_lazy("Name"),
    "match": pgettext_lazy("reply rule", "Answers if"),
    "words": pgettext_lazy("reply rule", "Words or numbers"),
    "text": gettext_lazy("Answer"),
    "in_direct": pgettext_lazy("reply rule", "In direct messages"),
    "in_groups": pgettext_lazy("reply rule", "In groups"),
    "groups": pgettext_lazy("reply rule", "Only these groups"),
    "hour_from": pgettext_lazy("reply rule", "From"),
    "hour_until": pgettext_lazy("reply rule", "Until"),
    "member_pause": pgettext_lazy(
        "reply rule", "Minutes between answers to one member"
    ),
    "group_pause": pgettext_lazy("reply rule", "Minutes between answers in one group"),
    "per_hour": pgettext_lazy("reply rule", "Answers an hour at most"),
}
FIELDS = tuple(LABELS)


@dataclass(frozen=True, kw_only=True)
class ReplyRuleFact(facts.FactKind):
    labels = {"rule": gettext_lazy("number of the rule")}
    instead = gettext_lazy(
        "Do it on the page of automatic replies, or through the API."
    )
    rule: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ReplyRuleCreated(ReplyRuleFact):
    kind = "reply_rule.created"
    label = gettext_lazy("automatic reply created")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ReplyRuleChanged(ReplyRuleFact):
    kind = "reply_rule.changed"
    label = gettext_lazy("automatic reply changed")
    fields: list[str]


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ReplyRuleArchived(ReplyRuleFact):
    kind = "reply_rule.archived"
    label = gettext_lazy("automatic reply archived")


class ReplyRuleNotFound(errors.NotFound):
    """There is no such rule in this community."""


class InvalidReplyRule(errors.Invalid):
    """A field of a rule is missing or cannot be stored."""


class ReplyRuleConflict(errors.Refused):
    """Another rule would answer the same message."""


# Checks


def check_rule(rule: ReplyRule, by: Staff | None = None) -> None:
    permissions.check_may(by, EDIT) if by else None
    if by and rule.community_id != by.community_id:
        raise ReplyRuleNotFound(_("There is no such automatic reply."))


def check_fields(rule: ReplyRule, by: Staff) -> None:
    """Raise InvalidReplyRule for the first field that cannot be stored."""
    for field, limit in (("name", MAX_RULE_NAME), ("text", templates.MAX_LENGTH)):
        text = getattr(rule, field)
        if not text:
            raise InvalidReplyRule(
                _("“%(field)s” is required.") % {"field": LABELS[field]}
            )
        if len(text) > limit or not text_validation.is_valid(text):
            raise InvalidReplyRule(
                _("%(field)s can have at most %(most)s characters; it has %(n)s.")
                % {"field": LABELS[field], "most": f"{limit:,}", "n": f"{len(text):,}"}
            )
    templates.parse(rule.text)
    if rule.match not in Match.values:
        raise InvalidReplyRule(
            _("Choose when it answers: %(choices)s.")
            % {"choices": _(", ").join(Match.values)}
        )
    _check_words(rule)
    if not rule.in_direct and not rule.in_groups:
        raise InvalidReplyRule(
            _("It answers nowhere. Choose direct messages, groups, or both.")
        )
    group_visibility.check(by=by, groups=rule.groups)
    _check_numbers(rule)


def _check_words(rule: ReplyRule) -> None:
    if not rule.words or len(rule.words) > MAX_WORDS:
        raise InvalidReplyRule(
            _("Give 1 to %(most)s words or numbers.") % {"most": MAX_WORDS}
        )
    for word in rule.words:
        is_number = rule_matching.NUMBER.fullmatch(word) is not None
        if rule.match == Match.MENU and not is_number:
            raise InvalidReplyRule(
                _("“%(word)s” is no number of a menu, which has 1 to 3 digits.")
                % {"word": word[:40]}
            )
        # One character would answer nearly everything.
        shortest = 2 if rule.match == Match.CONTAINS else 1
        if not shortest <= len(word) <= MAX_WORD or not text_validation.is_valid(word):
            raise InvalidReplyRule(
                _("“%(word)s”: a word has %(min)s to %(most)s characters.")
                % {"word": word[:80], "min": shortest, "most": MAX_WORD}
            )


def _check_numbers(rule: ReplyRule) -> None:
    for field, low, most in (
        ("member_pause", 0, MAX_PAUSE),
        ("group_pause", 0, MAX_PAUSE),
        ("per_hour", 1, MAX_PER_HOUR),
        ("hour_from", 0, rule_matching.DAY_MINUTES - 1),
        ("hour_until", 0, rule_matching.DAY_MINUTES - 1),
    ):
        value = getattr(rule, field)
        if value is not None and not low <= value <= most:
            raise InvalidReplyRule(
                _("%(field)s: a number from %(min)s to %(most)s.")
                % {"field": LABELS[field], "min": low, "most": f"{most:,}"}
            )
    if (rule.hour_from is None) != (rule.hour_until is None):
        raise InvalidReplyRule(_("Give both hours, or none for any time."))
    if rule.hour_from is not None and rule.hour_from == rule.hour_until:
        raise InvalidReplyRule(
            _("The hours are the same. Leave both empty for any time.")
        )


def find_conflicts(rule: ReplyRule) -> list[tuple[ReplyRule, str]]:
    """The rules that are on and would answer the same message, each with such a word."""
    spec, found = rule_matching.spec_of(rule), []
    for other in list_active(rule.community):
        if other.pk == rule.pk:
            continue
        if word := rule_matching.find_conflict(spec, rule_matching.spec_of(other)):
            found.append((other, word))
    return found


def _check_conflicts(rule: ReplyRule) -> None:
    for other, word in find_conflicts(rule):
        raise ReplyRuleConflict(
            _(
                "“%(word)s” is answered by “%(rule)s”, too. Change one of them, or accept "
                "that the one that is first in the list answers."
            )
            % {"word": word, "rule": other.name}
        )


# Verbs


@transaction.atomic
def create(
    *,
    community: Community,
    by: Staff,
    at: datetime,
    accept_conflicts: bool = False,
    **fields: Any,
) -> ReplyRule:
    """Create a rule at the end of the list; it is off at first."""
    permissions.check_may(by, EDIT)
    permissions.check_community(by, community.pk)
    rows = ReplyRule.objects.filter(community=community, is_archived=False)
    if rows.count() >= MAX_RULES:
        raise InvalidReplyRule(
            _("At most %(most)s automatic replies are possible.") % {"most": MAX_RULES}
        )
    last = ReplyRule.objects.filter(community=community).aggregate(
        last=models.Max("position")
    )["last"]
    rule = ReplyRule(
        community=community, by=by, changed_at=at, position=(last or 0) + 1
    )
    _apply(rule, fields)
    check_fields(rule, by)
    if not accept_conflicts:
        _check_conflicts(rule)
    rule.save()
    _record(ReplyRuleCreated(rule=rule.pk), rule, by, at)
    return rule


@transaction.atomic
def update(
    *,
    rule: ReplyRule,
    by: Staff,
    at: datetime,
    accept_conflicts: bool = False,
    **fields: Any,
) -> list[str]:
    """Change fields; returns the names of those that have a new value."""
    check_rule(rule, by)
    fresh = ReplyRule.objects.select_for_update(of=("self",)).get(pk=rule.pk)
    before = {name: getattr(fresh, name) for name in FIELDS}
    _apply(fresh, fields)
    check_fields(fresh, by)
    changed = sorted(name for name in FIELDS if getattr(fresh, name) != before[name])
    if not changed:
        return []
    if not accept_conflicts:
        _check_conflicts(fresh)
    fresh.changed_at = at
    fresh.save()
    rule.refresh_from_db()
    _record(ReplyRuleChanged(rule=rule.pk, fields=changed), rule, by, at)
    return changed


@transaction.atomic
def switch(*, rule: ReplyRule, is_on: bool, by: Staff, at: datetime) -> None:
    """Let a rule answer from now on, or no longer."""
    check_rule(rule, by)
    if rule.is_archived:
        raise InvalidReplyRule(_("This automatic reply is archived."))
    same = ReplyRule.objects.filter(pk=rule.pk, is_on=not is_on)
    if same.update(is_on=is_on, changed_at=at):
        rule.refresh_from_db()
        _record(ReplyRuleChanged(rule=rule.pk, fields=["is_on"]), rule, by, at)


@transaction.atomic
def archive(*, rule: ReplyRule, by: Staff, at: datetime) -> None:
    """Switch a rule off for good. What it answered stays."""
    check_rule(rule, by)
    same = ReplyRule.objects.filter(pk=rule.pk, is_archived=False)
    if same.update(is_archived=True, is_on=False, changed_at=at):
        rule.refresh_from_db()
        _record(ReplyRuleArchived(rule=rule.pk), rule, by, at)


@transaction.atomic
def move(*, rule: ReplyRule, position: int, by: Staff, at: datetime) -> None:
    """Put a rule at a position of the list, which counts from 0."""
    check_rule(rule, by)
    listed = [each for each in list_all(by=by) if each.pk != rule.pk]
    listed.insert(max(0, min(position, len(listed))), rule)
    for number, each in enumerate(listed, start=1):
        ReplyRule.objects.filter(pk=each.pk).update(position=number)
    rule.refresh_from_db()
    _record(ReplyRuleChanged(rule=rule.pk, fields=["position"]), rule, by, at)


def _apply(rule: ReplyRule, fields: dict[str, Any]) -> None:
    unknown = set(fields) - set(FIELDS)
    if unknown:
        raise InvalidReplyRule(
            _("An automatic reply has no field “%(field)s”.") % {"field": min(unknown)}
        )
    for name, value in fields.items():
        setattr(rule, name, value)
    rule.name = names.clean(rule.name or "")
    rule.text = templates.unify_line_ends(rule.text or "").strip()
    rule.words = list(clean_words(rule.words or (), rule.match))
    rule.groups = sorted(set(rule.groups or ()))


def clean_words(words: Iterable[str], match: str) -> Iterable[str]:
    """The words as messages are compared with them, each once."""
    cleaned = [rule_matching.normalise(str(word)) for word in words]
    if match == Match.MENU:
        cleaned = [word.lstrip("0") or "0" if word else "" for word in cleaned]
    return dict.fromkeys(word for word in cleaned if word)


def _record(fact: ReplyRuleFact, rule: ReplyRule, by: Staff, at: datetime) -> None:
    facts.record(fact, community=rule.community, by=by, at=at)


# Reads


def list_active(community: Community) -> list[ReplyRule]:
    """The rules that are on, in their order."""
    rows = ReplyRule.objects.filter(community=community, is_on=True, is_archived=False)
    return list(rows.select_related("community").order_by("position", "pk"))


def list_all(*, by: Staff) -> list[ReplyRule]:
    """The rules that are not archived, in their order."""
    permissions.check_may(by, conversations.VIEW)
    rows = ReplyRule.objects.filter(community=by.community, is_archived=False)
    return list(rows.select_related("community", "by").order_by("position", "pk"))


def get(*, by: Staff, pk: int) -> ReplyRule:
    permissions.check_may(by, conversations.VIEW)
    rows = ReplyRule.objects.filter(community=by.community)
    found = rows.select_related("community", "by").filter(pk=pk).first()
    if found is None:
        raise ReplyRuleNotFound(_("There is no such automatic reply."))
    return found


@dataclass(frozen=True)
class Trial:
    """A pasted message and the rule that would answer it, None if none would."""

    text: str
    rule: ReplyRule | None
    word: str


def try_texts(
    *,
    texts: Iterable[str],
    by: Staff,
    group: int | None = None,
    rules: Iterable[ReplyRule] | None = None,
) -> list[Trial]:
    """What would answer each of these messages, at any hour; nothing is sent."""
    listed = list(list_all(by=by) if rules is None else rules)
    if group is not None:
        group_visibility.check(by=by, groups=[group])
    return [_try(text, listed, group) for text in texts]


def _try(text: str, rules: list[ReplyRule], group: int | None) -> Trial:
    for rule in rules:
        spec = rule_matching.spec_of(rule)
        if not rule_matching.is_in_scope(spec, group):
            continue
        if word := rule_matching.find_word(spec, text):
            return Trial(text, rule, word)
    return Trial(text, None, "")
