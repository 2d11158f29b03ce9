"""Activities at a site for the walk of a member; run it as a module.

It answers each line of JSON on its input with another: `{"do": "open"}` starts a check-in
and a draw with a member of their own, and the other words do what staff do in between.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.cli.runner import environment
from tests.functional import clocked_site, live_site

if TYPE_CHECKING:
    from qunce.activities.activities.models import Activity
    from qunce.activities.prizes.models import Award
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

HOUR = timedelta(hours=1)
NAME = "王小明"


@contextmanager
def running(home: Path) -> Iterator[Any]:
    """A function `ask(do, **values)` that has it done in the home of a site."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.functional.member_site"],
        env=environment(home),
        cwd=clocked_site.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        output = process.stdout
        given = process.stdin

        def ask(do: str, **values: Any) -> Any:
            given.write(json.dumps({"do": do, **values}) + "\n")
            given.flush()
            line = output.readline()
            assert line, f"the site has ended after {do}"
            return json.loads(line)

        yield ask
        given.close()


def main() -> None:
    clocked_site.start_django()
    dos: dict[str, Callable[..., Any]] = {
        "open": open_activities,
        "poll": open_poll,
        "topic": open_topic,
        "mall": open_mall,
        "outbid": outbid,
        "survey": open_survey,
        "quiz": open_quiz,
        "chain": open_chain,
        "homework": open_homework,
        "homework_due": let_homework_be_due,
        "homework_over": let_reviews_be_over,
        "meetup": open_meetup,
        "live": live_site.open_live,
        "live_over": live_site.end_live,
        "posts": open_posts,
        "instant": open_instant,
        "reveal": reveal,
        "count": count,
        "draw": draw_winners,
        "confirm": confirm,
        "link": link,
        "send": send,
    }
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(dos[asked.pop("do")](**asked)), flush=True)


def _staff() -> tuple[Community, Staff, Staff]:
    """The community, its system and a second person who approves."""
    from qunce.core.communities import Community
    from qunce.core.staff import models as staff_models
    from qunce.core.staff.models import Staff

    community = Community.objects.order_by("pk")[0]
    by = staff_models.system(community)
    owners = Staff.objects.filter(community=community, role="owner").exclude(pk=by.pk)
    return community, by, owners.order_by("pk")[0]


def open_activities() -> dict[str, Any]:
    """A check-in and a draw of one prize, and a member with points and two links."""
    from qunce.activities.draws import draws
    from qunce.activities.points import adjustments
    from qunce.activities.prizes import prizes
    from qunce.members.accounts import accounts

    community, by, _second = _staff()
    at = datetime.now(UTC)
    check_in = _create("check_in", "每天三十页", at)
    draw = _create("draw", "周年抽奖", at, ends_at=at + HOUR)
    prize = prizes.create(
        community=community, name="紫砂壶", kind="goods", total=1, by=by, at=at
    )
    prepared = draws.prepare(activity=draw, by=by, at=at)
    draws.set_prizes(draw=prepared, prizes=[(prize, 1)], by=by, at=at)
    for activity in (check_in, draw):
        _publish(activity, at)
    member = accounts.create(
        community=community, key=check_in.public_id, name=NAME, by=by, at=at
    )
    adjustments.adjust(
        account_id=member.pk,
        points=120,
        reason="帮忙",
        key=check_in.public_id,
        by=by,
        at=at,
    )
    root = f"/p/{community.key}/"
    return {
        "member": member.pk,
        "root": root,
        "check_in": f"{root}a/{check_in.public_id}",
        "check_in_link": _link(member.pk, check_in),
        "draw": f"{root}a/{draw.public_id}",
        "draw_link": _link(member.pk, draw),
        "certificate": f"{root}draws/{draw.public_id}/certificate",
    }


def open_survey() -> dict[str, Any]:
    """A survey with a branch, and a member with two links for it."""
    from qunce.members.accounts import accounts
    from qunce.members.personal_links import links
    from qunce.members.surveys import surveys

    community, by, _second = _staff()
    at = datetime.now(UTC)
    options = [{"key": "yes", "text": "来了"}, {"key": "no", "text": "没来"}]
    draft: list[dict[str, Any]] = [
        {"key": "came", "kind": "single", "text": "周六你来了吗？", "options": options},
        {
            "key": "score",
            "kind": "nps",
            "text": "愿意推荐给朋友吗？",
            "when": {"question": "came", "options": ["yes"]},
        },
        {
            "key": "why",
            "kind": "text",
            "text": "什么原因没来？",
            "when": {"question": "came", "options": ["no"]},
        },
        {
            "key": "drinks",
            "kind": "multiple",
            "text": "平时喝什么？",
            "is_required": False,
            "options": ["龙井", "乌龙", "普洱"],
        },
    ]
    survey = surveys.create(
        community=community, name="品鉴会之后", draft=draft, by=by, at=at
    )
    surveys.publish(survey=survey, by=by, at=at)
    member = accounts.create(
        community=community, key=survey.public_id, name=NAME, by=by, at=at
    )
    purpose = f"survey:{survey.public_id}"
    made = [
        links.make(account_id=member.pk, purpose=purpose, by=by, at=at) for _n in "12"
    ]
    return {
        "page": f"/p/{community.key}/surveys/{survey.public_id}",
        "link": made[0],
        "second_link": made[1],
    }


