"""Loops are woken when there is work for them."""

from __future__ import annotations

import threading

from qunce.core.jobs import wake_ups
from qunce.core.jobs.wake_ups import Alarm

LONG = 3_600.0


def test_everybody_who_waits_is_woken() -> None:
    first, second, done = Alarm(), Alarm(), []

    def wait(alarm: Alarm) -> None:
        alarm.wait(LONG)
        done.append(alarm)

    threads = [threading.Thread(target=wait, args=[each]) for each in (first, second)]
    for thread in threads:
        thread.start()
    wake_ups.wake()
    for thread in threads:
        thread.join(60)
    assert {id(each) for each in done} == {id(first), id(second)}


def test_work_that_came_before_the_wait_counts_once() -> None:
    alarm = Alarm()
    wake_ups.wake()
    wake_ups.wake()
    alarm.wait(LONG)
    woken = threading.Event()

    def wait() -> None:
        alarm.wait(LONG)
        woken.set()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    assert not woken.wait(0.05)
    wake_ups.wake()
    assert woken.wait(60)
