"""Messages sent to many: who got them, clicked, redeemed a coupon or opted out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from qunce.demo.simulation.calendar import at_clock, later
from qunce.demo.simulation.people import Person
from qunce.demo.simulation.random_numbers import Chance
from qunce.demo.simulation.settings import Settings

FIRST_DAY, GAP = 20, 13
CLOCK = 10.0
OPT_OUT_SHARE = 0.004
"""Of those who get a message; twice as many where few are interested."""
OPENING_HOURS = (8.0, 21.0)
REDEEMED_SHARE = 0.3
"""Of those who clicked."""


@dataclass(frozen=True, slots=True)
class Mailing:
    """`share` of the members are its audience."""

    name: str
    coupon: str
    at: datetime
    share: float


@dataclass(frozen=True, slots=True)
class Send:
    mailing: Mailing
    person: Person
    at: datetime
    clicked_at: datetime | None
    redeemed_at: datetime | None


@dataclass(frozen=True, slots=True)
class OptOut:
    person: Person
    at: datetime
    reason: str


@dataclass
class Sends:
    mailings: list[Mailing]
    sends: list[Send] = field(default_factory=list)
    opt_outs: list[OptOut] = field(default_factory=list)


def send_mailings(people: Sequence[Person], settings: Settings) -> Sends:
    """Return what was sent in the year, about every second week, and what it did."""
    chance, calendar = settings.chance("sends"), settings.calendar
    done = Sends(
        [
            Mailing(
                # The same mailing comes back, and is told apart by its month.
                f"{settings.words.mailings[index % len(settings.words.mailings)]} "
                f"{calendar.day(day):%Y-%m}",
                settings.words.coupons[index % len(settings.words.coupons)],
                calendar.at(day, CLOCK),
                chance.between(0.15, 0.45),
            )
            for index, day in enumerate(range(FIRST_DAY, calendar.days - 1, GAP))
        ]
    )
    opted_out: set[int] = set()
    for mailing in done.mailings:
        for person in people:
            if person.number in opted_out or not person.is_member_at(mailing.at):
                continue
            if not chance.happens(mailing.share):
                continue
            send = _send(mailing, person, settings.now, chance)
            done.sends.append(send)
            lost = OPT_OUT_SHARE * (2 if person.interest < 0.1 else 1)
            if not send.clicked_at and chance.happens(lost):
                at = later(send.at, chance.exponential(0.2))
                reason = chance.pick(settings.words.opt_out_reasons)
                if at <= settings.now:
                    opted_out.add(person.number)
                    done.opt_outs.append(OptOut(person, at, reason))
    return done


def _send(mailing: Mailing, person: Person, now: datetime, chance: Chance) -> Send:
    at = later(mailing.at, chance.between(0.0, 0.06))
    clicked = redeemed = None
    if chance.happens(person.interest):
        clicked = later(at, chance.exponential(0.2))
        if chance.happens(REDEEMED_SHARE):
            # In a shop, which is open then.
            day = later(clicked, 0.5 + chance.exponential(2.0))
            clock = chance.between(*OPENING_HOURS)
            redeemed = at_clock(day, clock)
    return Send(
        mailing,
        person,
        at,
        clicked if clicked and clicked <= now else None,
        redeemed if clicked and redeemed and clicked < redeemed <= now else None,
    )
