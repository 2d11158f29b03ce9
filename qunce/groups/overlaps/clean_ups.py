"""Clean-ups: people leave the groups of a set but one, by its keep rule.

A clean-up of many people needs the consent of a second one. What the channel cannot do is
a task for staff. Undoing invites those back who are gone, and cancels what is left.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.channels.channel_contract import ActionKind
from qunce.core import errors, permissions
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.groups.lists import lists
from qunce.groups.lists.models import ListName
from qunce.groups.moderation.actions import actions
from qunce.groups.moderation.models import Action, ActionState
from qunce.groups.overlaps import boards, group_sets, keep_rules
from qunce.groups.overlaps.group_sets import MANAGE, VIEW
from qunce.groups.overlaps.models import (
    STATES,
    CleanUp,
    CleanUpItem,
    GroupSet,
    KeepRule,
    State,
)
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account

MAX_ALONE = 20
"""Departures that one person may start alone."""
MAX_ITEMS = 5_000


@dataclass(frozen=True, kw_only=True)
class CleanUpFact(facts.FactKind):
    labels = {
        "clean_up": gettext_lazy("clean-up"),
        "count": gettext_lazy("number of departures"),
    }
    clean_up: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CleanUpStarted(CleanUpFact):
    kind = "overlaps.clean_up_started"
    label = gettext_lazy("clean-up of groups started")
    count: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CleanUpApproved(CleanUpFact):
    kind = "overlaps.clean_up_approved"
    label = gettext_lazy("clean-up of groups approved")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CleanUpRefused(CleanUpFact):
    kind = "overlaps.clean_up_refused"
    label = gettext_lazy("clean-up of groups refused")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CleanUpUndone(CleanUpFact):
    kind = "overlaps.clean_up_undone"
    label = gettext_lazy("clean-up of groups undone")


class CleanUpNotFound(errors.NotFound):
    """There is no such clean-up."""


class NothingToCleanUp(errors.Refused):
    """Nobody has to leave a group."""


class NeedsSecondPerson(permissions.NotAllowed):
    """The person who started a clean-up does not approve it."""


@dataclass(frozen=True)
class PlannedDeparture:
    """One account that leaves a group; `kept` is where its person stays."""

    person: int
    account: int
    name: str
    group: Group
    kept: Group
    role: str


@dataclass(frozen=True)
class Preview:
    """`exempt` counts people on the whitelist, whom it passes over."""

    departures: tuple[PlannedDeparture, ...]
    people: int
    exempt: int
    is_cut: bool

    @property
    def by_group(self) -> list[tuple[Group, int]]:
        counts = Counter(each.group for each in self.departures)
        return counts.most_common()

    @property
    def needs_second_person(self) -> bool:
        return len(self.departures) > MAX_ALONE


# Planning


def preview(*, group_set: GroupSet, by: Staff, at: datetime) -> Preview:
    """Departures that would follow now: people by group."""
    permissions.check_may(by, VIEW)
    board = boards.load(group_set=group_set, by=by, at=at)
    white = lists.list_accounts(community=by.community, list_name=ListName.WHITE, at=at)
    exempt = set(account_queries.person_ids(white).values())
    overlapping = list(board.people)
    people = [person for person in overlapping if person not in exempt]
    shown = people[:MAX_ITEMS]
    places = boards.load_places(shown, board.groups, at=at)
    white_in = _white_by_group(group_set, at)
    allowed = group_sets.allowed_pairs(group_set)
    found: list[PlannedDeparture] = []
    names = dict(account_queries.list_names(shown))
    for person in shown:
        own = places[person]
        fixed = [
            dataclasses.replace(p, is_fixed=True)
            if person in white_in.get(p.group, ())
            else p
            for p in own.places
        ]
        for departure in keep_rules.plan(
            fixed,
            KeepRule(group_set.keep),
            chosen=group_set.chosen_id,
            allowed=allowed,
        ):
            found += [
                PlannedDeparture(
                    person,
                    row.account_id,
                    names.get(person, ""),
                    board.groups[departure.group],
                    board.groups[departure.kept],
                    row.role,
                )
                for row in own.rows[departure.group]
            ]
    is_cut = len(people) > len(shown) or len(found) > MAX_ITEMS
    return Preview(
        tuple(found[:MAX_ITEMS]),
        len(overlapping),
        len(overlapping) - len(people),
        is_cut,
    )


def _white_by_group(group_set: GroupSet, at: datetime) -> dict[int, set[int]]:
    """Group → the people on the whitelist of that group."""
    found = {}
    for group in group_set.groups.all():
        accounts = lists.list_accounts(
            community=group_set.community,
            list_name=ListName.WHITE,
            at=at,
            groups=[group.pk],
        )
        found[group.pk] = set(account_queries.person_ids(accounts).values())
    return found


# Verbs


def start(*, group_set: GroupSet, expected: int, by: Staff, at: datetime) -> CleanUp:
    """Start what the preview showed; `expected` is how many departures it showed."""
    permissions.check_may(by, MANAGE)
    # Before the transaction, as sets are read for it.
    shown = preview(group_set=group_set, by=by, at=at)
    if not shown.departures:
        raise NothingToCleanUp(_("Nobody has to leave a group."))
    if len(shown.departures) != expected:
        raise errors.Refused(
            _("These are %(n)s departures now. Look at them again before you start.")
            % {"n": f"{len(shown.departures):,}"}
        )
    return _store(group_set, shown, by, at)


@transaction.atomic
def _store(group_set: GroupSet, shown: Preview, by: Staff, at: datetime) -> CleanUp:
    state = State.WAITING if shown.needs_second_person else State.RUNNING
    clean_up = CleanUp.objects.create(
        community=by.community,
        group_set=group_set,
        state=state,
        keep=group_set.keep,
        created_at=at,
        by=by,
    )
    items = [
        CleanUpItem(
            clean_up=clean_up,
            account_id=each.account,
            group=each.group,
            kept=each.kept,
            role=each.role,
        )
        for each in shown.departures
    ]
    CleanUpItem.objects.bulk_create(items, batch_size=500)
    event = CleanUpStarted(clean_up=clean_up.pk, count=len(items))
    facts.record(event, community=by.community, by=by, at=at)
    if state == State.RUNNING:
        _plan_all(clean_up, by, at)
    return clean_up


@transaction.atomic
def approve(*, clean_up: CleanUp, by: Staff, at: datetime) -> None:
    """Approve a clean-up that somebody else started."""
    permissions.check_may(by, MANAGE)
    check_visible(clean_up, by)
    if clean_up.by_id == by.pk:
        raise NeedsSecondPerson(_("A second person has to approve this clean-up."))
    STATES.transition(clean_up, "approve", decided_at=at, decided_by=by)
    event = CleanUpApproved(clean_up=clean_up.pk)
    facts.record(event, community=clean_up.community, by=by, at=at)
    _plan_all(clean_up, by, at)


@transaction.atomic
def refuse(*, clean_up: CleanUp, by: Staff, at: datetime) -> None:
    permissions.check_may(by, MANAGE)
    check_visible(clean_up, by)
    STATES.transition(clean_up, "refuse", decided_at=at, decided_by=by)
    event = CleanUpRefused(clean_up=clean_up.pk)
    facts.record(event, community=clean_up.community, by=by, at=at)


@transaction.atomic
def undo(*, clean_up: CleanUp, by: Staff, at: datetime) -> int:
    """Cancel what is left and invite back who is gone; returns how many are invited."""
    permissions.check_may(by, MANAGE)
    check_visible(clean_up, by)
    STATES.transition(clean_up, "undo", decided_at=at, decided_by=by)
    items = clean_up.items.select_related("action", "group__community").order_by("pk")
    removals = Action.objects.filter(pk__in=items.values("action_id"))
    actions.cancel_pending(removals, at)
    removals.filter(state=ActionState.WITH_STAFF).update(
        state=ActionState.CANCELLED, done_at=at
    )
    invited = 0
    for item in items:
        if item.action is not None and actions.may_be_done(item.action):
            due_at = actions.time_to_reverse(item.action, at)
            item.undo_action = _plan(item, ActionKind.INVITE, by, at, due_at=due_at)
            item.save(update_fields=["undo_action"])
            invited += 1
    event = CleanUpUndone(clean_up=clean_up.pk)
    facts.record(event, community=clean_up.community, by=by, at=at)
    return invited


def _plan_all(clean_up: CleanUp, by: Staff, at: datetime) -> None:
    items = list(clean_up.items.select_related("group__community").order_by("pk"))
    for item in items:
        item.action = _plan(item, ActionKind.KICK, by, at)
    CleanUpItem.objects.bulk_update(items, ["action"], batch_size=500)


def _plan(
    item: CleanUpItem,
    kind: ActionKind,
    by: Staff,
    at: datetime,
    *,
    due_at: datetime | None = None,
) -> Action:
    name = Account.objects.filter(pk=item.account_id).values_list("name", flat=True)
    return actions.plan(
        group=item.group,
        kind=kind,
        key=f"overlap:{item.pk}:{kind}",
        account=item.account_id,
        name=name.first() or "",  # a primary key, so that there is at most one
        by=by,
        at=at,
        due_at=due_at,
    )


# Reads


@dataclass(frozen=True)
class Progress:
    """How many departures are done, left to the channel, left to staff, and failed."""

    total: int
    done: int
    waiting: int
    by_hand: int
    failed: int


def progress_of(clean_up: CleanUp) -> Progress:
    rows = clean_up.items.values_list("action__state").annotate(n=models.Count("pk"))
    counts = dict(rows.order_by("action__state"))
    total = sum(counts.values())
    done = counts.get(ActionState.DONE, 0)
    by_hand = counts.get(ActionState.WITH_STAFF, 0)
    waiting = counts.get(ActionState.PENDING, 0) + counts.get(ActionState.RUNNING, 0)
    if clean_up.state == State.WAITING:
        waiting += counts.get(None, 0)
    return Progress(total, done, waiting, by_hand, total - done - by_hand - waiting)


def check_visible(clean_up: CleanUp, by: Staff) -> None:
    get(pk=clean_up.pk, by=by)


def get(*, pk: int, by: Staff) -> CleanUp:
    for row in list_visible(by):
        if row.pk == pk:
            return row
    raise CleanUpNotFound(_("There is no such clean-up."))


def list_visible(by: Staff, group_set: GroupSet | None = None) -> Sequence[CleanUp]:
    """The clean-ups of the sets that `by` sees, the latest first.

    One names members of anybody, so that staff who see only some members have their own.
    """
    seen = [row for row in group_sets.list_visible(by) if group_set in (None, row)]
    rows = CleanUp.objects.filter(group_set__in=seen)
    if by.scope is not None:
        rows = rows.filter(by=by)
    related = rows.select_related("community", "group_set", "by", "decided_by")
    return list(related.order_by("-created_at", "-pk")[:200])


def list_items(clean_up: CleanUp, *, limit: int = 200) -> list[CleanUpItem]:
    """The departures that need somebody first, then the others."""
    rows = clean_up.items.select_related("group", "kept", "action", "undo_action")
    order = models.Case(
        models.When(action__state=ActionState.WITH_STAFF, then=0),
        models.When(action__state=ActionState.FAILED, then=1),
        models.When(action__state=ActionState.DONE, then=3),
        default=2,
    )
    return list(rows.annotate(rank=order).order_by("rank", "pk")[:limit])
