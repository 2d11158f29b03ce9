"""Prizes from the stock to the winner, through the verbs."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from qunce import reactions
from qunce.activities.points import balances
from qunce.activities.prizes import (
    addresses,
    awards,
    claims,
    codes,
    delivery,
    notices,
    prizes,
    stock,
)
from qunce.activities.prizes.addresses import Address
from qunce.activities.prizes.models import (
    Award,
    ClaimedBy,
    PrizeAddress,
    PrizeStock,
    State,
)
from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.facts.audit import AuditEntry
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.people import people, person_export
from tests import factories
from tests.activities.prizes import builders
from tests.activities.prizes.builders import HOME
from tests.factories import AT

pytestmark = [pytest.mark.django_db]
DAY = timedelta(days=1)


@pytest.fixture
def bob(community: Community) -> int:
    return factories.member(community, "bob", name="王小明").pk


def left(prize: PrizeStock) -> int:
    return PrizeStock.objects.get(pk=prize.pk).left


def test_same_source_and_key_awards_once(ann: Staff, bob: int) -> None:
    prize = builders.prize(ann)
    first, again = builders.award(prize, bob), builders.award(prize, bob)
    assert (first.pk, left(prize)) == (again.pk, 9)
    assert builders.award(prize, bob, "2").pk != first.pk


def test_eleventh_of_ten_prizes_is_none(ann: Staff, bob: int) -> None:
    prize = builders.prize(ann, total=1)
    builders.award(prize, bob)
    more = awards.award(
        stock=prize, account_id=bob, source="hand", source_key="2", at=AT
    )
    assert (more, left(prize), Award.objects.count()) == (None, 0, 1)


@pytest.mark.both_databases
def test_try_for_a_sold_out_prize_asks_once_and_writes_nothing(
    ann: Staff, bob: int
) -> None:
    prize = builders.prize(ann, total=1)
    won = builders.award(prize, bob)
    with CaptureQueriesContext(connection) as asked:
        more = awards.award(
            stock=prize, account_id=bob, source="hand", source_key="2", at=AT
        )
    assert more is None
    (query,) = asked.captured_queries
    assert query["sql"].split()[0] == "SELECT"
    # The winner gets the same award again.
    assert builders.award(prize, bob) == won


@pytest.mark.both_databases
def test_database_refuses_a_stock_below_0_or_above_its_total(ann: Staff) -> None:
    prize = builders.prize(ann)
    with pytest.raises(IntegrityError), transaction.atomic():
        stock.give_back(stock_id=prize.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        PrizeStock.objects.filter(pk=prize.pk).update(left=-1)
    assert left(prize) == 10


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"total": 0}, "from 1 to"),
        ({"total": 1_000_001}, "from 1 to"),
        ({"name": " "}, "1 to 80"),
        ({"claim_days": 0}, "1 to 365"),
        ({"value": -1}, "0 or more"),
        ({"kind": "points"}, "Points of one prize"),
        ({"amount": 3}, "no amount"),
        ({"kind": "red_packet"}, "how much money"),
        ({"kind": "car"}, "no kind of prize"),
        ({"instructions": "x" * 501}, "500"),
    ],
)
def test_prize_out_of_its_limits_is_refused(
    ann: Staff, fields: dict[str, Any], problem: str
) -> None:
    with pytest.raises(errors.QunceError, match=problem):
        builders.prize(ann, **fields)
    assert not PrizeStock.objects.exists()


def test_points_are_there_as_soon_as_they_are_awarded(ann: Staff, bob: int) -> None:
    prize = builders.prize(ann, "points", amount=50)
    award = builders.award(prize, bob)
    assert award.state == State.DELIVERED
    builders.award(prize, bob)
    assert balances.balance(account_id=bob, at=AT).usable == 50


def test_held_prize_is_given_when_staff_release_it(ann: Staff, bob: int) -> None:
    award = builders.award(builders.prize(ann, "points", amount=50), bob, is_held=True)
    assert award.state == State.TO_CLAIM
    with pytest.raises(claims.CannotClaim, match="still look"):
        claims.claim(award=award, way=ClaimedBy.PAGE, at=AT)
    assert claims.return_unclaimed(at=AT + 90 * DAY) == 0
    claims.release(award=award, by=ann, at=AT + DAY)
    assert balances.balance(account_id=bob, at=AT + DAY).usable == 50


def test_code_is_given_at_the_claim_and_encrypted(ann: Staff, bob: int) -> None:
    prize = builders.prize(ann, "code")
    found = codes.upload(prize=prize, text="A-1\n\nA-2\nA-1\n", by=ann, at=AT)
    assert (found.added, found.duplicates) == (2, [4])
    assert codes.upload(prize=prize, text="A-2", by=ann, at=AT).duplicates == [1]
    award = builders.award(prize, bob)
    assert codes.shown_to_winner(award) == ""
    claims.claim(award=award, way=ClaimedBy.PAGE, at=AT)
    assert codes.shown_to_winner(award) == "A-1"
    with connection.cursor() as cursor:
        cursor.execute("SELECT code, code_hash FROM prizes_prizecode")
        assert "A-1" not in str(cursor.fetchall())


def test_winner_waits_for_a_code_until_some_are_uploaded(ann: Staff, bob: int) -> None:
    prize = builders.prize(ann, "code")
    award = builders.award(prize, bob)
    claims.claim(award=award, way=ClaimedBy.PAGE, at=AT)
    assert codes.count_missing(prize) == 1
    assert codes.upload(prize=prize, text="B-1\nB-2", by=ann, at=AT).given == 1
    award.refresh_from_db()
    assert (award.state, codes.count_missing(prize)) == (State.DELIVERED, 0)
    assert codes.count_free(prize) == 1


def test_goods_go_from_the_claim_to_the_hand_over(ann: Staff, bob: int) -> None:
    award = builders.award(builders.prize(ann, "goods"), bob)
    with pytest.raises(claims.AddressNeeded):
        claims.claim(award=award, way=ClaimedBy.PAGE, at=AT)
    claims.claim(award=award, way=ClaimedBy.PAGE, address=HOME, at=AT)
    with pytest.raises(claims.CannotClaim, match="already"):
        claims.claim(award=award, way=ClaimedBy.PAGE, address=HOME, at=AT)
    with pytest.raises(delivery.InvalidParcel):
        delivery.send(award=award, carrier="SF", parcel_number="=1+1", by=ann, at=AT)
    delivery.send(award=award, carrier="SF", parcel_number="SF123456", by=ann, at=AT)
    delivery.hand_over(award=award, by=ann, at=AT + 3 * DAY)
    award.refresh_from_db()
    assert (award.state, award.parcel_number) == (State.DELIVERED, "SF123456")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"recipient": ""}, "recipient"),
        ({"phone": "call me"}, "phone"),
        ({"address": "沪"}, "whole address"),
        ({"address": "x" * 201}, "whole address"),
    ],
)
def test_incomplete_address_is_refused(
    ann: Staff, bob: int, change: dict[str, str], problem: str
) -> None:
    award = builders.award(builders.prize(ann, "goods"), bob)
    with pytest.raises(addresses.InvalidAddress, match=problem):
        claims.claim(
            award=award,
            way=ClaimedBy.PAGE,
            address=Address(**{**vars(HOME), **change}),
            at=AT,
        )
    award.refresh_from_db()
    assert award.state == State.TO_CLAIM


def test_address_is_encrypted_and_every_reading_recorded(
    community: Community, ann: Staff, bob: int
) -> None:
    award = builders.award(builders.prize(ann, "goods"), bob)
    claims.claim(award=award, way=ClaimedBy.PAGE, address=HOME, at=AT)
    with connection.cursor() as cursor:
        cursor.execute("SELECT recipient, phone, address FROM prizes_prizeaddress")
        assert HOME.phone not in str(cursor.fetchall())
    operator = factories.staff(community, "operator", "olga")
    with pytest.raises(permissions.NotAllowed):
        addresses.read(chosen=[award], by=operator, at=AT)
    before = AuditEntry.objects.count()
    assert addresses.read(chosen=[award], by=ann, at=AT) == {award.pk: HOME}
    assert AuditEntry.objects.count() == before + 1


def test_address_is_deleted_90_days_after_the_hand_over(ann: Staff, bob: int) -> None:
    award = builders.award(builders.prize(ann, "goods"), bob)
    claims.claim(award=award, way=ClaimedBy.PAGE, address=HOME, at=AT)
    delivery.hand_over(award=award, by=ann, at=AT)
    assert addresses.delete_old(at=AT + 89 * DAY) == 0
    assert PrizeAddress.objects.exists()
    assert addresses.delete_old(at=AT + 90 * DAY) == 1


def test_erased_winner_leaves_neither_address_nor_parcel(
    community: Community, ann: Staff, bob: int
) -> None:
    award = builders.award(builders.prize(ann, "goods"), bob)
    claims.claim(award=award, way=ClaimedBy.PAGE, address=HOME, at=AT)
    delivery.send(award=award, carrier="SF", parcel_number="SF123456", by=ann, at=AT)
    people.erase(account=account_queries.get(community, "bob"), by=ann, at=AT)
    reactions.CONSUMER.catch_up(at=AT)
    award.refresh_from_db()
    assert not PrizeAddress.objects.exists()
    assert award.parcel_number == ""


def test_unclaimed_prize_is_reminded_of_once_and_returns(ann: Staff, bob: int) -> None:
    prize = builders.prize(ann, claim_days=14)
    award = builders.award(prize, bob)
    assert claims.remind_due(at=AT + 10 * DAY) == 0
    assert claims.remind_due(at=AT + 11 * DAY) == 1
    assert claims.remind_due(at=AT + 12 * DAY) == 0
    assert claims.return_unclaimed(at=AT + 14 * DAY) == 0
    assert claims.return_unclaimed(at=AT + 15 * DAY) == 1
    award.refresh_from_db()
    assert (award.state, left(prize)) == (State.RETURNED, 10)
    with pytest.raises(claims.CannotClaim, match="over"):
        claims.claim(award=award, way=ClaimedBy.PAGE, at=AT + 15 * DAY)


def test_next_winner_of_a_source_without_one_is_the_stock(ann: Staff, bob: int) -> None:
    prize = builders.prize(ann, unclaimed="next")
    builders.award(prize, bob)
    claims.return_unclaimed(at=AT + 15 * DAY)
    assert left(prize) == 10


def test_parcel_that_came_back_returns_to_the_stock(ann: Staff, bob: int) -> None:
    prize = builders.prize(ann, "goods")
    award = builders.award(prize, bob)
    claims.claim(award=award, way=ClaimedBy.STAFF, address=HOME, by=ann, at=AT)
    delivery.send(award=award, carrier="SF", parcel_number="SF123456", by=ann, at=AT)
    with pytest.raises(errors.Invalid, match="reason"):
        delivery.take_back(award=award, reason="", by=ann, at=AT)
    delivery.take_back(award=award, reason="退件", by=ann, at=AT)
    assert left(prize) == 10


def test_claim_by_message_takes_the_address_in_it(
    community: Community, ann: Staff, bob: int
) -> None:
    builders.award(builders.prize(ann, "goods"), bob)
    builders.award(builders.prize(ann, name="咖啡"), bob, "2")

    def claim(said: str) -> claims.Answer:
        return claims.claim_by_message(
            community=community, account_id=bob, said=said, at=AT
        )

    first = claim("")
    assert first.claimed == 1 and "咖啡" in first.text and "address" in first.text
    assert claim("李雷 13800138000 上海市静安区 南京西路1号").claimed == 1
    assert PrizeAddress.objects.get().address == "上海市静安区 南京西路1号"
    assert claim("").claimed == 0


def test_filled_file_of_addresses_gives_the_parcel_numbers(
    community: Community, ann: Staff, bob: int
) -> None:
    evil = Address(recipient="=HYPERLINK(1)", phone=HOME.phone, address="a, b, c 路")
    chosen = []
    for key in ("1", "2"):
        award = builders.award(builders.prize(ann, "goods"), bob, key)
        claims.claim(award=award, way=ClaimedBy.PAGE, address=evil, at=AT)
        chosen.append(Award.objects.select_related("stock").get(pk=award.pk))
    text = delivery.export_csv(chosen=chosen, by=ann, at=AT)
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[1][2] == "'=HYPERLINK(1)"
    rows[1][5:7] = ["SF", "SF123456"]
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    found = delivery.paste_parcels(text=file.getvalue(), by=ann, at=AT)
    assert (found.sent, found.problems) == (1, [])
    pasted = f"{chosen[0].pk} SF SF123456\n{chosen[1].pk}\tZTO\tZT99999\n77 SF SF1\nx\n"
    again = delivery.paste_parcels(text=pasted, by=ann, at=AT)
    assert again.sent == 1
    assert [number for number, _problem in again.problems] == [3, 4]


def test_scoped_staff_see_the_winners_of_their_members_only(
    community: Community, ann: Staff, bob: int
) -> None:
    (eve,) = factories.members(community, "eve")
    prize = builders.prize(ann)
    own, other = builders.award(prize, bob), builders.award(prize, eve, "2")
    tagged = factories.tag(community, "own")
    factories.apply_tag(community, tagged.key, bob)
    scoped = factories.staff(
        community, "manager", "sue", scope={"tag": {"any": [tagged.key]}}
    )
    seen = awards.list_visible(by=scoped, at=AT)
    assert [award.pk for award in seen] == [own.pk]
    with pytest.raises(awards.AwardNotFound):
        delivery.hand_over(award=other, by=scoped, at=AT)


def test_prizes_of_another_community_are_unknown(ann: Staff) -> None:
    prize = builders.prize(ann)
    stranger = factories.staff(factories.community("other"), login="zoe")
    with pytest.raises(prizes.PrizeNotFound):
        prizes.get(pk=prize.pk, by=stranger)
    with pytest.raises(prizes.PrizeNotFound):
        prizes.add_stock(prize=prize, count=1, by=stranger, at=AT)
    assert prizes.get(pk=prize.pk, by=ann) == prize


def test_prizes_are_in_the_export_of_a_person(ann: Staff, bob: int) -> None:
    award = builders.award(builders.prize(ann, "goods"), bob)
    claims.claim(award=award, way=ClaimedBy.PAGE, address=HOME, at=AT)
    found = person_export.export(account=bob, by=ann, at=AT)
    assert HOME.address in str(found)


def test_notices_name_the_prize_and_the_last_day(ann: Staff, bob: int) -> None:
    award = builders.award(builders.prize(ann, instructions="前台领取"), bob)
    text = notices.awarded(award)
    assert "杯子" in text and "2026-03-19" in text and "前台领取" in text
    with translation.override("zh-hans"):
        assert "领奖" in notices.awarded(award)
