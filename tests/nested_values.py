"""Values of the wrong shape at every place of a JSON value, as a careless caller sends."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from django.db import transaction

from qunce.core import errors

WRONG: tuple[Any, ...] = (
    None,
    True,
    10**30,
    float("nan"),
    "\x00",
    [],
    [["x"]],
    [{}],
    {},
    {"x": [["y"]]},
)


def list_wrong(value: Any) -> Iterator[Any]:
    """Copies of a value, each with something else at one place, or a field more."""
    yield from copy.deepcopy(WRONG)
    for place in list_places(value):
        for wrong in WRONG:
            changed = copy.deepcopy(value)
            *way, last = place
            inner = changed
            for step in way:
                inner = inner[step]
            inner[last] = copy.deepcopy(wrong)
            yield changed
    if isinstance(value, dict):
        yield {**value, "x": [["y"]]}


def list_places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    pairs: Any = ()
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    for step, part in pairs:
        yield (*way, step)
        yield from list_places(part, (*way, step))


def find_crashes(verb: Callable[[Any], object], value: Any) -> list[str]:
    """What a verb raises beside its refusals, for each wrong copy of a right value.

    Nothing that it stores stays.
    """
    crashes = []
    refused = 0
    with transaction.atomic():
        verb(copy.deepcopy(value))
        transaction.set_rollback(True)
    for wrong in list_wrong(value):
        try:
            with transaction.atomic():
                verb(wrong)
                transaction.set_rollback(True)
        except errors.QunceError:
            refused += 1
        except Exception as error:
            crashes.append(f"{str(wrong)[:200]}: {error!r}")
    assert refused
    return crashes
