from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from qunce.core import rota, work
from qunce.core.rota import Duty
from qunce.core.work import Work
from tests.core.made import AT

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
HOUR = timedelta(hours=1)


class Clock:
    def __init__(self) -> None:
        self.at = AT

    def __call__(self) -> datetime:
        return self.at


def test_a_recurring_duty_is_done_each_time_it_is_due() -> None:
    done: list[datetime] = []
    duties = {"sweep": Duty(lambda *, at: done.append(at), every=HOUR)}
    clock = Clock()
    rota.plan(duties, at=AT)
    rota.plan(duties, at=AT)
    assert rota.perform(duties, clock=clock) == 1
    assert rota.perform(duties, clock=clock) == 0
    clock.at += HOUR
    rota.plan(duties, at=clock.at)
    assert rota.perform(duties, clock=clock) == 1
    assert done == [AT, AT + HOUR]


def test_a_duty_with_keys_is_done_once_for_each() -> None:
    done: list[str] = []
    duties = {"send": Duty(lambda key, *, at: done.append(key))}
    rota.plan(duties, at=AT)
    for key in ("a", "b"):
        work.schedule(duty="send", key=key, due_at=AT)
    rota.perform(duties, clock=Clock())
    assert done == ["a", "b"]
    assert not Work.objects.exists()


def test_one_that_fails_keeps_its_error_and_holds_up_no_other() -> None:
    done: list[str] = []

    def send(key: str, *, at: datetime) -> None:
        if key == "a":
            raise ValueError("no")
        done.append(key)

    for key in ("a", "b"):
        work.schedule(duty="send", key=key, due_at=AT)
    rota.perform({"send": Duty(send)}, clock=Clock())
    assert done == ["b"]
    row = Work.objects.get()
    assert (row.key, row.error, row.due_at) == ("a", "ValueError: no", AT + HOUR / 60)


def test_a_duty_nobody_has_stays() -> None:
    work.schedule(duty="of tomorrow", key="a", due_at=AT)
    rota.perform({}, clock=Clock())
    assert Work.objects.get().error == "nobody has this duty"


def test_a_long_one_leaves_the_others_to_somebody_else() -> None:
    done: list[str] = []
    duties: dict[str, Duty] = {}

    def long(*, at: datetime) -> None:
        rota.perform({"short": duties["short"]}, clock=Clock())
        done.append("long")

    duties |= {"long": Duty(long), "short": Duty(lambda *, at: done.append("short"))}
    work.schedule(duty="long", due_at=AT - HOUR)
    work.schedule(duty="short", due_at=AT)
    rota.perform(duties, clock=Clock())
    assert done == ["short", "long"]


def test_who_is_at_it_keeps_it_and_who_ends_gives_it_back() -> None:
    seen: list[tuple[datetime | None, int]] = []

    def look() -> None:
        row = Work.objects.get()
        seen.append((row.leased_until, row.attempts))

    def long(*, at: datetime) -> None:
        for after in (timedelta(), work.LEASE - timedelta(seconds=1)):
            rota.renew(at=at + after)
            look()
        rota.release()
        look()

    work.schedule(duty="long", due_at=AT)
    rota.perform({"long": Duty(long)}, clock=Clock(), ending=lambda: bool(seen))
    later = AT + 2 * work.LEASE - timedelta(seconds=1)
    assert seen == [(AT + work.LEASE, 1), (later, 1), (None, 0)]
    assert Work.objects.count() == 1
