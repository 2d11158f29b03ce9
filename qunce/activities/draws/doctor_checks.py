"""A check of the doctor: stocks of prizes agree with awards and with published draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.db.models import Count, Sum
from django.utils.translation import gettext as _

from qunce.activities.draws.models import DrawPrize, Result, State
from qunce.activities.prizes import sources
from qunce.activities.prizes.models import Award, PrizeStock
from qunce.activities.prizes.models import State as AwardState
from qunce.core import db
from qunce.core.communities import Community
from qunce.sets.doctor import doctor
from qunce.sets.doctor.doctor import Finding


@doctor.register_check("prizes")
def check_stocks() -> Iterator[Finding]:
    """Prizes of which the stock does not follow from what was awarded and promised."""
    for community in Community.objects.order_by("pk"):
        # What is compared has to be of the same moment.
        with db.snapshot():
            found = list(_compare(community))
        for text in found:
            yield Finding("prizes", community.key, text)


def _compare(community: Community) -> Iterator[str]:
    taken = count_taken(community)
    rows = PrizeStock.objects.filter(community=community).order_by("pk")
    for prize in rows:
        expected = prize.total - taken[prize.pk]
        if prize.left != expected:
            values = {"prize": prize.name, "left": prize.left, "expected": expected}
            yield (
                _("“%(prize)s” has %(left)s left and should have %(expected)s.")
                % values
            )


def count_taken(community: Community) -> Counter[int]:
    """How many of each stock are with winners, on their way to one, or promised."""
    taken: Counter[int] = Counter()
    own = Award.objects.filter(community=community).order_by()
    held = own.exclude(state=AwardState.RETURNED)
    taken.update(dict(held.values_list("stock").annotate(Count("pk"))))
    promised = DrawPrize.objects.filter(
        draw__activity__community=community,
        draw__state__in=[State.OPEN, State.CLOSED],
    ).order_by()
    taken.update(dict(promised.values_list("stock").annotate(Sum("count"))))
    replaced = set(
        Result.objects.filter(
            draw__activity__community=community, instead_of__isnull=False
        ).values_list("draw", "instead_of")
    )
    waiting = own.filter(is_passed_on=True, draw_result__isnull=False)
    for stock, draw, k in waiting.values_list(
        "stock", "draw_result__draw", "draw_result__k"
    ):
        taken[stock] += (draw, k) not in replaced
    taken.update(sources.count_reserved(community))
    return taken
