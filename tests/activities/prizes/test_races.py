"""Many people at the same moment, each with their own connection; 200 in `make exact`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from qunce.activities.prizes import awards, claims, codes
from qunce.activities.prizes.models import Award, ClaimedBy, PrizeCode, PrizeStock
from qunce.core.staff.models import Staff
from tests import factories, threads
from tests.activities.prizes import builders
from tests.factories import AT
from tests.shares import IS_EXACT

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]
PEOPLE, PRIZES = (200 if IS_EXACT else 60), 10


def test_ten_prizes_for_many_people(ann: Staff) -> None:
    prize = builders.prize(ann, total=PRIZES)
    ids = factories.members(ann.community, *(f"m{n}" for n in range(20)))

    def take(number: int) -> Callable[[], bool]:
        account = ids[number % len(ids)]
        return lambda: (
            awards.award(
                stock=prize,
                account_id=account,
                source="race",
                source_key=str(number),
                at=AT,
            )
            is not None
        )

    found = threads.run(*(take(number) for number in range(PEOPLE)))
    assert Counter(found) == {True: PRIZES, False: PEOPLE - PRIZES}
    assert Award.objects.count() == PRIZES
    assert PrizeStock.objects.get().left == 0


def test_same_award_by_many_is_one(ann: Staff) -> None:
    prize = builders.prize(ann, total=PRIZES)
    (account,) = factories.members(ann.community, "bob")

    def take() -> int:
        return builders.award(prize, account).pk

    assert len(set(threads.run(*[take] * 20))) == 1
    assert PrizeStock.objects.get().left == PRIZES - 1


def test_each_winner_gets_a_code_of_their_own(ann: Staff) -> None:
    prize = builders.prize(ann, "code", total=40)
    lines = "\n".join(f"C-{n}" for n in range(30))
    codes.upload(prize=prize, text=lines, by=ann, at=AT)
    (account,) = factories.members(ann.community, "bob")
    won = [builders.award(prize, account, str(n)) for n in range(40)]

    def claim(award: Award) -> Callable[[], str]:
        def run() -> str:
            claims.claim(award=award, way=ClaimedBy.PAGE, at=AT)
            return codes.shown_to_winner(award)

        return run

    shown = threads.run(*map(claim, won))
    given = [code for code in shown if code]
    assert (len(given), len(set(given)), shown.count("")) == (30, 30, 10)
    assert PrizeCode.objects.filter(award__isnull=False).count() == 30


def test_one_prize_is_claimed_once(ann: Staff) -> None:
    (account,) = factories.members(ann.community, "bob")
    award = builders.award(builders.prize(ann), account)

    def claim() -> bool:
        own = Award.objects.select_related("stock__community").get(pk=award.pk)
        try:
            claims.claim(award=own, way=ClaimedBy.PAGE, at=AT)
        except claims.CannotClaim:
            return False
        return True

    assert Counter(threads.run(*[claim] * 20)) == {True: 1, False: 19}
