"""Requests for staff tasks: create one with its tasks and targets, and cancel it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.core import permissions, text_validation
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.groups import visibility as group_visibility
from qunce.groups.groups import Group, Membership
from qunce.groups.lists import lists
from qunce.groups.overlaps import doors
from qunce.insight.positioning import voice
from qunce.members.accounts import queries as account_queries
from qunce.members.layers.models import Layering
from qunce.members.people import visibility
from qunce.members.staff_in_charge import assignments
from qunce.members.tags import library
from qunce.members.tags.models import Tag
from qunce.outreach import opt_outs, task_allocation, task_permissions
from qunce.outreach.campaigns import campaigns
from qunce.outreach.hold_outs import hold_outs
from qunce.outreach.tasks import kinds, staff_tasks
from qunce.outreach.tasks.kinds import base
from qunce.outreach.tasks.staff_tasks import (
    STATES,
    InvalidTaskRequest,
    StaffTask,
    State,
    TaskRequest,
    TaskTarget,
)
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.core.communities import Community

MAX_TARGETS, MAX_TEXT, MAX_GOAL = 5_000, 4_000, 1_000_000


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A request that is not stored yet; `staff` are ids."""

    kind: str
    title: str
    staff: Sequence[int]
    text: str = ""
    url: str = ""
    rule: Any = None
    group: Group | None = None
    goal: int | None = None
    layering: Layering | None = None
    layer: str = ""
    tag: Tag | None = None
    due_at: datetime | None = None


@dataclass(frozen=True)
class Plan:
    """`shares` maps staff to people; `left_out` counts people who are not asked about."""

    shares: Mapping[int, BitMap]
    left_out: int = 0

    @property
    def size(self) -> int:
        return sum(map(len, self.shares.values()))


@dataclass(frozen=True)
class Chosen:
    """The staff of a draft, and the rule with ids instead of keys."""

    staff: list[Staff]
    rule: Any = field(default=None)


# Checks


def check(draft: Draft, *, by: Staff, at: datetime) -> Chosen:
    """Raise InvalidTaskRequest, or another error for what `by` may not ask or see."""
    permissions.check_may(by, campaigns.MANAGE)
    kind = kinds.get(draft.kind)
    if kind.is_automatic or not kind.is_requestable:
        raise kinds.UnknownKind(_("Choose a kind of task."))
    title = draft.title.strip()
    if not title or len(title) > 80 or not text_validation.is_valid(title + draft.text):
        raise InvalidTaskRequest(_("A task needs a title of at most 80 characters."))
    if len(draft.text) > MAX_TEXT:
        raise InvalidTaskRequest(
            _("The text can have at most %(n)s characters.") % {"n": MAX_TEXT}
        )
    if kind.needs_text and not draft.text.strip() and not draft.url.strip():
        raise InvalidTaskRequest(_("Write a text, or give an address."))
    if draft.url.strip():
        base.check_url(draft.url.strip(), _("Web address"))
    if draft.due_at is not None and draft.due_at <= at:
        raise InvalidTaskRequest(_("The due time is in the past. Choose a later one."))
    if draft.tag is not None:
        _check_tag(draft.tag, by)
    _check_about(draft, kind, by)
    # Staff post the text of a task, or say what it says.
    texts = [(_("The title"), draft.title), (_("The text"), draft.text)]
    voice.check(by.community, texts)
    return Chosen(_check_staff(draft, by), _check_rule(draft, by))


def _check_tag(tag: Tag, by: Staff) -> None:
    permissions.check_community(by, tag.community_id)
    library.check_active(tag)
    if tag.is_automatic:
        raise InvalidTaskRequest(_("An automatic tag cannot be set by a task."))


def _check_about(draft: Draft, kind: kinds.Kind, by: Staff) -> None:
    if kind.needs_group:
        if draft.group is None:
            raise InvalidTaskRequest(_("Choose the group to invite into."))
        group_visibility.check(by=by, groups=[draft.group.pk])
    is_standing = draft.layering is not None
    if is_standing:
        _check_layer(draft, kind, by)
    if kind.has_targets and draft.rule is None and not is_standing:
        raise InvalidTaskRequest(_("Choose the members for the task."))
    if draft.goal is not None and not kind.needs_group:
        raise InvalidTaskRequest(_("Only an invitation has a goal."))
    if draft.goal is not None and not 1 <= draft.goal <= MAX_GOAL:
        raise InvalidTaskRequest(
            _("The goal is between 1 and %(most)s members.") % {"most": f"{MAX_GOAL:,}"}
        )


def _check_layer(draft: Draft, kind: kinds.Kind, by: Staff) -> None:
    layering = draft.layering
    if layering is None or not kind.needs_group:
        raise InvalidTaskRequest(_("Only an invitation can be a standing one."))
    permissions.check_community(by, layering.community_id)
    # It concerns members who are not known yet, and whom a scope may hide.
    permissions.check_unscoped(by)
    if draft.layer not in {layer["key"] for layer in layering.spec["layers"]}:
        raise InvalidTaskRequest(_("Choose one of the layers."))


