"""Reactions of invitations: count who joined, close at the goal, add who rises."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.core.facts.facts import RecordedFact
from qunce.groups.lists import lists
from qunce.groups.overlaps import doors
from qunce.members.accounts import queries as account_queries
from qunce.members.layers.models import Layering
from qunce.members.people import visibility
from qunce.outreach import opt_outs
from qunce.outreach.hold_outs import hold_outs
from qunce.outreach.tasks import requests, staff_tasks
from qunce.outreach.tasks.staff_tasks import (
    JOINED,
    NOT_NEEDED,
    OPEN_OUTCOME,
    StaffTask,
    State,
    TaskRequest,
    TaskTarget,
)
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from qunce.core.communities import Community


def count_joined(request: TaskRequest) -> int:
    return TaskTarget.objects.filter(task__request=request, outcome=JOINED).count()


def is_rise(layering: Layering, before: str, after: str) -> bool:
    """Whether a move is a rise. In layerings without ranks, every move into a layer is.

    The layers of a measure go from the highest to the lowest.
    """
    keys = [layer["key"] for layer in layering.spec["layers"]]
    if layering.spec["by"] != "measure" or before not in keys or after not in keys:
        return before != after
    return keys.index(after) < keys.index(before)


# Reactions


def react_to_joined(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `group.joined`: record that members who were to be invited joined."""
    joined: dict[int, set[int]] = {}
    for fact in facts:
        if fact.group is not None and fact.account is not None:
            joined.setdefault(fact.group, set()).add(fact.account)
    open_requests = TaskRequest.objects.filter(
        community=community, state=State.OPEN, group_id__in=joined
    )
    for request in open_requests.select_related("community").order_by("pk"):
        people = account_queries.person_ids(joined[request.group_id or 0])
        accounts = {*people, *people.values()}
        targets = TaskTarget.objects.filter(
            task__request=request, target_id__in=accounts
        )
        if targets.update(outcome=JOINED, changed_at=at):
            close_if_enough(request, at)


def close_if_enough(request: TaskRequest, at: datetime) -> None:
    """Close a request whose goal is reached; open targets are not needed any more."""
    if request.goal is None or count_joined(request) < request.goal:
        return
    rows = TaskTarget.objects.filter(task__request=request, outcome=OPEN_OUTCOME)
    rows.update(outcome=NOT_NEEDED, changed_at=at)
    for task in StaffTask.objects.filter(request=request, state=State.OPEN):
        staff_tasks.STATES.transition(task, "finish", finished_at=at)
    staff_tasks.STATES.transition(request, "finish")


def react_to_layer_change(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `member.layer_changed`: invite members who rise into the layer."""
    standing = TaskRequest.objects.filter(
        community=community, state=State.OPEN, layering__isnull=False
    ).select_related("layering", "group", "community", "by")
    for request in standing.order_by("pk"):
        risen = [
            fact.account
            for fact in facts
            if fact.account is not None and _concerns(request, fact)
        ]
        if risen:
            _invite(request, risen, at)


def _concerns(request: TaskRequest, fact: RecordedFact) -> bool:
    layering, move = request.layering, fact.payload
    return (
        layering is not None
        and move.get("layering") == layering.key
        and move.get("to") == request.layer
        and is_rise(layering, str(move.get("from", "")), request.layer)
    )


def _invite(request: TaskRequest, accounts: list[int], at: datetime) -> None:
    people = bitmaps.of(account_queries.person_ids(accounts).values())
    people = people - hold_outs.held_out(request.community, people, at)
    people = people - bitmaps.of(opt_outs.find_by_person(people))
    own = account_queries.accounts_by_person(people)
    people = people - bitmaps.of(
        lists.blacklisted_among(own, at=at, group=request.group)
    )
    if request.group is not None:
        people -= requests.in_group(request.group)
        people -= doors.people_in_others(request.group)
    known = TaskTarget.objects.filter(task__request=request, target_id__in=list(people))
    people = people - bitmaps.of(known.values_list("target_id", flat=True))
    tasks = {
        task.staff_id: task
        for task in request.tasks.filter(state=State.OPEN).select_related(
            "staff__community"
        )
        if task.staff.is_active
    }
    owners = requests.owners_of(request.community, people)
    for person in people:
        task = _task_for(tasks, owners.get(person), person, at)
        if task is not None:
            requests.add_targets(task, [person], at)


def _task_for(
    tasks: dict[int, StaffTask], owner: int | None, person: int, at: datetime
) -> StaffTask | None:
    """That of the staff in charge if they see the member, else another's, by number."""
    order = sorted(tasks)
    turn = person % len(order) if order else 0
    chosen = [*([owner] if owner in tasks else []), *order[turn:], *order[:turn]]
    for staff in chosen:
        task = tasks[staff or 0]
        if visibility.filter_visible(by=task.staff, accounts=[person], at=at):
            return task
    return None


def delete_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `member.erased`: remove these members from all staff tasks."""
    accounts = [fact.account for fact in facts if fact.account is not None]
    rows = TaskTarget.objects.filter(task__request__community=community)
    rows.filter(target_id__in=accounts).delete()