def open_poll() -> dict[str, Any]:
    """A poll about teas, and a member with a link for it."""
    from qunce.members.accounts import accounts

    community, by, _second = _staff()
    at = datetime.now(UTC)
    rows = [{"text": text} for text in ("龙井", "乌龙", "普洱")]
    poll = _create("poll", "今晚喝什么茶", at, settings={"options": rows})
    _publish(poll, at)
    member = accounts.create(
        community=community, key=poll.public_id, name=NAME, by=by, at=at
    )
    return {
        "page": f"/p/{community.key}/a/{poll.public_id}",
        "link": _link(member.pk, poll),
    }


def open_topic() -> dict[str, Any]:
    """A topic with points and a reply of somebody else, and a member with a link for it."""
    from qunce.activities.activities.models import Way
    from qunce.activities.kinds import base
    from qunce.members.accounts import accounts

    community, by, _second = _staff()
    at = datetime.now(UTC)
    hashtag = f"今天第一杯{at:%M%S%f}"
    settings = {"hashtag": hashtag, "points": 2, "most_rewards": 10}
    topic = _create("topic", "今天第一杯", at, settings=settings)
    _publish(topic, at)
    member, other = (
        accounts.create(
            community=community, key=f"{topic.public_id}{n}", name=name, by=by, at=at
        )
        for n, name in enumerate((NAME, "李雷"))
    )
    base.take_part(
        activity=topic,
        account_id=other.pk,
        way=Way.STAFF,
        said="桂花拿铁",
        key="other",
        by=by,
        at=at,
    )
    root = f"/p/{community.key}/"
    return {
        "root": root,
        "hashtag": hashtag,
        "page": f"{root}a/{topic.public_id}",
        "link": _link(member.pk, topic),
    }


def open_mall() -> dict[str, Any]:
    """A mall, a flash sale and an auction that ends soon, and a member with 120 points."""
    from qunce.activities.points import earning
    from qunce.activities.prizes import prizes
    from qunce.members.accounts import accounts

    community, by, _second = _staff()
    at = datetime.now(UTC)
    mug, tea, pitcher = (
        prizes.create(
            community=community,
            name=name,
            kind="pick_up",
            total=5,
            instructions="前台领取",
            by=by,
            at=at,
        )
        for name in ("青瓷杯", "龙井一两", "签名茶壶")
    )
    items = [
        {"prize": str(mug.pk), "price": 30, "most": 1},
        {"prize": str(tea.pk), "price": 500, "most": None},
    ]
    mall = _create("mall", "茶友积分商城", at, settings={"items": items})
    sale = _create(
        "flash_sale",
        "龙井秒杀",
        at,
        ends_at=at + HOUR,
        settings={"prize": str(tea.pk), "pieces": 2, "price_points": 20},
    )
    auction = _create(
        "auction",
        "茶壶竞拍",
        at,
        ends_at=at + HOUR,
        settings={"prize": str(pitcher.pk), "start": 10, "step": 5},
    )
    for activity in (mall, sale, auction):
        _publish(activity, at)
    ids = []
    for key in (mall.public_id, auction.public_id):
        member = accounts.create(community=community, key=key, name=NAME, by=by, at=at)
        earning.award(account_id=member.pk, amount=120, key=f"gift/{key}", by=by, at=at)
        ids.append(member.pk)
    root = f"/p/{community.key}/"
    return {
        "root": root,
        "member": ids[0],
        "other": ids[1],
        "mall": f"{root}a/{mall.public_id}",
        "sale": f"{root}a/{sale.public_id}",
        "auction": f"{root}a/{auction.public_id}",
    }


def outbid(page: str, member: int, points: int) -> dict[str, Any]:
    """Somebody else bids, in the last 60 seconds: the end is moved to now plus 50."""
    from qunce.activities.activities.models import Activity, Way
    from qunce.activities.auctions.models import Auction
    from qunce.activities.kinds import base

    at = datetime.now(UTC)
    activity = _activity(page)
    soon = at + timedelta(seconds=50)
    Auction.objects.filter(pk=activity.pk).update(ends_at=soon)
    Activity.objects.filter(pk=activity.pk).update(ends_at=soon)
    activity.refresh_from_db()
    reply = base.take_part(
        activity=activity,
        account_id=member,
        way=Way.CHAT,
        said=str(points),
        key=f"outbid:{points}",
        at=at,
    )
    activity.refresh_from_db()
    return {"accepted": reply.accepted, "moved": activity.ends_at != soon}


