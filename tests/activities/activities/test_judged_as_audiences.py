"""Who may join when everybody may is who an audience of everybody holds."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from qunce.activities import eligibility
from qunce.members.accounts import queries as account_queries
from qunce.sets import audiences
from tests import factories, shares
from tests.activities import running
from tests.factories import AT

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]
COMMUNITIES, PEOPLE = 300 if shares.IS_EXACT else 8, 5
DAY = timedelta(days=1)
LONG_AGO = AT - 4 * DAY


@pytest.mark.parametrize("seed", range(COMMUNITIES))
def test_everybody_who_may_join_is_in_the_audience(seed: int) -> None:
    """Members joined before the question, after it or without a time, some of them left,
    two of them are one person, and the community itself may be younger than the question.
    """
    dice = random.Random(seed)  # noqa: S311 - not for secrets
    created = AT + dice.randint(-2, 2) * DAY
    shop = factories.community(at=created)
    by = factories.staff(shop)
    keys = [f"m{number}" for number in range(PEOPLE)]
    for key in keys:
        times = [None, *(AT + days * DAY for days in range(-3, 4))]
        factories.member(shop, key, joined_at=dice.choice(times), at=max(AT, created))
    for key in keys:
        if dice.random() < 0.3:
            factories.leave(shop, key, at=LONG_AGO)
    if dice.random() < 0.5:
        left, right = dice.sample(keys, 2)
        factories.merge(shop, left, right, at=LONG_AGO)
    activity = running.draft(by, starts_at=LONG_AGO)
    for days in range(-3, 4):
        at = AT + days * DAY
        people = audiences.people(community=shop, rule={"all": []}, by=by, at=at)
        for account in factories.account_ids(shop, tuple(keys)):
            accounts = account_queries.account_ids_of_person(account)
            refusal = eligibility.judge_person(activity, account, accounts, at)
            assert (refusal is None) == (accounts[0] in people), (days, account)
