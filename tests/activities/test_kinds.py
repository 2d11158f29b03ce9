"""One contract for all kinds of activities, in each of the three ways (E19).

A kind that is not prepared here, or that lacks one of the ways, fails.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.template.loader import get_template

from qunce.activities import chat, pasted_lines
from qunce.activities.activities.models import (
    Activity,
    Answer,
    Entry,
    PastedLine,
    Way,
)
from qunce.activities.kinds import base
from qunce.activities.kinds.base import Reply
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.chat_readers import ChatMessage
from qunce.groups.groups import Group
from qunce.groups.lists import lists
from qunce.members.accounts.models import Account
from qunce.members.accounts.queries import MemberNotFound
from qunce.members.people import staff_accounts
from tests import factories
from tests.activities import running
from tests.activities.auctions import builders as auction_builders
from tests.activities.draws import builders
from tests.activities.flash_sales import builders as flash_sale_builders
from tests.activities.games import builders as game_builders
from tests.activities.homework import builders as homework_builders
from tests.activities.instant_draws import builders as instant_builders
from tests.activities.live_sessions import builders as live_builders
from tests.activities.mall import builders as mall_builders
from tests.activities.meetups import builders as meetup_builders
from tests.activities.posts import builders as post_builders
from tests.activities.topics import builders as topic_builders
from tests.factories import AT

pytestmark = pytest.mark.django_db


def open_check_in(by: Staff) -> Activity:
    return running.running(by, ends_at=AT + running.HOUR)


def open_draw(by: Staff) -> Activity:
    return builders.open_draw(by).activity


def open_tiered_task(by: Staff) -> Activity:
    tier = {"text": "Two orders", "rule": "paid an order at least 2 times", "points": 5}
    return running.running(by, "tiered_task", settings={"tiers": [tier]})


def open_poll(by: Staff) -> Activity:
    rows = [{"text": text, "tag": ""} for text in ("Oolong", "Green tea")]
    return running.running(by, "poll", settings={"options": rows})


def open_instant_draw(by: Staff) -> Activity:
    return instant_builders.open_draw(by)


def open_auction(by: Staff) -> Activity:
    mall_builders.enrich(by)
    return auction_builders.open_auction(by)


def open_flash_sale(by: Staff) -> Activity:
    return flash_sale_builders.open_sale(by)


def open_mall(by: Staff) -> Activity:
    mall_builders.enrich(by)
    return mall_builders.open_mall(by)


def open_red_packet(by: Staff) -> Activity:
    return running.running(by, "red_packet", ends_at=AT + running.HOUR)


def open_quiz(by: Staff) -> Activity:
    return game_builders.quiz(by, pace="all", mode="all")


def open_riddles(by: Staff) -> Activity:
    row = game_builders.question("It is white and falls in winter", "snow")
    return game_builders.game(by, "riddle", row)


def open_guess(by: Staff) -> Activity:
    return game_builders.game(by, "guess", game_builders.question("1 to 100", "42"))


PREPARED: dict[str, Callable[[Staff], Activity]] = {
    "guess": open_guess,
    "idiom_chain": game_builders.chain,
    "quiz": open_quiz,
    "riddle": open_riddles,
    "auction": open_auction,
    "check_in": open_check_in,
    "draw": open_draw,
    "instant_draw": open_instant_draw,
    "flash_sale": open_flash_sale,
    "homework": homework_builders.open_homework,
    "mall": open_mall,
    "live_session": live_builders.open_session,
    "meetup": meetup_builders.open_meetup,
    "poll": open_poll,
    "post": post_builders.open_posts,
    "tiered_task": open_tiered_task,
    "topic": topic_builders.open_topic,
    "red_packet": open_red_packet,
}
SAID = {
    "auction": "10",
    "homework": "Grass and rain",
    "mall": "1",
    "poll": "A",
    "post": "The new oolong is lovely",
    "topic": "Thirty pages",
}
"""What a member says beside the keyword, where the kind needs that."""
KINDS = sorted(kind.key for kind in base.list_kinds())
Take = Callable[[Activity, int, Group, Staff], str]


def said_of(activity: Activity) -> str:
    return SAID.get(activity.kind, "")


def line_of(activity: Activity) -> str:
    """The keyword and what is said with it."""
    keyword = base.get(activity.kind).keywords[0]
    return f"{keyword} {said_of(activity)}".strip()


def join(activity: Activity, account: int, **fields: Any) -> Reply:
    return running.join(activity, account, said=said_of(activity), **fields)


def by_portal(activity: Activity, account: int, group: Group, by: Staff) -> str:
    return join(activity, account).text


def by_chat(activity: Activity, account: int, group: Group, by: Staff) -> str:
    message = ChatMessage(
        community=activity.community,
        account=account,
        group=group.pk,
        text=line_of(activity),
        key=f"event:{account}",
        happened_at=AT,
    )
    assert chat.read(message, at=AT)
    rows = Answer.objects.filter(activity=activity, account_id=account, source=Way.CHAT)
    return rows.values_list("text", flat=True).get()


def by_paste(activity: Activity, account: int, group: Group, by: Staff) -> str:
    name = Account.objects.get(pk=account).name
    text = f"{name}：{line_of(activity)}"
    result = pasted_lines.paste(activity=activity, group=group, text=text, by=by, at=AT)
    return "".join(row.answer for row in result.rows)


WAYS: dict[str, Take] = {"portal": by_portal, "chat": by_chat, "paste": by_paste}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=sorted(WAYS))
def take(request: pytest.FixtureRequest) -> Take:
    return WAYS[request.param]


@pytest.fixture
def shop() -> Community:
    return factories.community(language="en")


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop)


@pytest.fixture
def north(shop: Community) -> Group:
    group: Group = factories.group(
        shop, "north", *factories.named_members(shop, "bob", "bobby", "cy")
    )
    return group


def account(shop: Community, key: str) -> int:
    return factories.account_ids(shop, (key,))[0]


def test_every_kind_is_complete(kind: str) -> None:
    found = base.get(kind)
    assert kind in PREPARED
    assert found.ways == base.ALL_WAYS
    for text in (found.label, found.description):
        assert str(text).strip()
    for keyword in found.keywords:
        assert found.read_line(f"{keyword}!") is not None
    assert found.read_line("Good morning") is None
    # Raises if there is no such template.
    get_template(found.portal_template)


def test_every_kind_describes_itself(kind: str, by: Staff) -> None:
    (bob,) = factories.members(by.community, "bob")
    activity, found = PREPARED[kind](by), base.get(kind)
    assert all(line.strip() for line in found.describe(activity))
    join(activity, bob)
    public = found.portal_context(activity, None, AT)
    own = found.portal_context(activity, bob, AT)
    assert public.keys() <= own.keys()
    numbers = {
        metric.key: metric.value for metric in found.metrics(activity, [bob], AT)
    }
    assert 1 in numbers.values()
    none = {metric.key: metric.value for metric in found.metrics(activity, [], AT)}
    assert not any(none.values())


def test_a_member_takes_part_once(
    kind: str, take: Take, by: Staff, north: Group
) -> None:
    activity = PREPARED[kind](by)
    bob = account(by.community, "bob")
    assert take(activity, bob, north, by)
    assert [entry.account_id for entry in Entry.objects.all()] == [bob]
    join(activity, bob, key="another")
    assert Entry.objects.count() == 1
    joined = factories.recorded_facts(by.community, "activity.joined")
    assert [(who, payload["activity_kind"]) for who, payload in joined] == [(bob, kind)]


def leave(by: Staff, bob: int) -> None:
    factories.leave(by.community, "bob")


def blacklist(by: Staff, bob: int) -> None:
    lists.add(community=by.community, list_name="black", account=bob, by=by, at=AT)


def mark_staff(by: Staff, bob: int) -> None:
    staff_accounts.mark(accounts=[bob], by=by, at=AT)


@pytest.mark.parametrize("exclude", [leave, blacklist, mark_staff])
def test_who_may_not_join_is_answered_and_never_entered(
    kind: str,
    take: Take,
    exclude: Callable[[Staff, int], None],
    by: Staff,
    north: Group,
) -> None:
    activity = PREPARED[kind](by)
    bob = account(by.community, "bob")
    exclude(by, bob)
    text = take(activity, bob, north, by)
    assert not Entry.objects.exists()
    answer = Answer.objects.filter(activity=activity).values_list("text", "is_accepted")
    # Somebody who has left is in no group any more, so that no line is theirs.
    assert list(answer) in ([(text, False)], [])
    assert Answer.objects.exists() or not text


def test_a_merged_pair_is_one_person(
    kind: str, take: Take, by: Staff, north: Group
) -> None:
    activity = PREPARED[kind](by)
    bob, bobby = (account(by.community, key) for key in ("bob", "bobby"))
    factories.merge(by.community, "bob", "bobby")
    join(activity, bobby)
    take(activity, bob, north, by)
    assert [entry.account_id for entry in Entry.objects.all()] == [bobby]


def test_staff_enter_only_whom_they_see(kind: str, by: Staff, north: Group) -> None:
    shop = by.community
    activity = PREPARED[kind](by)
    bob, cy = (account(shop, key) for key in ("bob", "cy"))
    south = factories.group(shop, "south", bob)
    scope: dict[str, Any] = {"group": {"any": ["south"]}}
    cat = factories.staff(shop, "operator", "cat", groups=["south"], scope=scope)
    with pytest.raises(MemberNotFound):
        join(activity, cy, way=Way.STAFF, by=cat)
    assert by_paste(activity, cy, south, cat) == ""
    assert PastedLine.objects.get().state == PastedLine.State.UNSURE
    reply: Reply = join(activity, bob, way=Way.STAFF, by=cat)
    assert reply.accepted
    assert [row.account_id for row in Entry.objects.all()] == [bob]
