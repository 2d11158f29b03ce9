"""Make-up cards: each fills one missed day of the last ones, and earns no points for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from qunce.activities.activities import activities
from qunce.activities.activities.kind_contract import Attempt
from qunce.activities.activities.models import MAX_KEY, Activity
from qunce.activities.check_ins import check_ins, streaks
from qunce.activities.check_ins.check_ins import Recorded
from qunce.activities.check_ins.models import CheckIn, MakeUpCard
from qunce.activities.check_ins.streaks import RestDays
from qunce.core import community_days, errors, text_validation
from qunce.core.communities import Community
from qunce.core.facts.facts import RecordedFact
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

MAX_CARDS = 100
"""Cards that staff give one member in one go."""


class InvalidCards(errors.Invalid):
    """The number of cards is not possible, or the key cannot be stored."""


class KeyUsedAgain(errors.Refused):
    """The key was used for another member, or for another number of cards."""


class NotMissed(errors.Refused):
    """The day cannot be made up: it is no missed day of the last ones."""


class NoCard(errors.Refused):
    """The member has no make-up card left."""


# Verbs


@transaction.atomic
def grant(
    *,
    community: Community,
    account_id: int,
    source: MakeUpCard.Source,
    key: str,
    at: datetime,
    count: int = 1,
    by: Staff | None = None,
) -> int:
    """Give cards once per key; returns how many are new, all or none.

    Raises KeyUsedAgain if other cards were given for the key.
    """
    if by is not None:
        activities.check_may_manage(by)
        visibility.check_visible(by=by, accounts=[account_id], at=at)
    if not key or len(key) > MAX_KEY - 4 or not text_validation.is_valid(key):
        raise InvalidCards(
            _("“Key” must have 1 to %(most)s characters.") % {"most": MAX_KEY - 4}
        )
    if not 1 <= count <= MAX_CARDS:
        raise InvalidCards(
            _("Give between 1 and %(most)s cards.") % {"most": MAX_CARDS}
        )
    if _was_given(community, account_id, source, key, count):
        return 0
    cards = [
        MakeUpCard(
            community=community,
            account_id=account_id,
            source=source,
            key=f"{key}:{index}",
            granted_at=at,
            by=by,
        )
        for index in range(count)
    ]
    try:
        with transaction.atomic():
            MakeUpCard.objects.bulk_create(cards)
    except IntegrityError:
        # The same key in two processes at the same time: the other one has given them.
        if not _was_given(community, account_id, source, key, count):
            raise
        return 0
    return count


def _was_given(
    community: Community, account_id: int, source: str, key: str, count: int
) -> bool:
    """Whether exactly this was given before; raises KeyUsedAgain if something else was."""
    keys = [f"{key}:{index}" for index in range(MAX_CARDS)]
    rows = MakeUpCard.objects.filter(community=community, source=source, key__in=keys)
    given = list(rows.values_list("account_id", flat=True))
    if not given:
        return False
    own = account_queries.account_ids_of_person(account_id)
    if len(given) != count or not set(given) <= set(own):
        raise KeyUsedAgain(
            _("“%(key)s” was used for other cards. Use a new key.") % {"key": key}
        )
    return True


def earn(
    *,
    activity: Activity,
    account_id: int,
    accounts: Sequence[int],
    day: int,
    at: datetime,
) -> bool:
    """Give the card of a multiple of days in a row that a check-in for `day` has reached.

    `accounts` are all of the person's, the first one first. A run of days has at most as
    many cards as multiples, so that a day that counts again earns nothing a second time.
    Returns whether there is a new card.
    """
    every = activity.settings.get("card_every")
    if not every:
        return False
    rest = RestDays.of(activity.settings)
    # Of two days at the same time, the second one sees the first one.
    check_ins.lock_streaks(activity)
    run = streaks.find_run(day, check_ins.list_days(activity, accounts), rest)
    if day not in run or not streaks.reaches_multiple(day, run, rest, every=every):
        return False
    cards = MakeUpCard.objects.filter(
        community_id=activity.community_id,
        account_id__in=accounts,
        source=MakeUpCard.Source.EARNED,
        key__startswith=f"{activity.pk}:",
    )
    keys = cards.values_list("key", flat=True)
    earned = {int(key.split(":")[2]) for key in keys}.intersection(run)
    multiples = run[every - 1 :: every]
    if len(earned) >= len(multiples):
        return False
    reached = max(set(multiples) - earned)
    new = grant(
        community=activity.community,
        account_id=account_id,
        source=MakeUpCard.Source.EARNED,
        key=f"{activity.pk}:{account_id}:{reached}",
        at=at,
    )
    return bool(new)


def make_up(attempt: Attempt, *, day: int) -> Recorded:
    """Fill a missed day with a card, in the transaction of `take_part`.

    Raises NotMissed or NoCard. A day that is checked in costs no card.
    """
    activity = attempt.activity
    days = check_ins.list_days(activity, attempt.accounts)
    if day not in list_missed(activity, days, attempt.at):
        raise NotMissed(_("This day cannot be made up."))
    recorded = check_ins.add(attempt, day=day, days=days, said="", is_made_up=True)
    if not recorded.is_new:
        raise NotMissed(_("This day cannot be made up."))
    # After the row of the day, whose unique key lets only one of two attempts go on.
    _use(attempt, recorded)
    return recorded


def _use(attempt: Attempt, recorded: Recorded) -> None:
    rows = _unused(attempt.activity, attempt.accounts)
    for pk in rows.order_by(
        models.F("activity").desc(nulls_last=True), "granted_at", "pk"
    ).values_list("pk", flat=True):
        same = MakeUpCard.objects.filter(pk=pk, used_at=None, returned_at=None)
        if same.update(used_at=attempt.at, check_in=recorded.check_in):
            return
    if not _use_monthly(attempt, recorded):
        raise NoCard(_("You have no make-up card left."))


def _use_monthly(attempt: Attempt, recorded: Recorded) -> bool:
    """Use a card of the month, which exists from its use on."""
    activity = attempt.activity
    month = _month(activity, attempt.at)
    taken = set(
        _monthly(activity, attempt.accounts, month).values_list("key", flat=True)
    )
    if len(taken) >= activity.settings.get("cards_per_month", 0):
        return False
    # The key makes two simultaneous uses one: the person's number, month and index.
    key = f"{activity.pk}:{attempt.person_id}:{month}:{len(taken)}"
    _row, is_new = MakeUpCard.objects.get_or_create(
        community=activity.community,
        source=MakeUpCard.Source.MONTHLY,
        key=key,
        defaults={
            "account_id": attempt.account_id,
            "granted_at": attempt.at,
            "used_at": attempt.at,
            "check_in": recorded.check_in,
        },
    )
    return is_new


# Reactions


def react_to_restored(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to a check-in that counts again: it may have reached a multiple."""
    rows = CheckIn.objects.filter(
        pk__in=[fact.payload["check_in"] for fact in facts],
        activity__community=community,
        struck_out_at__isnull=True,
    ).select_related("activity__community")
    gone = account_queries.find_erased(row.account_id for row in rows)
    for row in rows.order_by("day", "pk"):
        if row.account_id not in gone:
            earn(
                activity=row.activity,
                account_id=row.account_id,
                accounts=account_queries.account_ids_of_person(row.account_id),
                day=community_days.from_date(row.day),
                at=at,
            )


