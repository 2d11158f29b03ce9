"""Many people at the same moment, each with their own connection, and what would go wrong.

Each race runs once more without the condition of its UPDATE, and then goes wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.db.models import F

from qunce.activities.prizes import awards, claims, codes
from qunce.activities.prizes import stock as prize_stock
from qunce.activities.prizes.models import (
    Award,
    ClaimedBy,
    PrizeCode,
    PrizeStock,
    State,
)
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories, threads
from tests.activities.prizes import builders
from tests.factories import AT
from tests.shares import IS_EXACT

IS_ONE_WRITER = connection.vendor == "sqlite"
PEOPLE, PRIZES = 200, 10
# On SQLite, writers wait in line; `make exact` has all of them do so.
WRITERS = 40 if IS_ONE_WRITER and not IS_EXACT else PEOPLE
FEW = 20
pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def people(community: Community) -> list[int]:
    return factories.members(community, *(f"m{n}" for n in range(FEW)))


def take(prize: PrizeStock, people: list[int], number: int) -> bool:
    found = awards.award(
        stock=prize,
        account_id=people[number % len(people)],
        source="race",
        source_key=f"{prize.pk}:{number}",
        at=AT,
    )
    return found is not None


def all_take(prize: PrizeStock, people: list[int], count: int) -> Counter[bool]:
    tasks = (partial(take, prize, people, number) for number in range(count))
    return Counter(threads.run(*tasks))


def test_ten_prizes_for_many_people(ann: Staff, people: list[int]) -> None:
    prize = builders.prize(ann, total=PRIZES)
    found = all_take(prize, people, PEOPLE)
    assert found == {True: PRIZES, False: PEOPLE - PRIZES}
    assert Award.objects.count() == PRIZES
    assert PrizeStock.objects.get().left == 0


def test_stock_without_its_condition_gives_too_many(
    ann: Staff, people: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def take_what_was_left(*, stock_id: int, count: int = 1) -> bool:
        # It trusts what was read before, without a lock.
        rows = PrizeStock.objects.filter(pk=stock_id, left__gte=count)
        rows.update(left=F("left") - count)
        return True

    monkeypatch.setattr(prize_stock, "take", take_what_was_left)
    assert _goes_wrong(
        lambda: all_take(builders.prize(ann, total=1), people, FEW)[True] > 1
    )


def _goes_wrong(attempt: Callable[[], bool]) -> bool:
    """Whether one of a few attempts goes wrong; the threads may run one after the other."""
    return any(attempt() for _attempt in range(10))


def test_same_award_by_many_is_one(ann: Staff, people: list[int]) -> None:
    prize = builders.prize(ann, total=PRIZES)

    def award() -> int:
        return builders.award(prize, people[0]).pk

    assert len(set(threads.run(*[award] * FEW))) == 1
    assert PrizeStock.objects.get().left == PRIZES - 1


def all_claim(won: list[Award]) -> list[str]:
    def run(award: Award) -> str:
        claims.claim(award=award, way=ClaimedBy.PAGE, at=AT)
        return codes.shown_to_winner(award)

    return threads.run(*(partial(run, award) for award in won))


def with_codes(ann: Staff, people: list[int], winners: int, count: int) -> list[Award]:
    prize = builders.prize(ann, "code", total=winners)
    lines = "\n".join(f"C-{n}" for n in range(count))
    codes.upload(prize=prize, text=lines, by=ann, at=AT)
    return [
        builders.award(prize, people[n % FEW], str(n), is_taken=True)
        for n in range(winners)
    ]


def test_each_winner_gets_a_code_of_their_own(ann: Staff, people: list[int]) -> None:
    shown = all_claim(with_codes(ann, people, WRITERS, WRITERS - 10))
    given = [code for code in shown if code]
    counts = len(given), len(set(given)), shown.count("")
    assert counts == (WRITERS - 10, WRITERS - 10, 10)
    linked = PrizeCode.objects.filter(award__isnull=False)
    assert linked.count() == WRITERS - 10


@pytest.mark.skipif(IS_ONE_WRITER, reason="SQLite lets one claim in at a time")
def test_code_without_its_condition_is_given_twice(
    ann: Staff, people: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def take_first(award: Award) -> bool:
        free = PrizeCode.objects.filter(stock=award.stock_id, award__isnull=True)
        pk = free.order_by("pk").values_list("pk", flat=True).first()
        return bool(PrizeCode.objects.filter(pk=pk or 0).update(award=award))

    def attempt() -> bool:
        PrizeCode.objects.all().delete()
        Award.objects.all().delete()
        won = with_codes(ann, people, FEW, FEW)
        all_claim(won)
        delivered = Award.objects.filter(state=State.DELIVERED).count()
        # Of two who took the same code the second has it, and the first has none.
        return PrizeCode.objects.filter(award__isnull=False).count() < delivered

    monkeypatch.setattr(codes, "take", take_first)
    assert _goes_wrong(attempt)


def claim_once(award: Award) -> bool:
    own = Award.objects.select_related("stock__community", "community").get(pk=award.pk)
    try:
        claims.claim(award=own, way=ClaimedBy.PAGE, at=AT)
    except claims.CannotClaim:
        return False
    return True


def test_one_prize_is_claimed_once(ann: Staff, people: list[int]) -> None:
    award = builders.award(builders.prize(ann), people[0])
    found = Counter(threads.run(*[partial(claim_once, award)] * FEW))
    assert found == {True: 1, False: FEW - 1}


def test_claim_without_its_condition_is_accepted_twice(
    ann: Staff, people: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unguarded:
        def transition(self, award: Award, _step: str, **fields: Any) -> None:
            Award.objects.filter(pk=award.pk).update(state=State.CLAIMED, **fields)

    monkeypatch.setattr(awards, "STATES", Unguarded())
    prize = builders.prize(ann, total=FEW)

    def attempt() -> bool:
        award = builders.award(prize, people[0], str(Award.objects.count()))
        return sum(threads.run(*[partial(claim_once, award)] * FEW)) > 1

    assert _goes_wrong(attempt)
