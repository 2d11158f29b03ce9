"""Patrol rounds: what is unseen, and one group after the other."""

from __future__ import annotations

import pytest

from qunce.core import permissions, timestamps
from qunce.core.communities import Community
from qunce.core.facts import interned_names
from qunce.core.staff.models import Staff
from qunce.groups import groups
from qunce.groups.groups import Group
from qunce.groups.lists import lists
from qunce.groups.moderation.actions import executor
from qunce.groups.moderation.cases import cases
from qunce.groups.moderation.models import Action, CaseSource, CaseState, Mode, Rung
from qunce.groups.patrol import rounds
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.message_texts import NewText
from tests import factories
from tests.factories import AT, HOUR, LATER

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Community:
    return factories.community()


@pytest.fixture
def owner(shop: Community) -> Staff:
    return factories.staff(shop)


def say(group: Group, account: int, *texts: str, hours: float = 0) -> None:
    source = interned_names.ensure("source", group.community_id, ["test"])["test"]
    start = timestamps.to_micros(AT + hours * HOUR)
    new = [
        NewText(f"{group.pk}:{start}:{index}", account, group.pk, start + index, text)
        for index, text in enumerate(texts)
    ]
    message_texts.store(group.community, source, new)


def unseen(by: Staff, at: object = None) -> dict[str, tuple[int, int, int]]:
    listed = rounds.list_unseen(by=by, at=LATER if at is None else at)  # type: ignore[arg-type]
    return {each.group.key: (each.messages, each.joins, each.leaves) for each in listed}


def test_round_counts_what_is_unseen_and_ends(shop: Community, owner: Staff) -> None:
    kim, sam = factories.members(shop, "kim", "sam")
    north, south = factories.group(shop, "north"), factories.group(shop, "south")
    factories.group(shop, "quiet")
    groups.add_members(group=north, accounts=[kim, sam], by=owner, at=AT + HOUR)
    groups.remove_members(group=north, accounts=[sam], by=owner, at=AT + 2 * HOUR)
    say(north, kim, "a", "b", hours=1)
    say(south, kim, "c", hours=1)
    assert unseen(owner) == {"north": (2, 1, 1), "south": (1, 0, 0), "quiet": (0, 0, 0)}
    assert list(unseen(owner)) == ["north", "south", "quiet"]
    assert rounds.find_next(after=None, by=owner, at=LATER) == north
    shown = rounds.view(group=north, by=owner, at=LATER)
    assert [message.text for message in shown.messages] == ["a", "b"]
    assert [(m.account, m.has_left) for m in shown.movements] == [
        (kim, False),
        (sam, True),
    ]
    rounds.mark_seen(group=north, until=shown.until, by=owner, at=LATER)
    assert rounds.find_next(after=north, by=owner, at=LATER) == south
    rounds.mark_seen(group=south, until=LATER, by=owner, at=LATER)
    assert rounds.find_next(after=south, by=owner, at=LATER) is None
    say(north, kim, "d", hours=25)
    assert unseen(owner, AT + 26 * HOUR)["north"] == (1, 0, 0)


def test_marks_are_kept_for_each_staff_member(shop: Community, owner: Staff) -> None:
    (kim,) = factories.members(shop, "kim")
    north = factories.group(shop, "north")
    bob = factories.staff(shop, "operator", "bob")
    say(north, kim, "a", hours=1)
    rounds.mark_seen(group=north, until=LATER, by=owner, at=LATER)
    assert unseen(owner)["north"][0] == 0
    assert unseen(bob)["north"][0] == 1


def test_mark_goes_back_only_when_it_is_undone(shop: Community, owner: Staff) -> None:
    (kim,) = factories.members(shop, "kim")
    north = factories.group(shop, "north")
    say(north, kim, "a", hours=1)
    rounds.mark_seen(group=north, until=LATER, by=owner, at=LATER)
    rounds.mark_seen(group=north, until=AT, by=owner, at=LATER)
    assert unseen(owner)["north"][0] == 0
    rounds.unmark(group=north, since=AT, by=owner, at=LATER)
    assert unseen(owner)["north"][0] == 1


def test_mark_never_reaches_the_future(shop: Community, owner: Staff) -> None:
    (kim,) = factories.members(shop, "kim")
    north = factories.group(shop, "north")
    rounds.mark_seen(group=north, until=LATER + 9 * HOUR, by=owner, at=AT)
    say(north, kim, "a", hours=1)
    assert unseen(owner)["north"][0] == 1


def test_owners_walk_their_own_groups(shop: Community, owner: Staff) -> None:
    bob = factories.staff(shop, "operator", "bob")
    factories.group(shop, "north", owner=bob)
    factories.group(shop, "south")
    assert list(unseen(bob)) == ["north"]
    assert list(unseen(owner)) == ["north", "south"]


def test_more_than_a_page_stays_unseen(
    shop: Community, owner: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "MAX_SHOWN", 2)
    (kim,) = factories.members(shop, "kim")
    north = factories.group(shop, "north")
    say(north, kim, "a", "b", "c", hours=1)
    shown = rounds.view(group=north, by=owner, at=LATER)
    assert ([m.text for m in shown.messages], shown.more) == (["a", "b"], 1)
    rounds.mark_seen(group=north, until=shown.until, by=owner, at=LATER)
    assert unseen(owner)["north"][0] == 1


def test_hidden_groups_are_not_on_the_round(shop: Community, owner: Staff) -> None:
    factories.group(shop, "north")
    south = factories.group(shop, "south")
    clerk = factories.staff(shop, "operator", "clerk", groups=["north"])
    assert list(unseen(clerk)) == ["north"]
    with pytest.raises(groups.GroupNotFound):
        rounds.view(group=south, by=clerk, at=LATER)
    with pytest.raises(permissions.NotAllowed):
        rounds.list_unseen(by=factories.staff(shop, "viewer", "vic"), at=LATER)


def test_removal_is_a_task_where_the_channel_cannot(
    shop: Community, owner: Staff
) -> None:
    (kim,) = factories.members(shop, "kim")
    north = factories.group(shop, "north", kim, platform="wechat")
    first = rounds.ask_removal(group=north, account=kim, by=owner, at=LATER)
    again = rounds.ask_removal(group=north, account=kim, by=owner, at=LATER)
    assert first == again
    executor.run_due(at=LATER)
    assert Action.objects.get().state == "with_staff"


def test_exempt_members_are_not_removed(shop: Community, owner: Staff) -> None:
    (kim,) = factories.members(shop, "kim")
    north = factories.group(shop, "north", kim)
    lists.add(community=shop, list_name="white", account=kim, by=owner, at=AT)
    with pytest.raises(rounds.ExemptMember):
        rounds.ask_removal(group=north, account=kim, by=owner, at=LATER)
    assert not Action.objects.exists()


def test_open_case_is_unseen_once(shop: Community, owner: Staff) -> None:
    north = factories.group(shop, "north")
    cases.open_case(
        group=north,
        by=None,
        at=AT + HOUR,
        source=CaseSource.RULE,
        judged_key="$1",
        text="adverts",
        happened_at=AT + HOUR,
        mode=Mode.PROPOSE,
        rung=Rung.DELETE,
        state=CaseState.OPEN,
    )
    assert rounds.find_next(after=None, by=owner, at=LATER) == north
    rounds.mark_seen(group=north, until=LATER, by=owner, at=LATER)
    assert rounds.find_next(after=None, by=owner, at=LATER) is None
    # It is still shown to whoever opens the group.
    assert len(rounds.view(group=north, by=owner, at=LATER).open_cases) == 1
