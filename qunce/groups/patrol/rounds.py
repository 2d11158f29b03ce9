"""A patrol round: my groups, what is unseen in each, and one group after the other.

What was seen is kept for each staff member. A group that was never looked at begins a day
ago, so that the first round has an end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.channels.channel_contract import ActionKind
from qunce.core import errors, permissions, timestamps
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.groups import groups as group_verbs
from qunce.groups import visibility as group_visibility
from qunce.groups.groups import Group, Membership, Stage
from qunce.groups.lists import exemptions
from qunce.groups.moderation import moderation_permissions
from qunce.groups.moderation.actions import actions
from qunce.groups.moderation.cases import cases
from qunce.groups.moderation.models import Action, Case
from qunce.groups.patrol.models import PatrolMark
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.message_texts import message_texts
from qunce.members.message_texts.models import MessageText
from qunce.members.people import visibility

WALK = permissions.declare(
    "patrol.walk",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("patrol groups"),
)
FIRST_ROUND = timedelta(days=1)
MAX_COUNTED = 999
"""More unseen messages are not counted."""
MAX_SHOWN = 300
MAX_GROUPS = 500


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GroupPatrolled(facts.FactKind):
    kind = "patrol.group_seen"
    label = gettext_lazy("group patrolled")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class RemovalAsked(facts.FactKind):
    kind = "patrol.removal_asked"
    label = gettext_lazy("removal asked for on patrol")
    instead = gettext_lazy("Remove the member on the patrol page.")
    number: int


class ExemptMember(errors.Refused):
    """The rules do not apply to this person in the group."""


@dataclass(frozen=True)
class Unseen:
    """What happened in a group since `since`; `messages` stops at MAX_COUNTED.

    `cases` are the open ones that were opened since, so that a round comes to an end.
    """

    group: Group
    since: datetime
    is_first: bool
    messages: int
    joins: int
    leaves: int
    cases: int

    @property
    def is_quiet(self) -> bool:
        return not (self.messages or self.joins or self.leaves or self.cases)


@dataclass(frozen=True)
class SeenMessage:
    account: int
    name: str
    text: str
    happened_at: datetime
    is_exempt: bool


@dataclass(frozen=True)
class Movement:
    """Somebody who joined, or left."""

    account: int
    name: str
    happened_at: datetime
    has_left: bool


@dataclass(frozen=True)
class GroupView:
    """One group on a round. `messages` are the oldest unseen ones, in their order."""

    unseen: Unseen
    until: datetime
    messages: tuple[SeenMessage, ...]
    more: int
    movements: tuple[Movement, ...]
    open_cases: tuple[Case, ...]


# Verbs


@transaction.atomic
def mark_seen(*, group: Group, until: datetime, by: Staff, at: datetime) -> None:
    """Note that `by` has seen the group until then; an earlier time changes nothing."""
    permissions.check_may(by, WALK)
    group_verbs.check_visible(group, by)
    until = min(until, at)
    mark, is_new = PatrolMark.objects.select_for_update().get_or_create(
        staff=by, group=group, defaults={"seen_until": until, "marked_at": at}
    )
    if not is_new:
        if mark.seen_until >= until:
            return
        mark.seen_until, mark.marked_at = until, at
        mark.save(update_fields=["seen_until", "marked_at"])
    event = GroupPatrolled(group=group.pk)
    facts.record(event, community=group.community, by=by, at=at)


@transaction.atomic
def unmark(*, group: Group, since: datetime, by: Staff, at: datetime) -> None:
    """Undo a mark: everything since then is unseen again."""
    permissions.check_may(by, WALK)
    group_verbs.check_visible(group, by)
    rows = PatrolMark.objects.filter(staff=by, group=group, seen_until__gt=since)
    rows.update(seen_until=since, marked_at=at)


@transaction.atomic
def ask_removal(*, group: Group, account: int, by: Staff, at: datetime) -> Action:
    """Have a member removed: by the channel, or as a task with the name to look for."""
    permissions.check_may(by, moderation_permissions.DECIDE)
    group_verbs.check_visible(group, by)
    visibility.check_visible(by=by, accounts=[account], at=at)
    if exemptions.find(group=group, account=account, at=at):
        raise ExemptMember(
            _("This person is staff, a volunteer or on the whitelist of the group.")
        )
    accounts = account_queries.account_ids_of_person(account)
    rows = Membership.objects.filter(group=group, account_id__in=accounts, present=True)
    stay = rows.order_by("pk").first()
    # One removal for each stay, however often the button is pressed.
    stamp = timestamps.to_micros(stay.joined_at) if stay else 0
    action = actions.plan(
        group=group,
        kind=ActionKind.KICK,
        key=f"patrol:{group.pk}:{accounts[0]}:{stamp}",
        account=account,
        name=Account.objects.get(pk=account).name,
        by=by,
        at=at,
    )
    event = RemovalAsked(account=account, group=group.pk, number=action.pk)
    facts.record(event, community=group.community, by=by, at=at)
    return action


# Reads


def list_groups(by: Staff) -> list[Group]:
    """The groups of the round: those that `by` owns, or else all that they see."""
    permissions.check_may(by, WALK)
    visible = group_visibility.list_visible(by).exclude(state=Stage.DEAD)
    related = visible.select_related("community", "owner").order_by("name", "pk")
    return list(related.filter(owner=by)[:MAX_GROUPS]) or list(related[:MAX_GROUPS])


def list_unseen(*, by: Staff, at: datetime) -> list[Unseen]:
    """The round: groups with open cases first, then by what is unseen, then quiet ones."""
    groups = list_groups(by)
    marks = _marks(groups, by)
    found = [_count(group, marks.get(group.pk), by, at) for group in groups]
    return sorted(found, key=_order)


def _order(unseen: Unseen) -> tuple[bool, int, int, str]:
    return (
        unseen.is_quiet,
        -unseen.cases,
        -(unseen.messages + unseen.joins + unseen.leaves),
        unseen.group.name,
    )


def find_next(*, after: Group | None, by: Staff, at: datetime) -> Group | None:
    """The group to look at next, None if the round is done."""
    for unseen in list_unseen(by=by, at=at):
        is_same = after is not None and unseen.group.pk == after.pk
        if not unseen.is_quiet and not is_same:
            return unseen.group
    return None


def view(*, group: Group, by: Staff, at: datetime) -> GroupView:
    """What is unseen in one group."""
    permissions.check_may(by, WALK)
    group_verbs.check_visible(group, by)
    unseen = _count(group, _marks([group], by).get(group.pk), by, at)
    texts = _texts(group, unseen.since, by, at)
    moves = _movements(group, unseen.since, by, at)
    accounts = {row.account_id for row in texts} | {move[0] for move in moves}
    names = dict(account_queries.list_names(sorted(accounts)))
    exempt = {
        account
        for account in {row.account_id for row in texts}
        if exemptions.find(group=group, account=account, at=at)
    }
    shown = texts[:MAX_SHOWN]
    # What is not shown yet stays unseen.
    more = len(texts) - len(shown)
    until = shown[-1].happened_at if more else at
    return GroupView(
        unseen,
        until,
        tuple(
            SeenMessage(
                row.account_id,
                names.get(row.account_id, ""),
                row.text,
                row.happened_at,
                row.account_id in exempt,
            )
            for row in shown
        ),
        more,
        tuple(
            Movement(account, names.get(account, ""), time, has_left)
            for account, time, has_left in moves[:MAX_SHOWN]
        ),
        tuple(_open_cases(group, by, at)[:50]),
    )


def _marks(groups: Iterable[Group], by: Staff) -> dict[int, datetime]:
    rows = PatrolMark.objects.filter(staff=by, group__in=list(groups))
    return dict(rows.values_list("group_id", "seen_until"))


def _count(
    group: Group, seen_until: datetime | None, by: Staff, at: datetime
) -> Unseen:
    since = seen_until or at - FIRST_ROUND
    moves = _movements(group, since, by, at)
    return Unseen(
        group,
        since,
        seen_until is None,
        _count_messages(group, since, by, at),
        sum(not has_left for _account, _time, has_left in moves),
        sum(has_left for _account, _time, has_left in moves),
        sum(
            seen_until is None or case.opened_at > seen_until
            for case in _open_cases(group, by, at)
        ),
    )


def _unseen_texts(
    group: Group, since: datetime, by: Staff, at: datetime
) -> models.QuerySet[MessageText]:
    rows = MessageText.objects.filter(
        community_id=by.community_id,
        group_id=group.pk,
        happened_at__gt=since,
        happened_at__lte=at,
    )
    if not permissions.may(by, message_texts.READ):
        return rows.none()
    return rows.order_by("happened_at", "pk")


def _count_messages(group: Group, since: datetime, by: Staff, at: datetime) -> int:
    rows = _unseen_texts(group, since, by, at)
    if by.scope is None:
        return rows[:MAX_COUNTED].count()
    return min(len(_texts(group, since, by, at)), MAX_COUNTED)


def _texts(
    group: Group, since: datetime, by: Staff, at: datetime
) -> Sequence[MessageText]:
    rows = list(_unseen_texts(group, since, by, at)[:MAX_COUNTED])
    among = visibility.among(by, at)
    if among is None:
        return rows
    people = account_queries.person_ids(row.account_id for row in rows)
    return [row for row in rows if people[row.account_id] in among]


def _movements(
    group: Group, since: datetime, by: Staff, at: datetime
) -> list[tuple[int, datetime, bool]]:
    """Account, time and whether they left, of each join and leave since then."""
    rows = Membership.objects.filter(group=group)
    joined = rows.filter(present=True, joined_at__gt=since, joined_at__lte=at)
    left = rows.filter(present=False, left_at__gt=since, left_at__lte=at)
    found = [
        (account, time, False)
        for account, time in joined.values_list("account_id", "joined_at")
    ]
    found += [
        (account, time, True)
        for account, time in left.values_list("account_id", "left_at")
        if time is not None
    ]
    among = visibility.among(by, at)
    if among is not None:
        people = account_queries.person_ids(account for account, _time, _left in found)
        found = [each for each in found if people[each[0]] in among]
    return sorted(found, key=lambda each: (each[1], each[0]))


def _open_cases(group: Group, by: Staff, at: datetime) -> list[Case]:
    if not permissions.may(by, moderation_permissions.VIEW):
        return []
    rows = cases.list_visible(by, at).filter(group=group, state="open")
    return list(rows.order_by("happened_at", "pk")[:100])