def _check_staff(draft: Draft, by: Staff) -> list[Staff]:
    assignable = {
        staff.pk: staff
        for staff in task_permissions.list_assignable_staff(by.community)
    }
    if not draft.staff:
        raise InvalidTaskRequest(_("Choose who does it."))
    if not set(draft.staff) <= assignable.keys():
        raise InvalidTaskRequest(_("Tasks cannot be assigned to one of these staff."))
    if set(draft.staff) != {by.pk}:
        permissions.check_may(by, task_permissions.OVERSEE_TASKS)
    return [assignable[pk] for pk in sorted(set(draft.staff))]


def _check_rule(draft: Draft, by: Staff) -> Any:
    if draft.rule is None:
        return None
    # The targets are chosen once, so the rule is stored only to be shown.
    audiences.compile_rule(community=by.community, rule=draft.rule, by=by)
    return draft.rule


# Verbs


def create(*, draft: Draft, by: Staff, at: datetime) -> TaskRequest:
    """Create a request, with a task for each staff member about members they see."""
    chosen = check(draft, by=by, at=at)
    # Before the transaction, since it uses the caches of the engine.
    plan = preview(draft, chosen, by=by, at=at)
    kind = kinds.get(draft.kind)
    if kind.has_targets and not plan.size and draft.layering is None:
        raise InvalidTaskRequest(
            _(
                "None of these members can be added: they have left, opted out or are in the group."
            )
        )
    with transaction.atomic():
        request = TaskRequest.objects.create(
            community=by.community,
            kind=draft.kind,
            title=draft.title.strip(),
            text=draft.text.strip(),
            url=draft.url.strip(),
            rule=chosen.rule,
            group=draft.group,
            goal=draft.goal,
            layering=draft.layering,
            layer=draft.layer if draft.layering else "",
            tag=draft.tag,
            due_at=draft.due_at,
            created_at=at,
            by=by,
        )
        for staff in chosen.staff:
            share = plan.shares.get(staff.pk, ())
            # Staff without members have nothing to do, unless a standing request adds
            # members later.
            if kind.has_targets and not share and draft.layering is None:
                continue
            task = StaffTask.objects.create(
                request=request, staff=staff, due_at=draft.due_at, created_at=at
            )
            add_targets(task, list(share), at)
        fact = staff_tasks.StaffTaskRequested(
            request=request.pk,
            name=request.title,
            task_kind=request.kind,
            staff=[staff.name for staff in chosen.staff],
            size=plan.size,
        )
        facts.record(fact, community=request.community, by=by, at=at)
    return request


def add_targets(task: StaffTask, people: Sequence[int], at: datetime) -> None:
    TaskTarget.objects.bulk_create(
        (TaskTarget(task=task, target_id=pk, changed_at=at) for pk in people),
        ignore_conflicts=True,
        batch_size=500,
    )


@transaction.atomic
def cancel(*, request: TaskRequest, by: Staff, at: datetime) -> None:
    """Close the request and its open tasks. What is done stays recorded."""
    permissions.check_may(by, campaigns.MANAGE)
    staff_tasks.check_visible(request, by)
    STATES.transition(request, "cancel")
    tasks = StaffTask.objects.filter(request=request, state=State.OPEN)
    tasks.update(state=State.CANCELLED, finished_at=at)
    fact = staff_tasks.StaffTaskCancelled(request=request.pk, name=request.title)
    facts.record(fact, community=request.community, by=by, at=at)


# Reads


def preview(draft: Draft, chosen: Chosen, *, by: Staff, at: datetime) -> Plan:
    """The members of each task. They go to their staff in charge, the others evenly."""
    kind = kinds.get(draft.kind)
    if not kind.has_targets or chosen.rule is None:
        return Plan({})
    community = by.community
    people = audiences.people(community=community, rule=chosen.rule, by=by, at=at)
    matched = len(people)
    for rule in (opt_outs.RULE, lists.rule_of_blacklisted(draft.group)):
        people -= audiences.people(community=community, rule=rule, by=by, at=at)
    people = people - hold_outs.held_out(community, people, at)
    if draft.group is not None:
        people -= in_group(draft.group) | doors.people_in_others(draft.group)
    people = people[:MAX_TARGETS]
    seen = {
        staff.pk: visibility.visible_people(by=staff, at=at) for staff in chosen.staff
    }
    owners = owners_of(community, people)
    shares = task_allocation.split_by_owner(people, seen, owners)
    plan = Plan({staff: share for staff, share in shares.items() if share})
    return Plan(plan.shares, matched - plan.size)


def in_group(group: Group) -> BitMap:
    """The people who are in a group now."""
    rows = Membership.objects.filter(group=group, present=True)
    accounts = list(rows.values_list("account_id", flat=True))
    return bitmaps.of(account_queries.person_ids(accounts).values())


def owners_of(community: Community, people: BitMap) -> dict[int, int]:
    """Person → their staff in charge."""
    by_person = account_queries.accounts_by_person(list(people))
    return dict(assignments.staff_ids_by_person(by_person))
