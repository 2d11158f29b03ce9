"""The members who may join an activity, judged when somebody joins; the answer names no tag.

Staff who are never counted, blacklisted, erased and departed members neither join nor
count. A second account is the same person, so it never makes a second entry.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity, State
from qunce.core import db, errors, timestamps
from qunce.core.staff import models as staff_models
from qunce.groups import visibility as group_visibility
from qunce.groups import working_people
from qunce.groups.lists import lists
from qunce.members.accounts import queries as account_queries
from qunce.sets import audiences

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff


class Reason(models.TextChoices):
    """Why somebody may not join, or does not count; for staff, not for the member."""

    NOT_OPEN = "not_open", pgettext_lazy("may not join", "not open")
    STAFF = "staff", pgettext_lazy("may not join", "works here")
    BLACKLISTED = "blacklisted", pgettext_lazy("may not join", "on the blacklist")
    ERASED = "erased", pgettext_lazy("may not join", "erased")
    LEFT = "left", pgettext_lazy("may not join", "has left")
    OTHER_GROUP = "other_group", pgettext_lazy("may not join", "in none of the groups")
    RULE = "rule", pgettext_lazy("may not join", "outside the rule")
    HELD = "held", pgettext_lazy("may not join", "the rule is not valid any more")


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """`text` is what the member reads: the operator's sentence."""

    reason: Reason
    text: str


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many may join, are notified, are in both, and are notified but may not join."""

    may_join: int
    notified: int
    both: int

    @property
    def notified_in_vain(self) -> int:
        return self.notified - self.both


SAID_EARLIER = (State.RUNNING, State.CLOSED)
CLOSED_TEXTS = {
    State.SCHEDULED: gettext_lazy("It has not started yet."),
    State.PAUSED: gettext_lazy("It is paused. Your earlier entries stay."),
    State.CANCELLED: gettext_lazy("It was cancelled."),
}


def judge(
    *,
    activity: Activity,
    account_id: int,
    at: datetime,
    said_at: datetime | None = None,
) -> Refusal | None:
    """Why this account may not join now, None if it may.

    With `said_at`, what was said while the activity was open is taken until it is settled.
    """
    if (closed := judge_time(activity, at, said_at)) is not None:
        return closed
    accounts = account_queries.account_ids_of_person(account_id)
    return judge_person(activity, account_id, accounts, at)


def judge_person(
    activity: Activity, account_id: int, accounts: Sequence[int], at: datetime
) -> Refusal | None:
    """Why this account may not join while the activity is open, None if it may.

    `accounts` are all accounts of the person, the first one first.
    """
    by_person = {accounts[0]: accounts}
    found = _find_uncounted(activity.community, [account_id], by_person, at)
    reason = found.get(account_id) or _judge_rule(activity, accounts, at)
    if reason is None:
        return None
    if reason == Reason.STAFF:
        text = _("People who work here do not take part.")
    elif reason == Reason.HELD:
        text = _("Please ask our staff; this cannot be checked at the moment.")
    else:
        text = activity.refusal or _("This is for other members.")
    return Refusal(reason=reason, text=text)


def judge_time(
    activity: Activity, at: datetime, said_at: datetime | None = None
) -> Refusal | None:
    """Why nobody may join now, None while it is open.

    The times count as well as the state, so that a late job lets nobody in.
    """
    if said_at is not None and activity.state in SAID_EARLIER:
        end = min(filter(None, (activity.ends_at, activity.closed_at)), default=None)
        if activity.starts_at <= said_at and (end is None or said_at < end):
            return None
    is_over = activity.ends_at is not None and activity.ends_at <= at
    if activity.state == State.RUNNING and activity.starts_at <= at and not is_over:
        return None
    state = State(activity.state)
    if state == State.RUNNING and not is_over:
        state = State.SCHEDULED
    text = CLOSED_TEXTS.get(state, _("It is over."))
    if is_over and state != State.CANCELLED:
        text = _("It is over.")
    return Refusal(reason=Reason.NOT_OPEN, text=str(text))


def find_uncounted(
    community: Community, accounts: Iterable[int], *, at: datetime
) -> dict[int, Reason]:
    """Those of these accounts that do not count in any activity, each with its reason."""
    chosen = sorted(set(accounts))
    by_person = account_queries.accounts_by_person(chosen)
    return _find_uncounted(community, chosen, by_person, at)


STANDING = """
SELECT id, present, erased_at IS NOT NULL FROM members_account
WHERE +community_id = %s AND id """


def _find_uncounted(
    community: Community,
    chosen: Sequence[int],
    by_person: Mapping[int, Sequence[int]],
    at: datetime,
) -> dict[int, Reason]:
    person_of = account_queries.invert(by_person)
    present, erased = set[int](), set[int]()
    for chunk in account_queries.chunks(sorted(person_of)):
        for pk, is_present, is_erased in db.rows(
            STANDING + db.among_ids(chunk), [community.pk]
        ):
            (erased if is_erased else present if is_present else set()).add(pk)
    working = working_people.find_people(by_person)
    black = lists.blacklisted_among(by_person, at=at)
    reasons: dict[int, Reason] = {}
    for account in chosen:
        own = by_person[person_of[account]]
        if account in erased:
            reasons[account] = Reason.ERASED
        elif person_of[account] in working:
            reasons[account] = Reason.STAFF
        elif person_of[account] in black:
            reasons[account] = Reason.BLACKLISTED
        elif present.isdisjoint(own):
            reasons[account] = Reason.LEFT
    return reasons


# Joins later than now are not known yet, as in audiences. Before the community was
# created here, all joins from its creation on are known: they came without a time.
GROUPS = """
SELECT 0, COUNT(*) FROM members_account WHERE id {among} AND present
    AND (joined_at <= %s OR joined_at >= %s AND %s < %s)
