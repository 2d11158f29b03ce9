"""Questions to both sides of a world, whose answers must be the same."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from qunce.core import errors
from qunce.sets import audiences
from tests.oracle import questions
from tests.oracle.clauses import Rule
from tests.oracle.oracle import Oracle

if TYPE_CHECKING:
    from tests.oracle.world import World


def compare(world: World, rule: Rule, at: datetime, scope: Rule | None = None) -> None:
    """Ask both; where they differ, fail with the smallest part of the rule that differs."""
    try:
        _compare(world, rule, at, scope)
    except Exception:
        for part in questions.list_parts(rule):
            compare(world, part, at, scope)
        raise


def _compare(world: World, rule: Rule, at: datetime, scope: Rule | None) -> None:
    people = Oracle(world.plain, at, scope).members(rule)
    expected = sorted(world.ids[person[0]] for person in people)
    by = world.staff(scope)
    ids = audiences.list_ids(community=world.qunce, rule=rule, by=by, at=at)
    assert ids == expected, f"{rule} at {at} for {scope}"
    count = audiences.count(community=world.qunce, rule=rule, by=by, at=at)
    assert count == len(expected), f"{rule} at {at} for {scope}"


def compare_reasons(
    world: World, rule: Rule, at: datetime, key: str, scope: Rule | None = None
) -> None:
    """Compare the reasons for a person, named by any of their accounts."""
    oracle = Oracle(world.plain, at, scope)
    person = world.plain.person_of(key)
    try:
        explanation = audiences.explain(
            community=world.qunce,
            rule=rule,
            by=world.staff(scope),
            at=at,
            account=world.ids[key],
        )
    except errors.NotFound:
        seen = {"with_left": scope}
        assert scope is not None
        assert not Oracle(world.plain, at, None).is_in(seen, person)
        return
    assert explanation.holds == oracle.is_in(rule, person), f"{rule} at {at} for {key}"
    clauses = list(oracle.explain(rule, person))
    if scope is not None:
        clauses = [*oracle.explain(scope, person), *clauses]
    presence, *reasons = explanation.reasons
    assert presence.holds == world.plain.is_present(person, at)
    results = [reason.holds for reason in reasons]
    assert results == [holds for _, holds in clauses], f"{rule} at {at} for {key}"
