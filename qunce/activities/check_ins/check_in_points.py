"""Points of check-ins that are struck out or count again.

The present state of a check-in decides, and not the fact that is reacted to: facts of two
kinds about one check-in arrive by kind, and one on which a reaction failed arrives later.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING

from django.db import models

from qunce.activities.check_ins.models import CheckIn
from qunce.activities.points import earning, point_reactions, reversals, rules
from qunce.activities.points.models import EntryKind, Event, PointEntry, PointRule
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.facts import RecordedFact


def earn(*, community: Community, facts: Sequence[RecordedFact], at: datetime) -> None:
    """Reaction to recorded check-ins: earn by the rules, but not for struck-out ones."""
    point_reactions.earn(community=community, facts=facts, at=at)
    take_back(community=community, facts=facts, at=at)


def take_back(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to struck-out check-ins: take back what they earned, each time they did."""
    struck_out = _find_struck_out(community, facts)
    for fact in facts:
        if fact.payload.get("check_in") not in struck_out:
            continue
        for key in _keys(fact):
            # Also by rules that have been switched off since.
            if not _earned(community, key).exists():
                break
            reversals.reverse_source(
                community=community, source_key=key, by=None, at=at
            )


def earn_again(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to restored check-ins: earn again what was taken back, if they count now."""
    struck_out = _find_struck_out(community, facts)
    active = rules.list_active(community, Event.CHECK_IN)
    for fact in facts:
        if fact.payload["check_in"] in struck_out:
            continue
        for rule in active:
            last, key = _find_last(rule, fact)
            if last is None or not _is_taken_back(last):
                continue
            again = [
                dataclasses.replace(first, key=key)
                for first in point_reactions.list_earnings(rule, [fact])
            ]
            earning.earn_many(
                community=community, rule=rule, earnings=again, by=None, at=at
            )


def _find_struck_out(community: Community, facts: Sequence[RecordedFact]) -> set[int]:
    found: set[int] = set()
    chosen = {int(fact.payload.get("check_in", 0)) for fact in facts}
    for chunk in account_queries.chunks(sorted(chosen)):
        rows = CheckIn.objects.filter(
            pk__in=chunk, activity__community=community, struck_out_at__isnull=False
        )
        found.update(rows.values_list("pk", flat=True))
    return found


def _keys(fact: RecordedFact) -> Iterator[str]:
    """The keys under which a check-in earns, at first and after each restoring."""
    first = point_reactions.key_of(Event.CHECK_IN, fact)
    yield first
    for number in count(2):
        yield f"{first}/{number}"


def _earned(community: Community, key: str) -> models.QuerySet[PointEntry]:
    chosen = PointRule.objects.filter(community=community, event=Event.CHECK_IN)
    return PointEntry.objects.filter(
        rule_id__in=chosen.values("pk"),
        key=key,
        kind=EntryKind.EARN,
        community_id=community.pk,
    )


def _find_last(rule: PointRule, fact: RecordedFact) -> tuple[PointEntry | None, str]:
    """What a check-in earned last by a rule, and the key under which it earns next."""
    last = None
    for key in _keys(fact):
        entry = earning.find(rule, key)
        if entry is None:
            break
        last = entry
    return last, key


def _is_taken_back(entry: PointEntry) -> bool:
    return PointEntry.objects.filter(of_id=entry.pk, kind=EntryKind.REVERSE).exists()
