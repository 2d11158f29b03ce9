"""Fired rules: those whose checks find something in a message, and whose conditions hold."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from qunce.core import errors
from qunce.core.staff import models as staff_models
from qunce.groups.groups import Membership
from qunce.groups.moderation.checks.findings import Finding, list_hard
from qunce.groups.moderation.checks.subjects import Subject
from qunce.groups.moderation.ladders import ladders
from qunce.groups.moderation.models import Rule
from qunce.groups.moderation.rules import check_states, conditions
from qunce.groups.moderation.rules.conditions import Circumstances
from qunce.members.accounts import queries as account_queries
from qunce.sets import audiences

if TYPE_CHECKING:
    from qunce.groups.groups import Group

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Found:
    """A rule that fired, with what its checks found."""

    rule: Rule
    findings: Sequence[Finding]

    @property
    def only_model(self) -> bool:
        return not list_hard(self.findings)

    def to_json(self) -> list[dict[str, Any]]:
        own = {
            "rule": self.rule.key,
            "name": self.rule.name,
            "version": self.rule.version,
        }
        return [own | finding.to_json() for finding in self.findings]


def find(
    running: Iterable[Rule], group: Group, subject: Subject, *, at: datetime
) -> list[Found]:
    """The rules whose checks find something and whose conditions hold.

    A rule that cannot be evaluated any more fires for nobody, and is logged.
    """
    found = []
    for rule in running:
        try:
            findings = check_states.judge(rule, group, subject, at)
            if findings and _conditions_hold(
                rule, group, int(subject.account), subject, at
            ):
                ladders.steps_of(rule.ladder)
                found.append(Found(rule, findings))
        except (errors.QunceError, *check_states.DAMAGED):
            # Its messages are judged by the other rules, and stored.
            log.exception("rule %s of moderation cannot be evaluated", rule.pk)
    return found


def _conditions_hold(
    rule: Rule, group: Group, account: int, subject: Subject, at: datetime
) -> bool:
    wanted = rule.conditions
    return conditions.holds(
        wanted,
        Circumstances(
            group=group.key,
            minute=conditions.minute_of_day(group.community, subject.happened_at),
            days_in_group=_days_in_group(group, account, subject.happened_at)
            if "newcomer_days" in wanted
            else None,
            is_among_members=_is_among(rule, account, at)
            if "members" in wanted
            else None,
        ),
    )


def _days_in_group(group: Group, account: int, moment: datetime) -> float | None:
    """How long the person has been in the group; None if they are not known there."""
    accounts = account_queries.account_ids_of_person(account)
    rows = Membership.objects.filter(group=group, account_id__in=accounts, present=True)
    joined = rows.order_by("joined_at").values_list("joined_at", flat=True).first()
    return None if joined is None else (moment - joined) / timedelta(days=1)


def _is_among(rule: Rule, account: int, at: datetime) -> bool:
    by = staff_models.system(rule.community)
    try:
        people = audiences.people(
            community=rule.community, rule=rule.conditions["members"], by=by, at=at
        )
    except errors.Invalid:
        log.warning("the members of rule %s cannot be evaluated", rule.pk)
        return False
    return account in people
