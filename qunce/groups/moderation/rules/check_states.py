"""What checks remember between messages, in rows that outlive the process."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction

from qunce.core import personal_texts, timestamps
from qunce.groups.groups import Group
from qunce.groups.moderation.checks.base import CompiledCheck, Judgement, Scope
from qunce.groups.moderation.checks.findings import Finding
from qunce.groups.moderation.checks.subjects import Subject
from qunce.groups.moderation.models import CheckState, Rule
from qunce.groups.moderation.rules import rule_checks

log = logging.getLogger(__name__)
DAMAGED = (AttributeError, LookupError, TypeError, ValueError)
"""What reading stored JSON raises that Qunce has not written so."""
KEPT = timedelta(days=8)
"""Longer than the longest window of a check."""


def place_of(index: int, check: CompiledCheck, subject: Subject) -> str:
    return f"{index}:{subject.account if check.scope == Scope.PERSON else ''}"


def judge(rule: Rule, group: Group, subject: Subject, at: datetime) -> list[Finding]:
    """What the checks of a rule find, with their states read, locked and written."""
    compiled = rule_checks.of_rule(rule)
    if compiled.is_stateless:
        return rule_checks.judge_stateless(compiled, subject)
    places = {
        place_of(index, check, subject): index
        for index, check in enumerate(compiled.checks)
        if check.scope != Scope.NONE
    }
    stored = _lock(rule, group, list(places))
    findings: list[Finding] = []
    changed: dict[str, Mapping[str, Any]] = {}
    for index, check in enumerate(compiled.checks):
        place = place_of(index, check, subject)
        judgement = _judge(check, subject, stored.get(place))
        findings += judgement.findings
        if check.scope == Scope.NONE or judgement.state is None:
            continue
        # After a penalty the person begins anew.
        is_hit = bool(judgement.findings) and check.scope == Scope.PERSON
        state = judgement.state
        changed[place] = check.clear(state, subject.account) if is_hit else state
    for place, state in changed.items():
        CheckState.objects.update_or_create(
            rule=rule,
            version=rule.version,
            group=group,
            place=place,
            defaults={"state": dict(state), "changed_at": at},
        )
    return findings


def _judge(check: CompiledCheck, subject: Subject, state: Any) -> Judgement:
    """Judge with a stored state; one that cannot be read is forgotten."""
    try:
        return check.judge(subject, state)
    except DAMAGED:
        if state is None:
            raise
        log.exception("a stored state of a check cannot be read, and begins anew")
        return check.judge(subject, None)


def _lock(rule: Rule, group: Group, places: list[str]) -> dict[str, Any]:
    rows = CheckState.objects.select_for_update().filter(
        rule=rule, version=rule.version, group=group, place__in=places
    )
    return dict(rows.order_by("place").values_list("place", "state"))


def forget_person(group: Group, account: int, at: datetime) -> None:
    """Remove what a person did from all states of a group, after an undo."""
    rows = CheckState.objects.select_for_update().filter(group=group)
    for row in rows.select_related("rule").order_by("pk"):
        index, _colon, own = row.place.partition(":")
        if own == str(account):
            row.delete()
        elif not own and row.version == row.rule.version:
            check = rule_checks.compile_checks(row.rule.checks).checks[int(index)]
            row.state = dict(check.clear(row.state, str(account)))
            row.save(update_fields=["state"])


def begin_anew(group: Group, check: str, at: datetime) -> None:
    """Let all checks of a kind forget what there was in a group before."""
    rows = CheckState.objects.select_for_update().filter(group=group)
    for row in rows.select_related("rule").order_by("pk"):
        if row.version != row.rule.version:
            continue
        index = int(row.place.partition(":")[0])
        compiled = rule_checks.of_rule(row.rule)
        if compiled.keys[index] == check:
            row.state = dict(compiled.checks[index].clear(row.state, ""))
            row.changed_at = at
            row.save(update_fields=["state", "changed_at"])


@personal_texts.register
def erase(person: personal_texts.ErasedPerson) -> None:
    """Forget the windows of the community, which name accounts and have texts."""
    with transaction.atomic():
        rows = CheckState.objects.filter(group__community_id=person.community_id)
        own = models.Q(pk__in=[])
        for account in person.accounts:
            own |= models.Q(place__endswith=f":{account}")
        rows.filter(own | models.Q(place__endswith=":")).delete()


def prune(*, at: datetime) -> None:
    """Delete states that no window reaches any more."""
    rows = CheckState.objects.filter(changed_at__lt=timestamps.to_micros(at - KEPT))
    rows.delete()
