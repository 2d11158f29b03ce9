"""Tag rules, plans and runs in the words of the pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.console.tag_rules import forms
from qunce.core import errors
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.members.rule_text import contact_masks
from qunce.members.tag_rules import events, planning, previews, runs, tag_states
from qunce.members.tag_rules import tag_rules as rules
from qunce.members.tag_rules.conditions import EventCondition, RuleCondition
from qunce.members.tag_rules.models import TagRule, TagRuleChange, TagRuleRun
from qunce.members.tag_rules.planning import Change
from qunce.members.tag_rules.previews import Plan
from qunce.members.tags.models import Tag
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

PEOPLE_PER_PAGE = 20


@dataclass(frozen=True)
class RuleRow:
    rule: TagRule
    sentence: str
    effects: str
    holders: int
    run: TagRuleRun | None
    problem: str


@dataclass(frozen=True)
class ChangeRow:
    """What happens to how many members, and why."""

    index: int
    kind: str
    label: str
    tag: Tag
    reason: str
    people: BitMap
    url: str
    is_chosen: bool

    @property
    def count(self) -> int:
        return len(self.people)


@dataclass(frozen=True)
class PersonRow:
    """`why` are sentences; those that are not met are marked."""

    person: int
    name: str
    why: Sequence[tuple[str, bool]] = ()


# Rules


def rule_rows(found: Sequence[TagRule], by: Staff) -> list[RuleRow]:
    latest = runs.latest_runs(found)
    return [
        RuleRow(
            rule,
            sentence_of(rule, by),
            effects_of(rule),
            len(tag_states.people_by_rule(rule.source)),
            latest.get(rule.pk),
            rules.find_problem(rule),
        )
        for rule in found
    ]


def sentence_of(rule: TagRule, by: Staff) -> str:
    """The condition in words; what is wrong with it if it cannot be read any more."""
    try:
        condition, _effects = rules.load(rule)
    except errors.QunceError:
        kind = forms.kind_of(rule)
        return str(forms.KINDS[kind][0])
    if isinstance(condition, RuleCondition):
        condition = RuleCondition(contact_masks.masked(condition.rule, by))
    elif isinstance(condition, EventCondition):
        condition = replace(
            condition,
            source=contact_masks.masked(condition.source, by),
            words=tuple(contact_masks.masked(list(condition.words), by)),
        )
    return condition.phrase(rule.community)


def effects_of(rule: TagRule) -> str:
    try:
        _condition, effects = rules.load(rule)
    except errors.QunceError:
        return _(", ").join(f"“{each['tag']}”" for each in rule.effects)
    return _("; ").join(effect.phrase() for effect in effects)


def run_summary(run: TagRuleRun) -> str:
    """Such as “12 gained, 3 lost”."""
    parts = []
    if run.gained:
        text = ngettext("%(n)s tag given", "%(n)s tags given", run.gained)
        parts.append(text % {"n": f"{run.gained:,}"})
    if run.lost:
        text = ngettext("%(n)s tag removed", "%(n)s tags removed", run.lost)
        parts.append(text % {"n": f"{run.lost:,}"})
    if run.deepened:
        text = ngettext("%(n)s depth changed", "%(n)s depths changed", run.deepened)
        parts.append(text % {"n": f"{run.deepened:,}"})
    if run.kept:
        text = ngettext("%(n)s left as it is", "%(n)s left as they are", run.kept)
        parts.append(text % {"n": f"{run.kept:,}"})
    return _(", ").join(parts) or _("nothing to change")


# Changes


def rows_of_plan(
    plan: Plan, chosen: int, query: Mapping[str, object]
) -> list[ChangeRow]:
    changes = [each for each in plan.changes if each.kind != planning.ADOPTED]
    names = _names(change.other for change in changes)
    address = reverse("tag_rules:dry-run", args=[plan.rule.pk])
    return [
        ChangeRow(
            index,
            change.kind,
            label_of(change.kind),
            plan.tags[change.tag],
            reason_of(change, plan.tags[change.tag], names),
            change.people,
            f"{address}?{urlencode({**query, 'change': index})}#people",
            index == chosen,
        )
        for index, change in enumerate(changes)
    ]


def rows_of_run(run: TagRuleRun, chosen: int) -> list[ChangeRow]:
    address = reverse("tag_rules:run-detail", args=[run.pk])
    found = runs.list_changes(run)
    names = _names(row.other_id for row in found)
    return [
        ChangeRow(
            index,
            row.kind,
            label_of(row.kind),
            row.tag,
            reason_of(_to_change(row), row.tag, names),
            bitmaps.from_bytes(row.blob),
            f"{address}?{urlencode({'change': index})}#people",
            index == chosen,
        )
        for index, row in enumerate(found)
    ]


def _to_change(row: TagRuleChange) -> Change:
    people = bitmaps.from_bytes(row.blob)
    return Change(row.kind, row.tag_id, people, row.reason, row.other_id, row.amount)


def _names(ids: Iterable[int | None]) -> dict[int, str]:
    found = TagRule.objects.in_bulk({pk for pk in ids if pk is not None})
    return {pk: rule.name for pk, rule in found.items()}


def label_of(kind: str) -> str:
    return {
        planning.GAINED: _("Get the tag"),
        planning.LOST: _("Lose the tag"),
        planning.DEEPENED: _("Get another depth"),
        planning.KEPT: _("Stay as they are"),
    }[kind]


def reason_of(change: Change, tag: Tag, names: Mapping[int, str]) -> str:
    """Why these members change or not, in one sentence."""
    words = {
        "rule": names.get(change.other or 0, ""),
        "tag": tag.name,
        "n": change.amount,
    }
    sentences = {
        planning.RULE: _("because of the rule “%(rule)s”"),
        planning.BY_HAND: _("somebody has removed the tag by hand"),
        planning.NOT_BY_RULE: _(
            "they have another tag of the group that was not given by a rule"
        ),
        planning.REPLACED: _("another tag of the group takes its place"),
        planning.NO_LONGER: _("the condition does not hold any more"),
        events.CHAIN: _("the event was caused by the rule “%(rule)s” itself"),
    }
    if change.reason:
        return sentences[change.reason] % words
    if change.is_added:
        return _("+%(n)s to the depth") % words
    if change.kind == planning.DEEPENED and change.amount:
        return _("to ×%(n)s") % words
    return _("the condition holds")


# People


def person_rows(
    people: Sequence[int],
    *,
    by: Staff,
    at: datetime,
    plan: Plan | None = None,
) -> list[PersonRow]:
    """The people whom `by` sees, with the reasons of a plan."""
    seen = visibility.list_visible(by=by, accounts=bitmaps.of(people), at=at)
    names = dict(account_queries.list_names(seen))
    keys = account_queries.keys_by_id(by.community, seen)
    return [
        PersonRow(
            person,
            names.get(person) or keys.get(person, ""),
            _why(plan, person, by, at) if plan else (),
        )
        for person in seen
    ]


def _why(plan: Plan, person: int, by: Staff, at: datetime) -> list[tuple[str, bool]]:
    if trigger := plan.triggers.get(person):
        condition, _effects = rules.load(plan.rule)
        moment = trigger.happened_at.astimezone().strftime("%Y-%m-%d %H:%M")
        text = _("%(event)s on %(moment)s") % {
            "event": facts.label_of(trigger.kind),
            "moment": moment,
        }
        if isinstance(condition, EventCondition) and condition.words:
            found = _(", ").join(f"“{word}”" for word in condition.find_words(trigger))
            text = _("%(text)s, with %(words)s") % {"text": text, "words": found}
        return [(text, True)]
    reasons = previews.explain(plan=plan, person=person, by=by, at=at)
    return [
        (reason.text, reason.holds == reason.expected)
        for reason in reasons
        if reason.path or not reason.holds
    ]
