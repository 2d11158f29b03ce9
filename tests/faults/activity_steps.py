"""Taking part in one activity of every kind, as attempts that can be repeated after a crash.

Each round opens its own activities. Every member makes one attempt in each, under a key of
that attempt, so that the same attempt after a crash is answered like the first.
"""

from __future__ import annotations

from collections import Counter

from qunce.activities.activities.models import Activity, Answer, Entry
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities import test_kinds

KEYS = [f"joiner-{n}" for n in range(3)]
Tally = Counter[tuple[str, str]]


def prepare(shop: Community, number: int) -> list[int]:
    """Open an activity of each kind; returns their ids."""
    if number == 1:
        factories.members(shop, *KEYS)
        factories.staff(shop)
    # Two topics that run have two hashtags.
    Activity.objects.filter(kind="topic").update(state="closed")
    by = Staff.objects.get(community=shop, login="ann")
    return [test_kinds.PREPARED[kind](by).pk for kind in test_kinds.KINDS]


def run(shop: Community, activities: list[int]) -> None:
    """The attempts of a round; those that were made before change nothing."""
    from qunce import reactions
    from tests.factories import AT

    for pk in activities:
        activity = Activity.objects.select_related("community").get(pk=pk)
        for account in factories.account_ids(shop, tuple(KEYS)):
            test_kinds.join(activity, account, key=f"{pk}:{account}")
    reactions.CONSUMER.catch_up(at=AT)


def count(activities: list[int]) -> Tally:
    """What a round left, the same in every round that was not disturbed."""
    found: Tally = Counter()
    for kind, pk in zip(test_kinds.KINDS, activities, strict=True):
        entries = Entry.objects.filter(activity=pk)
        found[kind, "entries"] = entries.count()
        found[kind, "people"] = entries.values("person_id").distinct().count()
        answers = Answer.objects.filter(activity=pk)
        found[kind, "answers"] = answers.count()
        found[kind, "accepted"] = answers.filter(is_accepted=True).count()
    return found
