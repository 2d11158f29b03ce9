"""Crashes between any two writes: what is repeated afterwards loses and doubles nothing.

`make faults` kills processes; here a statement fails, which costs a thousandth of it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from qunce.core.communities import Community
from tests import factories
from tests.faults import prize_steps

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]
CRASHES = 3


class Crash(BaseException):
    """No handler of errors takes it, as none takes a kill."""


class Writes:
    """Counts the statements that write, and crashes at one of them."""

    def __init__(self, crash_at: int = 0) -> None:
        self.crash_at, self.count = crash_at, 0

    def __call__(
        self,
        execute: Callable[..., Any],
        sql: str,
        params: Any,
        many: Any,
        context: Any,
    ) -> Any:
        if sql.lstrip().startswith(("INSERT", "UPDATE", "DELETE")):
            self.count += 1
            if self.count == self.crash_at:
                raise Crash
        return execute(sql, params, many, context)


def hold(shop: Community, number: int, crash_at: int = 0) -> Writes:
    writes = Writes(crash_at)
    with connection.execute_wrapper(writes):
        prize_steps.run(shop, number)
    return writes


def test_a_draw_that_crashes_anywhere_ends_like_any_other() -> None:
    shop = factories.community(language="en")
    # The first one also creates what all later ones find.
    for number in (1, 2):
        prize_steps.prepare(shop, number)
        total = hold(shop, number).count
        assert prize_steps.find_faults(shop, number) == []
    assert total > 40
    # Run again, it changes nothing of what the draw did.
    hold(shop, 2)
    assert prize_steps.find_faults(shop, 2) == []
    for number, place in enumerate(random.sample(range(1, total), CRASHES), start=3):
        prize_steps.prepare(shop, number)
        with pytest.raises(Crash):
            hold(shop, number, place)
        hold(shop, number)
        assert prize_steps.find_faults(shop, number) == [], place
