"""Random histories of a waitlist beside the oracle."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from qunce import reactions
from qunce.activities.activities import activities
from qunce.activities.meetups import waitlist
from qunce.activities.meetups.models import HOLDING, SignUp, Slot, State
from qunce.activities.meetups.waitlist import InLine
from qunce.core.staff.models import Staff
from tests import factories, shares
from tests.activities.meetups import builders
from tests.activities.meetups.line_oracle import Oracle, Ticket
from tests.factories import AT

DECISIONS, HISTORIES, STEPS = 5_000, 200 if shares.IS_EXACT else 4, 24


def test_decisions_are_those_of_the_oracle() -> None:
    for seed in range(DECISIONS):
        dice = random.Random(seed)  # noqa: S311
        slots = range(1, dice.randint(2, 4))
        oracle = Oracle(
            {slot: dice.choice([None, 1, 2, 3, 5]) for slot in slots},
            {account: dice.randint(1, 6) for account in range(8)},
        )
        for account in dice.sample(range(8), dice.randint(0, 8)):
            slot = dice.choice(slots)
            seat = dice.random() < 0.5 and oracle.is_free(slot)
            ticket = Ticket(account, slot, dice.randint(1, 10**6), seat)
            oracle.tickets.append(ticket)
        oracle.away = {person for person in range(1, 7) if dice.random() < 0.2}
        rows = [
            InLine(
                pk=each.account,
                slot=each.slot,
                place=each.place,
                person=oracle.person(each),
                has_seat=each.has_seat,
            )
            for each in oracle.tickets
        ]
        dice.shuffle(rows)
        moves = waitlist.decide(rows, oracle.capacities, not_counted=oracle.away)
        held = {row.pk for row in rows if row.has_seat}
        oracle.settle()
        assert (held - set(moves.back)) | set(moves.up) == oracle.seats(), seed


class History:
    """One meet-up of two slots, six accounts, and all that can happen to them."""

    def __init__(self, by: Staff, seed: int) -> None:
        self.by, self.dice, self.at = by, random.Random(seed), AT  # noqa: S311
        self.keys = [f"h{seed}-{number}" for number in range(6)]
        self.ids = factories.members(by.community, *self.keys)
        start = builders.START
        rows = [builders.slot(start, 1), builders.slot(start + timedelta(hours=1), 2)]
        self.activity = builders.open_meetup(by, slots=rows)
        capacities: dict[int, int | None] = {1: 1, 2: 2}
        self.oracle = Oracle(capacities, {pk: pk for pk in self.ids})
        self.merged: list[tuple[int, int]] = []
        self.gone: set[int] = set()

    def step(self) -> None:
        self.at += timedelta(minutes=1)
        steps = [self.sign_up] * 5 + [self.cancel] * 2
        steps += [self.raise_seats, self.merge, self.unmerge, self.leave]
        self.dice.choice(steps)()
        self.check()

    def sign_up(self) -> None:
        account, slot = self.dice.choice(self.ids), self.dice.choice((1, 2))
        builders.say(self.activity, account, str(slot), self.at)
        if self.oracle.person_of[account] not in self.oracle.away:
            self.oracle.sign_up(account, slot)

    def cancel(self) -> None:
        account = self.dice.choice(self.ids)
        builders.cancel(self.activity, account, self.at)
        # Somebody who left is told that it is for other members.
        if self.oracle.person_of[account] not in self.oracle.away:
            self.oracle.cancel(account)

    def raise_seats(self) -> None:
        number = self.dice.choice((1, 2))
        capacity = self.oracle.capacities[number]
        if capacity is None or capacity > 3:
            return
        self.oracle.capacities[number] = capacity + 1
        self.activity.refresh_from_db()
        settings = self.activity.settings
        settings["slots"][number - 1]["capacity"] = capacity + 1
        activities.change(
            activity=self.activity, by=self.by, at=self.at, settings=settings
        )
        self.settle()

    def merge(self) -> None:
        left, right = sorted(self.dice.sample(range(6), 2))
        if any({left, right} & set(pair) for pair in self.merged):
            return
        factories.merge(self.by.community, self.keys[left], self.keys[right])
        self.merged.append((left, right))
        self.oracle.person_of[self.ids[right]] = self.ids[left]
        self.note_away()
        self.settle()

    def unmerge(self) -> None:
        if self.merged:
            left, right = self.merged.pop()
            factories.unmerge(self.by.community, self.keys[left], self.keys[right])
            self.oracle.person_of[self.ids[right]] = self.ids[right]
            self.note_away()
            self.settle()

    def leave(self) -> None:
        if len(self.gone) < 2:
            number = self.dice.choice(range(6))
            factories.leave(self.by.community, self.keys[number])
            self.gone.add(self.ids[number])
            self.note_away()

    def note_away(self) -> None:
        """Only of whom all accounts have left is away."""
        there = {self.oracle.person_of[pk] for pk in self.ids if pk not in self.gone}
        self.oracle.away = set(self.oracle.person_of.values()) - there

    def settle(self) -> None:
        while reactions.CONSUMER.catch_up(at=self.at):
            pass
        self.oracle.settle()

    def check(self) -> None:
        rows = SignUp.objects.filter(activity=self.activity)
        seats = set(rows.filter(state__in=HOLDING).values_list("account_id", flat=True))
        assert seats == self.oracle.seats()
        signed_up = {ticket.account for ticket in self.oracle.tickets}
        active = rows.exclude(state=State.CANCELLED)
        assert set(active.values_list("account_id", flat=True)) == signed_up
        for slot in Slot.objects.filter(activity=self.activity):
            assert slot.taken == rows.filter(slot=slot, state__in=HOLDING).count()


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_histories_are_those_of_the_oracle() -> None:
    by = factories.staff(factories.community(language="en"))
    for seed in range(HISTORIES):
        history = History(by, seed)
        for _step in range(STEPS):
            history.step()
