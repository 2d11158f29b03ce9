"""Pictures that members keep: card, ticket, streak and winners, each a PNG with a code."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from qunce.activities.draws import public_values
from qunce.activities.draws.models import Draw, Ticket
from qunce.core.communities import Community
from qunce.core.pictures import pictures
from qunce.core.staff.models import Staff
from qunce.members.personal_links import tokens
from tests import factories
from tests.activities.draws import builders
from tests.activities.running import running
from tests.core.test_pictures import HOSTILE, read_codes
from tests.portal.phones import Phone
from tests.portal.phones import activity as purpose_of

pytestmark = pytest.mark.django_db

IMAGE = re.compile(r'<img class="picture" src="([^"]+)" alt="([^"]*)">')
NAME = "王小明"


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop)


@pytest.fixture
def li(shop: Community) -> int:
    return factories.member(shop, "li", name=NAME).pk


@pytest.fixture
def phone(shop: Community) -> Phone:
    return Phone(shop)


def images(phone: Phone, path: str) -> list[tuple[str, str]]:
    """Address and alternative text of each picture of a page."""
    page = phone.open(path)
    assert phone.status == 200, page
    return [
        (html.unescape(src), html.unescape(alt)) for src, alt in IMAGE.findall(page)
    ]


def fetch(phone: Phone, address: str) -> str:
    """The address in the code of a picture."""
    answer = phone.client.get(address)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/png"
    assert answer["Cache-Control"].startswith("private, max-age=")
    (code,) = read_codes(answer.content)
    return code


def status(phone: Phone, path: str) -> int:
    return phone.client.get(f"{phone.root}{path}").status_code


def open_draw(by: Staff, *accounts: int, **fields: Any) -> Draw:
    draw = builders.open_draw(by, **fields)
    builders.join(draw, *accounts)
    return draw


def finish(draw: Draw, by: Staff) -> None:
    builders.close(draw)
    for staff in (by, builders.second(by.community)):
        public_values.type_figure(
            draw=draw, figure="123456", by=staff, at=builders.AFTER
        )


def test_the_card_needs_a_sign_in_and_leads_to_the_community(
    li: int, phone: Phone
) -> None:
    phone.bind(li)
    assert status(phone, "me/card") == status(phone, "me/card.png") == 403
    phone.sign_in(li)
    assert "/p/shop/me/card" in phone.page
    ((file, text),) = images(phone, "me/card")
    assert NAME in text
    code = fetch(phone, file)
    assert code.startswith("http://testserver/p/shop/?from=")
    assert tokens.find_sharer(code.partition("from=")[2]) == li


def test_a_streak_is_shown_with_a_link_for_its_activity_only(
    by: Staff, li: int, phone: Phone
) -> None:
    activity = running(by, name="每天三十页")
    path = f"a/{activity.public_id}/streak"
    assert status(phone, path) == status(phone, f"{path}.png") == 403
    phone.bind(li)
    assert status(phone, path) == 403
    phone.bind(li, purpose_of(activity.public_id))
    # Nothing is shown before the first check-in.
    assert status(phone, path) == status(phone, f"{path}.png") == 404
    assert "/streak" not in phone.page
    phone.press("/join")
    assert path in phone.page
    ((file, text),) = images(phone, path)
    assert "每天三十页" in text and "1 day in a row" in text and "1 day ·" in text
    assert "王＊" in text and NAME not in phone.page
    code = fetch(phone, file)
    root = f"http://testserver/p/shop/a/{activity.public_id}?from="
    assert code.startswith(root)
    assert tokens.find_sharer(code.removeprefix(root)) == li
    assert status(phone, f"a/{open_draw(by).activity.public_id}/streak") == 404


def test_a_ticket_is_its_owners_and_its_code_verifies_it(
    shop: Community, by: Staff, li: int, phone: Phone
) -> None:
    eve = factories.member(shop, "eve", name="Eve").pk
    draw = open_draw(by, li, eve)
    number = Ticket.objects.get(account_id=li).number
    theirs = Ticket.objects.get(account_id=eve).number
    public_id = draw.activity.public_id
    path = f"draws/{public_id}/ticket"
    assert status(phone, path) == status(phone, f"{path}.png?number={number}") == 403
    phone.bind(li, purpose_of(public_id))
    ((file, text),) = images(phone, path)
    assert " ".join(re.findall("....", number)) in text
    assert "王＊" in text and NAME not in phone.page
    code = fetch(phone, file)
    assert (
        code
        == f"http://testserver/p/shop/draws/{public_id}/certificate?number={number}"
    )
    for wrong in (theirs, "", "<script>", "x" * 500, "%00"):
        assert status(phone, f"{path}.png?number={wrong}") in (404, 422)
    assert path in phone.open(f"a/{public_id}")
    finish(draw, by)
    page = Phone(shop).open(code.removeprefix("http://testserver"))
    assert "It is in the list" in page


def test_winners_are_a_picture_for_everybody_once_they_are_drawn(
    shop: Community, by: Staff, li: int, phone: Phone
) -> None:
    others = factories.members(shop, *"abc")
    draw = open_draw(by, li, *others)
    public_id = draw.activity.public_id
    path = f"draws/{public_id}/winners"
    assert status(phone, path) == status(phone, f"{path}.png") == 404
    assert path not in phone.open(f"a/{public_id}")
    finish(draw, by)
    assert path in phone.open(f"a/{public_id}")
    assert "You have" not in phone.page
    ((file, text),) = images(phone, path)
    assert text.count("杯子") == 1
    assert text.count("＊") == 2 and NAME not in phone.page
    code = fetch(phone, file)
    assert code == f"http://testserver/p/shop/draws/{public_id}/certificate"


def test_winners_without_room_are_counted(
    shop: Community, by: Staff, phone: Phone
) -> None:
    count = pictures.MAX_ROWS + 10
    prize = builders.prize(by, total=count)
    accounts = factories.members(shop, *(f"m{n}" for n in range(count)))
    draw = builders.open_draw(by, (prize, count))
    builders.join(draw, *accounts)
    finish(draw, by)
    ((file, text),) = images(phone, f"draws/{draw.activity.public_id}/winners")
    assert text.count("＊") == pictures.MAX_ROWS - 1
    assert "and 11 other winners" in text
    assert fetch(phone, file)


def test_the_address_of_a_picture_changes_with_what_it_shows(
    by: Staff, li: int, phone: Phone
) -> None:
    phone.sign_in(li)
    ((before, _text),) = images(phone, "me/card")
    assert images(phone, "me/card")[0][0] == before
    phone.press("display", language="zh-hans")
    ((after, _text),) = images(phone, "me/card")
    assert after != before


@pytest.mark.parametrize("name", [*HOSTILE[:-1], "长" * 400], ids=range(len(HOSTILE)))
def test_hostile_names_break_no_picture(
    shop: Community, by: Staff, phone: Phone, name: str
) -> None:
    name = "".join(sign for sign in name if sign.isprintable())
    li = factories.member(shop, "li", name=name[:100]).pk
    prize = builders.prize(by, name[:60])
    draw = builders.open_draw(by, (prize, 1), name=name[:60])
    builders.join(draw, li)
    public_id = draw.activity.public_id
    phone.bind(li, purpose_of(public_id))
    finish(draw, by)
    for page in ("ticket", "winners"):
        ((file, text),) = images(phone, f"draws/{public_id}/{page}")
        assert fetch(phone, file).startswith("http://testserver/p/shop/draws/")
        assert "\u202e" not in text and "<img onerror" not in phone.page


def test_pictures_of_a_draft_and_of_another_community_are_unknown(
    by: Staff, li: int, phone: Phone
) -> None:
    draft = builders.activity(by)
    other = factories.staff(factories.community("other"), login="zoe")
    foreign = open_draw(other)
    phone.sign_in(li)
    for public_id in (draft.public_id, foreign.activity.public_id, "nothing"):
        for path in ("draws/{}/ticket", "draws/{}/winners.png", "a/{}/streak.png"):
            assert status(phone, path.format(public_id)) == 404
