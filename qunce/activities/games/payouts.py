"""What a game promises, and what its winners get: prizes and points, once.

The winners are decided some minutes after the end, so that staff can rule about the last
answers and paste lines of groups without an API.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.activities import budget
from qunce.activities.activities import activities
from qunce.activities.activities.kind_contract import Cost
from qunce.activities.activities.models import Activity, State
from qunce.activities.games import game_facts, rounds, rules, scores
from qunce.activities.games.deciders import Mode
from qunce.activities.games.models import Game, GameResult
from qunce.activities.games.rules import Pace
from qunce.activities.points import earning
from qunce.activities.prizes import awards, choices, sources, stock
from qunce.activities.prizes.models import Award, PrizeStock
from qunce.activities.prizes.models import State as AwardState
from qunce.core import errors
from qunce.core.facts import facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

SOURCE = "game"
"""What awards of games name as their source."""
KEY = "game/prize"
"""What the prizes are reserved under before they have winners."""
DELAY = timedelta(minutes=10)
"""After the end, in which staff can rule about answers."""
BATCH = 200
OPEN_AWARDS = (AwardState.TO_CLAIM, AwardState.CLAIMED, AwardState.SENT)


class NotPublishable(errors.Invalid):
    """A game lacks its questions, or its prize cannot be promised."""


class NotSettled(errors.Refused):
    """The winners of the game are not decided, or prizes are not handed over."""


class NotOver(errors.Refused):
    """The winners are decided when the game is over."""


# Checks


def check_publishable(activity: Activity, at: datetime) -> None:
    """Raise with what is missing before members may read it."""
    own = rules.of(activity)
    if own.is_chain and not own.start:
        raise NotPublishable(_("Give the idiom with which the chain starts."))
    if not own.is_chain and not own.questions:
        raise NotPublishable(_("Give at least one question with its answer."))
    if (own.is_chain or own.pace == Pace.ALL) and activity.ends_at is None:
        raise NotPublishable(_("Such a game needs an end."))
    if not own.prize:
        return
    prize = find_prize(activity)
    if prize is None:
        raise NotPublishable(_("The prize does not exist any more. Choose another."))
    choices.check_may_offer(prize)
    if prize.left < own.winners:
        values = {"prize": prize.name, "left": f"{prize.left:,}"}
        raise NotPublishable(_("Of “%(prize)s” only %(left)s are left.") % values)


def check_settleable(activity: Activity, at: datetime) -> None:
    """Raise while winners are not decided or paid, or prizes are not handed over."""
    if not Game.objects.filter(activity=activity, paid_at__isnull=False).exists():
        raise NotSettled(_("The winners are decided a few minutes after the end."))
    rows = Award.objects.filter(
        pk__in=GameResult.objects.filter(activity=activity).values("award"),
        state__in=OPEN_AWARDS,
    )
    if left := rows.count():
        text = _("%(n)s prizes are not handed over yet.")
        raise NotSettled(text % {"n": f"{left:,}"})


# The steps of the activity


def publish(activity: Activity, at: datetime) -> None:
    """Take the prizes out of the stock, within the budget."""
    check_publishable(activity, at)
    own, prize = rules.of(activity), find_prize(activity)
    count = own.winners if prize is not None else 0
    if prize is not None:
        if not stock.take(stock_id=prize.pk, count=count):
            raise NotPublishable(
                _("Of “%(prize)s” too few are left.") % {"prize": prize.name}
            )
        # Taking locks it, so that it stays as it is published.
        prize.refresh_from_db()
        budget.reserve(
            activity=activity,
            key=KEY,
            at=at,
            points=_points_of(prize) * count,
            money=prize.cost * count,
        )
    Game.objects.update_or_create(
        activity=activity, defaults={"stock": prize, "winners": count}
    )


def close(activity: Activity, at: datetime) -> None:
    """Close the open questions; the winners are decided after DELAY."""
    rounds.close_all(activity, at)


def cancel(activity: Activity, at: datetime) -> None:
    """Give back what was promised; nobody gets anything for a cancelled game."""
    rounds.close_all(activity, at)
    game = Game.objects.filter(activity=activity).first()
    rows = Game.objects.filter(activity=activity, decided_at__isnull=True)
    if game is None or not rows.update(decided_at=at, paid_at=at):
        return
    if game.stock_id is not None and game.winners:
        stock.give_back(stock_id=game.stock_id, count=game.winners)
        budget.release(activity=activity, key=KEY, at=at)


def highest_cost(activity: Activity) -> Cost:
    """What the prizes and the points cost at most."""
    own, prize = rules.of(activity), find_prize(activity)
    count = own.winners
    points: int | None = _points_of(prize) * count if prize is not None else 0
    if own.pays and points is not None:
        of_questions = sum(each.question.points for each in own.questions)
        is_one_each = not own.is_chain and own.mode == Mode.FIRST
        points = points + of_questions if is_one_each else None
        if own.is_chain and not own.chain.points:
            points = _points_of(prize) * count if prize is not None else 0
    return Cost(points=points, money=prize.cost * count if prize is not None else 0)


def list_stock(activity: Activity) -> list[tuple[int, int]]:
    """The id of its prize, and how many it promises."""
    own = rules.of(activity)
    prize = find_prize(activity)
    return [(prize.pk, own.winners)] if prize is not None else []


def find_prize(activity: Activity) -> PrizeStock | None:
    key = rules.of(activity).prize
    return choices.load(activity.community, [key]).get(key)


def _points_of(prize: PrizeStock) -> int:
    return (prize.amount or 0) if prize.kind == "points" else 0


# Verbs


def decide_now(*, activity: Activity, by: Staff, at: datetime) -> None:
    """Decide the winners of a game that is over, before its time."""
    activities.check_may_run(by, activity)
    if activity.state != State.CLOSED:
        raise NotOver(_("The winners are decided when the game is over."))
    decide(activity, at, by=by)


@transaction.atomic
def decide(activity: Activity, at: datetime, *, by: Staff | None = None) -> bool:
    """Decide the winners and award their prizes, once; the points follow."""
    rows = Game.objects.filter(activity=activity, decided_at__isnull=True)
    # As the activity is cancelled in a transaction that locks it, too.
    locked = Activity.objects.select_for_update(of=("self",), no_key=True).get(
        pk=activity.pk
    )
    if locked.state != State.CLOSED or not rows.update(decided_at=at):
        return False
    game = Game.objects.select_related("stock__community").get(activity=activity)
    ranked = scores.rank(activity, at)
    results = [
        GameResult(
            activity=activity,
            account_id=score.who,
            person_id=score.who,
            place=place,
            points=score.points,
            right=score.right,
            is_paid=not rules.of(activity).pays or not score.points,
        )
        for place, score in enumerate(ranked, 1)
    ]
    GameResult.objects.bulk_create(results, batch_size=500)
    winners = GameResult.objects.filter(
        activity=activity, place__lte=max(game.winners, 1)
    )
    for result in winners.order_by("place"):
        _win(activity, game, result, by, at)
    _give_back_rest(activity, game, min(len(ranked), game.winners), at)
    return True


def _win(
    activity: Activity, game: Game, result: GameResult, by: Staff | None, at: datetime
) -> None:
    if game.stock is not None:
        budget.reserve_part(
            activity=activity,
            key=KEY,
            into=award_key(result.place),
            at=at,
            points=_points_of(game.stock),
            money=game.stock.cost,
        )
        award = awards.award(
            stock=game.stock,
            account_id=result.account_id,
            source=SOURCE,
            source_key=f"{activity.pk}:{result.place}",
            at=at,
            is_taken=True,
        )
        result.award = award
        result.save(update_fields=["award"])
    fact = game_facts.GameWon(
        activity=activity.pk,
        activity_kind=activity.kind,
        place=result.place,
        points=result.points,
        account=result.account_id,
    )
    facts.record(fact, community=activity.community, by=by, at=at)


def award_key(place: int) -> str:
    """What the prize of a place is reserved under, and booked when delivered."""
    return f"{KEY}/{place}"


def _give_back_rest(activity: Activity, game: Game, used: int, at: datetime) -> None:
    if game.stock_id is None:
        return
    budget.release(activity=activity, key=KEY, at=at)
    if game.winners > used:
        stock.give_back(stock_id=game.stock_id, count=game.winners - used)


# The clock


def pay_due(*, at: datetime) -> int:
    """Decide games that ended DELAY ago, and pay their points; returns how many."""
    done = 0
    waiting = Game.objects.filter(paid_at__isnull=True, activity__state=State.CLOSED)
    rows = waiting.filter(activity__closed_at__lte=at - DELAY) | waiting.filter(
        decided_at__isnull=False
    )
    for game in rows.select_related("activity__community").order_by("pk")[:50]:
        if game.decided_at is None:
            done += decide(game.activity, at)
        done += _pay(game, at)
    return done


def _pay(game: Game, at: datetime) -> int:
    """Pay the points of a game in batches, each in a transaction of its own."""
    paid = 0
    while batch := _pay_batch(game.activity, at):
        paid += batch
    Game.objects.filter(pk=game.pk, decided_at__isnull=False).update(paid_at=at)
    return paid


@transaction.atomic
def _pay_batch(activity: Activity, at: datetime) -> int:
    rows = GameResult.objects.filter(activity=activity, is_paid=False)
    found = list(rows.select_for_update(of=("self",)).order_by("place")[:BATCH])
    for result in found:
        key = f"game/{activity.pk}/{result.place}"
        try:
            budget.reserve(activity=activity, key=key, at=at, points=result.points)
        except budget.BudgetExceeded:
            # The points stay in the game, and the member is paid none.
            continue
        earning.award(
            account_id=result.account_id,
            amount=result.points,
            key=key,
            by=None,
            at=at,
        )
        budget.book(activity=activity, key=key, at=at)
    rows.filter(pk__in=[each.pk for each in found]).update(is_paid=True)
    return len(found)


# The budget, and what members have read


def _budget_of(award: Award) -> Iterator[tuple[Activity, str]]:
    pk, _separator, place = award.source_key.partition(":")
    for activity in Activity.objects.filter(pk=int(pk)):
        yield activity, award_key(int(place))


def _book(award: Award, at: datetime) -> None:
    for activity, key in _budget_of(award):
        budget.book(activity=activity, key=key, at=at)


def _release(award: Award, at: datetime) -> None:
    for activity, key in _budget_of(award):
        budget.release(activity=activity, key=key, at=at)


def _is_promised(prize: PrizeStock) -> bool:
    return Game.objects.filter(stock=prize, decided_at__isnull=True).exists()


def _count_promised(community: Community) -> Counter[int]:
    """Stock → how many of it games promise that are not decided yet."""
    rows = Game.objects.filter(
        activity__community=community, stock__isnull=False, decided_at__isnull=True
    )
    counts: Counter[int] = Counter()
    for pk, winners in rows.values_list("stock_id", "winners"):
        counts[pk] += winners
    return counts


sources.register(
    sources.Source(
        key=SOURCE,
        delivered=_book,
        returned=_release,
        promises=_is_promised,
        count_reserved=_count_promised,
    )
)
