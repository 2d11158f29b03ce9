"""Notes of staff, and follow-ups: done, due, and forgotten ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from qunce.demo.simulation.calendar import WORKING_HOURS, at_clock, later
from qunce.demo.simulation.people import OPERATORS, Person
from qunce.demo.simulation.settings import Settings

NOTED_SHARE = 0.05
"""Of members, about whom there is a note."""
FOLLOW_UP_SHARE = 0.45
DONE_SHARE = 0.85
OWNER = "owner"
TODAY_HOURS = (-49, -20, -3, 1, 3, 30)
"""When the follow-ups of the owner are due, from now: two are late, one forgotten."""


@dataclass(frozen=True, slots=True)
class SimulatedNote:
    """A follow-up if it has a `next_step`; `done_at` is None as long as it is open."""

    person: Person
    staff: str
    at: datetime
    text: str
    next_step: str = ""
    due_at: datetime | None = None
    done_at: datetime | None = None


def write_notes(people: Sequence[Person], settings: Settings) -> list[SimulatedNote]:
    """Return the notes by time."""
    chance, now, words = settings.chance("notes"), settings.now, settings.words
    follow_ups = words.follow_ups
    present = [person for person in people if person.left_at is None]
    noted = chance.sample(
        present, max(int(NOTED_SHARE * len(people)), len(TODAY_HOURS))
    )
    notes = []
    for index, person in enumerate(noted):
        if index < len(TODAY_HOURS):
            text, step = follow_ups[index % len(follow_ups)]
            at = later(now, -chance.between(5.0, 20.0))
            at = max(at_clock(at, chance.between(*WORKING_HOURS)), person.joined_at)
            due = later(now, TODAY_HOURS[index] / 24)
            notes.append(SimulatedNote(person, OWNER, at, text, step, due))
            continue
        staff = person.staff if chance.happens(0.8) else chance.pick(OPERATORS)
        days = (now - person.joined_at).total_seconds() / 86_400
        at = later(person.joined_at, days * chance.random())
        at = at_clock(at, chance.between(*WORKING_HOURS))
        at = min(max(at, person.joined_at), now)
        if not chance.happens(FOLLOW_UP_SHARE):
            text = words.notes.write("note", chance)
            notes.append(SimulatedNote(person, staff, at, text))
            continue
        text, step = chance.pick(follow_ups)
        due = at_clock(later(at, chance.between(2.0, 20.0)), chance.whole(9, 18))
        # Who forgets one forgets it for good.
        done = min(later(due, chance.exponential(1.0) - 1.0), now)
        is_done = due < now and at < done and chance.happens(DONE_SHARE)
        notes.append(
            SimulatedNote(person, staff, at, text, step, due, done if is_done else None)
        )
    return sorted(notes, key=lambda note: (note.at, note.person.number))
