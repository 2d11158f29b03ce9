"""200 people at ten pieces at the same moment: never an eleventh."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db.models import F

from qunce.activities.activities.models import Activity, Answer, Entry, Way
from qunce.activities.flash_sales import pieces, reservations
from qunce.activities.flash_sales.models import FlashSale, Reservation
from qunce.activities.kinds import base
from qunce.activities.prizes.models import Award
from qunce.core.staff.models import Staff
from tests import factories, threads
from tests.activities.flash_sales.builders import open_sale
from tests.activities.flash_sales.test_flash_sales import LAPSED
from tests.activities.mall.builders import rich
from tests.factories import AT
from tests.shares import IS_EXACT

PIECES = 10
PEOPLE = 200 if IS_EXACT else 60
pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


def reserve(sale_id: int, account: int, said: str = "", at: Any = AT) -> base.Reply:
    sale = Activity.objects.select_related("community").get(pk=sale_id)
    return base.take_part(
        activity=sale,
        account_id=account,
        way=Way.PORTAL,
        said=said,
        key=f"{said}{at}",
        at=at,
    )


def all_reserve(by: Staff, pieces_: int, people: list[int]) -> Counter[bool]:
    sale = open_sale(by, pieces_)
    replies = threads.run(*(partial(reserve, sale.pk, pk) for pk in people))
    return Counter(reply.accepted for reply in replies)


def test_ten_pieces_for_many_people(by: Staff) -> None:
    people = rich(by, *(f"m{n}" for n in range(PEOPLE)))
    found = all_reserve(by, PIECES, people)
    assert found == {True: PIECES, False: PEOPLE - PIECES}
    assert FlashSale.objects.get().left == 0
    assert Reservation.objects.count() == Entry.objects.count() == PIECES
    # Whoever comes later writes nothing.
    answers = Answer.objects.count()
    sale = Activity.objects.get()
    assert not reserve(sale.pk, people[0], "x").accepted
    assert Answer.objects.count() == answers


def test_without_its_condition_too_many_are_reserved(
    by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take_what_was_left(sale: FlashSale) -> bool:
        rows = FlashSale.objects.filter(pk=sale.pk, left__gte=1)
        rows.update(left=F("left") - 1)
        return True

    monkeypatch.setattr(pieces, "take", take_what_was_left)
    monkeypatch.setattr(pieces, "is_sold_out", lambda sale, at: False)
    people = rich(by, *(f"m{n}" for n in range(12)))
    assert all_reserve(by, 1, people)[True] > 1


def test_a_confirmation_at_the_moment_of_the_lapse_has_one_answer(by: Staff) -> None:
    sale = open_sale(by, PIECES)
    people = rich(by, *(f"m{n}" for n in range(2 * PIECES)))
    for account in people[:PIECES]:
        reserve(sale.pk, account)
    for account in people[PIECES:]:
        reserve(sale.pk, account, "waitlist")

    def confirm(pk: int) -> bool:
        row = Reservation.objects.select_related("sale__activity__community").get(pk=pk)
        try:
            reservations.confirm_with_points(reservation=row, at=LAPSED - AT.resolution)
        except reservations.CannotConfirm:
            return False
        return True

    def lapse() -> bool:
        pieces.lapse_due(at=LAPSED)
        return False

    ids = list(Reservation.objects.values_list("pk", flat=True))
    tasks: list[Callable[[], bool]] = [partial(confirm, pk) for pk in ids]
    done = sum(threads.run(*tasks[:5], lapse, lapse, *tasks[5:]))
    states = Counter(Reservation.objects.values_list("state", flat=True))
    assert states["confirmed"] == done == Award.objects.count()
    assert states["lapsed"] == states["reserved"] == PIECES - done
    assert FlashSale.objects.get().left == 0
