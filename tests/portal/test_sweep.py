"""Every address of the member pages, by everybody who should not get far with it.

A new address needs a row: what it takes, on which rung, and whether it is of one object.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from qunce.activities.draws import results
from qunce.activities.draws.models import Ticket
from qunce.activities.flash_sales.models import Reservation
from qunce.activities.instant_draws import seeds
from qunce.activities.instant_draws.models import InstantTicket
from qunce.activities.kinds import instant_draw
from qunce.activities.mall.models import Redemption
from qunce.activities.posts import decisions
from qunce.activities.prizes import claims, codes
from qunce.activities.prizes.models import Award, ClaimedBy
from qunce.core.communities import Community
from qunce.core.facts.facts import Fact
from qunce.core.staff.models import Staff
from qunce.members.personal_links.models import Device, RequestCount, SignIn
from qunce.portal import urls
from qunce.portal.visitors.rungs import Rung
from tests import clients, factories
from tests.activities import running
from tests.activities.draws import builders
from tests.activities.flash_sales import builders as flash_sale_builders
from tests.activities.homework import builders as homework_builders
from tests.activities.instant_draws import builders as instant_builders
from tests.activities.live_sessions import builders as live_builders
from tests.activities.mall import builders as mall_builders
from tests.activities.meetups import builders as meetup_builders
from tests.activities.points import builders as points
from tests.activities.posts import builders as post_builders
from tests.activities.topics import builders as topic_builders
from tests.factories import AT
from tests.members.surveys.asking import published
from tests.portal.phones import Phone
from tests.portal.phones import activity as purpose_of

pytestmark = pytest.mark.django_db
NAME, PHONE, CODE = "李雷雷", "13800138000", "CODE-OF-LI"
TEXTS: dict[str, Any] = {
    "name": "周年抽奖",
    "text": "留言即可参加",
    "refusal": "只给老朋友",
}


@dataclass(frozen=True)
class Row:
    """`of` is the object in the address; `own` says that it is known to its member only."""

    method: str
    rung: Rung
    of: str = ""
    own: bool = False


def get(rung: Rung = Rung.PUBLIC, of: str = "", *, own: bool = False) -> Row:
    return Row("get", rung, of, own)


def post(rung: Rung = Rung.PUBLIC, of: str = "", *, own: bool = False) -> Row:
    return Row("post", rung, of, own)


LINK, SIGNED_IN = Rung.LINK, Rung.CHANNEL
ROWS: dict[str, list[Row]] = {
    "home": [get()],
    "display": [post()],
    # Without the proof of its page, a beacon is of no page.
    "seen": [post()],
    "sign-in": [get(), post(LINK)],
    "show-code": [post()],
    # No channel of this name is connected.
    "channel-sign-in": [get(of="channel"), post(of="channel")],
    "hand-over": [post()],
    "sign-out": [post()],
    "activity": [get(of="activity")],
    "activity-join": [post(LINK, "activity")],
    "live-room": [post(LINK, "live")],
    "live-replay": [post(LINK, "live")],
    "live-event": [get(LINK, "live", own=True)],
    "hand-in": [post(LINK, "homework")],
    "homework-comment": [post(LINK, "homework", own=True)],
    "review": [get(LINK, "review", own=True)],
    "write-review": [post(LINK, "review", own=True)],
    "meetup-sign-up": [post(LINK, "meetup")],
    "meetup-entrance": [get(LINK, "meetup", own=True)],
    "meetup-event": [get(LINK, "meetup", own=True)],
    "buy-card": [post(SIGNED_IN, "activity")],
    "streak": [get(LINK, "activity", own=True)],
    "streak-picture": [get(LINK, "activity", own=True)],
    "posts": [get(of="posts")],
    "write-post": [post(LINK, "posts")],
    "post": [get(of="post")],
    "post-picture": [get(of="picture")],
    "edit-post": [post(LINK, "post", own=True)],
    "post-uses": [post(LINK, "post", own=True)],
    "delete-post": [post(LINK, "post", own=True)],
    "best-posts": [get()],
    "topic-replies": [get(of="topic")],
    "topics": [get()],
    "ticket": [get(LINK, "draw", own=True)],
    "ticket-picture": [get(LINK, "draw", own=True)],
    "winners": [get(of="draw")],
    "winners-picture": [get(of="draw")],
    "certificate": [get(of="draw")],
    "certificate-file": [get(of="draw")],
    "prize": [get(SIGNED_IN, "award", own=True)],
    "prize-claim": [post(SIGNED_IN, "award", own=True)],
    "confirm-reservation": [post(SIGNED_IN, "reservation", own=True)],
    "undo-redemption": [post(SIGNED_IN, "redemption", own=True)],
    "instant-terms": [get(of="instant")],
    "instant-ticket": [get(LINK, "instant_ticket", own=True)],
    "instant-ticket-file": [get(LINK, "instant_ticket", own=True)],
    "red-packet-file": [get(of="red_packet")],
    "survey": [get(of="survey")],
    "survey-answer": [post(LINK, "survey")],
    "me": [get()],
    "card": [get(SIGNED_IN)],
    "card-picture": [get(SIGNED_IN)],
    "remove-device": [post(SIGNED_IN, "device", own=True)],
    "leaderboard": [get(SIGNED_IN)],
    "leave-leaderboard": [post(SIGNED_IN)],
    "join-leaderboard": [post(SIGNED_IN)],
    "privacy": [get()],
    "opt-out": [post(LINK)],
    "opt-in": [post(LINK)],
    "consents": [post(SIGNED_IN)],
    "export": [post(SIGNED_IN)],
    "request-erasure": [post(SIGNED_IN)],
    "withdraw-erasure": [post(SIGNED_IN)],
}
REFUSED = {"seen": 404, "channel-sign-in": 404, "hand-over": 403}
"""What everybody is answered without the values that its page adds."""


@dataclass
class Scene:
    """A member with a streak, a ticket, a won code and a phone; `ids` are in addresses."""

    shop: Community
    by: Staff
    li: int
    phone: Phone
    ids: dict[str, Any] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)

    def path(self, name: str, row: Row, community: Community | None = None) -> str:
        own = self.ids[row.of] if row.of else []
        args = [
            (community or self.shop).key,
            *(own if isinstance(own, list) else [own]),
        ]
        number = f"?number={self.ids['number']}" if name == "ticket-picture" else ""
        return reverse(f"portal:{name}", args=args) + number


@pytest.fixture
def scene() -> Scene:
    shop = factories.community(language="en")
    by = factories.staff(shop)
    li = factories.member(shop, "li", name=NAME, identifiers={"phone": PHONE}).pk
    prize = builders.prize(by, TEXTS["name"], kind="code", instructions=TEXTS["text"])
    codes.upload(prize=prize, text=CODE, by=by, at=AT)
    draw = builders.open_draw(by, (prize, 1), **TEXTS)
    builders.join(draw, li)
    builders.close(draw)
    results.complete(
        draw=draw,
        public_value="123456",
        public_bytes=b"123456",
        signature="",
        at=builders.AFTER,
    )
    award = Award.objects.get()
    claims.claim(award=award, way=ClaimedBy.PAGE, at=builders.AFTER)
    reading = running.running(by, **TEXTS)
    shown = builders.prize(by, "<i>杯子</i>")
    mall = running.running(
        by, "mall", settings={"items": [mall_builders.item(shown, 1)]}, **TEXTS
    )
    points.award(li, 1)
    assert running.join(mall, li, said="1").accepted
    sale = flash_sale_builders.open_sale(by, 1, stock=shown)
    assert running.join(sale, li).accepted
    redeemed = Redemption.objects.get().award
    assert redeemed is not None
    running.join(reading, li)
    instant = instant_builders.open_draw(
        by, instant_builders.row(shown, "100", 1), **TEXTS
    )
    assert running.join(instant, li).accepted
    seeds.reveal_due(at=AT + 3 * running.DAY)
    packet = running.running(by, "red_packet", settings={"shares": 1}, **TEXTS)
    assert running.join(packet, li).accepted
    start = datetime.now(UTC) + 3 * running.DAY
    meetup = meetup_builders.open_meetup(by, start)
    assert running.join(meetup, li).accepted
    live = live_builders.open_session(by, start)
    assert running.join(live, li).accepted
    topic = topic_builders.open_topic(by, **TEXTS)
    assert running.join(topic, li, said="三十页").accepted
    homework = homework_builders.open_homework(by, start)
    assert running.join(homework, li, said=TEXTS["text"]).accepted
    posts = post_builders.open_posts(by)
    written = post_builders.write(
        posts, li, TEXTS["text"], contents=[post_builders.picture()]
    )
    decisions.accept(post=written, by=by, at=AT)
    shown_picture = written.pictures.get()
    phone = Phone(shop)
    phone.sign_in(li)
    return Scene(
        shop,
        by,
        li,
        phone,
        ids={
            "activity": reading.public_id,
            "live": live.public_id,
            "topic": topic.public_id,
            "posts": posts.public_id,
            "post": [posts.public_id, written.code],
            "picture": [posts.public_id, written.code, shown_picture.code],
            "homework": homework.public_id,
            "review": [homework.public_id, "23456789ab"],
            "meetup": meetup.public_id,
            "draw": draw.activity.public_id,
            "award": award.public_id,
            "redemption": redeemed.public_id,
            "reservation": Reservation.objects.get().public_id,
            "device": Device.objects.get().pk,
            "channel": "nothing",
            "instant": instant.public_id,
            "instant_ticket": [
                instant.public_id,
                instant_draw.name_of(InstantTicket.objects.get()),
            ],
            "red_packet": [packet.public_id, 1],
            "survey": published(by, name=TEXTS["name"]).public_id,
            "number": Ticket.objects.get().number,
        },
        secrets=[NAME, PHONE, CODE, award.public_id],
    )


def token_of(phone: Phone) -> str:
    phone.open("privacy")
    return phone.page.partition('data-token="')[2].partition('"')[0]


def rows() -> Iterator[tuple[str, Row]]:
    for name, each in ROWS.items():
        yield from ((name, row) for row in each)


def send(phone: Phone, path: str, row: Row) -> Any:
    if row.method == "get":
        return phone.client.get(path)
    form = {"form_token": token_of(phone)}
    return phone.client.post(path, form, headers={"origin": "http://testserver"})


def find_secrets(scene: Scene, answer: Any) -> list[str]:
    """The secrets in an answer, without what its own address has."""
    body = answer.getvalue().decode(errors="replace")
    return [
        f"{answer.request['PATH_INFO']}: {secret}"
        for secret in scene.secrets
        if secret in body and secret not in answer.request["PATH_INFO"]
    ]


def counts() -> tuple[int, int]:
    return Fact.objects.count(), SignIn.objects.filter(ended_at=None).count()


def test_every_address_is_in_the_table() -> None:
    assert {pattern.name for pattern in urls.COMMUNITY} == set(ROWS)


def find_faults(scene: Scene, phone: Phone, rung: Rung) -> list[str]:
    """What a visitor who is a stranger to the objects gets of each address."""
    faults, before = [], counts()
    for name, row in rows():
        RequestCount.objects.all().delete()
        answer = send(phone, scene.path(name, row), row)
        if row.rung > rung:
            expected = {403}
        elif row.own or name in REFUSED:
            expected = {REFUSED.get(name, 404)}
        else:
            expected = {200, 303} if row.method == "get" else {200, 204, 303}
        if answer.status_code not in expected:
            faults.append(f"{row.method} {name}: {answer.status_code}")
        faults += find_secrets(scene, answer)
        if answer["Cache-Control"] != "private, no-store" and row.method == "post":
            faults.append(f"{name}: stored by caches")
        if row.rung > rung and counts() != before:
            faults.append(f"{name}: changed something")
        before = counts()
    return faults


def test_nobody_gets_public_pages_without_a_personal_word(scene: Scene) -> None:
    assert find_faults(scene, Phone(scene.shop), Rung.PUBLIC) == []


def test_staff_who_are_signed_in_are_nobody_on_member_pages(scene: Scene) -> None:
    phone = Phone(scene.shop)
    phone.client = clients.browser(scene.by)
    assert find_faults(scene, phone, Rung.PUBLIC) == []
    # Nor does the cookie of a member open the console.
    console = Client()
    console.cookies["qunce_member"] = scene.phone.client.cookies["qunce_member"].value
    console.cookies["qunce_session"] = scene.phone.client.cookies["qunce_member"].value
    for path in ("/", "/members/", f"/members/{scene.li}/"):
        assert console.get(path)["Location"].startswith("/sign-in/")
    assert console.get("/api/v1/members").status_code == 401


def test_a_link_for_another_purpose_is_refused_what_needs_more(scene: Scene) -> None:
    """Of the member's own link for the home page: their name is masked, and no more."""
    phone = Phone(scene.shop)
    phone.bind(scene.li)
    faults = []
    for name, row in rows():
        RequestCount.objects.all().delete()
        before = counts()
        answer = send(phone, scene.path(name, row), row)
        # Links of messages are for the home page, which lists the surveys.
        is_elsewhere = row.rung == LINK and row.of not in ("", None, "survey")
        if (row.rung > LINK or is_elsewhere) and (
            answer.status_code != 403 or counts() != before
        ):
            faults.append(f"{row.method} {name}: {answer.status_code}")
        faults += find_secrets(scene, answer)
        if name == "sign-out":
            phone.bind(scene.li)
    assert faults == []


