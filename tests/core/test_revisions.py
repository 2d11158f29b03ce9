from __future__ import annotations

import itertools

import pytest
from django.db import transaction

from qunce.core import revisions
from tests.core import together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def test_a_thing_never_changed_has_no_revision() -> None:
    assert revisions.read(1, [("tag", 4)]) == {("tag", 4): 0}
    assert revisions.read(1, []) == {}


def test_each_thing_counts_for_itself() -> None:
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


def test_a_change_that_is_rolled_back_takes_no_number() -> None:
    @transaction.atomic
    def fail() -> None:
        revisions.bump(1, "tag", [4])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert revisions.bump(1, "tag", [4]) == {4: 1}


def test_writers_at_once_get_numbers_without_gaps() -> None:
    def write() -> list[int]:
        numbers = []
        for _turn in range(20):
            with transaction.atomic():
                # In opposite orders they would wait for each other if it did not sort.
                numbers.append(revisions.bump(1, "tag", [9, 3])[9])
        return numbers

    numbers = itertools.chain(*together.run(*[write] * 4))
    assert sorted(numbers) == list(range(1, 81))
