"""How many random cases run: a share in `make test`, many more in `make exact`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import pytest

IS_EXACT = os.environ.get("HYPOTHESIS_PROFILE") == "long"


def examples(count: int) -> int:
    """Return how many random cases of a test run: a third in `make test`."""
    return count if IS_EXACT else max(count // 3, 1)


def some_on_both_databases(cases: Iterable[Any], share: int) -> list[Any]:
    """Return the cases, of which the first `share` also run on PostgreSQL.

    For cases that differ by what they ask for and not by what the database does with it.
    """
    listed = list(cases)
    shown = len(listed) if IS_EXACT else share
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)),
            marks=[pytest.mark.both_databases] if number < shown else [],
        )
        for number, case in enumerate(listed)
    ]