def test_another_member_finds_nothing_of_this_one(scene: Scene) -> None:
    mei = factories.member(scene.shop, "mei", name="韩梅梅").pk
    phone = Phone(scene.shop)
    faults = []
    for name, row in rows():
        RequestCount.objects.all().delete()
        if "韩梅梅" not in phone.open("me"):
            phone.sign_in(mei)
        answer = send(phone, scene.path(name, row), row)
        if row.own and answer.status_code != 404:
            faults.append(f"{row.method} {name}: {answer.status_code}")
        faults += find_secrets(scene, answer)
    assert faults == []
    assert NAME in scene.phone.open("me")


def test_no_object_is_found_under_another_community(scene: Scene) -> None:
    other = factories.community("other", name="Other", language="en")
    phone = Phone(other)
    phone.client = scene.phone.client
    faults = []
    for name, row in rows():
        RequestCount.objects.all().delete()
        answer = send(phone, scene.path(name, row, other), row)
        # The device of a member of one community is unknown in any other.
        expected = {404} if row.of and row.rung == Rung.PUBLIC else {403, 404}
        if row.of and answer.status_code not in expected:
            faults.append(f"{row.method} {name}: {answer.status_code}")
        faults += find_secrets(scene, answer)
    assert faults == []


def test_the_member_gets_what_all_others_do_not(scene: Scene) -> None:
    """Without which the tests above could not fail."""
    me = scene.phone.open("me")
    prize = scene.phone.open(f"prizes/{scene.ids['award']}")
    assert NAME in me
    assert scene.ids["award"] in me
    assert CODE in prize
    for name in ("streak", "ticket", "ticket-picture", "card"):
        row = ROWS[name][0]
        assert scene.phone.client.get(scene.path(name, row)).status_code == 200, name


