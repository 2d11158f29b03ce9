"""A small experiment that is the same everywhere, without a random library."""

from __future__ import annotations

from dataclasses import dataclass

SIZE = 60
PLANNED_ERRORS = (4.0, 9.0)
"""Smaller and larger than the error of the sample is."""


@dataclass(frozen=True)
class Person:
    treated: bool
    spend: float
    before: float


def people() -> list[Person]:
    sample = []
    for i in range(SIZE):
        before = (i * 37 % 23) * 3.0 if i % 3 else 0.0
        orders = i * 7 % 5
        spend = orders * (11 + i * 13 % 17) + before * 0.5 + (4 if i % 2 else 0)
        treated = bool(i % 2 or i % 7 == 0)
        sample.append(Person(treated, float(spend), before))
    return sample
