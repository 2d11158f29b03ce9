"""A slow, obvious waitlist: one seat is moved at a time, until nothing is left to move."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Ticket:
    """A place in line of an account for a slot."""

    account: int
    slot: int
    place: int
    has_seat: bool = False


@dataclass
class Oracle:
    """`person_of` says whose each account is, `away` which people do not count."""

    capacities: dict[int, int | None]
    person_of: dict[int, int]
    tickets: list[Ticket] = field(default_factory=list)
    away: set[int] = field(default_factory=set)
    places: int = 0

    def sign_up(self, account: int, slot: int) -> None:
        if any(self.person(each) == self.person_of[account] for each in self.tickets):
            return
        self.places += 1
        ticket = Ticket(account, slot, self.places)
        # Whoever comes gets a seat that is free, also before people who are away.
        ticket.has_seat = self.is_free(slot)
        self.tickets.append(ticket)

    def cancel(self, account: int) -> None:
        person = self.person_of[account]
        self.tickets = [each for each in self.tickets if self.person(each) != person]
        self.settle()

    def person(self, ticket: Ticket) -> int:
        return self.person_of[ticket.account]

    def is_free(self, slot: int) -> bool:
        capacity = self.capacities[slot]
        taken = sum(each.has_seat and each.slot == slot for each in self.tickets)
        return capacity is None or taken < capacity

    def settle(self) -> None:
        while self.move_one():
            pass

    def move_one(self) -> bool:
        in_line = sorted(self.tickets, key=lambda each: each.place)
        seated: set[int] = set()
        for ticket in in_line:
            if ticket.has_seat and self.person(ticket) in seated:
                ticket.has_seat = False
                return True
            if ticket.has_seat:
                seated.add(self.person(ticket))
        for ticket in in_line:
            person = self.person(ticket)
            may_sit = person not in seated and person not in self.away
            if not ticket.has_seat and may_sit and self.is_free(ticket.slot):
                ticket.has_seat = True
                return True
        return False

    def seats(self) -> set[int]:
        return {each.account for each in self.tickets if each.has_seat}