def test_a_link_of_the_activity_is_enough_for_its_streak(scene: Scene) -> None:
    phone = Phone(scene.shop)
    phone.bind(scene.li, purpose_of(scene.ids["activity"]))
    row = ROWS["streak"][0]
    assert phone.client.get(scene.path("streak", row)).status_code == 200
    assert phone.client.get(scene.path("ticket", ROWS["ticket"][0])).status_code == 403


@pytest.mark.parametrize("of", ["activity", "draw", "award"])
def test_fuzzed_ids_are_the_same_404_without_a_field(scene: Scene, of: str) -> None:
    given = scene.ids[of]
    fuzzed = [
        given[:-1],
        given + "2",
        given.upper(),
        given[::-1],
        "%00",
        "1",
        "..",
        "'--",
        "𠮷" * 4,
        "\u202e" + given,
    ]
    pages = set()
    for name, row in rows():
        for text in fuzzed if row.of == of and row.method == "get" else ():
            scene.ids[of] = text
            answer = scene.phone.client.get(scene.path(name, row))
            assert answer.status_code == 404, (name, text)
            pages.add(answer.getvalue())
    assert len(pages) == 1
    assert NAME not in pages.pop().decode()


def test_tokens_are_in_no_answer_that_is_kept(scene: Scene) -> None:
    """No page but that of the link itself has an own token, in a header or in its text."""
    phone = Phone(scene.shop)
    phone.bind(scene.li, purpose_of(scene.ids["activity"]))
    link = phone.response.redirect_chain
    assert "/_/" not in str(link)
    for name, row in rows():
        if row.method == "get":
            answer = phone.client.get(scene.path(name, row))
            text = answer.getvalue().decode(errors="replace") + str(answer.headers)
            assert "/p/_/" not in text, name
            assert answer["Referrer-Policy"] == "strict-origin"
            assert answer["X-Robots-Tag"] == "noindex"
