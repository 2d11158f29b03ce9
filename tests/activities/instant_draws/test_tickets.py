"""Tickets of instant draws: what they win, how many there are, and what is given back."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any

import pytest
from django.core.serializers import serialize

from qunce import reactions
from qunce.activities import budget
from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.kind_contract import InvalidSetting, NotBetter
from qunce.activities.activities.models import Activity, Answer, Entry
from qunce.activities.draws import doctor_checks
from qunce.activities.instant_draws import (
    instant_draws,
    odds,
    proofs,
    seeds,
    verifier,
)
from qunce.activities.instant_draws.models import (
    DaySeed,
    InstantPrize,
    InstantTicket,
    State,
)
from qunce.activities.kinds import base
from qunce.activities.prizes import claims
from qunce.activities.prizes.models import Award, PrizeStock
from qunce.core.facts.facts import Fact
from qunce.core.staff.models import Staff
from qunce.members.accounts.models import Account
from qunce.members.people import people
from tests import factories
from tests.activities import running
from tests.activities.instant_draws import builders
from tests.activities.instant_draws.builders import END, row
from tests.factories import AT

pytestmark = pytest.mark.django_db
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


@pytest.fixture
def bob(by: Staff) -> int:
    return factories.members(by.community, "bob")[0]


def join(
    activity: Activity, account: int, key: str, at: Any = AT, **more: Any
) -> base.Reply:
    return running.join(activity, account, at, key=key, **more)


def test_a_repeated_form_is_the_same_ticket(by: Staff, bob: int) -> None:
    activity = builders.open_draw(by, tickets_per_day=5)
    first, second = (join(activity, bob, "thumb", said="77") for _n in range(2))
    assert (first.text, second.text) == ("Ticket 1: you have won “杯子”.",) * 2
    assert second.is_repeated
    # Its answer is deleted after some weeks, and the ticket stays.
    Answer.objects.all().delete()
    assert join(activity, bob, "thumb").text == first.text
    assert InstantTicket.objects.count() == Award.objects.count() == 1


def test_tickets_are_counted_by_the_day_and_in_all(by: Staff, bob: int) -> None:
    activity = builders.open_draw(by, tickets_per_day=2, tickets_in_all=3)
    for n, (at, is_accepted) in enumerate(
        [(AT, True), (AT, True), (AT, False), (AT + DAY, True), (AT + DAY, False)]
    ):
        assert join(activity, bob, f"k{n}", at).accepted is is_accepted
    assert (
        join(activity, bob, "last", AT + DAY).text == "You have used all your tickets."
    )
    numbers = InstantTicket.objects.order_by("pk").values_list("number", flat=True)
    assert list(numbers) == [1, 2, 3]


def test_a_merged_pair_shares_its_tickets_and_an_unmerged_one_does_not(
    by: Staff,
) -> None:
    left, right = factories.members(by.community, "left", "right")
    activity = builders.open_draw(by, tickets_per_day=2)
    join(activity, left, "a")
    join(activity, right, "b")
    factories.merge(by.community, "left", "right")
    assert not join(activity, left, "c").accepted
    assert join(activity, right, "d", AT + DAY).accepted
    factories.unmerge(by.community, "left", "right")
    assert join(activity, left, "e", AT + DAY).accepted
    assert join(activity, right, "f", AT + DAY).accepted
    rows = InstantTicket.objects.order_by("pk").values_list("account_id", "number")
    assert list(rows) == [(left, 1), (right, 1), (right, 2), (left, 3), (right, 3)]


def test_a_prize_that_is_gone_falls_to_the_next(by: Staff) -> None:
    first, second = builders.prize(by, "杯子"), builders.prize(by, "茶叶")
    ann, bob, cy = factories.members(by.community, "ann", "bob", "cy")
    activity = builders.open_draw(
        by, row(first, "99.9999", 1), row(second, "0.0001", 1)
    )
    texts = [join(activity, account, "k").text for account in (ann, bob, cy)]
    assert texts == [
        "Ticket 1: you have won “杯子”.",
        "Ticket 1: that prize is gone, so you won the next: “茶叶”.",
        "Ticket 1: that prize is gone, so you won nothing.",
    ]


def test_a_prize_that_is_gone_falls_to_none_if_that_was_published(by: Staff) -> None:
    first, second = builders.prize(by, "杯子"), builders.prize(by, "茶叶")
    ann, bob = factories.members(by.community, "ann", "bob")
    rows = (row(first, "99.9999", 1), row(second, "0.0001", 1))
    activity = builders.open_draw(by, *rows, if_gone="none")
    assert join(activity, ann, "k").text == "Ticket 1: you have won “杯子”."
    assert "nothing" in join(activity, bob, "k").text


def test_stock_is_released_by_the_hour(by: Staff) -> None:
    people = factories.members(by.community, *(f"m{n}" for n in range(6)))
    activity = builders.open_draw(by, row(builders.prize(by), "100", 3, per_hour=1))
    won = [
        join(activity, account, "k", AT + hours * HOUR / 2).text.endswith("“杯子”.")
        for hours, account in enumerate(people)
    ]
    assert won == [True, False, True, False, True, False]


def test_what_nobody_won_returns_at_the_end(by: Staff, bob: int) -> None:
    prize = builders.prize(by, cost=500, total=10)
    activity = builders.open_draw(by, row(prize, "100", 4))
    prize.refresh_from_db()
    assert prize.left == 6
    assert budget.get_spent(activity).reserved_money == 2000
    join(activity, bob, "k")
    assert list(doctor_checks.check_stocks()) == []
    lifecycle.move_due(at=END)
    prize.refresh_from_db()
    assert prize.left == 9
    assert budget.get_spent(activity).reserved_money == 500
    assert list(doctor_checks.check_stocks()) == []
    assert not join(activity, bob, "late", END).accepted


def test_an_unclaimed_prize_returns_to_stock_and_budget(by: Staff, bob: int) -> None:
    prize = builders.prize(by, cost=500, total=10)
    activity = builders.open_draw(by, row(prize, "100", 4))
    join(activity, bob, "k")
    lifecycle.move_due(at=END)
    claims.return_unclaimed(at=AT + 30 * DAY)
    prize.refresh_from_db()
    assert prize.left == 10
    assert budget.get_spent(activity).reserved_money == 0


def test_cancelling_gives_back_and_keeps_what_was_won(by: Staff, bob: int) -> None:
    prize = builders.prize(by, total=10)
    activity = builders.open_draw(by, row(prize, "100", 4))
    join(activity, bob, "k")
    lifecycle.cancel(activity=activity, reason="Rain", by=by, at=AT)
    lifecycle.cancel(activity=activity, reason="Rain", by=running.approver(by), at=AT)
    prize.refresh_from_db()
    assert prize.left == 9
    assert instant_draws.find(activity).state == State.CLOSED  # type: ignore[union-attr]


def test_points_are_had_immediately_and_booked(by: Staff, bob: int) -> None:
    prize = builders.prize(by, "50 points", "points", amount=50, instructions="")
    activity = builders.open_draw(by, row(prize, "100", 2), shown_as="scratch")
    assert base.get("instant_draw").highest_cost(activity).points == 100
    join(activity, bob, "k")
    spent = budget.get_spent(activity)
    assert (spent.reserved_points, spent.booked_points) == (50, 50)
    assert Award.objects.get().state == "delivered"


@pytest.mark.parametrize("said", ["abc", "1" * 13, "-1", "=HYPERLINK(1)"])
def test_an_own_number_has_digits_only(by: Staff, bob: int, said: str) -> None:
    activity = builders.open_draw(by)
    reply = join(activity, bob, "k", said=said)
    assert not reply.accepted
    assert "1 to 12 digits" in reply.text
    assert not Entry.objects.exists()
    assert join(activity, bob, "k2", said=" ４１７ ").accepted
    assert InstantTicket.objects.get().own_number == "417"


# What is refused


@pytest.mark.parametrize(
    ("rows", "part"),
    [
        ([("60", 1), ("41", 1)], "101 %"),
        ([("0", 1)], "row 1"),
        ([("x", 1)], "row 1"),
        ([("1", 0)], "row 1"),
        ([("1", -1)], "row 1"),
        ([("1", 10**6)], "row 1"),
        ([("1", 9_999), ("1", 2)], "10,001"),
    ],
)
def test_impossible_prizes_are_refused(
    by: Staff, rows: list[tuple[str, int]], part: str
) -> None:
    prize = builders.prize(by, total=100_000)
    with pytest.raises(InvalidSetting, match=part):
        builders.draft(by, *(row(prize, parts, count) for parts, count in rows))


def test_a_draw_without_prizes_or_an_end_is_not_published(by: Staff) -> None:
    activity = builders.draft(by, ends_at=None)
    with pytest.raises(InvalidSetting, match="end"):
        lifecycle.submit(activity=activity, by=by, at=AT)
    activities.change(
        activity=activity, by=by, at=AT, ends_at=END, settings={"prizes": []}
    )
    with pytest.raises(InvalidSetting, match="prizes"):
        lifecycle.submit(activity=activity, by=by, at=AT)
    chosen = [row(builders.prize(by, total=3), "1", 4)]
    activities.change(activity=activity, by=by, at=AT, settings={"prizes": chosen})
    with pytest.raises(instant_draws.NotEnoughPrizes, match="only 3"):
        lifecycle.submit(activity=activity, by=by, at=AT)


def test_after_publication_only_tickets_become_more(by: Staff) -> None:
    activity = builders.open_draw(by)
    settings = activity.settings
    changes: list[dict[str, Any]] = [
        {"if_gone": "none"},
        {"prizes": []},
        {"tickets_in_all": 3},
    ]
    for worse in changes:
        with pytest.raises(NotBetter):
            activities.change(
                activity=activity, by=by, at=AT, settings={**settings, **worse}
            )
    better = {**settings, "tickets_per_day": 2, "shown_as": "grid"}
    activities.change(activity=activity, by=by, at=AT, settings=better)


# Seeds


def test_the_seed_is_nowhere_before_it_is_revealed(by: Staff, bob: int) -> None:
    activity = builders.open_draw(by)
    join(activity, bob, "k")
    seed = DaySeed.objects.order_by("day")[0].seed
    draw = instant_draws.get_visible(activity=activity, by=by)
    assert draw.terms.count(DaySeed.objects.order_by("day")[0].seed_hash) == 1
    told = [
        draw.terms,
        serialize("json", Fact.objects.all()),
        serialize("json", Answer.objects.all()),
        str(base.get("instant_draw").portal_context(activity, bob, AT)),
        repr(DaySeed.objects.all()[0]),
    ]
    assert not any(seed in text for text in told)
    with pytest.raises(proofs.SeedNotRevealed):
        proofs.to_text(InstantTicket.objects.get())
    assert seeds.reveal_due(at=AT) == 0
    assert seeds.reveal_due(at=AT + DAY) == 1
    assert seeds.reveal_due(at=AT + DAY) == 0
    assert seed in proofs.to_text(InstantTicket.objects.get())
    # A clock that is set back draws nothing with a seed that is known.
    reply = join(activity, factories.members(by.community, "cy")[0], "k")
    assert (reply.accepted, InstantTicket.objects.count()) == (False, 1)


def test_the_server_and_python_agree_on_500_tickets_and_find_one_change(
    by: Staff,
) -> None:
    prize = builders.prize(by, total=500)
    rows = [row(prize, parts, 60) for parts in ("5", "15", "30")]
    activity = builders.open_draw(by, *rows, tickets_per_day=100)
    numbers = random.Random(14)  # noqa: S311
    for n, account in enumerate(
        factories.members(by.community, *(f"m{n}" for n in range(10)))
    ):
        for k in range(50):
            said = str(numbers.randrange(10**6)) if k % 3 else ""
            assert join(activity, account, f"{n}-{k}", said=said).accepted
    seeds.reveal_due(at=AT + DAY)
    found = InstantTicket.objects.select_related("draw__activity")
    texts = [proofs.to_text(ticket) for ticket in found]
    assert len(texts) == 500
    assert all(verifier.verify(text) == [] for text in texts)
    assert InstantTicket.objects.exclude(won=None).count() == Award.objects.count()
    for text in texts[:40]:
        _change_each_part(json.loads(text))


def _change_each_part(file: dict[str, Any]) -> None:
    ticket, terms = file["ticket"], file["terms"]
    changes: dict[str, Any] = {
        "roll": {
            **file,
            "ticket": {**ticket, "roll": (ticket["roll"] + 1) % odds.WHOLE},
        },
        "won": {**file, "ticket": {**ticket, "won": 7}},
        "terms": {**file, "terms": {**terms, "name": "another"}},
        "seed": {**file, "seed": "00" + file["seed"][2:]},
        "ticket": {**file, "ticket": {**ticket, "own_number": "1/2"}},
    }
    for part, changed in changes.items():
        assert part in verifier.verify(instant_draws.to_json(changed))
    assert verifier.verify(json.dumps(file)) == ["file"]


def test_seeds_are_for_each_community_day(by: Staff) -> None:
    activity = builders.open_draw(by)
    days = [seed.day for seed in seeds.list_of(instant_draws.find(activity))]  # type: ignore[arg-type]
    assert len(days) == 3
    hashes = DaySeed.objects.values_list("seed_hash", flat=True).distinct()
    assert len(hashes) == 3


# Erasure


def test_an_erased_person_leaves_a_ticket_without_their_words(
    by: Staff, bob: int
) -> None:
    activity = builders.open_draw(by)
    join(activity, bob, "secret-key", said="417520")
    people.erase(account=Account.objects.get(pk=bob), by=by, at=AT)
    while reactions.CONSUMER.catch_up(at=AT):
        pass
    ticket = InstantTicket.objects.get()
    assert (ticket.own_number, ticket.key) == ("", f"erased:{ticket.pk}")
    assert InstantPrize.objects.get().taken == 1


def test_the_stock_row_is_untouched_by_tickets(by: Staff, bob: int) -> None:
    activity = builders.open_draw(by, tickets_per_day=3)
    before = PrizeStock.objects.get().left
    join(activity, bob, "k")
    assert PrizeStock.objects.get().left == before
