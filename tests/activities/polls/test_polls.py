"""E4: polls, whose votes can change and tag the voter."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.activities.activities import activities, entries, lifecycle
from qunce.activities.activities.models import Activity, Entry, Way
from qunce.activities.kinds import base, poll
from qunce.activities.kinds.base import InvalidSetting, NotBetter
from qunce.activities.polls import results
from qunce.activities.polls.models import Ballot, BallotTag
from qunce.core.staff.models import Staff
from qunce.members.accounts.models import Account
from qunce.members.people import people, person_export
from qunce.members.tags import assignments, library
from qunce.members.tags.models import Tagging
from tests import factories
from tests.activities import running
from tests.activities.polls.polls import count, open_poll, react, vote
from tests.factories import AT

pytestmark = pytest.mark.django_db


@pytest.fixture
def bob(by: Staff) -> int:
    return factories.members(by.community, "bob")[0]


def tags_of(*accounts: int) -> set[str]:
    rows = Tagging.objects.filter(account_id__in=accounts, present=True)
    found = rows.exclude(tag__group__automatic=True).values_list("tag__key", flat=True)
    return set(found)


def make_tags(by: Staff, *keys: str, **fields: Any) -> None:
    for key in keys:
        factories.tag(by.community, key, **fields)


def test_a_vote_counts_once_and_can_change(by: Staff, bob: int) -> None:
    activity = open_poll(by)
    assert vote(activity, bob, "A") == (
        "Your vote: A Oolong. You can change it until the end."
    )
    assert count(activity) == [1, 0, 0]
    assert vote(activity, bob, "green tea").startswith("Your vote is changed: B Green")
    assert vote(activity, bob, "2") == "This is your vote already: B Green tea."
    assert count(activity) == [0, 1, 0]
    facts = factories.recorded_facts(by.community, "poll.voted")
    assert [(payload["choices"], payload["is_change"]) for _who, payload in facts] == [
        (["A"], False),
        (["B"], True),
    ]


def test_what_names_no_option_joins_nobody(by: Staff, bob: int) -> None:
    activity = open_poll(by)
    assert "“Rum” is none of the options" in vote(activity, bob, "Rum")
    assert "Write the letter with it" in vote(activity, bob, "")
    assert not Entry.objects.exists()
    assert not Ballot.objects.exists()


def test_a_vote_stays_where_it_cannot_change(by: Staff, bob: int) -> None:
    activity = open_poll(by, may_change=False)
    assert vote(activity, bob, "A") == "Your vote: A Oolong."
    assert vote(activity, bob, "B") == (
        "You have voted for A Oolong. A vote cannot be changed here."
    )
    assert count(activity) == [1, 0, 0]


def test_several_options_up_to_the_most(by: Staff, bob: int) -> None:
    activity = open_poll(by, most=2)
    vote(activity, bob, "A, C")
    assert count(activity) == [1, 0, 1]
    assert "at most 2" in vote(activity, bob, "A, B, C")
    found = results.collect(activity, AT)
    assert (found.voters, [share.percent for share in found.shares]) == (
        1,
        [100, 0, 100],
    )


def test_a_line_pasted_later_does_not_change_a_newer_vote(by: Staff, bob: int) -> None:
    activity = open_poll(by)
    vote(activity, bob, "A", AT + 2 * running.HOUR)
    reply = running.join(
        activity,
        bob,
        AT + 3 * running.HOUR,
        way=Way.STAFF,
        by=by,
        said="B",
        said_at=AT + running.HOUR,
    )
    assert (reply.accepted, reply.text) == (
        False,
        "You have changed your vote since then. It is: A Oolong.",
    )
    assert count(activity) == [1, 0, 0]


def test_a_vote_gives_its_tag_and_a_changed_vote_moves_it(by: Staff, bob: int) -> None:
    make_tags(by, "likes oolong", "likes green")
    activity = open_poll(by, tags=("likes oolong", "likes green"))
    vote(activity, bob, "A")
    react()
    assert tags_of(bob) == {"likes oolong"}
    assert Tagging.objects.get(tag__key="likes oolong").source == "activity"
    vote(activity, bob, "B")
    react()
    assert tags_of(bob) == {"likes green"}
    vote(activity, bob, "C")
    react()
    assert tags_of(bob) == set()
    assert not BallotTag.objects.exists()


def test_a_tag_of_staff_or_of_another_poll_stays(by: Staff, bob: int) -> None:
    make_tags(by, "drinks tea", "likes green")
    assignments.apply(
        tag=library.get(by.community, "drinks tea"), accounts=[bob], by=by, at=AT
    )
    first = open_poll(by, tags=("drinks tea", "likes green"))
    second = open_poll(by, tags=("likes green",))
    vote(first, bob, "A")
    vote(second, bob, "A")
    react()
    assert tags_of(bob) == {"drinks tea", "likes green"}
    vote(first, bob, "B")
    react()
    assert tags_of(bob) == {"drinks tea", "likes green"}
    vote(second, bob, "B")
    react()
    assert tags_of(bob) == {"drinks tea", "likes green"}
    vote(first, bob, "C")
    react()
    assert tags_of(bob) == {"drinks tea"}


def test_a_struck_out_vote_has_no_tag_and_does_not_count(by: Staff, bob: int) -> None:
    make_tags(by, "likes oolong")
    activity = open_poll(by, tags=("likes oolong",))
    vote(activity, bob, "A")
    react()
    entry = Entry.objects.get()
    entries.strike_out(entry=entry, by=by, at=AT)
    react()
    assert (tags_of(bob), count(activity)) == (set(), [0, 0, 0])
    entries.restore(entry=entry, by=by, at=AT)
    react()
    assert (tags_of(bob), count(activity)) == ({"likes oolong"}, [1, 0, 0])


def test_an_archived_tag_is_not_given_and_the_vote_counts(by: Staff, bob: int) -> None:
    make_tags(by, "likes oolong")
    activity = open_poll(by, tags=("likes oolong",))
    library.archive(tag=library.get(by.community, "likes oolong"), by=by, at=AT)
    vote(activity, bob, "A")
    react()
    assert (tags_of(bob), count(activity)) == (set(), [1, 0, 0])


def test_of_two_merged_voters_the_newest_vote_counts(by: Staff) -> None:
    shop = by.community
    make_tags(by, "likes oolong", "likes green")
    ann, ann2 = factories.members(shop, "ann", "ann2")
    activity = open_poll(by, tags=("likes oolong", "likes green"))
    vote(activity, ann, "A")
    vote(activity, ann2, "B", AT + running.HOUR)
    react()
    assert count(activity) == [1, 1, 0]
    factories.merge(shop, "ann", "ann2")
    react()
    assert (count(activity), tags_of(ann, ann2)) == ([0, 1, 0], {"likes green"})
    factories.unmerge(shop, "ann", "ann2")
    react()
    assert count(activity) == [1, 1, 0]
    assert (tags_of(ann), tags_of(ann2)) == ({"likes oolong"}, {"likes green"})
    # Each has a vote of their own again.
    assert "changed: C" in vote(activity, ann, "C", AT + 2 * running.HOUR)
    assert count(activity) == [0, 1, 1]


def test_who_left_or_works_here_does_not_count(by: Staff, bob: int) -> None:
    shop = by.community
    (cy,) = factories.members(shop, "cy")
    activity = open_poll(by)
    vote(activity, bob, "A")
    vote(activity, cy, "A")
    assert count(activity) == [2, 0, 0]
    factories.leave(shop, "cy")
    assert count(activity) == [1, 0, 0]
    assert results.count_may_vote(activity, by=by, at=AT) == 1
    assert poll.voted_of(activity, 1, by=by, at=AT) == "1 member voted, of 1 who may."


def test_scoped_staff_count_whom_they_see(by: Staff, bob: int) -> None:
    shop = by.community
    (cy,) = factories.members(shop, "cy")
    factories.group(shop, "south", bob)
    activity = open_poll(by)
    vote(activity, bob, "A")
    vote(activity, cy, "B")
    scope: dict[str, Any] = {"group": {"any": ["south"]}}
    cat = factories.staff(shop, "operator", "cat", scope=scope)
    found = results.collect(activity, AT, by=cat)
    assert ([share.votes for share in found.shares], found.voters) == ([1, 0, 0], 1)


@pytest.mark.parametrize(
    ("shown", "seen"),
    [
        ("always", (True, True, True)),
        ("after_vote", (False, True, True)),
        ("after_end", (False, False, True)),
    ],
)
def test_members_see_the_results_when_it_says(
    shown: str, seen: tuple[bool, ...], by: Staff, bob: int
) -> None:
    activity = open_poll(by, results=shown)
    moments = [poll.portal_context(activity, bob, AT)]
    vote(activity, bob, "A")
    moments.append(poll.portal_context(activity, bob, AT))
    lifecycle.close(activity=activity, by=by, at=AT)
    moments.append(poll.portal_context(activity, None, AT))
    assert tuple(bool(each["results"]) for each in moments) == seen


def test_many_votes_are_counted_once_per_minute(
    by: Staff, bob: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "MAX_COUNTED_EACH_TIME", 0)
    activity = open_poll(by)
    (cy,) = factories.members(by.community, "cy")
    vote(activity, bob, "A")
    assert results.collect_for_page(activity, AT).voters == 1
    vote(activity, cy, "A")
    assert results.collect_for_page(activity, AT).voters == 1
    assert results.collect_for_page(activity, AT + running.HOUR).voters == 2


def change(activity: Activity, by: Staff, **settings: Any) -> None:
    values = {**activity.settings, **settings}
    activities.change(activity=activity, settings=values, by=by, at=AT)


def test_options_are_only_added_after_publication(by: Staff, bob: int) -> None:
    make_tags(by, "likes oolong")
    activity = open_poll(by)
    rows = activity.settings["options"]
    worse: list[dict[str, Any]] = [
        {"options": rows[:2]},
        {"options": [rows[1], rows[0], rows[2]]},
        {"options": [{**rows[0], "tag": "likes oolong"}, *rows[1:]]},
        {"may_change": False},
        {"results": "always"},
    ]
    for settings in worse:
        with pytest.raises(NotBetter):
            change(activity, by, **settings)
    more = {"text": "White tea", "tag": "likes oolong"}
    change(activity, by, options=[*rows, more], most=2)
    vote(activity, bob, "D, A")
    assert count(activity) == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"options": []}, "at least two options"),
        ({"options": [{"text": "B"}, {"text": "A"}]}, "could mean another option"),
        ({"options": [{"text": ""}, {"text": "A"}]}, "is required"),
        ({"options": [{"text": "x"}, {"text": "y"}], "most": 3}, "there are 2"),
        ({"options": [{"text": "x", "tag": "none"}]}, "choose something that there is"),
    ],
)
def test_what_cannot_be_voted_on_is_refused(
    settings: dict[str, Any], problem: str, by: Staff
) -> None:
    with pytest.raises(InvalidSetting, match=problem):
        running.running(by, "poll", settings=settings)


def test_the_vote_is_in_the_export_and_erased_with_the_person(
    by: Staff, bob: int
) -> None:
    activity = open_poll(by)
    vote(activity, bob, "A")
    exported = person_export.export(account=bob, by=by, at=AT).sections["votes"]
    assert [row["chosen"] for row in exported] == [["Oolong"]]
    people.erase(account=Account.objects.get(pk=bob), by=by, at=AT)
    react()
    assert not Ballot.objects.exists()
    assert count(activity) == [0, 0, 0]


def test_hostile_texts_are_escaped_and_kept(by: Staff, bob: int) -> None:
    activity = open_poll(by, "<img onerror=x>", "=HYPERLINK(1)", "𠮷‮")
    assert "C 𠮷" in vote(activity, bob, "C")
    labels = [m.label for m in base.get("poll").metrics(activity, [bob], AT)]
    assert "A <img onerror=x>" in labels