def open_quiz() -> dict[str, Any]:
    """A quiz of two questions, and a member with a link for it."""
    rows = [
        {"question": "普洱茶产自哪个省？", "answer": "云南", "others": "云南省"},
        {
            "question": "龙井是哪种茶？",
            "answer": "绿茶",
            "choices": "红茶 / 绿茶 / 黑茶",
        },
    ]
    return _open_game("quiz", "茶知识小考", {"questions": rows})


def open_chain() -> dict[str, Any]:
    """A chain of idioms, and a member with a link for it."""
    return _open_game("idiom_chain", "成语接龙夜", {"start": "一心一意"})


def _open_game(kind: str, name: str, settings: dict[str, Any]) -> dict[str, Any]:
    from qunce.members.accounts import accounts

    community, by, _second = _staff()
    at = datetime.now(UTC)
    game = _create(kind, name, at, ends_at=at + HOUR, settings=settings)
    _publish(game, at)
    member = accounts.create(
        community=community, key=game.public_id, name=NAME, by=by, at=at
    )
    return {
        "page": f"/p/{community.key}/a/{game.public_id}",
        "link": _link(member.pk, game),
        "staff_page": f"/activities/games/{game.pk}/",
    }


def open_posts() -> dict[str, Any]:
    """An activity for posts with rewards, and two members with a link for it each."""
    from qunce.members.accounts import accounts

    community, by, _second = _staff()
    at = datetime.now(UTC)
    settings = {"asks_review": True, "points": 50}
    activity = _create("post", "晒出你的这一杯", at, settings=settings)
    _publish(activity, at)
    members = [
        accounts.create(
            community=community,
            key=f"{activity.public_id}-{number}",
            name=name,
            by=by,
            at=at,
        ).pk
        for number, name in enumerate((NAME, "李雷"))
    ]
    return {
        "pk": activity.pk,
        "page": f"/p/{community.key}/a/{activity.public_id}",
        "best": f"/p/{community.key}/best-posts",
        "links": [_link(member, activity) for member in members],
    }


def open_meetup() -> dict[str, Any]:
    """A meet-up in an hour with one seat, and two members with a link for it each."""
    from qunce.members.accounts import accounts

    community, by, _second = _staff()
    at = datetime.now(UTC)
    start = at + HOUR
    settings = {
        "place": "静安店二楼，愚园路 218 号",
        "starts": start.isoformat(),
        "capacity": 1,
        "cancel_hours": 0,
        "questions": [{"text": "喝过杯测吗？", "required": True}],
    }
    meetup = _create(
        "meetup", "周六杯测会", at, ends_at=start + 4 * HOUR, settings=settings
    )
    _publish(meetup, at)
    members = [
        accounts.create(
            community=community,
            key=f"{meetup.public_id}-{number}",
            name=name,
            by=by,
            at=at,
        ).pk
        for number, name in enumerate((NAME, "李雷"))
    ]
    return {
        "pk": meetup.pk,
        "page": f"/p/{community.key}/a/{meetup.public_id}",
        "links": [_link(member, meetup) for member in members],
    }


def open_homework() -> dict[str, Any]:
    """Homework that is due in an hour, and three members with a link for it each."""
    from qunce.members.accounts import accounts

    community, by, _second = _staff()
    at = datetime.now(UTC)
    settings = {
        "due": (at + HOUR).isoformat(),
        "review_due": (at + 24 * HOUR).isoformat(),
        "reviewers": 2,
        "criteria": ["变量是不是只改了一个？", "味道写得具体吗？"],
    }
    end = at + 48 * HOUR
    homework = _create("homework", "写下你的这一杯", at, ends_at=end, settings=settings)
    _publish(homework, at)
    members = [
        accounts.create(
            community=community,
            key=f"{homework.public_id}-{number}",
            name=name,
            by=by,
            at=at,
        ).pk
        for number, name in enumerate((NAME, "李雷", "韩梅梅"))
    ]
    return {
        "pk": homework.pk,
        "page": f"/p/{community.key}/a/{homework.public_id}",
        "links": [_link(member, homework) for member in members],
    }


def let_homework_be_due(pk: int) -> int:
    """The due time comes; returns how many reviews were given."""
    from qunce.activities.homework import reviews
    from qunce.activities.homework.models import Homework, PeerReview

    now = datetime.now(UTC)
    Homework.objects.filter(activity=pk).update(due_at=now)
    reviews.plan_due(at=now)
    return PeerReview.objects.filter(submission__activity=pk).count()


