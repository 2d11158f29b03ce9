"""What is offered to a member and why: pure rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from qunce.sidebar import offers
from qunce.sidebar.offers import Interest, LayerMove, OfferContext

TODAY = date(2026, 3, 5)
OLD = TODAY - timedelta(400)
NOBODY = OfferContext(today=TODAY, joined=OLD, orders=[OLD])


def days_ago(*days: int) -> list[date]:
    return [TODAY - timedelta(each) for each in days]


def rules(known: OfferContext) -> list[str]:
    return [offer.rule for offer in offers.decide(known)]


def test_nothing_known_is_no_offer() -> None:
    assert offers.decide(NOBODY) == []


def test_item_bought_at_a_rhythm_is_offered_when_it_is_due() -> None:
    bought = [(day, "Yunnan") for day in days_ago(89, 61, 30)]
    (due,) = offers.decide(replace(NOBODY, purchases=bought))
    assert due.what == "“Yunnan” again"
    assert due.why == "Bought 3 times, about every 30 days; last 30 days ago."
    early = replace(NOBODY, purchases=bought, today=TODAY - timedelta(25))
    late = replace(NOBODY, purchases=bought, today=TODAY + timedelta(60))
    once = replace(NOBODY, purchases=bought[:1])
    assert [rules(known) for known in (early, late, once)] == [[], [], []]


def test_regular_customer_who_is_silent_gets_a_reason_to_come_back() -> None:
    silent = replace(NOBODY, orders=days_ago(120, 110, 100))
    assert rules(silent) == ["silence"]
    assert rules(replace(silent, orders=days_ago(120, 110))) == []
    assert rules(replace(silent, orders=days_ago(40, 30, 20))) == []


def test_moves_between_layers_say_up_down_or_neither() -> None:
    for is_rise, text in (
        (True, "Thanks for rising into “High”"),
        (False, "A reason to come back into “Mid”"),
        (None, "A word about “High”"),
    ):
        move = LayerMove("Value", "Mid", "High", is_rise)
        (offer,) = offers.decide(replace(NOBODY, moves=[move]))
        assert offer.what == text
        assert offer.why == "Value: from “Mid” to “High” within 14 days."


def test_birthday_comes_first_and_only_when_it_is_near() -> None:
    near = replace(NOBODY, birthday=date(1990, 3, 8), orders=days_ago(120, 110, 100))
    assert rules(near) == ["birthday", "silence"]
    assert rules(replace(NOBODY, birthday=date(1990, 3, 20))) == []
    assert rules(replace(NOBODY, birthday=date(1990, 3, 4))) == []


def test_interests_are_deep_tags_the_deepest_first() -> None:
    tags = [Interest("tea", 2, OLD), Interest("cups", 5, OLD), Interest("x", 1, TODAY)]
    found = offers.decide(replace(NOBODY, interests=tags))
    assert [offer.what for offer in found] == ["News on “cups”", "News on “tea”"]
    assert found[0].why.startswith("Tagged “cups” ×5")


def test_newcomer_without_an_order_is_offered_a_first_one() -> None:
    new = OfferContext(today=TODAY, joined=TODAY - timedelta(1))
    assert rules(new) == ["first_order"]
    assert rules(replace(new, orders=[TODAY])) == []
    assert rules(replace(new, joined=OLD)) == []


def test_who_has_left_or_opted_out_is_offered_nothing() -> None:
    known = OfferContext(today=TODAY, joined=TODAY, invitations=["Regulars"])
    assert rules(known) == ["invitation", "first_order"]
    assert rules(replace(known, has_opted_out=True)) == []
    assert rules(replace(known, is_present=False)) == []


@given(st.dates(date(1920, 1, 1), date(2026, 1, 1)), st.dates(date(2026, 1, 1)))
def test_next_anniversary_is_within_a_year(day: date, today: date) -> None:
    found = offers.next_anniversary(day, min(today, date(9000, 1, 1)))
    assert 0 <= (found - min(today, date(9000, 1, 1))).days <= 366
    assert (found.month, found.day) in {(day.month, day.day), (3, 1)}
