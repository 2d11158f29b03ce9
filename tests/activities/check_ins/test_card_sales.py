"""Make-up cards that members buy with points."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from qunce import reactions
from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.kind_contract import InvalidSetting, NotBetter
from qunce.activities.activities.models import Activity
from qunce.activities.check_ins import card_sales, make_up_cards
from qunce.activities.check_ins.models import MakeUpCard
from qunce.activities.points import doctor_checks, spending
from qunce.activities.points.models import PointLot
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import people, staff_accounts
from tests import clients, factories, threads
from tests.activities.points import builders
from tests.activities.points.builders import usable
from tests.activities.running import DAY, join, running
from tests.cli.runner import in_this_process
from tests.factories import AT
from tests.portal.phones import Phone

pytestmark = pytest.mark.django_db
SETTINGS: dict[str, Any] = {
    "cards_per_month": 0,
    "make_up_days": 3,
    "card_price": 50,
    "card_sales": 2,
}


@pytest.fixture
def bob(by: Staff) -> int:
    bob: int = factories.members(by.community, "bob")[0]
    return bob


def selling(by: Staff, **settings: Any) -> Activity:
    return running(by, settings={**SETTINGS, **settings})


def buy(
    activity: Activity, account: int, key: str = "a", at: datetime = AT
) -> MakeUpCard:
    return card_sales.buy(
        activity=activity, account_id=account, key=key, by=None, at=at
    )


def left(activity: Activity, account: int, at: datetime = AT) -> int:
    accounts = account_queries.account_ids_of_person(account)
    return make_up_cards.count_left(activity, accounts, at)


def test_a_bought_card_restores_the_streak_and_not_the_points_of_the_day(
    by: Staff, bob: int
) -> None:
    builders.award(bob, 120)
    activity = selling(by, rest_weekdays=["sat"])
    # 2026-03-05 is a Thursday: Friday is missed, and Saturday is a day of rest.
    join(activity, bob)
    at = AT + 3 * DAY
    join(activity, bob, at)
    assert join(activity, bob, at, key="x", said="make-up").code == "make_up"
    for _time in range(2):
        buy(activity, bob, at=at)
    assert (usable(bob, at), left(activity, bob, at)) == (70, 1)
    reply = join(activity, bob, at, key="y", said="make-up 2026-03-06")
    assert "3 days in a row" in reply.text
    assert (usable(bob, at), left(activity, bob, at)) == (70, 0)
    assert not factories.recorded_facts(by.community, "points.earned")[1:]
    # Days before the last three, and days of rest, are not made up.
    buy(activity, bob, "b", at)
    for day in ("2026-03-04", "2026-03-07"):
        assert not join(activity, bob, at, key=day, said=f"make-up {day}").accepted
    assert list(doctor_checks.check_points()) == []


def test_price_month_and_balance_limit_what_is_bought(by: Staff, bob: int) -> None:
    activity = selling(by)
    with pytest.raises(spending.NotEnoughPoints, match="0 points"):
        buy(activity, bob)
    assert not MakeUpCard.objects.exists()
    builders.award(bob, 500)
    buy(activity, bob, "a")
    buy(activity, bob, "b")
    with pytest.raises(card_sales.NoMoreCards):
        buy(activity, bob, "c")
    buy(activity, bob, "d", AT + 30 * DAY)
    assert usable(bob) == 350
    with pytest.raises(card_sales.CardsNotSold):
        buy(running(by), bob)
    with pytest.raises(card_sales.InvalidCardKey):
        buy(activity, bob, "")


def test_cards_are_for_members_while_it_is_open_and_for_this_check_in(
    by: Staff, bob: int
) -> None:
    cy = factories.members(by.community, "cy")[0]
    for account in (bob, cy):
        builders.award(account, 100)
    activity, other = selling(by), selling(by)
    buy(activity, bob)
    assert (left(activity, bob), left(other, bob)) == (1, 0)
    staff_accounts.mark(accounts=[cy], staff=by, by=by, at=AT)
    with pytest.raises(card_sales.CardsNotSold):
        buy(activity, cy)
    lifecycle.pause(activity=activity, reason="Rain", by=by, at=AT)
    with pytest.raises(card_sales.CardsNotSold, match="paused"):
        buy(activity, bob, "b")


def test_points_of_an_unused_card_go_back_into_the_same_lots(
    by: Staff, bob: int
) -> None:
    soon = builders.award(bob, 30, valid_days=3)
    late = builders.award(bob, 40, "prize/2")
    activity = selling(by)
    card = buy(activity, bob)
    assert dict(PointLot.objects.values_list("pk", "left")) == {soon: 0, late: 20}
    assert card_sales.give_back(card=card, by=by, at=AT)
    assert not card_sales.give_back(card=card, by=by, at=AT)
    assert dict(PointLot.objects.values_list("pk", "left")) == {soon: 30, late: 40}
    assert left(activity, bob) == 0
    # It is no longer among those of the month.
    for key in ("b", "c"):
        if usable(bob) >= 50:
            buy(activity, bob, key)
    join(activity, bob)
    at = AT + 2 * DAY
    join(activity, bob, at)
    assert join(activity, bob, at, key="x", said="make-up").accepted
    used = MakeUpCard.objects.get(used_at__isnull=False)
    with pytest.raises(card_sales.CardUsed):
        card_sales.give_back(card=used, by=by, at=at)


def test_unused_cards_are_given_back_when_the_check_in_ends(
    by: Staff, bob: int
) -> None:
    builders.award(bob, 100)
    activity = selling(by)
    buy(activity, bob)
    lifecycle.close(activity=activity, by=by, at=AT)
    assert usable(bob) == 100
    assert MakeUpCard.objects.get().returned_at == AT
    assert list(doctor_checks.check_points()) == []


def test_the_end_gives_nothing_back_to_who_was_erased(by: Staff, bob: int) -> None:
    cy = factories.members(by.community, "cy")[0]
    activity = selling(by)
    for account in (bob, cy):
        builders.award(account, 100)
        buy(activity, account)
    people.erase(account=Account.objects.get(pk=bob), by=by, at=AT)
    while reactions.CONSUMER.catch_up(at=AT):
        pass
    lifecycle.close(activity=activity, by=by, at=AT)
    assert usable(cy) == 100
    assert not MakeUpCard.objects.filter(returned_at=None).exists()
    assert list(doctor_checks.check_points()) == []


def test_prices_fall_only_once_members_have_read_them(by: Staff) -> None:
    activity = selling(by)
    for settings in ({"card_price": 51}, {"card_price": None}, {"card_sales": 1}):
        with pytest.raises(NotBetter):
            activities.change(
                activity=activity, settings={**SETTINGS, **settings}, by=by, at=AT
            )
    activities.change(
        activity=activity, settings={**SETTINGS, "card_price": 40}, by=by, at=AT
    )
    with pytest.raises(InvalidSetting):
        selling(by, make_up_days=0)


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_simultaneous_purchases_stay_within_month_and_balance(by: Staff) -> None:
    bob = factories.members(by.community, "bob")[0]
    builders.award(bob, 500)
    activity = selling(by)

    def tap(key: str) -> bool:
        try:
            buy(Activity.objects.get(pk=activity.pk), bob, key)
        except card_sales.NoMoreCards:
            return False
        return True

    done = threads.run(*(lambda key=key: tap(key) for key in "aabbccdd"))
    assert MakeUpCard.objects.count() == 2
    assert usable(bob) == 400
    assert done.count(False) >= 4


def test_member_buys_on_the_page_after_signing_in(by: Staff) -> None:
    at = datetime.now(UTC)
    bob = factories.member(by.community, "bob", name="Bob").pk
    builders.award(bob, 60, at=at)
    activity = running(by, settings=SETTINGS)
    path = f"a/{activity.public_id}"
    phone = Phone(by.community)
    phone.bind(bob)
    phone.sign_in(bob)
    page = phone.open(path)
    assert "Buy a make-up card for 50 points" in page
    page = phone.press("/card")
    assert "make-up cards: 1" in page
    page = phone.press("/card")
    assert phone.status == 403
    assert "There are 10 points to spend" in page
    assert usable(bob, at) == 10


def test_staff_and_programs_sell_and_take_back_cards(
    by: Staff, bob: int, capsys: pytest.CaptureFixture[str]
) -> None:
    builders.award(bob, 500)
    activity = selling(by)
    client = clients.create_client(by.community)
    path = f"/activities/{activity.pk}/make-up-cards"
    bought = client.post(path, {"member_id": bob, "key": "a"})
    assert client.post(path, {"member_id": bob, "key": "a"}).body == bought.body
    (item,) = client.get(path).body["items"]
    assert (item["is_used"], item["is_returned"]) == (False, False)
    returned = client.request("DELETE", f"{path}/{item['id']}")
    assert returned.body["is_returned"]
    run = in_this_process(capsys, "--at", AT.isoformat(), "--lang", "en")
    found = run(
        "activities", "buy-card", str(activity.pk), "bob", "--key", "k", "--json"
    )
    number = str(found.json["card"])
    done = run("activities", "give-back-card", str(activity.pk), number, "--json")
    assert done.json["is_new"]
    card = buy(activity, bob, "page")
    browser = clients.browser(by)
    page = browser.get(f"/activities/{activity.pk}/check-ins/").content.decode()
    assert f"/cards/{card.pk}/give-back/" in page
    browser.post(f"/activities/{activity.pk}/cards/{card.pk}/give-back/")
    card.refresh_from_db()
    assert card.returned_at is not None
    assert usable(bob) == 500
