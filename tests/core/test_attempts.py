"""V3: signing in is slowed down and locked after failures."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.core.staff import login_attempts
from tests.core.made import AT

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
PAIR = ("pair", "ann 192.0.2.7")


def fail(times: int, whom: tuple[str, str] = PAIR) -> None:
    for _time in range(times):
        login_attempts.LoginAttempt.objects.filter(subject=":".join(whom)).update(
            blocked_until=AT
        )
        login_attempts.start(whom, at=AT)


@given(st.sampled_from(sorted(login_attempts.LIMITS)), st.integers(0, 10_000))
def test_each_failure_waits_at_least_as_long_as_the_last(kind: str, n: int) -> None:
    limit = login_attempts.LIMITS[kind]
    assert limit.wait(n) <= limit.wait(n + 1) <= limit.max_wait
    assert (limit.wait(n) == timedelta(0)) == (n <= limit.free)


def test_a_few_slips_are_free_and_then_one_waits_twice_as_long_each_time() -> None:
    fail(4)
    login_attempts.start(PAIR, at=AT)
    with pytest.raises(login_attempts.TooManyAttempts, match="5 seconds") as first:
        login_attempts.start(PAIR, at=AT)
    assert first.value.wait == timedelta(seconds=5)
    login_attempts.start(PAIR, at=AT + timedelta(seconds=5))
    with pytest.raises(login_attempts.TooManyAttempts, match="9 seconds"):
        login_attempts.start(PAIR, at=AT + timedelta(seconds=6))


def test_in_the_end_one_is_locked_out_for_an_hour() -> None:
    fail(40)
    with pytest.raises(login_attempts.TooManyAttempts, match="60 minutes"):
        login_attempts.start(PAIR, at=AT)


def test_an_attempt_that_is_refused_does_not_count() -> None:
    fail(5)
    for _time in range(50):
        with pytest.raises(login_attempts.TooManyAttempts):
            login_attempts.start(PAIR, at=AT)
    login_attempts.start(PAIR, at=AT + timedelta(seconds=5))


def test_who_got_in_starts_afresh() -> None:
    fail(5)
    login_attempts.reset(PAIR)
    login_attempts.start(PAIR, at=AT)


def test_a_day_later_nothing_is_remembered() -> None:
    fail(40)
    login_attempts.start(PAIR, at=AT + timedelta(days=1))
    assert login_attempts.prune(at=AT + timedelta(days=3)) == 1


def test_a_manager_lets_a_login_in_again_and_no_other() -> None:
    fail(20)
    fail(20, ("login", "ann"))
    fail(20, ("pair", "anna 192.0.2.7"))
    login_attempts.unlock("ann")
    assert not login_attempts.is_blocked("login", "ann", AT)
    assert not login_attempts.is_blocked("pair", "ann 192.0.2.7", AT)
    assert login_attempts.is_blocked("pair", "anna 192.0.2.7", AT)


def test_one_of_several_bars_all_and_none_is_counted() -> None:
    fail(20, ("address", "192.0.2.7"))
    fail(50, ("address", "192.0.2.7"))
    with pytest.raises(login_attempts.TooManyAttempts):
        login_attempts.start(PAIR, ("address", "192.0.2.7"), at=AT)
    assert not login_attempts.LoginAttempt.objects.filter(
        subject="pair:ann 192.0.2.7", failures=1
    )
