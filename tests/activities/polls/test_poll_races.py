"""Votes of one person at the same time: one vote, whichever is last."""

from __future__ import annotations

from functools import partial

import pytest

from qunce.activities.activities.models import Activity, Entry, Way
from qunce.activities.kinds import base
from qunce.activities.polls import results
from qunce.activities.polls.models import Ballot
from qunce.core.staff.models import Staff
from tests import factories, threads
from tests.activities.polls.polls import open_poll
from tests.factories import AT

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


def vote(activity_id: int, account: int, said: str, key: str) -> base.Reply:
    activity = Activity.objects.select_related("community").get(pk=activity_id)
    return base.take_part(
        activity=activity,
        account_id=account,
        way=Way.PORTAL,
        said=said,
        key=key,
        at=AT,
    )


def test_two_votes_of_a_person_at_the_same_time_are_one(by: Staff) -> None:
    shop = by.community
    activity = open_poll(by)
    ann, ann2, bob = factories.members(shop, "ann", "ann2", "bob")
    factories.merge(shop, "ann", "ann2")
    tasks = [
        partial(vote, activity.pk, account, "ABC"[n % 3], f"{account}-{n}")
        for n in range(8)
        for account in (ann, ann2, bob)
    ]
    replies = threads.run(*tasks)
    assert all(reply.text for reply in replies)
    assert (Ballot.objects.count(), Entry.objects.count()) == (2, 2)
    found = results.collect(activity, AT)
    assert (found.voters, sum(share.votes for share in found.shares)) == (2, 2)


def test_a_vote_that_cannot_change_is_the_first_one_only(by: Staff) -> None:
    activity = open_poll(by, may_change=False)
    (bob,) = factories.members(by.community, "bob")
    replies = threads.run(
        *[partial(vote, activity.pk, bob, "ABC"[n % 3], f"{n}") for n in range(15)]
    )
    assert [reply.accepted for reply in replies].count(True) == 1
    (stored,) = Ballot.objects.values_list("choices", flat=True)
    (accepted,) = [reply.text for reply in replies if reply.accepted]
    assert accepted.startswith(f"Your vote: {'ABC'[stored[0] - 1]} ")
