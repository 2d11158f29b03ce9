"""A draw from its end to the next winners, as steps that can be repeated after any crash.

Each round has a draw of its own with 3 codes for 6 members. It closes, two people have
typed the figure, winners claim, a prize that nobody claims goes to the next winner, and
points won expire.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from qunce.activities.activities import lifecycle
from qunce.activities.activities.models import Activity
from qunce.activities.draws import certificates, draws, results, verifier
from qunce.activities.draws.doctor_checks import check_stocks
from qunce.activities.draws.models import Draw, Result
from qunce.activities.points import expiry
from qunce.activities.prizes import claims, codes
from qunce.activities.prizes.models import Award, ClaimedBy, PrizeCode
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities.draws import builders
from tests.activities.draws.builders import AFTER, END
from tests.activities.points import builders as points
from tests.factories import AT

MEMBERS, CODES = 6, 3
LATE = AFTER + timedelta(days=6)
EXPIRED = AT + timedelta(days=40)


def prepare(shop: Community, number: int) -> None:
    """Publish the draw of a round, which all members join, and give each 5 points."""
    keys = [f"winner-{n}" for n in range(MEMBERS)]
    if number == 1:
        factories.members(shop, *keys)
        factories.staff(shop)
        builders.second(shop)
    ids = list(factories.account_ids(shop, tuple(keys)))
    by = Staff.objects.get(community=shop, login="ann")
    prize = builders.prize(
        by, f"round {number}", kind="code", unclaimed="next", claim_days=5, total=CODES
    )
    lines = "\n".join(f"{number}-{n}" for n in range(CODES))
    codes.upload(prize=prize, text=lines, by=by, at=AT)
    draw = builders.open_draw(by, (prize, CODES), name=f"round {number}")
    builders.join(draw, *ids)
    for account in ids:
        points.award(account, 5, f"prize/{number}/{account}", valid_days=30)


def run(shop: Community, number: int) -> None:
    """All steps of a round; what was done before changes nothing."""
    from qunce import reactions

    activity = Activity.objects.get(community=shop, name=f"round {number}")
    lifecycle.move_due(at=END)
    draw = draws.get(activity)
    results.complete(
        draw=draw,
        public_value="123456",
        public_bytes=b"123456",
        signature="",
        at=AFTER,
    )
    rows = Award.objects.filter(stock__name=f"round {number}")
    first = rows.filter(draw_result__instead_of__isnull=True)
    for award in first.select_related("stock__community").order_by("pk")[1:]:
        try:
            claims.claim(award=award, way=ClaimedBy.PAGE, at=AFTER)
        except claims.CannotClaim:
            continue  # before the crash
    claims.return_unclaimed(at=LATE)
    reactions.CONSUMER.catch_up(at=LATE)
    expiry.expire_community(community=shop, at=EXPIRED)


def find_faults(shop: Community, number: int) -> list[str]:
    """What was lost or doubled in a round that was run to its end."""
    faults = [finding.text for finding in check_stocks()]
    draw: Draw = draws.get(Activity.objects.get(community=shop, name=f"round {number}"))
    faults += verifier.verify(certificates.to_text(draw))
    rows = Award.objects.filter(stock__name=f"round {number}")
    states = Counter(rows.values_list("state", flat=True))
    expected = {"delivered": CODES - 1, "returned": 1, "to_claim": 1}
    if states != expected:
        faults.append(f"awards: {dict(states)}")
    given = PrizeCode.objects.filter(stock__name=f"round {number}", award__isnull=False)
    if given.count() != CODES - 1:
        faults.append(f"codes: {given.count()}")
    again = Result.objects.filter(draw=draw, instead_of__isnull=False, outcome="won")
    if again.count() != 1:
        faults.append(f"next winners: {again.count()}")
    return faults
