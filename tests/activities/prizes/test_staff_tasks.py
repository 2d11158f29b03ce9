"""Staff tasks to hand prizes over, and the budget of the activity that awards them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from qunce import reactions
from qunce.activities import budget
from qunce.activities.activities.models import Activity
from qunce.activities.draws import public_values, results, voids
from qunce.activities.draws.models import Draw
from qunce.activities.prizes import claims, delivery
from qunce.activities.prizes.models import Award, ClaimedBy, PrizeStock, State
from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.tasks import outcomes, requests, staff_tasks
from qunce.outreach.tasks.staff_tasks import StaffTask
from tests import factories
from tests.activities.draws import builders
from tests.activities.draws.builders import AFTER
from tests.factories import AT

pytestmark = [pytest.mark.django_db]
DAY = timedelta(days=1)


@pytest.fixture
def bea(community: Community, ann: Staff) -> Staff:
    return builders.second(community)


def draw_of(ann: Staff, bea: Staff, prize: PrizeStock, count: int, people: int) -> Draw:
    draw = builders.open_draw(ann, (prize, count), money_limit=20_00)
    names = (f"m{n}" for n in range(people))
    builders.join(draw, *factories.members(ann.community, *names))
    builders.close(draw)
    for by in (ann, bea):
        public_values.type_figure(draw=draw, figure="123456", by=by, at=AFTER)
    draw.refresh_from_db()
    return draw


def spent(draw: Draw) -> tuple[int, int]:
    """Reserved and booked money."""
    found = budget.get_spent(Activity.objects.get(pk=draw.activity_id))
    return found.reserved_money, found.booked_money


def claim(award: Award) -> Award:
    claims.claim(award=award, way=ClaimedBy.PAGE, at=AFTER)
    reactions.CONSUMER.catch_up(at=AFTER)
    award.refresh_from_db()
    return award


def task_of(award: Award) -> StaffTask:
    rows = StaffTask.objects.select_related("request__community", "staff")
    return rows.get(request=award.staff_task)


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_red_packet_is_a_task_whose_end_hands_it_over_and_books_its_cost(
    ann: Staff, bea: Staff
) -> None:
    prize = builders.prize(ann, "新年红包", "red_packet", cost=8_88)
    draw = draw_of(ann, bea, prize, 2, 5)
    assert spent(draw) == (17_76, 0)
    first, second = (claim(award) for award in Award.objects.order_by("pk"))
    task = task_of(first)
    assert "新年红包" in task.request.title and "8.88" in task.request.text
    assert [row.target_id for row in task.targets.all()] == [first.account_id]
    by = task.staff
    outcomes.record(
        task=task, account=first.account_id, outcome="given", by=by, at=AFTER
    )
    outcomes.finish(task=task, by=by, at=AFTER)
    reactions.CONSUMER.catch_up(at=AFTER)
    first.refresh_from_db()
    assert first.state == State.DELIVERED
    assert spent(draw) == (8_88, 8_88)
    # What is handed over elsewhere finishes the task, and books as much.
    delivery.hand_over(award=second, by=ann, at=AFTER)
    reactions.CONSUMER.catch_up(at=AFTER)
    assert task_of(second).state == staff_tasks.State.DONE
    assert spent(draw) == (0, 17_76)


@pytest.mark.parametrize("kind", ["service", "pick_up"])
def test_prize_that_could_not_be_handed_over_waits_for_staff_again(
    ann: Staff, bea: Staff, kind: str
) -> None:
    draw_of(ann, bea, builders.prize(ann, kind=kind), 1, 2)
    award = claim(Award.objects.get())
    task = task_of(award)
    outcomes.record(
        task=task, account=award.account_id, outcome="cannot", by=task.staff, at=AFTER
    )
    outcomes.finish(task=task, by=task.staff, at=AFTER)
    reactions.CONSUMER.catch_up(at=AFTER)
    award.refresh_from_db()
    assert (award.state, award.staff_task) == (State.CLAIMED, None)
    assert list(delivery.list_to_hand_over(by=ann, at=AFTER)) == [award]


def test_returned_prize_cancels_its_task_and_frees_its_cost(
    ann: Staff, bea: Staff
) -> None:
    prize = builders.prize(ann, kind="red_packet", cost=5_00)
    draw = draw_of(ann, bea, prize, 1, 2)
    award = claim(Award.objects.get())
    delivery.take_back(award=award, reason="不要了", by=ann, at=AFTER)
    reactions.CONSUMER.catch_up(at=AFTER)
    assert task_of(award).state == staff_tasks.State.CANCELLED
    assert spent(draw) == (0, 0)


def test_cancelled_task_lets_the_prize_wait(ann: Staff, bea: Staff) -> None:
    draw_of(ann, bea, builders.prize(ann, kind="service"), 1, 2)
    award = claim(Award.objects.get())
    requests.cancel(request=task_of(award).request, by=ann, at=AFTER)
    reactions.CONSUMER.catch_up(at=AFTER)
    award.refresh_from_db()
    assert (award.state, award.staff_task) == (State.CLAIMED, None)


def test_goods_and_codes_need_no_task(ann: Staff, bea: Staff) -> None:
    draw_of(ann, bea, builders.prize(ann, kind="code"), 1, 2)
    claim(Award.objects.get())
    assert not StaffTask.objects.exists()


def test_budget_follows_each_winner_and_the_next_one(ann: Staff, bea: Staff) -> None:
    prize = builders.prize(ann, kind="red_packet", cost=4_00, unclaimed="next")
    draw = draw_of(ann, bea, prize, 5, 3)
    # Two prizes found no winner, so that nothing is reserved for them.
    assert spent(draw) == (12_00, 0)
    late = AFTER + 15 * DAY
    claim(Award.objects.order_by("pk")[0])
    assert claims.return_unclaimed(at=late) == 2
    assert spent(draw) == (12_00, 0)
    reactions.CONSUMER.catch_up(at=late)
    # Everybody has won, so that nobody is next and the prizes return.
    assert spent(draw) == (4_00, 0)


def test_next_winner_has_what_was_reserved_and_a_void_draw_has_nothing(
    ann: Staff, bea: Staff
) -> None:
    prize = builders.prize(ann, kind="red_packet", cost=4_00)
    draw = draw_of(ann, bea, prize, 2, 6)
    first = results.list_winners(draw)[0]
    results.draw_again(draw=draw, k=first.k, reason="不要", by=ann, at=AFTER)
    assert spent(draw) == (8_00, 0)
    given = Award.objects.order_by("-pk")[0]
    delivery.hand_over(award=claim(given), by=ann, at=AFTER)
    voids.declare_void(draw=draw, reason="故障", by=ann, at=AFTER)
    assert spent(draw) == (0, 4_00)


def test_draw_above_the_budget_is_not_published(ann: Staff) -> None:
    prize = builders.prize(ann, kind="red_packet", cost=10_01)
    with pytest.raises(budget.BudgetExceeded):
        builders.open_draw(ann, (prize, 2), money_limit=20_00)
    assert PrizeStock.objects.get().left == 10


def test_prize_that_members_have_read_of_only_becomes_better(
    ann: Staff, bea: Staff
) -> None:
    from qunce.activities.prizes import prizes

    prize = builders.prize(ann, value=10_00, instructions="前台领取")
    prizes.update(prize=prize, by=ann, at=AT, claim_days=7)
    builders.open_draw(ann, (prize, 1))
    worse: list[dict[str, object]] = [
        {"name": "勺子"},
        {"value": 9_99},
        {"claim_days": 6},
        {"instructions": "自己来"},
        {"unclaimed": "next"},
    ]
    for change in worse:
        prize.refresh_from_db()
        with pytest.raises(errors.Refused, match="only become better"):
            prizes.update(prize=prize, by=ann, at=AT, **change)
    better = {"claim_days": 20, "value": 20_00, "instructions": "前台领取，周日也可以"}
    prize.refresh_from_db()
    prizes.update(prize=prize, by=ann, at=AT, **better, cost=5_00)
    prize.refresh_from_db()
    assert (prize.claim_days, prize.cost, prize.name) == (20, 5_00, "杯子")