UNION ALL SELECT group_id, CASE WHEN group_id IN (
    SELECT group_id FROM groups_membership WHERE present AND account_id {among}
) THEN 1 ELSE 0 END FROM activities_activity_group WHERE activity_id = %s
"""


def _judge_rule(
    activity: Activity, accounts: Sequence[int], at: datetime
) -> Reason | None:
    now = timestamps.to_micros(at)
    created = timestamps.to_micros(activity.community.created_at)
    found = db.rows(
        GROUPS.format(among=db.among_ids(accounts)),
        [now, created, now, created, activity.pk],
    )
    in_groups = dict(found)
    has_joined = in_groups.pop(0)
    if in_groups and not any(in_groups.values()):
        return Reason.OTHER_GROUP
    if activity.may_join == audiences.EVERYONE:
        # Without the engine: present members of the community, as judged before.
        return None if has_joined else Reason.RULE
    try:
        people = _people_of(activity, activity.may_join, at)
    except errors.QunceError:
        return Reason.HELD
    return None if accounts[0] in people else Reason.RULE


def _people_of(
    activity: Activity, rule: Any, at: datetime, by: Staff | None = None
) -> BitMap:
    community = activity.community
    return audiences.people(
        community=community,
        rule=rule,
        by=by or staff_models.system(community),
        at=at,
        with_staff=by is None,
    )


def find_fault(activity: Activity, at: datetime) -> str:
    """Why the rule of who may join cannot be judged any more, "" if it can."""
    try:
        _people_of(activity, activity.may_join, at)
    except errors.QunceError as error:
        return str(error)
    return ""


def count(*, activity: Activity, by: Staff, at: datetime) -> Counts:
    """The sizes of both rules, of the members whom `by` sees.

    With groups, only their present members may join.
    """
    activities.check_may_run(by, activity)
    return _count(_rule_of_joining(activity), activity.notified, by, at)


def count_rules(
    *, may_join: Any, notified: Any, groups: Collection[int], by: Staff, at: datetime
) -> Counts:
    """The same of rules that are not stored yet; raises a RuleError for a broken one."""
    activities.check_may_manage(by)
    group_visibility.check(by=by, groups=groups)
    for rule in (may_join, notified):
        if rule is not None:
            audiences.check(community=by.community, rule=rule, by=by)
    keys = group_visibility.list_visible(by).filter(pk__in=groups).order_by("key")
    rule = _with_groups(may_join, list(keys.values_list("key", flat=True)))
    return _count(rule, notified, by, at)


def _count(may_join: Any, notified: Any, by: Staff, at: datetime) -> Counts:
    community = by.community
    if notified is None:
        people = audiences.count(community=community, rule=may_join, by=by, at=at)
        return Counts(may_join=people, notified=0, both=0)
    overlap = audiences.overlap(
        community=community, left=may_join, right=notified, by=by, at=at
    )
    return Counts(
        may_join=overlap.left + overlap.both,
        notified=overlap.right + overlap.both,
        both=overlap.both,
    )


def _rule_of_joining(activity: Activity) -> Any:
    """The rule with its groups and without the blacklisted, as `judge` decides."""
    keys = list(activity.groups.order_by("key").values_list("key", flat=True))
    return _with_groups(activity.may_join, keys)


def _with_groups(rule: Any, keys: list[str]) -> Any:
    parts: list[Any] = [rule, {"not": lists.BLACKLISTED}]
    if keys:
        parts.append({"group": {"any": keys}})
    return {"all": parts}


def find_people(*, activity: Activity, by: Staff, at: datetime) -> BitMap:
    """The people who may join and whom `by` sees."""
    activities.check_may_run(by, activity)
    rule = _rule_of_joining(activity)
    return audiences.people(community=activity.community, rule=rule, by=by, at=at)


def list_people(
    *, activity: Activity, by: Staff, at: datetime, limit: int
) -> list[int]:
    """Some of those who may join and whom `by` sees, for the review page."""
    activities.check_may_run(by, activity)
    return audiences.list_ids(
        community=activity.community,
        rule=_rule_of_joining(activity),
        by=by,
        at=at,
        limit=limit,
    )
