"""Members whose view changed, against an oracle that replays all answers (I15)."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, datetime, timedelta

import pytest

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.insight.positioning import view_changes
from qunce.insight.positioning.view_changes import InvalidComparison, ViewChange
from qunce.members.accounts import queries as account_queries
from qunce.members.attributes import attributes
from qunce.members.attributes.attributes import Attribute
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
FIRST, LAST = (AT - 20 * DAY).date(), (AT - 5 * DAY).date()
ANSWERS = ("cold", "warm", "love")
Answer = tuple[datetime, int, str | None]


@pytest.fixture
def shop() -> Community:
    return factories.community(language="en", timezone="UTC", at=AT - 60 * DAY)


@pytest.fixture
def owner(shop: Community) -> Staff:
    return factories.staff(shop)


@pytest.fixture
def view(owner: Staff) -> Attribute:
    return attributes.define(
        community=owner.community, name="view", type="text", by=owner, at=AT
    )


def answer(view: Attribute, by: Staff, answers: list[Answer]) -> None:
    for moment, account, text in answers:
        attributes.set_values(attribute=view, values={account: text}, by=by, at=moment)


def compare(by: Staff, first: date = FIRST, last: date = LAST) -> ViewChange:
    return view_changes.compare(attribute="view", first=first, last=last, by=by, at=AT)


def replay(
    answers: list[Answer], until: date, person_of: dict[int, int]
) -> dict[int, str]:
    """Go through the answers one by one; the latest account of a person counts."""
    values: dict[int, tuple[datetime, int, str]] = {}
    for moment, account, text in answers:
        if moment.date() > until:
            continue
        values.pop(account, None)
        if text is not None:
            values[account] = (moment, account, text)
    return {person_of[each[1]]: each[2] for each in sorted(values.values())}


@pytest.mark.both_databases
@pytest.mark.parametrize("seed", range(2))
def test_changes_are_those_of_a_replay(
    shop: Community, owner: Staff, view: Attribute, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - no secret
    accounts = factories.members(shop, *(f"m{n}" for n in range(40)), at=AT - 50 * DAY)
    answers: list[Answer] = []
    for _number in range(90):
        moment = AT - timedelta(days=dice.randint(1, 40), seconds=dice.randint(0, 9))
        text = dice.choice((*ANSWERS, *ANSWERS, None))
        answers.append((moment, dice.choice(accounts), text))
    answers += [(AT - 45 * DAY, account, "cold") for account in accounts]
    answers.sort(key=lambda each: each[0])
    answer(view, owner, answers)
    for number in range(0, 12, 2):
        factories.merge(shop, f"m{number}", f"m{number + 1}")
    person_of = account_queries.person_ids(accounts)
    before, after = (replay(answers, day, person_of) for day in (FIRST, LAST))
    pairs = Counter((before[each], after[each]) for each in before if each in after)
    found = compare(owner)
    assert found.people == sum(pairs.values())
    moved = {pair: count for pair, count in pairs.items() if pair[0] != pair[1]}
    assert found.changed == sum(moved.values())
    if found.is_enough:
        assert {(m.before, m.after): m.people for m in found.moves} == moved
    else:
        assert found.moves == ()


def test_few_members_are_not_enough_to_say(
    shop: Community, owner: Staff, view: Attribute
) -> None:
    accounts = factories.members(shop, *(f"m{n}" for n in range(30)), at=AT - 50 * DAY)
    answer(view, owner, [(AT - 30 * DAY, each, "cold") for each in accounts])
    answer(view, owner, [(AT - 10 * DAY, each, "love") for each in accounts[:3]])
    found = compare(owner)
    assert (found.people, found.percent) == (30, 10.0)
    assert [(each.people, each.percent) for each in found.moves] == [(3, 10.0)]
    limited = factories.staff(
        shop, "viewer", "vic", scope={"not": {"members": {"keys": ["m29"]}}}
    )
    found = compare(limited)
    assert (found.people, found.percent, found.moves) == (29, None, ())


def test_merged_accounts_are_one_member(
    shop: Community, owner: Staff, view: Attribute
) -> None:
    one, two = factories.members(shop, "a", "b", at=AT - 50 * DAY)
    answer(view, owner, [(AT - 30 * DAY, one, "cold"), (AT - 10 * DAY, two, "love")])
    factories.merge(shop, "a", "b")
    found = compare(owner)
    assert (found.people, found.changed) == (1, 1)


def test_what_cannot_be_compared_is_refused(owner: Staff, view: Attribute) -> None:
    with pytest.raises(InvalidComparison, match="comes after"):
        compare(owner, LAST, FIRST)
    with pytest.raises(InvalidComparison, match="no attribute “gone”"):
        view_changes.compare(attribute="gone", first=FIRST, last=LAST, by=owner, at=AT)
    assert compare(owner).people == 0