# Reads


def list_missed(activity: Activity, days: set[int], at: datetime) -> list[int]:
    """The days that somebody with these check-ins can make up, the newest first."""
    community = activity.community
    return streaks.list_missed(
        days,
        RestDays.of(activity.settings),
        first=community.day(activity.starts_at),
        today=community.day(at),
        within=activity.settings.get("make_up_days", 0),
    )


def count_left(activity: Activity, accounts: Sequence[int], at: datetime) -> int:
    """The cards that a person can use now in this activity."""
    used = _monthly(activity, accounts, _month(activity, at)).count()
    monthly: int = max(0, activity.settings.get("cards_per_month", 0) - used)
    return _unused(activity, accounts).count() + monthly


def _unused(activity: Activity, accounts: Sequence[int]) -> models.QuerySet[MakeUpCard]:
    """The cards of a person for this activity: its own, and those for any."""
    return MakeUpCard.objects.filter(
        models.Q(activity=None) | models.Q(activity=activity),
        community_id=activity.community_id,
        account_id__in=accounts,
        used_at=None,
        returned_at=None,
    )


def _monthly(
    activity: Activity, accounts: Sequence[int], month: str
) -> models.QuerySet[MakeUpCard]:
    return MakeUpCard.objects.filter(
        community=activity.community,
        source=MakeUpCard.Source.MONTHLY,
        account_id__in=accounts,
        key__startswith=f"{activity.pk}:",
        key__contains=f":{month}:",
    )


def _month(activity: Activity, at: datetime) -> str:
    day = community_days.to_date(activity.community.day(at))
    return f"{day:%Y-%m}"
