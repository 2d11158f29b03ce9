"""A draw from its publication to its prizes, through the verbs."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from qunce import reactions
from qunce.activities.activities import lifecycle
from qunce.activities.draws import (
    certificates,
    doctor_checks,
    drand,
    draws,
    public_values,
    results,
    ticket_tree,
    tickets,
    verifier,
    voids,
)
from qunce.activities.draws.drawing import Outcome
from qunce.activities.draws.models import Draw, Result, State, Ticket
from qunce.activities.prizes import claims
from qunce.activities.prizes.models import Award, ClaimedBy, PrizeStock
from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.lists import lists
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import people, staff_accounts
from tests import factories
from tests.activities.draws import builders
from tests.activities.draws.builders import AFTER, END
from tests.activities.draws.test_drawing import SIGNATURE
from tests.factories import AT

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def drawn(community: Community, ann: Staff, bea: Staff) -> Draw:
    """A draw of two prizes among six members, with the figure 123456."""
    draw = builders.open_draw(ann)
    builders.join(draw, *factories.members(community, *"abcdef"))
    builders.close(draw)
    builders_figure(draw, ann, bea)
    return draw


def builders_figure(draw: Draw, *staff: Staff, figure: str = "123456") -> None:
    for by in staff:
        public_values.type_figure(draw=draw, figure=figure, by=by, at=AFTER)
    draw.refresh_from_db()


def left(prize: PrizeStock) -> int:
    return PrizeStock.objects.get(pk=prize.pk).left


def test_members_get_one_ticket_each_and_find_it_in_the_list(
    community: Community, ann: Staff
) -> None:
    draw = builders.open_draw(ann)
    (account,) = factories.members(community, "a")
    first, again = builders.join(draw, account), builders.join(draw, account)
    assert first[0].accepted and again[0].is_repeated
    (ticket,) = tickets.find(draw, [account])
    assert ticket.number in first[0].text
    leaf = ticket_tree.leaf_of(bytes.fromhex(draw.terms_hash), bytes(ticket.secret))
    assert bytes(ticket.leaf) == leaf
    builders.close(draw)
    assert certificates.list_leaves(draw) == [leaf]
    assert draw.root == leaf.hex()


def test_seed_is_committed_before_and_revealed_afterwards(drawn: Draw) -> None:
    terms = json.loads(drawn.terms)
    seed = bytes.fromhex(drawn.revealed_seed)
    assert terms["seed_hash"] == sha256(seed).hexdigest()
    assert drawn.terms_hash == sha256(drawn.terms.encode()).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT seed FROM draws_draw")
        assert drawn.revealed_seed not in cursor.fetchone()[0]


def test_certificate_verifies_and_names_the_winners_masked(drawn: Draw) -> None:
    assert verifier.verify(certificates.to_text(drawn)) == []
    winners = certificates.list_winners(drawn)
    assert len(winners) == 2
    for winner in winners:
        root = ticket_tree.root_by_path(bytes.fromhex(winner.leaf), winner.path)
        assert root.hex() == drawn.root
    assert {award.stock.name for award in Award.objects.all()} == {"杯子"}


def test_list_leaves_out_whom_no_activity_counts(
    community: Community, ann: Staff
) -> None:
    draw = builders.open_draw(ann)
    ids = factories.members(community, *"abcdefg")
    builders.join(draw, *ids)
    rows = {
        pk: account_queries.get(community, key)
        for pk, key in zip(ids, "abcdefg", strict=True)
    }
    staff_accounts.mark(accounts=[ids[0]], by=ann, at=AT)
    lists.add(
        community=community,
        list_name="black",
        account=ids[1],
        reason="spam",
        by=ann,
        at=AT,
    )
    factories.leave(community, "c")
    factories.merge(community, "d", "e")
    people.erase(account=rows[ids[5]], by=ann, at=AT)
    builders.close(draw)
    assert draw.removed == {
        "blacklisted": 1,
        "erased": 1,
        "left": 1,
        "second_account": 1,
        "staff": 1,
    }
    kept = Ticket.objects.filter(draw=draw, removed="")
    # Of two accounts of a person the older entry stays.
    assert set(kept.values_list("account_id", flat=True)) == {ids[3], ids[6]}
    assert draw.tickets_count == 2


def test_nobody_joins_after_the_end(community: Community, ann: Staff) -> None:
    draw = builders.open_draw(ann)
    one, two = factories.members(community, "a", "b")
    builders.join(draw, one)
    (reply,) = builders.join(draw, two, at=END)
    assert not reply.accepted
    builders.close(draw)
    assert draw.tickets_count == 1


def test_figure_is_drawn_when_two_people_typed_the_same(
    community: Community, ann: Staff, bea: Staff
) -> None:
    draw = builders.open_draw(ann)
    builders.join(draw, *factories.members(community, *"abc"))
    builders.close(draw)
    type_figure = public_values.type_figure
    with pytest.raises(public_values.ValueNotWanted, match="not published"):
        type_figure(draw=draw, figure="123456", by=ann, at=END)
    with pytest.raises(public_values.InvalidValue, match="6 digits"):
        type_figure(draw=draw, figure="12345", by=ann, at=AFTER)
    assert not type_figure(draw=draw, figure="123456", by=ann, at=AFTER)
    assert not type_figure(draw=draw, figure="123456", by=ann, at=AFTER)
    assert not type_figure(draw=draw, figure="123457", by=bea, at=AFTER)
    assert public_values.differ(draw)
    assert type_figure(draw=draw, figure="123456", by=bea, at=AFTER)
    draw.refresh_from_db()
    assert (draw.state, draw.public_value) == (State.DRAWN, "123456")
    with pytest.raises(public_values.ValueNotWanted):
        type_figure(draw=draw, figure="999999", by=ann, at=AFTER)


def test_list_that_closes_after_the_figure_is_void(
    community: Community, ann: Staff
) -> None:
    prize = builders.prize(ann)
    draw = builders.open_draw(ann, (prize, 3))
    assert left(prize) == 7
    builders.join(draw, *factories.members(community, *"abc"))
    builders.close(draw, at=AFTER)
    assert draw.state == State.VOID
    assert "封存得太晚" in draw.void_reason  # in the language of the community
    assert left(prize) == 10


def test_signature_of_another_round_is_refused(
    community: Community, ann: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drand, "round_after", lambda moment: 1000)
    draw = builders.open_draw(ann, figure=False)
    builders.join(draw, *factories.members(community, *"abc"))
    builders.close(draw)
    assert draw.drand_round == 1000
    with pytest.raises(public_values.InvalidValue):
        public_values.paste_signature(draw=draw, signature="zz", by=ann, at=AFTER)
    forged = SIGNATURE[:-2] + "00"
    public_values.paste_signature(draw=draw, signature=forged, by=ann, at=AFTER)
    public_values.verify(str(draw.pk), at=AFTER)
    draw.refresh_from_db()
    assert draw.signature_refused_at == AFTER and draw.state == State.CLOSED
    public_values.paste_signature(draw=draw, signature=SIGNATURE, by=ann, at=AFTER)
    public_values.verify(str(draw.pk), at=AFTER)
    draw.refresh_from_db()
    assert draw.state == State.DRAWN
    assert verifier.verify(certificates.to_text(draw)) == []


def test_unclaimed_prize_goes_to_the_next_winner(
    community: Community, ann: Staff, bea: Staff
) -> None:
    prize = builders.prize(ann, unclaimed="next", claim_days=5)
    draw = builders.open_draw(ann, (prize, 2))
    builders.join(draw, *factories.members(community, *"abc"))
    builders.close(draw)
    builders_figure(draw, ann, bea)
    keeper, loser = Award.objects.order_by("pk")
    claims.claim(award=keeper, way=ClaimedBy.STAFF, by=ann, at=AFTER)
    late = AFTER + timedelta(days=6)
    assert claims.return_unclaimed(at=late) == 1
    reactions.CONSUMER.catch_up(at=late)
    third = Award.objects.order_by("-pk")[0]
    assert third.account_id not in (keeper.account_id, loser.account_id)
    result = Result.objects.get(award=third)
    assert result.instead_of == loser.draw_result.k
    assert left(prize) == 8
    assert list(doctor_checks.check_stocks()) == []
    assert verifier.verify(certificates.to_text(draw)) == []
    # Nobody is left after the third, so that the prize returns.
    claims.return_unclaimed(at=late + timedelta(days=6))
    reactions.CONSUMER.catch_up(at=late + timedelta(days=6))
    assert left(prize) == 9
    assert list(doctor_checks.check_stocks()) == []
    PrizeStock.objects.update(left=5)
    assert [finding.text for finding in doctor_checks.check_stocks()] == [
        "“杯子” has 5 left and should have 9."
    ]
    assert verifier.verify(certificates.to_text(draw)) == []


def test_staff_pass_an_unclaimed_prize_on_but_not_a_claimed_one(
    drawn: Draw, ann: Staff
) -> None:
    first, second = Result.objects.filter(outcome=Outcome.WON).order_by("k")
    assert first.award and second.award
    claims.claim(award=first.award, way=ClaimedBy.STAFF, by=ann, at=AFTER)
    again = results.draw_again
    with pytest.raises(results.CannotDrawAgain):
        again(draw=drawn, k=first.k, reason="不要", by=ann, at=AFTER)
    winner = again(draw=drawn, k=second.k, reason="不要", by=ann, at=AFTER)
    assert winner is not None and winner.instead_of == second.k
    with pytest.raises(results.CannotDrawAgain):
        again(draw=drawn, k=second.k, reason="不要", by=ann, at=AFTER)
    assert verifier.verify(certificates.to_text(drawn)) == []


def test_void_draw_keeps_its_certificate_and_takes_prizes_back(
    drawn: Draw, ann: Staff
) -> None:
    prize = PrizeStock.objects.get()
    with pytest.raises(voids.InvalidReason):
        voids.declare_void(draw=drawn, reason=" ", by=ann, at=AFTER)
    voids.declare_void(draw=drawn, reason="系统故障", by=ann, at=AFTER)
    drawn.refresh_from_db()
    file = json.loads(certificates.to_text(drawn))
    assert file["status"] == {
        "state": "void",
        "reason": "系统故障",
        "at": AFTER.isoformat(),
    }
    assert verifier.verify(certificates.to_text(drawn)) == []
    assert left(prize) == 10
    assert not Award.objects.exclude(state="returned").exists()


def test_draw_that_is_void_before_its_value_still_names_whom_it_would_have_been(
    community: Community, ann: Staff, bea: Staff
) -> None:
    draw = builders.open_draw(ann)
    builders.join(draw, *factories.members(community, *"abc"))
    builders.close(draw)
    voids.declare_void(draw=draw, reason="朋友没中", by=ann, at=END)
    builders_figure(draw, ann, bea)
    assert draw.state == State.VOID
    assert len(certificates.list_winners(draw)) == 2
    assert not Award.objects.exists()
    assert verifier.verify(certificates.to_text(draw)) == []


def test_cancelled_activity_makes_the_draw_void_and_frees_the_prizes(
    community: Community, ann: Staff, bea: Staff
) -> None:
    prize = builders.prize(ann)
    draw = builders.open_draw(ann, (prize, 4))
    activity = draw.activity
    assert not lifecycle.cancel(activity=activity, reason="下雨", by=ann, at=AT)
    assert left(prize) == 6
    assert lifecycle.cancel(activity=activity, reason="下雨", by=bea, at=AT)
    draw.refresh_from_db()
    assert (draw.state, draw.void_reason) == (State.VOID, "下雨")
    assert left(prize) == 10


def test_fewer_members_than_prizes_return_the_rest(
    community: Community, ann: Staff, bea: Staff
) -> None:
    first, second = builders.prize(ann), builders.prize(ann, "帽子")
    draw = builders.open_draw(ann, (first, 2), (second, 5))
    builders.join(draw, *factories.members(community, *"abc"))
    builders.close(draw)
    builders_figure(draw, ann, bea)
    assert (left(first), left(second)) == (8, 9)
    assert verifier.verify(certificates.to_text(draw)) == []


def test_winner_who_was_erased_meanwhile_is_replaced(
    community: Community, ann: Staff, bea: Staff
) -> None:
    prize = builders.prize(ann)
    draw = builders.open_draw(ann, (prize, 2))
    ids = factories.members(community, *"abc")
    builders.join(draw, *ids)
    builders.close(draw)
    gone = account_queries.get(community, "a")
    people.erase(account=gone, by=ann, at=END)
    builders_figure(draw, ann, bea)
    winners = set(Award.objects.values_list("account_id", flat=True))
    assert winners == {ids[1], ids[2]}
    assert verifier.verify(certificates.to_text(draw)) == []


def test_nothing_of_an_erased_winner_is_left_and_the_certificate_verifies(
    drawn: Draw, community: Community, ann: Staff
) -> None:
    before = certificates.to_text(drawn)
    winner = Award.objects.order_by("pk")[0]
    account = account_queries.get(community, _key_of(winner.account_id))
    people.erase(account=account, by=ann, at=AFTER)
    assert certificates.to_text(drawn) == before
    assert verifier.verify(before) == []
    assert "erased member" in [one.name for one in certificates.list_winners(drawn)]


def _key_of(account: int) -> str:
    return Account.objects.get(pk=account).key


@pytest.mark.parametrize(
    ("prizes", "problem"),
    [
        ([], "Choose the prizes"),
        ([0], "at least 1"),
        ([10_001], "10,000 prizes in all"),
        ([11], "only 10 are left"),
    ],
)
def test_incomplete_draw_is_not_published(
    ann: Staff, prizes: list[int], problem: str
) -> None:
    draw = draws.prepare(activity=builders.activity(ann), by=ann, at=AT)
    chosen = [(builders.prize(ann), count) for count in prizes]
    with pytest.raises(errors.QunceError, match=problem):
        set_and_publish(draw, chosen, ann)


def set_and_publish(
    draw: Draw, chosen: list[tuple[PrizeStock, int]], by: Staff
) -> None:
    draws.set_prizes(draw=draw, prizes=chosen, by=by, at=AT)
    builders.publish(draw.activity, by)


def test_draw_without_the_place_to_pick_up_a_prize_is_not_published(
    ann: Staff,
) -> None:
    draw = draws.prepare(activity=builders.activity(ann), by=ann, at=AT)
    nowhere = builders.prize(ann, instructions="")
    with pytest.raises(draws.InvalidDraw, match="where and when"):
        set_and_publish(draw, [(nowhere, 1)], ann)


def test_figure_before_the_end_is_refused(ann: Staff) -> None:
    draw = draws.prepare(activity=builders.activity(ann), by=ann, at=AT)
    with pytest.raises(draws.InvalidDraw, match="2 minutes after"):
        draws.set_public_value(
            draw=draw,
            source="figure",
            figure_name="双色球",
            figure_digits=6,
            figure_at=END,
            by=ann,
            at=AT,
        )


def test_prize_above_the_limit_needs_a_second_person(
    community: Community, ann: Staff
) -> None:
    dear = builders.prize(ann, value=50_000_01)
    draw = draws.prepare(activity=builders.activity(ann), by=ann, at=AT)
    draws.set_prizes(draw=draw, prizes=[(dear, 1)], by=ann, at=AT)
    lifecycle.submit(activity=draw.activity, by=ann, at=AT)
    # Where nobody else may approve, one person publishes all else alone.
    with pytest.raises(draws.SecondPersonNeeded, match="50,000"):
        lifecycle.approve(activity=draw.activity, by=ann, at=AT)
    bea = builders.second(community)
    draw.activity.refresh_from_db()
    lifecycle.approve(activity=draw.activity, by=bea, at=AT)
    draw.refresh_from_db()
    assert draw.state == State.OPEN


def test_published_draw_does_not_change(ann: Staff) -> None:
    draw = builders.open_draw(ann)
    with pytest.raises(draws.AlreadyPublished):
        draws.set_prizes(draw=draw, prizes=[(builders.prize(ann), 9)], by=ann, at=AT)
    with pytest.raises(draws.AlreadyPublished):
        draws.set_public_value(draw=draw, source="drand", by=ann, at=AT)


@pytest.mark.both_databases
def test_database_refuses_changes_after_closing(drawn: Draw) -> None:
    ticket = Ticket.objects.filter(draw=drawn).order_by("pk")[0]
    result = Result.objects.filter(draw=drawn).order_by("k")[0]
    changes: list[Any] = [
        lambda: Draw.objects.filter(pk=drawn.pk).update(root="0" * 64),
        lambda: Draw.objects.filter(pk=drawn.pk).update(value="0" * 64),
        lambda: Draw.objects.filter(pk=drawn.pk).update(terms="{}"),
        lambda: Draw.objects.filter(pk=drawn.pk).update(state=State.OPEN),
        lambda: Draw.objects.filter(pk=drawn.pk)._raw_delete("default"),
        lambda: Ticket.objects.filter(pk=ticket.pk).update(account_id=1),
        lambda: Ticket.objects.filter(pk=ticket.pk)._raw_delete("default"),
        lambda: Ticket.objects.create(
            draw=drawn,
            account_id=1,
            person_id=1,
            secret=b"1" * 16,
            leaf=b"2" * 32,
            created_at=AFTER,
        ),
        lambda: drawn.prizes.update(count=9),
        lambda: Result.objects.filter(pk=result.pk).update(k=99),
        lambda: Result.objects.filter(pk=result.pk)._raw_delete("default"),
        lambda: drawn.figures.update(figure="000000"),
    ]
    accepted = [number for number, change in enumerate(changes) if _works(change)]
    assert accepted == []
    drawn.refresh_from_db()
    assert verifier.verify(certificates.to_text(drawn)) == []


def _works(change: Callable[[], object]) -> bool:
    try:
        with transaction.atomic():
            change()
    except IntegrityError:
        return False
    return True


@pytest.mark.both_databases
def test_tickets_and_results_are_the_same_on_both_databases(drawn: Draw) -> None:
    leaves = certificates.list_leaves(drawn)
    assert leaves == sorted(leaves)
    places = Ticket.objects.filter(draw=drawn, removed="").order_by("place")
    assert list(places.values_list("place", flat=True)) == list(range(6))
    assert verifier.verify(certificates.to_text(drawn)) == []
