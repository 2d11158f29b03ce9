from __future__ import annotations

import itertools

import pytest
from django.db import transaction

from qunce.core import revisions
from tests import threads

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def test_revision_of_an_unchanged_thing_is_zero() -> None:
    assert revisions.read(1, [("tag", 4)]) == {("tag", 4): 0}
    assert revisions.read(1, []) == {}


def test_things_have_separate_revisions() -> None:
    with transaction.atomic():
        assert revisions.bump(1, "tag", [4, 5]) == {4: 1, 5: 1}
        assert revisions.bump(1, "tag", [5]) == {5: 2}
        assert revisions.bump(2, "tag", [5]) == {5: 1}
        assert revisions.bump(1, "group", [5]) == {5: 1}
    assert revisions.read(1, [("tag", 4), ("tag", 5), ("group", 5), ("tag", 6)]) == {
        ("tag", 4): 1,
        ("tag", 5): 2,
        ("group", 5): 1,
        ("tag", 6): 0,
    }


def test_rolled_back_change_uses_no_number() -> None:
    @transaction.atomic
    def fail() -> None:
        revisions.bump(1, "tag", [4])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert revisions.bump(1, "tag", [4]) == {4: 1}


def test_concurrent_writers_get_numbers_without_gaps() -> None:
    def write() -> list[int]:
        numbers = []
        for _number in range(20):
            with transaction.atomic():
                # Without sorting, writers of the opposite order would deadlock.
                numbers.append(revisions.bump(1, "tag", [9, 3])[9])
        return numbers

    numbers = itertools.chain(*threads.run(*[write] * 4))
    assert sorted(numbers) == list(range(1, 81))
