"""Handles the members of a care day: reserves money, then requests messages or tasks.

Members are handled some hundred at a time, each in one transaction with what follows from
it, so that a worker that is killed has done all of it or nothing. The rule is locked, so
that after a merge two accounts of a person are not handled at the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from django.db import models, transaction
from django.utils.translation import gettext_lazy

from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.staff_in_charge import assignments
from qunce.outreach import skip_reasons, task_permissions
from qunce.outreach.care import budgets, rules
from qunce.outreach.care.models import (
    Action,
    CareDay,
    CareOccasion,
    CareRule,
    OccasionState,
)
from qunce.outreach.care.occasions import Birthday, Surprise
from qunce.outreach.hold_outs import assignment
from qunce.outreach.sending import eligibility, messages
from qunce.outreach.sending.ledger import Origin, Priority, Purpose, Sender
from qunce.outreach.tasks import requests
from qunce.outreach.tasks.staff_tasks import StaffTask, StaffTaskRequested, TaskRequest
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

CHUNK = 200
MIN_APART = timedelta(days=180)
"""Two birthdays of a person are not closer, whichever calendar they are in."""
BEFORE = "had_it_before"
TASK_KIND = "gift"


@facts.declare
@dataclass(frozen=True, kw_only=True)
class CarePlanned(facts.FactKind):
    """A member gets a message, or staff a task about them. `amount` is reserved."""

    kind = "care.planned"
    label = gettext_lazy("occasion of care")
    labels = {
        "care_rule": gettext_lazy("care rule"),
        "occasion": gettext_lazy("occasion"),
        "amount": gettext_lazy("amount"),
    }
    care_rule: str
    occasion: str
    amount: int


def draw_order(people: BitMap, seed: str) -> list[int]:
    """These people in the order in which a draw with this seed takes them."""
    ids = bitmaps.array_of(people)
    order = np.lexsort((ids, assignment.fractions(f"draw {seed}", ids)))
    return [int(person) for person in ids[order]]


def handle(rule: CareRule, *, at: datetime) -> None:
    """Handle all members whose occasion has come."""
    rows = CareDay.objects.filter(rule=rule, unclaimed_count__gt=0, due_at__lte=at)
    for day in rows.order_by("due_at", "pk").values_list("pk", flat=True):
        while handle_some(day, at=at):
            pass


@transaction.atomic
def handle_some(pk: int, *, at: datetime) -> bool:
    """Handle the next members of a day; returns whether some are left."""
    rule_id = CareDay.objects.values_list("rule_id", flat=True).get(pk=pk)
    locked = CareRule.objects.select_for_update(of=("self",))
    rule = locked.select_related("community", "staff").get(pk=rule_id)
    day = CareDay.objects.select_for_update().get(pk=pk)
    left = bitmaps.from_bytes(day.unclaimed)
    if not left or not rule.is_on:
        return False
    if at > day.stale_at:
        day.late, left = len(left), bitmaps.of([])
    else:
        chunk = _Chunk(rule, day, at)
        taken = chunk.run(left)
        left = left - bitmaps.of(taken)
        if chunk.is_last:
            left = bitmaps.of([])
    day.unclaimed, day.unclaimed_count = bitmaps.to_bytes(left), len(left)
    day.save(update_fields=["unclaimed", "unclaimed_count", "late", "request"])
    return bool(left)


@dataclass
class _Chunk:
    """The next members of a day, in the transaction that handles them."""

    rule: CareRule
    day: CareDay
    at: datetime
    before: int = 0
    given: int = 0
    is_spent: bool = False
    reasons: dict[int, str] = field(default_factory=dict)
    assignees: dict[int, Staff | None] = field(default_factory=dict)

    @property
    def is_task(self) -> bool:
        return self.rule.action == Action.TASK

    @property
    def is_last(self) -> bool:
        """Whether a draw needs nobody else."""
        limit = self.day.limit
        return limit is not None and (
            self.is_spent or self.given + self.before >= limit
        )

    def run(self, left: BitMap) -> list[int]:
        """Handle some of these people; returns them."""
        taken = self._take(left)
        person_ids = account_queries.person_ids(taken)
        people = list(dict.fromkeys(person_ids[each] for each in taken))
        self._choose_assignees(people)
        self._exclude(people)
        self._reserve(people)
        rows = self._store(people)
        planned = [row for row in rows if row.state == OccasionState.PLANNED]
        if self.is_task:
            self._request_tasks(planned)
        else:
            self._request_messages(planned)
        self._record(rows)
        return taken

    def _take(self, left: BitMap) -> list[int]:
        if self.day.limit is None:
            return list(left[:CHUNK])
        # Members with other clocks have a row of their own for the same day.
        planned = CareOccasion.objects.filter(
            rule=self.rule, key=self.day.key, state=OccasionState.PLANNED
        )
        self.before = planned.count()
        wanted = max(min(CHUNK, self.day.limit - self.before), 0)
        return draw_order(left, self.day.seed)[:wanted]

    def _choose_assignees(self, people: Sequence[int]) -> None:
        """Choose the staff in charge of each member if the rule prefers them, else its own."""
        rule = self.rule
        self.assignees = dict.fromkeys(people)
        if not rules.needs_staff(rule):
            return
        in_charge: dict[int, int] = {}
        if rule.prefers_in_charge:
            by_person = account_queries.accounts_by_person(people)
            in_charge = dict(assignments.staff_ids_by_person(by_person))
        assignable = {
            staff.pk: staff
            for staff in task_permissions.list_assignable_staff(rule.community)
        }
        for person in people:
            self.assignees[person] = assignable.get(
                in_charge.get(person, 0), rule.staff
            )

    def _exclude(self, people: Sequence[int]) -> None:
        """Exclude people who had it, with any account, and who may get no task."""
        by_person = account_queries.accounts_by_person(people)
        person_of = account_queries.invert(by_person)
        rows = CareOccasion.objects.filter(rule=self.rule, account_id__in=person_of)
        same = models.Q(key=self.day.key)
        if self.rule.occasion["on"] == Birthday.on:
            same |= models.Q(day__due_at__gt=self.day.due_at - MIN_APART)
        rows = rows.filter(same)
        if self.rule.occasion["on"] == Surprise.on:
            # Another rule of the community draws later, and reads what this one gave.
            budgets.lock(self.rule.community, self.at)
            rows = rows | self._surprises_of_quarter(list(person_of))
        for account in rows.values_list("account_id", flat=True):
            if account is not None:
                self.reasons[person_of[account]] = BEFORE
        # Messages are checked when they are requested.
        for staff in set(self.assignees.values()) if self.is_task else ():
            own = [person for person in people if self.assignees[person] == staff]
            sender = Sender(
                community=self.rule.community,
                origin=Origin.CARE,
                purpose=Purpose(self.rule.purpose),
                channel="assisted",
                staff=staff,
            )
            targets = bitmaps.of(own)
            checker = eligibility.checker_for(sender, targets, by=None, at=self.at)
            for person, reason in checker.reasons_to_skip(own).items():
                if reason:
                    self.reasons.setdefault(person, reason)

    def _surprises_of_quarter(
        self, accounts: Sequence[int]
    ) -> models.QuerySet[CareOccasion]:
        """What these accounts were given by any surprise of this calendar quarter."""
        year, month = budgets.month_of(self.rule.community, self.at).split("-")
        first = (int(month) - 1) // 3 * 3 + 1
        return CareOccasion.objects.filter(
            account_id__in=accounts,
            state=OccasionState.PLANNED,
            rule__occasion__on=Surprise.on,
            month__in=[f"{year}-{first + place:02}" for place in range(3)],
        )

    def _reserve(self, people: Sequence[int]) -> None:
        """Exclude those for whom the budget of the month does not suffice."""
        if not self.rule.amount:
            return
        state = budgets.lock(self.rule.community, self.at)
        free = state.left // self.rule.amount
        for person in people:
            if person in self.reasons:
                continue
            if free <= 0:
                self.reasons[person] = skip_reasons.CARE_BUDGET
                self.is_spent = True
            free -= 1

    def _store(self, people: Sequence[int]) -> list[CareOccasion]:
        month = budgets.month_of(self.rule.community, self.at)
        # Whoever had it before has a row, which stays; a draw ends with the budget.
        without_row = {BEFORE}
        if self.day.limit is not None:
            without_row.add(skip_reasons.CARE_BUDGET)
        rows = [
            CareOccasion(
                rule=self.rule,
                day=self.day,
                key=self.day.key,
                account_id=person,
                state=OccasionState.SKIPPED
                if person in self.reasons
                else OccasionState.PLANNED,
                reason=self.reasons.get(person, ""),
                month=month,
                amount=0 if person in self.reasons else self.rule.amount,
                at=self.at,
            )
            for person in people
            if self.reasons.get(person) not in without_row
        ]
        return CareOccasion.objects.bulk_create(rows)

    def _request_messages(self, rows: Sequence[CareOccasion]) -> None:
        rule = self.rule
        content = {
            **({"materials": rule.materials} if rule.materials else {}),
            **(
                {"template": rule.template_version_id}
                if rule.template_version_id
                else {}
            ),
        }
        drafts = [
            messages.Draft(
                origin=Origin.CARE,
                origin_id=row.pk,
                account=row.account_id,
                text=rule.text,
                content=content or None,
                purpose=Purpose(rule.purpose),
                channel=rule.channel,
                staff=self.assignees[row.account_id or 0],
                priority=Priority(rule.priority),
                due_at=max(self.at, self.day.due_at),
                stale_at=self.day.stale_at,
            )
            for row in rows
        ]
        requested = messages.request_many(drafts, community=rule.community, at=self.at)
        for row, message in zip(rows, requested, strict=True):
            if message.state == messages.State.SKIPPED:
                self._skip(row, message.reason)

    def _skip(self, row: CareOccasion, reason: str) -> None:
        """Give back what was reserved for a member who gets nothing after all."""
        row.state, row.reason, row.amount = OccasionState.SKIPPED, reason, 0
        row.save(update_fields=["state", "reason", "amount"])

    def _request_tasks(self, rows: Sequence[CareOccasion]) -> None:
        if not rows:
            return
        rule, at = self.rule, self.at
        if self.day.request is None:
            self.day.request = TaskRequest.objects.create(
                community=rule.community,
                kind=TASK_KIND,
                title=rule.name,
                text=rule.text,
                due_at=self.day.stale_at,
                created_at=at,
                by=rule.by,
            )
        by_staff: dict[int, list[int]] = {}
        for row in rows:
            person = row.account_id or 0
            if (staff := self.assignees[person]) is not None:
                by_staff.setdefault(staff.pk, []).append(person)
        names = []
        for staff_id, people in sorted(by_staff.items()):
            task, _is_new = StaffTask.objects.get_or_create(
                request=self.day.request,
                staff_id=staff_id,
                defaults={"due_at": self.day.stale_at, "created_at": at},
            )
            requests.add_targets(task, people, at)
            names.append(str(task.staff))
        fact = StaffTaskRequested(
            request=self.day.request.pk,
            name=self.day.request.title,
            task_kind=TASK_KIND,
            staff=names,
            size=len(rows),
        )
        facts.record(fact, community=rule.community, by=None, at=at)

    def _record(self, rows: Sequence[CareOccasion]) -> None:
        planned = [row for row in rows if row.state == OccasionState.PLANNED]
        self.given = len(planned)
        fact = CarePlanned(
            care_rule=self.rule.name,
            occasion=self.rule.occasion["on"],
            amount=self.rule.amount,
        )
        facts.record_for_accounts(
            fact,
            [row.account_id for row in planned if row.account_id is not None],
            community=self.rule.community,
            by=None,
            at=self.at,
        )


# Reactions


def clear_erased(
    *, community: object, facts: Sequence[facts.RecordedFact], at: datetime
) -> None:
    """Reaction to `member.erased`: the money stays counted, the member is forgotten."""
    erased = [fact.account for fact in facts if fact.account is not None]
    CareOccasion.objects.filter(account_id__in=erased).update(account_id=None)
