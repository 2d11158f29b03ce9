"""V3: sign-in is throttled after failures."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.core.staff import login_attempts
from tests.factories import AT

pytestmark = pytest.mark.django_db
PAIR = ("pair", "ann 192.0.2.7")


def fail(times: int, subject: tuple[str, str] = PAIR) -> None:
    for _number in range(times):
        login_attempts.LoginAttempt.objects.filter(subject=":".join(subject)).update(
            blocked_until=AT
        )
        login_attempts.start(subject, at=AT)


@given(st.sampled_from(sorted(login_attempts.LIMITS)), st.integers(0, 10_000))
def test_wait_never_shrinks_with_more_failures(kind: str, n: int) -> None:
    limit = login_attempts.LIMITS[kind]
    assert limit.wait(n) <= limit.wait(n + 1) <= limit.max_wait
    assert (limit.wait(n) == timedelta(0)) == (n <= limit.free)


def test_wait_starts_after_the_free_failures_and_doubles() -> None:
    fail(4)
    login_attempts.start(PAIR, at=AT)
    with pytest.raises(login_attempts.TooManyAttempts, match="5 seconds") as first:
        login_attempts.start(PAIR, at=AT)
    assert first.value.wait == timedelta(seconds=5)
    login_attempts.start(PAIR, at=AT + timedelta(seconds=5))
    with pytest.raises(login_attempts.TooManyAttempts, match="9 seconds"):
        login_attempts.start(PAIR, at=AT + timedelta(seconds=6))


def test_wait_is_at_most_an_hour() -> None:
    fail(40)
    with pytest.raises(login_attempts.TooManyAttempts, match="60 minutes"):
        login_attempts.start(PAIR, at=AT)


@pytest.mark.both_databases
def test_refused_attempt_is_not_counted() -> None:
    fail(5)
    for _number in range(50):
        with pytest.raises(login_attempts.TooManyAttempts):
            login_attempts.start(PAIR, at=AT)
    login_attempts.start(PAIR, at=AT + timedelta(seconds=5))


@pytest.mark.both_databases
def test_success_resets_the_failures() -> None:
    fail(5)
    login_attempts.reset(PAIR)
    login_attempts.start(PAIR, at=AT)


def test_failures_are_forgotten_after_a_day() -> None:
    fail(40)
    login_attempts.start(PAIR, at=AT + timedelta(days=1))
    assert login_attempts.prune(at=AT + timedelta(days=3)) == 1


@pytest.mark.both_databases
def test_one_failure_is_forgotten_per_longest_wait() -> None:
    fail(7)
    login_attempts.start(PAIR, at=AT + timedelta(hours=3, minutes=1))
    with pytest.raises(login_attempts.TooManyAttempts, match="5 seconds"):
        login_attempts.start(PAIR, at=AT + timedelta(hours=3, minutes=1))


def test_successes_count_against_nobody() -> None:
    address = ("address", "192.0.2.7")
    fail(40, address)
    for _number in range(60):
        login_attempts.start(address, at=AT)
        login_attempts.cancel(address, at=AT)
    login_attempts.start(address, at=AT)
    with pytest.raises(login_attempts.TooManyAttempts):
        login_attempts.start(address, at=AT)


def test_unlocking_a_login_leaves_others_blocked() -> None:
    fail(20)
    fail(20, ("login", "ann"))
    fail(20, ("pair", "anna 192.0.2.7"))
    login_attempts.unlock("ann")
    assert not login_attempts.is_blocked("login", "ann", AT)
    assert not login_attempts.is_blocked("pair", "ann 192.0.2.7", AT)
    assert login_attempts.is_blocked("pair", "anna 192.0.2.7", AT)


@pytest.mark.both_databases
def test_attempt_with_one_blocked_subject_is_not_counted_for_the_others() -> None:
    fail(20, ("address", "192.0.2.7"))
    fail(50, ("address", "192.0.2.7"))
    with pytest.raises(login_attempts.TooManyAttempts):
        login_attempts.start(PAIR, ("address", "192.0.2.7"), at=AT)
    assert not login_attempts.LoginAttempt.objects.filter(
        subject="pair:ann 192.0.2.7", failures=1
    )