def let_reviews_be_over(pk: int) -> int:
    """The time for reviews is over."""
    from qunce.activities.homework.models import Homework

    now = datetime.now(UTC)
    return Homework.objects.filter(activity=pk).update(review_due_at=now)


def open_instant(shown_as: str) -> dict[str, Any]:
    """An instant draw with two tickets a day, and a member with a link for it."""
    from qunce.activities.prizes import prizes
    from qunce.members.accounts import accounts

    community, by, _second = _staff()
    at = datetime.now(UTC)
    prize = prizes.create(
        community=community,
        name="紫砂小杯",
        kind="pick_up",
        total=5,
        instructions="前台领取",
        by=by,
        at=at,
    )
    row = {"prize": str(prize.pk), "odds": "100", "count": 5, "per_hour": None}
    settings = {"prizes": [row], "shown_as": shown_as, "tickets_per_day": 2}
    name, end = "周年刮刮卡", at + 24 * HOUR
    draw = _create("instant_draw", name, at, ends_at=end, settings=settings)
    _publish(draw, at)
    member = accounts.create(
        community=community, key=draw.public_id, name=NAME, by=by, at=at
    )
    return {
        "page": f"/p/{community.key}/a/{draw.public_id}",
        "link": _link(member.pk, draw),
    }


def reveal(page: str) -> int:
    """The clock of the next day reveals the seed; returns how many tickets were used."""
    from qunce.activities.instant_draws import seeds
    from qunce.activities.instant_draws.models import InstantTicket

    seeds.reveal_due(at=datetime.now(UTC) + 30 * HOUR)
    return InstantTicket.objects.filter(draw__activity=_activity(page)).count()


def _create(kind: str, name: str, at: datetime, **fields: Any) -> Activity:
    from qunce.activities.activities import activities

    community, by, _second = _staff()
    return activities.create(
        community=community,
        kind=kind,
        name=name,
        text="读完来参加",
        refusal="这是给读者的活动。",
        starts_at=at - HOUR,
        by=by,
        at=at,
        **fields,
    )


def _publish(activity: Activity, at: datetime) -> None:
    from qunce.activities.activities import lifecycle

    _community, by, second = _staff()
    lifecycle.submit(activity=activity, by=by, at=at)
    lifecycle.approve(activity=activity, by=second, at=at)


def _link(account: int, activity: Activity) -> str:
    from qunce.members.personal_links import links, purposes

    _community, by, _second = _staff()
    purpose = purposes.of(purposes.ACTIVITY, activity.public_id)
    return links.make(account_id=account, purpose=purpose, by=by, at=datetime.now(UTC))


def _activity(page: str) -> Activity:
    from qunce.activities.activities.models import Activity

    return Activity.objects.get(public_id=page.rpartition("/")[2])


def link(member: int, page: str) -> str:
    """Another personal link of a member for an activity."""
    return _link(member, _activity(page))


def count(page: str) -> int:
    """How often was checked in."""
    from qunce.activities.check_ins.models import CheckIn

    return CheckIn.objects.filter(activity=_activity(page)).count()


def draw_winners(page: str) -> dict[str, str]:
    """Close the draw as if its hour was over; returns the path of the prize."""
    from qunce.activities.activities import lifecycle
    from qunce.activities.draws import draws, results

    community, by, _second = _staff()
    activity = _activity(page)
    assert activity.ends_at is not None
    lifecycle.close(activity=activity, by=by, at=activity.ends_at)
    draw = draws.get(activity)
    signature = b"\xcd" * 48
    public = sha256(signature).digest()
    results.complete(
        draw=draw,
        public_value=public.hex(),
        public_bytes=public,
        signature=signature.hex(),
        at=activity.ends_at + HOUR,
    )
    award = _award(activity)
    return {"prize": f"/p/{community.key}/prizes/{award.public_id}"}


def _award(activity: Activity) -> Award:
    from qunce.activities.prizes.models import Award

    return Award.objects.get(draw_result__draw__activity=activity)


def confirm(member: int, digits: str) -> bool:
    """Staff confirm the digits that the member said to them."""
    from qunce.members.personal_links import sign_in_codes

    _community, by, _second = _staff()
    at = datetime.now(UTC)
    sign_in_codes.confirm(account_id=member, digits=digits, by=by, at=at)
    return True


def send(page: str) -> bool:
    """Staff send the prize of a draw as a parcel."""
    from qunce.activities.prizes import delivery

    _community, by, _second = _staff()
    delivery.send(
        award=_award(_activity(page)),
        carrier="顺丰",
        parcel_number="SF1234567890",
        by=by,
        at=datetime.now(UTC) + 3 * HOUR,
    )
    return True


if __name__ == "__main__":
    main()
