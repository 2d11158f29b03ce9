"""Points on a member's own page, and the leaderboard with masked names."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from qunce.activities.points import leaderboard, point_settings, spending
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.people import staff_accounts
from qunce.sets.mirror import deriver
from tests import factories
from tests.activities.points import builders
from tests.portal.phones import Phone

pytestmark = pytest.mark.django_db


@pytest.fixture
def by(shop: Community) -> Staff:
    return factories.staff(shop)


@pytest.fixture
def ids(shop: Community, by: Staff) -> list[int]:
    """Wang and Li with equal points, one who works here, one who left, one with few."""
    at = datetime.now(UTC)
    names = ("王小明", "Li Lei", "Staffer", "Leaver", "陈静")
    ids = [
        factories.member(shop, f"m{index}", name=name).pk
        for index, name in enumerate(names)
    ]
    for account, points in zip(ids, (1_200, 1_200, 9_000, 8_000, 5), strict=True):
        builders.award(account, points, at=at)
    staff_accounts.mark(accounts=[ids[2]], staff=by, by=by, at=at)
    factories.leave(shop, "m3")
    deriver.catch_up()
    return ids


def cells(page: str) -> list[str]:
    rows = page.partition("<tbody>")[2].partition("</tbody>")[0].split("<tr>")[1:]
    return [" ".join(text_of(row).split()) for row in rows]


def text_of(html: str) -> str:
    return "".join(part.partition(">")[2] + " " for part in html.split("<"))


def test_leaderboard_has_equal_ranks_and_masked_names(
    shop: Community, ids: list[int]
) -> None:
    phone = Phone(shop)
    page = phone.sign_in(ids[4])
    assert cells(page) == ["1 王＊ 1,200", "1 L＊ 1,200", "3 陈＊ you 5"]
    for hidden in ("小明", "Lei", "S＊", "9,000", "8,000"):
        assert hidden not in page


def test_member_leaves_the_leaderboard_and_comes_back(
    shop: Community, ids: list[int]
) -> None:
    phone = Phone(shop, language="zh-hans")
    page = phone.sign_in(ids[0])
    assert "排行榜" in page
    page = phone.press("me/leaderboard/leave")
    assert "你没有上榜。" in page
    assert cells(page)[0].startswith("1 L＊")
    assert leaderboard.is_opted_out(ids[0])
    page = phone.press("me/leaderboard/join")
    assert cells(page)[0].startswith("1 王＊")
    assert not leaderboard.is_opted_out(ids[0])


def test_leaderboard_is_hidden_where_it_is_off_and_without_sign_in(
    shop: Community, by: Staff, ids: list[int]
) -> None:
    phone = Phone(shop)
    phone.bind(ids[0])
    assert "leaderboard" not in phone.open("me")
    assert "leaderboard" in phone.sign_in(ids[0])
    point_settings.update(
        community=shop, has_leaderboard=False, by=by, at=datetime.now(UTC)
    )
    page = phone.open("me")
    assert "leaderboard" not in page
    assert "1,200" in page


def test_own_points_say_what_is_usable_owed_and_why(
    shop: Community, ids: list[int]
) -> None:
    at = datetime.now(UTC)
    spending.spend(account_id=ids[0], amount=200, key="mall/1", by=None, at=at)
    page = Phone(shop).sign_in(ids[0])
    assert '<strong class="number">1,000</strong> usable points' in page
    assert "-200" in page
    assert "spent" in page
